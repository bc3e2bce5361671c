package vectors

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Hex is a string of bytes, written as 0x and an even number of hexadecimal digits. null gives nil, "0x" an empty string of
// bytes that is not nil.
type Hex []byte

func (h *Hex) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*h = nil
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	digits, ok := strings.CutPrefix(text, "0x")
	if !ok {
		return fmt.Errorf("%q does not begin with 0x", text)
	}
	b, err := hex.DecodeString(digits)
	if err != nil {
		return fmt.Errorf("%q: %w", text, err)
	}
	*h = b
	return nil
}

func (h Hex) MarshalJSON() ([]byte, error) {
	if h == nil {
		return []byte("null"), nil
	}
	return json.Marshal(h.String())
}

// String returns 0x and the hexadecimal digits.
func (h Hex) String() string {
	return "0x" + hex.EncodeToString(h)
}

// Array16 returns the bytes as an array; it fails the test when there are not exactly 16.
func (h Hex) Array16(t testing.TB) [16]byte {
	t.Helper()
	if len(h) != 16 {
		t.Fatalf("%v has %d bytes, want 16", h, len(h))
	}
	return [16]byte(h)
}

// Array32 returns the bytes as an array; it fails the test when there are not exactly 32.
func (h Hex) Array32(t testing.TB) [32]byte {
	t.Helper()
	if len(h) != 32 {
		t.Fatalf("%v has %d bytes, want 32", h, len(h))
	}
	return [32]byte(h)
}

// Dec is an integer of any size, written as a decimal string or as a JSON number. null gives a nil Int.
type Dec struct{ *big.Int }

func (d *Dec) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		d.Int = nil
		return nil
	}
	text, err := digits(data)
	if err != nil {
		return err
	}
	i, ok := new(big.Int).SetString(text, 10)
	if !ok {
		return fmt.Errorf("%s is not a decimal integer", data)
	}
	d.Int = i
	return nil
}

// U64 is an unsigned integer of 64 bits, written as a decimal string or as a JSON number.
type U64 uint64

func (u *U64) UnmarshalJSON(data []byte) error {
	text, err := digits(data)
	if err != nil {
		return err
	}
	v, err := strconv.ParseUint(text, 10, 64)
	*u = U64(v)
	return err
}

// Ns is a duration, written in nanoseconds as a decimal string or as a JSON number.
type Ns time.Duration

func (n *Ns) UnmarshalJSON(data []byte) error {
	text, err := digits(data)
	if err != nil {
		return err
	}
	v, err := strconv.ParseInt(text, 10, 64)
	*n = Ns(v)
	return err
}

// D returns the duration.
func (n Ns) D() time.Duration {
	return time.Duration(n)
}

// digits returns the text of a JSON string or number.
func digits(data []byte) (string, error) {
	if bytes.HasPrefix(data, []byte{'"'}) {
		var text string
		err := json.Unmarshal(data, &text)
		return text, err
	}
	return string(data), nil
}
