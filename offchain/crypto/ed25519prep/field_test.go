package ed25519prep

import (
	"math/big"
	"testing"
)

// checkField compares the field arithmetic with math/big.
func checkField(t testing.TB, a, b [32]byte) {
	t.Helper()
	x, y := feFromBytes(a[:]), feFromBytes(b[:])
	bx, by := int32le(a[:]), int32le(b[:])
	var sum, difference, product, square fe
	sum.add(&x, &y)
	difference.sub(&x, &y)
	product.mul(&x, &y)
	square.square(&x)
	for _, c := range []struct {
		name string
		got  fe
		want *big.Int
	}{
		{"x", x, bx},
		{"x + y", sum, new(big.Int).Add(bx, by)},
		{"x - y", difference, new(big.Int).Sub(bx, by)},
		{"x·y", product, new(big.Int).Mul(bx, by)},
		{"x²", square, new(big.Int).Mul(bx, bx)},
	} {
		c.want.Mod(c.want, fieldPrime)
		if c.got.bytes() != le32(c.want) {
			t.Fatalf("%s = %x, want %x\nx %x\ny %x", c.name, c.got.bytes(), le32(c.want), a, b)
		}
	}
	if inP := new(big.Int).Mod(bx, fieldPrime); inP.Sign() != 0 {
		var inv fe
		inv.invert(&x)
		if inv.bytes() != le32(new(big.Int).ModInverse(inP, fieldPrime)) {
			t.Fatalf("1/%x = %x", a, inv.bytes())
		}
	}
}

func TestField(t *testing.T) {
	r := newRand(11)
	var values [][32]byte
	for i := range int64(3) { // about 0, p and 2p
		for d := int64(-20); d <= 39; d++ {
			v := new(big.Int).Mul(fieldPrime, big.NewInt(i))
			if v.Add(v, big.NewInt(d)); v.Sign() >= 0 && v.BitLen() <= 256 {
				values = append(values, le32(v))
			}
		}
	}
	for range 10 {
		values = append(values, [32]byte(randBytes(r, 32)))
	}
	for _, x := range values {
		for range 10 {
			checkField(t, x, values[r.IntN(len(values))])
		}
	}
	if normal := half.normal(); normal != (fe{^uint64(8), ^uint64(0), ^uint64(0), 1<<62 - 1}) {
		t.Errorf("half is %x", normal)
	}
}

// FuzzField looks for two numbers on which the arithmetic is wrong.
func FuzzField(f *testing.F) {
	for _, s := range []string{"", "\x26", "\xed\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"} {
		f.Add([]byte(s), []byte(s))
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		var x, y [32]byte
		copy(x[:], a)
		copy(y[:], b)
		checkField(t, x, y)
	})
}
