package solabi

import (
	"bytes"
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var one = big.NewInt(1)

// twosComplement is the word of an integer, by arithmetic: modulo 2^256.
func twosComplement(v *big.Int) []byte {
	modulus := new(big.Int).Lsh(one, 256)
	return new(big.Int).Mod(v, modulus).FillBytes(make([]byte, WordSize))
}

// bounds are the smallest and the largest integer of a type.
func bounds(width int, signed bool) (low, high *big.Int) {
	if !signed {
		return new(big.Int), new(big.Int).Sub(new(big.Int).Lsh(one, uint(width)), one)
	}
	half := new(big.Int).Lsh(one, uint(width-1))
	return new(big.Int).Neg(half), new(big.Int).Sub(half, one)
}

func TestIntegersAtTheirBounds(t *testing.T) {
	for width := 8; width <= 256; width += 8 {
		for _, signed := range []bool{false, true} {
			low, high := bounds(width, signed)
			for _, v := range []*big.Int{low, high, new(big.Int).Sub(low, one), new(big.Int).Add(high, one), new(big.Int), big.NewInt(-1), one} {
				inside := v.Cmp(low) >= 0 && v.Cmp(high) <= 0
				checkBig(t, v, width, signed, inside)
				if width <= 64 {
					checkSmall(t, v, width, signed, inside)
				}
			}
		}
	}
}

func checkBig(t interface {
	Helper()
	Fatalf(string, ...any)
}, v *big.Int, width int, signed, inside bool) {
	t.Helper()
	put, get, many := PutBigUint, BigUint, BigUints
	if signed {
		put, get, many = PutBigInt, BigInt, BigInts
	}
	w := bytes.Repeat([]byte{0xaa}, WordSize)
	before := bytes.Clone(w)
	if put(w, v, width) != inside {
		t.Fatalf("%v in %d bits, signed %v: accepted %v", v, width, signed, !inside)
	}
	if !inside && !bytes.Equal(w, before) {
		t.Fatalf("%v was refused, but written", v)
	}
	word := twosComplement(v)
	if inside && !bytes.Equal(w, word) {
		t.Fatalf("%v is %x, not %x", v, w, word)
	}
	if !inside && width == 256 {
		return // every word is a number of 256 bits, if another one
	}
	read := get(nil, word, width)
	if (read != nil) != inside || inside && read.Cmp(v) != 0 {
		t.Fatalf("%x, %d bits, signed %v, reads as %v", word, width, signed, read)
	}
	used := new(big.Int).Lsh(big.NewInt(-7), 300)
	if inside && get(used, word, width).Cmp(v) != 0 {
		t.Fatalf("%x reads as %v into a used integer", word, used)
	}
	all, bad := many(nil, append(make([]byte, WordSize), word...), width)
	if inside && (len(all) != 2 || all[0].Sign() != 0 || all[1].Cmp(v) != 0) || !inside && (all != nil || bad != 1) {
		t.Fatalf("array with %x reads as %v, %d", word, all, bad)
	}
}

func checkSmall(t *testing.T, v *big.Int, width int, signed, inside bool) {
	t.Helper()
	w, word := make([]byte, WordSize), twosComplement(v)
	if signed {
		read, ok := Int64(word, width)
		if ok != inside || ok && read != v.Int64() {
			t.Fatalf("%x reads as %d, %v in int%d", word, read, ok, width)
		}
		if inside {
			PutInt64(w, v.Int64())
		}
	} else {
		read, ok := Uint64(word, width)
		if ok != inside || ok && read != v.Uint64() {
			t.Fatalf("%x reads as %d, %v in uint%d", word, read, ok, width)
		}
		if inside {
			PutUint64(w, v.Uint64())
		}
	}
	if inside && !bytes.Equal(w, word) {
		t.Fatalf("%v is %x, not %x", v, w, word)
	}
}

func TestAnyInteger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := 8 * rapid.IntRange(1, 32).Draw(t, "bytes")
		signed := rapid.Bool().Draw(t, "signed")
		v := new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 0, 31).Draw(t, "magnitude"))
		if rapid.Bool().Draw(t, "negative") {
			v.Neg(v)
		}
		low, high := bounds(width, signed)
		checkBig(t, v, width, signed, v.Cmp(low) >= 0 && v.Cmp(high) <= 0)
	})
}

func TestArrayKeepsIntegersApart(t *testing.T) {
	b := make([]byte, 3*WordSize)
	for i := range 3 {
		PutUint64(b[WordSize*i:], uint64(i+1))
	}
	vs, _ := BigInts(nil, b, 192)
	vs[0].Lsh(vs[0], 500) // grows beyond its room
	if vs[1].Int64() != 2 || vs[2].Int64() != 3 {
		t.Fatalf("growing one integer changed another: %v", vs)
	}
	again, _ := BigInts(vs, b[:2*WordSize], 192)
	if again[0] != vs[0] || len(again) != 2 || again[0].Int64() != 1 || again[1].Int64() != 2 {
		t.Fatalf("memory was not used again: %v", again)
	}
	holes, _ := BigInts(make([]*big.Int, 3), b, 192)
	if holes[2].Int64() != 3 {
		t.Fatalf("a used array without integers: %v", holes)
	}
}

