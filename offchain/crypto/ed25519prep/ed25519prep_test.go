package ed25519prep

import (
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"filippo.io/edwards25519"

	"github.com/ocrkit/ocrkit/offchain/crypto/internal/hottable"
)

// order is the order L of the base point, fieldPrime is p.
var (
	order      = mustInt("7237005577332262213973186563042994240857116359379907606001950938285454250989")
	fieldPrime = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
)

func mustInt(s string) *big.Int {
	i, ok := new(big.Int).SetString(s, 10)
	if !ok {
		panic(s)
	}
	return i
}

// le32 is i as 32 bytes, least significant first.
func le32(i *big.Int) (out [32]byte) {
	i.FillBytes(out[:])
	slices.Reverse(out[:])
	return out
}

func int32le(b []byte) *big.Int {
	b = slices.Clone(b)
	slices.Reverse(b)
	return new(big.Int).SetBytes(b)
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

func randBytes(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// encodingsOfSmallOrder are all encodings, canonical or not, that decode to one
// of the eight points whose order divides 8. They are found, not listed: T is
// [L]P for some P outside of the prime-order group.
func encodingsOfSmallOrder(t testing.TB) [][32]byte {
	var torsion []*edwards25519.Point
	for y := byte(0); torsion == nil; y++ {
		p, err := new(edwards25519.Point).SetBytes(append([]byte{y}, make([]byte, 31)...))
		if err != nil {
			continue
		}
		// [L]P = [L-1]P + P, as a Scalar cannot hold L.
		b := le32(new(big.Int).Sub(order, big.NewInt(1)))
		s, err := new(edwards25519.Scalar).SetCanonicalBytes(b[:])
		if err != nil {
			t.Fatal(err)
		}
		q := new(edwards25519.Point).ScalarMult(s, p)
		q.Add(q, p)
		four := new(edwards25519.Point).Double(q)
		four.Double(four)
		if four.Equal(edwards25519.NewIdentityPoint()) == 1 {
			continue // order less than 8
		}
		for m := q; len(torsion) < 8; m = new(edwards25519.Point).Add(m, q) {
			torsion = append(torsion, m)
		}
	}
	seen := map[[32]byte]bool{}
	var out [][32]byte
	add := func(e [32]byte) {
		p, err := new(edwards25519.Point).SetBytes(e[:])
		if err == nil && !seen[e] && slices.ContainsFunc(torsion, func(q *edwards25519.Point) bool { return p.Equal(q) == 1 }) {
			seen[e] = true
			out = append(out, e)
		}
	}
	for _, q := range torsion {
		e := [32]byte(q.Bytes())
		flipped := e
		flipped[31] ^= 0x80
		add(e)
		add(flipped) // "minus zero", where x is 0
	}
	for i := range 19 {
		e := le32(new(big.Int).Add(fieldPrime, big.NewInt(int64(i))))
		add(e)
		e[31] |= 0x80
		add(e)
	}
	if len(out) != 14 {
		t.Fatalf("found %d encodings of points of small order, want 14", len(out))
	}
	return out
}

// wideKey is a key that has its wide table at once.
func wideKey(t testing.TB, pub [32]byte) *Key {
	t.Helper()
	k, err := Prepare(pub)
	if err != nil {
		t.Fatal(err)
	}
	atOnce := hottable.Budget[table]{Max: 1, After: 1}
	k.wide.Get(&atOnce, 0, k.newWide)
	if k.table().layout != wideLayout {
		t.Fatal("no wide table")
	}
	return k
}

// checkWide is check for the public key of k, and for k too.
func checkWide(t testing.TB, k *Key, msg, sig []byte) bool {
	t.Helper()
	want := check(t, k.Public(), msg, sig)
	if got := k.Verify(msg, sig); got != want {
		t.Fatalf("Verify = %v with the wide table, crypto/ed25519 says %v\npub %x\nmsg %x\nsig %x", got, want, k.pub, msg, sig)
	}
	return want
}

// check compares the verdict with that of crypto/ed25519 and returns it.
func check(t testing.TB, pub [32]byte, msg, sig []byte) bool {
	t.Helper()
	want := ed25519.Verify(pub[:], msg, sig)
	k, err := Prepare(pub)
	if k == nil {
		t.Fatalf("Prepare(%x) returned no key", pub)
	}
	k = Cached(pub) // which may have a table already
	if err != nil && want {
		t.Fatalf("Prepare(%x) failed: %v, but crypto/ed25519 verified with that key", pub, err)
	}
	if got := k.Verify(msg, sig); got != want {
		t.Fatalf("Verify = %v, crypto/ed25519 says %v\npub %x\nmsg %x\nsig %x", got, want, pub, msg, sig)
	}
	// In company, with a sound signature and twice.
	good := []bool{!want, false, !want}
	VerifyEach(good, []Check{{k, msg, sig}, soundCheck(), {k, msg, sig}})
	if good[0] != want || !good[1] || good[2] != want {
		t.Fatalf("VerifyEach = %v around a sound signature, crypto/ed25519 says %v\npub %x\nmsg %x\nsig %x", good, want, pub, msg, sig)
	}
	return want
}

var soundCheck = sync.OnceValue(func() Check {
	priv := ed25519.NewKeyFromSeed(make([]byte, 32))
	return Check{Cached([32]byte(priv.Public().(ed25519.PublicKey))), []byte("sound"), ed25519.Sign(priv, []byte("sound"))}
})

// TestVerifyEach verifies lists of all lengths, with sound and damaged signatures in random places.
func TestVerifyEach(t *testing.T) {
	r := newRand(9)
	noPoint, err := Prepare([32]byte{2})
	if err == nil {
		t.Fatal("2 is a point")
	}
	var keys []*Key
	var privs []ed25519.PrivateKey
	for range 5 {
		priv := ed25519.NewKeyFromSeed(randBytes(r, 32))
		privs = append(privs, priv)
		keys = append(keys, Cached([32]byte(priv.Public().(ed25519.PublicKey))))
	}
	for n := range 3*sharedInversion + 2 {
		checks, want := make([]Check, n), make([]bool, n)
		for i := range checks {
			k := r.IntN(len(keys))
			msg := randBytes(r, 40)
			c := Check{keys[k], msg, ed25519.Sign(privs[k], msg)}
			switch r.IntN(8) {
			case 0: // R
				c.Sig[r.IntN(32)] ^= 1 << r.IntN(8)
			case 1: // S
				c.Sig[32+r.IntN(32)] ^= 1 << r.IntN(8)
			case 2:
				c.Sig = c.Sig[:r.IntN(SignatureSize)]
			case 3:
				c.Key = noPoint
			default:
				want[i] = true
			}
			checks[i] = c
		}
		good := make([]bool, n)
		for i := range good {
			good[i] = !want[i]
		}
		VerifyEach(good, checks)
		if !slices.Equal(good, want) {
			t.Fatalf("%d signatures: got %v, want %v", n, good, want)
		}
	}
}

// rfc8032 are the signatures of RFC 8032, section 7.1.
var rfc8032 = []struct{ name, pub, msg, sig string }{
	{"test 1", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
	{"test 2", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
		"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
	{"test 3", "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
		"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
}

func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRFC8032(t *testing.T) {
	for _, tc := range rfc8032 {
		t.Run(tc.name, func(t *testing.T) {
			if !check(t, [32]byte(unhex(t, tc.pub)), unhex(t, tc.msg), unhex(t, tc.sig)) {
				t.Error("a published signature does not verify")
			}
		})
	}
}

func TestAgreesOnSoundAndDamagedSignatures(t *testing.T) {
	r := newRand(1)
	for i := range 60 {
		priv := ed25519.NewKeyFromSeed(randBytes(r, 32))
		pub := [32]byte(priv.Public().(ed25519.PublicKey))
		msg := randBytes(r, r.IntN(1200)) // both sides of the stack buffer
		sig := ed25519.Sign(priv, msg)
		if !check(t, pub, msg, sig) {
			t.Fatal("a fresh signature does not verify")
		}
		for range 8 {
			bad := slices.Clone(sig)
			bit := r.IntN(512)
			bad[bit/8] ^= 1 << (bit % 8)
			if check(t, pub, msg, bad) {
				t.Fatalf("signature with bit %d flipped verifies", bit)
			}
		}
		if len(msg) > 0 {
			other := slices.Clone(msg)
			other[r.IntN(len(msg))] ^= 1
			check(t, pub, other, sig)
		}
		otherPub := pub
		otherPub[r.IntN(32)] ^= 1 << r.IntN(8)
		check(t, otherPub, msg, sig)

		if i < 3 {
			for n := range 80 {
				if n != SignatureSize {
					k, err := Prepare(pub)
					if err != nil {
						t.Fatal(err)
					}
					if k.Verify(msg, append(slices.Clone(sig), make([]byte, 16)...)[:n]) {
						t.Fatalf("a signature of %d bytes verifies", n)
					}
				}
			}
		}
	}
}

// TestScalarMustBeCanonical tries S + iL, which satisfies the equation as well
// as S does.
func TestScalarMustBeCanonical(t *testing.T) {
	r := newRand(2)
	priv := ed25519.NewKeyFromSeed(randBytes(r, 32))
	pub := [32]byte(priv.Public().(ed25519.PublicKey))
	msg := []byte("malleable")
	sig := ed25519.Sign(priv, msg)
	s := int32le(sig[32:])
	for i := range int64(15) {
		v := new(big.Int).Add(s, new(big.Int).Mul(order, big.NewInt(i)))
		b := le32(v)
		if got := check(t, pub, msg, append(slices.Clone(sig[:32]), b[:]...)); got != (i == 0) {
			t.Errorf("S + %dL: verified %v", i, got)
		}
	}
	for _, v := range []*big.Int{new(big.Int), big.NewInt(1), new(big.Int).Sub(order, big.NewInt(1)), order, new(big.Int).Add(order, big.NewInt(1)), fieldPrime} {
		b := le32(v)
		check(t, pub, msg, append(slices.Clone(sig[:32]), b[:]...))
	}
}

// TestSmallOrder uses keys and R of small order in every encoding. With S = 0
// the equation is R = -[k]A, which holds for one challenge in a few, so that
// both verdicts occur.
func TestSmallOrder(t *testing.T) {
	encodings := encodingsOfSmallOrder(t)
	verdicts := map[bool]int{}
	for _, pub := range encodings {
		k := wideKey(t, pub)
		for _, rEnc := range encodings {
			for m := range byte(6) {
				sig := append(slices.Clone(rEnc[:]), make([]byte, 32)...)
				verdicts[checkWide(t, k, []byte{m}, sig)]++
			}
		}
	}
	if verdicts[true] == 0 || verdicts[false] == 0 {
		t.Errorf("verdicts %v: both should have occurred", verdicts)
	}
}

// TestMixedOrder signs for keys A + T with T of small order: the signature
// verifies without clearing the cofactor only if [k]T is the identity.
func TestMixedOrder(t *testing.T) {
	r := newRand(3)
	torsion := encodingsOfSmallOrder(t)
	verdicts := map[bool]int{}
	for i := range 40 {
		a, err := new(edwards25519.Scalar).SetUniformBytes(randBytes(r, 64))
		if err != nil {
			t.Fatal(err)
		}
		tp, err := new(edwards25519.Point).SetBytes(torsion[i%len(torsion)][:])
		if err != nil {
			t.Fatal(err)
		}
		point := new(edwards25519.Point).ScalarBaseMult(a)
		pub := [32]byte(point.Add(point, tp).Bytes())
		wide := wideKey(t, pub)
		for m := range byte(8) {
			nonce, err := new(edwards25519.Scalar).SetUniformBytes(randBytes(r, 64))
			if err != nil {
				t.Fatal(err)
			}
			rp := new(edwards25519.Point).ScalarBaseMult(nonce)
			if m%2 == 1 { // R of mixed order too
				rp.Add(rp, tp)
			}
			rEnc := rp.Bytes()
			h := sha512.Sum512(slices.Concat(rEnc, pub[:], []byte{m}))
			k, err := new(edwards25519.Scalar).SetUniformBytes(h[:])
			if err != nil {
				t.Fatal(err)
			}
			s := new(edwards25519.Scalar).MultiplyAdd(k, a, nonce)
			verdicts[checkWide(t, wide, []byte{m}, append(rEnc, s.Bytes()...))]++
		}
	}
	if verdicts[true] == 0 || verdicts[false] == 0 {
		t.Errorf("verdicts %v: both should have occurred", verdicts)
	}
}

func TestKeyThatIsNoPoint(t *testing.T) {
	n := 0
	for y := range byte(40) {
		pub := [32]byte{y}
		k, err := Prepare(pub)
		if err == nil {
			continue
		}
		n++
		if !errors.Is(err, ErrNotAPoint) || !strings.Contains(err.Error(), hex.EncodeToString(pub[:])) {
			t.Errorf("error %q does not wrap ErrNotAPoint or does not name the key", err)
		}
		if k.Public() != pub {
			t.Errorf("Public() = %x, want %x", k.Public(), pub)
		}
		for range 3 {
			check(t, pub, nil, make([]byte, 64))
		}
	}
	if n < 5 {
		t.Errorf("only %d of 40 encodings were refused: about half should be", n)
	}
}

// TestMultiples compares the tables' multiples with the library's, for scalars
// whose digits are extreme and for random ones.
func TestMultiples(t *testing.T) {
	r := newRand(4)
	q := new(edwards25519.Point).ScalarBaseMult(scalar(t, big.NewInt(987654321)))
	small, wide := newTable(toExtended(q), smallLayout), newTable(toExtended(q), wideLayout)
	var scalars []*big.Int
	for i := range 253 {
		p := new(big.Int).Lsh(big.NewInt(1), uint(i))
		scalars = append(scalars, p, new(big.Int).Sub(p, big.NewInt(1)))
	}
	for _, pattern := range []string{"10", "0f", "80", "81", "7f", "ff"} { // carries and the edges of digits
		scalars = append(scalars, int32le(append(slices.Repeat(unhex(t, pattern), 31), 0x0f)))
	}
	scalars = append(scalars, new(big.Int).Sub(order, big.NewInt(1)))
	for range 200 {
		scalars = append(scalars, new(big.Int).Mod(int32le(randBytes(r, 32)), order))
	}
	for _, s := range scalars {
		b := le32(s)
		sc := scalar(t, s)
		p := identity()
		baseTable().addMultiple(&p, &b)
		if got, want := p.encode(), [32]byte(new(edwards25519.Point).ScalarBaseMult(sc).Bytes()); got != want {
			t.Fatalf("[%d]B = %x, want %x", s, got, want)
		}
		for _, table := range []*table{small, wide} {
			p = identity()
			table.addMultiple(&p, &b)
			if got, want := p.encode(), [32]byte(new(edwards25519.Point).ScalarMult(sc, q).Bytes()); got != want {
				t.Fatalf("[%d]Q = %x with width %d, want %x", s, got, table.width, want)
			}
		}
	}
}

func scalar(t testing.TB, i *big.Int) *edwards25519.Scalar {
	b := le32(i)
	s, err := new(edwards25519.Scalar).SetCanonicalBytes(b[:])
	if err != nil {
		t.Fatalf("%d: %v", i, err)
	}
	return s
}

func TestDigits(t *testing.T) {
	r := newRand(5)
	for range 500 {
		s := new(big.Int).Rsh(int32le(randBytes(r, 32)), 3)
		b := le32(s)
		for _, f := range []layout{smallLayout, wideLayout, baseLayout} {
			var d [maxPositions]int16
			f.digits(&d, &b)
			sum := new(big.Int)
			for i, v := range slices.Backward(d[:f.positions]) {
				if v <= -1<<(f.width-1) || v > 1<<(f.width-1) {
					t.Fatalf("digit %d of %d is %d", i, s, v)
				}
				sum.Lsh(sum, uint(f.width))
				sum.Add(sum, big.NewInt(int64(v)))
			}
			if sum.Cmp(s) != 0 {
				t.Fatalf("digits of width %d sum to %d, want %d", f.width, sum, s)
			}
		}
	}
}

func TestCache(t *testing.T) {
	c := lru{max: 3}
	key := func(i byte) [32]byte { return [32]byte{i} }
	first := c.get(key(1))
	c.get(key(2))
	c.get(key(3))
	if c.get(key(1)) != first {
		t.Error("asked again for the same key, got another object")
	}
	c.get(key(4)) // forgets 2, not 1
	if len(c.byPub) != 3 || c.order.Len() != 3 {
		t.Errorf("%d keys kept in the map and %d in the list, want 3", len(c.byPub), c.order.Len())
	}
	if _, ok := c.byPub[key(2)]; ok {
		t.Error("the key asked for longest ago was kept")
	}
	if c.get(key(1)) != first {
		t.Error("a key asked for lately was forgotten")
	}
	for i := range byte(8) {
		if got := c.get(key(i)).Public(); got != key(i) {
			t.Errorf("asked for %x, got %x", key(i), got)
		}
	}
}

// TestConcurrentUse is for the race detector: many goroutines come upon a key
// without a table at once.
func TestConcurrentUse(t *testing.T) {
	r := newRand(6)
	priv := ed25519.NewKeyFromSeed(randBytes(r, 32))
	pub := [32]byte(priv.Public().(ed25519.PublicKey))
	msg := []byte("at once")
	sig := ed25519.Sign(priv, msg)
	bad := slices.Clone(sig)
	bad[0] ^= 1
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			k := Cached(pub)
			if !k.Verify(msg, sig) || k.Verify(msg, bad) {
				t.Error("wrong verdict")
			}
		})
	}
	wg.Wait()
}

// TestSwitchToWideTable has many goroutines verify while the key gets its wide
// table: verdicts must stay right, and it must get one, once.
func TestSwitchToWideTable(t *testing.T) {
	r := newRand(10)
	priv := ed25519.NewKeyFromSeed(randBytes(r, 32))
	k, err := Prepare([32]byte(priv.Public().(ed25519.PublicKey)))
	if err != nil {
		t.Fatal(err)
	}
	msg := []byte("narrow and wide")
	sig := ed25519.Sign(priv, msg)
	bad := slices.Clone(sig)
	bad[40] ^= 1
	if first := k.table(); first.layout != smallLayout {
		t.Fatal("a wide table at the first use")
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			good := make([]bool, 2)
			for range wideTables.After / 4 {
				VerifyEach(good, []Check{{k, msg, sig}, {k, msg, bad}})
				if !good[0] || good[1] {
					t.Errorf("verdicts %v", good)
				}
			}
		})
	}
	wg.Wait()
	if k.table().layout != wideLayout {
		t.Error("no wide table after many uses")
	}
}

