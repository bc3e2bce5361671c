package ocr1sim

import (
	"bytes"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/simtest"
)

// TestSignaturesCannotBeForged: each signature is good for its signer, kind and content alone.
func TestSignaturesCannotBeForged(t *testing.T) {
	real, err := engine.NewKeys(1, 4)
	if err != nil {
		t.Fatal(err)
	}
	for name, keys := range map[string]signatures{"seals": newSeals(1), "real keys": &realKeys{real}} {
		t.Run(name, func(t *testing.T) {
			on := kernel.SignatureCheck{Kind: kernel.OnchainSignature, Signer: 2, Report: []byte("report"), Signature: keys.signReport(2, []byte("report"))}
			off := kernel.SignatureCheck{Kind: kernel.OffchainSignature, Signer: 2, Message: []byte("message"), Signature: keys.signOffchain(2, []byte("message"))}
			if !keys.verify(&on) || !keys.verify(&off) || keys.signer(on.Report, on.Signature) != 2 {
				t.Fatal("a good signature does not verify")
			}
			if v := on.Signature[64]; len(on.Signature) != 65 || v > 1 {
				t.Errorf("a signature of %d bytes, v = %d", len(on.Signature), v)
			}
			for what, change := range map[string]func(on, off *kernel.SignatureCheck){
				"signer":  func(on, off *kernel.SignatureCheck) { on.Signer, off.Signer = 1, 1 },
				"content": func(on, off *kernel.SignatureCheck) { on.Report, off.Message = []byte("other"), []byte("other") },
				"nothing": func(on, off *kernel.SignatureCheck) { on.Signature, off.Signature = nil, nil },
				"cut": func(on, off *kernel.SignatureCheck) {
					on.Signature, off.Signature = on.Signature[1:], off.Signature[1:]
				},
				"exchanged": func(on, off *kernel.SignatureCheck) { on.Signature, off.Signature = off.Signature, on.Signature },
				"changed": func(on, off *kernel.SignatureCheck) {
					on.Signature, off.Signature = bytes.Clone(on.Signature), bytes.Clone(off.Signature)
					on.Signature[5]++
					off.Signature[5]++
				},
			} {
				on, off := on, off
				change(&on, &off)
				if keys.verify(&on) || keys.verify(&off) {
					t.Errorf("%s: a bad signature verifies", what)
				}
			}
		})
	}
}

// TestEachTraitorIsHarmless: the network copes with f traitors of each kind, in three sizes.
func TestEachTraitorIsHarmless(t *testing.T) {
	for kind, traitor := range AllTraitors() {
		t.Run(traitor.Name(), func(t *testing.T) {
			for _, n := range []int{4, 7, 13} {
				o := Options{Seed: uint64(n), N: n, Rounds: 10, WireBytes: n == 7}
				for range (n - 1) / 3 {
					o.Traitors = append(o.Traitors, AllTraitors()[kind])
				}
				Run(t, o)
			}
		})
	}
}

// TestFaultsOfEachKind: each kind of fault occurs when it is asked for.
func TestFaultsOfEachKind(t *testing.T) {
	for name, c := range map[string]struct {
		faults Faults
		count  func(*Stats) int
	}{
		"loss":            {Faults{Network: NetworkFaults{Loss: 0.2}}, func(s *Stats) int { return s.Lost }},
		"duplicates":      {Faults{Network: NetworkFaults{Duplicate: 0.2}}, func(s *Stats) int { return s.Faults }},
		"reordering":      {Faults{Network: NetworkFaults{Reorder: 0.2}}, func(s *Stats) int { return s.Faults }},
		"partitions":      {Faults{Network: NetworkFaults{Partitions: 2}}, func(s *Stats) int { return s.Partitions }},
		"crashes":         {Faults{Crashes: 5}, func(s *Stats) int { return s.Crashes }},
		"disk errors":     {Faults{Disk: DiskFaults{Errors: 0.3}}, func(s *Stats) int { return s.DiskErrors }},
		"source errors":   {Faults{PluginErrors: 0.3}, func(s *Stats) int { return s.PluginFaults }},
		"slow sources":    {Faults{PluginSlow: 0.3}, func(s *Stats) int { return s.PluginFaults }},
		"key errors":      {Faults{KeyErrors: 0.3}, func(s *Stats) int { return s.Faults }},
		"transmit errors": {Faults{TransmitErrors: 0.5}, func(s *Stats) int { return s.Faults }},
		"read errors":     {Faults{ReadErrors: 0.5}, func(s *Stats) int { return s.Faults }},
		"stale reads":     {Faults{StaleReads: 0.5}, func(s *Stats) int { return s.Faults }},
	} {
		t.Run(name, func(t *testing.T) {
			if s := Run(t, Options{Seed: 3, Faults: c.faults, HealAfter: 10 * time.Second}).Stats; c.count(&s) == 0 {
				t.Errorf("it does not occur: %+v", s)
			}
		})
	}
}

