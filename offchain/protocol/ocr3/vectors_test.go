package ocr3

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
	"github.com/ocrkit/ocrkit/test/ocr3vectors"
	"github.com/ocrkit/ocrkit/test/vectors"
)

func TestPoolVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"ocr3-pools.json"}, vectors.Kinds{Run: map[string]func(*testing.T, vectors.File, vectors.Case){
		"pool": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[struct {
				Kind     string
				Capacity int
			}](t, c.Input)
			out := vectors.DecodeStrict[struct {
				Steps []struct {
					Op, Result       string
					Sender           commontypes.OracleID
					SeqNr, Completed vectors.U64
				}
			}](t, c.Output)
			p := newPool[struct{}](types.MaxOracles, in.Capacity)
			names := map[kernel.DropReason]string{{}: "ok", dropTooLow: "too low", dropPoolFull: "full", dropDuplicate: "duplicate"}
			for i, s := range out.Steps {
				switch s.Op {
				case "put":
					if why, _ := p.put(uint64(s.SeqNr), s.Sender, struct{}{}); names[why] != s.Result {
						t.Fatalf("step %d: %q, want %q", i, names[why], s.Result)
					}
				case "prune":
					p.prune(uint64(s.Completed))
				default:
					t.Fatalf("unknown op %q", s.Op)
				}
			}
		},
		"buffer": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[struct {
				Kind     string
				Capacity int
			}](t, c.Input)
			if in.Capacity != kernel.FutureMessagesPerSender {
				t.Fatalf("capacity %d, ours is %d", in.Capacity, kernel.FutureMessagesPerSender)
			}
			out := vectors.DecodeStrict[struct {
				Steps []struct {
					Op           string
					Item, Length int
				}
			}](t, c.Output)
			// The buffer hands out by epochs; each item gets one of its own.
			b := kernel.NewFutureBuffer[int](1)
			var kept []int
			for i, s := range out.Steps {
				switch s.Op {
				case "push":
					oldest, dropped := b.Add(0, uint64(i+1), s.Item)
					if dropped {
						if oldest != kept[0] {
							t.Fatalf("step %d: dropped %d, the oldest is %d", i, oldest, kept[0])
						}
						kept = kept[1:]
					}
					kept = append(kept, s.Item)
				case "pop":
					if kept[0] != s.Item {
						t.Fatalf("step %d: the first is %d, want %d", i, kept[0], s.Item)
					}
					kept = kept[1:]
					rest := slices.Clone(kept)
					b = kernel.NewFutureBuffer[int](1)
					for k, item := range rest {
						b.Add(0, uint64(k+1), item)
					}
				default:
					t.Fatalf("unknown op %q", s.Op)
				}
				if b.Len() != s.Length {
					t.Fatalf("step %d: length %d, want %d", i, b.Len(), s.Length)
				}
			}
		},
	}})
}

func TestLeaderAndScheduleVectors(t *testing.T) {
	vectors.Each(t, "testdata", []string{"ocr3-leaders.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.DecodeStrict[struct {
			N                          int
			SharedSecret, ConfigDigest vectors.Hex
			Epochs                     []vectors.U64
		}](t, c.Input)
		out := vectors.DecodeStrict[struct {
			LeaderSelectionKey, TransmissionOrderKey vectors.Hex
			Leaders                                  []commontypes.OracleID
		}](t, c.Output)
		keys := config.KeysV3(in.SharedSecret.Array16(t), in.ConfigDigest.Array32(t))
		if !bytes.Equal(keys.LeaderSelection[:], out.LeaderSelectionKey) || !bytes.Equal(keys.TransmissionOrder[:], out.TransmissionOrderKey) {
			t.Errorf("keys %x %x", keys.LeaderSelection, keys.TransmissionOrder)
		}
		leaders := config.NewLeadersV3(in.N, keys.LeaderSelection)
		for i, epoch := range in.Epochs {
			if got := leaders.Leader(uint64(epoch)); got != out.Leaders[i] {
				t.Errorf("leader of epoch %d is %d, want %d", epoch, got, out.Leaders[i])
			}
		}
	})
	vectors.Each(t, "testdata", []string{"ocr3-schedules.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.DecodeStrict[struct {
			N                          int
			SharedSecret, ConfigDigest vectors.Hex
			S                          []int
			DeltaStage                 vectors.Ns
			SeqNr                      vectors.U64
			Index                      int
			Override                   *struct {
				Transmitters []commontypes.OracleID
				Delays       []vectors.Ns
			}
		}](t, c.Input)
		type delay struct {
			Oracle commontypes.OracleID
			Delay  vectors.Ns
		}
		out := vectors.DecodeStrict[struct {
			OK             bool
			PermutationKey vectors.Hex
			Delays         []delay
		}](t, c.Output)
		cfg := testConfig(in.N, 0, 0, in.ConfigDigest.Array32(t), [16]byte{})
		keys := config.KeysV3(in.SharedSecret.Array16(t), in.ConfigDigest.Array32(t))
		cfg.TransmissionOrderKey, cfg.S, cfg.DeltaStage = keys.TransmissionOrder, in.S, in.DeltaStage.D()
		report := attestedReport{seqNr: uint64(in.SeqNr), index: in.Index}
		if in.Override != nil {
			report.schedule = &Schedule{Transmitters: in.Override.Transmitters}
			for _, d := range in.Override.Delays {
				report.schedule.Delays = append(report.schedule.Delays, d.D())
			}
		}
		tr := &transmission{core: newCore(cfg)}
		delays, ok := tr.delays(report)
		var got []delay
		for i, d := range delays {
			if d.Transmits {
				got = append(got, delay{commontypes.OracleID(i), vectors.Ns(d.Delay)})
			}
		}
		if ok != out.OK || fmt.Sprint(got) != fmt.Sprint(out.Delays) {
			t.Errorf("%t %v, want %t %v", ok, got, out.OK, out.Delays)
		}
	})
}

