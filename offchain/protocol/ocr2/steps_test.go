package ocr2

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
	"github.com/ocrkit/ocrkit/test/vectors"
)

// evmDigest is what an EVM keyring signs for a report.
func evmDigest(ctx types.ReportContext, report types.Report) []byte {
	var epochAndRound [32]byte
	epochAndRound[27], epochAndRound[28] = byte(ctx.Epoch>>24), byte(ctx.Epoch>>16)
	epochAndRound[29], epochAndRound[30], epochAndRound[31] = byte(ctx.Epoch>>8), byte(ctx.Epoch), ctx.Round
	return crypto.Keccak256(crypto.Keccak256(report), ctx.ConfigDigest[:], epochAndRound[:], ctx.ExtraHash[:])
}

func evmVerify(address common.Address, ctx types.ReportContext, report types.Report, signature []byte) bool {
	if len(signature) != 65 {
		return false
	}
	key, err := crypto.SigToPub(evmDigest(ctx, report), signature)
	return err == nil && crypto.PubkeyToAddress(*key) == address
}

type stepsKey struct {
	Oracle                                  commontypes.OracleID
	Seed, OffchainPublicKey, OnchainAddress vectors.Hex
}

type stepsInput struct {
	Component, Protocol              string
	ConfigDigest                     vectors.Hex
	DeltaRoundNs, DeltaStageNs       vectors.Ns
	Epoch                            uint32
	ExpirationAgeRounds              int64
	N, F                             int
	Keys                             []stepsKey
	Leader, OracleID                 commontypes.OracleID
	LeaderSelectionKey, SharedSecret vectors.Hex
	RMax                             uint8
	ReportQuorum                     int
	S                                []int
}

type stepsStep struct {
	Event struct {
		Event, Type string
		From        commontypes.OracleID
		Bytes       vectors.Hex
	}
	Effects []map[string]any
	State   map[string]any
}

// stepsRig runs one case: it feeds events to a machine, of which it looks at one part, answers the calls as the case's
// effects say, and writes down the effects in the form of the vectors.
type stepsRig struct {
	t    *testing.T
	in   stepsInput
	m    *Machine
	now  time.Time
	got  []map[string]any
	want []map[string]any // effects of the current step
}

func newStepsRig(t *testing.T, in stepsInput) *stepsRig {
	quorum := in.ReportQuorum
	if quorum == 0 {
		quorum = in.F + 1
	}
	rig := &stepsRig{t: t, in: in, now: epochStart}
	rig.m = New(Config{
		ConfigDigest: in.ConfigDigest.Array32(t), OracleID: in.OracleID, N: in.N, F: in.F,
		DeltaProgress: time.Minute, DeltaResend: time.Minute, DeltaGrace: time.Second,
		DeltaRound: in.DeltaRoundNs.D(), DeltaStage: in.DeltaStageNs.D(), RMax: in.RMax, S: in.S, ReportQuorum: quorum,
		LeaderSelectionKey:   in.LeaderSelectionKey.Array16(t),
		TransmissionOrderKey: config.KeysV1(config.SharedSecret(in.SharedSecret.Array16(t))).TransmissionOrder,
	})
	m := rig.m
	m.frame.Started = true
	switch in.Component {
	case "reportGeneration":
		m.frame.Epoch = in.Epoch
		m.generation = newReportGeneration(m.core, in.Epoch, in.Leader, m.checks, rig, rig.final)
		m.frame.Generation = m.generation
		m.checks.verdict = func(check finalCheck, valid bool) {
			if valid {
				rig.final(check.final)
			}
			m.generation.finalVerified(valid)
		}
	case "reportFinalization":
		m.finalization.accept = func(f *ocr2wire.Final) {
			rig.note("eventTransmit", map[string]any{"epoch": f.Epoch, "round": f.Round})
		}
		m.finalization.age = in.ExpirationAgeRounds
	case "transmission":
		m.transmission.MaxAttempts = 1
	default:
		t.Fatalf("unknown component %q", in.Component)
	}
	return rig
}

func (rig *stepsRig) note(effect string, fields map[string]any) {
	if fields == nil {
		fields = map[string]any{}
	}
	fields["effect"] = effect
	rig.got = append(rig.got, fields)
}

// What report generation tells the rest of the machine.

