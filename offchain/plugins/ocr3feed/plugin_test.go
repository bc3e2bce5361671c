package ocr3feed_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/plugins/ocr3feed"
	"github.com/ocrkit/ocrkit/offchain/types"
)

func TestFactory(t *testing.T) {
	complete := ocr3feed.Factory{DataSource: &source{}, Contract: &contract{}}
	good := setting{}.config(t)
	plugin, info, err := complete.NewReportingPlugin(t.Context(), good)
	if err != nil {
		t.Fatal(err)
	}
	if err := plugin.Close(); err != nil {
		t.Error(err)
	}
	want := ocr3types.ReportingPluginLimits{MaxObservationLength: 36, MaxOutcomeLength: 65, MaxReportLength: 64, MaxReportCount: 1}
	if info.Limits != want || info.Name == "" {
		t.Errorf("info is %+v, want limits %+v", info, want)
	}
	bounds := good
	bounds.OnchainConfig = append([]byte(nil), good.OnchainConfig...)
	bounds.OnchainConfig[1], bounds.OnchainConfig[25] = 0x7f, 0x80 // above, below
	for name, test := range map[string]struct {
		factory ocr3feed.Factory
		config  func(*ocr3types.ReportingPluginConfig)
		want    string
	}{
		"no source":       {ocr3feed.Factory{Contract: &contract{}}, func(*ocr3types.ReportingPluginConfig) {}, "DataSource"},
		"no contract":     {ocr3feed.Factory{DataSource: &source{}}, func(*ocr3types.ReportingPluginConfig) {}, "Contract"},
		"offchain config": {complete, func(c *ocr3types.ReportingPluginConfig) { c.OffchainConfig = []byte("garbage") }, "offchain config"},
		"onchain config":  {complete, func(c *ocr3types.ReportingPluginConfig) { c.OnchainConfig = c.OnchainConfig[1:] }, "onchain config"},
		"bounds":          {complete, func(c *ocr3types.ReportingPluginConfig) { *c = bounds }, "above"},
	} {
		config := good
		test.config(&config)
		if _, _, err := test.factory.NewReportingPlugin(t.Context(), config); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want %q", name, err, test.want)
		}
	}
}

