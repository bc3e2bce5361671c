package median_test

import (
	"context"
	"errors"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/plugins/median/evmreportcodec"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// now is the time on the clock of every plugin under test.
var now = time.Unix(1_700_000_000, 0)

var ownDigest = types.ConfigDigest{0, 1, 0xaa}

// contract is a scripted MedianContract.
type contract struct {
	mu sync.Mutex

	digest    types.ConfigDigest
	epoch     uint32
	round     uint8
	answer    *big.Int
	timestamp time.Time
	err       error

	requestDigest types.ConfigDigest
	requestEpoch  uint32
	requestRound  uint8
	requestErr    error
	lookback      time.Duration // of the last call
}

func (c *contract) LatestTransmissionDetails(context.Context) (types.ConfigDigest, uint32, uint8, *big.Int, time.Time, error) {
	if c.err != nil {
		return types.ConfigDigest{}, 0, 0, nil, time.Time{}, c.err
	}
	return c.digest, c.epoch, c.round, c.answer, c.timestamp, nil
}

func (c *contract) LatestRoundRequested(_ context.Context, lookback time.Duration) (types.ConfigDigest, uint32, uint8, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lookback = lookback
	return c.requestDigest, c.requestEpoch, c.requestRound, c.requestErr
}

// source is a DataSource that always says the same.
type source struct {
	value *big.Int
	err   error
}

func (s source) Observe(context.Context, types.ReportTimestamp) (*big.Int, error) {
	return s.value, s.err
}

func number(i int64) source { return source{value: big.NewInt(i)} }

var errScripted = errors.New("scripted error")

// logs counts warnings.
type logs struct {
	commontypes.Logger
	mu       sync.Mutex
	warnings []string
}

func (*logs) Debug(string, commontypes.LogFields) {}

func (l *logs) Warn(msg string, _ commontypes.LogFields) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.warnings = append(l.warnings, msg)
}

// setting is what a plugin under test is made from; newPlugin fills in what is
// nil or zero.
type setting struct {
	factory  median.NumericalMedianFactory
	offchain median.OffchainConfig
	onchain  median.OnchainConfig
	n, f     int
	digest   types.ConfigDigest
}

func newPlugin(t testing.TB, s setting) (types.ReportingPlugin, types.ReportingPluginInfo) {
	t.Helper()
	fac := s.factory
	if fac.ContractTransmitter == nil {
		fac.ContractTransmitter = &contract{digest: ownDigest, epoch: 1, round: 1, answer: new(big.Int), timestamp: now}
	}
	for _, src := range []*median.DataSource{&fac.DataSource, &fac.JuelsPerFeeCoinDataSource, &fac.GasPriceSubunitsDataSource} {
		if *src == nil {
			*src = source{err: errors.New("this source should not have been asked")}
		}
	}
	if fac.OnchainConfigCodec == nil {
		fac.OnchainConfigCodec = median.StandardOnchainConfigCodec{}
	}
	if fac.ReportCodec == nil {
		fac.ReportCodec = evmreportcodec.ReportCodec{}
	}
	if s.onchain.Min == nil {
		s.onchain = median.OnchainConfig{Min: median.MinValue(), Max: median.MaxValue()}
	}
	if s.n == 0 {
		s.n, s.f = 4, 1
	}
	if s.digest == (types.ConfigDigest{}) {
		s.digest = ownDigest
	}
	onchain, err := fac.OnchainConfigCodec.Encode(t.Context(), s.onchain)
	if err != nil {
		t.Fatal(err)
	}
	p, info, err := fac.NewReportingPlugin(t.Context(), types.ReportingPluginConfig{
		ConfigDigest:   s.digest,
		N:              s.n,
		F:              s.f,
		OnchainConfig:  onchain,
		OffchainConfig: s.offchain.Encode(),
	})
	if err != nil {
		t.Fatalf("NewReportingPlugin: %v", err)
	}
	t.Cleanup(func() {
		for range 2 { // a second call must do no harm
			if err := p.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
	})
	median.SetClock(p, func() time.Time { return now })
	return p, info
}
