package offchain_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config/ocr2config"
	"github.com/ocrkit/ocrkit/offchain/p2p/inmemory"
	"github.com/ocrkit/ocrkit/offchain/runtime"
	"github.com/ocrkit/ocrkit/offchain/store"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
	"github.com/ocrkit/ocrkit/test/ocr2net"
)

// watchSignatures fails the test when an oracle signs two different things for one round, or announces two different queries.
func watchSignatures(t *testing.T, net *ocr2net.Network, fault inmemory.Fault) {
	watchSigned(t, net.Links, fault, func(from commontypes.OracleID, payload []byte) (what, signed string) {
		message, err := ocr2wire.Decode(payload)
		if err != nil {
			return "", ""
		}
		switch m := message.(type) {
		case *ocr2wire.Observe:
			return fmt.Sprintf("observation of %d in %d %d", from, m.Epoch, m.Round), string(m.SignedObservation.Signature)
		case *ocr2wire.Report:
			return fmt.Sprintf("report of %d in %d %d", from, m.Epoch, m.Round), string(m.AttestedReport.Signature)
		case *ocr2wire.ObserveReq:
			return fmt.Sprintf("query of %d in %d %d", from, m.Epoch, m.Round), string(m.Query)
		}
		return "", ""
	})
}

func TestRestartFromTheDatabase(t *testing.T) {
	for _, keepsRounds := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			net := ocr2net.New(t, 4, 1)
			watchSignatures(t, net, nil)
			if !keepsRounds {
				for _, node := range net.Nodes {
					node.Args.Database = ocr2net.PlainDatabase{Database: node.Database}
				}
			}
			digest := net.SetConfig(nil)
			restarts(4, func(reports int) int { return len(waitFor(t, net, reports)) },
				func(oracle int) { net.Stop(net.Nodes[oracle]) }, net.StopAll, net.StartAll)
			state, epoch, _ := net.Nodes[0].Database.State(digest)
			if state.Epoch < 2 || keepsRounds != (epoch == state.Epoch) {
				t.Errorf("the database holds %+v and the round of epoch %d", state, epoch)
			}
		})
	}
}

// An oracle that has been up, but has never signed anything, takes part right after a restart: it need not sit out the epoch.
func TestRestartBeforeTheFirstRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr2net.New(t, 4, 1)
		digest := net.SetConfig(func(cfg *ocr2config.PublicConfig) { cfg.RMax = 200 })
		node := net.Nodes[0]
		net.Start(node)
		time.Sleep(time.Minute) // virtual time; alone, it wishes for the next epoch
		leader := net.Nodes[node.Status().Instance.Leader]
		net.Stop(node)
		if state, _, _ := node.Database.State(digest); state.Epoch != 1 || state.HighestSentEpoch != 2 {
			t.Fatalf("the database holds %+v", state)
		}
		for _, other := range net.Nodes {
			if other != leader {
				net.Start(other)
			}
		}
		synctest.Wait()
		net.Start(leader) // last, so that nobody misses its first message
		waitFor(t, net, 5)
		if s := node.Status().Instance; s.Epoch != 1 || s.SentObservations < 3 {
			t.Errorf("after the restart: %+v", s)
		}
	})
}

func TestStartsFromTheDatabaseWithoutTheChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr2net.New(t, 4, 1)
		cc := net.Config(nil)
		for _, node := range net.Nodes {
			node.Database.SetConfig(cc)
			node.Args.ContractConfigTracker = brokenTracker{}
		}
		forged := cc
		forged.OnchainConfig = []byte("something else")
		net.Nodes[3].Database.SetConfig(forged)
		net.Put(cc)
		net.StartAll()
		waitFor(t, net, 3)
		if s := net.Nodes[3].Status(); s.Phase != runtime.PhaseNoConfig || s.PollProblem == "" {
			t.Errorf("an oracle with a forged config in its database: %+v", s)
		}
	})
}

type brokenTracker struct{}

func (brokenTracker) Notify() <-chan struct{} { return nil }
func (brokenTracker) LatestConfigDetails(context.Context) (uint64, types.ConfigDigest, error) {
	return 0, types.ConfigDigest{}, errors.New("the chain cannot be reached")
}
func (brokenTracker) LatestConfig(context.Context, uint64) (types.ContractConfig, error) {
	return types.ContractConfig{}, errors.New("the chain cannot be reached")
}
func (brokenTracker) LatestBlockHeight(context.Context) (uint64, error) {
	return 0, errors.New("the chain cannot be reached")
}

