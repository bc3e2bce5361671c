package ocr2

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// What makes attested reports valid: everything that can be told without a look at the signatures, and the signatures to
// check then. Source: docs/protocol/ocr2.md, "Signatures and hashes".

// checkFinal tells whether the signatures of a final are as many as they must be, by distinct oracles of this instance.
func (c *core) checkFinal(f *ocr2wire.Final) (why kernel.DropReason, ok bool) {
	signatures := f.AttestedReport.AttributedSignatures
	if len(signatures) != c.cfg.ReportQuorum {
		return rounds.DropSignatureCount, false
	}
	return c.CheckDistinct(len(signatures), func(i int) int { return int(signatures[i].Signer) }, rounds.DropBadSigner)
}

// finalSignatures lists the signatures of a final.
func (c *core) finalSignatures(f *ocr2wire.Final) []kernel.SignatureCheck {
	context := &types.ReportContext{ReportTimestamp: c.timestamp(Round{Epoch: f.Epoch, Round: f.Round}), ExtraHash: f.H}
	checks := make([]kernel.SignatureCheck, len(f.AttestedReport.AttributedSignatures))
	for i, s := range f.AttestedReport.AttributedSignatures {
		checks[i] = kernel.SignatureCheck{
			Kind: kernel.OnchainSignature, Signer: s.Signer, Signature: s.Signature, Context: context, Report: f.AttestedReport.Report,
		}
	}
	return checks
}

// checkSkip tells whether a skip carries nothing, as it must.
func checkSkip(r *ocr2wire.AttestedReportOne) bool {
	return len(r.Report) == 0 && len(r.Signature) == 0
}

// reportSignature is the signature of a report by one oracle.
func (c *core) reportSignature(
	round Round, h [32]byte, r *ocr2wire.AttestedReportOne, signer commontypes.OracleID,
) kernel.SignatureCheck {
	return kernel.SignatureCheck{
		Kind: kernel.OnchainSignature, Signer: signer, Signature: r.Signature, Report: r.Report,
		Context: &types.ReportContext{ReportTimestamp: c.timestamp(round), ExtraHash: h},
	}
}

// finalHash identifies a final with all its signatures.
func finalHash(f *ocr2wire.Final) [32]byte {
	size := 4 + 1 + len(f.H) + 8 + len(f.AttestedReport.Report)
	for _, s := range f.AttestedReport.AttributedSignatures {
		size += 1 + 8 + len(s.Signature)
	}
	var buffer [4096]byte
	b := buffer[:0]
	if size > len(buffer) {
		b = make([]byte, 0, size)
	}
	b = binary.BigEndian.AppendUint32(b, f.Epoch)
	b = append(b, f.Round)
	b = append(b, f.H[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(len(f.AttestedReport.Report)))
	b = append(b, f.AttestedReport.Report...)
	for _, s := range f.AttestedReport.AttributedSignatures {
		b = append(b, byte(s.Signer))
		b = binary.BigEndian.AppendUint64(b, uint64(len(s.Signature)))
		b = append(b, s.Signature...)
	}
	return sha256.Sum256(b)
}
