package ocr3wire

import (
	"crypto/ed25519"
	"fmt"
)

// SizeLimits bound the parts of messages.
type SizeLimits struct {
	N      int // oracles
	Quorum int // Byzantine quorum: more than (n+f)/2

	// The plugin's limits, in bytes; the last one is a count.
	MaxQueryLength       int
	MaxObservationLength int
	MaxOutcomeLength     int
	MaxReportCount       int

	MaxSignatureLength int // of the onchain keyring
}

// CheckSize tells whether the parts of a message are within their limits; the error names the first that is not. It applies to
// messages received and to messages to be sent alike.
//
// Source: docs/protocol/ocr3.md, "Limits".
func CheckSize(m Message, limits SizeLimits) error {
	c := sizeCheck{kind: m.Kind(), limits: limits}
	switch m := m.(type) {
	case *NewEpochWish, *CertifiedCommitRequest:
	case *EpochStartRequest:
		c.certificate(m.HighestCertified)
		c.timestamp(&m.SignedHighestCertifiedTimestamp)
	case *EpochStart:
		c.certificate(m.EpochStartProof.HighestCertified)
		c.count("signed timestamps", len(m.EpochStartProof.HighestCertifiedProof), limits.Quorum)
		for i := range m.EpochStartProof.HighestCertifiedProof {
			c.timestamp(&m.EpochStartProof.HighestCertifiedProof[i].SignedHighestCertifiedTimestamp)
		}
		c.atMost("signature31", len(m.Signature31), ed25519.SignatureSize)
	case *RoundStart:
		c.atMost("query", len(m.Query), limits.MaxQueryLength)
		c.atMost("signature31", len(m.Signature31), ed25519.SignatureSize)
	case *Observation:
		c.observation(&m.SignedObservation)
	case *Proposal:
		c.atMostCount("observations", len(m.Observations), limits.N)
		for i := range m.Observations {
			c.observation(&m.Observations[i].SignedObservation)
		}
		c.atMost("signature31", len(m.Signature31), ed25519.SignatureSize)
	case *Prepare:
		c.signature(m.Signature)
	case *Commit:
		c.signature(m.Signature)
	case *ReportSignatures:
		c.atMostCount("signatures", len(m.Signatures), limits.MaxReportCount)
		for _, s := range m.Signatures {
			c.atMost("report signature", len(s), limits.MaxSignatureLength)
		}
	case *CertifiedCommitMessage:
		c.certificate(&m.CertifiedCommit)
	}
	return c.err
}

// sizeCheck remembers the first part that is beyond its limit.
type sizeCheck struct {
	kind   Kind
	limits SizeLimits
	err    error
}

func (c *sizeCheck) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("ocr3wire: %s: %s", c.kind, fmt.Sprintf(format, args...))
	}
}

func (c *sizeCheck) atMost(what string, length, limit int) {
	if length > limit {
		c.fail("%s has %d bytes, at most %d are allowed", what, length, limit)
	}
}

func (c *sizeCheck) atMostCount(what string, count, limit int) {
	if count > limit {
		c.fail("%d or more %s, at most %d are allowed", count, what, limit)
	}
}

func (c *sizeCheck) count(what string, count, want int) {
	if count != want {
		c.fail("%d %s, want %d", count, what, want)
	}
}

func (c *sizeCheck) signature(s []byte) {
	if len(s) != ed25519.SignatureSize {
		c.fail("a signature has %d bytes, want %d", len(s), ed25519.SignatureSize)
	}
}

func (c *sizeCheck) timestamp(s *SignedHighestCertifiedTimestamp) {
	c.atMost("the signature of a timestamp", len(s.Signature), ed25519.SignatureSize)
	c.atMost("the second signature of a timestamp", len(s.Signature31), ed25519.SignatureSize)
}

func (c *sizeCheck) observation(o *SignedObservation) {
	c.atMost("observation", len(o.Observation), c.limits.MaxObservationLength)
	c.signature(o.Signature)
}

func (c *sizeCheck) certificate(certificate Certificate) {
	var signatures []AttributedSignature
	switch certificate := certificate.(type) {
	case *CertifiedCommit:
		if certificate.IsGenesis() {
			return
		}
		signatures = certificate.Signatures
	case *CertifiedPrepare:
		signatures = certificate.Signatures
	default:
		c.fail("there is no certificate")
		return
	}
	c.atMost("outcome", len(certificate.CertifiedOutcome()), c.limits.MaxOutcomeLength)
	c.count("signatures of the certificate", len(signatures), c.limits.Quorum)
	for i := range signatures {
		c.signature(signatures[i].Signature)
	}
}