func (rig *stepsRig) Progress()     { rig.note("eventProgress", nil) }
func (rig *stepsRig) ChangeLeader() { rig.note("eventChangeLeader", nil) }
func (rig *stepsRig) final(f *ocr2wire.Final) {
	rig.note("eventFinal", rig.message(f))
}

func (rig *stepsRig) message(m ocr2wire.Message) map[string]any {
	b, err := ocr2wire.Encode(m)
	if err != nil {
		rig.t.Fatal(err)
	}
	return map[string]any{"type": "Message" + m.Kind().String(), "bytes": vectors.Hex(b).String()}
}

// scripted returns the effect of the current step that records the given plugin or contract call.
func (rig *stepsRig) scripted(effect string) map[string]any {
	for _, e := range rig.want {
		if e["effect"] == effect {
			return e
		}
	}
	rig.t.Fatalf("the case has no %s in this step: %v", effect, rig.want)
	return nil
}

// sent returns the message of a type that the case has in the current step.
func (rig *stepsRig) sent(kind ocr2wire.Kind) ocr2wire.Message {
	for _, e := range rig.want {
		if e["type"] == "Message"+kind.String() {
			var b vectors.Hex
			if err := json.Unmarshal(fmt.Appendf(nil, "%q", e["bytes"]), &b); err != nil {
				rig.t.Fatal(err)
			}
			m, err := ocr2wire.Decode(b)
			if err != nil {
				rig.t.Fatal(err)
			}
			return m
		}
	}
	rig.t.Fatalf("the case has no %s in this step: %v", kind, rig.want)
	return nil
}

func scriptedError(e map[string]any) error {
	if e["error"] == true {
		return errPlugin
	}
	return nil
}

// key returns the keys of an oracle.
func (rig *stepsRig) key(id commontypes.OracleID) stepsKey {
	for _, k := range rig.in.Keys {
		if k.Oracle == id {
			return k
		}
	}
	rig.t.Fatalf("the case has no keys of oracle %d", id)
	return stepsKey{}
}

