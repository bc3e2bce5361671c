package offchain_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ocrkit/ocrkit/offchain"
	"github.com/ocrkit/ocrkit/offchain/evm"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/ocr3net"
)

// counterPlugin reports, in every second round, how many reports there were before, with the median of what oracles observe.
type counterPlugin struct{ id int }

type counterReport struct {
	Count    int
	Observed int
}

func (counterPlugin) read(previous types.Report) (r counterReport, err error) {
	if previous == nil {
		return counterReport{}, nil
	}
	return r, json.Unmarshal(previous, &r)
}

func (p counterPlugin) Observation(_ context.Context, ts types.ReportTimestamp, previous types.Report) (types.Observation, error) {
	if _, err := p.read(previous); err != nil {
		return nil, err
	}
	return types.Observation{byte(10*int(ts.Round) + p.id)}, nil
}

func (p counterPlugin) Report(_ context.Context, ts types.ReportTimestamp, previous types.Report, aos []types.AttributedObservation) (bool, types.Report, error) {
	if ts.Round%2 == 1 {
		return false, nil, nil
	}
	r, err := p.read(previous)
	if err != nil {
		return false, nil, err
	}
	var values []byte
	for _, ao := range aos {
		values = append(values, ao.Observation[0])
	}
	slices.Sort(values)
	report, err := json.Marshal(counterReport{r.Count + 1, int(values[len(values)/2])})
	return true, report, err
}

func (counterPlugin) Close() error { return nil }

type counterFactory struct{}

func (counterFactory) NewMercuryPlugin(_ context.Context, cfg ocr3types.MercuryPluginConfig) (ocr3types.MercuryPlugin, ocr3types.MercuryPluginInfo, error) {
	return counterPlugin{int(cfg.OracleID)}, ocr3types.MercuryPluginInfo{Name: "counter", Limits: ocr3types.MercuryPluginLimits{MaxObservationLength: 1, MaxReportLength: 100}}, nil
}

// verifier is a transmitter that takes what an OCR2 contract would take.
type verifier struct {
	keyring types.OnchainKeyring
	signers []types.OnchainPublicKey
	account types.Account

	shared *struct {
		sync.Mutex
		reports map[types.ReportTimestamp]counterReport
		errs    []error
	}
	arrived chan<- struct{}
}

func (v verifier) Transmit(_ context.Context, repctx types.ReportContext, report types.Report, signatures []types.AttributedOnchainSignature) error {
	v.shared.Lock()
	defer v.shared.Unlock()
	fail := func(format string, args ...any) error {
		err := fmt.Errorf(format, args...)
		v.shared.errs = append(v.shared.errs, err)
		return err
	}
	if len(signatures) != 2 || repctx.ExtraHash != ([32]byte{}) {
		return fail("%d signatures, context %+v", len(signatures), repctx)
	}
	for _, s := range signatures {
		if !v.keyring.Verify(v.signers[s.Signer], repctx, report, s.Signature) {
			return fail("bad signature of %d", s.Signer)
		}
	}
	var r counterReport
	if err := json.Unmarshal(report, &r); err != nil {
		return fail("report: %w", err)
	}
	if before, ok := v.shared.reports[repctx.ReportTimestamp]; ok && before != r {
		return fail("%+v and %+v of %v", before, r, repctx.ReportTimestamp)
	}
	v.shared.reports[repctx.ReportTimestamp] = r
	select {
	case v.arrived <- struct{}{}:
	default:
	}
	return nil
}

func (v verifier) FromAccount(context.Context) (types.Account, error) { return v.account, nil }

func (v verifier) LatestConfigDigestAndEpoch(context.Context) (types.ConfigDigest, uint32, error) {
	return types.ConfigDigest{}, 0, nil
}

// TestMercuryNetwork has plugins of Mercury count to ten, over more than one epoch.
func TestMercuryNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := ocr3net.New(t, 4, 1)
		net.SetConfig(nil)
		arrived := make(chan struct{}, 1)
		v := verifier{arrived: arrived}
		v.shared = &struct {
			sync.Mutex
			reports map[types.ReportTimestamp]counterReport
			errs    []error
		}{reports: map[types.ReportTimestamp]counterReport{}}
		for _, node := range net.Nodes {
			v.signers = append(v.signers, node.Args.OnchainKeyring.PublicKey())
		}
		for _, node := range net.Nodes {
			keyring, err := evm.NewOnchainKeyring(node.Key)
			if err != nil {
				t.Fatal(err)
			}
			v := v
			v.keyring, v.account = keyring, types.Account(fmt.Sprintf("account of oracle %d", node.Index))
			oracle, err := offchain.NewOracle(offchain.MercuryOracleArgs{
				BinaryNetworkEndpointFactory: node.Args.BinaryNetworkEndpointFactory,
				ContractConfigTracker:        node.Args.ContractConfigTracker,
				ContractTransmitter:          v,
				Database:                     node.Args.Database,
				LocalConfig:                  node.Args.LocalConfig,
				Logger:                       node.Log,
				OffchainConfigDigester:       node.Args.OffchainConfigDigester,
				OffchainKeyring:              node.Args.OffchainKeyring,
				OnchainKeyring:               keyring,
				MercuryPluginFactory:         counterFactory{},
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := oracle.Start(); err != nil {
				t.Fatal(err)
			}
			defer oracle.Close()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // virtual
		defer cancel()
		for {
			select {
			case <-arrived:
			case <-ctx.Done():
				t.Fatalf("reports: %v", v.shared.reports)
			}
			v.shared.Lock()
			reports, errs := len(v.shared.reports), v.shared.errs
			v.shared.Unlock()
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			if reports >= 10 {
				break
			}
		}
		v.shared.Lock()
		defer v.shared.Unlock()
		counts, epochs := map[int]bool{}, map[uint32]bool{}
		for ts, r := range v.shared.reports {
			counts[r.Count], epochs[ts.Epoch] = true, true
			if ts.Round%2 == 1 || r.Observed < 10*int(ts.Round) || r.Observed > 10*int(ts.Round)+3 {
				t.Errorf("%v: %+v", ts, r)
			}
		}
		if len(counts) != len(v.shared.reports) || len(epochs) < 2 {
			t.Errorf("reports %v", v.shared.reports)
		}
	})
}
