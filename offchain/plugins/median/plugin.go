package median

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/plugins/median/internal/tieorder"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// plugin is the reporting plugin of one instance. The methods are in the order
// of a round. All fields but accepted are fixed.
type plugin struct {
	contract         MedianContract
	value            DataSource
	juelsPerFeeCoin  DataSource
	gasPriceSubunits DataSource
	includeGasPrice  bool
	codec            ReportCodec
	deviation        DeviationFunc
	logger           logging.Logger
	now              func() time.Time

	configDigest    types.ConfigDigest
	f               int
	onchainConfig   OnchainConfig
	offchainConfig  OffchainConfig
	maxReportLength int

	// accepted is the report that ShouldAcceptFinalizedReport accepted last.
	// It starts out as epoch 0, round 0, median 0, and does not outlive the
	// plugin.
	mu       sync.Mutex
	accepted struct {
		epochRound
		median big.Int
	}
}

var _ types.ReportingPlugin = (*plugin)(nil)

// epochRound orders reports under one config.
type epochRound struct {
	epoch uint32
	round uint8
}

func (er epochRound) less(other epochRound) bool {
	if er.epoch != other.epoch {
		return er.epoch < other.epoch
	}
	return er.round < other.round
}

var errQueryNotEmpty = errors.New("median: the query is not empty: the leader is faulty")

// Query is always empty.
func (p *plugin) Query(context.Context, types.ReportTimestamp) (types.Query, error) {
	return nil, nil
}

// Observation asks the three data sources at once. All of them must answer, in
// time and with a number in range.
func (p *plugin) Observation(ctx context.Context, ts types.ReportTimestamp, query types.Query) (types.Observation, error) {
	if len(query) != 0 {
		return nil, errQueryNotEmpty
	}
	var value, juelsPerFeeCoin, gasPriceSubunits *big.Int
	var errs [3]error
	var wg sync.WaitGroup
	ask := func(err *error, name string, source DataSource, result **big.Int) {
		wg.Go(func() {
			var failed error
			if *result, failed = source.Observe(ctx, ts); failed != nil {
				*err = fmt.Errorf("median: observing %s: %w", name, failed)
			}
		})
	}
	ask(&errs[0], "the value", p.value, &value)
	ask(&errs[1], "juels per fee coin", p.juelsPerFeeCoin, &juelsPerFeeCoin)
	ask(&errs[2], "the gas price", p.gasPriceSubunits, &gasPriceSubunits)
	wg.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	observation, err := encodeObservation(unixSeconds(p.now()), value, juelsPerFeeCoin, gasPriceSubunits, p.includeGasPrice)
	if err != nil {
		return nil, fmt.Errorf("median: a data source gave an invalid observation: %w", err)
	}
	return observation, nil
}

// Report makes a report of the well-formed observations if shouldReport finds a
// reason to. Whether it does depends on the contract; the bytes of the report
// depend on the observations and their order alone.
func (p *plugin) Report(ctx context.Context, ts types.ReportTimestamp, query types.Query, aos []types.AttributedObservation) (bool, types.Report, error) {
	if len(query) != 0 {
		return false, nil, errQueryNotEmpty
	}
	paos := p.parse(ts, aos)
	// By assumption at most f of the observations are dishonest.
	if len(paos) <= p.f {
		return false, nil, fmt.Errorf("median: only %d of %d observations are well-formed, need %d", len(paos), len(aos), p.f+1)
	}
	should, err := p.shouldReport(ctx, ts, paos)
	if err != nil || !should {
		return false, nil, err
	}
	report, err := p.codec.BuildReport(ctx, paos)
	if err != nil {
		return false, nil, fmt.Errorf("median: building the report of %d observations: %w", len(paos), err)
	}
	if len(report) > p.maxReportLength {
		return false, nil, fmt.Errorf("median: the report has %d bytes, but the codec declared a maximum of %d", len(report), p.maxReportLength)
	}
	return true, report, nil
}

// parse leaves out malformed observations and keeps the order of the others.
func (p *plugin) parse(ts types.ReportTimestamp, aos []types.AttributedObservation) []ParsedAttributedObservation {
	paos := make([]ParsedAttributedObservation, 0, len(aos))
	for _, ao := range aos {
		pao, err := parseObservation(ao)
		if err != nil {
			p.logger.Warn("median: dropping a malformed observation", commontypes.LogFields{
				"epoch":    ts.Epoch,
				"round":    ts.Round,
				"observer": ao.Observer,
				"error":    err,
			})
			continue
		}
		paos = append(paos, pao)
	}
	return paos
}

