package node

import (
	"context"
	"math/big"
	"time"

	"github.com/ocrkit/ocrkit/cmd/ocrnode/feed"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// open opens the source; numbers from URLs and tables get the given number of decimal places. A source that is not given is
// always 0.
func (s Source) open(c *Config, decimals int) (median.DataSource, error) {
	switch {
	case s.URL != "":
		prices, err := feed.Open(s.URL, s.Path, decimals)
		return quotes{feed: prices}, err
	case s.CSV != "":
		prices, err := feed.Open(c.path(s.CSV), "", decimals)
		return quotes{prices, time.Duration(s.Every)}, err
	case s.Value != "":
		v, err := parseValue(s.Value)
		return constant{v}, err
	}
	return constant{new(big.Int)}, nil
}

// quotes observes a feed.
type quotes struct {
	feed  feed.Feed
	every time.Duration // of a table; 0 for others
}

func (q quotes) Observe(ctx context.Context, _ types.ReportTimestamp) (*big.Int, error) {
	step := 0
	if q.every > 0 {
		step = int(time.Now().UnixNano() / int64(q.every))
	}
	quote, err := q.feed.Quote(ctx, step)
	if err != nil {
		return nil, err
	}
	return quote.Price, nil
}

// constant observes the same number always.
type constant struct{ value *big.Int }

func (c constant) Observe(context.Context, types.ReportTimestamp) (*big.Int, error) {
	return new(big.Int).Set(c.value), nil
}
