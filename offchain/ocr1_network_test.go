package offchain_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config/ocr1config"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/p2p/inmemory"
	"github.com/ocrkit/ocrkit/offchain/runtime"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
	"github.com/ocrkit/ocrkit/test/ocr1net"
)

// waitForOCR1 waits, in virtual time, until the contract has at least so many reports, and checks that what they say comes from
// honest oracles.
func waitForOCR1(t *testing.T, net *ocr1net.Network, reports int) []ocr1net.Transmission {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	if !net.Contract.WaitFor(ctx, func(got []ocr1net.Transmission) bool { return len(got) >= reports }) {
		for _, node := range net.Nodes {
			if node.Oracle != nil {
				t.Logf("oracle %d: %+v %+v\n%v", node.Index, node.Status(), node.Status().OCR1, node.Log.Bad())
			}
		}
		t.Fatalf("%d reports were transmitted, want %d", len(net.Contract.Transmissions()), reports)
	}
	list := net.Contract.Transmissions()
	for _, tr := range list {
		if tr.Answer.Cmp(big.NewInt(1000)) < 0 || tr.Answer.Cmp(big.NewInt(10_000)) > 0 {
			t.Fatalf("report %v says %v", tr.Timestamp, tr.Answer)
		}
	}
	return list
}

// ocr1SignatureWatch fails the test when an oracle signs two different things for one round.
func ocr1SignatureWatch(t *testing.T, net *ocr1net.Network, fault inmemory.Fault) {
	watchSigned(t, net.Links, fault, func(from commontypes.OracleID, payload []byte) (what, signed string) {
		message, err := ocr1wire.Decode(payload)
		if err != nil {
			return "", ""
		}
		switch m := message.(type) {
		case *ocr1wire.Observe:
			return fmt.Sprintf("observation of %d in %d %d", from, m.Epoch, m.Round), string(m.SignedObservation.Signature)
		case *ocr1wire.Report:
			return fmt.Sprintf("report of %d in %d %d", from, m.Epoch, m.Round), string(m.AttestedReport.Signature)
		}
		return "", ""
	})
}

func TestOCR1Network(t *testing.T) {
	for _, size := range []struct{ n, f int }{{1, 0}, {4, 1}, {7, 2}} {
		synctest.Test(t, func(t *testing.T) {
			net := ocr1net.New(t, size.n, size.f)
			ocr1SignatureWatch(t, net, nil)
			digest := net.SetConfig(nil)
			net.StartAll()
			list := waitForOCR1(t, net, 30)
			for _, node := range net.Nodes {
				s := node.Status()
				if s.Phase != runtime.PhaseRunning || s.ConfigDigest != ocr1types.NetworkDigest(digest) || s.OCR1.ConfigDigest != digest ||
					s.OCR1.SentObservations < 15 || s.OCR1.CompletedRounds < 15 || s.OCR1.Malformed > 0 || s.Instance != nil {
					t.Errorf("oracle %d of %d: %+v %+v", node.Index, size.n, s, s.OCR1)
				}
			}
			if size.n > 1 && list[len(list)-1].Timestamp.Epoch < 3 { // RMax is 10
				t.Errorf("30 reports in epochs up to %d", list[len(list)-1].Timestamp.Epoch)
			}
			net.StopAll()
			for _, node := range net.Nodes {
				if bad := node.Log.Bad(); len(bad) > 0 {
					t.Errorf("oracle %d of %d: %v", node.Index, size.n, bad)
				}
			}
			if n := net.Contract.Subscriptions(); n != 0 {
				t.Errorf("%d subscriptions are left", n)
			}
		})
	}
}

func TestOCR1ConfigSwitch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr1net.New(t, 4, 1)
		first := net.SetConfig(nil)
		net.StartAll()
		before := waitForOCR1(t, net, 3)
		at := time.Now()
		second := net.SetConfig(func(cfg *ocr1config.PublicConfig) { cfg.DeltaGrace = 50 * time.Millisecond })
		reports := waitForOCR1(t, net, len(before)+4)
		if last := reports[len(reports)-1].Timestamp; last.ConfigDigest != second || first == second {
			t.Errorf("the last report is under config %s, want %s", last.ConfigDigest, second)
		}
		i := slices.IndexFunc(reports, func(tr ocr1net.Transmission) bool { return tr.Timestamp.ConfigDigest == second })
		// The subscription, not the next poll, has told the oracles.
		if passed := reports[i].At.Sub(at); passed > 10*time.Second {
			t.Errorf("the first report under the new config took %v", passed)
		}
		for _, node := range net.Nodes {
			if s := node.Status(); s.OCR1.ConfigDigest != second || s.Phase != runtime.PhaseRunning {
				t.Errorf("oracle %d: %+v", node.Index, s)
			}
			if cc, err := node.Database.ReadConfig(t.Context()); err != nil || cc.ConfigDigest != second || len(cc.Signers) != 4 {
				t.Errorf("oracle %d: the database holds config %+v, %v", node.Index, cc, err)
			}
		}
	})
}

