package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
)

var (
	errPlugin   = errors.New("sim: the plugin fails")
	errKey      = errors.New("sim: the key does not sign")
	errTransmit = errors.New("sim: the transmission fails")
)

// Call makes a call for the machine. The call itself happens at once, in virtual time; its result arrives later.
func (n *node) Call(effect kernel.Effect) {
	n.sim.checkers.Called(n, effect)
	ctx := context.Background()
	switch e := effect.(type) {
	case kernel.Verify:
		n.Verify(e, n.sim.keys.verify)
	case kernel.SignOffchain:
		n.sign(e.ID, func() []byte { return n.sim.keys.signOffchain(n.ID, e.Message) })
	case ocr2.SignReport:
		n.sign(e.ID, func() []byte {
			n.sim.checkers.signs(n, &e)
			return n.sim.keys.signOnchain(n.ID, e.Context, e.Report)
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

	case rounds.EpochStarted, rounds.RoundStarted, ocr2.ScheduleComputed, ocr2.AcceptComputed, ocr2.TransmitComputed, rounds.Count:
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
	n.CallWithin(id, timeout, faults.PluginErrors, faults.PluginSlow, errPlugin, context.DeadlineExceeded, do)
}

func (n *node) sign(id kernel.CallID, do func() []byte) {
	n.SignWith(id, n.sim.options.Faults.KeyErrors, errKey, do)
}

// Transmit sends a report to the contract.
func (n *node) Transmit(effect kernel.Effect) {
	if e, ok := effect.(ocr2.CallTransmit); ok {
		signatures := slices.Clone(e.Signatures)
		n.CallTransmit(e.ID, n.sim.options.Faults.TransmitErrors, errTransmit,
			func() error { return n.sim.contract.transmit(n.ID, e.Context, e.Report, signatures) },
			func(err error) ocr2.Event { return rounds.TransmitDone{ID: e.ID, Err: err} })
	}
}