// TestNoRounds: a database that cannot keep rounds does not make an oracle sign twice.
func TestNoRounds(t *testing.T) {
	for seed := range uint64(10) {
		o := crashing()
		o.Seed, o.Faults.Disk.NoRounds = seed, true
		o.Timing.RMax = 3
		Run(t, o)
	}
}

// TestRealKeys: with the keys of EVM chains, too, runs repeat exactly and forgers achieve nothing.
func TestRealKeys(t *testing.T) {
	o := func() Options {
		return Options{Seed: 2, RealKeys: true, WireBytes: true, Rounds: 5, Faults: Rough(), HealAfter: time.Second, Traitors: []Traitor{&Forger{}}}
	}
	if first, second := Run(t, o()), Run(t, o()); first.Fingerprint != second.Fingerprint {
		t.Error("two runs differ")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	silent := []Traitor{&Silent{}}
	for name, o := range map[string]Options{
		"too many oracles":       {N: 32},
		"too many faulty":        {N: 4, F: 2},
		"too many traitors":      {N: 4, Traitors: append(silent, silent...)},
		"less than no rounds":    {N: 4, Rounds: -1},
		"less than no requests":  {N: 4, RoundRequests: -1},
		"id out of range":        {N: 4, Traitors: silent, TraitorIDs: []commontypes.OracleID{4}},
		"more ids than traitors": {N: 4, Traitors: silent, TraitorIDs: []commontypes.OracleID{1, 2}},
		"a timing that is wrong": {Timing: Timing{RMax: 255}},
	} {
		if r, err := Simulate(o); err == nil {
			t.Errorf("%s: no error, %+v", name, r.Stats)
		}
	}
}

// TestSteadyPrice: a price that never changes is reported once, then when the report is older than DeltaC, and when somebody
// requests a round; a node whose override puts the feed to sleep does not keep the others from it.
func TestSteadyPrice(t *testing.T) {
	asleep := func(id commontypes.OracleID) *ocr1types.ConfigOverride {
		if id == 0 {
			return &ocr1types.ConfigOverride{AlphaPPB: 1 << 63, DeltaC: time.Hour}
		}
		return nil
	}
	for name, c := range map[string]struct {
		deltaC   time.Duration
		requests int
		least    time.Duration // between two reports, on average
		most     time.Duration
	}{
		"by age":     {deltaC: 5 * time.Second, least: 4 * time.Second, most: 8 * time.Second},
		"by request": {deltaC: 20 * time.Second, requests: 3, least: 0, most: 15 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			r := Run(t, Options{
				Seed: 1, Rounds: 5, Override: asleep, RoundRequests: c.requests, Timing: Timing{DeltaC: c.deltaC},
				Value: func(commontypes.OracleID, uint32, uint8) *big.Int { return big.NewInt(5) },
			})
			if mean := r.Stats.Time / 5; mean < c.least || mean > c.most {
				t.Errorf("a report each %s, want one each %s to %s", mean, c.least, c.most)
			}
		})
	}
}

// TestRunFailsTheTest: a violation says the seed and how to see it again.
func TestRunFailsTheTest(t *testing.T) {
	for _, run := range brokenRuns {
		if run.Name != "all signatures are taken for good" {
			continue
		}
		var rec simtest.Recorder
		o := run.Options()
		o.Seed, o.Replay = run.Seed, "run it again"
		run.Break(&o)
		Run(&rec, o)
		if !strings.Contains(rec.Text, " violates honest quorum") || !strings.Contains(rec.Text, "replay: run it again") {
			t.Errorf("got %q", rec.Text)
		}
	}
	var rec simtest.Recorder
	if r := Run(&rec, Options{N: 99}); r != nil || !strings.Contains(rec.Text, "Options.N") {
		t.Errorf("got %q", rec.Text)
	}
}

// TestTraceReads: a trace tells the life of a report.
func TestTraceReads(t *testing.T) {
	_, trace := suite.Traced(t, Options{Rounds: 1})
	for _, want := range []string{
		"< start contract-epoch=0 pending=0\n", "> broadcast ObserveReq epoch=1 round=1", " observe ", "> broadcast ReportReq", " report-inputs ",
		"> broadcast Final ", "> broadcast FinalEcho", " signers-recovered ", " contract-state ", " transmit ", "- landed ",
	} {
		if !bytes.Contains(trace, []byte(want)) {
			t.Errorf("the trace has no line with %q", want)
		}
	}
}