// TestMemory holds what the documentation says of the size of tables.
func TestMemory(t *testing.T) {
	size := func(l layout) int { return len(newTable(identity(), l).points) * int(unsafe.Sizeof(niels{})) }
	if got := size(wideLayout); got != 384<<10 || int(wideTables.Max)*got > MaxWideTables || wideTables.Max != 170 {
		t.Errorf("%d wide tables of %d bytes", wideTables.Max, got)
	}
	if got := size(smallLayout); got > 26<<10 {
		t.Errorf("small tables have %d bytes", got)
	}
	if got := size(baseLayout); got > 5<<18 {
		t.Errorf("the table of the base point has %d bytes", got)
	}
}

func TestVerifyDoesNotAllocate(t *testing.T) {
	r := newRand(7)
	priv := ed25519.NewKeyFromSeed(randBytes(r, 32))
	k := Cached([32]byte(priv.Public().(ed25519.PublicKey)))
	msg := randBytes(r, 400)
	sig := ed25519.Sign(priv, msg)
	if n := testing.AllocsPerRun(20, func() { k.Verify(msg, sig) }); n != 0 {
		t.Errorf("%v allocations per verification of a short message, want 0", n)
	}
	checks, good := slices.Repeat([]Check{{k, msg, sig}}, 20), make([]bool, 20)
	if n := testing.AllocsPerRun(20, func() { VerifyEach(good, checks) }); n != 0 {
		t.Errorf("%v allocations for the verification of a list, want 0", n)
	}
}

