// Package secp256k1prep verifies recoverable secp256k1 signatures of signers
// that are known in advance by their Ethereum addresses, several times faster
// than by recovering the key from each.
//
// The on-chain signing addresses of an oracle network are fixed by its
// configuration, and each signs in every round: in a network of 31 the oracles
// together check hundreds of attestations per round. Recovery has to take a
// square root and to double a point some 128 or 256 times per signature; with a
// table of multiples of the signer's key, made once, both go away. The key is
// learnt from the first signature that recovers to the address.
//
// # Exactness
//
// A signature is r ‖ s ‖ v of 65 bytes. [Verify] accepts exactly those from
// which [crypto.Ecrecover] of go-ethereum recovers a key that has the address,
// v being 0 to 3. Oracles and contracts must agree on which signatures are
// good, so that neither a stricter nor a laxer rule would do. Namely:
//
//   - r and s are from 1 to n-1, with n the group order; there is no rule that
//     s be low: the twin (r, n-s, v^1) of a signature is as good;
//   - x = r, or x = r + n if v has bit 1 set, and x must be below the field
//     prime; bit 0 of v is the parity of y;
//   - (x, y) must be a point R of the curve, and the key is that P for which
//     s·R = hash·G + r·P, which must not be infinity.
//
// As r and s are invertible, the last is to say R = (hash/s)·G + (r/s)·P, which
// is what is computed when P is known. (That two keys have one address is as
// likely as a collision of Keccak-256 cut to 160 bits.)
//
// Values of v of 4 and more are refused, whichever of its implementations
// (with or without cgo) go-ethereum is built with.
//
// Everything here runs in variable time. It handles public values only.
package secp256k1prep

import (
	"errors"
	"fmt"
	"sync"

	"github.com/consensys/gnark-crypto/ecc/secp256k1/fr"
	"github.com/ethereum/go-ethereum/crypto"
)

// PublicKeySize and SignatureSize are lengths in bytes: of 4 ‖ x ‖ y and of
// r ‖ s ‖ v.
const (
	PublicKeySize = 65
	SignatureSize = 65
)

// ErrNotAPoint says that a public key encodes no point of the curve.
var ErrNotAPoint = errors.New("public key encodes no point of the curve")

// Key is a public key prepared for verification. Make one with [Prepare] and
// keep the pointer; a Key must not be copied.
//
// All methods are safe for concurrent use.
type Key struct {
	address [20]byte
	q       affine

	// The table is made at the first signature that comes as far as needing it.
	once  sync.Once
	table *keyTable
}

// Prepare decodes pub, a point in the uncompressed encoding 4 ‖ x ‖ y with
// coordinates below the field prime, as crypto.Ecrecover returns it. If it
// encodes no point, the key is nil and the error wraps [ErrNotAPoint].
//
// The table of multiples (26 KiB) is made by the first call of Verify that
// needs it, at the cost of a few recoveries.
func Prepare(pub [PublicKeySize]byte) (*Key, error) {
	k := &Key{q: affine{feFromBytes((*[32]byte)(pub[1:])), feFromBytes((*[32]byte)(pub[33:]))}}
	var lhs, rhs fe
	lhs.square(&k.q.y)
	rhs.square(&k.q.x)
	rhs.mul(&rhs, &k.q.x)
	rhs.add(&rhs, &fe{7})
	lhs.sub(&lhs, &rhs)
	if pub[0] != 4 || !k.q.x.less(&prime) || !k.q.y.less(&prime) || !lhs.isZero() {
		return nil, fmt.Errorf("secp256k1prep: %w: %x", ErrNotAPoint, pub)
	}
	k.address = addressOf(pub[:])
	return k, nil
}

// addressOf is the Ethereum address of a key in the uncompressed encoding.
func addressOf(pub []byte) [20]byte {
	hash := crypto.Keccak256Hash(pub[1:]) // without the byte that tells the encoding
	return [20]byte(hash[12:])
}

// Address returns the Ethereum address of the key.
func (k *Key) Address() [20]byte { return k.address }

// Verify reports whether this key is what is recovered from sig and hash. A sig
// of another length than 65 bytes or with a v above 3 is none. It does not keep
// or change its arguments.
func (k *Key) Verify(hash *[32]byte, sig []byte) bool {
	if len(sig) != SignatureSize || sig[64] > 3 {
		return false
	}
	x := feFromBytes((*[32]byte)(sig[:32]))
	s := feFromBytes((*[32]byte)(sig[32:]))
	if x == (fe{}) || s == (fe{}) || !x.less(&feOrder) || !s.less(&feOrder) {
		return false
	}
	// The library's elements are in Montgomery form, w is not: then neither are
	// the products, which spares converting them.
	var u1, u2 fr.Element
	u1.SetBytes(hash[:]) // reduced modulo n
	u2.SetBytes(sig[:32])
	w := fr.Element(modOrder.Invert(s.elem()))
	u1.Mul(&u1, &w)
	u2.Mul(&u2, &w)
	if sig[64]&2 != 0 {
		if !x.less(&primeMinusOrder) {
			return false
		}
		x.add(&x, &feOrder)
	}

	k.once.Do(func() { k.table = newKeyTable(k.q) })
	var p point
	k.table.addMultiple(&p, (*[4]uint64)(&u2))
	baseTable().addMultiple(&p, (*[4]uint64)(&u1))
	return !p.isInfinity() && p.hasX(&x) && p.yIsOdd() == (sig[64]&1 == 1)
}

// primeMinusOrder is p - n, which is above 0 as n is below p.
var primeMinusOrder = func() (d fe) {
	d.sub(&prime, &feOrder)
	return d.normal()
}()
