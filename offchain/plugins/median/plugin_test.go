package median_test

import (
	"context"
	"math/big"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/plugins/median/evmreportcodec"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// observations makes one observation per value, by oracles 0, 1, …
func observations(t testing.TB, values ...int64) []types.AttributedObservation {
	t.Helper()
	var aos []types.AttributedObservation
	for i, v := range values {
		b, err := median.EncodeObservation(uint32(now.Unix()), big.NewInt(v), big.NewInt(1), new(big.Int), false)
		if err != nil {
			t.Fatal(err)
		}
		aos = append(aos, types.AttributedObservation{Observation: b, Observer: commontypes.OracleID(i)})
	}
	return aos
}

func timestamp(epoch uint32, round uint8) types.ReportTimestamp {
	return types.ReportTimestamp{ConfigDigest: ownDigest, Epoch: epoch, Round: round}
}

// wantError fails unless err is an error that contains all the texts.
func wantError(t *testing.T, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error %q does not say %q", err, text)
		}
	}
}

func TestInfo(t *testing.T) {
	_, info := newPlugin(t, setting{n: 31, f: 10})
	want := types.ReportingPluginInfo{Name: "NumericalMedian", Limits: types.ReportingPluginLimits{MaxObservationLength: 92, MaxReportLength: 1152}}
	if info != want {
		t.Errorf("info %+v, want %+v", info, want)
	}
}

// codec lets a test replace parts of the EVM codec.
type codec struct {
	evmreportcodec.ReportCodec
	build     func() (types.Report, error)
	maxLength func() (int, error)
}

func (c codec) BuildReport(ctx context.Context, paos []median.ParsedAttributedObservation) (types.Report, error) {
	if c.build != nil {
		return c.build()
	}
	return c.ReportCodec.BuildReport(ctx, paos)
}

func (c codec) MaxReportLength(ctx context.Context, n int) (int, error) {
	if c.maxLength != nil {
		return c.maxLength()
	}
	return c.ReportCodec.MaxReportLength(ctx, n)
}

type emptyOnchainConfig struct {
	median.StandardOnchainConfigCodec
}

func (emptyOnchainConfig) Decode(context.Context, []byte) (median.OnchainConfig, error) {
	return median.OnchainConfig{}, nil
}

func TestFactoryRefuses(t *testing.T) {
	onchain, err := median.StandardOnchainConfigCodec{}.Encode(t.Context(), median.OnchainConfig{Min: big.NewInt(1), Max: big.NewInt(2)})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		change func(*median.NumericalMedianFactory, *types.ReportingPluginConfig)
		says   string
	}{
		{"no contract", func(f *median.NumericalMedianFactory, _ *types.ReportingPluginConfig) { f.ContractTransmitter = nil }, "ContractTransmitter"},
		{"no data source", func(f *median.NumericalMedianFactory, _ *types.ReportingPluginConfig) { f.DataSource = nil }, "DataSource"},
		{"no juels source", func(f *median.NumericalMedianFactory, _ *types.ReportingPluginConfig) {
			f.JuelsPerFeeCoinDataSource = nil
		}, "JuelsPerFeeCoinDataSource"},
		{"no gas price source", func(f *median.NumericalMedianFactory, _ *types.ReportingPluginConfig) {
			f.GasPriceSubunitsDataSource = nil
		}, "GasPriceSubunitsDataSource"},
		{"no onchain config codec", func(f *median.NumericalMedianFactory, _ *types.ReportingPluginConfig) { f.OnchainConfigCodec = nil }, "OnchainConfigCodec"},
		{"no report codec", func(f *median.NumericalMedianFactory, _ *types.ReportingPluginConfig) { f.ReportCodec = nil }, "ReportCodec"},
		{"offchain config is garbage", func(_ *median.NumericalMedianFactory, c *types.ReportingPluginConfig) {
			c.OffchainConfig = []byte{0xff}
		}, "offchain config"},
		{"onchain config is short", func(_ *median.NumericalMedianFactory, c *types.ReportingPluginConfig) {
			c.OnchainConfig = c.OnchainConfig[1:]
		}, "onchain config"},
		{"onchain config without bounds", func(f *median.NumericalMedianFactory, _ *types.ReportingPluginConfig) {
			f.OnchainConfigCodec = emptyOnchainConfig{}
		}, "no Min"},
		{"codec does not know its limit", func(f *median.NumericalMedianFactory, _ *types.ReportingPluginConfig) {
			f.ReportCodec = codec{maxLength: func() (int, error) { return 0, errScripted }}
		}, errScripted.Error()},
	} {
		t.Run(tc.name, func(t *testing.T) {
			fac := median.NumericalMedianFactory{
				ContractTransmitter:        &contract{},
				DataSource:                 number(1),
				JuelsPerFeeCoinDataSource:  number(1),
				GasPriceSubunitsDataSource: number(1),
				OnchainConfigCodec:         median.StandardOnchainConfigCodec{},
				ReportCodec:                evmreportcodec.ReportCodec{},
			}
			cfg := types.ReportingPluginConfig{N: 4, F: 1, OnchainConfig: onchain}
			if _, _, err := fac.NewReportingPlugin(t.Context(), cfg); err != nil {
				t.Fatalf("refused without the change: %v", err)
			}
			tc.change(&fac, &cfg)
			p, _, err := fac.NewReportingPlugin(t.Context(), cfg)
			wantError(t, err, tc.says)
			if p != nil {
				t.Error("a plugin came with the error")
			}
		})
	}
}