func TestConfigSwitch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr2net.New(t, 4, 1)
		first := net.SetConfig(nil)
		net.StartAll()
		before := len(waitFor(t, net, 3))
		second := net.SetConfig(func(cfg *ocr2config.PublicConfig) { cfg.DeltaGrace = 50 * time.Millisecond })
		reports := waitFor(t, net, before+4)
		if last := reports[len(reports)-1].Context; last.ConfigDigest != second || first == second {
			t.Errorf("the last report is under config %s, want %s", last.ConfigDigest, second)
		}
		for _, node := range net.Nodes {
			if s := node.Status(); s.ConfigDigest != second || s.Phase != runtime.PhaseRunning {
				t.Errorf("oracle %d: %+v", node.Index, s)
			}
			if made, closed := node.Plugins.Made.Load(), node.Plugins.Closed.Load(); made != 2 || closed != 1 {
				t.Errorf("oracle %d: %d plugins made, %d closed; want 2 and 1", node.Index, made, closed)
			}
		}
		net.StopAll()
		for _, node := range net.Nodes {
			if made, closed := node.Plugins.Made.Load(), node.Plugins.Closed.Load(); made != closed {
				t.Errorf("oracle %d: %d plugins made, %d closed", node.Index, made, closed)
			}
		}
	})
}

func TestSilentLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr2net.New(t, 4, 1)
		var silent atomic.Int32 // 1 + id
		watchSignatures(t, net, func(e inmemory.Envelope) inmemory.Outcome {
			return inmemory.Outcome{Drop: silent.Load() == int32(e.From)+1}
		})
		net.SetConfig(nil)
		net.StartAll()
		reports := len(waitFor(t, net, 3))
		leader := net.Nodes[0].Status().Instance.Leader
		epoch := net.Nodes[0].Status().Instance.Epoch
		silent.Store(int32(leader) + 1)
		waitFor(t, net, reports+5)
		other := net.Nodes[(int(leader)+1)%4].Status().Instance
		if other.Epoch <= epoch || other.Leader == leader {
			t.Errorf("reports came, but in epoch %d under leader %d (silent: %d, in epoch %d)", other.Epoch, other.Leader, leader, epoch)
		}
	})
}

func TestLossDelayAndDuplication(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr2net.New(t, 7, 2)
		watchSignatures(t, net, lossy())
		net.SetConfig(nil)
		net.StartAll()
		waitFor(t, net, 20)
	})
}

func TestSlowPlugin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr2net.New(t, 4, 1)
		release := make(chan struct{})
		// One oracle's data source hangs, whatever its context says; another's fails.
		net.Nodes[1].Plugins.On = func(ctx context.Context, method string, _ types.ReportTimestamp) error {
			if method == "Observation" {
				<-release
			}
			return nil
		}
		net.SetConfig(nil)
		net.StartAll()
		waitFor(t, net, 12)
		stuck := net.Nodes[1]
		if len(stuck.Log.Lines("error ReportingPlugin.Observation is taking too long")) == 0 {
			t.Error("the stuck call was not reported")
		}
		if s := stuck.Status().Instance; s.CompletedRounds < 5 || s.SentObservations != 0 {
			t.Errorf("the oracle whose Observation hangs should follow without observing: %+v", s)
		}
		closed := make(chan struct{})
		go func() { net.Stop(stuck); close(closed) }()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("Close returned while a plugin call was under way")
		default:
		}
		if n := stuck.Plugins.Closed.Load(); n != 0 {
			t.Error("the plugin was closed while a call was under way")
		}
		close(release)
		<-closed
	})
}

func TestPluginErrorsAndOversizedOutput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr2net.New(t, 4, 1)
		net.Nodes[0].Plugins.On = func(_ context.Context, method string, ts types.ReportTimestamp) error {
			if ts.Round%2 == 0 {
				return errors.New("no data")
			}
			return nil
		}
		net.Nodes[1].Plugins.Limits = types.ReportingPluginLimits{MaxQueryLength: 64, MaxObservationLength: 8, MaxReportLength: 256}
		net.SetConfig(nil)
		net.StartAll()
		waitFor(t, net, 20)
		if s := net.Nodes[1].Status().Instance; s.SentObservations != 0 {
			t.Errorf("an observation beyond the plugin's limit was sent: %+v", s)
		}
	})
}

