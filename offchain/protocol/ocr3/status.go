package ocr3

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// Status is what a machine is doing, for metrics and pages. It shares no memory with the machine.
type Status struct {
	Epoch, Wish uint64
	Leader      commontypes.OracleID
	// Barred tells that the oracle takes no part in this epoch, because it may have voted in it before a restart.
	Barred bool

	// SeqNr is being worked on; 0 before the epoch has started. CommittedSeqNr is the latest committed outcome that this process knows.
	SeqNr, CommittedSeqNr      uint64
	LeaderPhase, FollowerPhase string
	HighestCertified           Certified

	// FutureMessages wait for later epochs; AttestationRounds are in memory; Transmissions wait for their time; Calls are under way.
	FutureMessages, AttestationRounds, Transmissions, Calls int
	// HighWater is the sequence number that the reports of f+1 oracles have reached.
	HighWater uint64
}

// Certified is the timestamp of the highest certificate. As text it is like 7/commit/3: sequence number, kind, epoch. It is
// put into words only when somebody reads it: drivers ask for a status after each step.
type Certified struct {
	ocr3wire.HighestCertifiedTimestamp
}

// MarshalText never fails.
func (c Certified) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText writes: pages of status are read by programs. On an error the value is left as it was.
func (c *Certified) UnmarshalText(text []byte) error {
	var parsed Certified
	if parts := strings.SplitN(string(text), "/", 3); len(parts) == 3 {
		parsed.SeqNr, _ = strconv.ParseUint(parts[0], 10, 64)
		parsed.CommittedElsePrepared = parts[1] == "commit"
		parsed.Epoch, _ = strconv.ParseUint(parts[2], 10, 64)
	}
	if parsed.String() != string(text) { // whatever was wrong with it
		return fmt.Errorf("timestamp of a certificate: %.60q is not of the form 7/commit/3", text)
	}
	*c = parsed
	return nil
}

// Status returns what the machine is doing.
func (m *Machine) Status() Status {
	return Status{
		Epoch: m.pacemaker.epoch, Wish: m.pacemaker.wish, Leader: m.pacemaker.leader(), Barred: m.generation.barred,
		SeqNr: m.generation.seqNr, CommittedSeqNr: m.generation.committedSeqNr,
		LeaderPhase: m.generation.lead.phase.String(), FollowerPhase: m.generation.follow.phase.String(),
		HighestCertified: Certified{m.certificates.highest.Timestamp()},
		FutureMessages:   m.generation.future.Len(), AttestationRounds: len(m.attestation.rounds), Transmissions: len(m.transmission.queue),
		Calls: m.Pending(), HighWater: m.attestation.highWater,
	}
}

// String returns the state as text, for transcripts and bug reports. It holds no secret.
func (m *Machine) String() string {
	var b strings.Builder
	s := m.Status()
	fmt.Fprintf(&b, "epoch=%d wish=%d leader=%d barred=%t seqNr=%d first=%d committed=%d\n", s.Epoch, s.Wish, s.Leader, s.Barred, s.SeqNr, m.generation.firstSeqNr, s.CommittedSeqNr)
	fmt.Fprintf(&b, "leader: %s ready=%t\n", s.LeaderPhase, m.generation.lead.ready)
	fmt.Fprintf(&b, "follower: %s\n", s.FollowerPhase)
	fmt.Fprintf(&b, "certificate: %s\n", ocr3wire.CertificateString(m.certificates.highest))
	fmt.Fprintf(&b, "future=%d calls=%d transmissions=%d highWater=%d\n", s.FutureMessages, s.Calls, s.Transmissions, s.HighWater)
	for _, seqNr := range slices.Sorted(maps.Keys(m.attestation.rounds)) {
		r := m.attestation.rounds[seqNr]
		fmt.Fprintf(&b, "attestation %d: commit=%t reports=%t(%d) complete=%t fetching=%t\n", seqNr, r.commit != nil, r.computed, r.count, r.complete, r.fetching)
	}
	return b.String()
}
