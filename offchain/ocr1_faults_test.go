package offchain_test

import (
	"context"
	"errors"
	"math/big"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ocrkit/ocrkit/offchain/config/ocr1config"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/p2p/inmemory"
	"github.com/ocrkit/ocrkit/offchain/runtime"
	"github.com/ocrkit/ocrkit/offchain/store"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
	"github.com/ocrkit/ocrkit/test/ocr1net"
)

// The database that comes with the project keeps signed rounds.
var _ runtime.OCR1SignedRoundDatabase = store.OCR1DB{}

func TestOCR1RestartFromTheDatabase(t *testing.T) {
	for _, keepsRounds := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			net := ocr1net.New(t, 4, 1)
			ocr1SignatureWatch(t, net, nil)
			if !keepsRounds {
				for _, node := range net.Nodes {
					node.Args.Database = ocr1net.PlainDatabase{Database: node.Database}
				}
			}
			digest := net.SetConfig(nil)
			restarts(4, func(reports int) int { return len(waitForOCR1(t, net, reports)) },
				func(oracle int) { net.Stop(net.Nodes[oracle]) }, net.StopAll, net.StartAll)
			state, epoch, _ := net.Nodes[0].Database.State(digest)
			if state.Epoch < 2 || keepsRounds != (epoch == state.Epoch) {
				t.Errorf("the database holds %+v and the round of epoch %d", state, epoch)
			}
		})
	}
}

// An accepted report outlives a restart: the oracle whose turn comes late transmits what it accepted before.
func TestOCR1PendingTransmissionsOutliveARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr1net.New(t, 4, 1)
		var paid atomic.Bool
		for _, node := range net.Nodes {
			node.Chain.On = func(_ context.Context, method string) error {
				if method == "Transmit" && !paid.Load() {
					return errors.New("no gas")
				}
				return nil
			}
		}
		net.SetConfig(func(cfg *ocr1config.PublicConfig) {
			cfg.DeltaStage = 3 * time.Minute
			cfg.S = []int{1, 1, 1, 1}
		})
		net.StartAll()
		time.Sleep(20 * time.Second) // virtual time
		net.StopAll()
		stored := 0
		for _, node := range net.Nodes {
			stored += node.Database.Pending()
		}
		if stored == 0 {
			t.Fatal("no report was stored")
		}
		paid.Store(true)
		for _, node := range net.Nodes { // there are no new reports any more
			node.Source.On = func(context.Context, ocr1types.ReportTimestamp) (*big.Int, error) { return nil, errors.New("closed") }
		}
		net.StartAll()
		waitForOCR1(t, net, 1)
	})
}

func TestOCR1SilentLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr1net.New(t, 4, 1)
		var silent atomic.Int32 // 1 + id
		ocr1SignatureWatch(t, net, func(e inmemory.Envelope) inmemory.Outcome {
			return inmemory.Outcome{Drop: silent.Load() == int32(e.From)+1}
		})
		net.SetConfig(nil)
		net.StartAll()
		reports := len(waitForOCR1(t, net, 3))
		before := net.Nodes[0].Status().OCR1
		silent.Store(int32(before.Leader) + 1)
		waitForOCR1(t, net, reports+5)
		other := net.Nodes[(int(before.Leader)+1)%4].Status().OCR1
		if other.Epoch <= before.Epoch || other.Leader == before.Leader {
			t.Errorf("reports came, but in epoch %d under leader %d (silent: %d, in epoch %d)", other.Epoch, other.Leader, before.Leader, before.Epoch)
		}
	})
}

func TestOCR1LossDelayAndDuplication(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr1net.New(t, 7, 2)
		ocr1SignatureWatch(t, net, lossy())
		net.SetConfig(nil)
		net.StartAll()
		waitForOCR1(t, net, 20)
	})
}