// A subscription that cannot be had, or that breaks, is made again; meanwhile configs are found by polling.
func TestOCR1Subscriptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr1net.New(t, 1, 0)
		node := net.Nodes[0]
		start := time.Now()
		var mu sync.Mutex
		var list []time.Duration
		node.Chain.On = func(_ context.Context, method string) error {
			if method != "SubscribeToNewConfigs" {
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			list = append(list, time.Since(start).Round(time.Second))
			if len(list) < 3 {
				return errors.New("no websocket")
			}
			return nil
		}
		attempts := func() []time.Duration {
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(list)
		}
		net.StartAll()
		time.Sleep(time.Second) // virtual time
		net.SetConfig(nil)
		waitForOCR1(t, net, 1) // by polling
		time.Sleep(3 * time.Minute)
		if want := []time.Duration{0, time.Minute, 2 * time.Minute}; !slices.Equal(attempts(), want) {
			t.Errorf("attempts to subscribe at %v, want %v", attempts(), want)
		}

		polls := node.Chain.Calls("LatestConfigDetails")
		net.Contract.BreakSubscriptions()
		synctest.Wait()
		if len(attempts()) != 4 || net.Contract.Subscriptions() != 1 {
			t.Errorf("after it broke: attempts at %v, %d subscriptions", attempts(), net.Contract.Subscriptions())
		}
		if n := node.Chain.Calls("LatestConfigDetails"); n != polls+1 {
			t.Errorf("%d polls after the new subscription, want 1", n-polls)
		}
		// One that breaks at once is not made again at once.
		net.Contract.BreakSubscriptions()
		synctest.Wait()
		if len(attempts()) != 4 {
			t.Errorf("after it broke at once: attempts at %v", attempts())
		}
		time.Sleep(61 * time.Second)
		if len(attempts()) != 5 || net.Contract.Subscriptions() != 1 {
			t.Errorf("a minute later: attempts at %v, %d subscriptions", attempts(), net.Contract.Subscriptions())
		}
		// It tells of a config long before the next poll.
		for polls = node.Chain.Calls("LatestConfigDetails"); node.Chain.Calls("LatestConfigDetails") == polls; {
			time.Sleep(time.Second)
		}
		second := net.SetConfig(nil)
		synctest.Wait()
		if s := node.Status().OCR1; s == nil || s.ConfigDigest != second {
			t.Errorf("right after a config was set: %+v", s)
		}
		net.StopAll()
		if n := net.Contract.Subscriptions(); n != 0 {
			t.Errorf("%d subscriptions are left", n)
		}
	})
}

func TestOCR1StartsFromTheDatabaseWithoutTheChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr1net.New(t, 4, 1)
		cc := net.Config(nil)
		for _, node := range net.Nodes {
			node.Database.SetConfig(cc)
			node.Chain.On = func(_ context.Context, method string) error {
				switch method {
				case "LatestConfigDetails", "ConfigFromLogs", "LatestBlockHeight", "SubscribeToNewConfigs":
					return errors.New("the chain cannot be reached")
				}
				return nil
			}
		}
		strange := cc
		strange.EncodedConfigVersion = 2
		net.Nodes[3].Database.SetConfig(strange)
		net.Contract.Put(cc)
		net.StartAll()
		waitForOCR1(t, net, 3)
		if s := net.Nodes[3].Status(); s.Phase != runtime.PhaseNoConfig || s.PollProblem == "" {
			t.Errorf("an oracle with a config of another version in its database: %+v", s)
		}
	})
}

// What the contract announces and what the logs say must be the same config, and one of the version that we know.
func TestOCR1ConfigsThatAreNotTaken(t *testing.T) {
	for name, spoil := range map[string]func(cc *ocr1types.ContractConfig){
		"version": func(cc *ocr1types.ContractConfig) { cc.EncodedConfigVersion = 2 },
		"digest":  func(cc *ocr1types.ContractConfig) { cc.ConfigDigest[3]++ },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				net := ocr1net.New(t, 4, 1)
				node := net.Nodes[0]
				node.Args.ContractConfigTracker = spoiledTracker{node.Chain, spoil}
				net.SetConfig(nil)
				net.StartAll()
				waitForOCR1(t, net, 2)
				if s := node.Status(); s.Phase != runtime.PhaseNoConfig || !strings.Contains(s.PollProblem, name) {
					t.Errorf("an oracle that is told of a bad config: %+v", s)
				}
			})
		})
	}
}

