package bench

import (
	"context"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/config/ocr1config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr2config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr3config"
	ocrruntime "github.com/ocrkit/ocrkit/offchain/runtime"
	"github.com/ocrkit/ocrkit/test/ocr1net"
	"github.com/ocrkit/ocrkit/test/ocr2net"
	"github.com/ocrkit/ocrkit/test/ocr3net"
	"github.com/ocrkit/ocrkit/test/oraclenet"
)

// network is a network of oracles of one protocol, ready to start, that logs nothing.
type network struct {
	startAll, stopAll func()
	running           func() bool // all of them
	// reports is the number of reports on the contract, reach waits until there are as many.
	reports func() int
	reach   func(ctx context.Context, reports int) bool
	// rounds is how many rounds a typical oracle has seen completed.
	rounds func() uint64
}

// pace says how fast the rounds of a network are.
type pace struct {
	round, grace, progress time.Duration
}

var (
	// eachSecond is a lively feed.
	eachSecond = pace{round: time.Second, grace: 50 * time.Millisecond, progress: 20 * time.Second}
	// idle has nothing to do.
	idle = pace{round: time.Hour, progress: 24 * time.Hour}
)

// flatOut starts a round of OCR2 or OCR3 when the one before is done: DeltaRound is far less than a round takes.
func flatOut(grace time.Duration) pace {
	return pace{round: 100 * time.Microsecond, grace: grace, progress: 20 * time.Second}
}

func (p pace) resend() time.Duration { return p.progress / 4 }

// protocols make networks.
var protocols = []struct {
	name string
	make func(tb testing.TB, n, f int, p pace) *network
}{
	{"OCR1", ocr1Network}, {"OCR2", ocr2Network}, {"OCR3", ocr3Network},
}

func ocr1Network(tb testing.TB, n, f int, p pace) *network {
	net := ocr1net.New(tb, n, f)
	for _, node := range net.Nodes {
		node.Args.Logger = nil
	}
	net.SetConfig(func(cfg *ocr1config.PublicConfig) {
		cfg.DeltaProgress, cfg.DeltaResend, cfg.DeltaRound, cfg.DeltaGrace, cfg.DeltaStage = p.progress, p.resend(), p.round, p.grace, p.resend()
		cfg.RMax = 254
	})
	return networkOf(net.Nodes, net.StartAll, net.StopAll, &net.Contract.Ledger, func(s ocrruntime.Status) uint64 {
		return s.OCR1.CompletedRounds
	})
}

func ocr2Network(tb testing.TB, n, f int, p pace) *network {
	net := ocr2net.New(tb, n, f)
	for _, node := range net.Nodes {
		node.Args.Logger = nil
	}
	net.SetConfig(func(cfg *ocr2config.PublicConfig) {
		cfg.DeltaProgress, cfg.DeltaResend, cfg.DeltaRound, cfg.DeltaGrace, cfg.DeltaStage = p.progress, p.resend(), p.round, p.grace, p.resend()
		cfg.RMax = 254
	})
	return networkOf(net.Nodes, net.StartAll, net.StopAll, &net.Contract.Ledger, func(s ocrruntime.Status) uint64 {
		return s.Instance.CompletedRounds
	})
}

func ocr3Network(tb testing.TB, n, f int, p pace) *network {
	net := ocr3net.New(tb, n, f)
	for _, node := range net.Nodes {
		node.Args.Logger = nil
		node.Plugin.Reports = 1
	}
	net.SetConfig(func(cfg *ocr3config.PublicConfig) {
		cfg.DeltaProgress, cfg.DeltaResend, cfg.DeltaRound, cfg.DeltaGrace, cfg.DeltaStage = p.progress, p.resend(), p.round, p.grace, p.resend()
		cfg.DeltaInitial = p.resend()
		cfg.RMax = 1 << 20
	})
	return networkOf(net.Nodes, net.StartAll, net.StopAll, &net.Contract.Ledger, func(s ocrruntime.Status) uint64 {
		return s.OCR3.Machine.CommittedSeqNr
	})
}

// networkOf makes a network of one of a protocol. rounds is the number of rounds that a running oracle has seen completed.
func networkOf[N interface{ Status() ocrruntime.Status }, T any](
	nodes []N, start, stop func(), ledger *oraclenet.Ledger[T], rounds func(ocrruntime.Status) uint64,
) *network {
	return &network{
		startAll: start,
		stopAll:  stop,
		running: func() bool {
			for _, node := range nodes {
				if node.Status().Phase != ocrruntime.PhaseRunning {
					return false
				}
			}
			return true
		},
		reports: func() int { return len(ledger.Transmissions()) },
		reach: func(ctx context.Context, reports int) bool {
			return ledger.WaitFor(ctx, func(got []T) bool { return len(got) >= reports })
		},
		rounds: func() (most uint64) {
			for _, node := range nodes {
				if s := node.Status(); s.Phase == ocrruntime.PhaseRunning {
					most = max(most, rounds(s))
				}
			}
			return most
		},
	}
}