// TestProofVectors checks the validity of certificates and of proofs of epoch starts.
func TestProofVectors(t *testing.T) {
	type input struct {
		Kind                string
		ConfigDigest        vectors.Hex
		Epoch               vectors.U64
		N, F                int
		Seeds, PublicKeys   []vectors.Hex
		Certificate         ocr3vectors.Certificate
		Bytes               vectors.Hex
		EpochStartProof     ocr3vectors.Proof
		HighestCertified    json.RawMessage
		EpochStartProofSize int
	}
	setup := func(t *testing.T, c vectors.Case) (input, *driver) {
		in := vectors.DecodeStrict[input](t, c.Input)
		core := newCore(testConfig(in.N, in.F, 0, in.ConfigDigest.Array32(t), [16]byte{}))
		return in, &driver{t: t, core: core, seeds: keysOf(in.Seeds)}
	}
	valid := func(d *driver, checks []kernel.SignatureCheck, err error) bool {
		if err != nil {
			return false
		}
		for _, c := range checks {
			if !d.verify(c) {
				return false
			}
		}
		return true
	}
	vectors.EachKind(t, "testdata", []string{"ocr3-certificates.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"certificate": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in, d := setup(t, c)
				out := vectors.DecodeStrict[struct {
					Valid     bool
					Timestamp ocr3vectors.Timestamp
					Why       string
				}](t, c.Output)
				certificate := in.Certificate.Wire(t)
				checks, err := d.core.certificateChecks(certificate)
				if got := valid(d, checks, err); got != out.Valid || certificate.Timestamp() != out.Timestamp.Wire() {
					t.Errorf("valid %t (%v) at %s, want %t at %s: %s", got, err, certificate.Timestamp(), out.Valid, out.Timestamp.Wire(), out.Why)
				}
			},
			"epochStartProof": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in, d := setup(t, c)
				out := vectors.DecodeStrict[struct {
					Valid bool
					Why   string
				}](t, c.Output)
				g := newGeneration(d.core, nil)
				g.epoch = uint64(in.Epoch)
				proof := in.EpochStartProof.Wire(t)
				checks, err := g.proofChecks(&proof)
				if got := valid(d, checks, err); got != out.Valid {
					t.Errorf("valid %t (%v), want %t: %s", got, err, out.Valid, out.Why)
				}
			},
		},
		Elsewhere: map[string]string{"compare": "offchain/wire/ocr3wire"},
	})
}

