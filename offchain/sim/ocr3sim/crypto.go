package ocr3sim

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/evm/evmutil"
	"github.com/ocrkit/ocrkit/offchain/keys"
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

// seals is a scheme that costs a hash for a signature: the hash of a secret of the run, the signer and the message. No
// traitor is given the secret, so none can make a seal in another's name.
type seals struct{ secret [16]byte }

func newSeals(seed uint64) *seals {
	var s seals
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("seals of OCR3 run "), seed))
	copy(s.secret[:], sum[:])
	return &s
}

func (s *seals) seal(kind byte, signer commontypes.OracleID, message []byte) [sha512.Size]byte {
	var buffer [256]byte
	b := append(buffer[:0], s.secret[:]...)
	b = append(b, kind, byte(signer))
	return sha512.Sum512(append(b, message...))
}

// reportBytes is what signatures of reports cover.
func reportBytes(b []byte, seqNr uint64, r ocr3types.ReportWithInfo[any]) []byte {
	b = binary.BigEndian.AppendUint64(b, seqNr)
	b = binary.BigEndian.AppendUint64(b, uint64(len(r.Report)))
	return fmt.Append(append(b, r.Report...), r.Info)
}

func (s *seals) signOffchain(signer commontypes.OracleID, message []byte) []byte {
	seal := s.seal(1, signer, message)
	return seal[:]
}

func (s *seals) signReport(signer commontypes.OracleID, seqNr uint64, report ocr3types.ReportWithInfo[any]) []byte {
	var buffer [192]byte
	seal := s.seal(2, signer, reportBytes(buffer[:0], seqNr, report))
	return seal[:]
}

func (s *seals) verifyOffchain(signer commontypes.OracleID, message, signature []byte) bool {
	seal := s.seal(1, signer, message)
	return subtle.ConstantTimeCompare(signature, seal[:]) == 1
}

func (s *seals) verifyReport(signer commontypes.OracleID, seqNr uint64, report ocr3types.ReportWithInfo[any], signature []byte) bool {
	return subtle.ConstantTimeCompare(signature, s.signReport(signer, seqNr, report)) == 1
}

func (s *seals) maxSignatureLength() int { return sha512.Size }

// realKeys is the scheme of EVM chains: Ed25519 among oracles, secp256k1 for the contract.
type realKeys struct {
	digest  types.ConfigDigest
	bundles []*keys.Bundle
}

func newRealKeys(seed uint64, n int, digest types.ConfigDigest) (*realKeys, error) {
	random := engine.Random(seed)
	k := &realKeys{digest: digest}
	for range n {
		bundle, err := keys.GenerateBundle(random)
		if err != nil {
			return nil, fmt.Errorf("ocr3sim: %w", err)
		}
		k.bundles = append(k.bundles, bundle)
	}
	return k, nil
}

func (k *realKeys) reportHash(seqNr uint64, report ocr3types.ReportWithInfo[any]) common.Hash {
	return crypto.Keccak256Hash(k.digest[:], reportBytes(nil, seqNr, report))
}

func (k *realKeys) signOffchain(signer commontypes.OracleID, message []byte) []byte {
	signature, err := k.bundles[signer].Offchain.OffchainSign(message)
	if err != nil {
		panic(err) // keys in memory do not fail
	}
	return signature
}

func (k *realKeys) signReport(signer commontypes.OracleID, seqNr uint64, report ocr3types.ReportWithInfo[any]) []byte {
	signature, err := k.bundles[signer].Onchain.SignHash(k.reportHash(seqNr, report))
	if err != nil {
		panic(err) // keys in memory do not fail
	}
	return signature
}

func (k *realKeys) verifyOffchain(signer commontypes.OracleID, message, signature []byte) bool {
	public := k.bundles[signer].Offchain.OffchainPublicKey()
	return ed25519.Verify(public[:], message, signature)
}

func (k *realKeys) verifyReport(signer commontypes.OracleID, seqNr uint64, report ocr3types.ReportWithInfo[any], signature []byte) bool {
	if len(signature) != evmutil.SignatureLength {
		return false
	}
	hash := k.reportHash(seqNr, report)
	public, err := crypto.SigToPub(hash[:], signature)
	return err == nil && crypto.PubkeyToAddress(*public) == k.bundles[signer].Onchain.Address()
}

func (k *realKeys) maxSignatureLength() int { return evmutil.SignatureLength }
