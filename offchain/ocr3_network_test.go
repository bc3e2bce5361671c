package offchain_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config/ocr3config"
	"github.com/ocrkit/ocrkit/offchain/p2p/inmemory"
	"github.com/ocrkit/ocrkit/offchain/runtime"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
	"github.com/ocrkit/ocrkit/test/ocr3net"
)

// waitForOCR3 waits until both reports of that many more outcomes are on chain, and checks that the outcomes make one chain.
func waitForOCR3(t *testing.T, net *ocr3net.Network, outcomes int) []ocr3net.Transmission {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute) // virtual
	defer cancel()
	complete := func(list []ocr3net.Transmission) int {
		count := map[uint64]int{}
		full := 0
		for _, tr := range list {
			if count[tr.SeqNr]++; count[tr.SeqNr] == 2 {
				full++
			}
		}
		return full
	}
	if !net.Contract.WaitFor(ctx, func(list []ocr3net.Transmission) bool { return complete(list) >= outcomes }) {
		for _, node := range net.Nodes {
			if node.Oracle != nil {
				t.Logf("oracle %d: %+v", node.Index, node.Status().OCR3)
			}
		}
		t.Fatalf("%d outcomes are on chain, want %d", complete(net.Contract.Transmissions()), outcomes)
	}
	list := net.Contract.Transmissions()
	reports := map[uint64][]byte{}
	for _, tr := range list {
		outcome := tr.Report[:len(tr.Report)-1]
		if before, ok := reports[tr.SeqNr]; ok && !bytes.Equal(before, outcome) {
			t.Fatalf("two outcomes of %d: %x and %x", tr.SeqNr, before, outcome)
		}
		reports[tr.SeqNr] = outcome
	}
	return list
}

// voteWatch fails the test when an oracle votes for two different things in one place.
func voteWatch(t *testing.T, net *ocr3net.Network, fault inmemory.Fault) {
	watchSigned(t, net.Links, fault, func(from commontypes.OracleID, payload []byte) (what, signed string) {
		message, err := ocr3wire.Decode(payload, len(net.Nodes), 100)
		if err != nil {
			return "", ""
		}
		switch m := message.(type) {
		case *ocr3wire.Prepare:
			return fmt.Sprintf("prepare of %d in %d %d", from, m.Epoch, m.SeqNr), string(m.Signature)
		case *ocr3wire.Commit:
			return fmt.Sprintf("commit of %d in %d %d", from, m.Epoch, m.SeqNr), string(m.Signature)
		case *ocr3wire.Proposal:
			return fmt.Sprintf("proposal of %d in %d %d", from, m.Epoch, m.SeqNr), string(payload)
		case *ocr3wire.EpochStart:
			return fmt.Sprintf("epoch start of %d in %d", from, m.Epoch), string(payload)
		}
		return "", ""
	})
}

func TestOCR3Network(t *testing.T) {
	for _, size := range [][2]int{{1, 0}, {4, 1}, {7, 2}} {
		synctest.Test(t, func(t *testing.T) {
			net := ocr3net.New(t, size[0], size[1])
			voteWatch(t, net, nil)
			registry := prometheus.NewRegistry()
			net.Nodes[0].Args.MetricsRegisterer = registry
			digest := net.SetConfig(nil)
			net.StartAll()
			list := waitForOCR3(t, net, 25)
			epochs := map[uint64]bool{}
			for _, node := range net.Nodes {
				s := node.Status()
				if s.Phase != runtime.PhaseRunning || s.ConfigDigest != digest || s.OCR3 == nil || s.OCR3.SentObservations < 10 || // an oracle that is late for the first epoch sits it out
					s.OCR3.Malformed > 0 {
					t.Errorf("oracle %d: %+v %+v", node.Index, s, s.OCR3)
				}
				epochs[s.OCR3.Machine.Epoch] = true
				if bad := node.Log.Bad(); len(bad) > 0 {
					t.Errorf("oracle %d logged: %v", node.Index, bad)
				}
			}
			for i := range list[:20] {
				if list[i].SeqNr > uint64(i/2+2) {
					t.Errorf("transmission %d is of %d", i, list[i].SeqNr)
				}
			}
			if epochs[1] { // RMax is 10
				t.Errorf("epochs %v after 25 rounds", epochs)
			}
			families, err := registry.Gather()
			if err != nil {
				t.Fatal(err)
			}
			values := map[string]float64{}
			for _, family := range families {
				values[family.GetName()] = family.GetMetric()[0].GetGauge().GetValue()
			}
			if values["ocr3_committed_sequence_number"] < 20 || values["ocr3_config_min_round_interval_seconds"] != 1 || values["ocr3_epoch"] < 2 {
				t.Errorf("metrics: %v", values)
			}
			net.StopAll()
			for _, node := range net.Nodes {
				if made, closed := node.Plugin.Counts(); made != 1 || closed != 1 {
					t.Errorf("%d plugins made, %d closed", made, closed)
				}
			}
		})
	}
}

