package ocr3feed

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"sync"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/quorumhelper"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// RepeatAfter is how long after a report, by the times that the oracles agree on, the report is repeated if it has not landed.
//
// It leaves the transmission schedule the time for its stages, so that commonly all oracles have had their turn, and a transaction
// the time to get into a block. Schedules and chains that need longer do no harm: the repetition has a higher sequence number, and
// when it lands, what is left of the schedule of the report before is called off; a transaction of it that is already under way is
// refused by the contract as stale. So a repetition that was not needed costs a reverted transaction, or, if the report landed after
// all and the oracles that say otherwise read nodes that lag, one more transmission of a current answer; in any case once in
// RepeatAfter. It is the same for all networks, as the oracles of one must agree on it.
const RepeatAfter = time.Minute

// Plugin is the reporting plugin of one instance; a Factory makes them. The methods are in the order of a round. All fields are
// fixed, but for the last ones.
type Plugin struct {
	source   median.DataSource
	contract Contract
	now      func() time.Time
	logger   logging.Logger

	configDigest   types.ConfigDigest
	n, f           int
	bounds         median.OnchainConfig
	offchainConfig median.OffchainConfig

	unread   logging.Taper // observations without the contract's word
	mu       sync.Mutex
	accepted uint64 // the highest sequence number of a report that this plugin accepted; it does not outlive the plugin
}

var _ ocr3types.ReportingPlugin[struct{}] = (*Plugin)(nil)

var errQueryNotEmpty = errors.New("ocr3feed: the query is not empty: the leader is faulty")

// Query is always empty: everybody knows what to observe.
func (p *Plugin) Query(context.Context, ocr3types.OutcomeContext) (types.Query, error) {
	return nil, nil
}

// Observation asks data source and contract at the same time, and the clock when the data source has answered. The price is what
// counts: a contract that cannot be read, or not in half of the time that there is, is left out.
func (p *Plugin) Observation(ctx context.Context, outctx ocr3types.OutcomeContext, query types.Query) (types.Observation, error) {
	if len(query) != 0 {
		return nil, errQueryNotEmpty
	}
	onChain := p.readOnChain(ctx)
	value, err := p.source.Observe(ctx, types.ReportTimestamp{ConfigDigest: p.configDigest, Epoch: uint32(outctx.Epoch), Round: uint8(outctx.Round)})
	now := p.now()
	seqNr := onChain()
	if err != nil {
		return nil, fmt.Errorf("ocr3feed: observing the price: %w", err)
	}
	observation, err := EncodeObservation(Observation{Price{uint32(now.Unix() & math.MaxUint32), value}, seqNr})
	if err != nil {
		return nil, fmt.Errorf("ocr3feed: the data source gave an invalid price: %w", err)
	}
	return observation, nil
}

// readOnChain begins to read the contract. The function that it returns waits until that is done, at most half of the time that the
// context has, and returns Observation.OnChain. It must be called.
func (p *Plugin) readOnChain(ctx context.Context) func() uint64 {
	cancel := context.CancelFunc(func() {})
	if deadline, ok := ctx.Deadline(); ok {
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/2) // not on the plugin's clock, which may be any
	}
	type answer struct {
		seqNr uint64
		err   error
	}
	answered := make(chan answer, 1) // holds the answer that nobody waits for any more
	go func() {
		configDigest, seqNr, err := p.contract.LatestConfigDigestAndSeqNr(ctx)
		if configDigest != p.configDigest {
			seqNr = 0
		}
		answered <- answer{seqNr, err}
	}()
	return func() uint64 {
		defer cancel()
		var a answer
		select {
		case a = <-answered:
		case <-ctx.Done():
			a.err = ctx.Err()
		}
		if a.err != nil {
			p.unread.Trigger(func(count uint64) {
				p.logger.Warn("ocr3feed: cannot read the contract, will observe without it", commontypes.LogFields{"error": a.err, "times": count})
			})
			return Unread
		}
		p.unread.Reset(func(count uint64) {
			p.logger.Info("ocr3feed: the contract can be read again", commontypes.LogFields{"times": count})
		})
		return a.seqNr
	}
}

// ValidateObservation refuses what is no observation, so that the methods after it need not look again. Any number may be a price:
// that it is a wrong one, the median takes care of.
func (p *Plugin) ValidateObservation(_ context.Context, _ ocr3types.OutcomeContext, query types.Query, ao types.AttributedObservation) error {
	if len(query) != 0 {
		return errQueryNotEmpty
	}
	_, err := DecodeObservation(ao.Observation)
	return err
}

