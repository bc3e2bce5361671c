package bn254bls

import (
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/ethereum/go-ethereum/crypto"
)

// SignatureSize is the length of a signature, of an aggregate of signatures and of a
// proof of possession in bytes.
const SignatureSize = PointSize + 1

// Signature is a point of G1, encoded, and the counter byte of the hash to G1 that
// it was made with. Aggregates and proofs of possession have the same form. An
// array of this type may hold anything; what takes one checks it.
type Signature [SignatureSize]byte

// DecodeSignature takes 33 bytes. It refuses those whose point is none of G1, so that
// garbage is told apart from a signature by somebody else.
func DecodeSignature(b []byte) (Signature, error) {
	if len(b) != SignatureSize {
		return Signature{}, fmt.Errorf("signature: %w: %d bytes, want %d", ErrLength, len(b), SignatureSize)
	}
	sig := Signature(b)
	if _, err := sig.decode(); err != nil {
		return Signature{}, err
	}
	return sig, nil
}

// Point returns the encoded point.
func (s Signature) Point() [PointSize]byte { return [PointSize]byte(s[:PointSize]) }

// Counter returns the counter byte.
func (s Signature) Counter() uint8 { return s[PointSize] }

func (s Signature) decode() (bn254.G1Affine, error) {
	point, err := decodeG1(s.Point())
	if err != nil {
		return point, fmt.Errorf("signature: %w", err)
	}
	return point, nil
}

func makeSignature(point *bn254.G1Affine, counter uint8) (s Signature) {
	encoded := encodeG1(point)
	copy(s[:], encoded[:])
	s[PointSize] = counter
	return s
}

// Sign signs a digest with the first usable counter.
func (k *SecretKey) Sign(digest [32]byte) (Signature, error) {
	point, counter, err := hashToFirst(digest)
	if err != nil {
		return Signature{}, fmt.Errorf("sign: %w", err)
	}
	return k.sign(&point, counter)
}

// SignWithCounter signs a digest with a counter of the caller's choice. The error wraps
// [ErrCounter] if it is not usable. Verifiers take any usable counter, but
// signatures with different ones do not add up.
func (k *SecretKey) SignWithCounter(digest [32]byte, counter uint8) (Signature, error) {
	point, err := HashToG1(digest, counter)
	if err != nil {
		return Signature{}, fmt.Errorf("sign: %w", err)
	}
	return k.sign(&point, counter)
}

func (k *SecretKey) sign(point *bn254.G1Affine, counter uint8) (Signature, error) {
	if k.scalar == nil {
		return Signature{}, fmt.Errorf("sign: %w", ErrErased)
	}
	product := multiplyG1(point, k.scalar)
	return makeSignature(&product, counter), nil
}

// Verify returns nil if sig is the signature of the key's owner on the digest, or, if the
// key is a sum of keys, an aggregate of the signatures of all their owners.
func (p *PublicKey) Verify(digest [32]byte, sig Signature) error {
	signature, err := sig.decode()
	if err != nil {
		return err
	}
	point, err := HashToG1(digest, sig.Counter())
	if err != nil {
		return fmt.Errorf("signature: %w", err)
	}
	if !p.pairs(&signature, &point) {
		return ErrSignature
	}
	return nil
}

// Aggregate adds up signatures on the same digest. All must have the same counter. What
// it returns verifies if each of them does; whether they do is not checked here.
func Aggregate(signatures []Signature) (Signature, error) {
	if len(signatures) == 0 {
		return Signature{}, fmt.Errorf("signatures: %w", ErrNothingToAggregate)
	}
	counter := signatures[0].Counter()
	var sum bn254.G1Jac
	for i, s := range signatures {
		if s.Counter() != counter {
			return Signature{}, fmt.Errorf("%w: the first has %d, number %d has %d", ErrMixedCounters, counter, i, s.Counter())
		}
		point, err := s.decode()
		if err != nil {
			return Signature{}, fmt.Errorf("number %d of %d to aggregate: %w", i, len(signatures), err)
		}
		sum.AddMixed(&point)
	}
	if sum.Z.IsZero() {
		return Signature{}, fmt.Errorf("sum of %d signatures: %w", len(signatures), ErrInfinity)
	}
	var aggregate bn254.G1Affine
	aggregate.FromJacobian(&sum)
	return makeSignature(&aggregate, counter), nil
}

// possessionTag sets digests of keys apart from everything else that is signed: SHA3-256 of
// the text DOMAIN_SEPARATION_TAG_BLS_PROOF_OF_POSSESSION.
var possessionTag = [32]byte{
	0x79, 0x53, 0x78, 0x12, 0xdf, 0xe4, 0x8a, 0x92, 0xfc, 0x86, 0x0b, 0x8b, 0x01, 0x0e, 0x8d, 0x60,
	0x78, 0xb5, 0xc1, 0x9e, 0x70, 0x37, 0xc4, 0xcf, 0x07, 0xf7, 0xbe, 0xd6, 0x9b, 0x54, 0xff, 0xfc,
}

// PossessionDigest returns the digest that a proof of possession of the key signs.
func (p *PublicKey) PossessionDigest() [32]byte {
	b := p.Bytes()
	return [32]byte(crypto.Keccak256(possessionTag[:], b[:]))
}

// ProvePossession returns the proof of possession that belongs to the public key.
func (k *SecretKey) ProvePossession() (Signature, error) {
	proof, err := k.Sign(k.public.PossessionDigest())
	if err != nil {
		return Signature{}, fmt.Errorf("proof of possession: %w", err)
	}
	return proof, nil
}

// VerifyPossession returns nil if the proof was made with the secret key of p. Errors
// wrap [ErrProof].
func (p *PublicKey) VerifyPossession(proof Signature) error {
	if err := p.Verify(p.PossessionDigest(), proof); err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	return nil
}