func TestPacemakerVectors(t *testing.T) {
	vectors.Each(t, "testdata", []string{"ocr3-pacemaker-steps.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		type state struct{ Epoch, HighestSentNewEpochWish vectors.U64 }
		in := vectors.DecodeStrict[struct {
			N, F                       int
			Me                         commontypes.OracleID
			SharedSecret, ConfigDigest vectors.Hex
			Restored                   state
		}](t, c.Input)
		out := vectors.DecodeStrict[struct {
			Steps []struct {
				Event struct {
					Type  string
					From  commontypes.OracleID
					Epoch vectors.U64
				}
				After struct {
					E, Ne              vectors.U64
					Leader             commontypes.OracleID
					ProgressTimerArmed bool
				}
				NewEpochNotified bool
				Persisted        []state
				Sent             []struct {
					To    string
					Bytes vectors.Hex
				}
			}
		}](t, c.Output)
		digest := types.ConfigDigest(in.ConfigDigest.Array32(t))
		core := newCore(testConfig(in.N, in.F, in.Me, digest, config.KeysV3(in.SharedSecret.Array16(t), digest).LeaderSelection))
		notified := false
		p := newPacemaker(core, func(uint64, commontypes.OracleID, bool) { notified = true })
		for i, s := range out.Steps {
			core.Begin()
			notified = false
			switch s.Event.Type {
			case "start":
				p.start(&ocr3wire.PacemakerState{Epoch: uint64(in.Restored.Epoch), HighestSentNewEpochWish: uint64(in.Restored.HighestSentNewEpochWish)})
			case "wish":
				p.newEpochWish(s.Event.From, uint64(s.Event.Epoch))
			case "resendTimer":
				p.resendFired()
			case "newEpochRequest":
				p.requestNewEpoch()
			case "progress":
				p.progress()
			default:
				t.Fatalf("step %d: unknown event %q", i, s.Event.Type)
			}
			var persisted []state
			var sent []vectors.Hex
			var order []string
			for _, effect := range core.Effects() {
				switch e := effect.(type) {
				case PersistPacemaker:
					persisted = append(persisted, state{vectors.U64(e.State.Epoch), vectors.U64(e.State.HighestSentNewEpochWish)})
					order = append(order, "persist")
				case Broadcast:
					b, err := ocr3wire.Encode(e.Message)
					if err != nil {
						t.Fatal(err)
					}
					sent = append(sent, b)
					order = append(order, "send")
				}
			}
			var want []vectors.Hex
			for _, m := range s.Sent {
				if m.To != "all" {
					t.Fatalf("step %d: sent to %s", i, m.To)
				}
				want = append(want, m.Bytes)
			}
			if len(persisted) > 0 && order[0] != "persist" {
				t.Errorf("step %d: %v: what was decided leaves before it is durable", i, order)
			}
			if !slices.Equal(persisted, s.Persisted) || fmt.Sprint(sent) != fmt.Sprint(want) || notified != s.NewEpochNotified {
				t.Fatalf("step %d, %+v: persisted %v, sent %v, notified %t; want %v, %v, %t", i, s.Event, persisted, sent, notified, s.Persisted, want, s.NewEpochNotified)
			}
			if p.epoch != uint64(s.After.E) || p.wish != uint64(s.After.Ne) || p.leader() != s.After.Leader || p.progressArmed != s.After.ProgressTimerArmed {
				t.Fatalf("step %d, %+v: epoch %d wish %d leader %d progress %t, want %+v", i, s.Event, p.epoch, p.wish, p.leader(), p.progressArmed, s.After)
			}
		}
	})
}

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
		good := d.verify(check(d.core.leaders.Leader(m.Epoch), ocr3wire.EpochStartMessage(d.core.cfg.ConfigDigest, m.Epoch, &m.EpochStartProof), m.Signature31))
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

func TestAttestationVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"ocr3-attestation-steps.json"}, vectors.Kinds{Run: map[string]func(*testing.T, vectors.File, vectors.Case){
		"windows": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[struct {
				Kind                   string
				DeltaRound, DeltaGrace vectors.Ns
			}](t, c.Input)
			out := vectors.DecodeStrict[struct{ ExpiryRounds, LookaheadRounds uint64 }](t, c.Output)
			cfg := testConfig(4, 1, 0, types.ConfigDigest{}, [16]byte{})
			cfg.DeltaRound, cfg.DeltaGrace = in.DeltaRound.D(), in.DeltaGrace.D()
			a := newAttestation(newCore(cfg), nil)
			if a.expiry != out.ExpiryRounds || a.lookahead != out.LookaheadRounds {
				t.Errorf("%d and %d rounds, want %+v", a.expiry, a.lookahead, out)
			}
		},
		"steps": attestationSteps,
	}})
}