// FuzzVerify looks for a triple on which the verdicts differ. Besides the raw
// bytes it tries a sound signature for the message, changed as the fuzzer says.
func FuzzVerify(f *testing.F) {
	for _, tc := range rfc8032 {
		f.Add(unhex(f, tc.pub), unhex(f, tc.msg), unhex(f, tc.sig), uint16(0))
	}
	for _, e := range encodingsOfSmallOrder(f) {
		f.Add(e[:], []byte("m"), slices.Concat(e[:], make([]byte, 32)), uint16(3))
	}
	f.Fuzz(func(t *testing.T, pub, msg, sig []byte, change uint16) {
		p := [32]byte{}
		copy(p[:], pub)
		check(t, p, msg, sig)

		priv := ed25519.NewKeyFromSeed(p[:])
		own := [32]byte(priv.Public().(ed25519.PublicKey))
		s := ed25519.Sign(priv, msg)
		bit := int(change) % 513
		if bit < 512 {
			s[bit/8] ^= 1 << (bit % 8)
		}
		if got := check(t, own, msg, s); got != (bit == 512) {
			t.Fatalf("bit %d flipped: verified %v", bit, got)
		}
	})
}

// Benchmark compares one verification with crypto/ed25519's, with a single key
// and with the 31 keys of a large network in turn (whose tables do not fit the
// first caches).
func Benchmark(b *testing.B) {
	const n = 31
	r := newRand(8)
	var pubs [n][32]byte
	var msgs, sigs [n][]byte
	var keys [n]*Key
	for i := range n {
		priv := ed25519.NewKeyFromSeed(randBytes(r, 32))
		pubs[i] = [32]byte(priv.Public().(ed25519.PublicKey))
		msgs[i] = binary.BigEndian.AppendUint64(randBytes(r, 150), uint64(i))
		sigs[i] = ed25519.Sign(priv, msgs[i])
		keys[i] = Cached(pubs[i])
		for range 2 * wideTables.After {
			keys[i].Verify(msgs[i], sigs[i])
		}
	}
	for _, count := range []int{1, n} {
		suffix := map[int]string{1: "keys=1", n: "keys=31"}[count]
		b.Run("impl=crypto/"+suffix, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if j := i % count; !ed25519.Verify(pubs[j][:], msgs[j], sigs[j]) {
					b.Fatal("does not verify")
				}
			}
		})
		b.Run("impl=prepared/"+suffix, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if j := i % count; !keys[j].Verify(msgs[j], sigs[j]) {
					b.Fatal("does not verify")
				}
			}
		})
	}
	b.Run("impl=each/keys=31", func(b *testing.B) { // of 31 at once
		var checks [n]Check
		for i := range checks {
			checks[i] = Check{keys[i], msgs[i], sigs[i]}
		}
		var good [n]bool
		for i := 0; b.Loop(); i++ {
			if i%n == 0 {
				VerifyEach(good[:], checks[:])
			}
		}
		if good != [n]bool(slices.Repeat([]bool{true}, n)) {
			b.Fatal("does not verify")
		}
	})
	for _, l := range []layout{smallLayout, wideLayout} {
		b.Run(fmt.Sprintf("table/width=%d", l.width), func(b *testing.B) {
			q := toExtended(keys[0].minusA)
			for b.Loop() {
				newTable(q, l)
			}
		})
	}
}