// perform writes an effect down, and answers it if it is a call.
func (rig *stepsRig) perform(effect kernel.Effect) Event {
	position := func(ts types.ReportTimestamp) map[string]any {
		return map[string]any{"epoch": ts.Epoch, "round": ts.Round}
	}
	with := func(fields map[string]any, more ...any) map[string]any {
		for i := 0; i < len(more); i += 2 {
			fields[more[i].(string)] = more[i+1]
		}
		return fields
	}
	hex := func(b []byte) string { return vectors.Hex(b).String() }
	switch e := effect.(type) {
	case Broadcast:
		rig.note("broadcast", rig.message(e.Message))
	case Send:
		rig.note("send", with(rig.message(e.Message), "to", e.To))
	case kernel.SetTimer:
		name := TimerName(e.Timer)
		effect := map[string]any{"effect": "setTimer" + strings.ToUpper(name[:1]) + name[1:]}
		if !slices.ContainsFunc(rig.got, func(g map[string]any) bool { return g["effect"] == effect["effect"] }) {
			rig.got = append(rig.got, effect)
		}
	case StorePending:
		rig.note("persistStore", with(position(e.Timestamp), "extraHash", hex(e.Pending.ExtraHash[:]),
			"report", hex(e.Pending.Report), "signatures", len(e.Pending.AttributedSignatures)))
	case DeletePending:
		rig.note("persistDelete", position(e.Timestamp))
	case RoundStarted:
		rig.note("telemetryRoundStarted", map[string]any{"epoch": e.Epoch, "round": e.Round, "leader": e.Leader})
	case ScheduleComputed:
		delays := map[string]any{}
		for oracle, delay := range e.Delays {
			delays[fmt.Sprint(oracle)] = delay.Nanoseconds()
		}
		rig.note("telemetryTransmissionScheduleComputed", with(position(e.Timestamp), "delaysNs", delays))
	case AcceptComputed:
		rig.note("telemetryShouldAccept", with(position(e.Timestamp), "result", e.Result, "ok", e.OK))
	case TransmitComputed:
		rig.note("telemetryShouldTransmit", with(position(e.Timestamp), "result", e.Result, "ok", e.OK))
	case CallQuery:
		err := scriptedError(rig.scripted("pluginQuery"))
		rig.note("pluginQuery", with(position(e.Timestamp), "error", err != nil))
		if err != nil {
			return QueryDone{ID: e.ID, Err: err}
		}
		return QueryDone{ID: e.ID, Query: rig.sent(ocr2wire.KindObserveReq).(*ocr2wire.ObserveReq).Query}
	case CallObservation:
		err := scriptedError(rig.scripted("pluginObservation"))
		rig.note("pluginObservation", with(position(e.Timestamp), "error", err != nil, "query", hex(e.Query)))
		if err != nil {
			return ObservationDone{ID: e.ID, Err: err}
		}
		return ObservationDone{ID: e.ID, Observation: rig.sent(ocr2wire.KindObserve).(*ocr2wire.Observe).SignedObservation.Observation}
	case CallReport:
		script := rig.scripted("pluginReport")
		err := scriptedError(script)
		rig.note("pluginReport", with(position(e.Timestamp), "error", err != nil, "query", hex(e.Query),
			"observations", len(e.Observations), "shouldReport", script["shouldReport"]))
		done := ReportDone{ID: e.ID, Err: err, ShouldReport: script["shouldReport"] == true}
		if err == nil && done.ShouldReport {
			done.Report = rig.sent(ocr2wire.KindReport).(*ocr2wire.Report).AttestedReport.Report
		}
		return done
	case CallShouldAccept:
		script := rig.scripted("pluginShouldAccept")
		rig.note("pluginShouldAccept", with(position(e.Timestamp), "error", script["error"], "result", script["result"], "report", hex(e.Report)))
		return ShouldAcceptDone{ID: e.ID, Accept: script["result"] == true, Err: scriptedError(script)}
	case CallShouldTransmit:
		script := rig.scripted("pluginShouldTransmit")
		rig.note("pluginShouldTransmit", with(position(e.Timestamp), "error", script["error"], "result", script["result"], "report", hex(e.Report)))
		return ShouldTransmitDone{ID: e.ID, Transmit: script["result"] == true, Err: scriptedError(script)}
	case CallTransmit:
		script := rig.scripted("contractTransmit")
		rig.note("contractTransmit", with(position(e.Context.ReportTimestamp), "error", script["error"],
			"extraHash", hex(e.Context.ExtraHash[:]), "report", hex(e.Report), "signatures", len(e.Signatures)))
		return TransmitDone{ID: e.ID, Err: scriptedError(script)}
	case kernel.SignOffchain:
		return kernel.Signed{ID: e.ID, Signature: ed25519.Sign(ed25519.NewKeyFromSeed(rig.key(rig.in.OracleID).Seed), e.Message)}
	case SignReport:
		key, err := crypto.ToECDSA(rig.key(rig.in.OracleID).Seed)
		if err != nil {
			rig.t.Fatal(err)
		}
		signature, err := crypto.Sign(evmDigest(e.Context, e.Report), key)
		return kernel.Signed{ID: e.ID, Signature: signature, Err: err}
	case kernel.Verify:
		for i, check := range e.Checks {
			key := rig.key(check.Signer)
			if check.Kind == kernel.OffchainSignature && !ed25519.Verify(ed25519.PublicKey(key.OffchainPublicKey), check.Message, check.Signature) ||
				check.Kind == kernel.OnchainSignature && !evmVerify(common.Address(key.OnchainAddress), *check.Context, check.Report, check.Signature) {
				return kernel.Verified{ID: e.ID, Bad: i}
			}
		}
		return kernel.Verified{ID: e.ID, Bad: -1}
	case PersistRound, kernel.CancelTimer, kernel.Abandon, kernel.Dropped, kernel.Log, Count:
		// What the vectors do not record.
	default:
		rig.t.Fatalf("unexpected effect %s", effect)
	}
	return nil
}

// settle performs effects, and those of the answers.
func (rig *stepsRig) settle(effects []kernel.Effect) {
	var answers []Event
	perform := func(effects []kernel.Effect) {
		for _, e := range effects {
			if answer := rig.perform(e); answer != nil {
				answers = append(answers, answer)
			}
		}
	}
	perform(effects)
	for len(answers) > 0 {
		next := answers[0]
		answers = answers[1:]
		perform(rig.m.Step(rig.now, next))
	}
}

// inside runs something that is no event of the whole machine.
func (rig *stepsRig) inside(f func()) []kernel.Effect {
	rig.m.frame.Begin(rig.now)
	f()
	return rig.m.frame.End()
}

