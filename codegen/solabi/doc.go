// Package solabi is what generated codecs stand on: the 32-byte words of Solidity's ABI, the errors that a codec
// returns, and the data that a revert carries. It knows no contract; everything that is particular to one is in the
// code that ocrgen wrote.
//
// Words. A Put function writes one value into the first 32 bytes of a buffer, a reading function takes it out of them
// and says whether it was a value of its type at all: Solidity refuses calldata whose unused bits are not zero (or not
// the sign), and so do the strict decoders. Both panic if the buffer is shorter than a word: generated code has checked
// the length once for a whole level before.
//
// Errors. A DecodeError says which field of what, at which byte, and why; an EncodeError which field and why. The
// types of revert.go are what a failed call came back with.
//
// All functions are safe for concurrent use on distinct buffers.
package solabi
