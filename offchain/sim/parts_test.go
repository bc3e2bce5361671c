package sim

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/simtest"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// TestSignaturesCannotBeForged: each signature is good for its signer, kind and content alone.
func TestSignaturesCannotBeForged(t *testing.T) {
	keys, err := engine.NewKeys(1, 4)
	if err != nil {
		t.Fatal(err)
	}
	for name, keys := range map[string]signatures{"seals": newSeals(1), "real keys": &realKeys{keys}} {
		t.Run(name, func(t *testing.T) {
			ctx := types.ReportContext{ReportTimestamp: types.ReportTimestamp{Epoch: 1, Round: 2}}
			report, message := types.Report("report"), []byte("message")
			on := kernel.SignatureCheck{Kind: kernel.OnchainSignature, Signer: 2, Context: &ctx, Report: report, Signature: keys.signOnchain(2, ctx, report)}
			off := kernel.SignatureCheck{Kind: kernel.OffchainSignature, Signer: 2, Message: message, Signature: keys.signOffchain(2, message)}
			if !keys.verify(&on) || !keys.verify(&off) {
				t.Fatal("a good signature does not verify")
			}
			if len(on.Signature) > keys.maxSignatureLength() {
				t.Errorf("a signature has %d bytes", len(on.Signature))
			}
			later := ctx
			later.Round++
			extra := ctx
			extra.ExtraHash[0]++
			digest := ctx
			digest.ConfigDigest[0]++
			for what, change := range map[string]func(on, off *kernel.SignatureCheck){
				"signer":  func(on, off *kernel.SignatureCheck) { on.Signer, off.Signer = 1, 1 },
				"content": func(on, off *kernel.SignatureCheck) { on.Report, off.Message = types.Report("other"), []byte("other") },
				"nothing": func(on, off *kernel.SignatureCheck) { on.Signature, off.Signature = nil, nil },
				"cut": func(on, off *kernel.SignatureCheck) {
					on.Signature, off.Signature = on.Signature[1:], off.Signature[1:]
				},
				"exchanged": func(on, off *kernel.SignatureCheck) { on.Signature, off.Signature = off.Signature, on.Signature },
				"round":     func(on, off *kernel.SignatureCheck) { on.Context, off.Signer = &later, 3 },
				"hash":      func(on, off *kernel.SignatureCheck) { on.Context, off.Signer = &extra, 3 },
				"digest":    func(on, off *kernel.SignatureCheck) { on.Context, off.Signer = &digest, 3 },
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
				o := Options{Seed: uint64(n), N: n, Rounds: 10, WireBytes: n == 7, PluginFor: unique}
				for range (n - 1) / 3 {
					o.Traitors = append(o.Traitors, AllTraitors()[kind])
				}
				Run(t, o)
			}
		})
	}
}