func TestObservation(t *testing.T) {
	src := &source{value: big.NewInt(-5)}
	p := newPlugin(t, setting{factory: ocr3feed.Factory{DataSource: src, Contract: &contract{digest: ownDigest, seqNr: 8}}})
	outctx := ocr3types.OutcomeContext{SeqNr: 9, Epoch: 1<<32 + 3, Round: 1<<8 + 2}
	if query, err := p.Query(t.Context(), outctx); len(query) != 0 || err != nil {
		t.Errorf("query is %x, %v", query, err)
	}
	b, err := p.Observation(t.Context(), outctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := (types.ReportTimestamp{ConfigDigest: ownDigest, Epoch: 3, Round: 2}); src.asked != want {
		t.Errorf("the source was asked for %+v, want %+v", src.asked, want)
	}
	got, err := ocr3feed.DecodeObservation(b)
	if want := price(now, -5); err != nil || !equal(&got.Price, &want) || got.OnChain != 8 {
		t.Errorf("observed %v, %v; want %v", got, err, want)
	}
	if err := p.ValidateObservation(t.Context(), outctx, nil, types.AttributedObservation{Observation: b}); err != nil {
		t.Error(err)
	}
	for _, bad := range [][]byte{nil, b[1:], append(b[:len(b):len(b)], 0)} {
		if err := p.ValidateObservation(t.Context(), outctx, nil, types.AttributedObservation{Observation: bad}); err == nil {
			t.Errorf("observation %x is valid", bad)
		}
	}
	if _, err := p.Observation(t.Context(), outctx, types.Query{1}); err == nil {
		t.Error("a query is answered")
	}
	if err := p.ValidateObservation(t.Context(), outctx, types.Query{1}, types.AttributedObservation{Observation: b}); err == nil {
		t.Error("an observation for a query is valid")
	}
	src.err = errScripted
	if _, err := p.Observation(t.Context(), outctx, nil); !errors.Is(err, errScripted) {
		t.Errorf("the source fails: got %v", err)
	}
	for _, value := range []*big.Int{nil, new(big.Int).Add(median.MaxValue(), big.NewInt(1))} {
		src.err, src.value = nil, value
		if b, err := p.Observation(t.Context(), outctx, nil); err == nil {
			t.Errorf("the source says %v: observed %x", value, b)
		}
	}
}

// hanging is a contract that does not answer until the context ends, and then tells.
type hanging struct{ ended chan struct{} }

func (c *hanging) LatestConfigDigestAndSeqNr(ctx context.Context) (types.ConfigDigest, uint64, error) {
	<-ctx.Done()
	close(c.ended)
	return types.ConfigDigest{}, 0, ctx.Err()
}

// meeting is a source and a contract that wait for each other.
type meeting struct{ source, contract chan struct{} }

func (m *meeting) Observe(context.Context, types.ReportTimestamp) (*big.Int, error) {
	close(m.source)
	<-m.contract
	return big.NewInt(1), nil
}

func (m *meeting) LatestConfigDigestAndSeqNr(context.Context) (types.ConfigDigest, uint64, error) {
	close(m.contract)
	<-m.source
	return ownDigest, 4, nil
}

// TestObservationOfContract: what the contract shows, and that no contract costs the price.
func TestObservationOfContract(t *testing.T) {
	observe := func(name string, factory ocr3feed.Factory, want uint64) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) { // with time of its own
			if h, ok := factory.Contract.(*hanging); ok {
				h.ended = make(chan struct{})
			}
			if m, ok := factory.Contract.(*meeting); ok {
				m.source, m.contract = make(chan struct{}), make(chan struct{})
			}
			const limit = time.Second
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			start := time.Now()
			b, err := newPlugin(t, setting{factory: factory}).Observation(ctx, ocr3types.OutcomeContext{SeqNr: 9}, nil)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if took := time.Since(start); took > limit/2 {
				t.Errorf("%s: took %v of %v", name, took, limit)
			}
			got, err := ocr3feed.DecodeObservation(b)
			if err != nil || got.OnChain != want || got.Value.Sign() <= 0 || got.Time != now {
				t.Errorf("%s: observed %+v (%v), want %d on chain", name, got, err, want)
			}
			if h, ok := factory.Contract.(*hanging); ok {
				<-h.ended
			}
		})
	}
	five := &source{value: big.NewInt(5)}
	for name, test := range map[string]struct {
		contract contract
		want     uint64
	}{
		"no report":          {contract{ownDigest, 0, nil}, 0},
		"a report":           {contract{ownDigest, 7, nil}, 7},
		"another config":     {contract{types.ConfigDigest{1}, 7, nil}, 0},
		"no config":          {contract{}, 0},
		"unreachable":        {contract{ownDigest, 7, errScripted}, ocr3feed.Unread},
		"unreachable, blank": {contract{err: errScripted}, ocr3feed.Unread},
	} {
		observe(name, ocr3feed.Factory{DataSource: five, Contract: &test.contract}, test.want)
	}
	observe("hanging", ocr3feed.Factory{DataSource: five, Contract: &hanging{}}, ocr3feed.Unread)
	both := &meeting{}
	observe("parallel", ocr3feed.Factory{DataSource: both, Contract: both}, 4)

	// What has no deadline waits for the contract. That it cannot be read is logged, less and less often, and that it can be again.
	log := &logs{}
	c := &contract{err: errScripted}
	p := newPlugin(t, setting{factory: ocr3feed.Factory{DataSource: five, Contract: c, Logger: log}})
	for i := range 6 {
		if i == 5 {
			c.err = nil
		}
		if _, err := p.Observation(t.Context(), ocr3types.OutcomeContext{SeqNr: 9}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if !log.has("info: ocr3feed: the contract can be read again") || len(log.lines) != 3+1 {
		t.Errorf("logged %q", log.lines)
	}
}

func TestObservationQuorum(t *testing.T) {
	for _, size := range [][2]int{{4, 1}, {5, 1}, {7, 2}, {31, 10}, {1, 0}} {
		n, f := size[0], size[1]
		p := newPlugin(t, setting{n: n, f: f})
		for count := range n + 1 {
			reached, err := p.ObservationQuorum(t.Context(), ocr3types.OutcomeContext{}, nil, make([]types.AttributedObservation, count))
			if err != nil || reached != (count >= 2*f+1) {
				t.Errorf("n=%d, f=%d, %d observations: %t, %v", n, f, count, reached, err)
			}
		}
	}
}

// TestOutcome: what is reported, and what is remembered.
func TestOutcome(t *testing.T) {
	const percent = 10_000_000 // parts per billion
	reported := func(p ocr3feed.Price) ocr3feed.Outcome {
		return ocr3feed.Outcome{Median: p, Report: true, LastSeqNr: 6}
	}
	silent := func(median, before ocr3feed.Price) ocr3feed.Outcome {
		return ocr3feed.Outcome{Median: median, Before: &before, LastSeqNr: 3}
	}
	for name, test := range map[string]struct {
		config   median.OffchainConfig
		previous *ocr3feed.Outcome
		observed []ocr3feed.Price
		median   ocr3feed.Price
		report   bool
		before   *ocr3feed.Price
	}{
		"first":                 {median.OffchainConfig{AlphaReportInfinite: true, DeltaC: time.Hour}, nil, []ocr3feed.Price{price(10, 1), price(30, 2), price(20, 3)}, price(20, 2), true, nil},
		"first is out of range": {median.OffchainConfig{}, nil, []ocr3feed.Price{price(10, 5000), price(30, 5000), price(20, 1)}, price(20, 5000), false, nil},
		"first after one out of range": {median.OffchainConfig{AlphaReportInfinite: true, DeltaC: time.Hour}, &ocr3feed.Outcome{Median: price(10, 5000)},
			[]ocr3feed.Price{price(10, 1), price(10, 1), price(10, 1)}, price(10, 1), true, nil},
		"lowest in range":    {median.OffchainConfig{}, nil, []ocr3feed.Price{price(1, -1000), price(1, -1000), price(1, -1000)}, price(1, -1000), true, nil},
		"below the lowest":   {median.OffchainConfig{}, nil, []ocr3feed.Price{price(1, -1001), price(1, -1001), price(1, -1001)}, price(1, -1001), false, nil},
		"highest in range":   {median.OffchainConfig{}, nil, []ocr3feed.Price{price(1, 1000), price(1, 1000), price(1, 1000)}, price(1, 1000), true, nil},
		"four, the upper":    {median.OffchainConfig{}, nil, []ocr3feed.Price{price(4, 1), price(3, 2), price(2, 3), price(1, 4)}, price(3, 3), true, nil},
		"deviates enough":    {median.OffchainConfig{AlphaReportPPB: percent, DeltaC: time.Hour}, ptr(reported(price(10, 100))), []ocr3feed.Price{price(11, 101), price(11, 101), price(11, 101)}, price(11, 101), true, ptr(price(10, 100))},
		"does not deviate":   {median.OffchainConfig{AlphaReportPPB: percent + 1, DeltaC: time.Hour}, ptr(reported(price(10, 100))), []ocr3feed.Price{price(11, 101), price(11, 101), price(11, 101)}, price(11, 101), false, ptr(price(10, 100))},
		"deviation is off":   {median.OffchainConfig{AlphaReportInfinite: true, DeltaC: time.Hour}, ptr(reported(price(10, 100))), []ocr3feed.Price{price(11, 900), price(11, 900), price(11, 900)}, price(11, 900), false, ptr(price(10, 100))},
		"creeps":             {median.OffchainConfig{AlphaReportPPB: percent, DeltaC: time.Hour}, ptr(silent(price(11, 199), price(10, 200))), []ocr3feed.Price{price(12, 198), price(12, 198), price(12, 198)}, price(12, 198), true, ptr(price(10, 200))},
		"heartbeat":          {median.OffchainConfig{AlphaReportPPB: percent, DeltaC: 5 * time.Second}, ptr(silent(price(14, 200), price(10, 200))), []ocr3feed.Price{price(15, 200), price(15, 200), price(15, 200)}, price(15, 200), true, ptr(price(10, 200))},
		"before a heartbeat": {median.OffchainConfig{AlphaReportPPB: percent, DeltaC: 5*time.Second + 1}, ptr(silent(price(14, 200), price(10, 200))), []ocr3feed.Price{price(15, 200), price(15, 200), price(15, 200)}, price(15, 200), false, ptr(price(10, 200))},
		"always":             {median.OffchainConfig{AlphaReportInfinite: true}, ptr(silent(price(10, 200), price(10, 200))), []ocr3feed.Price{price(10, 200), price(10, 200), price(10, 200)}, price(10, 200), true, ptr(price(10, 200))},
		"time goes back":     {median.OffchainConfig{AlphaReportPPB: percent, DeltaC: 5 * time.Second}, ptr(reported(price(10, 200))), []ocr3feed.Price{price(6, 200), price(6, 200), price(6, 200)}, price(6, 200), false, ptr(price(10, 200))},
		"time was wrong":     {median.OffchainConfig{AlphaReportPPB: percent, DeltaC: 5 * time.Second}, ptr(reported(price(1<<32-1, 200))), []ocr3feed.Price{price(6, 200), price(6, 200), price(6, 200)}, price(6, 200), true, ptr(price(1<<32-1, 200))},
		"heartbeat, but out of range": {median.OffchainConfig{}, ptr(reported(price(10, 200))), []ocr3feed.Price{price(60, 2000), price(60, 2000), price(60, 2000)}, price(60, 2000), false,
			ptr(price(10, 200))},
		"alpha accept plays no part": {median.OffchainConfig{AlphaReportPPB: percent, AlphaAcceptInfinite: true, DeltaC: time.Hour}, ptr(reported(price(10, 100))), []ocr3feed.Price{price(11, 101), price(11, 101), price(11, 101)}, price(11, 101), true, ptr(price(10, 100))},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlugin(t, setting{offchain: test.config, onchain: median.OnchainConfig{Min: big.NewInt(-1000), Max: big.NewInt(1000)}})
			outctx := ocr3types.OutcomeContext{SeqNr: 1}
			if test.previous != nil {
				outctx = ocr3types.OutcomeContext{SeqNr: 7, PreviousOutcome: encoded(t, *test.previous)}
			}
			b, err := p.Outcome(t.Context(), outctx, nil, observations(t, unread(test.observed...)...))
			if err != nil {
				t.Fatal(err)
			}
			o, err := ocr3feed.DecodeOutcome(b)
			if err != nil {
				t.Fatal(err)
			}
			if !equal(&o.Median, &test.median) || o.Report != test.report || !equal(o.Before, test.before) {
				t.Errorf("got %+v (before: %+v), want median %v, report %t, before %+v", o, o.Before, test.median, test.report, test.before)
			}
			var last uint64
			switch {
			case test.report:
				last = outctx.SeqNr
			case test.previous != nil:
				last = test.previous.LastSeqNr
			}
			if o.LastSeqNr != last {
				t.Errorf("the last report has sequence number %d, want %d", o.LastSeqNr, last)
			}
			reports, err := p.Reports(t.Context(), 7, b)
			if err != nil || len(reports) != map[bool]int{true: 1}[test.report] {
				t.Fatalf("%d reports, %v", len(reports), err)
			}
			for _, r := range reports {
				got, err := ocr3feed.DecodeReport(r.ReportWithInfo.Report)
				if err != nil || !equal(&got, &test.median) || r.TransmissionScheduleOverride != nil {
					t.Errorf("report of %v (%v)", got, err)
				}
			}
		})
	}
}

