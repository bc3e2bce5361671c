package bn254bls

import (
	"bytes"
	"crypto/rand"
	"crypto/sha3"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/crypto"
	"pgregory.net/rapid"
)

func testKey(t testing.TB, i byte) *SecretKey {
	t.Helper()
	b := crypto.Keccak256([]byte("bn254bls test key"), []byte{i})
	b[0] &= 0x1f
	return must(SecretKeyFromBytes(b))(t)
}

func testDigest(i byte) [32]byte { return crypto.Keccak256Hash([]byte("digest"), []byte{i}) }

func TestPossessionTag(t *testing.T) {
	if want := sha3.Sum256([]byte("DOMAIN_SEPARATION_TAG_BLS_PROOF_OF_POSSESSION")); possessionTag != want {
		t.Errorf("tag is %x, want %x", possessionTag, want)
	}
}

// Multiplication against gnark-crypto's own.
func TestMultiply(t *testing.T) {
	_, _, g1, g2 := bn254.Generators()
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.OneOf(
			rapid.Custom(func(t *rapid.T) *big.Int {
				return new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "bytes"))
			}),
			rapid.Custom(func(t *rapid.T) *big.Int {
				return new(big.Int).Sub(fr.Modulus(), big.NewInt(rapid.Int64Range(1, 3).Draw(t, "below order")))
			}),
			rapid.Custom(func(t *rapid.T) *big.Int { return big.NewInt(rapid.Int64Range(0, 17).Draw(t, "small")) }),
			rapid.Just(fr.Modulus()),
		).Draw(t, "k")
		var b [32]byte
		k.FillBytes(b[:])
		var p1, want1 bn254.G1Affine
		p1.ScalarMultiplication(&g1, big.NewInt(rapid.Int64Range(1, 1<<60).Draw(t, "p")))
		want1.ScalarMultiplication(&p1, k)
		if got := multiplyG1(&p1, &b); !got.Equal(&want1) {
			t.Errorf("%v times %v is %v, want %v", k, p1, got, want1)
		}
		var want2 bn254.G2Affine
		want2.ScalarMultiplication(&g2, k)
		if got := multiplyG2(&g2, &b); !got.Equal(&want2) {
			t.Errorf("%v times the generator of G2 is %v, want %v", k, got, want2)
		}
	})
}

// Field arithmetic against gnark-crypto's own, near the places where something has to be reduced.
func TestField(t *testing.T) {
	numbers := rapid.OneOf(
		rapid.Custom(func(t *rapid.T) *big.Int {
			return new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "bytes"))
		}),
		rapid.Custom(func(t *rapid.T) *big.Int {
			return new(big.Int).Sub(fp.Modulus(), big.NewInt(rapid.Int64Range(-2, 2).Draw(t, "below prime")))
		}),
		rapid.Custom(func(t *rapid.T) *big.Int { return big.NewInt(rapid.Int64Range(0, 3).Draw(t, "small")) }),
	)
	// Raw representations, since it is these that are added.
	raw := rapid.Custom(func(t *rapid.T) fp.Element {
		var b [32]byte
		n := numbers.Draw(t, "n")
		n.Mod(n, fp.Modulus()).FillBytes(b[:])
		return fp.Element(limbs(b[:]))
	})
	rapid.Check(t, func(t *rapid.T) {
		var x, y bn254.E2
		x.A0, x.A1, y.A0, y.A1 = raw.Draw(t, "x0"), raw.Draw(t, "x1"), raw.Draw(t, "y0"), raw.Draw(t, "y1")
		ex, ey := newElement2(&x), newElement2(&y)
		check := func(name string, got *element2, want *bn254.E2) {
			if *got != newElement2(want) {
				t.Errorf("%s of %v and %v is %v, want %v", name, x, y, *got, *want)
			}
		}
		check("sum", new(element2).Add(&ex, &ey), new(bn254.E2).Add(&x, &y))
		check("difference", new(element2).Sub(&ex, &ey), new(bn254.E2).Sub(&x, &y))
		check("product", new(element2).Mul(&ex, &ey), new(bn254.E2).Mul(&x, &y))
		check("square", new(element2).Square(&ex), new(bn254.E2).Square(&x))
		check("double", new(element2).Double(&ex), new(bn254.E2).Double(&x))
		check("inverse", new(element2).invert(&ex), new(bn254.E2).Inverse(&x))
		for condition, want := range []*bn254.E2{&x, &y} {
			check("choice", new(element2).Select(condition, &ex, &ey), want)
		}
		// In place, as the points use it.
		same := ex
		check("product in place", same.Mul(&same, &ey), new(bn254.E2).Mul(&x, &y))
		same = ex
		check("sum in place", same.Add(&same, &same), new(bn254.E2).Double(&x))
		same = ey
		check("difference in place", same.Sub(&ex, &same), new(bn254.E2).Sub(&x, &y))
	})
}