type spoiledTracker struct {
	ocr1types.ContractConfigTracker
	spoil func(*ocr1types.ContractConfig)
}

func (s spoiledTracker) ConfigFromLogs(ctx context.Context, changedInBlock uint64) (ocr1types.ContractConfig, error) {
	cc, err := s.ContractConfigTracker.ConfigFromLogs(ctx, changedInBlock)
	s.spoil(&cc)
	return cc, err
}

// Whether a round makes a report: by deviation, by age, on request; and what an override changes.
func TestOCR1ReportsOnlyWhatIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr1net.New(t, 4, 1)
		var price atomic.Int64
		price.Store(2000)
		for i, node := range net.Nodes {
			node.Source.On = func(context.Context, ocr1types.ReportTimestamp) (*big.Int, error) {
				return big.NewInt(price.Load() + int64(i)), nil
			}
			node.Args.ConfigOverrider = &overrider{}
		}
		net.SetConfig(func(cfg *ocr1config.PublicConfig) {
			cfg.AlphaPPB = 10_000_000 // 1 %
			cfg.DeltaC = 6 * time.Minute
		})
		net.StartAll()
		// Nothing was reported under this config yet.
		if first := waitForOCR1(t, net, 1); first[0].Answer.Int64() != 2001 && first[0].Answer.Int64() != 2002 {
			t.Errorf("the median is %v", first[0].Answer)
		}
		after := func(d time.Duration) int {
			time.Sleep(d) // virtual time
			return len(net.Contract.Transmissions())
		}
		price.Store(2010)
		if n := after(4 * time.Minute); n != 1 {
			t.Errorf("%d reports in 4 minutes, want 1", n)
		}
		if n := after(3 * time.Minute); n != 2 {
			t.Errorf("%d reports in 7 minutes, want 2", n)
		}
		price.Store(2050)
		if n := after(time.Minute); n != 3 {
			t.Errorf("%d reports after a deviation, want 3", n)
		}
		net.Contract.RequestRound()
		if n := after(time.Minute); n != 4 {
			t.Errorf("%d reports after a request, want 4", n)
		}
		for _, node := range net.Nodes {
			node.Args.ConfigOverrider.(*overrider).override.Store(&ocr1types.ConfigOverride{AlphaPPB: 10_000_000, DeltaC: time.Minute})
		}
		if n := after(5 * time.Minute); n < 7 || n > 10 {
			t.Errorf("%d reports after 5 minutes with an override of a minute", n)
		}
	})
}

type overrider struct {
	override atomic.Pointer[ocr1types.ConfigOverride]
}

func (o *overrider) ConfigOverride() *ocr1types.ConfigOverride { return o.override.Load() }

func TestOCR1MetricsAndTelemetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr1net.New(t, 4, 1)
		registry := prometheus.NewPedanticRegistry()
		var monitoring telemetryRecorder
		node := net.Nodes[0]
		node.Args.MetricsRegisterer = registry
		node.Args.MonitoringEndpoint = &monitoring
		digest := net.SetConfig(nil)
		net.StartAll()
		waitForOCR1(t, net, 25)
		values := gather(t, registry, digest.Hex())
		for name, atLeast := range map[string]float64{
			"ocr1_epoch": 2, "ocr1_experimental_leader_oid": 0, "ocr1_sent_observations_total": 10, "ocr1_included_observations_total": 10,
			"ocr1_completed_rounds_total": 20, "ocr1_led_completed_rounds_total": 0, "ocr_telemetry_sent_messages_total": 100,
			"ocr_telemetry_dropped_messages_total": 0, "ocr1_malformed_messages_total": 0, "ocr1_config_n": 4, "ocr1_config_f": 1,
			"ocr1_config_delta_progress_seconds": 5,
		} {
			if got, ok := values[name]; !ok || got < atLeast {
				t.Errorf("%s is %v (%v), want at least %v", name, got, ok, atLeast)
			}
		}
		if monitoring.events.Load() < 100 {
			t.Errorf("%d telemetry events, want more", monitoring.events.Load())
		}
		net.StopAll()
		if values := gather(t, registry, digest.Hex()); len(values) != 0 {
			t.Errorf("metrics are left after the end: %v", values)
		}
	})
}