func TestQueryIsEmpty(t *testing.T) {
	p, _ := newPlugin(t, setting{})
	if q, err := p.Query(t.Context(), timestamp(1, 1)); err != nil || len(q) != 0 {
		t.Errorf("query %x, %v; want an empty one", q, err)
	}
}

// meeting is a data source that answers when all parties have come.
type meeting struct {
	source
	party *sync.WaitGroup
}

func (m meeting) Observe(ctx context.Context, ts types.ReportTimestamp) (*big.Int, error) {
	m.party.Done()
	m.party.Wait()
	return m.source.Observe(ctx, ts)
}

func TestSourcesAreAskedAtOnce(t *testing.T) {
	var party sync.WaitGroup
	party.Add(3)
	p, _ := newPlugin(t, setting{factory: median.NumericalMedianFactory{
		DataSource:                 meeting{number(1), &party},
		JuelsPerFeeCoinDataSource:  meeting{number(2), &party},
		GasPriceSubunitsDataSource: meeting{number(3), &party},
	}})
	if _, err := p.Observation(t.Context(), timestamp(1, 1), nil); err != nil {
		t.Fatal(err)
	}
}

func TestObservationNamesEachFailure(t *testing.T) {
	p, _ := newPlugin(t, setting{factory: median.NumericalMedianFactory{
		DataSource:                 number(1),
		JuelsPerFeeCoinDataSource:  source{err: errScripted},
		GasPriceSubunitsDataSource: source{err: errScripted},
	}})
	_, err := p.Observation(t.Context(), timestamp(1, 1), nil)
	wantError(t, err, "juels per fee coin", "gas price")
}

// TestHeartbeat looks at the moments around timestamp + DeltaC.
func TestHeartbeat(t *testing.T) {
	const deltaC = time.Hour
	for age, want := range map[time.Duration]bool{
		deltaC - 1: false,
		deltaC:     false,
		deltaC + 1: true,
	} {
		con := &contract{digest: ownDigest, epoch: 1, round: 1, answer: big.NewInt(7), timestamp: now.Add(-age)}
		p, _ := newPlugin(t, setting{
			factory:  median.NumericalMedianFactory{ContractTransmitter: con},
			offchain: median.OffchainConfig{AlphaReportPPB: 1, DeltaC: deltaC},
		})
		got, _, err := p.Report(t.Context(), timestamp(2, 1), nil, observations(t, 7, 7, 7))
		if err != nil || got != want {
			t.Errorf("answer %v old, heartbeat %v: %v, %v; want %v", age, deltaC, got, err, want)
		}
	}
}

func TestDeviationFuncIsUsed(t *testing.T) {
	type call struct {
		ppb      uint64
		old, new int64
	}
	var calls []call
	con := &contract{digest: ownDigest, answer: big.NewInt(70), timestamp: now}
	p, _ := newPlugin(t, setting{
		factory: median.NumericalMedianFactory{
			ContractTransmitter: con,
			DeviationFunc: func(_ context.Context, ppb uint64, before, after *big.Int) (bool, error) {
				calls = append(calls, call{ppb, before.Int64(), after.Int64()})
				if len(calls) > 3 {
					return false, errScripted
				}
				return len(calls)%2 == 0, nil
			},
		},
		offchain: median.OffchainConfig{AlphaReportPPB: 5, AlphaAcceptPPB: 6, DeltaC: time.Hour},
	})
	_, report, err := p.Report(t.Context(), timestamp(1, 1), nil, observations(t, 71, 72, 73))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []bool{true, false} { // the first is accepted, too, as nothing is pending
		if got, err := p.ShouldAcceptFinalizedReport(t.Context(), timestamp(1, uint8(len(calls))), report); err != nil || got != want {
			t.Errorf("accept %v, %v; want %v", got, err, want)
		}
	}
	if want := []call{{5, 70, 72}, {6, 0, 72}, {6, 72, 72}}; len(calls) != 3 || calls[0] != want[0] || calls[1] != want[1] || calls[2] != want[2] {
		t.Errorf("calls %v, want %v", calls, want)
	}
	// Its errors count even where there is another reason to report or accept.
	_, _, err = p.Report(t.Context(), timestamp(1, 4), nil, observations(t, 71, 72, 73))
	wantError(t, err, errScripted.Error())
	_, err = p.ShouldAcceptFinalizedReport(t.Context(), timestamp(1, 5), report)
	wantError(t, err, errScripted.Error())
}