// One oracle's data source hangs whatever its context says; others fail, answer with no int192, or within the grace period.
func TestOCR1DataSources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr1net.New(t, 10, 3)
		release := make(chan struct{})
		released := sync.OnceFunc(func() { close(release) })
		t.Cleanup(released)
		net.Nodes[1].Source.On = func(context.Context, ocr1types.ReportTimestamp) (*big.Int, error) {
			<-release
			return nil, nil
		}
		net.Nodes[2].Source.On = func(context.Context, ocr1types.ReportTimestamp) (*big.Int, error) {
			return new(big.Int).Lsh(big.NewInt(1), 191), nil
		}
		net.Nodes[3].Source.On = func(context.Context, ocr1types.ReportTimestamp) (*big.Int, error) { return nil, errors.New("no data") }
		net.Nodes[4].Source.On = func(ctx context.Context, _ ocr1types.ReportTimestamp) (*big.Int, error) {
			<-ctx.Done()                      // what it has by then is aggregated in the grace period
			time.Sleep(50 * time.Millisecond) // virtual time
			return nil, nil
		}
		net.SetConfig(func(cfg *ocr1config.PublicConfig) {
			cfg.DeltaRound = 4 * time.Second
			cfg.DeltaGrace = 1 * time.Second
			cfg.DeltaProgress = 20 * time.Second
		})
		net.StartAll()
		waitForOCR1(t, net, 12)
		for i, observes := range map[int]bool{0: true, 1: false, 2: false, 3: false, 4: true} {
			s := net.Nodes[i].Status().OCR1
			if s.CompletedRounds < 5 || observes != (s.SentObservations > 5) {
				t.Errorf("oracle %d: %+v", i, s)
			}
		}
		if !slices.ContainsFunc(net.Contract.Transmissions(), func(tr ocr1net.Transmission) bool { return slices.Contains(tr.Observers, 4) }) {
			t.Error("what the data source returned in the grace period was not used")
		}
		stuck := net.Nodes[1]
		if stuck.Source.Calls() != 1 || len(stuck.Log.Lines("error DataSource.Observe is taking too long")) == 0 {
			t.Errorf("the data source that hangs was called %d times; log: %v", stuck.Source.Calls(), stuck.Log.Bad())
		}
		closed := make(chan struct{})
		go func() { net.Stop(stuck); close(closed) }()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("Close returned while a call was under way")
		default:
		}
		released()
		<-closed
	})
}

// A contract that answers late, or not at all, does not keep oracles from reporting: they report rather once too often.
func TestOCR1ContractThatCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr1net.New(t, 4, 1)
		for _, node := range net.Nodes {
			var calls atomic.Int64
			node.Chain.On = func(ctx context.Context, method string) error {
				switch {
				case method == "LatestRoundRequested" && calls.Add(1)%2 == 0:
					return errors.New("the node is syncing")
				case method == "LatestRoundRequested":
					<-ctx.Done()
					return ctx.Err()
				case method == "LatestTransmissionDetails":
					time.Sleep(300 * time.Millisecond) // virtual time
				}
				return nil
			}
		}
		net.SetConfig(func(cfg *ocr1config.PublicConfig) {
			cfg.DeltaProgress = 30 * time.Second
			cfg.DeltaRound = 10 * time.Second
			cfg.DeltaC = 24 * time.Hour
			cfg.AlphaPPB = 1 // the contract's answer is 1000 below; failures make the reports nevertheless
		})
		net.StartAll()
		waitForOCR1(t, net, 3)
		if calls := net.Nodes[0].Chain.Calls("LatestRoundRequested"); calls < 3 {
			t.Errorf("asked %d times for requests", calls)
		}
	})
}

// Transmissions that hang end with their timeout, and the reports that follow are transmitted.
func TestOCR1SlowTransmitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr1net.New(t, 4, 1)
		for _, node := range net.Nodes {
			node.Chain.On = func(ctx context.Context, method string) error {
				if method == "Transmit" && node.Chain.Calls(method)%3 == 1 {
					<-ctx.Done()
					return ctx.Err()
				}
				return nil
			}
		}
		net.SetConfig(nil)
		net.StartAll()
		waitForOCR1(t, net, 10)
	})
}

