package ocr1sim

import (
	"crypto/subtle"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
)

// signatures is a signature scheme for all oracles of a run. A signature can only be made through the scheme, in the name
// of an oracle; the simulation lets an honest node sign in its own name, and traitors in the names of all traitors.
type signatures interface {
	signOffchain(signer commontypes.OracleID, message []byte) []byte
	// signReport returns r, s, v: 65 bytes.
	signReport(signer commontypes.OracleID, report []byte) []byte
	// These must accept whatever arguments the network brings. signer returns who signed a report, -1 if none of the oracles.
	verify(check *kernel.SignatureCheck) bool
	signer(report, signature []byte) int
}

// seals is the cheap scheme. The signature of a report says whose it is: byte 63.
type seals struct{ engine.Seals }

const whose = 63

func newSeals(seed uint64) *seals { return &seals{engine.NewSeals("seals of OCR1 run ", seed)} }

func (s *seals) signOffchain(signer commontypes.OracleID, message []byte) []byte {
	seal := s.Seal(1, signer, message)
	return seal[:]
}

func (s *seals) signReport(signer commontypes.OracleID, report []byte) []byte {
	seal := s.Seal(2, signer, report)
	v := seal[whose] & 1
	seal[whose] = byte(signer)
	return append(seal[:], v)
}

func (s *seals) verify(check *kernel.SignatureCheck) bool {
	if check.Kind == kernel.OnchainSignature {
		return s.signer(check.Report, check.Signature) == int(check.Signer)
	}
	seal := s.Seal(1, check.Signer, check.Message)
	return subtle.ConstantTimeCompare(check.Signature, seal[:]) == 1
}

func (s *seals) signer(report, signature []byte) int {
	if len(signature) != crypto.SignatureLength {
		return -1
	}
	signer := commontypes.OracleID(signature[whose])
	if subtle.ConstantTimeCompare(signature, s.signReport(signer, report)) != 1 {
		return -1
	}
	return int(signer)
}

// realKeys is the scheme of EVM chains: Ed25519 among oracles, secp256k1 for the contract.
type realKeys struct{ engine.Keys }

func (k *realKeys) signOffchain(signer commontypes.OracleID, message []byte) []byte {
	return k.SignOffchain(signer, message)
}

func (k *realKeys) signReport(signer commontypes.OracleID, report []byte) []byte {
	return k.SignHash(signer, crypto.Keccak256Hash(report))
}

func (k *realKeys) verify(check *kernel.SignatureCheck) bool {
	if check.Kind == kernel.OnchainSignature {
		return k.signer(check.Report, check.Signature) == int(check.Signer)
	}
	return k.VerifyOffchain(check.Signer, check.Message, check.Signature)
}

func (k *realKeys) signer(report, signature []byte) int {
	return k.Recover(crypto.Keccak256Hash(report), signature)
}
