package ocr1

import (
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
	"github.com/ocrkit/ocrkit/test/roundtest"
	"github.com/ocrkit/ocrkit/test/vectors"
)

func traceConfig(t *testing.T, in roundtest.Trace, own int) Config {
	keys := config.KeysV1(config.SharedSecret(in.SharedSecret.Array16(t)))
	return Config{
		ConfigDigest: in.ConfigDigest.Array16(t),
		Config: rounds.Config{
			OracleID: commontypes.OracleID(own), N: in.N, F: in.F,
			DeltaProgress: in.DeltaProgressNs.D(), DeltaResend: in.DeltaResendNs.D(), DeltaRound: in.DeltaRoundNs.D(),
			DeltaGrace: in.DeltaGraceNs.D(), DeltaStage: 20 * time.Millisecond, RMax: in.RMax, S: []int{1, 1, 2},
			LeaderSelectionKey: keys.LeaderSelection, TransmissionOrderKey: keys.TransmissionOrder,
		},
		DeltaC: time.Hour, AlphaPPB: 10_000_000,
	}
}

// traceOutside is what was around the recorded oracles.
func traceOutside(t *testing.T, in roundtest.Trace) *outside {
	world := newOutside(in.N)
	world.value = func(own commontypes.OracleID, _ Round) *big.Int {
		return big.NewInt(1000 + int64(own))
	}
	world.contract = ContractState{
		ConfigDigest: in.ConfigDigest.Array16(t), Round: Round{Round: 1}, LatestAnswer: in.ContractAnswer.Int, LatestTimestamp: epochStart.Add(-time.Minute),
	}
	return world
}

func TestTraceVectors(t *testing.T) {
	vectors.Each(t, "testdata", []string{"ocr12-ocr1-traces.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.DecodeStrict[roundtest.Trace](t, c.Input)
		if !slices.Contains([]string{"rmax-leader-change", "nothing-to-report"}, c.Name) || in.Protocol != "ocr1" {
			t.Fatalf("unknown scenario %q of protocol %q", c.Name, in.Protocol)
		}
		in.ReportQuorum = in.F + 1
		sends := vectors.DecodeStrict[struct{ Sends []roundtest.Send }](t, c.Output).Sends
		t.Run("recorded", func(t *testing.T) { roundtest.CheckTrace(t, in, sends) })
		t.Run("own", func(t *testing.T) { roundtest.CheckTrace(t, in, ownTrace(t, in)) })
		for own := range in.N {
			t.Run(fmt.Sprintf("replay in place of oracle %d", own), func(t *testing.T) { replay(t, in, sends, own) })
		}
	})
}

// ownTrace records a run of our machines.
func ownTrace(t *testing.T, in roundtest.Trace) []roundtest.Send {
	net := newNetwork(traceConfig(t, in, 0), traceOutside(t, in).answer)
	trace := roundtest.Record(net, roundtest.NoSkip[ocr1wire.Message])
	net.Start(Start{ContractKnown: true})
	net.Run(in.DurationNs.D())
	if last := (*trace)[len(*trace)-1]; len(*trace) < 20 || last.Epoch < 1 {
		t.Errorf("only %d sends, the last one %+v", len(*trace), last)
	}
	return *trace
}

// replay plays a trace to a machine in the place of one of the oracles.
func replay(t *testing.T, in roundtest.Trace, trace []roundtest.Send, own int) {
	world := traceOutside(t, in)
	s := standIn{
		t: t, in: in, world: world, requests: map[Round]*ocr1wire.ReportReq{},
		reports: map[Round][]*ocr1wire.Report{}, finals: map[Round]*ocr1wire.Final{},
	}
	p := roundtest.Replayer[ocr1wire.Message]{
		T: t, Own: commontypes.OracleID(own), Machine: New(traceConfig(t, in, own)),
		Answer: world.answer, Make: s.message, Learn: s.learn, Skip: roundtest.NoSkip[ocr1wire.Message],
		Silent: func(commontypes.OracleID) bool { return false },
	}
	p.Replay(Start{ContractKnown: true}, trace)
}

