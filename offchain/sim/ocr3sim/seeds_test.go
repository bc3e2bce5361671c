package ocr3sim

import (
	"flag"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	seedFlag  = flag.Uint64("seed", 1, "the seed that TestSeed runs")
	traceFlag = flag.String("simtrace", "", "a file to which TestSeed writes the trace of its run")
	seedsFlag = flag.Int("seeds", 2500, "the number of seeds that TestSeeds runs")
)

// TestSeed runs the scenario of one seed, for the replay of a failure.
func TestSeed(t *testing.T) {
	o := Scenario(*seedFlag)
	if *traceFlag != "" {
		f, err := os.Create(*traceFlag)
		if err != nil {
			t.Fatal(err)
		}
		w := NewTraceWriter(f)
		o.Trace = w
		defer func() {
			if err := w.Flush(); err != nil {
				t.Error(err)
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		}()
	}
	r := Run(t, o)
	t.Logf("n=%d f=%d traitors=%s stats=%+v", r.Options.N, r.Options.F, traitorNames(&r.Options), r.Stats)
}

func traitorNames(o *Options) (names []string) {
	for _, traitor := range o.Traitors {
		names = append(names, traitor.Name())
	}
	return names
}

// maxFailures is how many failing seeds a test shows before it stops.
const maxFailures = 5

// runSeeds runs seeds from first on, on all cores, for as long as more says so, and adds up what happened.
func runSeeds(t *testing.T, first uint64, more func(seed uint64) bool) (sum Stats, count int) {
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
				r := Run(t, Scenario(seed))
				mu.Lock()
				sum.add(&r.Stats)
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

// TestSeeds runs some thousand short scenarios.
func TestSeeds(t *testing.T) {
	start := time.Now()
	sum, _ := runSeeds(t, 1, func(seed uint64) bool { return seed <= uint64(*seedsFlag) })
	elapsed := time.Since(start)
	t.Logf("%d seeds in %s, %.0f a minute: %+v", *seedsFlag, elapsed.Round(time.Millisecond), float64(*seedsFlag)/elapsed.Minutes(), sum)
	for what, count := range map[string]int{
		"lost messages": sum.Lost, "partitions": sum.Partitions, "crashes": sum.Crashes, "disk errors": sum.DiskErrors,
		"plugin faults": sum.PluginFaults, "other faults": sum.Faults, "refused messages": sum.Refused, "landed reports": sum.Landed,
		"rollbacks": sum.Rollbacks, "outcomes proposed again": sum.Proposed, "fetched commits": sum.Fetched,
	} {
		if count == 0 {
			t.Errorf("no %s in %d seeds: the scenarios do not test what they should", what, *seedsFlag)
		}
	}
}