// TestRepetition: what is repeated, and when. The last report is of sequence number 5, time 1000 and answer 100. There are seven
// oracles, two of them faulty.
func TestRepetition(t *testing.T) {
	const after = 1000 + uint32(ocr3feed.RepeatAfter/time.Second)
	const unread = ocr3feed.Unread
	none := median.OffchainConfig{AlphaReportInfinite: true, DeltaC: 24 * time.Hour}
	for name, test := range map[string]struct {
		config  median.OffchainConfig
		time    uint32
		value   int64
		onChain []uint64
		want    bool
	}{
		"nobody has it":                   {none, after, 100, []uint64{0, 0, 0, 0, 0}, true},
		"has one before":                  {none, after, 100, []uint64{4, 4, 4, 4, 4}, true},
		"has it":                          {none, after, 100, []uint64{5, 5, 5, 5, 5}, false},
		"has a newer one":                 {none, after, 100, []uint64{6, 6, 6, 6, 6}, false}, // of which the oracles do not know
		"too early":                       {none, after - 1, 100, []uint64{0, 0, 0, 0, 0}, false},
		"later":                           {none, after + 1, 100, []uint64{0, 0, 0, 0, 0}, true},
		"two liars":                       {none, after, 100, []uint64{0, 0, 5, 5, 5}, false},
		"two liars of seven":              {none, after, 100, []uint64{0, 0, 5, 5, 5, 5, 5}, false},
		"two liars, one lags":             {none, after, 100, []uint64{0, 5, 4, 5, 5, 5, 0}, true},
		"two liars would not have it":     {none, after, 100, []uint64{9, 9, 4, 4, 4}, true},
		"two liars cannot read":           {none, after, 100, []uint64{unread, unread, 4, 4, 4}, true},
		"two lag, the others cannot read": {none, after, 100, []uint64{4, 4, unread, unread, unread, unread, unread}, false},
		"nobody can read":                 {none, after, 100, []uint64{unread, unread, unread, unread, unread}, false},
		"time stands still":               {none, 1000, 100, []uint64{0, 0, 0, 0, 0}, false},
		"time goes back a little":         {none, 999, 100, []uint64{0, 0, 0, 0, 0}, false},
		"time goes back":                  {none, 1000 - (after - 1000), 100, []uint64{0, 0, 0, 0, 0}, false},
		"time goes back to the start":     {none, 0, 100, []uint64{0, 0, 0, 0, 0}, false},
		"the end of time":                 {median.OffchainConfig{AlphaReportInfinite: true, DeltaC: math.MaxInt64}, math.MaxUint32, 100, []uint64{0, 0, 0, 0, 0}, true},
		"current median, not the old one": {none, after, 777, []uint64{0, 0, 0, 0, 0}, true},
		"out of range":                    {none, after, 1001, []uint64{0, 0, 0, 0, 0}, false},
		"has it, but deviates":            {median.OffchainConfig{AlphaReportPPB: 1, DeltaC: time.Hour}, 1001, 101, []uint64{5, 5, 5, 5, 5}, true},
		"has it, but heartbeat":           {median.OffchainConfig{AlphaReportInfinite: true, DeltaC: time.Second}, 1001, 100, []uint64{5, 5, 5, 5, 5}, true},
		"deviation is not enough":         {median.OffchainConfig{AlphaReportPPB: 1e9, DeltaC: time.Hour}, after, 101, []uint64{0, 0, 0, 0, 0}, true},
	} {
		last := price(1000, 100)
		for _, previous := range []ocr3feed.Outcome{
			{Median: last, Report: true, LastSeqNr: 5},
			{Median: price(1000, 1), Before: &last, LastSeqNr: 5},
			{Median: last, Report: true, Before: ptr(price(2000, 2)), LastSeqNr: 5},
		} {
			log := &logs{}
			p := newPlugin(t, setting{n: 7, f: 2, factory: ocr3feed.Factory{Logger: log}, offchain: test.config, onchain: median.OnchainConfig{Min: big.NewInt(-1000), Max: big.NewInt(1000)}})
			var list []ocr3feed.Observation
			for _, seqNr := range test.onChain {
				list = append(list, ocr3feed.Observation{Price: price(test.time, test.value), OnChain: seqNr})
			}
			b, err := p.Outcome(t.Context(), ocr3types.OutcomeContext{SeqNr: 40, PreviousOutcome: encoded(t, previous)}, nil, observations(t, list...))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			o, err := ocr3feed.DecodeOutcome(b)
			want := ocr3feed.Outcome{Median: price(test.time, test.value), Report: test.want, Before: &last, LastSeqNr: map[bool]uint64{true: 40, false: 5}[test.want]}
			if err != nil || !bytes.Equal(b, encoded(t, want)) {
				t.Errorf("%s: got %+v (%v), want %+v", name, o, err, want)
			}
			alone := test.want && !strings.HasPrefix(name, "has it, but")
			if log.has("warn: ocr3feed: the last report has not landed") != alone {
				t.Errorf("%s: logged %q", name, log.lines)
			}
		}
	}
	// There is nothing to repeat before the first report.
	p := newPlugin(t, setting{offchain: none, onchain: median.OnchainConfig{Min: big.NewInt(1), Max: big.NewInt(1000)}})
	silent := encoded(t, ocr3feed.Outcome{Median: price(1000, 0)})
	zero := ocr3feed.Observation{Price: price(5000, 0)}
	if b, err := p.Outcome(t.Context(), ocr3types.OutcomeContext{SeqNr: 2, PreviousOutcome: silent}, nil, observations(t, zero, zero, zero)); err != nil || !bytes.Equal(b, encoded(t, ocr3feed.Outcome{Median: zero.Price})) {
		t.Errorf("got %x, %v", b, err)
	}
}

