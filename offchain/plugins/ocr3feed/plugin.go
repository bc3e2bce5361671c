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

// Plugin is the reporting plugin of one instance; a Factory makes them. The methods are in the order of a round. All fields but
// accepted are fixed.
type Plugin struct {
	source   median.DataSource
	contract Contract
	now      func() time.Time
	logger   logging.Logger

	configDigest   types.ConfigDigest
	n, f           int
	bounds         median.OnchainConfig
	offchainConfig median.OffchainConfig

	mu       sync.Mutex
	accepted uint64 // the highest sequence number of a report that this plugin accepted; it does not outlive the plugin
}

var _ ocr3types.ReportingPlugin[struct{}] = (*Plugin)(nil)

var errQueryNotEmpty = errors.New("ocr3feed: the query is not empty: the leader is faulty")

// Query is always empty: everybody knows what to observe.
func (p *Plugin) Query(context.Context, ocr3types.OutcomeContext) (types.Query, error) {
	return nil, nil
}

// Observation asks the data source, and the clock when that has answered.
func (p *Plugin) Observation(ctx context.Context, outctx ocr3types.OutcomeContext, query types.Query) (types.Observation, error) {
	if len(query) != 0 {
		return nil, errQueryNotEmpty
	}
	value, err := p.source.Observe(ctx, types.ReportTimestamp{ConfigDigest: p.configDigest, Epoch: uint32(outctx.Epoch), Round: uint8(outctx.Round)})
	if err != nil {
		return nil, fmt.Errorf("ocr3feed: observing the price: %w", err)
	}
	observation, err := EncodeObservation(Price{uint32(p.now().Unix() & math.MaxUint32), value})
	if err != nil {
		return nil, fmt.Errorf("ocr3feed: the data source gave an invalid price: %w", err)
	}
	return observation, nil
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

// Outcome takes the medians and compares them with what was reported last. It looks at neither clock nor contract: all oracles must
// come to the same outcome.
func (p *Plugin) Outcome(ctx context.Context, outctx ocr3types.OutcomeContext, _ types.Query, aos []types.AttributedObservation) (ocr3types.Outcome, error) {
	var outcome Outcome
	if len(outctx.PreviousOutcome) != 0 { // as it is for the first sequence number
		previous, err := DecodeOutcome(outctx.PreviousOutcome)
		if err != nil {
			return nil, fmt.Errorf("previous outcome: %w", err)
		}
		outcome.Before = previous.Reported()
	}
	var err error
	if outcome.Median, err = p.median(aos); err != nil {
		return nil, err
	}
	if outcome.Report, err = p.shouldReport(ctx, outctx.SeqNr, outcome.Median, outcome.Before); err != nil {
		return nil, err
	}
	return outcome.Encode()
}

// median returns the median price at the median time. Of an even number, it takes the higher one of the two in the middle.
func (p *Plugin) median(aos []types.AttributedObservation) (Price, error) {
	// The protocol gives no fewer than ObservationQuorum asks for. With fewer, the median could be a lie.
	if len(aos) <= 2*p.f {
		return Price{}, fmt.Errorf("ocr3feed: %d observations, need %d", len(aos), 2*p.f+1)
	}
	times, values := make([]uint32, len(aos)), make([]*big.Int, len(aos))
	for i, ao := range aos {
		price, err := DecodeObservation(ao.Observation)
		if err != nil {
			return Price{}, fmt.Errorf("of oracle %d: %w", ao.Observer, err) // not after ValidateObservation
		}
		times[i], values[i] = price.Time, price.Value
	}
	slices.Sort(times)
	slices.SortFunc(values, (*big.Int).Cmp)
	return Price{times[len(times)/2], values[len(values)/2]}, nil
}

// shouldReport tells whether the median is to be reported after what was reported before, which is nil if nothing was.
func (p *Plugin) shouldReport(ctx context.Context, seqNr uint64, now Price, before *Price) (bool, error) {
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
	p.logger.Debug("ocr3feed: decided whether to report", logging.MergePreserve(fields, commontypes.LogFields{
		"before": before.Value, "timeBefore": before.Time, "deviation": deviates, "heartbeat": heartbeat,
	}))
	return deviates || heartbeat, nil
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
