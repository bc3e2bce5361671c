package bench

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/offchain/config/ocr2config"
	ocr2runtime "github.com/ocrkit/ocrkit/offchain/runtime"
	"github.com/ocrkit/ocrkit/test/ocr2net"
)

// cpuTime returns the processor time that this process has used, user and system.
func cpuTime(tb testing.TB) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// quiet takes what is logged and forgets it.
func quiet(net *ocr2net.Network) {
	for _, node := range net.Nodes {
		node.Args.Logger = nil
	}
}

// BenchmarkOCR2Rounds runs rounds as fast as they come: DeltaRound is 1 ms, less than a round takes, so that the next round
// starts when the one before is done; an iteration is a round that ends with a report on the contract. The baseline
// that cpu-ms/round is held against, the reference implementation on the same kind of machine, is 2.4 for 4 oracles, 18.5 for 16,
// 68 for 31.
func BenchmarkOCR2Rounds(b *testing.B) {
	for _, size := range []struct{ n, f int }{{4, 1}, {16, 5}, {31, 10}} {
		for _, grace := range []time.Duration{0, 20 * time.Millisecond} {
			b.Run(fmt.Sprintf("n=%d/grace=%v", size.n, grace), func(b *testing.B) { benchmarkRounds(b, size.n, size.f, grace) })
		}
	}
}

func benchmarkRounds(b *testing.B, n, f int, grace time.Duration) {
	net := ocr2net.New(b, n, f)
	quiet(net)
	net.SetConfig(func(cfg *ocr2config.PublicConfig) {
		cfg.DeltaProgress = 20 * time.Second
		cfg.DeltaResend = 5 * time.Second
		cfg.DeltaRound = time.Millisecond
		cfg.DeltaGrace = grace
		cfg.DeltaStage = 5 * time.Second
		cfg.RMax = 254
	})
	net.StartAll()
	reach := func(reports int) {
		ctx, cancel := context.WithTimeout(b.Context(), 5*time.Minute)
		defer cancel()
		if !net.Contract.WaitFor(ctx, func(got []ocr2net.Transmission) bool { return len(got) >= reports }) {
			b.Fatalf("%d reports only, want %d", len(net.Contract.Transmissions()), reports)
		}
	}
	reach(5) // tables of keys are made, connections are there
	before := rounds(net)
	cpu := cpuTime(b)
	b.ReportAllocs()
	b.ResetTimer()
	reach(len(net.Contract.Transmissions()) + b.N)
	b.StopTimer()
	cpu = cpuTime(b) - cpu
	done := rounds(net) - before
	net.StopAll()
	b.ReportMetric(float64(cpu.Microseconds())/1000/float64(done), "cpu-ms/round")
	b.ReportMetric(float64(done)/b.Elapsed().Seconds(), "rounds/s")
	b.ReportMetric(plainChecks(b, n, f).Seconds()*1000, "plain-checks-cpu-ms/round")
}

// plainChecks returns the processor time, measured now and here, of checking each signature of a round once, with crypto/ed25519 and
// secp256k1's recovery: every oracle checks n observations and f+1 report signatures, and the leader n of each. It makes
// figures from different machines, or from a busy one, comparable.
func plainChecks(b *testing.B, n, f int) time.Duration {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		b.Fatal(err)
	}
	message := make([]byte, 32)
	signature := ed25519.Sign(private, message)
	key, err := crypto.GenerateKey()
	if err != nil {
		b.Fatal(err)
	}
	recoverable, err := crypto.Sign(message, key)
	if err != nil {
		b.Fatal(err)
	}
	const repeat = 500
	start := cpuTime(b)
	for range repeat {
		if !ed25519.Verify(public, message, signature) {
			b.Fatal("a good signature does not verify")
		}
	}
	offchain := (cpuTime(b) - start) / repeat
	start = cpuTime(b)
	for range repeat {
		if _, err := crypto.Ecrecover(message, recoverable); err != nil {
			b.Fatal(err)
		}
	}
	onchain := (cpuTime(b) - start) / repeat
	return time.Duration(n*n+n)*offchain + time.Duration(n*(f+1)+n)*onchain
}

// rounds returns how many rounds a typical oracle has seen completed.
func rounds(net *ocr2net.Network) (most uint64) {
	for _, node := range net.Nodes {
		if s := node.Status().Instance; s != nil {
			most = max(most, s.CompletedRounds)
		}
	}
	return most
}

// BenchmarkIdleOracles starts 200 oracles, of 50 networks of four, that have nothing to do (their rounds are an hour apart), and
// reports what each costs while idle.
func BenchmarkIdleOracles(b *testing.B) {
	const networks, n, f = 50, 4, 1
	for range b.N {
		var nets []*ocr2net.Network
		for range networks {
			net := ocr2net.New(b, n, f)
			quiet(net)
			net.SetConfig(func(cfg *ocr2config.PublicConfig) {
				cfg.DeltaProgress = 24 * time.Hour
				cfg.DeltaResend = 12 * time.Hour
				cfg.DeltaRound = time.Hour
				cfg.DeltaStage = time.Hour
			})
			nets = append(nets, net)
		}
		goroutines, memory := runtime.NumGoroutine(), memoryInUse()
		for _, net := range nets {
			net.StartAll()
		}
		for _, net := range nets {
			for _, node := range net.Nodes {
				for s := node.Status(); s.Phase != ocr2runtime.PhaseRunning; s = node.Status() {
					time.Sleep(10 * time.Millisecond)
				}
			}
		}
		time.Sleep(3 * time.Second) // for the rest to become quiet, and for lent goroutines to go
		const oracles = networks * n
		b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/oracles, "goroutines/oracle")
		b.ReportMetric(float64(memoryInUse()-memory)/1024/oracles, "KiB/oracle")
		for _, net := range nets {
			net.StopAll()
		}
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