// TestRepetitionRate: whatever two of seven oracles say of price, clock and contract, while five others miss the last report all the
// time there is one per RepeatAfter, no more and no fewer. If the clocks of the five are apart, there may be fewer.
func TestRepetitionRate(t *testing.T) {
	const seconds = 600
	for _, apart := range []uint32{0, 10, 100} { // seconds between two clocks
		p := newPlugin(t, setting{n: 7, f: 2, offchain: median.OffchainConfig{AlphaReportInfinite: true, DeltaC: math.MaxInt64}})
		random := rand.New(rand.NewPCG(1, 2))
		var previous ocr3types.Outcome
		var reports []uint32 // the seconds in which they were agreed on
		for second := range uint32(seconds) {
			list := make([]ocr3feed.Observation, 7)
			for i := range list {
				list[i] = ocr3feed.Observation{Price: price(now+second+uint32(i)*apart, 5)}
				if i < 2 {
					list[i] = ocr3feed.Observation{Price: price(random.Uint32(), random.Int64()), OnChain: random.Uint64() >> random.IntN(64)}
				}
			}
			outcome, err := p.Outcome(t.Context(), ocr3types.OutcomeContext{SeqNr: uint64(second) + 1, PreviousOutcome: previous}, nil, observations(t, list...))
			if err != nil {
				t.Fatal(err)
			}
			if o, err := ocr3feed.DecodeOutcome(outcome); err != nil {
				t.Fatal(err)
			} else if o.Report {
				reports = append(reports, second)
			}
			previous = outcome
		}
		most := int((seconds+4*apart)/60) + 1 // by the clocks of the five
		least := int(seconds / (60 + 4*apart))
		if apart == 0 {
			most = least
		}
		if len(reports) < least || len(reports) > most {
			t.Errorf("%d s apart: reports in seconds %v, want %d to %d", apart, reports, least, most)
		}
	}
}

