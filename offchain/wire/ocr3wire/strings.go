package ocr3wire

import (
	"fmt"
	"strings"
)

// The String methods give one line each, for logs and transcripts. They leave signatures out.

func (m *NewEpochWish) String() string { return fmt.Sprintf("NewEpochWish epoch=%d", m.Epoch) }
func (m *EpochStartRequest) String() string {
	return fmt.Sprintf("EpochStartRequest epoch=%d claim=%s certificate=%s", m.Epoch,
		m.SignedHighestCertifiedTimestamp.HighestCertifiedTimestamp, CertificateString(m.HighestCertified))
}
func (m *EpochStart) String() string {
	var claims strings.Builder
	for i := range m.EpochStartProof.HighestCertifiedProof {
		entry := &m.EpochStartProof.HighestCertifiedProof[i]
		fmt.Fprintf(&claims, " %d:%s", entry.Signer, entry.HighestCertifiedTimestamp)
	}
	return fmt.Sprintf("EpochStart epoch=%d certificate=%s claims=[%s]", m.Epoch, CertificateString(m.EpochStartProof.HighestCertified), strings.TrimSpace(claims.String()))
}
func (m *RoundStart) String() string {
	return fmt.Sprintf("RoundStart epoch=%d seqNr=%d query=%x", m.Epoch, m.SeqNr, m.Query)
}
func (m *Observation) String() string {
	return fmt.Sprintf("Observation epoch=%d seqNr=%d observation=%x", m.Epoch, m.SeqNr, m.SignedObservation.Observation)
}
func (m *Proposal) String() string {
	var list strings.Builder
	for i := range m.Observations {
		fmt.Fprintf(&list, " %d:%x", m.Observations[i].Observer, m.Observations[i].Observation)
	}
	return fmt.Sprintf("Proposal epoch=%d seqNr=%d observations=[%s]", m.Epoch, m.SeqNr, strings.TrimSpace(list.String()))
}
func (m *Prepare) String() string { return fmt.Sprintf("Prepare epoch=%d seqNr=%d", m.Epoch, m.SeqNr) }
func (m *Commit) String() string  { return fmt.Sprintf("Commit epoch=%d seqNr=%d", m.Epoch, m.SeqNr) }
func (m *ReportSignatures) String() string {
	return fmt.Sprintf("ReportSignatures seqNr=%d count=%d", m.SeqNr, len(m.Signatures))
}
func (m *CertifiedCommitRequest) String() string {
	return fmt.Sprintf("CertifiedCommitRequest seqNr=%d", m.SeqNr)
}
func (m *CertifiedCommitMessage) String() string {
	return fmt.Sprintf("CertifiedCommit %s", CertificateString(&m.CertifiedCommit))
}

// String returns, for example, 7/commit/3: sequence number, kind, epoch.
func (t HighestCertifiedTimestamp) String() string {
	kind := "prepare"
	if t.CommittedElsePrepared {
		kind = "commit"
	}
	return fmt.Sprintf("%d/%s/%d", t.SeqNr, kind, t.Epoch)
}

// CertificateString returns the timestamp of a certificate with its outcome; "none" for nil.
func CertificateString(c Certificate) string {
	if c == nil {
		return "none"
	}
	return fmt.Sprintf("%s=%x", c.Timestamp(), c.CertifiedOutcome())
}
