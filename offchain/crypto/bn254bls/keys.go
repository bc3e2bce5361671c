package bn254bls

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/bits"
	"sync/atomic"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
)

// Lengths of encoded keys in bytes.
const (
	SecretKeySize = 32
	PublicKeySize = 128
)

// SecretKey is a secret key and its public key. Keep the pointer: a SecretKey must
// not be copied. Printing and logging it shows its public key only.
//
// Methods are safe for concurrent use, Erase excepted.
type SecretKey struct {
	// A pointer, so that what prints a struct around a SecretKey by reflection
	// finds an address.
	scalar *[SecretKeySize]byte
	public *PublicKey
}

// GenerateSecretKey makes a key of what rand yields, which should be
// [crypto/rand.Reader].
func GenerateSecretKey(rand io.Reader) (*SecretKey, error) {
	var candidate [SecretKeySize]byte
	defer clear(candidate[:])
	// Three of four candidates of 254 bits are below the order. A reader that
	// does not yield one in a hundred is broken.
	for range 100 {
		if _, err := io.ReadFull(rand, candidate[:]); err != nil {
			return nil, fmt.Errorf("secret key: no randomness: %w", err)
		}
		candidate[0] &= 0x3f
		if key, err := SecretKeyFromBytes(candidate[:]); err == nil {
			return key, nil
		}
	}
	return nil, errors.New("secret key: the source of randomness yields no usable number")
}

// SecretKeyFromBytes decodes a secret key: 32 bytes, big-endian, from 1 to r-1.
// Errors do not contain any of it.
func SecretKeyFromBytes(b []byte) (*SecretKey, error) {
	if len(b) != SecretKeySize {
		return nil, fmt.Errorf("secret key: %w: %d bytes, want %d", ErrLength, len(b), SecretKeySize)
	}
	// Below the order if the difference has a borrow.
	words := limbs(b)
	var borrow, any uint64
	for i := range words {
		_, borrow = bits.Sub64(words[i], orderLimbs[i], borrow)
		any |= words[i]
	}
	clear(words[:])
	if borrow == 0 {
		return nil, fmt.Errorf("secret key: %w: not below the group order", ErrNotReduced)
	}
	if any == 0 {
		return nil, fmt.Errorf("secret key: zero: its public key is the %w", ErrInfinity)
	}
	key := &SecretKey{scalar: new([SecretKeySize]byte)}
	copy(key.scalar[:], b)
	key.public = &PublicKey{point: multiplyG2(&generatorG2, key.scalar)}
	return key, nil
}

// Bytes returns the key as [SecretKeyFromBytes] takes it. It returns [ErrErased]
// after Erase.
func (k *SecretKey) Bytes() ([]byte, error) {
	if k.scalar == nil {
		return nil, ErrErased
	}
	b := *k.scalar
	return b[:], nil
}

// PublicKey returns the public key.
func (k *SecretKey) PublicKey() *PublicKey {
	return k.public
}

// Erase overwrites the secret. The public key stays usable, everything else returns
// [ErrErased] from then on. It must not run together with other methods.
func (k *SecretKey) Erase() {
	if k.scalar != nil {
		clear(k.scalar[:])
		k.scalar = nil
	}
}

// String names the key by its public key.
func (k *SecretKey) String() string {
	return fmt.Sprintf("bn254bls.SecretKey(secret, public key %v)", k.public)
}

// GoString is String: %#v must not show the secret either.
func (k *SecretKey) GoString() string { return k.String() }

// Format writes String for every verb.
func (k *SecretKey) Format(s fmt.State, _ rune) {
	_, _ = io.WriteString(s, k.String())
}

// LogValue is String.
func (k *SecretKey) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText refuses: secrets are encoded on purpose, by Bytes, or not at all.
func (k *SecretKey) MarshalText() ([]byte, error) {
	return nil, errors.New("a secret key is not to be marshalled as text")
}

// PublicKey is a point of G2, of order r and not infinity. Keep the pointer: a PublicKey
// must not be copied. Its methods are safe for concurrent use.
type PublicKey struct {
	point bn254.G2Affine
	// What Prepare computed; nil before.
	lines atomic.Pointer[lines]
}

// DecodePublicKey decodes a public key of 128 bytes. It refuses what is not on the
// curve or not in the subgroup, and infinity.
func DecodePublicKey(b []byte) (*PublicKey, error) {
	if len(b) != PublicKeySize {
		return nil, fmt.Errorf("public key: %w: %d bytes, want %d", ErrLength, len(b), PublicKeySize)
	}
	key := new(PublicKey)
	for i, c := range []struct {
		name string
		dst  *fp.Element
	}{
		{"imaginary part of x", &key.point.X.A1},
		{"real part of x", &key.point.X.A0},
		{"imaginary part of y", &key.point.Y.A1},
		{"real part of y", &key.point.Y.A0},
	} {
		if err := c.dst.SetBytesCanonical(b[32*i : 32*(i+1)]); err != nil {
			return nil, fmt.Errorf("public key: %s: %w: not below the field prime", c.name, ErrNotReduced)
		}
	}
	switch {
	case key.point.IsInfinity():
		return nil, fmt.Errorf("public key: %w", ErrInfinity)
	case !key.point.IsOnCurve():
		return nil, fmt.Errorf("public key: %w", ErrNotOnCurve)
	case !key.point.IsInSubGroup():
		return nil, fmt.Errorf("public key: %w", ErrNotInSubgroup)
	}
	return key, nil
}

// Bytes returns the key as [DecodePublicKey] takes it.
func (p *PublicKey) Bytes() (b [PublicKeySize]byte) {
	for i, c := range []*fp.Element{&p.point.X.A1, &p.point.X.A0, &p.point.Y.A1, &p.point.Y.A0} {
		part := c.Bytes()
		copy(b[32*i:], part[:])
	}
	return b
}

// Equal tells whether the keys are the same.
func (p *PublicKey) Equal(other *PublicKey) bool {
	return p.point.Equal(&other.point)
}

// String returns the key in hexadecimal.
func (p *PublicKey) String() string {
	return fmt.Sprintf("%x", p.Bytes())
}

// AggregatePublicKeys adds keys up. The sum verifies aggregated signatures of their
// owners, if each of them has proven that it possesses its key: see [KeyEntry].
// A sum that is infinity is refused.
func AggregatePublicKeys(keys []*PublicKey) (*PublicKey, error) {
	if len(keys) == 0 {
		return nil, fmt.Errorf("public keys: %w", ErrNothingToAggregate)
	}
	var sum bn254.G2Jac
	for _, key := range keys {
		sum.AddMixed(&key.point)
	}
	if sum.Z.IsZero() {
		return nil, fmt.Errorf("sum of %d public keys: %w", len(keys), ErrInfinity)
	}
	aggregate := new(PublicKey)
	aggregate.point.FromJacobian(&sum)
	return aggregate, nil
}

var generatorG2 = func() bn254.G2Affine {
	_, _, _, g2 := bn254.Generators()
	return g2
}()