// standIn makes up the payloads of a trace.
type standIn struct {
	t        *testing.T
	in       roundtest.Trace
	world    *outside
	requests map[Round]*ocr1wire.ReportReq
	reports  map[Round][]*ocr1wire.Report
	finals   map[Round]*ocr1wire.Final
}

// learn notes what later payloads depend on.
func (p *standIn) learn(_ commontypes.OracleID, m ocr1wire.Message) {
	switch m := m.(type) {
	case *ocr1wire.ReportReq:
		p.requests[Round{Epoch: m.Epoch, Round: m.Round}] = m
	case *ocr1wire.Report:
		r := Round{Epoch: m.Epoch, Round: m.Round}
		p.reports[r] = append(p.reports[r], m)
	case *ocr1wire.Final:
		p.finals[Round{Epoch: m.Epoch, Round: m.Round}] = m
	}
}

// message makes up the message behind a line of the trace.
func (p *standIn) message(s roundtest.Send) ocr1wire.Message {
	ts := ocr1types.ReportTimestamp{ConfigDigest: p.in.ConfigDigest.Array16(p.t), Epoch: s.Epoch, Round: s.Round}
	switch s.Type {
	case "MessageNewEpoch":
		return &ocr1wire.NewEpoch{Epoch: s.Epoch}
	case "MessageObserveReq":
		return &ocr1wire.ObserveReq{Epoch: s.Epoch, Round: s.Round}
	case "MessageObserve":
		return &ocr1wire.Observe{Epoch: s.Epoch, Round: s.Round, SignedObservation: signedObservation(p.t, ts, s.From, p.world.value(s.From, s.Position()))}
	case "MessageReportReq":
		m := &ocr1wire.ReportReq{Epoch: s.Epoch, Round: s.Round}
		for i := range 2*p.in.F + 1 {
			id := commontypes.OracleID(i)
			m.Observations = append(m.Observations, ocr1wire.AttributedSignedObservation{
				SignedObservation: signedObservation(p.t, ts, id, p.world.value(id, s.Position())), Observer: id})
		}
		return m
	case "MessageReport":
		req := p.requests[s.Position()]
		if req == nil {
			p.t.Fatalf("%+v: there was no ReportReq for it", s)
		}
		return report(p.t, ts, s.From, attributed(req))
	case "MessageFinal":
		reports := p.reports[s.Position()]
		if len(reports) <= p.in.F {
			p.t.Fatalf("%+v: there were %d reports for it", s, len(reports))
		}
		m := &ocr1wire.Final{Epoch: s.Epoch, Round: s.Round}
		m.AttestedReport.Observations = reports[0].AttestedReport.Observations
		for _, r := range reports[:p.in.F+1] {
			m.AttestedReport.Signatures = append(m.AttestedReport.Signatures, r.AttestedReport.Signature)
		}
		return m
	case "MessageFinalEcho":
		if p.finals[s.Position()] == nil {
			p.t.Fatalf("%+v: there was no Final for it", s)
		}
		return &ocr1wire.FinalEcho{Final: *p.finals[s.Position()]}
	}
	p.t.Fatalf("unknown type %q", s.Type)
	return nil
}

// fataler is a test of any kind.
type fataler interface{ Fatalf(string, ...any) }

func signedObservation(t fataler, ts ocr1types.ReportTimestamp, observer commontypes.OracleID, value *big.Int) ocr1wire.SignedObservation {
	o, err := ocr1wire.NewObservation(value)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return ocr1wire.SignedObservation{Observation: o, Signature: roundtest.Sign(observer, ocr1wire.SignedMessage(ts, o))}
}

// attributed is what a report is made of after a request.
func attributed(m *ocr1wire.ReportReq) (list []ocr1wire.AttributedObservation) {
	for i := range m.Observations {
		list = append(list, m.Observations[i].Attributed())
	}
	return list
}

// report makes an oracle's report.
func report(t fataler, ts ocr1types.ReportTimestamp, from commontypes.OracleID, list []ocr1wire.AttributedObservation) *ocr1wire.Report {
	b, err := ocr1wire.OnchainReport(ts, list)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return &ocr1wire.Report{Epoch: ts.Epoch, Round: ts.Round, AttestedReport: ocr1wire.AttestedReportOne{
		Observations: list, Signature: reportSignature(from, b),
	}}
}