// ObservationQuorum wants 2f+1 observations, so that the median of them lies between two by honest oracles.
func (p *Plugin) ObservationQuorum(_ context.Context, _ ocr3types.OutcomeContext, _ types.Query, aos []types.AttributedObservation) (bool, error) {
	return quorumhelper.ObservationCountReachesObservationQuorum(quorumhelper.QuorumTwoFPlusOne, p.n, p.f, aos), nil
}

// Outcome takes the medians and compares them with what was reported last. It looks at neither clock nor contract, but for what the
// observations say of them: all oracles must come to the same outcome.
func (p *Plugin) Outcome(ctx context.Context, outctx ocr3types.OutcomeContext, _ types.Query, aos []types.AttributedObservation) (ocr3types.Outcome, error) {
	var outcome Outcome
	if len(outctx.PreviousOutcome) != 0 { // as it is for the first sequence number
		previous, err := DecodeOutcome(outctx.PreviousOutcome)
		if err != nil {
			return nil, fmt.Errorf("previous outcome: %w", err)
		}
		outcome.Before, outcome.LastSeqNr = previous.Reported(), previous.LastSeqNr
	}
	observations, err := p.decode(aos)
	if err != nil {
		return nil, err
	}
	outcome.Median = medianOf(observations)
	missing := outcome.Before != nil && p.isMissing(observations, outcome.LastSeqNr)
	if outcome.Report, err = p.shouldReport(ctx, outctx.SeqNr, outcome, missing); err != nil {
		return nil, err
	}
	if outcome.Report {
		outcome.LastSeqNr = outctx.SeqNr
	}
	return outcome.Encode()
}

func (p *Plugin) decode(aos []types.AttributedObservation) ([]Observation, error) {
	// The protocol gives no fewer than ObservationQuorum asks for. With fewer, the median could be a lie.
	if len(aos) <= 2*p.f {
		return nil, fmt.Errorf("ocr3feed: %d observations, need %d", len(aos), 2*p.f+1)
	}
	list := make([]Observation, len(aos))
	for i, ao := range aos {
		var err error
		if list[i], err = DecodeObservation(ao.Observation); err != nil {
			return nil, fmt.Errorf("of oracle %d: %w", ao.Observer, err) // not after ValidateObservation
		}
	}
	return list, nil
}

// medianOf returns the median price at the median time. Of an even number, it takes the higher one of the two in the middle.
func medianOf(observations []Observation) Price {
	times, values := make([]uint32, len(observations)), make([]*big.Int, len(observations))
	for i, o := range observations {
		times[i], values[i] = o.Time, o.Value
	}
	slices.Sort(times)
	slices.SortFunc(values, (*big.Int).Cmp)
	return Price{times[len(times)/2], values[len(values)/2]}
}

// isMissing tells whether more than f observers, an honest one among them, say that the contract has nothing as new as the report.
// When it has nothing and the honest ones can read that, it is true whatever f liars say: of 2f+1 observers f+1 are honest. Unread is
// never below.
func (p *Plugin) isMissing(observations []Observation, seqNr uint64) bool {
	count := 0
	for _, o := range observations {
		if o.OnChain < seqNr {
			count++
		}
	}
	return count > p.f
}

// shouldReport tells whether the median is to be reported after what was reported before. missing tells that the latter has not
// landed.
func (p *Plugin) shouldReport(ctx context.Context, seqNr uint64, outcome Outcome, missing bool) (bool, error) {
	now, before := outcome.Median, outcome.Before
	fields := commontypes.LogFields{"seqNr": seqNr, "median": now.Value, "time": now.Time}
	if now.Value.Cmp(p.bounds.Min) < 0 || now.Value.Cmp(p.bounds.Max) > 0 {
		p.logger.Warn("ocr3feed: the median is outside of the range in the onchain config, no report", logging.MergePreserve(fields, commontypes.LogFields{
			"min": p.bounds.Min, "max": p.bounds.Max,
		}))
		return false, nil
	}
	if before == nil {
		p.logger.Debug("ocr3feed: first report under this config", fields)
		return true, nil
	}
	deviates := false
	if !p.offchainConfig.AlphaReportInfinite {
		var err error
		if deviates, err = median.DefaultDeviationFunc(ctx, p.offchainConfig.AlphaReportPPB, before.Value, now.Value); err != nil {
			return false, fmt.Errorf("ocr3feed: comparing the median with the answer before: %w", err)
		}
	}
	heartbeat := timeBetween(before.Time, now.Time) >= p.offchainConfig.DeltaC
	repeat := missing && isDueAgain(before.Time, now.Time)
	fields = logging.MergePreserve(fields, commontypes.LogFields{
		"before": before.Value, "timeBefore": before.Time, "seqNrBefore": outcome.LastSeqNr, "deviation": deviates, "heartbeat": heartbeat, "repeat": repeat,
	})
	p.logger.Debug("ocr3feed: decided whether to report", fields)
	if repeat && !deviates && !heartbeat {
		p.logger.Warn("ocr3feed: the last report has not landed, another one follows", fields)
	}
	return deviates || heartbeat || repeat, nil
}

