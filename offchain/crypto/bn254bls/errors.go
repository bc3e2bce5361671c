package bn254bls

import "errors"

// What can be wrong with an input. The errors that functions return wrap one of
// these and say which part of the input it is about.
var (
	// ErrLength: an encoding has not the number of bytes that it must have.
	ErrLength = errors.New("wrong length")
	// ErrNotReduced: a coordinate is not below the field prime, or a secret key
	// not below the group order.
	ErrNotReduced = errors.New("number out of range")
	// ErrNotOnCurve: coordinates are those of no point of the curve.
	ErrNotOnCurve = errors.New("not on the curve")
	// ErrNotInSubgroup: a point of G2's curve is outside of the subgroup of order r.
	ErrNotInSubgroup = errors.New("not in the subgroup of prime order")
	// ErrInfinity: a key or a sum of points is the point at infinity, or a secret
	// key is zero.
	ErrInfinity = errors.New("point at infinity")
	// ErrCounter: the hash to G1 is not defined for this digest and counter.
	ErrCounter = errors.New("counter does not map to the curve")
	// ErrMixedCounters: signatures to be aggregated have different counters, that
	// is, they are on different points.
	ErrMixedCounters = errors.New("signatures have different counters")
	// ErrNothingToAggregate: there is no signature or no key to add up.
	ErrNothingToAggregate = errors.New("nothing to aggregate")
	// ErrSignature: a well-formed signature is not one by this key on this digest.
	ErrSignature = errors.New("signature does not verify")
	// ErrProof: a proof of possession is not one of this key.
	ErrProof = errors.New("proof of possession does not verify")
	// ErrDuplicateKey: a list of keys holds the same key twice.
	ErrDuplicateKey = errors.New("duplicate key")
	// ErrTooManyKeys: a list holds more than MaxKeys keys.
	ErrTooManyKeys = errors.New("too many keys")
	// ErrErased: the secret key was erased.
	ErrErased = errors.New("secret key was erased")
)
