package ocr3

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
	"github.com/ocrkit/ocrkit/test/vectors"
)

type traceEvent struct {
	I, Ms, Node     int
	Kind            string
	Restart         bool
	Key             string
	Value, Bytes    vectors.Hex
	Type            string
	To              json.RawMessage
	NotDeliveredTo  []int
	From            commontypes.OracleID
	Send            int
	Call            string
	SeqNr           vectors.U64
	Result          any
	Observer, Count int
	Outctx          outcomeContext
	Query, Outcome  vectors.Hex
	Observation     vectors.Hex
	Observations    []pluginObservation
	Reports         []vectors.Hex
	Report          vectors.Hex
	Signatures      []json.RawMessage
}

type trace struct {
	n, f       int
	cfg        Config
	driver     driver
	events     []traceEvent
	outcomes   map[string]vectors.Hex
	maxReports int
}

// TestTraceVectors replays each node of recorded runs of whole networks: fed with what the node received, a machine says what the
// node said. Timers fire when the record shows that they did.
func TestTraceVectors(t *testing.T) {
	vectors.Each(t, "testdata", []string{"ocr3-trace-*.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.DecodeStrict[struct {
			N, F                                                                                                      vectors.U64
			ConfigDigest, SharedSecret                                                                                vectors.Hex
			DeltaProgress, DeltaResend, DeltaInitial, DeltaRound, DeltaGrace, DeltaCertifiedCommitRequest, DeltaStage vectors.Ns
			RMax                                                                                                      vectors.U64
			S                                                                                                         []int
			Seeds, PublicKeys, OnchainSecretKeys, OnchainPublicKeys                                                   []vectors.Hex
			LeadersFromEpoch0                                                                                         []commontypes.OracleID
			Limits                                                                                                    struct{ MaxQueryLength, MaxObservationLength, MaxOutcomeLength, MaxReportLength, MaxReportCount int }
			MaxSignatureLength                                                                                        int
			ObservationPrefix                                                                                         string
		}](t, c.Input)
		out := vectors.DecodeStrict[struct {
			Events   []traceEvent
			Outcomes map[string]vectors.Hex
		}](t, c.Output)
		digest := types.ConfigDigest(in.ConfigDigest.Array32(t))
		keys := config.KeysV3(in.SharedSecret.Array16(t), digest)
		n, f := int(in.N), int(in.F)
		cfg := Config{
			ConfigDigest: digest, N: n, F: f, RMax: uint64(in.RMax), S: in.S,
			DeltaProgress: in.DeltaProgress.D(), DeltaResend: in.DeltaResend.D(), DeltaInitial: in.DeltaInitial.D(), DeltaRound: in.DeltaRound.D(),
			DeltaGrace: in.DeltaGrace.D(), DeltaCertifiedCommitRequest: in.DeltaCertifiedCommitRequest.D(), DeltaStage: in.DeltaStage.D(),
			LeaderSelectionKey: keys.LeaderSelection, TransmissionOrderKey: keys.TransmissionOrder,
		}
		leaders := config.NewLeadersV3(n, keys.LeaderSelection)
		for epoch, leader := range in.LeadersFromEpoch0 {
			if got := leaders.Leader(uint64(epoch)); got != leader {
				t.Errorf("leader of epoch %d is %d, want %d", epoch, got, leader)
			}
		}
		limits := ocr3wire.SizeLimits{
			N: n, Quorum: (n+f)/2 + 1, MaxQueryLength: in.Limits.MaxQueryLength, MaxObservationLength: in.Limits.MaxObservationLength,
			MaxOutcomeLength: in.Limits.MaxOutcomeLength, MaxReportCount: in.Limits.MaxReportCount, MaxSignatureLength: in.MaxSignatureLength,
		}
		for _, e := range out.Events {
			if e.Kind != "send" {
				continue
			}
			m, err := ocr3wire.Decode(e.Bytes, n, in.Limits.MaxReportCount)
			if err != nil {
				t.Fatalf("event %d: %v", e.I, err)
			}
			if again := mustEncode(t, m); !bytes.Equal(again, e.Bytes) {
				t.Fatalf("event %d: encoded again as %x", e.I, again)
			}
			if err := ocr3wire.CheckSize(m, limits); err != nil {
				t.Errorf("event %d: %v", e.I, err)
			}
		}
		prefix := ""
		for _, e := range out.Events {
			if e.Call == "Observation" {
				prefix, _, _ = strings.Cut(string(e.Observation), " ")
				break
			}
		}
		for node := range n {
			cfg.OracleID = commontypes.OracleID(node)
			d := driver{t: t, seeds: keysOf(in.Seeds), onchain: onchainKeysOf(t, in.OnchainSecretKeys), observationPrefix: prefix, fails: map[string]bool{}}
			for _, key := range d.onchain {
				d.onchainAddresses = append(d.onchainAddresses, crypto.PubkeyToAddress(key.PublicKey))
			}
			(&replay{trace: trace{n: n, f: f, cfg: cfg, driver: d, events: out.Events, outcomes: out.Outcomes, maxReports: in.Limits.MaxReportCount}}).run(t, node)
		}
	})
}