func (rig *stepsRig) event(s stepsStep) {
	final := func() *ocr2wire.Final {
		m, err := ocr2wire.Decode(s.Event.Bytes)
		if err != nil {
			rig.t.Fatal(err)
		}
		return m.(*ocr2wire.Final)
	}
	m := rig.m
	rig.now = rig.now.Add(time.Millisecond)
	switch s.Event.Event {
	case "start":
		rig.settle(rig.inside(m.generation.Start))
	case "message":
		message, err := ocr2wire.Decode(s.Event.Bytes)
		if err != nil {
			return // a drop
		}
		rig.settle(m.Step(rig.now, MessageReceived{From: s.Event.From, Message: message}))
	case "tRound":
		rig.settle(m.Step(rig.now, TimerFired{Timer: TimerRound}))
	case "tGrace":
		rig.settle(m.Step(rig.now, TimerFired{Timer: TimerGrace}))
	case "tTransmit":
		rig.settle(m.Step(rig.now, TimerFired{Timer: TimerTransmit}))
	case "eventFinal":
		rig.settle(rig.inside(func() { m.finalization.final(final()) }))
	case "eventTransmit":
		rig.settle(rig.inside(func() { m.transmission.Take(final()) }))
	default:
		rig.t.Fatalf("unknown event %q", s.Event.Event)
	}
}

func (rig *stepsRig) state() map[string]any {
	m := rig.m
	switch rig.in.Component {
	case "reportGeneration":
		status := m.Status()
		state := map[string]any{"followerRound": status.Round, "sentReport": status.SentReport, "completedRound": status.CompletedRound}
		if status.Leads {
			l := &m.generation.leading
			state["leaderRound"], state["leaderPhase"] = status.LedRound, m.generation.Leader.Phase.String()
			// Ready: one of the two things that a new round takes has happened. There, a failed query is none of them.
			state["readyToStartRound"] = l.over || l.done && !l.queryFailed
			state["leaderObservations"], state["leaderReports"] = status.Observations, status.Reports
		}
		return state
	case "reportFinalization":
		return map[string]any{
			"finalizedCount": len(m.finalization.finalized),
			"latestEpoch":    m.finalization.latest.Epoch, "latestRound": m.finalization.latest.Round,
		}
	default:
		state := map[string]any{"queueLength": len(m.transmission.Queue())}
		if len(m.transmission.Queue()) > 0 {
			head := m.transmission.Queue()[0].Round
			state["headEpoch"], state["headRound"] = head.Epoch, head.Round
		}
		return state
	}
}

// byKind writes effects as text, grouped by kind: the order of different kinds is not recorded in the vectors.
func byKind(t *testing.T, effects []map[string]any) string {
	lines := make([]string, len(effects))
	for i, e := range effects {
		if e["error"] == true {
			delete(e, "result")
			delete(e, "shouldReport")
		}
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		lines[i] = fmt.Sprintf("%s %s", e["effect"], b)
	}
	slices.SortStableFunc(lines, func(a, b string) int {
		kindA, _, _ := strings.Cut(a, " ")
		kindB, _, _ := strings.Cut(b, " ")
		return strings.Compare(kindA, kindB)
	})
	return strings.Join(lines, "\n")
}

func TestStepVectors(t *testing.T) {
	vectors.Each(t, "testdata", []string{"ocr12-ocr2-steps.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.DecodeStrict[stepsInput](t, c.Input)
		if in.Protocol != "ocr2" {
			t.Fatalf("unknown protocol %q", in.Protocol)
		}
		rig := newStepsRig(t, in)
		for i, s := range vectors.DecodeStrict[struct{ Steps []stepsStep }](t, c.Output).Steps {
			rig.got, rig.want = nil, s.Effects
			rig.event(s)
			if got, want := byKind(t, rig.got), byKind(t, s.Effects); got != want {
				t.Fatalf("step %d, %s %s: effects\n%s\nwant\n%s", i, s.Event.Event, s.Event.Type, got, want)
			}
			got, _ := json.Marshal(rig.state())
			want, _ := json.Marshal(s.State)
			if !bytes.Equal(got, want) {
				t.Fatalf("step %d, %s %s: state\n%s\nwant\n%s", i, s.Event.Event, s.Event.Type, got, want)
			}
			if rig.m.core.Desk.Pending() > 0 {
				t.Fatalf("step %d: %d calls were not answered", i, rig.m.core.Desk.Pending())
			}
			if failed := rig.m.generation; failed != nil && failed.leading.queryFailed {
				// What follows shows a leader that waits for the end of the epoch. Ours goes on with the next round.
				return
			}
		}
	})
}
