package ocr1sim

import (
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/p2p/limits"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr1"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/roundsim"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
)

type (
	simulator = roundsim.Sim[ocr1wire.Message, ocr1types.PendingTransmission]
	oracle    = roundsim.Oracle[ocr1wire.Message, ocr1types.PendingTransmission]
)

// node is one oracle, with what its driver needs for OCR1.
type node struct {
	oracle
	sim      *simulation
	hand     *Hand // nil unless this is a traitor
	override *ocr1types.ConfigOverride
	machine  *ocr1.Machine
	status   ocr1.Status // after the last step
	before   ocr1.Status // before it
	view     view        // what checkers know of this oracle
}

func (n *node) Boot() roundsim.Machine {
	n.machine = ocr1.New(n.sim.config(n.ID))
	n.status = ocr1.Status{}
	return n.machine
}

func (n *node) Halt() {}

func (n *node) Status() rounds.Status {
	n.before, n.status = n.status, n.machine.Status()
	return n.status.Status
}

func (n *node) ContractEpoch() (epoch uint32, known bool) {
	state, err := n.sim.contract.state()
	return state.Round.Epoch, err == nil
}

func (n *node) Decode(b []byte) (ocr1wire.Message, error) {
	if len(b) > limits.MaxOCRMsgLength {
		return nil, fmt.Errorf("ocr1sim: a message of %d bytes", len(b))
	}
	return ocr1wire.Decode(b)
}

// CheckSize refuses messages that could not be decoded if they came as bytes.
func (n *node) CheckSize(m ocr1wire.Message) error {
	if size := ocr1wire.EncodedSize(m); size == 0 || size > limits.MaxOCRMsgLength || entries(m) > ocr1types.MaxOracles {
		return fmt.Errorf("ocr1sim: a message of %d bytes with %d entries", size, entries(m))
	}
	return nil
}

// entries is the length of the longest list in a message.
func entries(m ocr1wire.Message) int {
	switch m := m.(type) {
	case *ocr1wire.ReportReq:
		return len(m.Observations)
	case *ocr1wire.Report:
		return len(m.AttestedReport.Observations)
	case *ocr1wire.Final:
		return max(len(m.AttestedReport.Observations), len(m.AttestedReport.Signatures))
	case *ocr1wire.FinalEcho:
		return entries(&m.Final)
	}
	return 0
}

func (n *node) Started(start any)         { n.sim.checkers.Started(n, start.(*ocr1.Start)) }
func (n *node) Left(effect kernel.Effect) { n.sim.checkers.Left(n, effect) }
func (n *node) Stepped(ev ocr1.Event)     { n.sim.checkers.Stepped(n, ev, &n.before, &n.status) }
func (n *node) Tick()                     { n.hand.traitor.Tick(n.hand) }
func (n *node) Delivered(from commontypes.OracleID, m ocr1wire.Message) {
	n.sim.checkers.Delivered(n, from, m)
}
func (n *node) Outgoing(to commontypes.OracleID, m ocr1wire.Message) {
	n.hand.traitor.Outgoing(n.hand, to, m)
}
func (n *node) Incoming(from commontypes.OracleID, m ocr1wire.Message) bool {
	return n.hand.traitor.Incoming(n.hand, from, m)
}

// Text describes in one line the events that only OCR1 has.
func (n *node) Text(ev ocr1.Event) string {
	switch e := ev.(type) {
	case ocr1.ObserveDone:
		return engine.ResultText(e.ID, "observe", e.Err, "%d", e.Value)
	case ocr1.ReportInputsDone:
		return engine.ResultText(e.ID, "report-inputs", e.Err, "contract=%s answer=%d requested=%s override=%t",
			e.Contract.Round, e.Contract.LatestAnswer, e.Requested.Round, e.Override != nil)
	case ocr1.ContractStateDone:
		return engine.ResultText(e.ID, "contract-state", e.Err, "contract=%s answer=%d override=%t",
			e.Contract.Round, e.Contract.LatestAnswer, e.Override != nil)
	case ocr1.SignersRecovered:
		return fmt.Sprintf("call=%d signers-recovered %d", e.ID, e.Signers)
	case rounds.TransmitDone:
		return engine.ResultText(e.ID, "transmit", e.Err, "done")
	}
	return engine.EventText(ev)
}
