// Package bn254bls signs and verifies with BLS over the pairing-friendly curve
// BN254 (alt_bn128), the curve of Ethereum's precompiles, in the form that the
// BLS attestation verifier contracts check (solidity/ocr3).
//
// # The scheme
//
// Signatures are points of G1, public keys points of G2. A secret key is a
// number x from 1 to r-1, r being the order of the groups; its public key is
// x·G2, and its signature on a 32-byte digest d is x·H(d, c), where H is the
// hash to G1 described at [HashToG1] and c a counter byte for which it is
// defined. A signature travels with its counter: see [Signature].
//
// Signatures on the same digest with the same counter add up to one that the sum of the
// public keys verifies: [Aggregate]. Whoever chooses his public key freely,
// knowing those of others, could make that sum anything he likes (a "rogue
// key"). So a public key counts only together with a proof of possession: a
// signature by the key on a digest of the key under a domain of its own. See
// [SecretKey.ProvePossession] and [KeyEntry].
//
// All signers of one aggregate must use the same counter. They agree without a
// word by each using the first that is usable, as [SecretKey.Sign] does. Which
// it is depends on the digest alone.
//
// # Encodings
//
//	secret key   32   big-endian number
//	public key  128   x imaginary, x real, y imaginary, y real; 32 bytes each, big-endian
//	G1 point     32   big-endian x; the top bit is the lowest bit of y
//	signature    33   G1 point, counter
//	proof        33   G1 point, counter
//	key entry   161   public key, proof
//
// Every coordinate must be below the field prime, every point on its curve,
// every public key in the subgroup of order r; none of them may be infinity.
// (The curve G1 has order r itself, and infinity has no encoding there.)
// Whatever breaks one of these rules is refused when it is decoded.
//
// # Side channels
//
// Operations on secret keys ([SecretKeyFromBytes], [GenerateSecretKey],
// [SecretKey.Sign], [SecretKey.ProvePossession]) do the same field operations
// in the same order for every key, and access no memory at addresses that
// depend on it. Sums of field elements are done here, without branches; products
// are those of gnark-crypto, which makes no promise about timing: they are
// assembly without branches on amd64 and arm64, but elsewhere, and with the build tag
// purego, they branch on whether the result has to be reduced. Erase
// overwrites the copy of the key that is in the SecretKey; copies that the garbage
// collector or the stack made are beyond the reach of Go code.
//
// Everything else handles public values and runs in variable time.
package bn254bls