// TestFaultsOfEachKind: each fault occurs when it is asked for, and no other does.
func TestFaultsOfEachKind(t *testing.T) {
	link := map[[2]commontypes.OracleID]NetworkFaults{{0, 1}: {Loss: 1}}
	for name, c := range map[string]struct {
		faults Faults
		count  func(*Stats) int
	}{
		"loss":            {Faults{Network: NetworkFaults{Loss: 0.2}}, func(s *Stats) int { return s.Lost }},
		"loss on a link":  {Faults{Network: NetworkFaults{Links: link}}, func(s *Stats) int { return s.Lost }},
		"duplicates":      {Faults{Network: NetworkFaults{Duplicate: 0.2}}, func(s *Stats) int { return s.Faults }},
		"reordering":      {Faults{Network: NetworkFaults{Reorder: 0.2}}, func(s *Stats) int { return s.Faults }},
		"slow messages":   {Faults{Network: NetworkFaults{Slow: 0.2, SlowBy: time.Second}}, func(s *Stats) int { return s.Faults }},
		"partitions":      {Faults{Network: NetworkFaults{Partitions: 2}}, func(s *Stats) int { return s.Partitions }},
		"crashes":         {Faults{Crashes: 5}, func(s *Stats) int { return s.Crashes }},
		"disk errors":     {Faults{Disk: DiskFaults{Errors: 0.3}}, func(s *Stats) int { return s.DiskErrors }},
		"plugin errors":   {Faults{PluginErrors: 0.3}, func(s *Stats) int { return s.PluginFaults }},
		"slow plugins":    {Faults{PluginSlow: 0.3}, func(s *Stats) int { return s.PluginFaults }},
		"key errors":      {Faults{KeyErrors: 0.3}, func(s *Stats) int { return s.Faults }},
		"transmit errors": {Faults{TransmitErrors: 0.5}, func(s *Stats) int { return s.Faults }},
		"read errors":     {Faults{ReadErrors: 0.5}, func(s *Stats) int { return s.Faults }},
		"stale reads":     {Faults{StaleReads: 0.5}, func(s *Stats) int { return s.Faults }},
	} {
		t.Run(name, func(t *testing.T) {
			r := Run(t, Options{Seed: 3, Faults: c.faults, HealAfter: 10 * time.Second})
			s := r.Stats
			if c.count(&s) == 0 {
				t.Errorf("it does not occur: %+v", s)
			}
			others := s.Lost + s.Partitions + s.Crashes + s.DiskErrors + s.PluginFaults + s.Faults - c.count(&s)
			if others > 0 && name != "partitions" { // which lose messages
				t.Errorf("others occur: %+v", s)
			}
		})
	}
}

// TestNoRounds: a database that cannot keep rounds does not make an oracle sign twice.
func TestNoRounds(t *testing.T) {
	for seed := range uint64(30) {
		o := crashing()
		o.Seed, o.Faults.Disk.NoRounds = seed, true
		o.Timing.RMax = 3
		Run(t, o)
	}
}

// TestPanicIsAViolation: a plugin that panics ends the run, not the process.
func TestPanicIsAViolation(t *testing.T) {
	r, err := Simulate(Options{PluginFor: func(env *Environment) types.ReportingPluginFactory {
		return NewTestPlugin(withoutContract(env), false, 0)
	}})
	if err != nil {
		t.Fatal(err)
	}
	if r.Violation == nil || r.Violation.Invariant != "panic" || !strings.Contains(r.Violation.Detail, "ShouldTransmit") {
		t.Errorf("got %v, want a panic with its stack", r.Violation)
	}
}

// withoutContract is an environment in which there is no contract.
func withoutContract(env *Environment) *Environment {
	without := *env
	without.Contract = nil
	return &without
}

// TestRunFailsTheTest: a violation says the seed and how to see it again.
func TestRunFailsTheTest(t *testing.T) {
	var rec simtest.Recorder
	o := brokenRuns[3].Options()
	o.Seed, o.Replay = 1, "run it again"
	brokenRuns[3].Break(&o)
	Run(&rec, o)
	if !strings.Contains(rec.Text, "seed 1 violates honest quorum") || !strings.Contains(rec.Text, "replay: run it again") {
		t.Errorf("got %q", rec.Text)
	}
	rec = simtest.Recorder{}
	if r := Run(&rec, Options{N: 99}); r != nil || !strings.Contains(rec.Text, "Options.N") {
		t.Errorf("got %q", rec.Text)
	}
}

// TestTraceReads: a trace tells the life of a report.
func TestTraceReads(t *testing.T) {
	_, trace := suite.Traced(t, Options{Rounds: 1})
	for _, want := range []string{
		"< start contract-epoch=0 pending=0\n", "> broadcast ObserveReq epoch=1 round=1", "> broadcast ReportReq", "> broadcast Final ",
		"> broadcast FinalEcho", " transmit ", "- landed ",
	} {
		if !bytes.Contains(trace, []byte(want)) {
			t.Errorf("the trace has no line with %q", want)
		}
	}
}

// BenchmarkRound measures rounds of whole networks, per report that lands.
func BenchmarkRound(b *testing.B) {
	for _, n := range []int{4, 16, 31} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			Run(b, Options{N: n, Rounds: b.N})
		})
	}
}
