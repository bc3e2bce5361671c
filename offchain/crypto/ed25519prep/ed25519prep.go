// Package ed25519prep verifies Ed25519 signatures of keys that are known in
// advance, several times faster than crypto/ed25519.
//
// The offchain keys of an oracle network are fixed by its configuration, and
// each is used again in every round: an oracle of a network of 31 checks up to
// 31 signed observations whenever the leader asks for reports. The general
// algorithm decodes the key and doubles a point some 250 times per signature;
// with tables of multiples of the key, made once, both go away.
//
// # Exactness
//
// A [Key] accepts exactly what [crypto/ed25519.Verify] accepts, for every key,
// message and signature. Oracles must agree on which signatures are good, so
// that neither a stricter nor a laxer rule would do. Namely:
//
//   - the signature is R ‖ S, 64 bytes; S must be below the group order;
//   - the challenge is SHA-512(R ‖ pub ‖ msg) with both encodings as given,
//     reduced modulo the group order;
//   - the check is on encodings: R must equal, byte by byte, the canonical
//     encoding of [S]B - [k]A, without clearing the cofactor;
//   - pub is decoded leniently (a y of p or more and the sign bit of x = 0 are
//     let through, small order is let through); if no point has that
//     encoding, nothing verifies.
//
// The point computed is the same group element whatever table it is computed
// from, because the addition law used has no exceptional cases, and a point
// has one canonical encoding; hence the same verdict.
//
// Everything here runs in variable time. It handles public values only.
package ed25519prep

import (
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"filippo.io/edwards25519"

	"github.com/ocrkit/ocrkit/offchain/crypto/internal/hottable"
)

// PublicKeySize and SignatureSize are lengths in bytes.
const (
	PublicKeySize = 32
	SignatureSize = 64
)

// ErrNotAPoint says that a public key encodes no point of the curve.
var ErrNotAPoint = errors.New("public key encodes no point of the curve")

// Key is a public key prepared for verification. Make one with [Prepare] or
// [Cached] and keep the pointer; a Key must not be copied.
//
// All methods are safe for concurrent use.
type Key struct {
	pub [PublicKeySize]byte

	// minusA is nil if pub encodes no point.
	minusA *edwards25519.Point

	// The small table is made at the first signature that comes as far as
	// needing it: a key that is configured but never heard of costs no memory.
	once  sync.Once
	small *table

	// The wide table is made when the key has been used for some time.
	wide hottable.Slot[table]
}

// Prepare decodes pub. The key returned is never nil: if pub encodes no point,
// the error wraps [ErrNotAPoint] and the key verifies nothing, which is what
// crypto/ed25519 makes of such a key.
//
// The first signature that needs it makes a table of multiples of 26 KiB, at
// the cost of about three ordinary verifications. A key that has verified some
// hundred signatures gets one of 384 KiB besides, as long as [MaxWideTables]
// allows; the call of Verify or VerifyEach whose turn it is takes some 1.3 ms
// longer, no other one waits for it. A table that is not used while another key
// that has none is in much use is given up.
func Prepare(pub [PublicKeySize]byte) (*Key, error) {
	k := &Key{pub: pub}
	a, err := new(edwards25519.Point).SetBytes(pub[:])
	if err != nil {
		return k, fmt.Errorf("ed25519prep: %w: %x", ErrNotAPoint, pub)
	}
	k.minusA = a.Negate(a)
	return k, nil
}

// Public returns the key as it was given to [Prepare].
func (k *Key) Public() [PublicKeySize]byte { return k.pub }

// Verify reports whether sig is a signature of msg under this key, with the
// verdict of [crypto/ed25519.Verify]. A sig of another length than 64 bytes is
// none. It does not keep or change its arguments.
func (k *Key) Verify(msg, sig []byte) bool {
	p, ok := k.commitment(msg, sig)
	return ok && p.encode() == [32]byte(sig[:32])
}

// Check is a signature for [VerifyEach] to verify.
type Check struct {
	Key      *Key
	Msg, Sig []byte
}

// VerifyEach sets good[i] to the verdict of checks[i].Key.Verify on the message
// and the signature. Done together, signatures take about a quarter less time
// than one by one; each still has its own verdict, which does not depend on
// the others. good must be as long as checks.
func VerifyEach(good []bool, checks []Check) {
	// Encoding a point takes an inversion, which is what is shared.
	var points [sharedInversion]extended
	var of [sharedInversion]int
	for len(checks) > 0 {
		group := checks[:min(len(checks), sharedInversion)]
		n := 0
		for i, c := range group {
			if points[n], good[i] = c.Key.commitment(c.Msg, c.Sig); good[i] {
				of[n] = i
				n++
			}
		}
		var encoded [sharedInversion][32]byte
		encodeAll(encoded[:n], points[:n])
		for j, i := range of[:n] {
			good[i] = encoded[j] == [32]byte(group[i].Sig[:32])
		}
		checks, good = checks[len(group):], good[len(group):]
	}
}

// sharedInversion is how many points share an inversion, at most. With so many,
// what is left of it is small beside the rest, and the arrays fit on a stack.
const sharedInversion = 16

// commitment is [S]B - [k]A, whose encoding must be R. ok is false if the
// signature is bad whatever the encoding is.
func (k *Key) commitment(msg, sig []byte) (p extended, ok bool) {
	if k.minusA == nil || len(sig) != SignatureSize {
		return p, false
	}
	var sc edwards25519.Scalar
	if _, err := sc.SetCanonicalBytes(sig[32:]); err != nil {
		return p, false
	}
	s := sc.Bytes()
	challenge := k.challenge(sig[:32], msg)
	if _, err := sc.SetUniformBytes(challenge[:]); err != nil {
		return p, false // only for another length than 64
	}

	p = identity()
	k.table().addMultiple(&p, (*[32]byte)(sc.Bytes()))
	baseTable().addMultiple(&p, (*[32]byte)(s))
	return p, true
}

// table returns the table to verify a signature with. k must be a point.
func (k *Key) table() *table {
	if wide := k.wide.Get(&wideTables, binary.LittleEndian.Uint32(k.pub[:]), k.newWide); wide != nil {
		return wide
	}
	k.once.Do(func() { k.small = newTable(toExtended(k.minusA), smallLayout) })
	return k.small
}

func (k *Key) newWide() *table { return newTable(toExtended(k.minusA), wideLayout) }

// challenge is SHA-512(r ‖ pub ‖ msg).
func (k *Key) challenge(r, msg []byte) (out [64]byte) {
	// Protocol messages are short: they are hashed from a buffer on the stack
	// in one call, which spares the allocation of a hash.
	var buf [512]byte
	if len(msg) <= len(buf)-64 {
		n := copy(buf[:], r)
		n += copy(buf[n:], k.pub[:])
		n += copy(buf[n:], msg)
		return sha512.Sum512(buf[:n])
	}
	h := sha512.New()
	h.Write(r)
	h.Write(k.pub[:])
	h.Write(msg)
	h.Sum(out[:0])
	return out
}
