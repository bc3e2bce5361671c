package offchain_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config/ocr2config"
	"github.com/ocrkit/ocrkit/offchain/runtime"
	"github.com/ocrkit/ocrkit/offchain/store"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/ocr2net"
)

// In real time and on a real disk, with a restart of everything in between.
func TestWithTheEmbeddedStore(t *testing.T) {
	net := ocr2net.New(t, 4, 1)
	watchSignatures(t, net, nil)
	dir := t.TempDir()
	digest := net.SetConfig(func(cfg *ocr2config.PublicConfig) {
		cfg.DeltaProgress = 2 * time.Second
		cfg.DeltaResend = 500 * time.Millisecond
		cfg.DeltaRound = 20 * time.Millisecond
		cfg.DeltaGrace = 5 * time.Millisecond
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for restart := range 3 {
		var stores []*store.Store
		for i, node := range net.Nodes {
			s, err := store.Open(filepath.Join(dir, fmt.Sprint(i)), store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			stores = append(stores, s)
			node.Args.Database = s.Job("feed")
		}
		net.StartAll()
		want := len(net.Contract.Transmissions()) + 8
		if !net.Contract.WaitFor(ctx, func(got []ocr2net.Transmission) bool { return len(got) >= want }) {
			t.Errorf("start %d: %d reports, want %d; %+v", restart, len(net.Contract.Transmissions()), want, net.Nodes[0].Status())
		}
		net.StopAll()
		for i, s := range stores {
			epoch, round, ok, err := s.Job("feed").ReadSignedRound(ctx, digest)
			if err != nil || !ok || epoch == 0 || round == 0 {
				t.Errorf("start %d: store of oracle %d holds round %d/%d (%v), %v", restart, i, epoch, round, ok, err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// fussyNetwork fails at the steps that it is told to, and records what happens to it and to the plugin.
type fussyNetwork struct {
	mu       sync.Mutex
	failing  string
	happened []string
}

func (f *fussyNetwork) step(what string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.happened = append(f.happened, what)
	if f.failing == what {
		f.failing = ""
		return errors.New(what + " fails")
	}
	return nil
}

type fussyFactory struct {
	types.BinaryNetworkEndpointFactory
	*fussyNetwork
}

func (f fussyFactory) NewEndpoint(cd types.ConfigDigest, peers []string, b []commontypes.BootstrapperLocator, n int, l types.BinaryNetworkEndpointLimits) (commontypes.BinaryNetworkEndpoint, error) {
	if err := f.step("new endpoint"); err != nil {
		return nil, err
	}
	e, err := f.BinaryNetworkEndpointFactory.NewEndpoint(cd, peers, b, n, l)
	return fussyEndpoint{e, f.fussyNetwork}, err
}

type fussyEndpoint struct {
	commontypes.BinaryNetworkEndpoint
	*fussyNetwork
}

func (e fussyEndpoint) Start() error {
	if err := e.step("start endpoint"); err != nil {
		return err
	}
	return e.BinaryNetworkEndpoint.Start()
}

func (e fussyEndpoint) Close() error {
	return errors.Join(e.step("close endpoint"), e.BinaryNetworkEndpoint.Close())
}

type fussyPlugins struct {
	types.ReportingPluginFactory
	*fussyNetwork
}

func (f fussyPlugins) NewReportingPlugin(ctx context.Context, c types.ReportingPluginConfig) (types.ReportingPlugin, types.ReportingPluginInfo, error) {
	if err := f.step("new plugin"); err != nil {
		return nil, types.ReportingPluginInfo{}, err
	}
	p, info, err := f.ReportingPluginFactory.NewReportingPlugin(ctx, c)
	return fussyPlugin{p, f.fussyNetwork}, info, err
}

type fussyPlugin struct {
	types.ReportingPlugin
	*fussyNetwork
}

func (p fussyPlugin) Close() error {
	return errors.Join(p.step("close plugin"), p.ReportingPlugin.Close())
}

func TestStartIsUndoneInReverseOrder(t *testing.T) {
	full := []string{"new plugin", "new endpoint", "start endpoint", "close endpoint", "close plugin"}
	for failing, undone := range map[string][]string{
		"new plugin":      {"new plugin"},
		"new endpoint":    {"new plugin", "new endpoint", "close plugin"},
		"start endpoint":  full,
		"close endpoint":  nil, // only logged
		"close plugin":    nil,
		"ReadSignedRound": full,
	} {
		synctest.Test(t, func(t *testing.T) {
			net := ocr2net.New(t, 4, 1)
			node := net.Nodes[0]
			f := &fussyNetwork{failing: failing}
			node.Args.BinaryNetworkEndpointFactory = fussyFactory{node.Args.BinaryNetworkEndpointFactory, f}
			node.Args.ReportingPluginFactory = fussyPlugins{node.Args.ReportingPluginFactory, f}
			failed := false
			node.Database.Before(func(_ context.Context, call string) error {
				if call == failing && !failed {
					failed = true
					return errors.New("disk full")
				}
				return nil
			})
			net.SetConfig(nil)
			net.Start(node)
			synctest.Wait()
			if phase := node.Status().Phase; (phase == runtime.PhaseRetrying) != (undone != nil) {
				t.Errorf("%s fails: phase %q", failing, phase)
			}
			time.Sleep(2 * time.Second) // virtual time
			if phase := node.Status().Phase; phase != runtime.PhaseRunning {
				t.Errorf("%s failed once: phase %q", failing, phase)
			}
			net.Stop(node)
			if want := append(slices.Clone(undone), full...); !slices.Equal(f.happened, want) {
				t.Errorf("%s fails:\n got %q\nwant %q", failing, f.happened, want)
			}
		})
	}
}
