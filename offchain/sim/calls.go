package sim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/types"
)

var (
	errPlugin   = errors.New("sim: the plugin fails")
	errKey      = errors.New("sim: the key does not sign")
	errTransmit = errors.New("sim: the transmission fails")
)

// call makes a call for the machine. The call itself happens at once, in virtual time; its result arrives later.
func (n *node) call(effect kernel.Effect) {
	n.sim.checkers.called(n, effect)
	ctx := context.Background()
	switch e := effect.(type) {
	case kernel.Verify:
		n.answer(engine.Between(n.random, 0, maxVerifyTime), e.ID, kernel.Verified{ID: e.ID, Bad: n.firstBad(e.Checks)})
	case kernel.SignOffchain:
		n.sign(e.ID, func() []byte { return n.sim.keys.signOffchain(n.id, e.Message) })
	case ocr2.SignReport:
		n.sign(e.ID, func() []byte {
			n.sim.checkers.signs(n, &e)
			return n.sim.keys.signOnchain(n.id, e.Context, e.Report)
		})

	case ocr2.CallQuery:
		n.callPlugin(e.ID, e.Timeout, func(fails error) ocr2.Event {
			if fails != nil {
				return ocr2.QueryDone{ID: e.ID, Err: fails}
			}
			query, err := n.plugin.Query(ctx, e.Timestamp)
			return ocr2.QueryDone{ID: e.ID, Query: query, Err: within("query", len(query), n.limits.MaxQueryLength, err)}
		})
	case ocr2.CallObservation:
		n.callPlugin(e.ID, e.Timeout, func(fails error) ocr2.Event {
			if fails != nil {
				return ocr2.ObservationDone{ID: e.ID, Err: fails}
			}
			observation, err := n.plugin.Observation(ctx, e.Timestamp, e.Query)
			err = within("observation", len(observation), n.limits.MaxObservationLength, err)
			if err == nil {
				n.sim.checkers.observes(n, &e, observation)
			}
			return ocr2.ObservationDone{ID: e.ID, Observation: observation, Err: err}
		})
	case ocr2.CallReport:
		n.callPlugin(e.ID, e.Timeout, func(fails error) ocr2.Event {
			if fails != nil {
				return ocr2.ReportDone{ID: e.ID, Err: fails}
			}
			should, report, err := n.plugin.Report(ctx, e.Timestamp, e.Query, e.Observations)
			return ocr2.ReportDone{ID: e.ID, ShouldReport: should, Report: report, Err: within("report", len(report), n.limits.MaxReportLength, err)}
		})
	case ocr2.CallShouldAccept:
		n.callPlugin(e.ID, e.Timeout, func(fails error) ocr2.Event {
			if fails != nil {
				return ocr2.ShouldAcceptDone{ID: e.ID, Err: fails}
			}
			accept, err := n.plugin.ShouldAcceptFinalizedReport(ctx, e.Timestamp, e.Report)
			return ocr2.ShouldAcceptDone{ID: e.ID, Accept: accept, Err: err}
		})
	case ocr2.CallShouldTransmit:
		n.callPlugin(e.ID, e.Timeout, func(fails error) ocr2.Event {
			if fails != nil {
				return ocr2.ShouldTransmitDone{ID: e.ID, Err: fails}
			}
			transmit, err := n.plugin.ShouldTransmitAcceptedReport(ctx, e.Timestamp, e.Report)
			return ocr2.ShouldTransmitDone{ID: e.ID, Transmit: transmit, Err: err}
		})

	case ocr2.EpochStarted, ocr2.RoundStarted, ocr2.ScheduleComputed, ocr2.AcceptComputed, ocr2.TransmitComputed, ocr2.Count:
	case kernel.Dropped, kernel.Log:
	default:
		panic(fmt.Sprintf("sim: the machine asks for an unknown effect %T", e))
	}
}

// within holds a plugin to the limits that it declared.
func within(what string, length, limit int, err error) error {
	if err == nil && length > limit {
		return fmt.Errorf("sim: the plugin's %s has %d bytes, but its limits allow %d", what, length, limit)
	}
	return err
}

// callPlugin makes a call with a deadline. do is told if the call is to fail.
func (n *node) callPlugin(id kernel.CallID, timeout time.Duration, do func(fails error) ocr2.Event) {
	faults := &n.sim.options.Faults
	took := min(engine.Between(n.random, 0, maxPluginTime), timeout)
	switch {
	case n.sim.Healed || n.hand != nil:
	case engine.Chance(n.random, faults.PluginErrors):
		n.sim.stats.PluginFaults++
		n.answer(took, id, do(errPlugin))
		return
	case engine.Chance(n.random, faults.PluginSlow):
		n.sim.stats.PluginFaults++
		if n.random.IntN(2) == 0 { // late
			do(nil)
			n.answer(timeout, id, do(context.DeadlineExceeded))
			return
		}
		took = engine.Between(n.random, 0, timeout)
	}
	n.answer(took, id, do(nil))
}

func (n *node) sign(id kernel.CallID, do func() []byte) {
	took := engine.Between(n.random, 0, maxKeyTime)
	if !n.sim.Healed && n.hand == nil && engine.Chance(n.random, n.sim.options.Faults.KeyErrors) {
		n.sim.stats.Faults++
		n.answer(took, id, kernel.Signed{ID: id, Err: errKey})
		return
	}
	n.answer(took, id, kernel.Signed{ID: id, Signature: do()})
}

func (n *node) firstBad(checks []kernel.SignatureCheck) int {
	if n.sim.options.breaks.acceptAllSignatures {
		return -1
	}
	for i := range checks {
		if !n.sim.keys.verify(&checks[i]) {
			return i
		}
	}
	return -1
}

// transmit sends a report to the contract. The transaction outlives a crash of its sender.
func (n *node) transmit(e ocr2.CallTransmit) {
	n.sim.stats.Transmissions++
	took := engine.Between(n.random, time.Millisecond, maxTransmitTime)
	fails := !n.sim.Healed && engine.Chance(n.random, n.sim.options.Faults.TransmitErrors)
	if fails {
		n.sim.stats.Faults++
		if n.random.IntN(2) == 0 {
			n.answer(took, e.ID, ocr2.TransmitDone{ID: e.ID, Err: errTransmit})
			return
		}
	}
	seesRevert := n.random.IntN(2) == 0
	life := n.life
	signatures := append([]types.AttributedOnchainSignature(nil), e.Signatures...)
	n.sim.At(n.sim.Now+took, func() {
		err := n.sim.contract.transmit(n.id, e.Context, e.Report, signatures)
		if n.life != life {
			return
		}
		if fails {
			err = errTransmit
		} else if !seesRevert {
			err = nil
		}
		n.answer(0, e.ID, ocr2.TransmitDone{ID: e.ID, Err: err})
	})
}
