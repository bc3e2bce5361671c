package ocr3keyring

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/gen/ocr3"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// MaxOracles is the largest number of oracles that a verifier contract knows. It is more than the protocol allows.
const MaxOracles = ocr3.MaxNumOracles

// Scheme is a signature scheme of the attestation verifiers. Implementations are safe for concurrent use.
type Scheme interface {
	// Name returns what the function attestationScheme of contracts with the scheme returns: "ecdsa" or "bls".
	Name() string

	// String returns the name of the scheme for people.
	String() string

	// PublicKeyLength returns the length in bytes of on-chain public keys.
	PublicKeyLength() int

	// SignatureLength returns the length in bytes of signatures among oracles.
	SignatureLength() int

	// Verify tells whether the signature on a report hash is by the key. All arguments may come from an adversary.
	Verify(publicKey types.OnchainPublicKey, reportHash [32]byte, signature []byte) bool

	// KeyList returns the keys of the oracles, in the order of their ids, in the form in which the contract takes them. It refuses
	// what the contract would refuse: more than MaxOracles, keys that are none, the same key twice. An error names the oracle.
	KeyList(publicKeys []types.OnchainPublicKey) ([]byte, error)

	// VerifyAttestation tells whether a contract with these keys accepts the attestation of a report hash, and returns the error that
	// it reverts with otherwise: one of the Err variables of package gen/ocr3. For example a transmitter can check before it pays
	// for a transaction. It does not check the keys; see KeyList.
	VerifyAttestation(publicKeys []types.OnchainPublicKey, f int, reportHash [32]byte, attestation []byte) error

	// Attestation turns the signatures of f+1 of n oracles, in any order, into an attestation. It refuses what cannot be one: another
	// number of signatures, two by one oracle, an oracle that is not there, n above MaxOracles, a malformed signature. It does not
	// verify the signatures; the protocol has done that.
	Attestation(n, f int, signatures []types.AttributedOnchainSignature) ([]byte, error)
}

// SchemeNamed returns the scheme with that Name. Errors list the names that there are.
func SchemeNamed(name string) (Scheme, error) {
	for _, scheme := range []Scheme{ECDSA, BLS} {
		if scheme.Name() == name {
			return scheme, nil
		}
	}
	return nil, fmt.Errorf("attestation scheme %.40q is unknown, want %q or %q", name, ECDSA.Name(), BLS.Name())
}

// ReportHash returns what oracles sign of a report.
func ReportHash(configDigest types.ConfigDigest, seqNr uint64, report types.Report) [32]byte {
	preimage := ocr3.ReportHashPreimage{ConfigDigest: configDigest, SeqNr: seqNr, HashOfReport: crypto.Keccak256Hash(report)}
	return preimage.Digest()
}

// bySigner checks who signed, and returns the signatures by ascending oracle id and the bitmask of their signers.
func bySigner(n, f int, signatures []types.AttributedOnchainSignature) (sorted []types.AttributedOnchainSignature, signers uint32, err error) {
	if n < 1 || n > MaxOracles {
		return nil, 0, fmt.Errorf("there are %d oracles, must be 1 to %d", n, MaxOracles)
	}
	if f < 0 || f >= n {
		return nil, 0, fmt.Errorf("f is %d, must be 0 to %d", f, n-1)
	}
	if len(signatures) != f+1 {
		return nil, 0, fmt.Errorf("there are %d signatures, must be f+1 = %d", len(signatures), f+1)
	}
	for _, s := range signatures {
		if int(s.Signer) >= n {
			return nil, 0, fmt.Errorf("there is a signature of oracle %d, but there are only %d oracles", s.Signer, n)
		}
		bit := uint32(1) << s.Signer
		if signers&bit != 0 {
			return nil, 0, fmt.Errorf("there are two signatures of oracle %d", s.Signer)
		}
		signers |= bit
	}
	sorted = slices.SortedFunc(slices.Values(signatures), func(a, b types.AttributedOnchainSignature) int {
		return cmp.Compare(a.Signer, b.Signer)
	})
	return sorted, signers, nil
}

// requiredSignatures returns f+1, as contracts compute it.
func requiredSignatures(f int) (int, error) {
	if f < 0 || f > maxF {
		return 0, fmt.Errorf("ocr3keyring: f is %d, must be 0 to %d", f, maxF)
	}
	return f + 1, nil
}

// maxF is the largest f with which contracts verify anything: they compute f+1 in eight bits.
const maxF = math.MaxUint8 - 1

// namesStrangers tells whether a bitmask names oracles that are not there.
func namesStrangers(signers uint32, n int) bool { return uint64(signers)>>min(n, 64) != 0 }

// checkNumberOfKeys checks what is common to the key lists of all schemes.
func checkNumberOfKeys(publicKeys []types.OnchainPublicKey, length int) error {
	if len(publicKeys) > MaxOracles {
		return fmt.Errorf("there are %d keys, at most %d are allowed", len(publicKeys), MaxOracles)
	}
	for i, key := range publicKeys {
		if len(key) != length {
			return fmt.Errorf("key of oracle %d has %d bytes, must have %d", i, len(key), length)
		}
	}
	return nil
}