func ptr[T any](v T) *T { return &v }

// TestOutcomeRefused: what the protocol never hands to Outcome and Reports.
func TestOutcomeRefused(t *testing.T) {
	p := newPlugin(t, setting{})
	good := observations(t, unread(price(1, 1), price(1, 1), price(1, 1))...)
	bad := append(good[:2:2], types.AttributedObservation{Observation: []byte("garbage"), Observer: 3})
	if _, err := p.Outcome(t.Context(), ocr3types.OutcomeContext{}, nil, bad); err == nil || !strings.Contains(err.Error(), "oracle 3") {
		t.Errorf("a bad observation: got %v", err)
	}
	if _, err := p.Outcome(t.Context(), ocr3types.OutcomeContext{}, nil, good[:2]); err == nil {
		t.Error("two observations were enough")
	}
	before := price(1, 0)
	b := encoded(t, ocr3feed.Outcome{Median: price(3, 4), Before: &before, LastSeqNr: 1})
	for name, outcome := range map[string]ocr3types.Outcome{
		"short":                          b[1:],
		"long":                           append(b[:len(b):len(b)], 0),
		"unknown flag":                   append(ocr3types.Outcome{b[0] | 4}, b[1:]...),
		"something before that is not":   append(ocr3types.Outcome{0}, b[1:]...),
		"report without number":          append(b[:ocr3feed.OutcomeSize-1:ocr3feed.OutcomeSize-1], 0),
		"number without report":          append(make(ocr3types.Outcome, ocr3feed.OutcomeSize-1), 1),
		"nothing, but not by its length": {0},
	} {
		if _, err := p.Outcome(t.Context(), ocr3types.OutcomeContext{SeqNr: 2, PreviousOutcome: outcome}, nil, good); err == nil {
			t.Errorf("%s: accepted as the previous outcome", name)
		}
		if _, err := p.Reports(t.Context(), 2, outcome); err == nil {
			t.Errorf("%s: has reports", name)
		}
	}
	if _, err := p.Reports(t.Context(), 2, nil); err == nil {
		t.Error("no outcome has reports")
	}
	for _, o := range []ocr3feed.Outcome{
		{Median: before, LastSeqNr: 1}, {Median: before, Report: true}, {Median: before, Before: &before}, {Median: before, Report: true, Before: &before},
	} {
		if b, err := o.Encode(); err == nil {
			t.Errorf("%+v is encoded as %x", o, b)
		}
	}
	if b, err := (ocr3feed.Outcome{}).Encode(); err == nil {
		t.Errorf("an outcome without median is %x", b)
	}
	if b, err := (ocr3feed.Outcome{Median: before, Before: &ocr3feed.Price{}, LastSeqNr: 1}).Encode(); err == nil {
		t.Errorf("an outcome without answer before is %x", b)
	}
	if b, err := ocr3feed.EncodeReport(ocr3feed.Price{}); err == nil {
		t.Errorf("a report of nothing is %x", b)
	}
}

