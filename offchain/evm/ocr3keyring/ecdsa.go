package ocr3keyring

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/gen/ocr3"
	"github.com/ocrkit/ocrkit/offchain/crypto/secp256k1prep"
	"github.com/ocrkit/ocrkit/offchain/evm/evmutil"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// ECDSA is the scheme of OCR3ECDSAAttestationVerifier: secp256k1 signatures of 65 bytes, r, s and v (0 or 1), and addresses as
// public keys.
var ECDSA Scheme = ecdsaScheme{}

type ecdsaScheme struct{}

func (ecdsaScheme) Name() string { return "ecdsa" }

func (ecdsaScheme) String() string { return "ECDSA (secp256k1)" }

func (ecdsaScheme) PublicKeyLength() int { return ocr3.ECDSAKeyLength }

func (ecdsaScheme) SignatureLength() int { return evmutil.SignatureLength }

// Verify accepts both twins of a signature (low and high s): an attestation can be made of either.
func (ecdsaScheme) Verify(publicKey types.OnchainPublicKey, reportHash [32]byte, signature []byte) bool {
	if len(publicKey) != common.AddressLength || len(signature) != evmutil.SignatureLength || signature[64] > 1 {
		return false
	}
	return secp256k1prep.Verify([common.AddressLength]byte(publicKey), reportHash, signature)
}

func (s ecdsaScheme) KeyList(publicKeys []types.OnchainPublicKey) ([]byte, error) {
	if err := checkNumberOfKeys(publicKeys, s.PublicKeyLength()); err != nil {
		return nil, fmt.Errorf("ocr3keyring: ECDSA key list: %w", err)
	}
	oracles := map[common.Address]int{}
	var list ocr3.ECDSAKeys
	for i, publicKey := range publicKeys {
		key := common.BytesToAddress(publicKey)
		if key == (common.Address{}) {
			return nil, fmt.Errorf("ocr3keyring: ECDSA key list: key of oracle %d is the zero address", i)
		}
		if other, ok := oracles[key]; ok {
			return nil, fmt.Errorf("ocr3keyring: ECDSA key list: oracles %d and %d have the same key %v", other, i, key)
		}
		oracles[key] = i
		list.Keys = append(list.Keys, key)
	}
	return ocr3.AppendECDSAKeys(nil, &list)
}

func (e ecdsaScheme) VerifyAttestation(publicKeys []types.OnchainPublicKey, f int, reportHash [32]byte, attestation []byte) error {
	required, err := requiredSignatures(f)
	if err != nil {
		return err
	}
	if len(attestation) != ocr3.ECDSAAttestationSize(required) {
		return ocr3.ErrInvalidAttestationLength
	}
	var a ocr3.ECDSAAttestation
	if err := ocr3.DecodeECDSAAttestation(attestation, &a); err != nil {
		return err
	}
	if namesStrangers(a.Signers, len(publicKeys)) {
		return ocr3.ErrInvalidAttestationAttributionBitmask
	}
	// A bit without a signature does not count as one. (A contract takes whatever follows in the calldata for a signature, and may
	// revert with the other error.)
	matches, named := 0, 0
	for i, publicKey := range publicKeys {
		if a.Signers>>i&1 == 0 {
			continue
		}
		if named < len(a.Signatures) {
			s := a.Signatures[named]
			if e.Verify(publicKey, reportHash, slices.Concat(s.R[:], s.S[:], []byte{0})) {
				matches++
			}
		}
		named++
	}
	switch {
	case matches != required:
		return ocr3.ErrInvalidAttestationNumberOfSignatures
	case named != required:
		return ocr3.ErrInvalidAttestationAttributionBitmask
	}
	return nil
}

func (ecdsaScheme) Attestation(n, f int, signatures []types.AttributedOnchainSignature) ([]byte, error) {
	sorted, signers, err := bySigner(n, f, signatures)
	if err != nil {
		return nil, fmt.Errorf("ocr3keyring: ECDSA attestation: %w", err)
	}
	attestation := ocr3.ECDSAAttestation{Signers: signers, Signatures: make([]ocr3.ECDSASignature, len(sorted))}
	for i, s := range sorted {
		if attestation.Signatures[i], err = withRecoveryID0(s.Signature); err != nil {
			return nil, fmt.Errorf("ocr3keyring: ECDSA attestation: signature of oracle %d: %w", s.Signer, err)
		}
	}
	return ocr3.AppendECDSAAttestation(nil, &attestation)
}

// withRecoveryID0 brings a signature into the form that contracts take. The points r·G and -r·G have the same x and opposite
// parities of y, so negating s turns recovery id 1 into 0.
func withRecoveryID0(signature []byte) (ocr3.ECDSASignature, error) {
	rBytes, sBytes, v, err := evmutil.SplitSignature(signature)
	if err != nil {
		return ocr3.ECDSASignature{}, err
	}
	if v > 1 {
		return ocr3.ECDSASignature{}, fmt.Errorf("recovery id is %d, must be 0 or 1", v)
	}
	r, s := new(big.Int).SetBytes(rBytes[:]), new(big.Int).SetBytes(sBytes[:])
	if !crypto.ValidateSignatureValues(v, r, s, false) {
		return ocr3.ECDSASignature{}, fmt.Errorf("r or s is not between 1 and the order of the group")
	}
	if v == 1 {
		s.Sub(crypto.S256().Params().N, s).FillBytes(sBytes[:])
	}
	return ocr3.ECDSASignature{R: rBytes, S: sBytes}, nil
}
