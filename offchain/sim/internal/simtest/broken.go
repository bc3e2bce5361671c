package simtest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Broken is a run with a defect in the driver, and the invariant that must be found violated.
type Broken[O any] struct {
	Name      string
	Invariant string
	Seed      uint64
	Options   func() O
	// Break puts the defect in.
	Break func(*O)
}

// BreaksAreFound injects one defect after the other, and wants each to be found by the checker that is there for it. The same
// runs without the defect are fine.
func (s *Simulator[O, S]) BreaksAreFound(t *testing.T, runs []Broken[O]) {
	for _, run := range runs {
		t.Run(run.Name, func(t *testing.T) {
			o := run.Options()
			s.Adjust(&o, &run.Seed, nil)
			s.Tell(t, o)
			o = run.Options() // with traitors that have seen nothing
			s.Adjust(&o, &run.Seed, nil)
			run.Break(&o)
			r, err := s.Simulate(o)
			switch {
			case err != nil:
				t.Fatal(err)
			case r.Violation == nil:
				t.Errorf("no violation; want one of %q", run.Invariant)
			case r.Violation.Invariant != run.Invariant:
				t.Errorf("violation of %s; want one of %q", r.Violation, run.Invariant)
			default:
				t.Log(r.Violation)
			}
		})
	}
}

// Replay replays the recorded failure of the broken run of a name. It must fail again in the same way, byte for byte; what was
// recorded is in the files of testdata with the name file. After a change of the machines that changes what they do, record it
// anew with -update, and look at the difference.
func (s *Simulator[O, S]) Replay(t *testing.T, runs []Broken[O], name, file string) {
	for _, run := range runs {
		if run.Name != name {
			continue
		}
		o := run.Options()
		s.Adjust(&o, &run.Seed, nil)
		run.Break(&o)
		r, trace := s.Traced(t, o)
		if r.Violation == nil || r.Violation.Invariant != run.Invariant {
			t.Fatalf("got violation %v, want one of %s", r.Violation, run.Invariant)
		}
		text := fmt.Sprintf("%s\ntrace sha256 %x\n", r.Violation, sha256.Sum256(trace))
		golden(t, file+".trace", trace)
		golden(t, file+".violation", []byte(text))
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