func TestSignAndVerify(t *testing.T) {
	for i := range byte(8) {
		key, digest := testKey(t, i), testDigest(i)
		if i%2 == 1 {
			key.PublicKey().Prepare()
			key.PublicKey().Prepare()
		}
		sig := must(key.Sign(digest))(t)
		for counter := range sig.Counter() {
			if _, err := key.SignWithCounter(digest, counter); !errors.Is(err, ErrCounter) {
				t.Errorf("counter %d is below the one that Sign took, but: %v", counter, err)
			}
		}
		for range 3 {
			if err := key.PublicKey().Verify(digest, sig); err != nil {
				t.Errorf("key %d: %v", i, err)
			}
			if err := key.PublicKey().Verify(testDigest(i+1), sig); err == nil {
				t.Errorf("key %d: verifies another digest", i)
			}
			if err := testKey(t, i+1).PublicKey().Verify(digest, sig); !errors.Is(err, ErrSignature) {
				t.Errorf("signature of key %d under another key: %v", i, err)
			}
			flipped := sig
			flipped[0] ^= signBit
			if err := key.PublicKey().Verify(digest, flipped); !errors.Is(err, ErrSignature) {
				t.Errorf("negated signature of key %d: %v", i, err)
			}
		}
	}
}

// What Verify says is what the precompile of the EVM says.
func TestVerifyIsTheEVMsPairing(t *testing.T) {
	pairing := vm.PrecompiledContractsCancun[common.BytesToAddress([]byte{8})]
	var negated bn254.G2Affine
	negated.Neg(&generatorG2)
	minusG2 := (&PublicKey{point: negated}).Bytes()
	for i := range byte(4) {
		key, digest := testKey(t, i), testDigest(i)
		for _, signer := range []*SecretKey{key, testKey(t, i+1)} {
			sig := must(signer.Sign(digest))(t)
			s, h := must(sig.decode())(t), must(HashToG1(digest, sig.Counter()))(t)
			public := key.PublicKey().Bytes()
			out, err := pairing.Run(bytes.Join([][]byte{
				s.Marshal(), minusG2[:], h.Marshal(), public[:],
			}, nil))
			if err != nil {
				t.Fatal(err)
			}
			if want, got := out[31] == 1, key.PublicKey().Verify(digest, sig) == nil; got != want {
				t.Errorf("key %d: Verify says %v, the precompile %v", i, got, want)
			}
		}
	}
}

func TestAggregate(t *testing.T) {
	digest := testDigest(1)
	var keys []*PublicKey
	var signatures []Signature
	for i := range byte(11) {
		key := testKey(t, i)
		keys = append(keys, key.PublicKey())
		signatures = append(signatures, must(key.Sign(digest))(t))
		sum, aggregate := must(AggregatePublicKeys(keys))(t), must(Aggregate(signatures))(t)
		if err := sum.Verify(digest, aggregate); err != nil {
			t.Errorf("%d signers: %v", i+1, err)
		}
		if i > 0 {
			if err := must(AggregatePublicKeys(keys[1:]))(t).Verify(digest, aggregate); !errors.Is(err, ErrSignature) {
				t.Errorf("%d signers, one key less: %v", i+1, err)
			}
		}
	}
	// Twice the same one is an addition like any other.
	twice := must(Aggregate([]Signature{signatures[0], signatures[0]}))(t)
	if err := must(AggregatePublicKeys([]*PublicKey{keys[0], keys[0]}))(t).Verify(digest, twice); err != nil {
		t.Errorf("the same signer twice: %v", err)
	}
}