// replay is one node of a trace.
type replay struct {
	trace
	machine *Machine
	d       driver
	now     time.Time
	cert    ocr3wire.Certificate
	state   *ocr3wire.PacemakerState
	armed   map[kernel.TimerID]bool
	said    map[string]bool // what this run has said
	queries map[uint64]bool
	wish    uint64
	decided int
}

func (r *replay) run(t *testing.T, node int) {
	var want map[string]bool
	var barred uint64
	finish := func() {
		if r.machine == nil {
			return
		}
		for _, missing := range difference(want, r.said) {
			if barred == 0 || !strings.Contains(missing, fmt.Sprintf("epoch=%d ", barred)) {
				t.Errorf("node %d did not say %s", node, missing)
			}
		}
		for _, extra := range difference(r.said, want) {
			// What the last messages of a run lead to may be missing in the record, and after a restart this machine wishes for
			// the next epoch at once.
			if !r.late(extra) && !strings.HasPrefix(extra, "to \"all\": NewEpochWish") {
				t.Errorf("node %d said %s", node, extra)
			}
		}
	}
	for i := range r.events {
		e := &r.events[i]
		if e.Node != node {
			continue
		}
		r.now = time.Unix(1_700_000_000, 0).Add(time.Duration(e.Ms) * time.Millisecond)
		switch e.Kind {
		case "start":
			want, barred = map[string]bool{}, 0
			r.start(t)
			if e.Restart && r.state != nil {
				barred = r.machine.lastUsedEpoch
			}
		case "crash":
			finish()
			r.machine = nil
		case "recv":
			m, err := ocr3wire.Decode(r.events[e.Send].Bytes, r.n, r.maxReports)
			if err != nil {
				t.Fatal(err)
			}
			r.step(MessageReceived{e.From, m})
		case "plugin":
			r.plugin(t, e)
		case "send":
			m, err := ocr3wire.Decode(e.Bytes, r.n, r.maxReports)
			if err != nil {
				t.Fatal(err)
			}
			want[r.text(string(e.To), m)] = true
			r.sent(t, m, string(e.To))
		case "dbRead", "dbWrite", "transmit": // what is stored and transmitted follows from the rest
		default:
			t.Fatalf("unknown event %q", e.Kind)
		}
	}
	finish()
}

// late tells whether the record may have ended before something was said.
func (r *replay) late(text string) bool {
	last := r.machine.generation.committedSeqNr
	for _, kind := range []string{"ReportSignatures", "RoundStart", "Observation", "Proposal", "Prepare", "Commit"} {
		for _, seqNr := range []uint64{last, last + 1} {
			if strings.Contains(text, kind+" ") && strings.Contains(text, fmt.Sprintf("seqNr=%d", seqNr)) {
				return true
			}
		}
	}
	return false
}

func difference(a, b map[string]bool) (only []string) {
	for _, key := range slices.Sorted(maps.Keys(a)) {
		if !b[key] {
			only = append(only, key)
		}
	}
	return only
}

func (r *replay) start(t *testing.T) {
	r.machine = New(r.cfg)
	r.d = r.driver
	r.d.core = r.machine.core
	r.d.finish = func(id kernel.CallID, result any) { r.machine.Finish(id, result) }
	r.armed, r.said, r.queries, r.wish, r.decided = map[kernel.TimerID]bool{}, map[string]bool{}, map[uint64]bool{}, 0, 0
	r.step(Start{Pacemaker: r.state, Certificate: r.cert})
}

