package ocr3keyring

import (
	"fmt"
	"math/bits"

	"github.com/ocrkit/ocrkit/gen/ocr3"
	"github.com/ocrkit/ocrkit/offchain/crypto/bn254bls"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// BLS is the scheme of OCR3BLSAttestationVerifier: signatures on BN254 of 33 bytes, a compressed point and a counter, and public
// keys with their proofs of possession. A key that Verify is given is only as good as its proof, which KeyList checks and Verify
// does not.
var BLS Scheme = blsScheme{}

type blsScheme struct{}

func (blsScheme) Name() string { return "bls" }

func (blsScheme) String() string { return "BLS (BN254)" }

func (blsScheme) PublicKeyLength() int { return bn254bls.KeySize }

func (blsScheme) SignatureLength() int { return bn254bls.SignatureSize }

func (blsScheme) Verify(publicKey types.OnchainPublicKey, reportHash [32]byte, signature []byte) bool {
	if len(publicKey) != bn254bls.KeySize || len(signature) != bn254bls.SignatureSize {
		return false
	}
	sig := bn254bls.Signature(signature)
	// Every counter before that of the signature must be unusable. About every third is usable, so this ends early whatever the
	// signature says.
	for counter := range sig.Counter() {
		if _, err := bn254bls.HashToG1(reportHash, counter); err == nil {
			return false
		}
	}
	key, err := blsKeys.get([bn254bls.KeySize]byte(publicKey))
	return err == nil && key.Verify(reportHash, sig) == nil
}

func (s blsScheme) KeyList(publicKeys []types.OnchainPublicKey) ([]byte, error) {
	if err := checkNumberOfKeys(publicKeys, s.PublicKeyLength()); err != nil {
		return nil, fmt.Errorf("ocr3keyring: BLS key list: %w", err)
	}
	oracles := map[[bn254bls.PublicKeySize]byte]int{}
	var list ocr3.BLSKeys
	for i, publicKey := range publicKeys {
		entry, err := bn254bls.DecodeKeyEntry(publicKey)
		if err == nil {
			err = entry.Check()
		}
		if err != nil {
			return nil, fmt.Errorf("ocr3keyring: BLS key list: key of oracle %d: %w", i, err)
		}
		key := entry.PublicKey.Bytes()
		if other, ok := oracles[key]; ok {
			return nil, fmt.Errorf("ocr3keyring: BLS key list: oracles %d and %d have the same key", other, i)
		}
		oracles[key] = i
		list.Keys = append(list.Keys, ocr3.BLSKey{})
		if err := ocr3.DecodeBLSKey(publicKey, &list.Keys[i]); err != nil {
			return nil, fmt.Errorf("ocr3keyring: BLS key list: key of oracle %d: %w", i, err)
		}
	}
	return ocr3.AppendBLSKeys(nil, &list)
}

func (blsScheme) VerifyAttestation(publicKeys []types.OnchainPublicKey, f int, reportHash [32]byte, attestation []byte) error {
	if len(attestation) != ocr3.BLSAttestationSize {
		return ocr3.ErrInvalidAttestationLength
	}
	var a ocr3.BLSAttestation
	if err := ocr3.DecodeBLSAttestation(attestation, &a); err != nil {
		return err
	}
	if a.Signers == 0 || namesStrangers(a.Signers, len(publicKeys)) {
		return ocr3.ErrInvalidAttestationAttributionBitmask
	}
	required, err := requiredSignatures(f)
	if err != nil {
		return err
	}
	if bits.OnesCount32(a.Signers) != required {
		return ocr3.ErrInvalidAttestationNumberOfSignatures
	}
	var named []*bn254bls.PublicKey
	for i, publicKey := range publicKeys {
		if a.Signers>>i&1 == 0 {
			continue
		}
		if len(publicKey) != bn254bls.KeySize {
			return fmt.Errorf("ocr3keyring: BLS attestation: key of oracle %d has %d bytes, must have %d", i, len(publicKey), bn254bls.KeySize)
		}
		key, err := blsKeys.get([bn254bls.KeySize]byte(publicKey))
		if err != nil {
			return fmt.Errorf("ocr3keyring: BLS attestation: key of oracle %d: %w", i, err)
		}
		named = append(named, key)
	}
	sum, err := bn254bls.AggregatePublicKeys(named)
	if err != nil {
		return ocr3.ErrInvalidAttestation // keys that cancel each other out
	}
	if sum.Verify(reportHash, bn254bls.Signature(attestation[len(attestation)-bn254bls.SignatureSize:])) != nil {
		return ocr3.ErrInvalidAttestation
	}
	return nil
}

func (blsScheme) Attestation(n, f int, signatures []types.AttributedOnchainSignature) ([]byte, error) {
	sorted, signers, err := bySigner(n, f, signatures)
	if err != nil {
		return nil, fmt.Errorf("ocr3keyring: BLS attestation: %w", err)
	}
	parts := make([]bn254bls.Signature, len(sorted))
	for i, s := range sorted {
		if parts[i], err = bn254bls.DecodeSignature(s.Signature); err != nil {
			return nil, fmt.Errorf("ocr3keyring: BLS attestation: signature of oracle %d: %w", s.Signer, err)
		}
	}
	sum, err := bn254bls.Aggregate(parts)
	if err != nil {
		return nil, fmt.Errorf("ocr3keyring: BLS attestation: %w", err)
	}
	return ocr3.AppendBLSAttestation(nil, &ocr3.BLSAttestation{Signers: signers, Signature: sum.Point(), Counter: sum.Counter()})
}
