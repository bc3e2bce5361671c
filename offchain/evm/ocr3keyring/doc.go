// Package ocr3keyring signs OCR3 reports for the attestation verifier contracts (solidity/ocr3), verifies such signatures, and
// turns them into what the contracts take: key lists and attestations.
//
// There are two schemes, see [Scheme]: [ECDSA] signs with secp256k1 keys, [BLS] with keys on BN254 whose signatures add up, so that
// an attestation has 37 bytes however many oracles sign. In both, what is signed is [ReportHash]: keccak256 over the config digest,
// the sequence number and the hash of the report. The info of a report is not signed.
//
//	scheme     on-chain public key               signature       attestation by f+1 oracles
//	ECDSA      20: address                       65: r, s, v     4 + 64*(f+1): bitmask, then r, s by ascending oracle id
//	BLS       161: point of G2, proof of          33: point of    37: bitmask, sum of the signatures, counter
//	               possession                         G1, counter
//
// An on-chain public key is what the key list of the contract holds of an oracle, so a key list is the signers of a config, one
// behind the other.
//
// # Signatures among oracles
//
// ECDSA signatures have a low s and their recovery id, as Ethereum's libraries make them; the attestation has them in the form with
// recovery id 0, which is the same signature with s negated if need be.
//
// BLS signatures are refused unless they were made with the first usable counter, although the contract would take any: signatures
// with different counters do not add up, and a faulty oracle must not be able to spoil the attestation of the others by the choice
// of another one.
//
// # Other contracts
//
// Contracts that are no attestation verifiers take reports of OCR3 with the signatures themselves, as contracts of OCR2 do. What is
// signed for them is a [Format]: [NewInFormat]. Oracles that report to chains of several kinds have a [MultiChain].
package ocr3keyring
