package ocr1

import (
	"bytes"
	"crypto/sha256"
	"slices"

	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
)

// What makes attested reports valid: everything that can be told without a look at the signatures, and the signatures to
// check then. Source: docs/protocol/ocr1.md, "Signatures and hashes".

// byValue orders observations as a report must have them.
func byValue(a, b ocr1wire.AttributedSignedObservation) int {
	return a.Observation.Compare(b.Observation)
}

// sameReport tells whether two reports count as one.
func sameReport(a, b ocr1wire.AttestedReportOne) bool {
	return slices.Equal(a.Observations, b.Observations)
}

// sameAttested tells whether two reports are the same, with the signature.
func sameAttested(a, b ocr1wire.AttestedReportOne) bool {
	return sameReport(a, b) && bytes.Equal(a.Signature, b.Signature)
}

// madeReport is a report in the contract's form.
type madeReport struct {
	round Round
	list  []ocr1wire.AttributedObservation
	bytes []byte
}

// onchainReport makes the report of a round in the contract's form. Most reports of a round are the same: it is made once.
func (c *core) onchainReport(round Round, list []ocr1wire.AttributedObservation) ([]byte, error) {
	if c.made.bytes == nil || c.made.round != round || !slices.Equal(c.made.list, list) {
		b, err := ocr1wire.OnchainReport(c.timestamp(round), list)
		if err != nil {
			return nil, err
		}
		c.made = madeReport{round, list, b}
	}
	return c.made.bytes, nil
}

// sameFinal tells whether two finals of a round are the same, with the signatures.
func sameFinal(a, b *ocr1wire.Final) bool {
	return slices.Equal(a.AttestedReport.Observations, b.AttestedReport.Observations) &&
		slices.EqualFunc(a.AttestedReport.Signatures, b.AttestedReport.Signatures, bytes.Equal)
}

// checkSignatures tells whether there are as many signatures as there can and must be.
func (c *core) checkSignatures(r *ocr1wire.AttestedReportMany) bool {
	return len(r.Signatures) > c.cfg.F && len(r.Signatures) <= c.cfg.N
}

// checkSigners tells whether those who made count signatures are that many distinct oracles of this instance.
func (c *core) checkSigners(count int, signers []int) (why kernel.DropReason, ok bool) {
	if len(signers) != count {
		return rounds.DropBadSignature, false
	}
	return c.CheckDistinct(count, func(i int) int { return signers[i] }, rounds.DropBadSignature)
}

// finalHash identifies a final with all its signatures.
func finalHash(f *ocr1wire.Final) [32]byte {
	b, err := ocr1wire.Encode(f)
	if err != nil { // not for a message that exists
		panic(err)
	}
	return sha256.Sum256(b)
}