// shouldReport sorts paos by value, which decides the order of ties in the
// report, and tells whether their median should go on chain.
func (p *plugin) shouldReport(ctx context.Context, ts types.ReportTimestamp, paos []ParsedAttributedObservation) (bool, error) {
	onChain, requested, err := p.readContract(ctx)
	if err != nil {
		return false, err
	}

	tieorder.Sort(paos, func(a, b ParsedAttributedObservation) int { return a.Value.Cmp(b.Value) })
	answer := paos[len(paos)/2].Value
	fields := commontypes.LogFields{
		"epoch":         ts.Epoch,
		"round":         ts.Round,
		"answer":        answer,
		"onChainAnswer": onChain.answer,
	}
	if answer.Cmp(p.onchainConfig.Min) < 0 || answer.Cmp(p.onchainConfig.Max) > 0 {
		p.logger.Warn("median: the median is outside of the range in the onchain config, no report", logging.MergePreserve(fields, commontypes.LogFields{
			"min": p.onchainConfig.Min,
			"max": p.onchainConfig.Max,
		}))
		return false, nil
	}

	initial := onChain.configDigest == p.configDigest && onChain.epochRound == epochRound{}
	deviates := false
	if !p.offchainConfig.AlphaReportInfinite {
		deviates, err = p.deviation(ctx, p.offchainConfig.AlphaReportPPB, onChain.answer, answer)
		if err != nil {
			return false, fmt.Errorf("median: comparing the median with the answer on chain: %w", err)
		}
	}
	stale := onChain.timestamp.Add(p.offchainConfig.DeltaC).Before(p.now())
	// A request carries the epoch and round of the report before it.
	unfulfilled := requested.configDigest == p.configDigest && !requested.less(onChain.epochRound)

	should := initial || deviates || stale || unfulfilled
	p.logger.Debug("median: decided whether to report", logging.MergePreserve(fields, commontypes.LogFields{
		"report":             should,
		"initialRound":       initial,
		"deviation":          deviates,
		"deltaCElapsed":      stale,
		"unfulfilledRequest": unfulfilled,
	}))
	return should, nil
}

// transmission is what LatestTransmissionDetails and LatestRoundRequested
// return; the latter leaves out the answer and the timestamp.
type transmission struct {
	configDigest types.ConfigDigest
	epochRound
	answer    *big.Int
	timestamp time.Time
}

// readContract asks for the last transmission and the last request at once.
func (p *plugin) readContract(ctx context.Context) (onChain, requested transmission, err error) {
	var errDetails, errRequested error
	var wg sync.WaitGroup
	wg.Go(func() { onChain, errDetails = p.latestTransmission(ctx) })
	wg.Go(func() {
		requested.configDigest, requested.epoch, requested.round, errRequested = p.contract.LatestRoundRequested(ctx, p.offchainConfig.DeltaC)
		if errRequested != nil {
			errRequested = fmt.Errorf("median: reading the last round request from the contract: %w", errRequested)
		}
	})
	wg.Wait()
	if errDetails == nil && onChain.answer == nil {
		errDetails = errors.New("median: the contract reader returned no answer")
	}
	return onChain, requested, errors.Join(errDetails, errRequested)
}

func (p *plugin) latestTransmission(ctx context.Context) (t transmission, err error) {
	t.configDigest, t.epoch, t.round, t.answer, t.timestamp, err = p.contract.LatestTransmissionDetails(ctx)
	if err != nil {
		return transmission{}, fmt.Errorf("median: reading the last transmission from the contract: %w", err)
	}
	return t, nil
}

// ShouldAcceptFinalizedReport accepts a report that is newer than what is on
// chain and than what was accepted before, if nothing is pending or if it
// deviates from what is.
func (p *plugin) ShouldAcceptFinalizedReport(ctx context.Context, ts types.ReportTimestamp, report types.Report) (bool, error) {
	// Held throughout: two reports must not both be judged by the same state.
	p.mu.Lock()
	defer p.mu.Unlock()

	this := epochRound{ts.Epoch, ts.Round}
	fields := commontypes.LogFields{"epoch": ts.Epoch, "round": ts.Round}
	refuse := func(why string) (bool, error) {
		p.logger.Debug("median: report not accepted: "+why, fields)
		return false, nil
	}
	if !p.accepted.less(this) {
		return refuse("it is not newer than the report accepted last")
	}
	onChain, err := p.latestTransmission(ctx)
	if err != nil {
		return false, err
	}
	if onChain.configDigest != p.configDigest {
		return refuse("the contract has another config")
	}
	if !onChain.less(this) {
		return refuse("it is not newer than the report on chain")
	}
	if len(report) > p.maxReportLength {
		p.logger.Warn("median: report not accepted: it is too long", logging.MergePreserve(fields, commontypes.LogFields{
			"length": len(report),
			"max":    p.maxReportLength,
		}))
		return false, nil
	}
	median, err := p.codec.MedianFromReport(ctx, report)
	if err != nil {
		return false, fmt.Errorf("median: reading the median from the report of epoch %d round %d: %w", ts.Epoch, ts.Round, err)
	}

	deviates := false
	if !p.offchainConfig.AlphaAcceptInfinite {
		deviates, err = p.deviation(ctx, p.offchainConfig.AlphaAcceptPPB, &p.accepted.median, median)
		if err != nil {
			return false, fmt.Errorf("median: comparing the median with that accepted last: %w", err)
		}
	}
	nothingPending := !onChain.less(p.accepted.epochRound)
	accept := deviates || nothingPending
	p.logger.Debug("median: decided whether to accept the report", logging.MergePreserve(fields, commontypes.LogFields{
		"accept":         accept,
		"deviation":      deviates,
		"nothingPending": nothingPending,
		"median":         median,
	}))
	if accept {
		p.accepted.epochRound = this
		p.accepted.median.Set(median)
	}
	return accept, nil
}

// ShouldTransmitAcceptedReport is true as long as the contract, under the same
// config, has nothing newer. It does not look at what this plugin accepted: the
// report may have been accepted before a restart.
func (p *plugin) ShouldTransmitAcceptedReport(ctx context.Context, ts types.ReportTimestamp, _ types.Report) (bool, error) {
	onChain, err := p.latestTransmission(ctx)
	if err != nil {
		return false, err
	}
	return onChain.configDigest == p.configDigest && onChain.less(epochRound{ts.Epoch, ts.Round}), nil
}

// Close does nothing: the plugin holds nothing that needs to be released.
func (p *plugin) Close() error { return nil }
