package ocr1

import (
	"crypto/sha256"
	"math/big"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
)

// transmission brings attested reports to the contract, if they are worth it.
//
// Source: docs/protocol/ocr1.md, "Transmission".
type transmission struct {
	*rounds.Transmission[attested, ocr1types.PendingTransmission]
	rules *transmissionRules
}

// attested is a report with the signatures of more than f oracles, in the form in which the contract takes it.
type attested struct {
	round   Round
	pending ocr1types.PendingTransmission // without the time
}

func newTransmission(c *core) *transmission {
	rules := &transmissionRules{core: c}
	return &transmission{rounds.NewTransmission[attested, ocr1types.PendingTransmission](c.Core, rules), rules}
}

// transmit takes a report whose signatures are valid.
func (t *transmission) transmit(m *ocr1wire.Final) {
	round := Round{Epoch: m.Epoch, Round: m.Round}
	report, err := t.rules.onchainReport(round, m.AttestedReport.Observations)
	if err == nil && len(m.AttestedReport.Observations) > 0 {
		p := ocr1types.PendingTransmission{Median: ocr1wire.Median(m.AttestedReport.Observations), SerializedReport: report}
		if p.Rs, p.Ss, p.Vs, err = ocr1wire.SplitSignatures(m.AttestedReport.Signatures); err == nil {
			t.Take(attested{round, p})
			return
		}
	}
	t.Log(kernel.LogError, "a report cannot be given to the contract", "epoch", m.Epoch, "round", m.Round, "error", err)
}

// restore takes up what was accepted before a restart: what is not due yet, and the latest report of what is.
func (t *transmission) restore(stored map[ocr1types.ReportTimestamp]ocr1types.PendingTransmission) {
	var list []rounds.Pending[ocr1types.PendingTransmission]
	var latest Round // of what is due
	for ts, p := range stored {
		if ts.ConfigDigest != t.rules.cfg.ConfigDigest {
			continue
		}
		round := Round{Epoch: ts.Epoch, Round: ts.Round}
		list = append(list, rounds.Pending[ocr1types.PendingTransmission]{Round: round, Time: p.Time, What: p})
		if p.Time.Before(t.Now) && latest.Less(round) {
			latest = round
		}
	}
	t.Restore(list, func(p *rounds.Pending[ocr1types.PendingTransmission]) bool {
		return !p.Time.Before(t.Now) || p.Round == latest
	})
}

// transmissionRules decide by what the contract has.
type transmissionRules struct {
	*core
	// The last report that was accepted for transmission, whether or not this oracle is among those that transmit it.
	accepted       Round
	acceptedMedian *big.Int
}

func (*transmissionRules) RoundOf(a attested) Round { return a.round }

func (t *transmissionRules) Accept(a attested, done func(bool)) {
	t.compare(a.round, done, func(contract Round, override *ocr1types.ConfigOverride) bool {
		median := (*big.Int)(a.pending.Median)
		alphaPPB, _ := t.cfg.thresholds(override)
		worth := worthTransmitting(a.round, contract, t.accepted, median, t.acceptedMedian, alphaPPB)
		if worth {
			t.accepted, t.acceptedMedian = a.round, median
		}
		return worth
	})
}

func (t *transmissionRules) Decide(r Round, _ ocr1types.PendingTransmission, done func(bool)) {
	t.compare(r, done, func(contract Round, _ *ocr1types.ConfigOverride) bool { return contract.Less(r) })
}

// compare has decide look at a report beside the latest one on the contract. Where that is unknown, or of another
// configuration, the report is not to be transmitted.
func (t *transmissionRules) compare(
	r Round, done func(bool), decide func(contract Round, override *ocr1types.ConfigOverride) bool,
) {
	call := kernel.Call(&t.Desk, func(ev ContractStateDone) {
		if ev.Err != nil {
			t.Log(kernel.LogError, "the contract's state is unknown; the report is not transmitted by this oracle",
				"epoch", r.Epoch, "round", r.Round, "error", ev.Err)
		}
		done(ev.Err == nil && ev.Contract.ConfigDigest == t.cfg.ConfigDigest &&
			decide(Round{Epoch: ev.Contract.Epoch, Round: ev.Contract.Round}, ev.Override))
	})
	t.Emit(CallContractState{call, t.timestamp(r), t.cfg.BlockchainTimeout})
}

func (*transmissionRules) Scheduled(Round, map[commontypes.OracleID]time.Duration) {}

func (*transmissionRules) Pending(a attested, due time.Time) ocr1types.PendingTransmission {
	a.pending.Time = due
	return a.pending
}

func (*transmissionRules) Identify(p ocr1types.PendingTransmission) [32]byte {
	return sha256.Sum256(p.SerializedReport)
}

func (t *transmissionRules) Store(r Round, p ocr1types.PendingTransmission) {
	t.Emit(StorePending{t.timestamp(r), p})
}

func (t *transmissionRules) Delete(r Round) { t.Emit(DeletePending{t.timestamp(r)}) }

func (t *transmissionRules) Transmit(r Round, p ocr1types.PendingTransmission, done func(error)) {
	call := kernel.Call(&t.Desk, func(ev TransmitDone) { done(ev.Err) })
	t.Emit(CallTransmit{
		call, t.timestamp(r), p.SerializedReport, p.Rs, p.Ss, p.Vs, t.cfg.ContractTransmitterTransmitTimeout,
	})
}
