package ocr3

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
	"github.com/ocrkit/ocrkit/test/ocr3vectors"
	"github.com/ocrkit/ocrkit/test/vectors"
)

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
