// Package wirefield reads and writes single fields of protobuf messages: what the hand-written codecs of the wire messages
// have in common. Field numbers must be below 16 where a tag is written as one byte; see AppendTag.
package wirefield

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrMalformed is the error of bytes that are not protobuf.
var ErrMalformed = errors.New("malformed protobuf")

// Field is one field of a protobuf message: a varint or a byte string.
type Field struct {
	Num    protowire.Number
	IsUint bool
	Uint   uint64
	Bytes  []byte
}

// IsBytes tells whether the field is a byte string.
func (f *Field) IsBytes() bool { return !f.IsUint }

// Next splits the next varint or bytes field off b. Fields of other wire types are unknown to every message of ours, and
// skipped. ok is false at the end of b.
func Next(b []byte) (f Field, rest []byte, ok bool, err error) {
	for len(b) > 0 {
		tag, n := protowire.ConsumeVarint(b)
		if n < 0 {
			return f, nil, false, ErrMalformed
		}
		b = b[n:]
		num := tag >> 3
		if num < uint64(protowire.MinValidNumber) || num > uint64(protowire.MaxValidNumber) {
			return f, nil, false, ErrMalformed
		}
		f.Num = protowire.Number(num)
		switch typ := protowire.Type(tag & 7); typ {
		case protowire.VarintType:
			f.IsUint = true
			f.Uint, n = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			f.IsUint = false
			f.Bytes, n = protowire.ConsumeBytes(b)
		default:
			// Also fails on an end of group without a start.
			if n = protowire.ConsumeFieldValue(f.Num, typ, b); n < 0 {
				return f, nil, false, ErrMalformed
			}
			b = b[n:]
			continue
		}
		if n < 0 {
			return f, nil, false, ErrMalformed
		}
		return f, b[n:], true, nil
	}
	return f, nil, false, nil
}

// Each calls read with each varint or bytes field of b, up to the first error.
func Each(b []byte, read func(f Field) error) error {
	for {
		f, rest, ok, err := Next(b)
		if err != nil || !ok {
			return err
		}
		if err := read(f); err != nil {
			return err
		}
		b = rest
	}
}

// Count returns how often a bytes field occurs, so that a list is allocated once. Malformed input is left to the actual parser.
func Count(b []byte, num protowire.Number) int {
	n := 0
	for {
		f, rest, ok, err := Next(b)
		if err != nil || !ok {
			return n
		}
		b = rest
		if f.Num == num && f.IsBytes() {
			n++
		}
	}
}

// Alias returns the bytes of a field as a slice that cannot grow into its neighbours; nil if there are none.
func Alias(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b[:len(b):len(b)]
}

// SizeBytes is the size of a field that is present with n bytes of content and a field number below 16.
func SizeBytes(n int) int { return 1 + protowire.SizeVarint(uint64(n)) + n }

// SizeOptionalBytes is the size of a bytes field, which is left out when empty.
func SizeOptionalBytes(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	return SizeBytes(len(b))
}

// SizeUint is the size of an integer field, which is left out when zero.
func SizeUint(v uint64) int {
	if v == 0 {
		return 0
	}
	return 1 + protowire.SizeVarint(v)
}

// AppendTag appends the tag of a field with a number below 16.
func AppendTag(b []byte, num protowire.Number, typ protowire.Type) []byte {
	return append(b, byte(protowire.EncodeTag(num, typ)))
}

// AppendUint appends an integer field, which is left out when zero.
func AppendUint(b []byte, num protowire.Number, v uint64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(AppendTag(b, num, protowire.VarintType), v)
}

// AppendBytes appends a bytes field, which is left out when empty.
func AppendBytes(b []byte, num protowire.Number, v []byte) []byte {
	if len(v) == 0 {
		return b
	}
	return AppendPresentBytes(b, num, v)
}

// AppendPresentBytes appends a bytes field also when it is empty.
func AppendPresentBytes(b []byte, num protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(AppendTag(b, num, protowire.BytesType), v)
}

// StartMessage appends tag and length of a sub-message, which is present also when empty.
func StartMessage(b []byte, num protowire.Number, size int) []byte {
	return protowire.AppendVarint(AppendTag(b, num, protowire.BytesType), uint64(size))
}
