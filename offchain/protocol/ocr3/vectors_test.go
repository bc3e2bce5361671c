package ocr3

import (
	"bytes"
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
