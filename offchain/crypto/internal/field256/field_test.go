package field256

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// fields are those that this package was made for and one with a c at its bound.
var fields = []struct {
	name string
	c, e uint64
}{{"curve25519", 38, 2}, {"secp256k1", 1<<32 + 977, 1}, {"largest c", 1<<34 - 1, 1}}

var two256 = new(big.Int).Lsh(big.NewInt(1), 256)

func modulus(c, e uint64) *big.Int {
	p := new(big.Int).Sub(two256, new(big.Int).SetUint64(c))
	return p.Div(p, new(big.Int).SetUint64(e))
}

func toBig(x *Element) *big.Int {
	var b [32]byte
	for i, limb := range x {
		binary.BigEndian.PutUint64(b[24-8*i:], limb)
	}
	return new(big.Int).SetBytes(b[:])
}

func fromBig(i *big.Int) (x Element) {
	var b [32]byte
	i.FillBytes(b[:])
	for i := range x {
		x[i] = binary.BigEndian.Uint64(b[24-8*i:])
	}
	return x
}

// operation is one of those that are checked, with what it means.
type operation struct {
	name string
	fe   func(z, x, y *Element, c uint64)
	big  func(z, x, y *big.Int) *big.Int
}

var operations = []operation{
	{"+", Add, (*big.Int).Add},
	{"-", Sub, (*big.Int).Sub},
	{"·", Mul, (*big.Int).Mul},
	{"· generic", mulGeneric, (*big.Int).Mul},
	{"²", func(z, x, _ *Element, c uint64) { Square(z, x, c) }, square},
	{"² generic", func(z, x, _ *Element, c uint64) { squareGeneric(z, x, c) }, square},
}

func square(z, x, _ *big.Int) *big.Int { return z.Mul(x, x) }

// check compares all operations on x and y with math/big, with and without the
// result in the place of an argument.
func check(t testing.TB, x, y Element) {
	t.Helper()
	bx, by := toBig(&x), toBig(&y)
	if x.Less(&y) != (bx.Cmp(by) < 0) {
		t.Fatalf("%x < %x: %v", bx, by, x.Less(&y))
	}
	for _, f := range fields {
		p := modulus(f.c, f.e)
		for _, op := range operations {
			want := op.big(new(big.Int), bx, by)
			want.Mod(want, p)
			var z Element
			inX, inY := x, y
			op.fe(&z, &x, &y, f.c)
			op.fe(&inX, &inX, &y, f.c)
			op.fe(&inY, &x, &inY, f.c)
			for _, got := range []Element{z, inX, inY} {
				if g := toBig(&got); g.Mod(g, p).Cmp(want) != 0 {
					t.Fatalf("%s: %x %s %x = %x, want %x", f.name, bx, op.name, by, g, want)
				}
			}
		}
	}
}

// inverses checks the inverse of x modulo several moduli.
func inverses(t testing.TB, x Element) {
	t.Helper()
	order, ok := new(big.Int).SetString("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16)
	if !ok {
		t.Fatal("not a number")
	}
	moduli := []*big.Int{order, modulus(38, 2), modulus(1<<32+977, 1), big.NewInt(3), big.NewInt(65537)}
	for _, m := range moduli {
		b := toBig(&x)
		b.Mod(b, m)
		want := new(big.Int).ModInverse(b, m)
		if want == nil {
			continue
		}
		in := fromBig(b)
		got := NewModulus(fromBig(m)).Invert(&in)
		if toBig(&got).Cmp(want) != 0 {
			t.Fatalf("1/%x modulo %x = %x, want %x", b, m, got, want)
		}
	}
}

// extremes are limbs at the bounds of what carries.
var extremes = []uint64{0, 1, 2, 37, 38, 39, 1<<32 + 976, 1<<32 + 977, 1<<32 + 978, 1 << 34, 1<<63 - 1, 1 << 63,
	^uint64(1<<32 + 977), ^uint64(1<<32 + 976), ^uint64(1<<32 + 975), ^uint64(38), ^uint64(37), ^uint64(18), ^uint64(1), ^uint64(0)}

func randElement(r *rand.Rand) (x Element) {
	for i := range x {
		if x[i] = extremes[r.IntN(len(extremes))]; r.IntN(4) == 0 {
			x[i] = r.Uint64()
		}
	}
	return x
}

func TestField(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 0))
	var values []Element
	for _, f := range fields { // about 0, p, 2p
		for i := range int64(3) {
			for d := int64(-3); d <= 3; d++ {
				v := new(big.Int).Mul(modulus(f.c, f.e), big.NewInt(i))
				if v.Add(v, big.NewInt(d)); v.Sign() >= 0 && v.Cmp(two256) < 0 {
					values = append(values, fromBig(v))
				}
			}
		}
	}
	for range 40 {
		values = append(values, randElement(r))
	}
	for _, x := range values {
		inverses(t, x)
		for _, y := range values {
			check(t, x, y)
		}
	}
}

// TestInvert compares inverses with those of math/big.
func TestInvert(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 0))
	for i := range 3000 {
		x := randElement(r)
		if i%2 == 0 { // also small numbers, and powers of two and their neighbours
			x = fromBig(new(big.Int).Rsh(toBig(&x), uint(r.IntN(256))))
		}
		inverses(t, x)
	}
}

// TestImplementationsAgree compares the limbs of what Mul and Square give with
// what the generic functions do, on many more numbers than math/big can.
func TestImplementationsAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 0))
	for range 20_000 {
		x, y := randElement(r), randElement(r)
		for _, f := range fields {
			var z, want Element
			Mul(&z, &x, &y, f.c)
			if mulGeneric(&want, &x, &y, f.c); z != want {
				t.Fatalf("%s: %x·%x = %x, want %x", f.name, x, y, z, want)
			}
			Square(&z, &x, f.c)
			if squareGeneric(&want, &x, f.c); z != want {
				t.Fatalf("%s: %x² = %x, want %x", f.name, x, z, want)
			}
		}
	}
}

// FuzzField looks for two numbers on which an operation differs from math/big.
func FuzzField(f *testing.F) {
	for _, limb := range extremes {
		b := slices.Repeat(binary.BigEndian.AppendUint64(nil, limb), 4)
		f.Add(b, b)
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		x := fromBig(new(big.Int).SetBytes(a[:min(len(a), 32)]))
		y := fromBig(new(big.Int).SetBytes(b[:min(len(b), 32)]))
		check(t, x, y)
		inverses(t, x)
	})
}

func Benchmark(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 0))
	x, y := randElement(r), randElement(r)
	for _, op := range operations {
		b.Run(fmt.Sprintf("op=%s", op.name), func(b *testing.B) {
			z := x
			for b.Loop() {
				op.fe(&z, &z, &y, 38)
			}
		})
	}
	p := NewModulus(fromBig(modulus(38, 2)))
	b.Run("invert", func(b *testing.B) {
		z := x
		z[3] >>= 1
		for b.Loop() {
			z = p.Invert(&z)
			z[0]++
		}
	})
}
