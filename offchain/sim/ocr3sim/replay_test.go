package ocr3sim

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

var updateFlag = flag.Bool("update", false, "write the golden traces instead of comparing with them")

// traced runs a network and returns its trace, too.
func traced(t *testing.T, o Options) (*Result, []byte) {
	t.Helper()
	var trace bytes.Buffer
	o.Trace = &trace
	r, err := Simulate(o)
	if err != nil {
		t.Fatal(err)
	}
	return r, trace.Bytes()
}

// TestReplay replays the recorded failure of votes that are taken for good on purpose, while a traitor votes twice. It must fail
// again in the same way, byte for byte. After a change of the machines that changes what they do, record it anew with -update, and
// look at the difference.
func TestReplay(t *testing.T) {
	const name = "all votes are taken for good"
	for _, run := range brokenRuns {
		if run.name != name {
			continue
		}
		o := run.options()
		o.Seed, o.breaks = run.seed, run.breaks
		r, trace := traced(t, o)
		if r.Violation == nil || r.Violation.Invariant != run.invariant {
			t.Fatalf("got violation %v, want one of %s", r.Violation, run.invariant)
		}
		text := fmt.Sprintf("%s\ntrace sha256 %x\n", r.Violation, sha256.Sum256(trace))
		golden(t, "broken-certificate.trace", trace)
		golden(t, "broken-certificate.violation", []byte(text))
		return
	}
	t.Fatalf("no broken run %q", name)
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *updateFlag {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	gotLines, wantLines := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(gotLines), len(wantLines)) {
		if gotLines[i] != wantLines[i] {
			t.Fatalf("%s: line %d differs\ngot:  %s\nwant: %s", path, i+1, gotLines[i], wantLines[i])
		}
	}
	t.Fatalf("%s: %d lines, want %d", path, len(gotLines), len(wantLines))
}

// TestSameSeedSameTrace: a run depends on its options alone, also on how many cores there are not. The seeds are ones of all
// sizes, with and without real keys, bytes on the wire and disks that come back old.
func TestSameSeedSameTrace(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	kinds := map[string]int{}
	for seed := uint64(1); seed <= 120; seed++ {
		runtime.GOMAXPROCS(1)
		first, firstTrace := traced(t, Scenario(seed))
		runtime.GOMAXPROCS(4)
		second, secondTrace := traced(t, Scenario(seed))
		if first.Fingerprint != second.Fingerprint || !bytes.Equal(firstTrace, secondTrace) {
			t.Errorf("seed %d: two runs differ", seed)
		}
		untraced, err := RunSeed(seed)
		if err != nil {
			t.Fatal(err)
		}
		if untraced.Fingerprint != first.Fingerprint {
			t.Errorf("seed %d: a run without a trace differs", seed)
		}
		o := &first.Options
		for kind, is := range map[string]bool{
			"real keys": o.RealKeys, "wire bytes": o.WireBytes, "values": !o.WireBytes, "forgetful": o.Forgetful > 0,
			"faults": o.HealAfter > 0, "traitors": len(o.Traitors) > 0, "large": o.N > 10,
		} {
			if is {
				kinds[kind]++
			}
		}
	}
	for _, kind := range []string{"real keys", "wire bytes", "values", "forgetful", "faults", "traitors", "large"} {
		if kinds[kind] == 0 {
			t.Errorf("none of the seeds has %s", kind)
		}
	}
	t.Log(kinds)
}

// TestSeedsDiffer: other seeds make other runs.
func TestSeedsDiffer(t *testing.T) {
	seen := map[uint64]uint64{}
	for seed := range uint64(50) {
		r := Run(t, Scenario(seed))
		if other, ok := seen[r.Fingerprint]; ok {
			t.Errorf("seeds %d and %d make the same run", seed, other)
		}
		seen[r.Fingerprint] = seed
	}
}
