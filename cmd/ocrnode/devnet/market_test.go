package devnet

import (
	"context"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/ocrkit/ocrkit/cmd/ocrnode/feed"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
)

// steps is a feed whose price of step i is 1000 more than that of the step before.
type steps struct{ broken bool }

func (s steps) Quote(_ context.Context, i int) (feed.Quote, error) {
	if s.broken {
		return feed.Quote{}, errors.New("broken")
	}
	return feed.Quote{Label: string(rune('a' + i)), Price: big.NewInt(int64(1_000_000 + 1000*i))}, nil
}

func (steps) String() string { return "steps" }

func TestMarketKnowsWhatWasSeen(t *testing.T) {
	m := newMarket(steps{}, 1)
	first := round{1, 1}
	for oracle, price := range []int64{999, 1001, 1000} {
		m.observed(first, commontypes.OracleID(oracle), big.NewInt(price))
	}
	for answer, want := range map[int64]string{998: "outside", 999: "", 1000: "", 1001: "", 1002: "outside"} {
		_, err := m.check(first, big.NewInt(answer))
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%d: %v, want %q", answer, err, want)
		}
	}
	if _, err := m.check(round{1, 2}, big.NewInt(1000)); err == nil {
		t.Error("an answer of a round in which nobody observed is right")
	}
	for i := range maxRoundsRemembered { // the first one is forgotten
		m.observed(round{2, uint64(i)}, 0, big.NewInt(1))
	}
	if _, err := m.check(first, big.NewInt(1000)); err == nil || len(m.rounds) != maxRoundsRemembered {
		t.Errorf("%d rounds are remembered, the first one with %v", len(m.rounds), err)
	}
}

func TestMarketMovesOn(t *testing.T) {
	m := newMarket(steps{}, 1)
	see := func(oracle commontypes.OracleID) *big.Int {
		t.Helper()
		price, err := m.view(t.Context(), oracle)
		if err != nil {
			t.Fatal(err)
		}
		return price
	}
	before := see(3)
	if again := see(3); again.Cmp(before) != 0 {
		t.Errorf("the same oracle sees %s and then %s", before, again)
	}
	if off := new(big.Int).Sub(before, big.NewInt(1_000_000)); off.CmpAbs(big.NewInt(noisePPM)) > 0 {
		t.Errorf("an oracle sees %s, too far from the price", before)
	}
	m.advance(2)
	m.advance(1) // not back
	m.observed(round{1, 1}, 3, see(3))
	if label, err := m.check(round{1, 1}, see(3)); err != nil || label != "c" {
		t.Errorf("the price of %q, %v, want that of c", label, err)
	}
	m.feed = steps{broken: true}
	if _, err := m.view(t.Context(), 3); err == nil || m.feedFailures() != 1 {
		t.Errorf("a broken feed: %v, counted %d times", err, m.feedFailures())
	}
}