func TestOCR3Restarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr3net.New(t, 4, 1)
		voteWatch(t, net, nil)
		net.SetConfig(nil)
		net.StartAll()
		outcomes := 5
		waitForOCR3(t, net, outcomes)
		for restart := range 12 {
			net.Stop(net.Nodes[restart%4])
			if restart%3 == 0 {
				net.StopAll()
			}
			net.StartAll()
			outcomes += 1 + restart%3
			waitForOCR3(t, net, outcomes)
		}
		for _, node := range net.Nodes {
			if s := node.Status().OCR3; s.Machine.Epoch < 4 {
				t.Errorf("oracle %d: %+v", node.Index, s)
			}
		}
	})
}

func TestOCR3ConfigSwitch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr3net.New(t, 4, 1)
		first := net.SetConfig(nil)
		net.StartAll()
		waitForOCR3(t, net, 3)
		second := net.SetConfig(func(cfg *ocr3config.PublicConfig) { cfg.DeltaGrace = 50 * time.Millisecond })
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		if first == second || !net.Contract.WaitFor(ctx, func(list []ocr3net.Transmission) bool {
			return list[len(list)-1].ConfigDigest == second && list[len(list)-1].SeqNr >= 3
		}) {
			t.Errorf("no reports under the new config")
		}
		for _, node := range net.Nodes {
			if made, closed := node.Plugin.Counts(); made != 2 || closed != 1 {
				t.Errorf("oracle %d: %d plugins made, %d closed; want 2 and 1", node.Index, made, closed)
			}
		}
	})
}

func TestOCR3SilentLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr3net.New(t, 4, 1)
		var silent atomic.Int32 // 1 + id
		voteWatch(t, net, func(e inmemory.Envelope) inmemory.Outcome {
			return inmemory.Outcome{Drop: silent.Load() == int32(e.From)+1}
		})
		net.SetConfig(nil)
		net.StartAll()
		waitForOCR3(t, net, 3)
		before := net.Nodes[0].Status().OCR3.Machine
		silent.Store(int32(before.Leader) + 1)
		waitForOCR3(t, net, 8)
		if after := net.Nodes[(int(before.Leader)+1)%4].Status().OCR3.Machine; after.Epoch <= before.Epoch || after.Leader == before.Leader {
			t.Errorf("before: %+v, after: %+v", before, after)
		}
	})
}

func TestOCR3LossDelayAndDuplication(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr3net.New(t, 7, 2)
		var count atomic.Uint64
		voteWatch(t, net, func(e inmemory.Envelope) inmemory.Outcome {
			k := count.Add(1)
			return inmemory.Outcome{Drop: k%50 == 0, Delay: time.Duration(k*7919%90) * time.Millisecond, Duplicates: int(k % 13 / 12)}
		})
		net.SetConfig(nil)
		net.StartAll()
		waitForOCR3(t, net, 20)
	})
}

func TestOCR3PluginFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr3net.New(t, 4, 1)
		release := make(chan struct{})
		// One oracle's data source hangs, another one's plugin fails now and then, in every method.
		net.Nodes[1].Plugin.On = func(_ context.Context, method string, _ uint64) error {
			if method == "Observation" {
				<-release
			}
			return nil
		}
		net.Nodes[2].Plugin.On = func(_ context.Context, method string, seqNr uint64) error {
			if seqNr%7 == 3 && (method == "Query" || method == "Reports" || method == "ShouldAcceptAttestedReport" || method == "ShouldTransmitAcceptedReport") {
				return errors.New("no data")
			}
			return nil
		}
		net.SetConfig(nil)
		net.StartAll()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
		defer cancel()
		if !net.Contract.WaitFor(ctx, func(list []ocr3net.Transmission) bool { return len(list) > 20 }) {
			t.Errorf("%d reports", len(net.Contract.Transmissions()))
		}
		close(release)
		waitForOCR3(t, net, 20)
	})
}

// While the database does not take what an oracle is about to promise, nothing of it leaves; the others go on.
func TestOCR3NothingLeavesThatIsNotDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr3net.New(t, 4, 1)
		node := net.Nodes[2]
		var commits, starts atomic.Int32
		voteWatch(t, net, func(e inmemory.Envelope) inmemory.Outcome {
			if m, err := ocr3wire.Decode(e.Payload, 4, 100); err == nil && int(e.From) == node.Index {
				switch m.(type) {
				case *ocr3wire.Commit:
					commits.Add(1)
				case *ocr3wire.EpochStartRequest, *ocr3wire.NewEpochWish:
					starts.Add(1)
				}
			}
			return inmemory.Outcome{}
		})
		var broken atomic.Pointer[string]
		set := func(keys string) { broken.Store(&keys) }
		set("pacemaker cert")
		node.Database.Before(func(_ context.Context, key string) error {
			if strings.Contains(*broken.Load(), key) {
				return errors.New("disk full")
			}
			return nil
		})
		net.SetConfig(nil)
		net.StartAll()
		waitForOCR3(t, net, 12)
		if n := starts.Load(); n != 0 {
			t.Errorf("%d messages left although the epoch was not durable", n)
		}
		set("cert")
		waitForOCR3(t, net, 24)
		if starts.Load() == 0 || commits.Load() != 0 {
			t.Errorf("%d messages of the pacemaker, %d commits although the certificate was not durable", starts.Load(), commits.Load())
		}
		set("")
		waitForOCR3(t, net, 40)
		if commits.Load() == 0 {
			t.Error("the oracle does not take part again")
		}
	})
}
