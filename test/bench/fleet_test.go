package bench

import (
	"context"
	"runtime"
	"testing"
	"time"
)

// fleet is a number of networks of four oracles, all in this process.
type fleet []*network

// newFleet starts a fleet; it returns when all oracles run, with the numbers of goroutines and of bytes that there were before.
func newFleet(b *testing.B, make func(tb testing.TB, n, f int, p pace) *network, networks int, p pace) (f fleet, goroutines int, memory int64) {
	for range networks {
		f = append(f, make(b, 4, 1, p))
	}
	goroutines, memory = runtime.NumGoroutine(), memoryInUse()
	for _, net := range f {
		net.startAll()
	}
	for _, net := range f {
		for !net.running() {
			time.Sleep(10 * time.Millisecond)
		}
	}
	return f, goroutines, memory
}

func (f fleet) stop() {
	for _, net := range f {
		net.stopAll()
	}
}

// BenchmarkFleet runs 200 networks of four oracles, 800 oracles in all, in this process, each with a round per second, for ten
// seconds an iteration. 200 rounds/s is all there is; cpu-ms/s is the processor time that all together take in a second.
func BenchmarkFleet(b *testing.B) {
	const networks, length = 200, 10 * time.Second
	for _, protocol := range protocols {
		b.Run(protocol.name, func(b *testing.B) {
			f, _, _ := newFleet(b, protocol.make, networks, eachSecond)
			defer f.stop()
			ctx, cancel := context.WithTimeout(b.Context(), 2*time.Minute)
			defer cancel()
			for i, net := range f { // tables of keys are made, connections are there
				if !net.reach(ctx, 3) {
					b.Fatalf("network %d has %d reports only", i, net.reports())
				}
			}
			rounds, reports := f.done()
			cpu := cpuTime(b)
			b.ResetTimer()
			for range b.N {
				time.Sleep(length)
			}
			b.StopTimer()
			cpu = cpuTime(b) - cpu
			roundsAfter, reportsAfter := f.done()
			seconds := b.Elapsed().Seconds()
			b.ReportMetric(float64(cpu.Milliseconds())/seconds, "cpu-ms/s")
			b.ReportMetric(float64(roundsAfter-rounds)/seconds, "rounds/s")
			b.ReportMetric(float64(reportsAfter-reports)/seconds, "reports/s")
		})
	}
}

// done returns how many rounds were completed and how many reports transmitted, in all networks together.
func (f fleet) done() (rounds uint64, reports int) {
	for _, net := range f {
		rounds += net.rounds()
		reports += net.reports()
	}
	return rounds, reports
}

// BenchmarkIdleOracles starts 200 oracles, of 50 networks of four, that have nothing to do (their rounds are an hour apart), and
// reports what each costs while idle. The baseline, the reference implementation, has 11 goroutines and 160 KiB for each of OCR3.
func BenchmarkIdleOracles(b *testing.B) {
	const networks = 50
	for _, protocol := range protocols {
		b.Run(protocol.name, func(b *testing.B) {
			for range b.N {
				f, goroutines, memory := newFleet(b, protocol.make, networks, idle)
				time.Sleep(3 * time.Second) // for the rest to become quiet, and for lent goroutines to go
				const oracles = networks * 4
				b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/oracles, "goroutines/oracle")
				b.ReportMetric(float64(memoryInUse()-memory)/1024/oracles, "KiB/oracle")
				f.stop()
			}
		})
	}
}

// memoryInUse returns the bytes of heap objects and of stacks.
func memoryInUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