func TestAggregateRefuses(t *testing.T) {
	digest := testDigest(1)
	key := testKey(t, 1)
	sig := must(key.Sign(digest))(t)
	negative := sig
	negative[0] ^= signBit
	var later Signature
	for counter := int(sig.Counter()) + 1; ; counter++ {
		var err error
		if later, err = key.SignWithCounter(digest, uint8(counter)); err == nil {
			break
		}
	}
	for name, c := range map[string]struct {
		signatures []Signature
		want       error
	}{
		"none":          {nil, ErrNothingToAggregate},
		"infinity":      {[]Signature{sig, negative}, ErrInfinity},
		"two counters":  {[]Signature{sig, later}, ErrMixedCounters},
		"not on curve":  {[]Signature{sig, {PointSize: sig.Counter()}}, ErrNotOnCurve},
		"x not reduced": {[]Signature{{0: 0x7f, PointSize: 1}}, ErrNotReduced},
	} {
		if _, err := Aggregate(c.signatures); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := AggregatePublicKeys(nil); !errors.Is(err, ErrNothingToAggregate) {
		t.Error(err)
	}
	var opposite PublicKey
	opposite.point.Neg(&key.PublicKey().point)
	if _, err := AggregatePublicKeys([]*PublicKey{key.PublicKey(), &opposite}); !errors.Is(err, ErrInfinity) {
		t.Error(err)
	}
}

func TestDecodePublicKeyRefuses(t *testing.T) {
	good := testKey(t, 1).PublicKey().Bytes()
	if key := must(DecodePublicKey(good[:]))(t); key.Bytes() != good || !key.Equal(testKey(t, 1).PublicKey()) {
		t.Error("a good key changes")
	}
	outside := outsideSubgroup(t)
	p := fp.Modulus()
	type change func(b []byte) []byte
	for name, c := range map[string]struct {
		change change
		want   error
	}{
		"empty":        {func(b []byte) []byte { return nil }, ErrLength},
		"short":        {func(b []byte) []byte { return b[1:] }, ErrLength},
		"long":         {func(b []byte) []byte { return append(b, 0) }, ErrLength},
		"infinity":     {func(b []byte) []byte { clear(b); return b }, ErrInfinity},
		"not on curve": {func(b []byte) []byte { b[127] ^= 1; return b }, ErrNotOnCurve},
		"halves swapped": {func(b []byte) []byte {
			return bytes.Join([][]byte{b[32:64], b[:32], b[96:], b[64:96]}, nil)
		}, ErrNotOnCurve},
		"not in subgroup": {func([]byte) []byte { b := outside.Bytes(); return b[:] }, ErrNotInSubgroup},
		"x imaginary + p": {func(b []byte) []byte { return addTo(b, 0, p) }, ErrNotReduced},
		"x real + p":      {func(b []byte) []byte { return addTo(b, 1, p) }, ErrNotReduced},
		"y imaginary + p": {func(b []byte) []byte { return addTo(b, 2, p) }, ErrNotReduced},
		"y real + p":      {func(b []byte) []byte { return addTo(b, 3, p) }, ErrNotReduced},
	} {
		if _, err := DecodePublicKey(c.change(bytes.Clone(good[:]))); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// outsideSubgroup returns a point of the twist whose order is not r.
func outsideSubgroup(t testing.TB) *PublicKey {
	t.Helper()
	var x, y, rhs, b bn254.E2
	b.A0.SetUint64(3)
	var nine bn254.E2
	nine.A0.SetUint64(9)
	nine.A1.SetOne()
	b.Div(&b, &nine)
	for i := range uint64(100) {
		x.A0.SetUint64(i)
		x.A1.SetUint64(7)
		rhs.Square(&x).Mul(&rhs, &x)
		rhs.Add(&rhs, &b)
		if rhs.Legendre() == 1 {
			y.Sqrt(&rhs)
			key := &PublicKey{point: bn254.G2Affine{X: x, Y: y}}
			if key.point.IsOnCurve() && !key.point.IsInSubGroup() {
				return key
			}
		}
	}
	t.Fatal("no such point")
	return nil
}

func addTo(b []byte, word int, n *big.Int) []byte {
	part := b[32*word : 32*(word+1)]
	sum := new(big.Int).SetBytes(part)
	sum.Add(sum, n).FillBytes(part)
	return b
}

func TestDecodeSignatureRefuses(t *testing.T) {
	good := must(testKey(t, 1).Sign(testDigest(1)))(t)
	if got := must(DecodeSignature(good[:]))(t); got != good {
		t.Error("a good signature changes")
	}
	p := make([]byte, 33)
	fp.Modulus().FillBytes(p[:32])
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"nil":           {nil, ErrLength},
		"no counter":    {good[:32], ErrLength},
		"long":          {append(good[:], 0), ErrLength},
		"x is zero":     {make([]byte, 33), ErrNotOnCurve},
		"x is p":        {p, ErrNotReduced},
		"all bits":      {bytes.Repeat([]byte{0xff}, 33), ErrNotReduced},
		"not on curve":  {append(make([]byte, 31), 4, 0), ErrNotOnCurve}, // 67 is no square
		"x = 4, odd":    {append([]byte{0x80}, append(make([]byte, 30), 4, 0)...), ErrNotOnCurve},
		"x has bit 254": {append([]byte{0x40}, make([]byte, 32)...), ErrNotReduced},
	} {
		if _, err := DecodeSignature(c.b); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestKeyLists(t *testing.T) {
	entry := func(i byte) []byte {
		b := must(testKey(t, i).KeyEntry())(t).Bytes()
		return b[:]
	}
	list := func(entries ...[]byte) []byte { return bytes.Join(entries, nil) }
	swapped1, swapped2 := entry(1), entry(2)
	copy(swapped1[PublicKeySize:], entry(2)[PublicKeySize:])
	copy(swapped2[PublicKeySize:], entry(1)[PublicKeySize:])
	garbled := entry(1)
	garbled[PublicKeySize] = 0x7f
	// A key that is made so that the sum with the first one is known: without its own secret, no proof.
	var rogue PublicKey
	rogue.point.Sub(&testKey(t, 2).PublicKey().point, &testKey(t, 1).PublicKey().point)
	rogueEntry := KeyEntry{&rogue, must(testKey(t, 2).ProvePossession())(t)}.Bytes()
	many := bytes.Repeat(entry(1), MaxKeys+1)
	for name, c := range map[string]struct {
		list []byte
		want error
		text string
	}{
		"empty":        {nil, nil, ""},
		"three":        {list(entry(1), entry(2), entry(3)), nil, ""},
		"a byte less":  {list(entry(1), entry(2)[1:]), ErrLength, "321 bytes"},
		"33":           {many, ErrTooManyKeys, "33, at most 32"},
		"twice":        {list(entry(1), entry(2), entry(1)), ErrDuplicateKey, "key 2: duplicate key: it is key 0 too"},
		"swapped":      {list(entry(3), swapped1, swapped2), ErrProof, "key 1"},
		"bad point":    {list(entry(3), garbled), ErrNotReduced, "key 1"},
		"bad key":      {list(entry(3), make([]byte, KeySize)), ErrInfinity, "key 1"},
		"rogue key":    {list(entry(1), rogueEntry[:]), ErrProof, "key 1"},
		"bad counters": {list(append(entry(1)[:KeySize-1], badCounter(t, testKey(t, 1)))), ErrCounter, "key 0"},
	} {
		entries, err := DecodeKeyList(c.list)
		if !errors.Is(err, c.want) || (err != nil && !strings.Contains(err.Error(), c.text)) {
			t.Errorf("%s: %v, want %v with %q", name, err, c.want, c.text)
		}
		if err == nil && !bytes.Equal(EncodeKeyList(entries), c.list) {
			t.Errorf("%s: changes when it is decoded and encoded", name)
		}
	}
	if _, err := DecodeKeyEntry(entry(1)[1:]); !errors.Is(err, ErrLength) {
		t.Error(err)
	}
}

// badCounter returns a counter for which the hash of the key's digest is not defined.
func badCounter(t testing.TB, key *SecretKey) byte {
	t.Helper()
	for counter := range byte(255) {
		if _, err := HashToG1(key.PublicKey().PossessionDigest(), counter); err != nil {
			return counter
		}
	}
	t.Fatal("every counter is usable")
	return 0
}

func TestSecretKeyRefuses(t *testing.T) {
	r := fr.Modulus().Bytes()
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"nil":   {nil, ErrLength},
		"short": {make([]byte, 31), ErrLength},
		"long":  {make([]byte, 33), ErrLength},
		"zero":  {make([]byte, 32), ErrInfinity},
		"r":     {r, ErrNotReduced},
		"r + 1": {new(big.Int).Add(fr.Modulus(), big.NewInt(1)).Bytes(), ErrNotReduced},
		"max":   {bytes.Repeat([]byte{0xff}, 32), ErrNotReduced},
	} {
		if _, err := SecretKeyFromBytes(c.b); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	for _, good := range []*big.Int{big.NewInt(1), new(big.Int).Sub(fr.Modulus(), big.NewInt(1))} {
		if _, err := SecretKeyFromBytes(good.FillBytes(make([]byte, 32))); err != nil {
			t.Errorf("%v: %v", good, err)
		}
	}
}

func TestGenerateSecretKey(t *testing.T) {
	key := must(GenerateSecretKey(rand.Reader))(t)
	again := must(SecretKeyFromBytes(must(key.Bytes())(t)))(t)
	if !again.PublicKey().Equal(key.PublicKey()) {
		t.Error("a generated key changes when it is encoded and decoded")
	}
	if err := must(key.KeyEntry())(t).Check(); err != nil {
		t.Error(err)
	}
	if _, err := GenerateSecretKey(iotest.ErrReader(errors.New("no entropy"))); err == nil {
		t.Error("made a key without randomness")
	}
	for _, b := range []byte{0, 0xff} {
		if _, err := GenerateSecretKey(constant(b)); err == nil {
			t.Errorf("made a key of nothing but %#x", b)
		}
	}
}

type constant byte

func (c constant) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(c)
	}
	return len(p), nil
}

func TestSecretKeysAreNotShown(t *testing.T) {
	key := testKey(t, 1)
	secret := must(key.Bytes())(t)
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("key", "key", key)
	inside := struct{ hidden *SecretKey }{key}
	texts := []string{logged.String(), key.String(), fmt.Sprintf("%+v %#v", inside, inside), fmt.Sprintf("%v", *key)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		texts = append(texts, fmt.Sprintf(verb, key))
	}
	for _, text := range texts {
		// By bytes of the secret in hexadecimal or decimal.
		for _, shown := range []string{fmt.Sprintf("%x", secret[:8]), fmt.Sprintf("%X", secret[:8]), fmt.Sprint(secret[:4])[1:12]} {
			if strings.Contains(text, shown) {
				t.Errorf("%q shows the secret", text)
			}
		}
	}
	if text, err := json.Marshal(key); err == nil {
		t.Errorf("marshalled as %s", text)
	}
}

func TestErase(t *testing.T) {
	key := testKey(t, 1)
	scalar := key.scalar
	key.Erase()
	key.Erase()
	if *scalar != [32]byte{} {
		t.Error("the secret is still there")
	}
	if _, err := key.Sign(testDigest(1)); !errors.Is(err, ErrErased) {
		t.Errorf("Sign: %v", err)
	}
	if _, err := key.KeyEntry(); !errors.Is(err, ErrErased) {
		t.Errorf("KeyEntry: %v", err)
	}
	if _, err := key.Bytes(); !errors.Is(err, ErrErased) {
		t.Errorf("Bytes: %v", err)
	}
	if !key.PublicKey().Equal(testKey(t, 1).PublicKey()) {
		t.Error("the public key is gone")
	}
}
