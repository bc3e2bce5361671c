package ocr1sim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr1"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
)

var (
	errSource   = errors.New("ocr1sim: the data source fails")
	errRead     = errors.New("ocr1sim: the contract cannot be read")
	errKey      = errors.New("ocr1sim: the key does not sign")
	errTransmit = errors.New("ocr1sim: the transmission fails")
)

// Call makes a call for the machine. The call itself happens at once, in virtual time; its result arrives later.
func (n *node) Call(effect kernel.Effect) {
	n.sim.checkers.Called(n, effect)
	faults := &n.sim.options.Faults
	switch e := effect.(type) {
	case kernel.Verify:
		n.Verify(e, n.sim.keys.verify)
	case ocr1.RecoverSigners:
		n.Answer(engine.Between(n.Random, 0, engine.MaxVerifyTime), e.ID, ocr1.SignersRecovered{ID: e.ID, Signers: n.signers(&e)})
	case kernel.SignOffchain:
		n.sign(e.ID, func() []byte { return n.sim.keys.signOffchain(n.ID, e.Message) })
	case ocr1.SignOnchain:
		n.sign(e.ID, func() []byte {
			n.sim.checkers.signs(n, &e)
			return n.sim.keys.signReport(n.ID, e.Report)
		})

	case ocr1.CallObserve:
		n.CallWithin(e.ID, e.Timeout+e.Grace, faults.PluginErrors, faults.PluginSlow, errSource, context.DeadlineExceeded, func(fails error) ocr1.Event {
			value := n.sim.options.Value(n.ID, e.Round.Epoch, e.Round.Round)
			n.sim.checkers.observes(n, &e, value)
			return ocr1.ObserveDone{ID: e.ID, Value: value, Err: fails}
		})
	case ocr1.CallReportInputs:
		n.readContract(e.ID, e.Timeout, func(fails error) ocr1.Event {
			done := ocr1.ReportInputsDone{ID: e.ID, Override: n.override, Err: fails}
			if fails == nil {
				done.Contract, done.Err = n.sim.contract.state()
				done.Requested = n.sim.contract.requestedWithin(e.Lookback)
			}
			return done
		})
	case ocr1.CallContractState:
		n.readContract(e.ID, e.Timeout, func(fails error) ocr1.Event {
			done := ocr1.ContractStateDone{ID: e.ID, Override: n.override, Err: fails}
			if fails == nil {
				done.Contract, done.Err = n.sim.contract.state()
			}
			return done
		})

	case rounds.EpochStarted, rounds.RoundStarted, rounds.Count:
	case kernel.Dropped, kernel.Log:
	default:
		panic(fmt.Sprintf("ocr1sim: the machine asks for an unknown effect %T", e))
	}
}

// readContract reads the contract, which may be as slow as the data source.
func (n *node) readContract(id kernel.CallID, timeout time.Duration, do func(fails error) ocr1.Event) {
	n.CallWithin(id, timeout, 0, n.sim.options.Faults.PluginSlow, nil, context.DeadlineExceeded, do)
}

func (n *node) sign(id kernel.CallID, do func() []byte) {
	n.SignWith(id, n.sim.options.Faults.KeyErrors, errKey, do)
}

// signers says who signed a report. The break takes unknown signatures for those of oracles who have not signed otherwise.
func (n *node) signers(e *ocr1.RecoverSigners) []int {
	signers, taken := make([]int, len(e.Signatures)), map[int]bool{}
	for i := range signers {
		signers[i] = n.sim.keys.signer(e.Report, e.Signatures[i])
		taken[signers[i]] = true
	}
	if n.sim.options.breaks.AcceptAllSignatures {
		next := 0
		for i := range signers {
			for ; signers[i] < 0; next++ {
				if !taken[next] {
					signers[i] = next
				}
			}
		}
	}
	return signers
}

// Transmit sends a report to the contract.
func (n *node) Transmit(effect kernel.Effect) {
	if e, ok := effect.(ocr1.CallTransmit); ok {
		n.CallTransmit(e.ID, n.sim.options.Faults.TransmitErrors, errTransmit,
			func() error { return n.sim.contract.transmit(n.ID, e.Report, e.Rs, e.Ss, e.Vs) },
			func(err error) ocr1.Event { return rounds.TransmitDone{ID: e.ID, Err: err} })
	}
}
