// Package ocr1types holds the words that OCR1 and its users share: the interfaces that a host implements to run an OCR1
// oracle, and what they exchange. Where OCR2 has the very same thing, the name here is an alias of that in package types.
//
// OCR1 runs one kind of feed only: each oracle observes one number, and the contract gets the sorted observations of a quorum.
// See docs/protocol/ocr1.md.
package ocr1types