// isDueAgain tells whether it is time to repeat a report. Unlike with the heartbeat, a time that has gone back does not count: if the
// honest clocks are far apart, f liars can move the median back and forth between them, and would get a report each time. If it has
// gone back because clocks have been put right, the heartbeat is not late for it, and ends it.
func isDueAgain(before, now uint32) bool {
	return now > before && timeBetween(before, now) >= RepeatAfter
}

// timeBetween does not ask which is later. Clocks that were ahead and have been put right must not keep the heartbeat from coming.
func timeBetween(a, b uint32) time.Duration {
	return time.Duration(max(a, b)-min(a, b)) * time.Second
}

// Reports returns the median of an outcome that says so.
func (p *Plugin) Reports(_ context.Context, _ uint64, outcome ocr3types.Outcome) ([]ocr3types.ReportPlus[struct{}], error) {
	o, err := DecodeOutcome(outcome)
	if err != nil || !o.Report {
		return nil, err
	}
	report, err := EncodeReport(o.Median)
	if err != nil {
		return nil, err
	}
	return []ocr3types.ReportPlus[struct{}]{{ReportWithInfo: ocr3types.ReportWithInfo[struct{}]{Report: report}}}, nil
}

// ShouldAcceptAttestedReport refuses reports that are superseded: by one that this plugin accepted, or by one that the contract has.
// A contract that cannot be read, or that shows another config, is no reason to refuse: it may be a node that lags. What is
// accepted is looked at again before it is sent.
func (p *Plugin) ShouldAcceptAttestedReport(ctx context.Context, seqNr uint64, report ocr3types.ReportWithInfo[struct{}]) (bool, error) {
	price, err := DecodeReport(report.Report)
	if err != nil {
		return false, err // not of a report that f+1 oracles attest to
	}
	fields := commontypes.LogFields{"seqNr": seqNr, "answer": price.Value, "time": price.Time}
	configDigest, onChain, err := p.contract.LatestConfigDigestAndSeqNr(ctx)
	switch {
	case err != nil:
		p.logger.Warn("ocr3feed: cannot read the contract, will decide when the report is to be sent", logging.MergePreserve(fields, commontypes.LogFields{"error": err}))
	case configDigest == p.configDigest && onChain >= seqNr:
		p.logger.Debug("ocr3feed: report not accepted: the contract has one that is not older", logging.MergePreserve(fields, commontypes.LogFields{"onChain": onChain}))
		return false, nil
	}
	if newest := p.accept(seqNr); newest != seqNr {
		p.logger.Debug("ocr3feed: report not accepted: a newer one is", logging.MergePreserve(fields, commontypes.LogFields{"accepted": newest}))
		return false, nil
	}
	p.logger.Debug("ocr3feed: report accepted", fields)
	return true, nil
}

// accept returns the highest sequence number accepted so far, the given one included.
func (p *Plugin) accept(seqNr uint64) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accepted = max(p.accepted, seqNr)
	return p.accepted
}

// ShouldTransmitAcceptedReport is true while the contract, under this config, has nothing as new. It does not look at what this
// plugin accepted: a newer report may still fail to land, and this one may have been accepted before a restart.
func (p *Plugin) ShouldTransmitAcceptedReport(ctx context.Context, seqNr uint64, _ ocr3types.ReportWithInfo[struct{}]) (bool, error) {
	configDigest, onChain, err := p.contract.LatestConfigDigestAndSeqNr(ctx)
	if err != nil {
		return false, fmt.Errorf("ocr3feed: reading the last transmission from the contract: %w", err)
	}
	return configDigest == p.configDigest && onChain < seqNr, nil
}

// Close does nothing: the plugin holds nothing that needs to be released.
func (p *Plugin) Close() error { return nil }
