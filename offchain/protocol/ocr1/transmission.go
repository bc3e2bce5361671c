package ocr1

import (
	"crypto/sha256"
	"fmt"
	"math/big"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
)

// transmission brings attested reports to the contract, if they are worth it by what the contract has.
//
// Source: docs/protocol/ocr1.md, "Transmission".
type transmission struct {
	*core
	rounds.Transmission[attested, ocr1types.PendingTransmission]
	// The last report that was accepted for transmission, whether or not this oracle is among those that transmit it.
	accepted       Round
	acceptedMedian *big.Int
}

// attested is a report with the signatures of more than f oracles, in the form in which the contract takes it.
type attested struct {
	round   Round
	pending ocr1types.PendingTransmission // without the time
}

func newTransmission(c *core) *transmission {
	t := &transmission{core: c}
	t.Init(c.Core, t)
	return t
}

// transmit takes a report whose signatures are valid.
func (t *transmission) transmit(m *ocr1wire.Final) {
	round := Round{Epoch: m.Epoch, Round: m.Round}
	report, err := t.onchainReport(round, m.AttestedReport.Observations)
	if err == nil && len(m.AttestedReport.Observations) > 0 {
		p := ocr1types.PendingTransmission{Median: ocr1wire.Median(m.AttestedReport.Observations), SerializedReport: report}
		if p.Rs, p.Ss, p.Vs, err = ocr1wire.SplitSignatures(m.AttestedReport.Signatures); err == nil {
			t.Take(attested{round, p})
			return
		}
	}
	t.Log(kernel.LogError, "a report cannot be given to the contract", "epoch", m.Epoch, "round", m.Round, "error", err)
}

func (*transmission) RoundOf(a attested) Round { return a.round }

func (t *transmission) Accept(a attested, done func(bool)) {
	t.compare(a.round, done, func(ev ContractStateDone) bool {
		median := (*big.Int)(a.pending.Median)
		alphaPPB, _ := t.cfg.thresholds(ev.Override)
		worth := worthTransmitting(a.round, ev.Contract.Round, t.accepted, median, t.acceptedMedian, alphaPPB)
		if worth {
			t.accepted, t.acceptedMedian = a.round, median
		}
		return worth
	})
}

func (t *transmission) Decide(r Round, _ ocr1types.PendingTransmission, done func(bool)) {
	t.compare(r, done, func(ev ContractStateDone) bool { return ev.Contract.Round.Less(r) })
}

// compare has decide look at a report beside the latest one on the contract. Where that is unknown, or of another
// configuration, the report is not to be transmitted.
func (t *transmission) compare(r Round, done func(bool), decide func(ContractStateDone) bool) {
	call := kernel.Call(&t.Desk, func(ev ContractStateDone) {
		if ev.Err != nil {
			t.Log(kernel.LogError, "the contract's state is unknown; the report is not transmitted by this oracle",
				"epoch", r.Epoch, "round", r.Round, "error", ev.Err)
		}
		done(ev.Err == nil && ev.Contract.ConfigDigest == t.cfg.ConfigDigest && decide(ev))
	})
	t.Emit(CallContractState{call, r, t.cfg.BlockchainTimeout})
}

func (*transmission) Scheduled(Round, map[commontypes.OracleID]time.Duration) {}

func (*transmission) Pending(a attested, due time.Time) ocr1types.PendingTransmission {
	a.pending.Time = due
	return a.pending
}

func (*transmission) Due(p ocr1types.PendingTransmission) time.Time { return p.Time }

// Keep keeps what is not due yet, and the latest report of what has been.
func (t *transmission) Keep(p *rounds.Pending[ocr1types.PendingTransmission], overdue Round) bool {
	return !p.Time.Before(t.Now) || p.Round == overdue
}

func (*transmission) Identify(p ocr1types.PendingTransmission) [32]byte {
	return sha256.Sum256(p.SerializedReport)
}

func (*transmission) Summary(p ocr1types.PendingTransmission) string {
	return fmt.Sprintf("median=%d", (*big.Int)(p.Median))
}

func (t *transmission) Transmit(call kernel.CallID, r Round, p ocr1types.PendingTransmission) kernel.Effect {
	return CallTransmit{call, r, p.SerializedReport, p.Rs, p.Ss, p.Vs, t.cfg.ContractTransmitterTransmitTimeout}
}
