package secp256k1prep

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
)

var (
	order      = crypto.S256().Params().N
	fieldPrime = crypto.S256().Params().P
	one        = big.NewInt(1)
)

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

func rand32(r *rand.Rand) (b [32]byte) {
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func randScalar(r *rand.Rand) *big.Int {
	b := rand32(r)
	s := new(big.Int).SetBytes(b[:])
	return s.Mod(s, order)
}

func be32(i *big.Int) (out [32]byte) {
	i.FillBytes(out[:])
	return out
}

func mod(i *big.Int) *big.Int { return new(big.Int).Mod(i, order) }

func mulMod(a, b *big.Int) *big.Int { return mod(new(big.Int).Mul(a, b)) }

func join(r, s *big.Int, v byte) []byte {
	rb, sb := be32(r), be32(s)
	return append(append(rb[:], sb[:]...), v)
}

// multiple is k·G by go-ethereum, nil, nil for infinity.
func multiple(k *big.Int) (x, y *big.Int) {
	k = mod(k)
	if k.Sign() == 0 {
		return nil, nil
	}
	b := be32(k)
	key, err := crypto.ToECDSA(b[:])
	if err != nil {
		panic(err)
	}
	return key.X, key.Y
}

func encode(x, y *big.Int) (pub [65]byte) {
	pub[0] = 4
	x.FillBytes(pub[1:33])
	y.FillBytes(pub[33:])
	return pub
}

func keyOf(t testing.TB, k *big.Int) *Key {
	t.Helper()
	key, err := Prepare(encode(multiple(k)))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// recovered is what go-ethereum recovers, with v restricted to what both of its
// implementations take.
func recovered(hash [32]byte, sig []byte) (pub [65]byte, ok bool) {
	if len(sig) != SignatureSize || sig[64] > 3 {
		return pub, false
	}
	b, err := crypto.Ecrecover(hash[:], sig)
	if err != nil {
		return pub, false
	}
	return [65]byte(b), true
}

// check compares the verdict on k with that of recovery and returns it. If
// anything is recovered, it must also verify under the key recovered.
func check(t testing.TB, k *Key, hash [32]byte, sig []byte) bool {
	t.Helper()
	pub, ok := recovered(hash, sig)
	want := ok && addressOf(pub[:]) == k.Address()
	if got := k.Verify(&hash, sig); got != want {
		t.Fatalf("Verify = %v, recovery says %v\naddress %x\nhash %x\nsig %x", got, want, k.Address(), hash, sig)
	}
	if ok && !want {
		other, err := Prepare(pub)
		if err != nil {
			t.Fatalf("recovered key refused: %v", err)
		}
		if !other.Verify(&hash, sig) {
			t.Fatalf("does not verify under the key recovered\nkey %x\nhash %x\nsig %x", pub, hash, sig)
		}
	}
	return want
}

// sign makes a signature by the key k with hash/s = u1 and r/s = u2. ok is
// false if u1·G + u2·k·G is infinity or u2 is 0.
func sign(k, u1, u2 *big.Int) (hash [32]byte, sig []byte, ok bool) {
	x, y := multiple(new(big.Int).Add(u1, mulMod(u2, k)))
	if x == nil || mod(u2).Sign() == 0 {
		return hash, nil, false
	}
	v := byte(y.Bit(0))
	if x.Cmp(order) >= 0 {
		v |= 2
	}
	r := mod(x)
	s := mulMod(r, new(big.Int).ModInverse(u2, order))
	return be32(mulMod(u1, s)), join(r, s, v), true
}

func TestAgreesOnSoundAndDamagedSignatures(t *testing.T) {
	r := newRand(1)
	for range 12 {
		secret := rand32(r)
		priv, err := crypto.ToECDSA(secret[:])
		if err != nil {
			t.Fatal(err)
		}
		k := keyOf(t, new(big.Int).SetBytes(crypto.FromECDSA(priv)))
		hash := rand32(r)
		sig, err := crypto.Sign(hash[:], priv)
		if err != nil {
			t.Fatal(err)
		}
		if !check(t, k, hash, sig) || !Verify(k.Address(), hash, sig) || !Verify(k.Address(), hash, sig) {
			t.Fatal("a fresh signature does not verify")
		}
		for range 6 {
			bad := slices.Clone(sig)
			bit := r.IntN(520)
			bad[bit/8] ^= 1 << (bit % 8)
			if check(t, k, hash, bad) || Verify(k.Address(), hash, bad) {
				t.Fatalf("signature with bit %d flipped verifies", bit)
			}
		}
		other := hash
		other[r.IntN(32)] ^= 1
		check(t, k, other, sig)

		twin := slices.Clone(sig)
		s := be32(new(big.Int).Sub(order, new(big.Int).SetBytes(sig[32:64])))
		copy(twin[32:], s[:])
		if check(t, k, hash, twin) {
			t.Fatal("n-s verifies with the old parity")
		}
		twin[64] ^= 1
		if !check(t, k, hash, twin) {
			t.Fatal("the twin does not verify")
		}
	}
}

func TestEveryVAndLength(t *testing.T) {
	r := newRand(2)
	priv, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	k := keyOf(t, new(big.Int).SetBytes(crypto.FromECDSA(priv)))
	hash := rand32(r)
	sig, err := crypto.Sign(hash[:], priv)
	if err != nil {
		t.Fatal(err)
	}
	for _, cached := range []bool{false, true} {
		if cached && !Verify(k.Address(), hash, sig) {
			t.Fatal("does not verify")
		}
		for v := range 256 {
			s := slices.Clone(sig)
			s[64] = byte(v)
			want := byte(v) == sig[64]
			if check(t, k, hash, s) != want {
				t.Errorf("v %d: want %v", v, want)
			}
			if !cached && want {
				continue // would teach the key
			}
			if Verify(k.Address(), hash, s) != want {
				t.Errorf("v %d, key cached %v: want %v", v, cached, want)
			}
		}
		for n := range 140 {
			s := make([]byte, n)
			copy(s, sig)
			if n != SignatureSize && (check(t, k, hash, s) || Verify(k.Address(), hash, s)) {
				t.Errorf("a signature of %d bytes verifies", n)
			}
		}
		if check(t, k, hash, nil) || Verify(k.Address(), hash, nil) {
			t.Error("no signature verifies")
		}
	}
}

// extremes are numbers about the bounds of scalars and coordinates.
func extremes() []*big.Int {
	var out []*big.Int
	top := new(big.Int).Sub(new(big.Int).Lsh(one, 256), one)
	for _, c := range []*big.Int{new(big.Int), order, fieldPrime, new(big.Int).Sub(fieldPrime, order), top, new(big.Int).Rsh(order, 1)} {
		for d := int64(-2); d <= 2; d++ {
			i := new(big.Int).Add(c, big.NewInt(d))
			if i.Sign() >= 0 && i.Cmp(top) <= 0 {
				out = append(out, i)
			}
		}
	}
	return out
}

// TestExtremeParts has each of r, s and the hash at the bounds.
func TestExtremeParts(t *testing.T) {
	r := newRand(3)
	k := keyOf(t, big.NewInt(77))
	sound := 0
	for _, e := range extremes() {
		for v := range byte(4) {
			for _, sig := range [][]byte{join(e, randScalar(r), v), join(randScalar(r), e, v), join(e, e, v)} {
				check(t, k, rand32(r), sig)
			}
		}
		// A signature of the hash e, of the value zero modulo n among others.
		nonce := randScalar(r)
		x, y := multiple(nonce)
		s := mulMod(new(big.Int).ModInverse(nonce, order), new(big.Int).Add(e, mulMod(x, big.NewInt(77))))
		if check(t, k, be32(e), join(mod(x), s, byte(y.Bit(0)))) {
			sound++
		}
	}
	if sound != len(extremes()) {
		t.Errorf("%d of %d signatures of extreme hashes verify", sound, len(extremes()))
	}
}

// TestOverflow has R with x of n and more, where r is x - n and v has bit 1 set.
func TestOverflow(t *testing.T) {
	r := newRand(4)
	limit := new(big.Int).Sub(fieldPrime, order)
	k := keyOf(t, big.NewInt(5))
	sound := 0
	for i := range int64(24) {
		for _, small := range []*big.Int{big.NewInt(i), new(big.Int).Sub(limit, big.NewInt(i-4))} {
			for v := range byte(4) {
				hash, sig := rand32(r), join(small, randScalar(r), v)
				check(t, k, hash, sig)
				pub, ok := recovered(hash, sig)
				if !ok {
					continue
				}
				own, err := Prepare(pub)
				if err != nil {
					t.Fatal(err)
				}
				for w := range byte(4) {
					sig[64] = w
					if check(t, own, hash, sig) && w&2 != 0 {
						sound++
					}
				}
			}
		}
	}
	if sound == 0 {
		t.Error("no signature with an overflow verified: none was made")
	}
}

// TestCollisions makes sums in which equal and inverse points and infinity come
// up on the way: the key is a small or special multiple of G, and u1·G and
// u2·P are chosen.
func TestCollisions(t *testing.T) {
	shift := func(d int64, bits uint) *big.Int { return new(big.Int).Lsh(big.NewInt(d), bits) }
	values := []*big.Int{
		new(big.Int), big.NewInt(1), big.NewInt(2), big.NewInt(16), big.NewInt(17), big.NewInt(32), big.NewInt(128), big.NewInt(129),
		shift(1, 8), shift(1, 10), shift(3, 40), shift(1, 128), shift(1, 250), shift(1, 255),
	}
	for _, v := range slices.Clone(values[1:]) {
		values = append(values, new(big.Int).Sub(order, v))
	}
	keys := []*big.Int{big.NewInt(1), big.NewInt(2), big.NewInt(16), shift(1, 10), shift(1, 255),
		new(big.Int).Sub(order, one), new(big.Int).ModInverse(big.NewInt(2), order)}
	infinite := 0
	for _, d := range keys {
		k := keyOf(t, d)
		for _, u2 := range values[1:] {
			// Besides the chosen u1: those that make u1·G equal and inverse to u2·P.
			u2d := mulMod(u2, d)
			for _, u1 := range append([]*big.Int{u2d, new(big.Int).Sub(order, u2d)}, values...) {
				hash, sig, ok := sign(d, u1, u2)
				if ok {
					// The expected verdict is known without recovery here.
					if !k.Verify(&hash, sig) {
						t.Fatalf("key %d·G, u1 %d, u2 %d: does not verify", d, u1, u2)
					}
					sig[64] ^= 1
					if k.Verify(&hash, sig) {
						t.Fatalf("key %d·G, u1 %d, u2 %d: verifies with the other parity", d, u1, u2)
					}
					continue
				}
				infinite++
				r := big.NewInt(1 + int64(infinite%50))
				s := mulMod(r, new(big.Int).ModInverse(u2, order))
				for v := range byte(4) {
					if check(t, k, be32(mulMod(u1, s)), join(r, s, v)) {
						t.Fatalf("key %d·G, u1 %d, u2 %d: infinity verifies", d, u1, u2)
					}
				}
			}
		}
	}
	if infinite == 0 {
		t.Error("no sum was infinite")
	}
}

// TestMultiples compares the tables' multiples with go-ethereum's, for scalars
// whose digits are extreme and for random ones.
func TestMultiples(t *testing.T) {
	r := newRand(5)
	k := big.NewInt(987654321)
	key := keyOf(t, k)
	kt := newKeyTable(key.q)
	var scalars []*big.Int
	for i := range 256 {
		p := new(big.Int).Lsh(one, uint(i))
		scalars = append(scalars, p, new(big.Int).Sub(p, one))
	}
	for _, b := range []byte{0x10, 0x0f, 0x80, 0x81, 0x7f, 0x84, 0x08} { // carries and the edges of digits
		scalars = append(scalars, new(big.Int).SetBytes(slices.Repeat([]byte{b}, 32)))
	}
	for i := range int64(40) {
		scalars = append(scalars, new(big.Int).Sub(order, big.NewInt(i+1)))
	}
	for range 100 {
		scalars = append(scalars, randScalar(r))
	}
	for _, s := range scalars {
		b := be32(s)
		limbs := [4]uint64(feFromBytes(&b))
		var p, q point
		baseTable().addMultiple(&p, &limbs)
		kt.addMultiple(&q, &limbs)
		for _, c := range []struct {
			got  point
			want *big.Int
		}{{p, s}, {q, mulMod(s, k)}} {
			x, y := multiple(c.want)
			if x == nil {
				if !c.got.isInfinity() {
					t.Fatalf("0·G for scalar %d is not infinity", s)
				}
				continue
			}
			a := make([]affine, 1)
			toAffine(a, []point{c.got})
			gx, gy := a[0].x.normal(), a[0].y.normal()
			if gx.bytes() != be32(x) || gy.bytes() != be32(y) {
				t.Fatalf("scalar %d: wrong multiple", s)
			}
		}
	}
}

// TestField compares the field arithmetic with math/big, above all on numbers
// whose limbs are extreme, normal or not.
func TestField(t *testing.T) {
	r := newRand(6)
	var values []fe
	for _, e := range extremes() {
		b := be32(e)
		values = append(values, feFromBytes(&b))
	}
	edge := []uint64{0, 1, fold - 1, fold, fold + 1, 1 << 63, 1<<64 - fold, 1<<64 - fold - 1, 1<<64 - 2, 1<<64 - 1}
	for range 400 {
		var v fe
		for i := range v {
			if v[i] = edge[r.IntN(len(edge))]; r.IntN(4) == 0 {
				v[i] = r.Uint64()
			}
		}
		values = append(values, v)
	}
	toBig := func(x fe) *big.Int { b := x.bytes(); return new(big.Int).SetBytes(b[:]) }
	for _, x := range values {
		bx := toBig(x)
		inP := new(big.Int).Mod(bx, fieldPrime)
		if n := x.normal(); toBig(n).Cmp(inP) != 0 || x.isZero() != (inP.Sign() == 0) {
			t.Fatalf("normal(%x) = %x, isZero %v", x, n, x.isZero())
		}
		if inP.Sign() != 0 {
			var inv fe
			inv.invert(&x)
			if toBig(inv).Cmp(new(big.Int).ModInverse(inP, fieldPrime)) != 0 {
				t.Fatalf("1/%x = %x modulo p", x, inv)
			}
		}
		if bx.Sign() != 0 && bx.Cmp(order) < 0 {
			inv := fe(modOrder.Invert(x.elem()))
			if toBig(inv).Cmp(new(big.Int).ModInverse(bx, order)) != 0 {
				t.Fatalf("1/%x = %x modulo n", x, inv)
			}
		}
		for _, y := range values {
			by := toBig(y)
			if x.less(&y) != (bx.Cmp(by) < 0) {
				t.Fatalf("%x < %x: %v", x, y, x.less(&y))
			}
			for _, op := range []struct {
				name string
				fe   func(z, x, y *fe)
				big  func(z, x, y *big.Int) *big.Int
			}{{"²", func(z, x, _ *fe) { z.square(x) }, func(z, x, _ *big.Int) *big.Int { return z.Mul(x, x) }}, {"+", (*fe).add, (*big.Int).Add}, {"-", (*fe).sub, (*big.Int).Sub}, {"·", (*fe).mul, (*big.Int).Mul}} {
				var z fe
				op.fe(&z, &x, &y)
				want := op.big(new(big.Int), bx, by)
				if got := z.normal(); toBig(got).Cmp(want.Mod(want, fieldPrime)) != 0 {
					t.Fatalf("%x %s %x = %x", x, op.name, y, got)
				}
			}
		}
	}
}

func TestKeyThatIsNoPoint(t *testing.T) {
	x, y := multiple(big.NewInt(3))
	good := encode(x, y)
	if _, err := Prepare(good); err != nil {
		t.Fatal(err)
	}
	hybrid, offCurve, zero := good, good, [65]byte{4}
	hybrid[0] = 6
	offCurve[64] ^= 1
	// A coordinate of p and more that stands for a point's: x below 2³² + 977.
	tooLarge := [65]byte{4}
	small := new(big.Int)
	for found := false; !found; {
		small.Add(small, one)
		rhs := new(big.Int).Exp(small, big.NewInt(3), fieldPrime)
		if sy := new(big.Int).ModSqrt(rhs.Add(rhs, big.NewInt(7)), fieldPrime); sy != nil {
			if _, err := Prepare(encode(small, sy)); err != nil {
				t.Fatal(err)
			}
			tooLarge, found = encode(new(big.Int).Add(small, fieldPrime), sy), true
		}
	}
	for _, pub := range [][65]byte{hybrid, offCurve, zero, tooLarge} {
		if k, err := Prepare(pub); k != nil || !errors.Is(err, ErrNotAPoint) {
			t.Errorf("Prepare(%x) = %v, %v", pub, k, err)
		}
	}
}

func TestCache(t *testing.T) {
	c := lru{max: 3}
	r := newRand(7)
	check := func(d int64, sound bool) {
		t.Helper()
		hash, sig, ok := sign(big.NewInt(d), randScalar(r), randScalar(r))
		if !ok {
			t.Fatal("no signature")
		}
		if !sound {
			hash[0] ^= 1
		}
		if got := c.verify(keyOf(t, big.NewInt(d)).Address(), &hash, sig); got != sound {
			t.Fatalf("key %d: verdict %v, want %v", d, got, sound)
		}
	}
	known := func(d int64) *Key {
		if e := c.byAddress[keyOf(t, big.NewInt(d)).Address()]; e != nil {
			return e.Value.(*Key)
		}
		return nil
	}
	for range 3 {
		check(1, false)
	}
	if len(c.byAddress) != 0 || c.order.Len() != 0 {
		t.Fatal("bad signatures left something behind")
	}
	check(1, true)
	first := known(1)
	if first == nil || first.table != nil {
		t.Fatal("the first good signature should teach the key and make no table yet")
	}
	check(1, false)
	check(1, true)
	if known(1) != first || first.table == nil {
		t.Fatal("the key learnt is not in use")
	}
	c.put(keyOf(t, big.NewInt(1)))
	if known(1) != first {
		t.Fatal("a key was learnt twice")
	}
	check(2, true)
	check(3, true)
	check(1, true)
	check(4, true) // forgets 2, not 1
	if len(c.byAddress) != 3 || c.order.Len() != 3 || known(2) != nil || known(1) != first {
		t.Fatalf("%d keys in the map and %d in the list; 2 known: %v", len(c.byAddress), c.order.Len(), known(2) != nil)
	}
	check(2, true) // is learnt again
	for d := range int64(8) {
		check(d+1, true)
		check(d+1, false)
	}
	if len(c.byAddress) != 3 || c.order.Len() != 3 {
		t.Errorf("%d keys in the map and %d in the list, want 3", len(c.byAddress), c.order.Len())
	}
}

// TestConcurrentUse is for the race detector: many goroutines come upon keys
// that are not known, in a cache too small for them.
func TestConcurrentUse(t *testing.T) {
	c := lru{max: 2}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			r := newRand(uint64(g))
			for i := range int64(12) {
				d := big.NewInt(1 + i/4)
				hash, sig, _ := sign(d, randScalar(r), randScalar(r))
				address := addressOf(func() []byte { p := encode(multiple(d)); return p[:] }())
				if !c.verify(address, &hash, sig) {
					t.Error("a sound signature does not verify")
				}
				if hash[0] ^= 1; c.verify(address, &hash, sig) {
					t.Error("a damaged signature verifies")
				}
			}
		})
	}
	wg.Wait()
}