func TestOCR1DatabaseErrors(t *testing.T) {
	for _, keepsRounds := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			net := ocr1net.New(t, 4, 1)
			ocr1SignatureWatch(t, net, nil)
			for _, node := range net.Nodes {
				if !keepsRounds {
					node.Args.Database = ocr1net.PlainDatabase{Database: node.Database}
				}
				node.Database.Before(failingNowAndThen(node.Index))
			}
			net.SetConfig(nil)
			net.StartAll()
			waitForOCR1(t, net, 15)
		})
	}
}

// While the database does not take the signed round, nothing of that round leaves; the oracle follows all the same.
func TestOCR1NothingIsSignedThatIsNotDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr1net.New(t, 4, 1)
		node := net.Nodes[2]
		var sent atomic.Int32
		net.Links.SetFault(func(e inmemory.Envelope) inmemory.Outcome {
			if m, err := ocr1wire.Decode(e.Payload); err == nil && e.From == node.ID() {
				switch m.(type) {
				case *ocr1wire.Observe, *ocr1wire.Report, *ocr1wire.ObserveReq:
					sent.Add(1)
				}
			}
			return inmemory.Outcome{}
		})
		release := make(chan struct{})
		released := sync.OnceFunc(func() { close(release) })
		t.Cleanup(released)
		node.Database.Before(func(_ context.Context, call string) error {
			if call == "WriteSignedRound" && node.Database.Calls(call) > 1 { // the first is at the start
				<-release // and the context be damned
			}
			return nil
		})
		net.SetConfig(nil)
		net.StartAll()
		reports := len(waitForOCR1(t, net, 15))
		if n := sent.Load(); n != 0 {
			t.Errorf("%d messages about rounds were sent although none was durable", n)
		}
		s := node.Status().OCR1
		if s.CompletedRounds < 5 || s.HeldMessages == 0 {
			t.Errorf("the oracle does not follow: %+v", s)
		}
		released()
		waitForOCR1(t, net, reports+15)
		if sent.Load() == 0 {
			t.Error("the oracle does not take part again after the database has recovered")
		}
	})
}

func TestOCR1GarbageIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr1net.New(t, 4, 1)
		net.Links.SetFault(garbageFrom(3, 15_000)) // some are longer than messages may be
		net.SetConfig(nil)
		net.StartAll()
		waitForOCR1(t, net, 10)
		for _, node := range net.Nodes[:3] {
			if s := node.Status().OCR1; s.Malformed == 0 {
				t.Errorf("oracle %d counted no garbage: %+v", node.Index, s)
			}
		}
	})
}

// Oracles are closed at all sorts of moments. Afterwards nothing that they were given is called any more, and whatever was called
// with a context has seen it end.
func TestOCR1CloseAtAnyTime(t *testing.T) {
	for moment := time.Duration(0); moment < 4*time.Second; moment += inShort(244, 61) * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			net := ocr1net.New(t, 4, 1)
			var watches []*callWatch
			for i, node := range net.Nodes {
				watch := newCallWatch(t, i, moment)
				watches = append(watches, watch)
				node.Source.On = func(ctx context.Context, _ ocr1types.ReportTimestamp) (*big.Int, error) {
					return nil, watch.during(ctx, "Observe")
				}
				node.Chain.On = watch.during
				node.Database.Before(watch.during)
			}
			net.SetConfig(func(cfg *ocr1config.PublicConfig) {
				cfg.DeltaRound = 100 * time.Millisecond
				cfg.DeltaGrace = 10 * time.Millisecond
			})
			net.StartAll()
			time.Sleep(moment) // virtual time
			for i, node := range net.Nodes {
				net.Stop(node)
				watches[i].wasClosed()
			}
			if n := net.Contract.Subscriptions(); n != 0 {
				t.Errorf("closed after %v: %d subscriptions are left", moment, n)
			}
			time.Sleep(time.Minute) // virtual time
		})
	}
}
