package solabi

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
)

// A DecodeError says why bytes are not the encoding of a value.
type DecodeError struct {
	What   string // what was decoded, e.g. "MedianReport"
	Field  string // path of the field, e.g. "observations[3]"; empty if the fault is the whole's
	Offset int    // where in the data, in bytes
	Reason string // e.g. "value does not fit int192"
}

// Error implements error.
func (e *DecodeError) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("decode %s: at byte %d: %s", e.What, e.Offset, e.Reason)
	}
	return fmt.Sprintf("decode %s: %s at byte %d: %s", e.What, e.Field, e.Offset, e.Reason)
}

// BadValue is the DecodeError of a word that is no value of its Solidity type.
func BadValue(what, field string, offset int, solidityType string) error {
	return &DecodeError{what, field, offset, "value does not fit " + solidityType}
}

// Element is the path of element i of an array.
func Element(field string, i int) string {
	return fmt.Sprintf("%s[%d]", field, i)
}

// TooShort is the DecodeError of data that end before a value does.
func TooShort(what, field string, offset, need, have int) error {
	return &DecodeError{what, field, offset, fmt.Sprintf("needs %d bytes, %d are left", need, have-min(offset, have))}
}

// BadOffset is the DecodeError of a dynamic value that is not where the canonical encoding has it.
func BadOffset(what, field string, offset, want int) error {
	return &DecodeError{what, field, offset, fmt.Sprintf("offset is not %d, where the canonical encoding has it", want)}
}

// WildOffset is the DecodeError of an offset that points behind the data.
func WildOffset(what, field string, offset int) error {
	return &DecodeError{what, field, offset, "offset points behind the end"}
}

// BadLength is the DecodeError of a length that promises more than the data hold.
func BadLength(what, field string, offset int) error {
	return &DecodeError{what, field, offset, "length is more than the data hold"}
}

// BadPadding is the DecodeError of padding that is not zero.
func BadPadding(what, field string, offset int) error {
	return &DecodeError{what, field, offset, "padding is not zero"}
}

// Trailing is the DecodeError of data that go on behind the value.
func Trailing(what string, end, have int) error {
	return &DecodeError{what, "", end, fmt.Sprintf("%d bytes too many", have-end)}
}

// An EncodeError says why a value has no encoding.
type EncodeError struct {
	What   string // what was encoded
	Field  string // path of the field
	Reason string
}

// Error implements error.
func (e *EncodeError) Error() string {
	return fmt.Sprintf("encode %s: %s: %s", e.What, e.Field, e.Reason)
}

// OutOfRange is the EncodeError of an integer that its Solidity type cannot hold.
func OutOfRange(what, field string, v *big.Int, solidityType string) error {
	if v == nil {
		return &EncodeError{what, field, "no value for " + solidityType}
	}
	return &EncodeError{what, field, fmt.Sprintf("%s does not fit %s", brief(v), solidityType)}
}

// brief writes a number, or its size only if nobody would want to read it.
func brief(v *big.Int) string {
	if v.BitLen() > 512 {
		return fmt.Sprintf("a number of %d bits", v.BitLen())
	}
	return v.String()
}

// Prefix puts an error of a part into the whole: outer is what, path is the part's path in it.
func Prefix(what, path string, err error) error {
	join := func(field string) string {
		if field == "" {
			return path
		}
		return path + "." + field
	}
	switch e := err.(type) {
	case *DecodeError:
		return &DecodeError{what, join(e.Field), e.Offset, e.Reason}
	case *EncodeError:
		return &EncodeError{what, join(e.Field), e.Reason}
	}
	return fmt.Errorf("%s: %s: %w", what, path, err)
}

// WrongSize is the DecodeError of data that have not the only length there is.
func WrongSize(what string, want, have int) error {
	return &DecodeError{what, "", 0, fmt.Sprintf("is %d bytes long, not %d", have, want)}
}

// NotFixed is the DecodeError of a field that has not the only value there is.
func NotFixed(what, field string, offset int, have, want uint64) error {
	return &DecodeError{what, field, offset, fmt.Sprintf("is %d, not %d", have, want)}
}

// NotFixedBytes is the DecodeError of a field of several bytes that has not the only value there is.
func NotFixedBytes(what, field string, offset int, have, want []byte) error {
	return &DecodeError{what, field, offset, fmt.Sprintf("is 0x%x, not 0x%x", have, want)}
}

// Uneven is the DecodeError of packed data that are no whole number of elements of the given size.
func Uneven(what, field string, offset, size, have int) error {
	return &DecodeError{what, field, offset, fmt.Sprintf("%d bytes are no whole number of elements of %d", have-offset, size)}
}

// WrongSelector is the DecodeError of calldata that are of another function.
func WrongSelector(what string, want [4]byte, data []byte) error {
	return &DecodeError{what, "", 0, fmt.Sprintf("begins with 0x%x, not with the selector 0x%x", data[:min(len(data), 4)], want)}
}

// ErrUnknownEvent is the error of a log that is of none of the known events.
var ErrUnknownEvent = errors.New("log of an unknown event")

// WrongTopics is the DecodeError of a log that is of another event.
func WrongTopics(what string, want common.Hash, count int, topics []common.Hash) error {
	if len(topics) == 0 || topics[0] != want {
		return &DecodeError{what, "topics", 0, fmt.Sprintf("first topic is not %s", want)}
	}
	return &DecodeError{what, "topics", 0, fmt.Sprintf("there are %d topics, not %d", len(topics), count)}
}
