package sim

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/roundsim"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

type (
	simulator = roundsim.Sim[ocr2wire.Message, types.PendingTransmission]
	oracle    = roundsim.Oracle[ocr2wire.Message, types.PendingTransmission]
)

// node is one oracle, with what its driver needs for OCR2.
type node struct {
	oracle
	sim     *simulation
	hand    *Hand // nil unless this is a traitor
	factory types.ReportingPluginFactory
	plugin  types.ReportingPlugin
	limits  types.ReportingPluginLimits
	machine *ocr2.Machine
	status  ocr2.Status // after the last step
	before  ocr2.Status // before it
}

func (n *node) Boot() roundsim.Machine {
	n.plugin, n.limits = n.sim.makePlugin(n)
	n.machine = ocr2.New(n.sim.config(n.ID))
	n.status = ocr2.Status{}
	return n.machine
}

func (n *node) Halt() {
	if n.plugin == nil {
		return
	}
	if err := n.plugin.Close(); err != nil {
		n.sim.Violated("plugin order", "closing the plugin of oracle %d: %v", n.ID, err)
	}
	n.plugin = nil
}

func (n *node) Status() rounds.Status {
	n.before, n.status = n.status, n.machine.Status()
	return n.status.Status
}

func (n *node) ContractEpoch() (epoch uint32, known bool) {
	last, err := n.sim.contract.Read()
	if err == nil && last != nil {
		epoch = last.Context.Epoch
	}
	return epoch, err == nil
}

func (n *node) Decode(b []byte) (ocr2wire.Message, error)        { return ocr2wire.Decode(b) }
func (n *node) CheckSize(m ocr2wire.Message) error               { return ocr2wire.CheckSize(m, n.limits) }
func (n *node) Started(start any)                                { n.sim.checkers.Started(n, start.(*ocr2.Start)) }
func (n *node) Delivered(commontypes.OracleID, ocr2wire.Message) {}
func (n *node) Left(effect kernel.Effect)                        { n.sim.checkers.Left(n, effect) }
func (n *node) Outgoing(to commontypes.OracleID, m ocr2wire.Message) {
	n.hand.traitor.Outgoing(n.hand, to, m)
}
func (n *node) Tick() { n.hand.traitor.Tick(n.hand) }
func (n *node) Incoming(from commontypes.OracleID, m ocr2wire.Message) bool {
	return n.hand.traitor.Incoming(n.hand, from, m)
}

func (n *node) Stepped(ev ocr2.Event) { n.sim.checkers.Stepped(n, ev, &n.before, &n.status) }
