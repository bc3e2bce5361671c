package ocr3

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
	"github.com/ocrkit/ocrkit/test/ocr3vectors"
	"github.com/ocrkit/ocrkit/test/vectors"
)

// recordingHost records what outcome generation tells the other parts.
type recordingHost struct {
	toPacemaker  []string
	certificates []*ocr3wire.CertifiedCommit
}

func (h *recordingHost) progress()        { h.toPacemaker = append(h.toPacemaker, "progress") }
func (h *recordingHost) requestNewEpoch() { h.toPacemaker = append(h.toPacemaker, "newEpochRequest") }
func (h *recordingHost) committed(c *ocr3wire.CertifiedCommit) {
	h.certificates = append(h.certificates, c)
}

type outcomeContext struct {
	SeqNr, Epoch, Round vectors.U64
	PreviousOutcome     vectors.Hex
}

type pluginObservation struct {
	Observation vectors.Hex
	Observer    commontypes.OracleID
}

// pluginCall is a call of the plugin as the vectors list it.
type pluginCall struct {
	Call         string
	Outctx       outcomeContext
	Query        vectors.Hex
	Observation  vectors.Hex
	Observations []pluginObservation
	Outcome      vectors.Hex
	Count        int
	Result       bool
}

func (d *driver) pluginCalls(calls []kernel.Effect, results []any) (list []pluginCall) {
	context := func(c OutcomeContext) outcomeContext {
		return outcomeContext{vectors.U64(c.SeqNr), vectors.U64(c.Epoch), vectors.U64(c.Round), c.PreviousOutcome}
	}
	for i, call := range calls {
		switch call := call.(type) {
		case CallQuery:
			list = append(list, pluginCall{Call: "Query", Outctx: context(call.Context), Query: vectors.Hex(results[i].(QueryDone).Query)})
		case CallObservation:
			list = append(list, pluginCall{Call: "Observation", Outctx: context(call.Context), Query: vectors.Hex(call.Query), Observation: vectors.Hex(results[i].(ObservationDone).Observation)})
		case CallObservationQuorum:
			list = append(list, pluginCall{Call: "ObservationQuorum", Count: len(call.Observations), Result: results[i].(QuorumDone).Reached})
		case CallOutcome:
			c := pluginCall{Call: "Outcome", Outctx: context(call.Context), Query: vectors.Hex(call.Query), Outcome: results[i].(OutcomeDone).Outcome}
			for _, o := range call.Observations {
				c.Observations = append(c.Observations, pluginObservation{vectors.Hex(o.Observation), o.Observer})
			}
			list = append(list, c)
		}
	}
	return list
}

