package solabi

import (
	"errors"
	"fmt"
)

// ErrEmptyRevert is a revert that carries nothing: the ABI decoder refused the calldata, a call went to an account
// without code, or the contract gave no reason.
var ErrEmptyRevert = errors.New("reverted without data")

// A Revert is what `require(condition, "reason")` and `revert("reason")` leave behind. Those that a contract's source
// names are variables of the generated package and are compared with errors.Is.
type Revert struct {
	Reason string
}

// Error implements error.
func (e *Revert) Error() string { return "reverted: " + e.Reason }

// Is makes two reverts with the same reason the same error.
func (e *Revert) Is(target error) bool {
	other, ok := target.(*Revert)
	return ok && other.Reason == e.Reason
}

// A Panic is what a failed assertion of the compiler leaves behind: overflow, an index out of bounds and the like.
type Panic struct {
	Code uint64
}

// Codes of Panic.
const (
	PanicAssert         = 0x01
	PanicOverflow       = 0x11
	PanicDivisionByZero = 0x12
	PanicEnum           = 0x21
	PanicStorageBytes   = 0x22
	PanicPop            = 0x31
	PanicIndex          = 0x32
	PanicMemory         = 0x41
	PanicFunctionType   = 0x51
)

var panicText = map[uint64]string{
	PanicAssert:         "assertion failed",
	PanicOverflow:       "arithmetic overflow",
	PanicDivisionByZero: "division by zero",
	PanicEnum:           "no such enum value",
	PanicStorageBytes:   "badly encoded bytes in storage",
	PanicPop:            "pop of an empty array",
	PanicIndex:          "index out of bounds",
	PanicMemory:         "out of memory",
	PanicFunctionType:   "call of an uninitialised function",
}

// Error implements error.
func (e *Panic) Error() string {
	text, ok := panicText[e.Code]
	if !ok {
		text = "unknown panic"
	}
	return fmt.Sprintf("reverted: %s (panic 0x%02x)", text, e.Code)
}

// Is makes two panics with the same code the same error.
func (e *Panic) Is(target error) bool {
	other, ok := target.(*Panic)
	return ok && other.Code == e.Code
}

// An UnknownRevert is revert data that no error of the known contracts encodes to.
type UnknownRevert struct {
	Data []byte
}

// Error implements error.
func (e *UnknownRevert) Error() string {
	if len(e.Data) < 4 {
		return fmt.Sprintf("reverted with %d bytes that are no error", len(e.Data))
	}
	return fmt.Sprintf("reverted with the unknown error 0x%x and %d bytes of arguments", e.Data[:4], len(e.Data)-4)
}

// Selectors of the two errors that the compiler itself knows.
var (
	revertSelector = [4]byte{0x08, 0xc3, 0x79, 0xa0}
	panicSelector  = [4]byte{0x4e, 0x48, 0x7b, 0x71}
)

// DecodeRevert turns the data of a revert into an error: ErrEmptyRevert, *Revert, *Panic or, for everything else,
// *UnknownRevert. It is never nil. Generated packages have their own, which knows the contract's errors as well.
func DecodeRevert(data []byte) error {
	if len(data) == 0 {
		return ErrEmptyRevert
	}
	if len(data) >= 4 {
		args := data[4:]
		switch [4]byte(data) {
		case revertSelector:
			if reason, ok := onlyString(args); ok {
				return &Revert{reason}
			}
		case panicSelector:
			if len(args) == WordSize {
				if code, ok := Uint64(args, 64); ok {
					return &Panic{code}
				}
			}
		}
	}
	return &UnknownRevert{append([]byte(nil), data...)}
}

// AppendRevert appends the data that `revert(reason)` leaves behind, for tests and simulated contracts.
func AppendRevert(dst []byte, reason string) []byte {
	dst = append(dst, revertSelector[:]...)
	start := len(dst)
	dst = Grow(dst, 2*WordSize+Padded(len(reason)))
	PutUint64(dst[start:], WordSize)
	PutBytes(dst[start+WordSize:], reason)
	return dst
}

// onlyString decodes an argument list that is one string.
func onlyString(data []byte) (string, bool) {
	if len(data) < 2*WordSize {
		return "", false
	}
	if at, ok := Length(data, WordSize); !ok || at != WordSize {
		return "", false
	}
	n, ok := Length(data[WordSize:], len(data)-2*WordSize)
	if !ok {
		return "", false
	}
	return string(data[2*WordSize : 2*WordSize+n]), true
}