// step feeds an event, and notes what comes of it.
func (r *replay) step(ev Event) {
	r.d.run(r.machine.Step(r.now, ev))
	effects, calls, _, persisted := r.d.take()
	for _, p := range persisted {
		r.cert = p.certificate
	}
	for _, call := range calls {
		if q, ok := call.(CallQuery); ok {
			r.queries[q.Context.SeqNr] = true
		}
	}
	for _, effect := range effects {
		switch e := effect.(type) {
		case kernel.SetTimer:
			r.armed[e.Timer] = true
		case kernel.CancelTimer:
			delete(r.armed, e.Timer)
		case PersistPacemaker:
			r.state = &e.State
		case Send:
			r.said[r.text(fmt.Sprint(e.To), e.Message)] = true
		case Broadcast:
			if wish, ok := e.Message.(*ocr3wire.NewEpochWish); ok {
				r.wish = wish.Epoch
			}
			r.said[r.text(`"all"`, e.Message)] = true
		case CallTransmit:
			r.decided++
		}
	}
}

// text is what counts of a message: not which signatures a quorum is made of, nor the order of observations.
func (r *replay) text(to string, m ocr3wire.Message) string {
	switch m := m.(type) {
	case *ocr3wire.EpochStart:
		return fmt.Sprintf("to %s: EpochStart epoch=%d certificate=%s", to, m.Epoch, ocr3wire.CertificateString(m.EpochStartProof.HighestCertified))
	case *ocr3wire.Proposal: // of the observations as many as had come when the grace period ended
		return fmt.Sprintf("to %s: Proposal epoch=%d seqNr=%d ", to, m.Epoch, m.SeqNr)
	case *ocr3wire.ReportSignatures:
		return fmt.Sprintf("to %s: %s %x", to, m, m.Signatures)
	case *ocr3wire.Prepare, *ocr3wire.Commit:
		return fmt.Sprintf("to %s: %x %s ", to, mustEncode(r.d.t, m), m)
	}
	return fmt.Sprintf("to %s: %s ", to, m)
}

func (r *replay) fire(timer kernel.TimerID) {
	delete(r.armed, timer)
	r.step(TimerFired{timer})
}

// plugin fires the timers that a call of the plugin is due to.
func (r *replay) plugin(t *testing.T, e *traceEvent) {
	switch e.Call {
	case "Query":
		if !r.queries[uint64(e.Outctx.SeqNr)] && r.armed[TimerRound] {
			r.fire(TimerRound)
		}
	case "Outcome":
		want, ok := r.outcomes[fmt.Sprint(uint64(e.Outctx.SeqNr))]
		if ok && !bytes.Equal(want, e.Outcome) {
			t.Logf("an outcome of seqNr %d was computed that was not committed", e.Outctx.SeqNr)
		}
	case "ShouldTransmitAcceptedReport":
		if after, ok := r.machine.transmission.queue.next(r.now); ok {
			r.now = r.now.Add(after)
			r.fire(TimerTransmit)
		}
	}
}

// sent fires the timers that a message is due to.
func (r *replay) sent(t *testing.T, m ocr3wire.Message, to string) {
	switch m := m.(type) {
	case *ocr3wire.NewEpochWish:
		switch {
		case m.Epoch > r.wish && r.armed[TimerProgress]:
			r.fire(TimerProgress)
		case m.Epoch == r.wish && !r.said[r.text(to, m)]:
			r.fire(TimerResend)
		}
	case *ocr3wire.Proposal:
		if r.machine.generation.lead.phase == leaderGrace {
			r.fire(TimerGrace)
		}
	case *ocr3wire.CertifiedCommitRequest:
		// Whom to ask is a free choice: the one of the record is taken.
		round := r.machine.attestation.rounds[m.SeqNr]
		var target int
		if _, err := fmt.Sscan(to, &target); err != nil || round == nil {
			t.Fatalf("a request to %s for a round that is not there", to)
		}
		if !round.fetching {
			t.Errorf("the commit of %d is not being fetched", m.SeqNr)
		}
		round.oracles[target].asked = true
		r.said[r.text(to, m)] = true
	}
}