func TestOutcomeGenerationVectors(t *testing.T) {
	vectors.Each(t, "testdata", []string{"ocr3-outgen-steps.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.DecodeStrict[struct {
			N, F                       int
			Me                         commontypes.OracleID
			RMax                       uint64
			ConfigDigest, SharedSecret vectors.Hex
			Seeds                      []vectors.Hex
			ObservationPrefix          string
		}](t, c.Input)
		type sentMessage struct {
			Type  string
			To    json.RawMessage
			Bytes vectors.Hex
		}
		out := vectors.DecodeStrict[struct {
			Steps []struct {
				Event struct {
					Type, What, MessageType, Note string
					Value                         bool
					Epoch                         vectors.U64
					From                          commontypes.OracleID
					Bytes                         vectors.Hex
				}
				After struct {
					E, FirstSeq, Seq, CommittedSeq vectors.U64
					Leader                         commontypes.OracleID
					LeaderPhase, FollowerPhase     string
					Ready, InitialTimerArmed       bool
					Cert                           ocr3vectors.Timestamp
				}
				PluginCalls []pluginCall
				Persisted   []struct {
					Timestamp ocr3vectors.Timestamp
					Bytes     vectors.Hex
					Failed    bool
				}
				Sent        []sentMessage
				ToPacemaker []string
				Committed   []ocr3vectors.Certificate
			}
		}](t, c.Output)
		digest := types.ConfigDigest(in.ConfigDigest.Array32(t))
		cfg := testConfig(in.N, in.F, in.Me, digest, config.KeysV3(in.SharedSecret.Array16(t), digest).LeaderSelection)
		cfg.RMax = in.RMax
		core := newCore(cfg)
		host := &recordingHost{}
		g := newGeneration(core, host)
		d := &driver{t: t, core: core, seeds: keysOf(in.Seeds), observationPrefix: in.ObservationPrefix, rejectBad: true, fails: map[string]bool{}}
		d.finish = func(id kernel.CallID, result any) { core.Finish(id, result) }
		if first := out.Steps[0]; len(c.Name) > 8 && c.Name[:8] == "restored" {
			m, err := ocr3wire.Decode(first.Sent[0].Bytes, in.N, 0)
			if err != nil {
				t.Fatal(err)
			}
			core.certificates.highest = m.(*ocr3wire.EpochStartRequest).HighestCertified
		}
		same := func(i int, a, b ocr3wire.Certificate) {
			checks, err := core.certificateChecks(a)
			for _, check := range checks {
				if !d.verify(check) {
					err = fmt.Errorf("bad signature of %d", check.Signer)
				}
			}
			if err != nil || ocr3wire.CertificateString(a) != ocr3wire.CertificateString(b) {
				t.Fatalf("step %d: certificate %s (%v), want %s", i, ocr3wire.CertificateString(a), err, ocr3wire.CertificateString(b))
			}
			if a, ok := a.(*ocr3wire.CertifiedPrepare); ok && a.OutcomeInputsDigest != b.(*ocr3wire.CertifiedPrepare).OutcomeInputsDigest {
				t.Fatalf("step %d: digest of inputs differs", i)
			}
		}
		for i, s := range out.Steps {
			core.Begin()
			host.toPacemaker, host.certificates = nil, nil
			switch s.Event.Type {
			case "newEpoch":
				epoch := uint64(s.Event.Epoch)
				g.newEpoch(epoch, core.leaders.Leader(epoch), false)
			case "message":
				m, err := ocr3wire.Decode(s.Event.Bytes, in.N, 0)
				if err != nil {
					t.Fatal(err)
				}
				g.receive(s.Event.From, m.(ocr3wire.EpochMessage))
			case "initialTimer":
				if !g.follow.initial {
					continue // a timer that was stopped does not fire
				}
				g.follow.initialFired()
			case "roundTimer":
				g.lead.roundFired()
			case "graceTimer":
				g.lead.graceFired()
			case "set":
				d.fails[s.Event.What] = s.Event.Value
			default:
				t.Fatalf("step %d: unknown event %q", i, s.Event.Type)
			}
			d.run(core.Effects())
			effects, calls, results, persisted := d.take()

			type state struct {
				e, firstSeq, seq, committedSeq uint64
				leader                         commontypes.OracleID
				leaderPhase, followerPhase     string
				ready, initial                 bool
				cert                           ocr3wire.HighestCertifiedTimestamp
			}
			a := s.After
			got := state{g.epoch, g.firstSeqNr, g.seqNr, g.committedSeqNr, g.leader, g.lead.phase.String(), g.follow.phase.String(), g.lead.ready, g.follow.initial, core.certificates.highest.Timestamp()}
			want := state{uint64(a.E), uint64(a.FirstSeq), uint64(a.Seq), uint64(a.CommittedSeq), a.Leader, a.LeaderPhase, a.FollowerPhase, a.Ready, a.InitialTimerArmed, a.Cert.Wire()}
			if a.Leader != in.Me {
				got.leaderPhase, got.ready = want.leaderPhase, want.ready
			}
			if got != want {
				t.Fatalf("step %d, %+v:\ngot  %+v\nwant %+v", i, s.Event, got, want)
			}
			if calls := d.pluginCalls(calls, results); fmt.Sprintf("%+v", calls) != fmt.Sprintf("%+v", s.PluginCalls) {
				t.Fatalf("step %d, %+v:\ncalls %+v\nwant  %+v", i, s.Event, calls, s.PluginCalls)
			}
			if !slices.Equal(host.toPacemaker, s.ToPacemaker) {
				t.Fatalf("step %d, %+v: tells the pacemaker %v, want %v", i, s.Event, host.toPacemaker, s.ToPacemaker)
			}
			if len(persisted) != len(s.Persisted) || len(host.certificates) != len(s.Committed) {
				t.Fatalf("step %d, %+v: persisted %d, committed %d, want %d, %d", i, s.Event, len(persisted), len(host.certificates), len(s.Persisted), len(s.Committed))
			}
			for k, p := range persisted {
				want, err := ocr3wire.DecodeCertificate(s.Persisted[k].Bytes)
				if err != nil || p.failed != s.Persisted[k].Failed {
					t.Fatalf("step %d: %v, failed %t, want %t", i, err, p.failed, s.Persisted[k].Failed)
				}
				same(i, p.certificate, want)
			}
			for k, certificate := range host.certificates {
				same(i, certificate, s.Committed[k].Wire(t))
			}
			var sent []string
			for _, effect := range effects {
				switch e := effect.(type) {
				case Send:
					sent = append(sent, d.comparable(fmt.Sprint(e.To), e.Message))
				case Broadcast:
					sent = append(sent, d.comparable(`"all"`, e.Message))
				}
			}
			var wantSent []string
			for _, m := range s.Sent {
				message, err := ocr3wire.Decode(m.Bytes, in.N, 0)
				if err != nil {
					t.Fatal(err)
				}
				wantSent = append(wantSent, d.comparable(string(m.To), message))
			}
			if !slices.Equal(sent, wantSent) {
				t.Fatalf("step %d, %+v:\nsent %v\nwant %v", i, s.Event, sent, wantSent)
			}
		}
	})
}