func attestationSteps(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind                                        string
		N, F                                        int
		Me                                          commontypes.OracleID
		ConfigDigest                                vectors.Hex
		Seeds, OnchainSecretKeys, OnchainPublicKeys []vectors.Hex
		ExpiryRounds, LookaheadRounds               uint64
	}](t, c.Input)
	type signature struct {
		Signature vectors.Hex
		Signer    commontypes.OracleID
	}
	type attested struct {
		SeqNr      vectors.U64
		Index      int
		Report     vectors.Hex
		Signatures []signature
	}
	out := vectors.DecodeStrict[struct {
		Steps []struct {
			Event struct {
				Type            string
				From            commontypes.OracleID
				SeqNr           vectors.U64
				Signatures      []vectors.Hex
				CertifiedCommit ocr3vectors.Certificate
			}
			HighWaterMark vectors.U64
			Round         struct {
				SeqNr                                             vectors.U64
				Exists, HasCommit, HasReports, Fetching, Complete bool
			}
			Sent []struct {
				To    json.RawMessage
				Bytes vectors.Hex
			}
			Attested []attested
		}
	}](t, c.Output)
	cfg := testConfig(in.N, in.F, in.Me, in.ConfigDigest.Array32(t), [16]byte{})
	core := newCore(cfg)
	core.now = time.Unix(1_700_000_000, 0)
	d := &driver{t: t, core: core, seeds: keysOf(in.Seeds), onchain: onchainKeysOf(t, in.OnchainSecretKeys)}
	for _, key := range in.OnchainPublicKeys {
		d.onchainAddresses = append(d.onchainAddresses, common.BytesToAddress(key))
	}
	d.finish = func(id kernel.CallID, result any) { core.Finish(id, result) }
	var got []attested
	a := newAttestation(core, func(r attestedReport) {
		entry := attested{SeqNr: vectors.U64(r.seqNr), Index: r.index, Report: d.reports[r.seqNr][r.index]}
		for _, s := range r.signatures {
			entry.Signatures = append(entry.Signatures, signature{s.Signature, s.Signer})
		}
		got = append(got, entry)
	})
	if a.expiry != in.ExpiryRounds || a.lookahead != in.LookaheadRounds {
		t.Fatalf("windows of %d and %d, want %d and %d", a.expiry, a.lookahead, in.ExpiryRounds, in.LookaheadRounds)
	}
	for i, s := range out.Steps {
		core.Begin()
		got = nil
		seqNr := uint64(s.Event.SeqNr)
		switch s.Event.Type {
		case "reportSignatures":
			m := &ocr3wire.ReportSignatures{SeqNr: seqNr}
			for _, signature := range s.Event.Signatures {
				m.Signatures = append(m.Signatures, signature)
			}
			a.reportSignatures(s.Event.From, m)
		case "committed":
			a.committed(s.Event.CertifiedCommit.Wire(t).(*ocr3wire.CertifiedCommit))
		case "certifiedCommitRequest":
			a.certifiedCommitRequest(s.Event.From, &ocr3wire.CertifiedCommitRequest{SeqNr: seqNr})
		case "certifiedCommit":
			a.certifiedCommit(s.Event.From, &ocr3wire.CertifiedCommitMessage{CertifiedCommit: *s.Event.CertifiedCommit.Wire(t).(*ocr3wire.CertifiedCommit)})
		case "missingTimer":
			a.ask(seqNr)
		default:
			t.Fatalf("step %d: unknown event %q", i, s.Event.Type)
		}
		d.run(core.Effects())
		effects, _, _, _ := d.take()
		type state struct{ exists, hasCommit, hasReports, fetching, complete bool }
		var round state
		if r := a.rounds[uint64(s.Round.SeqNr)]; r != nil {
			round = state{true, r.commit != nil, r.computed, r.fetching, r.complete}
		}
		want := state{s.Round.Exists, s.Round.HasCommit, s.Round.HasReports, s.Round.Fetching, s.Round.Complete}
		if round != want || a.highWater != uint64(s.HighWaterMark) {
			t.Fatalf("step %d, %+v: round %+v, high-water mark %d; want %+v, %d", i, s.Event, round, a.highWater, want, s.HighWaterMark)
		}
		var sent, wantSent []string
		for _, effect := range effects {
			switch e := effect.(type) {
			case Send:
				sent = append(sent, fmt.Sprintf("%d %x", e.To, mustEncode(t, e.Message)))
			case Broadcast:
				sent = append(sent, fmt.Sprintf(`"all" %x`, mustEncode(t, e.Message)))
			}
		}
		for _, m := range s.Sent {
			wantSent = append(wantSent, fmt.Sprintf("%s %x", m.To, []byte(m.Bytes)))
		}
		if !slices.Equal(sent, wantSent) {
			t.Fatalf("step %d, %+v:\nsent %v\nwant %v", i, s.Event, sent, wantSent)
		}
		if (len(got) > 0 || len(s.Attested) > 0) && !reflect.DeepEqual(got, s.Attested) {
			t.Fatalf("step %d, %+v:\nattested %+v\nwant     %+v", i, s.Event, got, s.Attested)
		}
	}
}
