package devnet

import (
	"context"
	"fmt"
	"math/big"
	"math/rand/v2"
	"sync"

	"github.com/ocrkit/ocrkit/cmd/ocrnode/feed"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// Decimals is how many decimal places the answers of the local network have.
const Decimals = 8

// noisePPM is how far an honest oracle's view may be from the feed, in parts per million, either way.
const noisePPM = 500

// maxRoundsRemembered bounds the rounds whose observations the market remembers.
const maxRoundsRemembered = 256

// market is what the oracles of the local network observe: a feed that moves on by one step with each report that lands,
// seen by each oracle with its own error. It remembers what honest oracles observed, so that answers can be held against it.
// It is safe for concurrent use.
type market struct {
	feed feed.Feed
	seed uint64

	mu     sync.Mutex
	step   int
	failed int    // observations that failed because of the feed
	label  string // of the last quote that an honest oracle saw
	rounds map[round]*roundView
	order  []round // in the order first seen
}

// round is a round of a protocol.
type round struct{ epoch, number uint64 }

func (r round) String() string { return fmt.Sprintf("epoch %d round %d", r.epoch, r.number) }

type roundView struct {
	label  string
	honest map[commontypes.OracleID]*big.Int
}

func newMarket(prices feed.Feed, seed uint64) *market {
	return &market{feed: prices, seed: seed, rounds: map[round]*roundView{}}
}

// advance moves the feed on: the next observations are of step.
func (m *market) advance(step int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.step = max(m.step, step)
}

// quote returns what the feed says now.
func (m *market) quote(ctx context.Context) (feed.Quote, error) {
	m.mu.Lock()
	step := m.step
	m.mu.Unlock()
	return m.feed.Quote(ctx, step)
}

// view returns how oracle sees the price; the same oracle sees the same price at the same step.
func (m *market) view(ctx context.Context, oracle commontypes.OracleID) (*big.Int, error) {
	m.mu.Lock()
	step := m.step
	m.mu.Unlock()
	quote, err := m.feed.Quote(ctx, step)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		m.failed++
		return nil, err
	}
	m.label = quote.Label
	noise := rand.New(rand.NewPCG(m.seed, uint64(oracle)<<32|uint64(uint32(step))))
	ppm := noise.Int64N(2*noisePPM+1) - noisePPM
	price := new(big.Int).Mul(quote.Price, big.NewInt(1_000_000+ppm))
	return price.Quo(price, big.NewInt(1_000_000)), nil
}

// observed notes what an honest oracle observed in a round, before anybody else hears of it.
func (m *market) observed(in round, oracle commontypes.OracleID, price *big.Int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	view := m.rounds[in]
	if view == nil {
		if len(m.order) == maxRoundsRemembered {
			delete(m.rounds, m.order[0])
			m.order = m.order[1:]
		}
		view = &roundView{label: m.label, honest: map[commontypes.OracleID]*big.Int{}}
		m.rounds[in] = view
		m.order = append(m.order, in)
	}
	view.honest[oracle] = new(big.Int).Set(price)
}

// check tells what the honest oracles saw in a round, and whether answer lies between the lowest and the highest of it.
func (m *market) check(in round, answer *big.Int) (label string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	view := m.rounds[in]
	if view == nil {
		return "", fmt.Errorf("a report landed for %s, in which no honest oracle observed", in)
	}
	var low, high *big.Int
	for _, v := range view.honest {
		if low == nil || v.Cmp(low) < 0 {
			low = v
		}
		if high == nil || v.Cmp(high) > 0 {
			high = v
		}
	}
	if answer.Cmp(low) < 0 || answer.Cmp(high) > 0 {
		return view.label, fmt.Errorf("answer %s of %s is outside of what honest oracles saw (%s to %s)",
			formatPrice(answer), in, formatPrice(low), formatPrice(high))
	}
	return view.label, nil
}

// feedFailures returns how many observations failed because of the feed.
func (m *market) feedFailures() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.failed
}

// honestSource is what an honest oracle sees.
type honestSource struct {
	market *market
	oracle commontypes.OracleID
}

func (s honestSource) Observe(ctx context.Context, _ types.ReportTimestamp) (*big.Int, error) {
	return s.market.view(ctx, s.oracle)
}

// constantSource observes the same number always.
type constantSource struct{ value *big.Int }

func (s constantSource) Observe(context.Context, types.ReportTimestamp) (*big.Int, error) {
	return new(big.Int).Set(s.value), nil
}

// formatPrice writes a price with its decimal point.
func formatPrice(v *big.Int) string {
	sign := ""
	if v.Sign() < 0 {
		sign = "-"
	}
	digits := new(big.Int).Abs(v).String()
	for len(digits) <= Decimals {
		digits = "0" + digits
	}
	return sign + digits[:len(digits)-Decimals] + "." + digits[len(digits)-Decimals:]
}
