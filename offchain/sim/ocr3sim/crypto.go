package ocr3sim

import (
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/evm/evmutil"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// signatures is a signature scheme for all oracles of a run. A signature can only be made through the scheme, in the name
// of an oracle; the simulation lets an honest node sign in its own name, and traitors in the names of all traitors.
type signatures interface {
	signOffchain(signer commontypes.OracleID, message []byte) []byte
	signReport(signer commontypes.OracleID, seqNr uint64, report ocr3types.ReportWithInfo[any]) []byte
	// These must accept whatever arguments the network brings.
	verifyOffchain(signer commontypes.OracleID, message, signature []byte) bool
	verifyReport(signer commontypes.OracleID, seqNr uint64, report ocr3types.ReportWithInfo[any], signature []byte) bool
	maxSignatureLength() int
}

// seals is the cheap scheme.
type seals struct{ engine.Seals }

func newSeals(seed uint64) *seals { return &seals{engine.NewSeals("seals of OCR3 run ", seed)} }

// reportBytes is what signatures of reports cover.
func reportBytes(b []byte, seqNr uint64, r ocr3types.ReportWithInfo[any]) []byte {
	b = binary.BigEndian.AppendUint64(b, seqNr)
	b = binary.BigEndian.AppendUint64(b, uint64(len(r.Report)))
	return fmt.Append(append(b, r.Report...), r.Info)
}

func (s *seals) signOffchain(signer commontypes.OracleID, message []byte) []byte {
	seal := s.Seal(1, signer, message)
	return seal[:]
}

func (s *seals) signReport(signer commontypes.OracleID, seqNr uint64, report ocr3types.ReportWithInfo[any]) []byte {
	var buffer [192]byte
	seal := s.Seal(2, signer, reportBytes(buffer[:0], seqNr, report))
	return seal[:]
}

func (s *seals) verifyOffchain(signer commontypes.OracleID, message, signature []byte) bool {
	seal := s.Seal(1, signer, message)
	return subtle.ConstantTimeCompare(signature, seal[:]) == 1
}

func (s *seals) verifyReport(signer commontypes.OracleID, seqNr uint64, report ocr3types.ReportWithInfo[any], signature []byte) bool {
	return subtle.ConstantTimeCompare(signature, s.signReport(signer, seqNr, report)) == 1
}

func (s *seals) maxSignatureLength() int { return sha512.Size }

// realKeys is the scheme of EVM chains: Ed25519 among oracles, secp256k1 for the contract.
type realKeys struct {
	engine.Keys
	digest types.ConfigDigest
}

func (k *realKeys) reportHash(seqNr uint64, report ocr3types.ReportWithInfo[any]) common.Hash {
	return crypto.Keccak256Hash(k.digest[:], reportBytes(nil, seqNr, report))
}

func (k *realKeys) signOffchain(signer commontypes.OracleID, message []byte) []byte {
	return k.SignOffchain(signer, message)
}

func (k *realKeys) signReport(signer commontypes.OracleID, seqNr uint64, report ocr3types.ReportWithInfo[any]) []byte {
	return k.SignHash(signer, k.reportHash(seqNr, report))
}

func (k *realKeys) verifyOffchain(signer commontypes.OracleID, message, signature []byte) bool {
	return k.VerifyOffchain(signer, message, signature)
}

func (k *realKeys) verifyReport(signer commontypes.OracleID, seqNr uint64, report ocr3types.ReportWithInfo[any], signature []byte) bool {
	return k.Recover(k.reportHash(seqNr, report), signature) == int(signer)
}

func (k *realKeys) maxSignatureLength() int { return evmutil.SignatureLength }