func TestVerifyDoesNotAllocate(t *testing.T) {
	r := newRand(8)
	d := randScalar(r)
	hash, sig, _ := sign(d, randScalar(r), randScalar(r))
	bad := slices.Clone(sig)
	bad[20] ^= 1
	address := keyOf(t, d).Address()
	Verify(address, hash, sig)
	if n := testing.AllocsPerRun(20, func() { Verify(address, hash, sig); Verify(address, hash, bad) }); n != 0 {
		t.Errorf("%v allocations per verification, want 0", n)
	}
}

// FuzzVerify looks for a signature on which the verdicts differ. Besides the raw
// bytes it tries a sound signature with the u1 and u2 given, changed as the
// fuzzer says.
func FuzzVerify(f *testing.F) {
	b := func(i *big.Int) []byte { x := be32(i); return x[:] }
	f.Add(b(one), b(one), b(one), join(one, one, 0), uint16(520))
	f.Add(b(big.NewInt(2)), b(big.NewInt(16)), b(new(big.Int).Sub(order, one)), join(big.NewInt(2), one, 3), uint16(512))
	f.Add(b(order), b(fieldPrime), b(big.NewInt(129)), []byte{}, uint16(7))
	f.Fuzz(func(t *testing.T, secret, u1, u2, sig []byte, change uint16) {
		scalar := func(b []byte) *big.Int { return mod(new(big.Int).SetBytes(b[:min(32, len(b))])) }
		d := scalar(secret)
		if d.Sign() == 0 {
			d = one
		}
		k := keyOf(t, d)
		check(t, k, be32(scalar(u1)), sig)
		hash, own, ok := sign(d, scalar(u1), scalar(u2))
		if !ok {
			return
		}
		bit := int(change) % 521
		if bit < 520 {
			own[bit/8] ^= 1 << (bit % 8)
		}
		if got := check(t, k, hash, own); bit == 520 && !got {
			t.Fatal("a sound signature does not verify")
		}
	})
}