func TestNilHasNoEncoding(t *testing.T) {
	if w := make([]byte, WordSize); PutBigInt(w, nil, 256) || PutBigUint(w, nil, 256) {
		t.Fatal("nil was encoded")
	}
	if err := OutOfRange("Report", "price", nil, "int192"); err.Error() != "encode Report: price: no value for int192" {
		t.Fatal(err)
	}
	huge := new(big.Int).Lsh(one, 100_000)
	if text := OutOfRange("Report", "price", huge, "int192").Error(); len(text) > 200 {
		t.Fatalf("a message of %d bytes", len(text))
	}
}

func TestBytes(t *testing.T) {
	for n := range 70 {
		v := bytes.Repeat([]byte{7}, n)
		b := bytes.Repeat([]byte{0xee}, 200)
		end := PutBytes(b[32:], v)
		if end != WordSize+Padded(n) {
			t.Fatalf("%d bytes take %d", n, end)
		}
		got, to, err := Bytes(b[:32+end], 32)
		if err != nil || to != 32+end || !bytes.Equal(got, v) {
			t.Fatalf("%d bytes: %x, %d, %v", n, got, to, err)
		}
		if _, _, err := Bytes(b[:32+end-1], 32); err == nil {
			t.Fatalf("%d bytes: the last byte is missing, no error", n)
		}
		if n%32 != 0 {
			b[32+end-1] = 1
			if _, _, err := Bytes(b[:32+end], 32); err == nil || !strings.Contains(err.Error(), "padding") {
				t.Fatalf("%d bytes: dirty padding: %v", n, err)
			}
		}
	}
	huge := make([]byte, 64)
	PutUint64(huge, math.MaxUint64)
	if _, err := LooseBytes(huge, 0); err == nil {
		t.Fatal("a length beyond memory was accepted")
	}
	if _, err := Count(huge[:31], 0, 1); err == nil {
		t.Fatal("half a length was accepted")
	}
}

func TestPacked(t *testing.T) {
	for _, v := range []int64{0, 1, -1, 127, -128, 8388607, -8388608} {
		w := twosComplement(big.NewInt(v))
		for n := 3; n <= 8; n++ {
			if got := Signed64(w[32-n:]); got != v {
				t.Errorf("%d in %d bytes reads as %d", v, n, got)
			}
		}
		if got := Signed(w[8:]); got.Int64() != v {
			t.Errorf("%d in 24 bytes reads as %v", v, got)
		}
	}
	if Unsigned64([]byte{0xff, 0}) != 0xff00 || Unsigned([]byte{0xff, 0}).Int64() != 0xff00 {
		t.Error("unsigned")
	}
}

func TestDecodeRevert(t *testing.T) {
	panics := func(code uint64) []byte {
		w := make([]byte, WordSize)
		PutUint64(w, code)
		return append(panicSelector[:], w...)
	}
	for _, c := range []struct {
		data []byte
		want error
		text string
	}{
		{nil, ErrEmptyRevert, "reverted without data"},
		{AppendRevert(nil, "stale report"), &Revert{"stale report"}, "reverted: stale report"},
		{panics(PanicOverflow), &Panic{PanicOverflow}, "reverted: arithmetic overflow (panic 0x11)"},
		{panics(0x99), &Panic{0x99}, "reverted: unknown panic (panic 0x99)"},
		{[]byte{1, 2, 3, 4, 5}, nil, "reverted with the unknown error 0x01020304 and 1 bytes of arguments"},
		{[]byte{1, 2, 3}, nil, "reverted with 3 bytes that are no error"},
		{revertSelector[:], nil, "reverted with the unknown error 0x08c379a0 and 0 bytes of arguments"},
	} {
		err := DecodeRevert(c.data)
		if err.Error() != c.text {
			t.Errorf("%x: %q, not %q", c.data, err, c.text)
		}
		if c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%x: %v is not %v", c.data, err, c.want)
		}
		var unknown *UnknownRevert
		if c.want == nil && (!errors.As(err, &unknown) || !bytes.Equal(unknown.Data, c.data)) {
			t.Errorf("%x: %#v", c.data, err)
		}
	}
	if errors.Is(&Revert{"a"}, &Revert{"b"}) || errors.Is(&Panic{1}, &Panic{2}) || errors.Is(&Panic{1}, &Revert{"a"}) {
		t.Error("different reverts are the same")
	}
}

func FuzzDecodeRevert(f *testing.F) {
	f.Add([]byte{})
	f.Add(AppendRevert(nil, "stale report"))
	f.Add(append(panicSelector[:], make([]byte, 32)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		err := DecodeRevert(data)
		var revert *Revert
		if errors.As(err, &revert) && !bytes.HasPrefix(data, AppendRevert(nil, revert.Reason)[:68]) {
			t.Fatalf("%x reads as %q", data, revert.Reason)
		}
		if err == nil || err.Error() == "" {
			t.Fatalf("%x is no error", data)
		}
	})
}

func TestPrefix(t *testing.T) {
	err := Prefix("Outer", "items[2]", BadValue("Inner", "price", 96, "int192"))
	if err.Error() != "decode Outer: items[2].price at byte 96: value does not fit int192" {
		t.Error(err)
	}
	err = Prefix("Outer", "item", TooShort("Inner", "", 64, 32, 70))
	if err.Error() != "decode Outer: item at byte 64: needs 32 bytes, 6 are left" {
		t.Error(err)
	}
	err = Prefix("Outer", "item", OutOfRange("Inner", "price", big.NewInt(300), "uint8"))
	if err.Error() != "encode Outer: item.price: 300 does not fit uint8" {
		t.Error(err)
	}
}