// comparable is a text of a message in which choices that are free, of order and of members of quorums, do not show. Where they
// make signatures differ, it tells whether these are good.
func (d *driver) comparable(to string, m ocr3wire.Message) string {
	switch m := m.(type) {
	case *ocr3wire.EpochStart:
		message := ocr3wire.EpochStartMessage(d.core.cfg.ConfigDigest, m.Epoch, &m.EpochStartProof)
		good := d.verify(check(d.core.leaders.Leader(m.Epoch), message[:], m.Signature31))
		g := newGeneration(d.core, nil)
		g.epoch = m.Epoch
		checks, err := g.proofChecks(&m.EpochStartProof)
		for _, c := range checks {
			good = good && d.verify(c)
		}
		return fmt.Sprintf("to %s: EpochStart %d %s %d %t %v", to, m.Epoch, ocr3wire.CertificateString(m.EpochStartProof.HighestCertified), len(m.EpochStartProof.HighestCertifiedProof), good, err)
	case *ocr3wire.Proposal:
		sorted := *m
		sorted.Observations = slices.SortedFunc(slices.Values(m.Observations), func(a, b ocr3wire.AttributedSignedObservation) int {
			return cmp.Compare(a.Observer, b.Observer)
		})
		return fmt.Sprintf("to %s: %x", to, mustEncode(d.t, &sorted))
	case *ocr3wire.EpochStartRequest:
		sorted := *m
		switch certificate := m.HighestCertified.(type) {
		case *ocr3wire.CertifiedPrepare:
			c := *certificate
			c.Signatures = nil
			sorted.HighestCertified = &c
		case *ocr3wire.CertifiedCommit:
			c := *certificate
			c.Signatures = nil
			sorted.HighestCertified = &c
		}
		return fmt.Sprintf("to %s: %x", to, mustEncode(d.t, &sorted))
	}
	return fmt.Sprintf("to %s: %x", to, mustEncode(d.t, m))
}

func mustEncode(t *testing.T, m ocr3wire.Message) []byte {
	b, err := ocr3wire.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
