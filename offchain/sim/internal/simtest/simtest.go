// Package simtest holds the tests that all simulators have: that runs repeat exactly, that thousands of seeds are fine, that
// defects of the driver and of the protocol are found. A simulator says once, as a [Simulator], how its runs are made; its
// tests then are a line each.
package simtest

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"os"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
)

var (
	seedFlag   = flag.Uint64("seed", 1, "the seed that TestSeed runs")
	traceFlag  = flag.String("simtrace", "", "a file to which TestSeed writes the trace of its run")
	seedsFlag  = flag.Int("seeds", 0, "the number of seeds that TestSeeds runs; 0: as many as it has by default")
	updateFlag = flag.Bool("update", false, "write the golden traces instead of comparing with them")
)

// Simulator is a simulator under test. O are its options, S its statistics: integers all of them.
type Simulator[O, S any] struct {
	// Scenario makes the options of a seed, Simulate runs options.
	Scenario func(seed uint64) O
	Simulate func(O) (Outcome[S], error)
	// Tell is the simulator's Run: it fails the test if there is a violation.
	Tell func(engine.T, O) Outcome[S]
	// Adjust changes options: their seed if it is not nil, their trace.
	Adjust func(o *O, seed *uint64, trace io.Writer)
	// Kinds says what kinds of a scenario there are, and which of them this one has.
	Kinds func(*O) map[string]bool
	// Seeds is how many TestSeeds runs.
	Seeds int
	// About describes options, as far as they are of interest where a seed is run alone.
	About func(*O) string
}

// Outcome is what came of a run.
type Outcome[S any] struct {
	Violation   *engine.Violation
	Fingerprint uint64
	Stats       S
}

// Traced runs a network and returns its trace, too.
func (s *Simulator[O, S]) Traced(t *testing.T, o O) (Outcome[S], []byte) {
	t.Helper()
	var trace bytes.Buffer
	s.Adjust(&o, nil, &trace)
	r, err := s.Simulate(o)
	if err != nil {
		t.Fatal(err)
	}
	return r, trace.Bytes()
}

// Seed runs the scenario of one seed, for the replay of a failure.
func (s *Simulator[O, S]) Seed(t *testing.T) {
	o := s.Scenario(*seedFlag)
	if *traceFlag != "" {
		f, err := os.Create(*traceFlag)
		if err != nil {
			t.Fatal(err)
		}
		w := engine.NewTraceWriter(f)
		s.Adjust(&o, nil, w)
		defer func() {
			if err := w.Flush(); err != nil {
				t.Error(err)
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		}()
	}
	t.Logf("%s stats=%+v", s.About(&o), s.Tell(t, o).Stats)
}

// maxFailures is how many failing seeds a test shows before it stops.
const maxFailures = 5

// run runs seeds from first on, on all cores, for as long as more says so, and adds up what happened.
func (s *Simulator[O, S]) run(t *testing.T, first uint64, more func(seed uint64) bool) (sum S, count int) {
	var next, failures atomic.Uint64
	next.Store(first)
	var mu sync.Mutex
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for failures.Load() < maxFailures {
				seed := next.Add(1) - 1
				if !more(seed) {
					return
				}
				r := s.Tell(t, s.Scenario(seed))
				mu.Lock()
				engine.AddCounts(&sum, &r.Stats)
				count++
				mu.Unlock()
				if r.Violation != nil {
					failures.Add(1)
				}
			}
		})
	}
	workers.Wait()
	return sum, count
}

// AllSeeds runs some thousand short scenarios. Together they must have everything that is counted.
func (s *Simulator[O, S]) AllSeeds(t *testing.T) {
	seeds := s.Seeds
	if *seedsFlag > 0 {
		seeds = *seedsFlag
	}
	start := time.Now()
	sum, _ := s.run(t, 1, func(seed uint64) bool { return seed <= uint64(seeds) })
	elapsed := time.Since(start)
	t.Logf("%d seeds in %s, %.0f a minute: %+v", seeds, elapsed.Round(time.Millisecond), float64(seeds)/elapsed.Minutes(), sum)
	counts := reflect.ValueOf(sum)
	for i := range counts.NumField() {
		if counts.Field(i).Int() == 0 {
			t.Errorf("%s is 0 in %d seeds: the scenarios do not test what they should", counts.Type().Field(i).Name, seeds)
		}
	}
}