// TestTransmission goes through what the contract may show when a report is accepted and when its time has come.
func TestTransmission(t *testing.T) {
	report, err := ocr3feed.EncodeReport(price(now, 5))
	if err != nil {
		t.Fatal(err)
	}
	r := ocr3types.ReportWithInfo[struct{}]{Report: report}
	other := types.ConfigDigest{1}
	for name, test := range map[string]struct {
		contract contract
		accept   bool
		transmit bool
		fails    bool // transmit
	}{
		"nothing yet":            {contract{ownDigest, 0, nil}, true, true, false},
		"older":                  {contract{ownDigest, 6, nil}, true, true, false},
		"the same":               {contract{ownDigest, 7, nil}, false, false, false},
		"newer":                  {contract{ownDigest, 8, nil}, false, false, false},
		"lags behind our config": {contract{other, 100, nil}, true, false, false},
		"no config seen":         {contract{types.ConfigDigest{}, 0, nil}, true, false, false},
		"unreachable":            {contract{ownDigest, 0, errScripted}, true, false, true},
	} {
		p := newPlugin(t, setting{factory: ocr3feed.Factory{Contract: &test.contract}})
		if accept, err := p.ShouldAcceptAttestedReport(t.Context(), 7, r); err != nil || accept != test.accept {
			t.Errorf("%s: accept is %t, %v; want %t", name, accept, err, test.accept)
		}
		// Whether the plugin accepted it, or another one before a restart, makes no difference.
		for _, p := range []*ocr3feed.Plugin{p, newPlugin(t, setting{factory: ocr3feed.Factory{Contract: &test.contract}})} {
			if transmit, err := p.ShouldTransmitAcceptedReport(t.Context(), 7, r); (err != nil) != test.fails || errors.Is(err, errScripted) != test.fails || transmit != test.transmit {
				t.Errorf("%s: transmit is %t, %v; want %t", name, transmit, err, test.transmit)
			}
		}
	}
}