func TestOCR1NotInConfig(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr1net.New(t, 4, 1)
		node := net.Nodes[0]
		node.Args.PrivateKeys = ocr1net.New(t, 5, 1).Nodes[4].Args.PrivateKeys
		net.SetConfig(nil)
		net.StartAll()
		waitForOCR1(t, net, 2)
		if s := node.Status(); s.Phase != runtime.PhaseNotRunning || s.Reason == "" || s.OCR1 != nil {
			t.Errorf("an oracle that is not in the config: %+v", s)
		}
	})
}

// failingFactory fails a few times.
type failingFactory struct {
	ocr1types.BinaryNetworkEndpointFactory
	failures int
}

func (f *failingFactory) NewEndpoint(
	cd ocr1types.ConfigDigest, peerIDs []string, bootstrappers []commontypes.BootstrapperLocator, n int, rate float64, size int,
) (commontypes.BinaryNetworkEndpoint, error) {
	if f.failures > 0 {
		f.failures--
		return nil, errors.New("the port is in use")
	}
	return f.BinaryNetworkEndpointFactory.NewEndpoint(cd, peerIDs, bootstrappers, n, rate, size)
}

func TestOCR1StartFailuresAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr1net.New(t, 4, 1)
		node := net.Nodes[0]
		node.Args.BinaryNetworkEndpointFactory = &failingFactory{node.Args.BinaryNetworkEndpointFactory, 3}
		net.SetConfig(nil)
		net.Start(node)
		synctest.Wait()
		if s := node.Status(); s.Phase != runtime.PhaseRetrying || s.Reason == "" || time.Until(s.NextAttempt) != time.Second {
			t.Errorf("after the first failure: %+v", s)
		}
		time.Sleep(10 * time.Second) // virtual time
		if s := node.Status(); s.Phase != runtime.PhaseRunning {
			t.Errorf("after ten seconds: %+v", s)
		}
	})
}

func TestBootstrapNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr1net.New(t, 4, 1)
		if o, err := offchain.NewOracle(offchain.OCR1OracleArgs{}); err == nil || o != nil {
			t.Errorf("an oracle with a zero local config: %v, %v", o, err)
		}
		if b, err := offchain.NewBootstrapNode(offchain.BootstrapNodeArgs{}); err == nil || b != nil {
			t.Errorf("a bootstrap node with a zero local config: %v, %v", b, err)
		}
		bootstrappers := &recordedBootstrappers{}
		node, err := offchain.NewBootstrapNode(offchain.BootstrapNodeArgs{
			BootstrapperFactory:   bootstrappers,
			ContractConfigTracker: net.Nodes[1].Chain,
			Database:              net.Nodes[1].Database,
			LocalConfig:           net.Nodes[1].Args.LocalConfig,
			Logger:                net.Nodes[1].Log,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := node.Close(); !errors.Is(err, runtime.ErrNotStarted) {
			t.Errorf("Close before Start: %v", err)
		}
		if err := node.Start(); err != nil {
			t.Error(err)
		}
		if err := node.Start(); !errors.Is(err, runtime.ErrAlreadyStarted) {
			t.Errorf("second Start: %v", err)
		}
		synctest.Wait()
		first := net.SetConfig(nil)
		synctest.Wait()
		second := net.SetConfig(nil)
		synctest.Wait()
		if s := node.Status(); s.Phase != runtime.PhaseRunning || s.ConfigDigest != ocr1types.NetworkDigest(second) {
			t.Errorf("%+v", s)
		}
		if want := []string{"new " + first.Hex(), "start", "close", "new " + second.Hex(), "start"}; !slices.Equal(bootstrappers.events, want) {
			t.Errorf("got %v, want %v", bootstrappers.events, want)
		}
		if err := node.Close(); err != nil {
			t.Error(err)
		}
		if err := node.Close(); !errors.Is(err, runtime.ErrClosed) {
			t.Errorf("second Close: %v", err)
		}
		if last := bootstrappers.events[len(bootstrappers.events)-1]; last != "close" {
			t.Errorf("the last event is %s", last)
		}
	})
}

// recordedBootstrappers makes bootstrappers that do nothing.
type recordedBootstrappers struct{ events []string }

func (r *recordedBootstrappers) NewBootstrapper(cd ocr1types.ConfigDigest, peers []string, _ []commontypes.BootstrapperLocator, f int) (commontypes.Bootstrapper, error) {
	if len(peers) != 4 || f != 1 {
		return nil, fmt.Errorf("%d peers, f = %d", len(peers), f)
	}
	r.events = append(r.events, "new "+cd.Hex())
	return r, nil
}

func (r *recordedBootstrappers) Start() error {
	r.events = append(r.events, "start")
	return nil
}

func (r *recordedBootstrappers) Close() error {
	r.events = append(r.events, "close")
	return nil
}
