package devnet

import (
	"context"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"

	"github.com/ocrkit/ocrkit/cmd/ocrnode/oracle"
	"github.com/ocrkit/ocrkit/gen/ocr3"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/plugins/ocr3feed"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// noContract has no report.
type noContract struct{}

func (noContract) LatestConfigDigestAndSeqNr(context.Context) (types.ConfigDigest, uint64, error) {
	return types.ConfigDigest{}, 0, nil
}

// witnesses makes the plugins of the honest oracles of a network of four.
func witnesses(t *testing.T, p *ocr3Protocol) []ocr3types.ReportingPlugin[struct{}] {
	t.Helper()
	onchain, err := median.StandardOnchainConfigCodec{}.Encode(t.Context(), median.OnchainConfig{Min: minAnswer, Max: maxAnswer})
	if err != nil {
		t.Fatal(err)
	}
	var plugins []ocr3types.ReportingPlugin[struct{}]
	for i := range 3 {
		var args oracle.OracleArgs
		p.equip(&args, honestSource{p.market, commontypes.OracleID(i)})
		factory := args.WrapOCR3Plugin(ocr3feed.Factory{
			DataSource: args.Sources.Value, Contract: noContract{}, Now: func() time.Time { return time.Unix(1000, 0) },
		})
		plugin, _, err := factory.NewReportingPlugin(t.Context(), ocr3types.ReportingPluginConfig{
			N: 4, F: 1, OnchainConfig: onchain, OffchainConfig: median.OffchainConfig{DeltaC: heartbeat}.Encode(),
		})
		if err != nil {
			t.Fatal(err)
		}
		plugins = append(plugins, plugin)
	}
	return plugins
}

// play makes a round in which oracle 3 lies, and returns the outcome.
func play(t *testing.T, plugins []ocr3types.ReportingPlugin[struct{}], at ocr3types.OutcomeContext, lie int64) ocr3feed.Outcome {
	t.Helper()
	var aos []types.AttributedObservation
	for i, p := range plugins {
		observation, err := p.Observation(t.Context(), at, nil)
		if err != nil {
			t.Fatal(err)
		}
		aos = append(aos, types.AttributedObservation{Observation: observation, Observer: commontypes.OracleID(i)})
	}
	invented, err := ocr3feed.DecodeObservation(aos[0].Observation)
	if err != nil {
		t.Fatal(err)
	}
	invented.Value = big.NewInt(lie)
	lies, err := ocr3feed.EncodeObservation(invented)
	if err != nil {
		t.Fatal(err)
	}
	aos = append(aos, types.AttributedObservation{Observation: lies, Observer: 3})
	var outcome ocr3feed.Outcome
	for _, p := range plugins {
		encoded, err := p.Outcome(t.Context(), at, nil, aos)
		if err != nil {
			t.Fatal(err)
		}
		if outcome, err = ocr3feed.DecodeOutcome(encoded); err != nil {
			t.Fatal(err)
		}
	}
	return outcome
}

// landed is the log of a report.
func landed(roundID, seqNr uint64, answer *big.Int, observationsTimestamp uint32) *ethtypes.Log {
	word := func(v uint64) common.Hash { return common.BigToHash(new(big.Int).SetUint64(v)) }
	digest := common.Hash{1}
	return &ethtypes.Log{
		Topics: []common.Hash{ocr3.NewTransmissionTopic, word(roundID)},
		Data: slices.Concat(common.BigToHash(answer).Bytes(), common.BytesToHash([]byte{9}).Bytes(), word(uint64(observationsTimestamp)).Bytes(),
			digest.Bytes(), word(seqNr).Bytes()),
	}
}

func TestReportsOfOCR3AreTracedBack(t *testing.T) {
	m := newMarket(steps{}, 1)
	p := newProtocol(oracle.Kind{Protocol: oracle.OCR3, Verifier: oracle.ECDSA}, m).(*ocr3Protocol)
	plugins := witnesses(t, p)
	// The leader of epoch 2 has an outcome computed that is not agreed on; that of epoch 3, after the market has moved, another one.
	lost := play(t, plugins, ocr3types.OutcomeContext{SeqNr: 1, Epoch: 2, Round: 1}, 5)
	m.advance(10)
	agreed := play(t, plugins, ocr3types.OutcomeContext{SeqNr: 1, Epoch: 3, Round: 4}, 1<<40)
	if lost.Median.Value.Cmp(agreed.Median.Value) == 0 {
		t.Fatal("both outcomes are the same")
	}
	w := &watcher{protocol: p, market: m}
	r, err := w.report(landed(1, 1, agreed.Median.Value, agreed.Median.Time))
	if err != nil {
		t.Fatal(err)
	}
	if r.OutOfRange != "" || r.Epoch != 3 || r.Round != 4 || r.SeqNr != 1 || r.RoundID != 1 || r.Label != "k" {
		t.Errorf("the report is %+v, want that of epoch 3 round 4", r)
	}
	if len(r.Observers) != 4 || r.Observers[3] != 3 || r.Observations[2].Cmp(&r.Answer.Int) != 0 {
		t.Errorf("observations %v of %v: want four, that of the liar last, the answer third", r.Observations, r.Observers)
	}

	// What no honest oracle computed is no report of theirs.
	agreed = play(t, plugins, ocr3types.OutcomeContext{SeqNr: 2, Epoch: 3, Round: 5}, 5)
	for name, log := range map[string]*ethtypes.Log{
		"another answer": landed(2, 2, new(big.Int).Add(agreed.Median.Value, big.NewInt(1)), agreed.Median.Time),
		"another time":   landed(2, 2, agreed.Median.Value, agreed.Median.Time+1),
		"another number": landed(2, 3, agreed.Median.Value, agreed.Median.Time),
	} {
		again := &ocr3Protocol{market: m, outcomes: map[uint64][]outcome{2: slices.Clone(p.outcomes[2])}}
		r, err := (&watcher{protocol: again, market: m}).report(log)
		if err != nil || !strings.Contains(r.OutOfRange, "none that an honest oracle computed") {
			t.Errorf("%s: %q, %v", name, r.OutOfRange, err)
		}
	}
	if _, err := w.report(&ethtypes.Log{Topics: []common.Hash{ocr3.NewTransmissionTopic}}); err == nil {
		t.Error("a log without data is a report")
	}
}

func TestUnreportedOutcomesAreForgotten(t *testing.T) {
	p := &ocr3Protocol{market: newMarket(steps{}, 1)}
	for seqNr := range uint64(3 * maxRoundsRemembered) {
		p.computed(seqNr, outcome{round: round{1, seqNr}})
		p.computed(seqNr, outcome{round: round{1, seqNr}})
	}
	if n := len(p.outcomes); n > maxRoundsRemembered+1 {
		t.Errorf("%d sequence numbers are remembered", n)
	}
	if n := len(p.outcomes[3*maxRoundsRemembered-1]); n != 1 {
		t.Errorf("what two oracles computed is remembered %d times", n)
	}
}
