package ocr2

import (
	"crypto/ed25519"
	"fmt"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
	"github.com/ocrkit/ocrkit/test/roundtest"
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

type stepsInput struct {
	Component, Protocol              string
	ConfigDigest                     vectors.Hex
	DeltaRoundNs, DeltaStageNs       vectors.Ns
	Epoch                            uint32
	ExpirationAgeRounds              int64
	N, F                             int
	Keys                             []roundtest.Key
	Leader, OracleID                 commontypes.OracleID
	LeaderSelectionKey, SharedSecret vectors.Hex
	RMax                             uint8
	ReportQuorum                     int
	S                                []int
}

// stepsRig runs one case: it feeds events to a machine, of which it looks at one part, and answers the calls as the case's
// effects say.
type stepsRig struct {
	roundtest.Recorder[ocr2wire.Message]
	in stepsInput
	m  *Machine
}

func newStepsRig(t *testing.T, in stepsInput) *stepsRig {
	quorum := in.ReportQuorum
	if quorum == 0 {
		quorum = in.F + 1
	}
	rig := &stepsRig{in: in, Recorder: roundtest.Recorder[ocr2wire.Message]{
		T: t, Keys: in.Keys, Encode: ocr2wire.Encode, Decode: ocr2wire.Decode, Now: epochStart,
	}}
	rig.m = New(Config{
		ConfigDigest: in.ConfigDigest.Array32(t), ReportQuorum: quorum,
		Config: rounds.Config{
			OracleID: in.OracleID, N: in.N, F: in.F,
			DeltaProgress: time.Minute, DeltaResend: time.Minute, DeltaGrace: time.Second,
			DeltaRound: in.DeltaRoundNs.D(), DeltaStage: in.DeltaStageNs.D(), RMax: in.RMax, S: in.S,
			LeaderSelectionKey:   in.LeaderSelectionKey.Array16(t),
			TransmissionOrderKey: config.KeysV1(config.SharedSecret(in.SharedSecret.Array16(t))).TransmissionOrder,
		},
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
			rig.Note("eventTransmit", "epoch", f.Epoch, "round", f.Round)
		}
		m.finalization.age = in.ExpirationAgeRounds
	case "transmission":
		m.transmission.MaxAttempts = 1
	default:
		t.Fatalf("unknown component %q", in.Component)
	}
	return rig
}

// What report generation tells the rest of the machine.

func (rig *stepsRig) Progress()               { rig.Note("eventProgress") }
func (rig *stepsRig) ChangeLeader()           { rig.Note("eventChangeLeader") }
func (rig *stepsRig) final(f *ocr2wire.Final) { rig.NoteMessage("eventFinal", f) }

func scriptedError(e map[string]any) error {
	if e["error"] == true {
		return errPlugin
	}
	return nil
}

// perform writes an effect down, and answers it if it is a call.
func (rig *stepsRig) perform(effect kernel.Effect) Event {
	note := func(effect string, ts types.ReportTimestamp, fields ...any) {
		rig.Note(effect, append(fields, "epoch", ts.Epoch, "round", ts.Round)...)
	}
	hex := func(b []byte) string { return vectors.Hex(b).String() }
	switch e := effect.(type) {
	case StorePending:
		rig.Note("persistStore", "epoch", e.Round.Epoch, "round", e.Round.Round, "extraHash", hex(e.Pending.ExtraHash[:]),
			"report", hex(e.Pending.Report), "signatures", len(e.Pending.AttributedSignatures))
	case rounds.DeletePending:
		rig.Note("persistDelete", "epoch", e.Round.Epoch, "round", e.Round.Round)
	case ScheduleComputed:
		delays := map[string]any{}
		for oracle, delay := range e.Delays {
			delays[fmt.Sprint(oracle)] = delay.Nanoseconds()
		}
		note("telemetryTransmissionScheduleComputed", e.Timestamp, "delaysNs", delays)
	case AcceptComputed:
		note("telemetryShouldAccept", e.Timestamp, "result", e.Result, "ok", e.OK)
	case TransmitComputed:
		note("telemetryShouldTransmit", e.Timestamp, "result", e.Result, "ok", e.OK)
	case CallQuery:
		err := scriptedError(rig.Scripted("pluginQuery"))
		note("pluginQuery", e.Timestamp, "error", err != nil)
		if err != nil {
			return QueryDone{ID: e.ID, Err: err}
		}
		return QueryDone{ID: e.ID, Query: rig.Sent(ocr2wire.KindObserveReq).(*ocr2wire.ObserveReq).Query}
	case CallObservation:
		err := scriptedError(rig.Scripted("pluginObservation"))
		note("pluginObservation", e.Timestamp, "error", err != nil, "query", hex(e.Query))
		if err != nil {
			return ObservationDone{ID: e.ID, Err: err}
		}
		return ObservationDone{ID: e.ID, Observation: rig.Sent(ocr2wire.KindObserve).(*ocr2wire.Observe).SignedObservation.Observation}
	case CallReport:
		script := rig.Scripted("pluginReport")
		err := scriptedError(script)
		note("pluginReport", e.Timestamp, "error", err != nil, "query", hex(e.Query),
			"observations", len(e.Observations), "shouldReport", script["shouldReport"])
		done := ReportDone{ID: e.ID, Err: err, ShouldReport: script["shouldReport"] == true}
		if err == nil && done.ShouldReport {
			done.Report = rig.Sent(ocr2wire.KindReport).(*ocr2wire.Report).AttestedReport.Report
		}
		return done
	case CallShouldAccept:
		script := rig.Scripted("pluginShouldAccept")
		note("pluginShouldAccept", e.Timestamp, "error", script["error"], "result", script["result"], "report", hex(e.Report))
		return ShouldAcceptDone{ID: e.ID, Accept: script["result"] == true, Err: scriptedError(script)}
	case CallShouldTransmit:
		script := rig.Scripted("pluginShouldTransmit")
		note("pluginShouldTransmit", e.Timestamp, "error", script["error"], "result", script["result"], "report", hex(e.Report))
		return ShouldTransmitDone{ID: e.ID, Transmit: script["result"] == true, Err: scriptedError(script)}
	case CallTransmit:
		script := rig.Scripted("contractTransmit")
		note("contractTransmit", e.Context.ReportTimestamp, "error", script["error"],
			"extraHash", hex(e.Context.ExtraHash[:]), "report", hex(e.Report), "signatures", len(e.Signatures))
		return rounds.TransmitDone{ID: e.ID, Err: scriptedError(script)}
	case kernel.SignOffchain:
		return kernel.Signed{ID: e.ID, Signature: ed25519.Sign(ed25519.NewKeyFromSeed(rig.Key(rig.in.OracleID).Seed), e.Message)}
	case SignReport:
		key, err := crypto.ToECDSA(rig.Key(rig.in.OracleID).Seed)
		if err != nil {
			rig.T.Fatal(err)
		}
		signature, err := crypto.Sign(evmDigest(e.Context, e.Report), key)
		return kernel.Signed{ID: e.ID, Signature: signature, Err: err}
	case kernel.Verify:
		for i, check := range e.Checks {
			key := rig.Key(check.Signer)
			if check.Kind == kernel.OffchainSignature && !ed25519.Verify(ed25519.PublicKey(key.OffchainPublicKey), check.Message, check.Signature) ||
				check.Kind == kernel.OnchainSignature && !evmVerify(common.Address(key.OnchainAddress), *check.Context, check.Report, check.Signature) {
				return kernel.Verified{ID: e.ID, Bad: i}
			}
		}
		return kernel.Verified{ID: e.ID, Bad: -1}
	default:
		rig.T.Fatalf("unexpected effect %s", effect)
	}
	return nil
}

func (rig *stepsRig) settle(effects []kernel.Effect) {
	rig.Settle(effects, rig.perform, func(ev Event) []kernel.Effect { return rig.m.Step(rig.Now, ev) })
}

// inside runs something that is no event of the whole machine.
func (rig *stepsRig) inside(f func()) {
	rig.m.frame.Begin(rig.Now)
	f()
	rig.settle(rig.m.frame.End())
}

// event handles the event of a step. It is false behind what our machine does otherwise.
func (rig *stepsRig) event(s roundtest.Step) bool {
	m := rig.m
	fire := func(timer kernel.TimerID) { rig.settle(m.Step(rig.Now, rounds.TimerFired{Timer: timer})) }
	final := func() *ocr2wire.Final { return rig.Read(s.Event.Bytes).(*ocr2wire.Final) }
	switch s.Event.Event {
	case "start":
		rig.inside(m.generation.Start)
	case "message":
		if message, err := ocr2wire.Decode(s.Event.Bytes); err == nil { // otherwise a drop
			rig.settle(m.Step(rig.Now, MessageReceived{From: s.Event.From, Message: message}))
		}
	case "tRound":
		fire(rounds.TimerRound)
	case "tGrace":
		fire(rounds.TimerGrace)
	case "tTransmit":
		fire(rounds.TimerTransmit)
	case "eventFinal":
		rig.inside(func() { m.finalization.final(final()) })
	case "eventTransmit":
		rig.inside(func() { m.transmission.Take(final()) })
	default:
		rig.T.Fatalf("unknown event %q", s.Event.Event)
	}
	if n := m.core.Pending(); n > 0 {
		rig.T.Fatalf("%s: %d calls were not answered", s.Event.Event, n)
	}
	// What follows a failed query shows a leader that waits for the end of the epoch. Ours goes on with the next round.
	return m.generation == nil || !m.generation.leading.queryFailed
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

func TestStepVectors(t *testing.T) {
	vectors.Each(t, "testdata", []string{"ocr12-ocr2-steps.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.DecodeStrict[stepsInput](t, c.Input)
		if in.Protocol != "ocr2" {
			t.Fatalf("unknown protocol %q", in.Protocol)
		}
		rig := newStepsRig(t, in)
		rig.Play(vectors.DecodeStrict[struct{ Steps []roundtest.Step }](t, c.Output).Steps, rig.event, rig.state)
	})
}
