package ocr2

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
	"github.com/ocrkit/ocrkit/test/roundtest"
	"github.com/ocrkit/ocrkit/test/vectors"
)

// scenario is what the name of a trace says beyond its input.
type scenario struct {
	skip   func(Round) bool
	silent bool // the leader of epoch 1 sends into the void
}

var scenarios = map[string]scenario{
	"rmax-leader-change": {},
	"silent-leader":      {silent: true},
	"skip-rounds":        {skip: func(r Round) bool { return r.Round%2 == 1 }},
}

func traceConfig(t *testing.T, in roundtest.Trace, own int) Config {
	keys := config.KeysV1(config.SharedSecret(in.SharedSecret.Array16(t)))
	return Config{
		ConfigDigest: in.ConfigDigest.Array32(t), ReportQuorum: in.ReportQuorum,
		Config: rounds.Config{
			OracleID: commontypes.OracleID(own), N: in.N, F: in.F,
			DeltaProgress: in.DeltaProgressNs.D(), DeltaResend: in.DeltaResendNs.D(), DeltaRound: in.DeltaRoundNs.D(),
			DeltaGrace: in.DeltaGraceNs.D(), DeltaStage: 20 * time.Millisecond, RMax: in.RMax, S: []int{1, 1, 2},
			LeaderSelectionKey: keys.LeaderSelection, TransmissionOrderKey: keys.TransmissionOrder,
		},
	}
}

// skips tells which messages are reports without content.
func skips(m ocr2wire.Message) bool {
	r, ok := m.(*ocr2wire.Report)
	return ok && r.AttestedReport.Skip
}

func TestTraceVectors(t *testing.T) {
	vectors.Each(t, "testdata", []string{"ocr12-ocr2-traces.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.DecodeStrict[roundtest.Trace](t, c.Input)
		what, ok := scenarios[c.Name]
		if !ok || in.Protocol != "ocr2" {
			t.Fatalf("unknown scenario %q of protocol %q", c.Name, in.Protocol)
		}
		out := vectors.DecodeStrict[struct {
			Sends          []roundtest.Send
			SendsPerOracle map[commontypes.OracleID]int
		}](t, c.Output)
		per := map[commontypes.OracleID]int{}
		for _, s := range out.Sends {
			per[s.From]++
		}
		if fmt.Sprint(per) != fmt.Sprint(out.SendsPerOracle) {
			t.Errorf("sends per oracle: %v, the file says %v", per, out.SendsPerOracle)
		}
		t.Run("recorded", func(t *testing.T) { roundtest.CheckTrace(t, in, out.Sends) })
		t.Run("own", func(t *testing.T) { roundtest.CheckTrace(t, in, ownTrace(t, in, what)) })
		for own := range in.N {
			t.Run(fmt.Sprintf("replay in place of oracle %d", own), func(t *testing.T) { replay(t, in, what, out.Sends, own) })
		}
	})
}

// ownTrace records a run of four of our machines.
func ownTrace(t *testing.T, in roundtest.Trace, what scenario) []roundtest.Send {
	net := newNetwork(traceConfig(t, in, 0), &fakePlugin{skip: what.skip, transmit: true})
	silent := in.LeadersEpoch0To7[1]
	net.Lost = func(from, _ commontypes.OracleID, _ ocr2wire.Message) bool { return what.silent && from == silent }
	trace := roundtest.Record(net, skips)
	net.Start(Start{ContractKnown: true})
	net.Run(in.DurationNs.D())
	last := (*trace)[len(*trace)-1]
	if len(*trace) < 30 || last.Epoch < 1 {
		t.Errorf("only %d sends, the last one %+v", len(*trace), last)
	}
	return *trace
}

// replay plays a trace to a machine in the place of one of the oracles.
func replay(t *testing.T, in roundtest.Trace, what scenario, trace []roundtest.Send, own int) {
	silent := in.LeadersEpoch0To7[1]
	s := standIn{
		t: t, in: in, digest: in.ConfigDigest.Array32(t),
		requests: map[Round]*ocr2wire.ReportReq{}, reporters: map[Round][]commontypes.OracleID{}, finals: map[Round]*ocr2wire.Final{},
	}
	plugin := fakePlugin{skip: what.skip, transmit: true}
	p := roundtest.Replayer[ocr2wire.Message]{
		T: t, Own: commontypes.OracleID(own), Machine: New(traceConfig(t, in, own)),
		Answer: plugin.answer, Make: s.message, Learn: s.learn, Skip: skips,
		Mute:   what.silent && silent == commontypes.OracleID(own),
		Silent: func(id commontypes.OracleID) bool { return what.silent && id == silent },
	}
	p.Replay(Start{ContractEpoch: in.ContractEpochAtStart, ContractKnown: true}, trace)
}