func TestDatabaseErrors(t *testing.T) {
	for _, keepsRounds := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			net := ocr2net.New(t, 4, 1)
			watchSignatures(t, net, nil)
			for _, node := range net.Nodes {
				if !keepsRounds {
					node.Args.Database = ocr2net.PlainDatabase{Database: node.Database}
				}
				node.Database.Before(failingNowAndThen(node.Index))
			}
			net.SetConfig(nil)
			net.StartAll()
			waitFor(t, net, 15)
		})
	}
}

// While the database does not take the signed round, nothing of that round leaves; nothing else of the process is affected.
func TestNothingIsSignedThatIsNotDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr2net.New(t, 4, 1)
		node := net.Nodes[2]
		var sent atomic.Int32
		net.Links.SetFault(func(e inmemory.Envelope) inmemory.Outcome {
			if m, err := ocr2wire.Decode(e.Payload); err == nil && e.From == node.ID() {
				switch m.(type) {
				case *ocr2wire.Observe, *ocr2wire.Report, *ocr2wire.ObserveReq:
					sent.Add(1)
				}
			}
			return inmemory.Outcome{}
		})
		release := make(chan struct{})
		node.Database.Before(func(_ context.Context, call string) error {
			if call == "WriteSignedRound" && node.Database.Calls(call) > 1 { // the first is at the start
				<-release // and the context be damned
			}
			return nil
		})
		net.SetConfig(nil)
		net.StartAll()
		reports := len(waitFor(t, net, 15))
		if n := sent.Load(); n != 0 {
			t.Errorf("%d messages about rounds were sent although none was durable", n)
		}
		s := node.Status().Instance
		if s.CompletedRounds < 5 || s.HeldMessages == 0 {
			t.Errorf("the oracle does not follow: %+v", s)
		}
		if len(node.Log.Lines("the database is taking too long")) == 0 {
			t.Error("the hanging write was not reported")
		}
		close(release)
		waitFor(t, net, reports+15)
		if sent.Load() == 0 {
			t.Error("the oracle does not take part again after the database has recovered")
		}
	})
}

func TestDatabaseThatHangsAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr2net.New(t, 4, 1)
		cc := net.Config(nil)
		release := make(chan struct{})
		for _, node := range net.Nodes[:3] {
			// They have run before: what they signed is known, and the rest can be done without.
			if err := node.Database.WriteSignedRound(t.Context(), cc.ConfigDigest, 0, 0); err != nil {
				t.Fatal(err)
			}
			node.Database.Before(func(_ context.Context, call string) error {
				switch call {
				case "ReadConfig", "ReadState", "PendingTransmissionsWithConfigDigest", "WriteConfig":
					<-release
				}
				return nil
			})
		}
		net.Put(cc)
		net.StartAll()
		defer net.StopAll()
		defer close(release) // first, also when the test fails
		waitFor(t, net, 5)
	})
}

func TestGarbageIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr2net.New(t, 4, 1)
		net.Links.SetFault(garbageFrom(3, 100))
		net.SetConfig(nil)
		net.StartAll()
		waitFor(t, net, 10)
		for _, node := range net.Nodes[:3] {
			s := node.Status().Instance
			if s.Malformed == 0 {
				t.Errorf("oracle %d counted no garbage: %+v", node.Index, s)
			}
			if lines := len(node.Log.Lines("dropping a malformed message")); lines == 0 || lines > 10 {
				t.Errorf("oracle %d: %d lines about %d malformed messages", node.Index, lines, s.Malformed)
			}
		}
	})
}

func TestTransientStartFailuresAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr2net.New(t, 4, 1)
		node := net.Nodes[0]
		attempts := []time.Duration{}
		start := time.Now()
		node.Plugins.OnNew = func(context.Context, types.ReportingPluginConfig) error {
			attempts = append(attempts, time.Since(start))
			if len(attempts) < 4 {
				return errors.New("the data source is not there yet")
			}
			return nil
		}
		net.SetConfig(nil)
		net.Start(node)
		synctest.Wait()
		if s := node.Status(); s.Phase != runtime.PhaseRetrying || s.Reason == "" || time.Until(s.NextAttempt) != time.Second {
			t.Errorf("after the first failure: %+v", s)
		}
		net.StartAll()
		waitFor(t, net, 3)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		net.Contract.WaitFor(ctx, func([]ocr2net.Transmission) bool { return node.Status().Phase == runtime.PhaseRunning })
		if len(attempts) != 4 {
			t.Fatalf("attempts at %v, want 4", attempts)
		}
		for i, low := range []time.Duration{0, 1000, 1800, 3240} {
			pause := attempts[i] - attempts[max(i-1, 0)]
			if pause < low*time.Millisecond || pause > 4*time.Second {
				t.Errorf("pause before attempt %d: %v, want at least %d ms", i, pause, low)
			}
		}
	})
}

