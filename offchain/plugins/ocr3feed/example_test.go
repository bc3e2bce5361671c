package ocr3feed_test

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/plugins/ocr3feed"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// ticker is a data source that knows one price.
type ticker int64

func (t ticker) Observe(context.Context, types.ReportTimestamp) (*big.Int, error) {
	return big.NewInt(int64(t)), nil
}

// nothingYet is a contract without reports.
type nothingYet struct{}

func (nothingYet) LatestConfigDigestAndSeqNr(context.Context) (types.ConfigDigest, uint64, error) {
	return types.ConfigDigest{}, 0, nil
}

// Rounds played by hand: what the protocol does with the plugins of four oracles, one of which may be faulty.
func Example() {
	ctx := context.Background()
	onchainConfig, err := median.StandardOnchainConfigCodec{}.Encode(ctx, median.OnchainConfig{Min: big.NewInt(1), Max: big.NewInt(1_000_000)})
	if err != nil {
		panic(err)
	}
	const percent = 10_000_000 // in parts per billion
	offchainConfig := median.OffchainConfig{AlphaReportPPB: percent, DeltaC: time.Hour}

	var previous ocr3types.Outcome
	for round, prices := range [][]int64{{5000, 5001, 9}, {5002, 5003, 5004}, {5051, 5052, 5053}} {
		outctx := ocr3types.OutcomeContext{SeqNr: uint64(round + 1), PreviousOutcome: previous}
		var plugin ocr3types.ReportingPlugin[struct{}]
		var observations []types.AttributedObservation
		for i, price := range prices { // one oracle is too late
			factory := ocr3feed.Factory{DataSource: ticker(price), Contract: nothingYet{}, Now: func() time.Time { return time.Unix(1_700_000_000, 0) }}
			plugin, _, err = factory.NewReportingPlugin(ctx, ocr3types.ReportingPluginConfig{N: 4, F: 1, OnchainConfig: onchainConfig, OffchainConfig: offchainConfig.Encode()})
			if err != nil {
				panic(err)
			}
			observation, err := plugin.Observation(ctx, outctx, nil)
			if err != nil {
				panic(err)
			}
			observations = append(observations, types.AttributedObservation{Observation: observation, Observer: commontypes.OracleID(i)})
		}
		outcome, err := plugin.Outcome(ctx, outctx, nil, observations)
		if err != nil {
			panic(err)
		}
		reports, err := plugin.Reports(ctx, outctx.SeqNr, outcome)
		if err != nil {
			panic(err)
		}
		fmt.Printf("round %d: %d reports", outctx.SeqNr, len(reports))
		for _, r := range reports {
			price, err := ocr3feed.DecodeReport(r.ReportWithInfo.Report)
			if err != nil {
				panic(err)
			}
			fmt.Printf(", answer %d", price.Value)
		}
		fmt.Println()
		previous = outcome
	}
	// Output:
	// round 1: 1 reports, answer 5000
	// round 2: 0 reports
	// round 3: 1 reports, answer 5052
}