// standIn makes up the payloads of a trace.
type standIn struct {
	t         *testing.T
	in        roundtest.Trace
	digest    types.ConfigDigest
	requests  map[Round]*ocr2wire.ReportReq
	reporters map[Round][]commontypes.OracleID
	finals    map[Round]*ocr2wire.Final
}

// learn notes what later payloads depend on.
func (p *standIn) learn(from commontypes.OracleID, m ocr2wire.Message) {
	switch m := m.(type) {
	case *ocr2wire.ReportReq:
		p.requests[Round{Epoch: m.Epoch, Round: m.Round}] = m
	case *ocr2wire.Report:
		if !m.AttestedReport.Skip {
			r := Round{Epoch: m.Epoch, Round: m.Round}
			p.reporters[r] = append(p.reporters[r], from)
		}
	case *ocr2wire.Final:
		p.finals[Round{Epoch: m.Epoch, Round: m.Round}] = m
	}
}

// message makes up the message behind a line of the trace.
func (p *standIn) message(s roundtest.Send) ocr2wire.Message {
	r := s.Position()
	ts := types.ReportTimestamp{ConfigDigest: p.digest, Epoch: s.Epoch, Round: s.Round}
	query := []byte{s.Round}
	payload := []byte{byte(s.Epoch), s.Round}
	signed := func(observer commontypes.OracleID) ocr2wire.SignedObservation {
		observation := append(slices.Clone(payload), byte(observer)) // as fakePlugin has it
		digest := ocr2wire.ObservationDigest(ts, query, observation)
		return ocr2wire.SignedObservation{Observation: observation, Signature: fakeSign(observer, digest[:])}
	}
	context := func() types.ReportContext {
		req := p.requests[r]
		if req == nil {
			p.t.Fatalf("%+v: there was no ReportReq for it", s)
		}
		return types.ReportContext{ReportTimestamp: ts, ExtraHash: ocr2wire.ExtraHash(req.Query, req.Observations)}
	}
	switch s.Type {
	case "MessageNewEpoch":
		return &ocr2wire.NewEpoch{Epoch: s.Epoch}
	case "MessageObserveReq":
		return &ocr2wire.ObserveReq{Epoch: s.Epoch, Round: s.Round, Query: query}
	case "MessageObserve":
		return &ocr2wire.Observe{Epoch: s.Epoch, Round: s.Round, SignedObservation: signed(s.From)}
	case "MessageReportReq":
		m := &ocr2wire.ReportReq{Epoch: s.Epoch, Round: s.Round, Query: query}
		for i := range 2*p.in.F + 1 {
			id := commontypes.OracleID(i)
			m.Observations = append(m.Observations, ocr2wire.AttributedSignedObservation{SignedObservation: signed(id), Observer: id})
		}
		return m
	case "MessageReport":
		m := &ocr2wire.Report{Epoch: s.Epoch, Round: s.Round, AttestedReport: ocr2wire.AttestedReportOne{Skip: s.Skip}}
		if !s.Skip {
			m.AttestedReport.Report = payload
			m.AttestedReport.Signature = fakeSign(s.From, reportMessage(context(), payload))
		}
		return m
	case "MessageFinal":
		ctx := context()
		m := &ocr2wire.Final{Epoch: s.Epoch, Round: s.Round, H: ctx.ExtraHash}
		m.AttestedReport.Report = payload
		for _, signer := range p.reporters[r][:p.in.ReportQuorum] {
			m.AttestedReport.AttributedSignatures = append(m.AttestedReport.AttributedSignatures,
				types.AttributedOnchainSignature{Signer: signer, Signature: fakeSign(signer, reportMessage(ctx, payload))})
		}
		return m
	case "MessageFinalEcho":
		if p.finals[r] == nil {
			p.t.Fatalf("%+v: there was no Final for it", s)
		}
		return &ocr2wire.FinalEcho{Final: *p.finals[r]}
	}
	p.t.Fatalf("unknown type %q", s.Type)
	return nil
}
