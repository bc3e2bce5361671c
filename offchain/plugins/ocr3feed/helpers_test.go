package ocr3feed_test

import (
	"context"
	"errors"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/plugins/ocr3feed"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// now is the time on the clock of every plugin under test.
const now = 1_700_000_000

var ownDigest = types.ConfigDigest{0x0c, 0x30, 0xaa}

var errScripted = errors.New("scripted error")

// contract is a scripted Contract.
type contract struct {
	digest types.ConfigDigest
	seqNr  uint64
	err    error
}

func (c *contract) LatestConfigDigestAndSeqNr(context.Context) (types.ConfigDigest, uint64, error) {
	return c.digest, c.seqNr, c.err
}

// source is a DataSource that always says the same, and keeps what it was asked.
type source struct {
	value *big.Int
	err   error
	asked types.ReportTimestamp
}

func (s *source) Observe(_ context.Context, ts types.ReportTimestamp) (*big.Int, error) {
	s.asked = ts
	return s.value, s.err
}

// logs collects what is logged.
type logs struct {
	commontypes.Logger
	mu    sync.Mutex
	lines []string
}

func (l *logs) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
}

func (l *logs) Debug(msg string, _ commontypes.LogFields) { l.add("debug: " + msg) }
func (l *logs) Info(msg string, _ commontypes.LogFields)  { l.add("info: " + msg) }
func (l *logs) Warn(msg string, _ commontypes.LogFields)  { l.add("warn: " + msg) }

func (l *logs) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(strings.Join(l.lines, "\n"), text)
}

// setting is what a plugin under test is made from; newPlugin fills in what is nil or zero.
type setting struct {
	factory  ocr3feed.Factory
	offchain median.OffchainConfig
	onchain  median.OnchainConfig
	n, f     int
}

func (s setting) config(t testing.TB) ocr3types.ReportingPluginConfig {
	t.Helper()
	if s.onchain.Min == nil {
		s.onchain = median.OnchainConfig{Min: median.MinValue(), Max: median.MaxValue()}
	}
	if s.n == 0 {
		s.n, s.f = 4, 1
	}
	onchain, err := median.StandardOnchainConfigCodec{}.Encode(context.Background(), s.onchain)
	if err != nil {
		t.Fatal(err)
	}
	return ocr3types.ReportingPluginConfig{ConfigDigest: ownDigest, N: s.n, F: s.f, OnchainConfig: onchain, OffchainConfig: s.offchain.Encode()}
}

func newPlugin(t testing.TB, s setting) *ocr3feed.Plugin {
	t.Helper()
	if s.factory.Contract == nil {
		s.factory.Contract = &contract{err: errors.New("the contract should not have been asked")}
	}
	if s.factory.DataSource == nil {
		s.factory.DataSource = &source{err: errors.New("the source should not have been asked")}
	}
	if s.factory.Now == nil {
		s.factory.Now = func() time.Time { return time.Unix(now, 999_999_999) }
	}
	p, err := s.factory.NewPlugin(context.Background(), s.config(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 2 { // a second call must do no harm
			if err := p.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
	})
	return p
}

func price(time uint32, value int64) ocr3feed.Price {
	return ocr3feed.Price{Time: time, Value: big.NewInt(value)}
}

// equal compares prices that may be missing.
func equal(a, b *ocr3feed.Price) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Time == b.Time && a.Value.Cmp(b.Value) == 0
}

// unread are observations by oracles that cannot read the contract.
func unread(prices ...ocr3feed.Price) (list []ocr3feed.Observation) {
	for _, p := range prices {
		list = append(list, ocr3feed.Observation{Price: p, OnChain: ocr3feed.Unread})
	}
	return list
}

// fataler is *testing.T or *rapid.T.
type fataler interface {
	Helper()
	Fatal(...any)
}

func observations(t fataler, list ...ocr3feed.Observation) (aos []types.AttributedObservation) {
	t.Helper()
	for i, o := range list {
		b, err := ocr3feed.EncodeObservation(o)
		if err != nil {
			t.Fatal(err)
		}
		aos = append(aos, types.AttributedObservation{Observation: b, Observer: commontypes.OracleID(i)})
	}
	return aos
}

func encoded(t fataler, o ocr3feed.Outcome) ocr3types.Outcome {
	t.Helper()
	b, err := o.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}
