package solabi

import (
	"bytes"
	"math/big"
	"strings"
	"testing"

	"github.com/holiman/uint256"
	"pgregory.net/rapid"
)

// TestPackedIntegers holds the packed integers against the lowest bytes of their words.
func TestPackedIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 32).Draw(t, "bytes")
		v := new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 0, 33).Draw(t, "magnitude"))
		if rapid.Bool().Draw(t, "negative") {
			v.Neg(v)
		}
		for _, signed := range []bool{false, true} {
			low, high := bounds(8*size, signed)
			inside := v.Cmp(low) >= 0 && v.Cmp(high) <= 0
			pack, read := PackBigUint, Unsigned
			if signed {
				pack, read = PackBigInt, Signed
			}
			b := bytes.Repeat([]byte{0xaa}, size)
			if pack(b, v) != inside {
				t.Fatalf("%v in %d bytes, signed %v: accepted %v", v, size, signed, !inside)
			}
			if !inside {
				if !bytes.Equal(b, bytes.Repeat([]byte{0xaa}, size)) {
					t.Fatalf("%v was refused, but written", v)
				}
				continue
			}
			if want := twosComplement(v)[WordSize-size:]; !bytes.Equal(b, want) || read(b).Cmp(v) != 0 {
				t.Fatalf("%v is %x, not %x, and reads as %v", v, b, want, read(b))
			}
			if size > 8 {
				continue
			}
			small := make([]byte, size)
			if signed {
				PackUint64(small, uint64(v.Int64()))
				if Signed64(small) != v.Int64() {
					t.Fatalf("%x reads as %d", small, Signed64(small))
				}
			} else {
				PackUint64(small, v.Uint64())
				if Unsigned64(small) != v.Uint64() {
					t.Fatalf("%x reads as %d", small, Unsigned64(small))
				}
			}
			if !bytes.Equal(small, b) {
				t.Fatalf("%v is %x, not %x", v, small, b)
			}
		}
	})
}

// TestU256 holds uint256.Int against *big.Int.
func TestU256(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := 8 * rapid.IntRange(1, 32).Draw(t, "bytes")
		v := new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 0, 32).Draw(t, "value"))
		word := uint256.MustFromBig(v)
		w, want := make([]byte, WordSize), v.FillBytes(make([]byte, WordSize))
		PutU256(w, word)
		if !bytes.Equal(w, want) {
			t.Fatalf("%v is %x", v, w)
		}
		inside := v.BitLen() <= width
		var read uint256.Int
		if FitsU256(word, width) != inside || U256(&read, w, width) != inside || inside && !read.Eq(word) {
			t.Fatalf("%v in %d bits reads as %v", v, width, &read)
		}
		packed := make([]byte, width/8)
		if PackU256(packed, word) != inside || inside && !bytes.Equal(packed, want[WordSize-width/8:]) {
			t.Fatalf("%v in %d bits is packed as %x", v, width, packed)
		}
	})
}

func TestArraysOfBigsSayWhichIsBad(t *testing.T) {
	vs := []*big.Int{big.NewInt(1), big.NewInt(-1), nil}
	b := make([]byte, 3*WordSize)
	if bad := PutBigUints(b, vs, 64); bad != 1 {
		t.Errorf("unsigned: %d", bad)
	}
	if bad := PutBigInts(b, vs, 64); bad != 2 {
		t.Errorf("signed: %d", bad)
	}
	if bad := PutBigInts(b, vs[:2], 64); bad != -1 {
		t.Errorf("all good: %d", bad)
	}
}

func TestBudget(t *testing.T) {
	b := NewBudget(10 * WordSize)
	if b.Take(maxLooseWords+11, 0) || !b.Take(maxLooseWords, WordSize) || !b.Take(5, 2*WordSize) || b.Take(1, 0) {
		t.Error("the budget is not what it should be")
	}
	if !NewBudget(0).Take(0, 1<<30) || NewBudget(0).Take(1<<30, 1<<30) {
		t.Error("large numbers")
	}
}

func TestOffsetWords(t *testing.T) {
	word := func(first byte, v uint64) []byte {
		w := make([]byte, WordSize)
		PutUint64(w, v)
		w[0] = first
		return w
	}
	if n, ok := LowOffset(word(1, 7), 7); !ok || n != 7 {
		t.Errorf("LowOffset looks at the high bytes: %d, %v", n, ok)
	}
	if _, ok := LowOffset(word(0, 8), 7); ok {
		t.Error("an offset behind the end")
	}
	if err := Leading("X", word(0, 32)); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		data []byte
		says string
	}{{word(0, 33), "offset is not 32"}, {word(1, 32), "offset is not 32"}, {make([]byte, 31), "needs 32 bytes"}} {
		if err := Leading("X", c.data); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%x: %v", c.data, err)
		}
	}
	if at, err := LooseLeading("X", word(0, 5)); err != nil || at != 5 {
		t.Errorf("%d, %v", at, err)
	}
	for _, data := range [][]byte{word(0, 33), word(1, 0), make([]byte, 31)} {
		if _, err := LooseLeading("X", data); err == nil {
			t.Errorf("%x leads somewhere", data)
		}
	}
}
