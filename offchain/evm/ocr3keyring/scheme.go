package ocr3keyring

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/gen/ocr3"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// MaxOracles is the largest number of oracles that a verifier contract knows. It is more than the protocol allows.
const MaxOracles = ocr3.MaxNumOracles

// Scheme is a signature scheme of the attestation verifiers. Implementations are safe for concurrent use.
type Scheme interface {
	// String returns the name of the scheme.
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

	// Attestation turns the signatures of f+1 of n oracles, in any order, into an attestation. It refuses what cannot be one: another
	// number of signatures, two by one oracle, an oracle that is not there, n above MaxOracles, a malformed signature. It does not
	// verify the signatures; the protocol has done that.
	Attestation(n, f int, signatures []types.AttributedOnchainSignature) ([]byte, error)
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

// errNoKeys says that a key list would be empty. Contracts take it, but nobody means it.
var errNoKeys = errors.New("there are no keys")

// checkNumberOfKeys checks what is common to the key lists of all schemes.
func checkNumberOfKeys(publicKeys []types.OnchainPublicKey, length int) error {
	if len(publicKeys) == 0 {
		return errNoKeys
	}
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