func TestReportFailsWithItsCodec(t *testing.T) {
	for _, tc := range []struct {
		name  string
		build func() (types.Report, error)
		says  string
	}{
		{"error", func() (types.Report, error) { return nil, errScripted }, errScripted.Error()},
		{"too long", func() (types.Report, error) { return make(types.Report, 160+32*4+1), nil }, "289"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, _ := newPlugin(t, setting{factory: median.NumericalMedianFactory{ReportCodec: codec{build: tc.build}}})
			should, report, err := p.Report(t.Context(), timestamp(2, 1), nil, observations(t, 1, 2, 3))
			wantError(t, err, tc.says)
			if should || report != nil {
				t.Errorf("a report (%v, %x) came with the error", should, report)
			}
		})
	}
}

func TestBothContractErrorsAreNamed(t *testing.T) {
	p, _ := newPlugin(t, setting{factory: median.NumericalMedianFactory{ContractTransmitter: &contract{err: errScripted, requestErr: errScripted}}})
	_, _, err := p.Report(t.Context(), timestamp(2, 1), nil, observations(t, 1, 2, 3))
	wantError(t, err, "last transmission", "last round request")
}

func TestWarnings(t *testing.T) {
	l := &logs{}
	con := &contract{digest: ownDigest, epoch: 1, round: 1, answer: big.NewInt(5), timestamp: now}
	p, _ := newPlugin(t, setting{
		factory: median.NumericalMedianFactory{Logger: l, ContractTransmitter: con},
		onchain: median.OnchainConfig{Min: big.NewInt(4), Max: big.NewInt(6)},
	})
	aos := observations(t, 7, 8, 9, 0)
	aos[3].Observation = aos[3].Observation[1:]
	if should, _, err := p.Report(t.Context(), timestamp(2, 1), nil, aos); err != nil || should {
		t.Fatalf("Report: %v, %v; want no report", should, err)
	}
	if ok, err := p.ShouldAcceptFinalizedReport(t.Context(), timestamp(2, 1), make(types.Report, 289)); err != nil || ok {
		t.Fatalf("ShouldAcceptFinalizedReport: %v, %v; want false", ok, err)
	}
	want := []string{"malformed", "outside of the range", "too long"}
	if len(l.warnings) != len(want) {
		t.Fatalf("warnings %q, want %d", l.warnings, len(want))
	}
	for i := range want {
		if !strings.Contains(l.warnings[i], want[i]) {
			t.Errorf("warning %q, want something with %q", l.warnings[i], want[i])
		}
	}
}

// TestOneOfEqualReportsIsAccepted offers the same report from many goroutines.
func TestOneOfEqualReportsIsAccepted(t *testing.T) {
	p, _ := newPlugin(t, setting{})
	_, report, err := p.Report(t.Context(), timestamp(2, 1), nil, observations(t, 1, 2, 3))
	if err != nil {
		t.Fatal(err)
	}
	var accepted atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			ok, err := p.ShouldAcceptFinalizedReport(t.Context(), timestamp(2, 1), report)
			if err != nil {
				t.Error(err)
			}
			if ok {
				accepted.Add(1)
			}
		})
	}
	wg.Wait()
	if accepted.Load() != 1 {
		t.Errorf("accepted %d times, want once", accepted.Load())
	}
}

func TestTimestampIsTruncated(t *testing.T) {
	p, _ := newPlugin(t, setting{factory: median.NumericalMedianFactory{
		DataSource: number(1), JuelsPerFeeCoinDataSource: number(1), GasPriceSubunitsDataSource: number(1),
	}})
	median.SetClock(p, func() time.Time { return time.Unix(1<<32+5, 0) })
	o, err := p.Observation(t.Context(), timestamp(1, 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	pao, err := median.ParseObservation(types.AttributedObservation{Observation: o})
	if err != nil || pao.Timestamp != 5 {
		t.Errorf("timestamp %d, %v; want 5", pao.Timestamp, err)
	}
}

func TestBoundsAreCopies(t *testing.T) {
	median.MaxValue().SetInt64(0)
	median.MinValue().SetInt64(0)
	if median.MaxValue().BitLen() != 191 || median.MinValue().BitLen() != 192 {
		t.Error("changing what MinValue and MaxValue return changed the bounds")
	}
}

func TestOnchainConfigOutOfRange(t *testing.T) {
	tooBig := new(big.Int).Add(median.MaxValue(), big.NewInt(1))
	tooSmall := new(big.Int).Sub(median.MinValue(), big.NewInt(1))
	for _, c := range []median.OnchainConfig{
		{},
		{Min: big.NewInt(1)},
		{Max: big.NewInt(1)},
		{Min: tooSmall, Max: big.NewInt(1)},
		{Min: big.NewInt(1), Max: tooBig},
	} {
		if b, err := (median.StandardOnchainConfigCodec{}).Encode(t.Context(), c); err == nil {
			t.Errorf("%v was encoded as %x, want an error", c, b)
		}
	}
}