// TestAcceptedInAnyOrder: of reports that are not on chain yet, only newer ones than those accepted are.
func TestAcceptedInAnyOrder(t *testing.T) {
	report, err := ocr3feed.EncodeReport(price(now, 5))
	if err != nil {
		t.Fatal(err)
	}
	r := ocr3types.ReportWithInfo[struct{}]{Report: report}
	log := &logs{}
	c := &contract{digest: ownDigest, seqNr: 1}
	p := newPlugin(t, setting{factory: ocr3feed.Factory{Contract: c, Logger: log}})
	for _, step := range []struct {
		seqNr uint64
		want  bool
	}{{1, false}, {3, true}, {2, false}, {3, true}, {5, true}, {4, false}} {
		if accept, err := p.ShouldAcceptAttestedReport(t.Context(), step.seqNr, r); err != nil || accept != step.want {
			t.Errorf("%d: accept is %t, %v", step.seqNr, accept, err)
		}
		if transmit, err := p.ShouldTransmitAcceptedReport(t.Context(), step.seqNr, r); err != nil || transmit != (step.seqNr > 1) {
			t.Errorf("%d: transmit is %t, %v", step.seqNr, transmit, err)
		}
	}
	// One that is refused because of the contract must not stand in the way of another.
	c.seqNr = 100
	if accept, err := p.ShouldAcceptAttestedReport(t.Context(), 50, r); err != nil || accept {
		t.Errorf("accept is %t, %v", accept, err)
	}
	c.seqNr = 1 // reorganised
	if accept, err := p.ShouldAcceptAttestedReport(t.Context(), 6, r); err != nil || !accept {
		t.Errorf("after a reorganisation: accept is %t, %v", accept, err)
	}
	c.err = errScripted
	if accept, err := p.ShouldAcceptAttestedReport(t.Context(), 7, r); err != nil || !accept || !log.has("warn: ocr3feed: cannot read the contract") {
		t.Errorf("unreachable: accept is %t, %v; logged %q", accept, err, log.lines)
	}
	if accept, err := p.ShouldAcceptAttestedReport(t.Context(), 8, ocr3types.ReportWithInfo[struct{}]{Report: bytes.Repeat([]byte{1}, 64)}); err == nil || accept {
		t.Errorf("a report that is none: accept is %t, %v", accept, err)
	}
}

// TestConcurrentAccepts: of many that come at once, at least the newest is accepted, and no two plugins block each other.
func TestConcurrentAccepts(t *testing.T) {
	report, err := ocr3feed.EncodeReport(price(now, 5))
	if err != nil {
		t.Fatal(err)
	}
	p := newPlugin(t, setting{factory: ocr3feed.Factory{Contract: &contract{digest: ownDigest}}})
	const count = 50
	var wg sync.WaitGroup
	accepted := make([]bool, count+1)
	for i := range uint64(count) {
		wg.Go(func() {
			var err error
			if accepted[i+1], err = p.ShouldAcceptAttestedReport(t.Context(), i+1, ocr3types.ReportWithInfo[struct{}]{Report: report}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if !accepted[count] {
		t.Error("the newest report was not accepted")
	}
}
