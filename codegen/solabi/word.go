package solabi

import (
	"encoding/binary"
	"math/bits"
)

// WordSize is the size in bytes of every static value of the ABI.
const WordSize = 32

// Grow returns dst with n zero bytes more. It allocates only if dst has not the room.
func Grow(dst []byte, n int) []byte {
	return append(dst, make([]byte, n)...) // the compiler makes no second slice of this
}

// Padded returns the smallest multiple of a word that holds n bytes.
func Padded(n int) int {
	return (n + WordSize - 1) &^ (WordSize - 1)
}

// PutUint64 writes v as an unsigned integer of any width.
func PutUint64(w []byte, v uint64) {
	_ = w[31]
	binary.BigEndian.PutUint64(w[0:], 0)
	binary.BigEndian.PutUint64(w[8:], 0)
	binary.BigEndian.PutUint64(w[16:], 0)
	binary.BigEndian.PutUint64(w[24:], v)
}

// PutInt64 writes v as a signed integer of any width.
func PutInt64(w []byte, v int64) {
	_ = w[31]
	sign := uint64(v >> 63)
	binary.BigEndian.PutUint64(w[0:], sign)
	binary.BigEndian.PutUint64(w[8:], sign)
	binary.BigEndian.PutUint64(w[16:], sign)
	binary.BigEndian.PutUint64(w[24:], uint64(v))
}

// PutBool writes v.
func PutBool(w []byte, v bool) {
	var n uint64
	if v {
		n = 1
	}
	PutUint64(w, n)
}

// PutBytes writes the length of v as a word and v itself, padded with zeros to whole words, and returns how many bytes
// that took. It serves both `bytes` and `string`.
func PutBytes[T ~[]byte | ~string](b []byte, v T) int {
	PutUint64(b, uint64(len(v)))
	n := copy(b[WordSize:], v)
	end := WordSize + Padded(n)
	clear(b[WordSize+n : end])
	return end
}

// Uint64 reads an unsigned integer of the given width, 8 to 64 bits; ok is false if the word holds a larger one.
func Uint64(w []byte, width int) (v uint64, ok bool) {
	_ = w[31]
	v = binary.BigEndian.Uint64(w[24:])
	above := binary.BigEndian.Uint64(w[0:]) | binary.BigEndian.Uint64(w[8:]) | binary.BigEndian.Uint64(w[16:])
	return v, above == 0 && bits.Len64(v) <= width
}

// Int64 reads a signed integer of the given width, 8 to 64 bits; ok is false if the word holds one out of that range.
func Int64(w []byte, width int) (v int64, ok bool) {
	_ = w[31]
	v = int64(binary.BigEndian.Uint64(w[24:]))
	sign := uint64(v >> 63)
	same := binary.BigEndian.Uint64(w[0:]) == sign &&
		binary.BigEndian.Uint64(w[8:]) == sign &&
		binary.BigEndian.Uint64(w[16:]) == sign
	unused := 64 - width
	return v, same && v<<unused>>unused == v
}

// Bool reads a boolean; ok is false if the word is neither 0 nor 1.
func Bool(w []byte) (v, ok bool) {
	n, ok := Uint64(w, 1)
	return n == 1, ok
}

// IsZero reports whether all bytes are zero: the padding before an address or behind a bytesN.
func IsZero(b []byte) bool {
	var any byte
	for _, c := range b {
		any |= c
	}
	return any == 0
}

// Length reads an offset or a length as an int; ok is false if it is more than limit.
func Length(w []byte, limit int) (n int, ok bool) {
	v, ok := Uint64(w, 63)
	return int(v), ok && v <= uint64(max(limit, 0))
}

// Bytes reads `bytes` or a `string` in its canonical encoding: a length, the bytes, and zeros up to a whole word. The
// result is a part of data; end is where the padding ends. Like all errors of this file, its error does not say of what: that
// is for Prefix.
func Bytes(data []byte, at int) (v []byte, end int, err error) {
	v, err = LooseBytes(data, at)
	if err != nil {
		return nil, 0, err
	}
	start := at + WordSize
	end = start + Padded(len(v))
	if end > len(data) {
		return nil, 0, TooShort("", "", at, end-at, len(data))
	}
	if !IsZero(data[start+len(v) : end]) {
		return nil, 0, BadPadding("", "", start+len(v))
	}
	return v, end, nil
}

// LooseBytes is Bytes without a look at the padding, which may even be missing.
func LooseBytes(data []byte, at int) ([]byte, error) {
	n, err := Count(data, at, 1)
	if err != nil {
		return nil, err
	}
	return data[at+WordSize : at+WordSize+n], nil
}

// Count reads the length of an array whose elements take at least size bytes each. There are no more elements than the
// data can hold.
func Count(data []byte, at, size int) (int, error) {
	if len(data)-at < WordSize {
		return 0, TooShort("", "", at, WordSize, len(data))
	}
	n, ok := Length(data[at:], (len(data)-at-WordSize)/size)
	if !ok {
		return 0, BadLength("", "", at)
	}
	return n, nil
}

// Resize returns a slice of n elements, in the memory of s if it has the room.
func Resize[T any](s []T, n int) []T {
	if s == nil || cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