// Benchmark compares one verification with recovery by go-ethereum, with a
// single key and with the 31 keys of a large network in turn (whose tables do
// not fit the first caches).
func Benchmark(b *testing.B) {
	const n = 31
	r := newRand(9)
	var addresses [n][20]byte
	var hashes [n][32]byte
	var sigs [n][]byte
	for i := range n {
		d := randScalar(r)
		addresses[i] = keyOf(b, d).Address()
		hashes[i], sigs[i], _ = sign(d, randScalar(r), randScalar(r))
		for range 2 {
			Verify(addresses[i], hashes[i], sigs[i])
		}
	}
	for _, keys := range []struct {
		name  string
		count int
	}{{"keys=1", 1}, {"keys=31", n}} {
		b.Run("impl=ecrecover/"+keys.name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				j := i % keys.count
				pub, err := crypto.Ecrecover(hashes[j][:], sigs[j])
				if err != nil || addressOf(pub) != addresses[j] {
					b.Fatal("does not verify")
				}
			}
		})
		b.Run("impl=prepared/"+keys.name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if j := i % keys.count; !Verify(addresses[j], hashes[j], sigs[j]) {
					b.Fatal("does not verify")
				}
			}
		})
	}
	b.Run("table", func(b *testing.B) {
		for b.Loop() {
			newKeyTable(generator)
		}
	})
}