// Soak runs seeds for as long as the environment variable SOAK_TIME says (a duration like 10m), or for two seconds. Each
// run of it begins with another seed, so that the hours add up; a failure prints its seed.
func (s *Simulator[O, S]) Soak(t *testing.T) {
	duration := 2 * time.Second
	if text := os.Getenv("SOAK_TIME"); text != "" {
		var err error
		if duration, err = time.ParseDuration(text); err != nil {
			t.Fatalf("SOAK_TIME: %v", err)
		}
	}
	start := time.Now()
	sum, seeds := s.run(t, uint64(start.UnixNano()), func(uint64) bool { return time.Since(start) < duration })
	elapsed := time.Since(start)
	faults := 0
	for _, name := range []string{"Lost", "Partitions", "Crashes", "DiskErrors", "PluginFaults", "Rollbacks", "Faults", "Refused"} {
		faults += count(&sum, name)
	}
	t.Logf("%d seeds in %s, %.0f a minute; %d rounds, %d reports landed, %d messages, %d faults injected; %s of virtual time",
		seeds, elapsed.Round(time.Millisecond), float64(seeds)/elapsed.Minutes(), count(&sum, "Rounds"), count(&sum, "Landed"), count(&sum, "Messages"), faults,
		time.Duration(count(&sum, "Time")).Round(time.Second))
	if seeds == 0 || count(&sum, "Landed") == 0 {
		t.Errorf("%d seeds and %d reports in %s", seeds, count(&sum, "Landed"), duration)
	}
}

// hashed runs a network and returns the hash of its trace, too.
func (s *Simulator[O, S]) hashed(t *testing.T, o O) (Outcome[S], [32]byte) {
	t.Helper()
	hash := sha256.New()
	w := engine.NewTraceWriter(hash)
	s.Adjust(&o, nil, w)
	r, err := s.Simulate(o)
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	return r, [32]byte(hash.Sum(nil))
}

// SameTrace: a run depends on its options alone, also on how many cores there are not. The seeds, from 1 to last, have all kinds
// of scenarios.
func (s *Simulator[O, S]) SameTrace(t *testing.T, last uint64) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	kinds := map[string]int{}
	for seed := uint64(1); seed <= last; seed++ {
		runtime.GOMAXPROCS(1)
		first, firstTrace := s.hashed(t, s.Scenario(seed))
		runtime.GOMAXPROCS(4)
		second, secondTrace := s.hashed(t, s.Scenario(seed))
		if first.Fingerprint != second.Fingerprint || firstTrace != secondTrace {
			t.Errorf("seed %d: two runs differ", seed)
		}
		o := s.Scenario(seed)
		for kind, is := range s.Kinds(&o) {
			kinds[kind] += 0
			if is {
				kinds[kind]++
			}
		}
		untraced, err := s.Simulate(o)
		if err != nil {
			t.Fatal(err)
		}
		if untraced.Fingerprint != first.Fingerprint {
			t.Errorf("seed %d: a run without a trace differs", seed)
		}
	}
	for kind, count := range kinds {
		if count == 0 {
			t.Errorf("none of the seeds has %s", kind)
		}
	}
	t.Log(kinds)
}

// Quiet: in networks of all sizes, without faults, 20 reports land in 20 seconds.
func (s *Simulator[O, S]) Quiet(t *testing.T, options func(n int) O) {
	for _, n := range []int{1, 4, 7, 16, 31} {
		t.Run(fmt.Sprintf("n=%d", n), func(t *testing.T) {
			r := s.Tell(t, options(n))
			if landed := count(&r.Stats, "Landed"); landed < 20 {
				t.Errorf("%d reports landed, want 20", landed)
			}
			if took := time.Duration(count(&r.Stats, "Time")); took > 20*time.Second {
				t.Errorf("20 rounds took %s", took)
			}
			t.Logf("%+v", r.Stats)
		})
	}
}

// Rough: networks make reports after faults of all kinds.
func (s *Simulator[O, S]) Rough(t *testing.T, options func(seed uint64) O) {
	for seed := range uint64(20) {
		t.Logf("%+v", s.Tell(t, options(seed)).Stats)
	}
}

// count returns a field of statistics, 0 if there is none of the name.
func count[S any](stats *S, name string) int {
	if f := reflect.ValueOf(stats).Elem().FieldByName(name); f.IsValid() {
		return int(f.Int())
	}
	return 0
}

// SeedsDiffer: other seeds make other runs.
func (s *Simulator[O, S]) SeedsDiffer(t *testing.T) {
	seen := map[uint64]uint64{}
	for seed := range uint64(50) {
		r := s.Tell(t, s.Scenario(seed))
		if other, ok := seen[r.Fingerprint]; ok {
			t.Errorf("seeds %d and %d make the same run", seed, other)
		}
		seen[r.Fingerprint] = seed
	}
}

// Names lists traitors.
func Names[T interface{ Name() string }](traitors []T) (names []string) {
	for _, traitor := range traitors {
		names = append(names, traitor.Name())
	}
	return names
}

// Recorder is a test that keeps what it is told.
type Recorder struct{ Text string }

// Helper does nothing.
func (*Recorder) Helper() {}

// Errorf keeps the text.
func (r *Recorder) Errorf(f string, args ...any) { r.Text += fmt.Sprintf(f, args...) }

// Fatalf keeps the text, and goes on.
func (r *Recorder) Fatalf(f string, args ...any) { r.Text += fmt.Sprintf(f, args...) }