func TestNotInConfig(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr2net.New(t, 4, 1)
		node := net.Nodes[0]
		node.Args.OnchainKeyring = ocr2net.New(t, 5, 1).Nodes[4].Args.OnchainKeyring
		net.SetConfig(nil)
		net.StartAll()
		waitFor(t, net, 2)
		if s := node.Status(); s.Phase != runtime.PhaseNotRunning || s.Reason == "" || s.Instance != nil {
			t.Errorf("an oracle that is not in the config: %+v", s)
		}
	})
}

// Oracles are closed at all sorts of moments. Afterwards nothing that they were given is called any more, and whatever was called
// with a context has seen it end.
func TestCloseAtAnyTime(t *testing.T) {
	for moment := time.Duration(0); moment < 4*time.Second; moment += inShort(148, 37) * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			net := ocr2net.New(t, 4, 1)
			var watches []*callWatch
			for i, node := range net.Nodes {
				watch := newCallWatch(t, i, moment)
				watches = append(watches, watch)
				node.Plugins.OnNew = func(ctx context.Context, _ types.ReportingPluginConfig) error {
					return watch.during(ctx, "NewReportingPlugin")
				}
				node.Plugins.On = func(ctx context.Context, method string, _ types.ReportTimestamp) error {
					return watch.during(ctx, method)
				}
				node.Database.Before(watch.during)
			}
			net.SetConfig(func(cfg *ocr2config.PublicConfig) { cfg.DeltaRound = 50 * time.Millisecond })
			net.StartAll()
			time.Sleep(moment) // virtual time
			for i, node := range net.Nodes {
				net.Stop(node)
				if made, closed := node.Plugins.Made.Load(), node.Plugins.Closed.Load(); made != closed {
					t.Errorf("closed after %v: oracle %d made %d plugins and closed %d", moment, i, made, closed)
				}
				watches[i].wasClosed()
			}
			time.Sleep(time.Minute) // virtual time
		})
	}
}

// The database that comes with the project keeps signed rounds.
var _ runtime.SignedRoundDatabase = (*store.DB)(nil)

// channelOnly hides that an endpoint can push.
type channelOnly struct {
	types.BinaryNetworkEndpointFactory
}

type plainEndpoint struct {
	commontypes.BinaryNetworkEndpoint
}

func (f channelOnly) NewEndpoint(cd types.ConfigDigest, peers []string, b []commontypes.BootstrapperLocator, n int, l types.BinaryNetworkEndpointLimits) (commontypes.BinaryNetworkEndpoint, error) {
	e, err := f.BinaryNetworkEndpointFactory.NewEndpoint(cd, peers, b, n, l)
	return plainEndpoint{e}, err
}

func TestEndpointWithAChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr2net.New(t, 4, 1)
		for _, node := range net.Nodes {
			node.Args.BinaryNetworkEndpointFactory = channelOnly{node.Args.BinaryNetworkEndpointFactory}
		}
		net.SetConfig(nil)
		net.StartAll()
		waitFor(t, net, 5)
	})
}

func TestUniqueReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr2net.New(t, 7, 2)
		for _, node := range net.Nodes {
			node.Plugins.Unique = true
		}
		net.SetConfig(nil)
		net.StartAll()
		waitFor(t, net, 5)
	})
}

// telemetryRecorder is a monitoring endpoint.
type telemetryRecorder struct{ events atomic.Int64 }

func (r *telemetryRecorder) SendLog([]byte) { r.events.Add(1) }

func TestMetricsAndTelemetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr2net.New(t, 4, 1)
		registry := prometheus.NewPedanticRegistry()
		var monitoring telemetryRecorder
		node := net.Nodes[0]
		node.Args.MetricsRegisterer = registry
		node.Args.MonitoringEndpoint = &monitoring
		node.Args.LocalConfig.EnableTransmissionTelemetry = true
		digest := net.SetConfig(nil)
		net.StartAll()
		waitFor(t, net, 25)
		values := gather(t, registry, digest.Hex())
		for name, atLeast := range map[string]float64{
			"ocr2_epoch": 2, "ocr2_experimental_leader_oid": 0, "ocr2_sent_observations_total": 10, "ocr2_included_observations_total": 10,
			"ocr2_completed_rounds_total": 20, "ocr2_led_completed_rounds_total": 0, "ocr_telemetry_sent_messages_total": 100,
			"ocr_telemetry_dropped_messages_total": 0, "ocr2_config_n": 4, "ocr2_config_f": 1, "ocr2_config_delta_progress_seconds": 5,
			"ocr2_config_max_duration_should_accept_finalize_report_seconds": 0.5,
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

func gather(t *testing.T, registry *prometheus.Registry, digest string) map[string]float64 {
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if labels["config_digest"] != digest || len(labels["offchain_public_key"]) != 64 {
				t.Errorf("%s has labels %v", family.GetName(), labels)
			}
			values[family.GetName()] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return values
}

func TestStartAndClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr2net.New(t, 4, 1)
		bad := net.Nodes[0].Args
		bad.LocalConfig = types.LocalConfig{}
		if o, err := offchain.NewOracle(bad); err == nil || o != nil {
			t.Errorf("an oracle with a zero local config: %v, %v", o, err)
		}
		if b, err := offchain.NewBootstrapper(offchain.BootstrapperArgs{}); err == nil || b != nil {
			t.Errorf("a bootstrapper with a zero local config: %v, %v", b, err)
		}
		args := net.Nodes[0].Args
		oracle, err := offchain.NewOracle(args)
		if err != nil {
			t.Fatal(err)
		}
		bootstrapper, err := offchain.NewBootstrapper(offchain.BootstrapperArgs{
			BootstrapperFactory:    net.Links.Peer("bootstrapper"),
			ContractConfigTracker:  net.Nodes[1].Args.ContractConfigTracker,
			Database:               net.Nodes[1].Database,
			LocalConfig:            args.LocalConfig,
			Logger:                 net.Nodes[1].Log,
			OffchainConfigDigester: args.OffchainConfigDigester,
		})
		if err != nil {
			t.Fatal(err)
		}
		digest := net.SetConfig(nil)
		for name, object := range map[string]interface {
			offchain.Oracle
			offchain.StatusReporter
		}{"oracle": oracle.(*runtime.Process), "bootstrapper": bootstrapper} {
			if err := object.Close(); !errors.Is(err, runtime.ErrNotStarted) {
				t.Errorf("%s: Close before Start: %v", name, err)
			}
			if phase := object.Status().Phase; phase != runtime.PhaseUnstarted {
				t.Errorf("%s: phase %q before Start", name, phase)
			}
			if err := object.Start(); err != nil {
				t.Errorf("%s: Start: %v", name, err)
			}
			if err := object.Start(); !errors.Is(err, runtime.ErrAlreadyStarted) {
				t.Errorf("%s: second Start: %v", name, err)
			}
			synctest.Wait()
			if s := object.Status(); s.Phase != runtime.PhaseRunning || s.ConfigDigest != digest {
				t.Errorf("%s: %+v", name, s)
			}
			if err := object.Close(); err != nil {
				t.Errorf("%s: Close: %v", name, err)
			}
			if err := object.Close(); !errors.Is(err, runtime.ErrClosed) {
				t.Errorf("%s: second Close: %v", name, err)
			}
			if err := object.Start(); !errors.Is(err, runtime.ErrClosed) {
				t.Errorf("%s: Start after Close: %v", name, err)
			}
			if phase := object.Status().Phase; phase != runtime.PhaseClosed {
				t.Errorf("%s: phase %q after Close", name, phase)
			}
		}
	})
}

func TestOldPendingTransmissionsAreCollected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr2net.New(t, 4, 1)
		node := net.Nodes[0]
		old := types.ReportTimestamp{Epoch: 1}
		recent := types.ReportTimestamp{Epoch: 2}
		for ts, age := range map[types.ReportTimestamp]time.Duration{old: 25 * time.Hour, recent: 23 * time.Hour} {
			if err := node.Database.StorePendingTransmission(t.Context(), ts, types.PendingTransmission{Time: time.Now().Add(-age)}); err != nil {
				t.Fatal(err)
			}
		}
		net.Start(node)
		time.Sleep(599 * time.Second) // virtual time
		if n := node.Database.Calls("DeletePendingTransmissionsOlderThan"); n != 0 {
			t.Errorf("collected %d times within ten minutes", n)
		}
		time.Sleep(302 * time.Second)
		if n := node.Database.Calls("DeletePendingTransmissionsOlderThan"); n != 1 || node.Database.Pending() != 1 {
			t.Errorf("collected %d times after a quarter of an hour, %d left; want once, 1 left", n, node.Database.Pending())
		}
	})
}
