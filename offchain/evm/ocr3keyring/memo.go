package ocr3keyring

import (
	"bytes"
	"sync/atomic"

	"github.com/ocrkit/ocrkit/offchain/types"
)

// memo remembers the hash of the last report: an oracle signs a report and verifies the signatures of f+1 oracles on it, one after
// the other. It is safe for concurrent use; the zero value is empty.
type memo struct{ last atomic.Pointer[hashed] }

type hashed struct {
	configDigest types.ConfigDigest
	seqNr        uint64
	report       []byte
	hash         [32]byte
}

// maxRemembered is the length in bytes of the longest report that is kept in memory for it.
const maxRemembered = 64 << 10

// of returns the hash of a report. compute must always return the same for the same arguments.
func (m *memo) of(
	configDigest types.ConfigDigest, seqNr uint64, report types.Report, compute func(types.ConfigDigest, uint64, types.Report) ([32]byte, error),
) ([32]byte, error) {
	if h := m.last.Load(); h != nil && h.configDigest == configDigest && h.seqNr == seqNr && bytes.Equal(h.report, report) {
		return h.hash, nil
	}
	hash, err := compute(configDigest, seqNr, report)
	if err == nil && len(report) <= maxRemembered {
		m.last.Store(&hashed{configDigest, seqNr, bytes.Clone(report), hash})
	}
	return hash, err
}
