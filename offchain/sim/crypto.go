package sim

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// signatures is a signature scheme for all oracles of a run. A signature can only be made through the scheme, in the name
// of an oracle; the simulation lets an honest node sign in its own name, and traitors in the names of all traitors.
type signatures interface {
	signOffchain(signer commontypes.OracleID, message []byte) []byte
	signOnchain(signer commontypes.OracleID, ctx types.ReportContext, report types.Report) []byte
	// verify must accept whatever arguments the network brings.
	verify(check *kernel.SignatureCheck) bool
	maxSignatureLength() int
}

// seals is a scheme that costs a hash for a signature: the hash of a secret of the run, the signer and the message. No
// traitor is given the secret, so none can make a seal in another's name.
type seals struct{ secret [16]byte }

const sealLength = 16

func newSeals(seed uint64) *seals {
	var s seals
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("seals of run "), seed))
	copy(s.secret[:], sum[:])
	return &s
}

func (s *seals) seal(kind kernel.SignatureKind, signer commontypes.OracleID, message []byte) []byte {
	var buffer [256]byte
	b := append(buffer[:0], s.secret[:]...)
	b = append(b, byte(kind), byte(signer))
	b = append(b, message...)
	sum := sha256.Sum256(b)
	return append([]byte(nil), sum[:sealLength]...)
}

func attested(b []byte, ctx *types.ReportContext, report types.Report) []byte {
	b = append(b, ctx.ConfigDigest[:]...)
	b = binary.BigEndian.AppendUint32(b, ctx.Epoch)
	b = append(b, ctx.Round)
	b = append(b, ctx.ExtraHash[:]...)
	return append(b, report...)
}

func (s *seals) signOffchain(signer commontypes.OracleID, message []byte) []byte {
	return s.seal(kernel.OffchainSignature, signer, message)
}

func (s *seals) signOnchain(signer commontypes.OracleID, ctx types.ReportContext, report types.Report) []byte {
	var buffer [192]byte
	return s.seal(kernel.OnchainSignature, signer, attested(buffer[:0], &ctx, report))
}

func (s *seals) verify(check *kernel.SignatureCheck) bool {
	message := check.Message
	if check.Kind == kernel.OnchainSignature {
		var buffer [192]byte
		message = attested(buffer[:0], check.Context, check.Report)
	}
	return subtle.ConstantTimeCompare(check.Signature, s.seal(check.Kind, check.Signer, message)) == 1
}

func (s *seals) maxSignatureLength() int { return sealLength }
