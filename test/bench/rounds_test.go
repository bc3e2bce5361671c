package bench

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
)

// cpuTime returns the processor time that this process has used, user and system.
func cpuTime(tb testing.TB) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

var sizes = []struct {
	n, f int
	// ocr1Round is a DeltaRound in which rounds of OCR1 are completed also where the machine has other things to do.
	ocr1Round time.Duration
}{
	{4, 1, 10 * time.Millisecond}, {16, 5, 60 * time.Millisecond}, {31, 10, 200 * time.Millisecond},
}

// BenchmarkOCR1Rounds runs rounds at a fixed pace, for OCR1 begins a round whether or not the one before is done: rounds/s says
// nothing about what is possible, cpu-ms/round is to be compared with that of OCR2. An iteration is a round that ends with a report
// on the contract.
func BenchmarkOCR1Rounds(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprintf("n=%d", size.n), func(b *testing.B) {
			benchmarkRounds(b, ocr1Network(b, size.n, size.f, pace{round: size.ocr1Round, progress: 20 * time.Second}))
			b.ReportMetric(plainChecks(b, size.n, size.f).Seconds()*1000, "plain-checks-cpu-ms/round")
		})
	}
}

// BenchmarkOCR2Rounds runs rounds as fast as they come: the next round starts when the one before is done; an iteration is a round
// that ends with a report on the contract. The baseline that cpu-ms/round is held against, the reference implementation on the same
// kind of machine, is 2.4 for 4 oracles, 18.5 for 16, 68 for 31.
func BenchmarkOCR2Rounds(b *testing.B) {
	for _, size := range sizes {
		for _, grace := range []time.Duration{0, 20 * time.Millisecond} {
			b.Run(fmt.Sprintf("n=%d/grace=%v", size.n, grace), func(b *testing.B) {
				benchmarkRounds(b, ocr2Network(b, size.n, size.f, flatOut(grace)))
				b.ReportMetric(plainChecks(b, size.n, size.f).Seconds()*1000, "plain-checks-cpu-ms/round")
			})
		}
	}
}

// BenchmarkOCR3Rounds runs rounds as fast as they come, as BenchmarkOCR2Rounds does; an iteration is an outcome whose one report
// is signed by f+1 oracles and taken by the contract. Four signatures of every oracle make a round: observation, prepare, commit,
// report. The baseline of cpu-ms/round is 3.4 for 4 oracles, 34 to 38 for 16, 118 for 31.
func BenchmarkOCR3Rounds(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprintf("n=%d", size.n), func(b *testing.B) {
			benchmarkRounds(b, ocr3Network(b, size.n, size.f, flatOut(0)))
		})
	}
}

func benchmarkRounds(b *testing.B, net *network) {
	net.startAll()
	reach := func(reports int) {
		ctx, cancel := context.WithTimeout(b.Context(), 5*time.Minute)
		defer cancel()
		if !net.reach(ctx, reports) {
			b.Fatalf("%d reports only, want %d", net.reports(), reports)
		}
	}
	reach(5) // tables of keys are made, connections are there
	before := net.rounds()
	cpu := cpuTime(b)
	b.ReportAllocs()
	b.ResetTimer()
	reach(net.reports() + b.N)
	b.StopTimer()
	cpu = cpuTime(b) - cpu
	done := net.rounds() - before
	net.stopAll()
	b.ReportMetric(float64(cpu.Microseconds())/1000/float64(done), "cpu-ms/round")
	b.ReportMetric(float64(done)/b.Elapsed().Seconds(), "rounds/s")
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
