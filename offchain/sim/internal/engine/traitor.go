package engine

import (
	"math/rand/v2"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
)

// TickInterval is the time between two calls of Traitor.Tick.
const TickInterval = 250 * time.Millisecond

// Traitor is an oracle that does not follow the protocol. Beneath it, the same machine runs as in every other oracle; the
// traitor stands between that machine and the network, and may send whatever it likes besides. H is what a traitor of the
// protocol has in hand.
//
// Methods are called one at a time. A traitor value belongs to one oracle of one run.
type Traitor[H, M any] interface {
	// Name is one or two words, for traces.
	Name() string
	// Outgoing is called with each message that the machine sends, once for each receiver. Only what it hands to Hand.Send
	// leaves. The message must not be changed: others have it, too.
	Outgoing(h H, to commontypes.OracleID, m M)
	// Incoming is called with each message that arrives; the machine gets it if the result is true.
	Incoming(h H, from commontypes.OracleID, m M) bool
	// Tick is called at the start and then at intervals of TickInterval.
	Tick(h H)
}

// Hand is what traitors of all protocols have in hand.
type Hand[M any] struct {
	// Random is for this traitor alone.
	Random *rand.Rand
	node   *Node[M]
	name   func() string
}

// NewHand returns what a traitor has in hand. name is that of the traitor, at the time.
func NewHand[M any](n *Node[M], name func() string) Hand[M] {
	n.World.Traitors = append(n.World.Traitors, n.ID)
	return Hand[M]{Random: n.World.Stream("traitor", uint64(n.ID)), node: n, name: name}
}

// Holder has a Hand embedded.
type Holder[M any] interface{ hand() *Hand[M] }

func (h *Hand[M]) hand() *Hand[M] { return h }

// ID returns the traitor's own index.
func (h *Hand[M]) ID() commontypes.OracleID { return h.node.ID }

// N and F are those of the instance.
func (h *Hand[M]) N() int { return h.node.World.N }

// F is how many traitors there may be.
func (h *Hand[M]) F() int { return h.node.World.F }

// Traitors returns all traitors, this one included.
func (h *Hand[M]) Traitors() []commontypes.OracleID { return h.node.World.Traitors }

// IsTraitor tells whether an oracle is one of the traitors.
func (h *Hand[M]) IsTraitor(id commontypes.OracleID) bool { return h.node.World.IsTraitor(id) }

// MustBeTraitor panics for others: what traitors can do in their own names, they cannot in others'.
func (h *Hand[M]) MustBeTraitor(id commontypes.OracleID) {
	if !h.IsTraitor(id) {
		panic("sim: a traitor tries to act in the name of an honest oracle")
	}
}

// Send sends a message.
func (h *Hand[M]) Send(to commontypes.OracleID, m M) { h.SendAs(h.ID(), to, m) }

// SendAs sends a message from any traitor.
func (h *Hand[M]) SendAs(from, to commontypes.OracleID, m M) {
	h.MustBeTraitor(from)
	w := h.node.World
	if w.Trace != nil {
		w.TraceNode(from, "traitor "+h.name()+" sends", m)
	}
	m, bytes := w.Wire(m)
	w.Network.Send(from, to, m, bytes)
}

// SendAfter sends a message later.
func (h *Hand[M]) SendAfter(d time.Duration, to commontypes.OracleID, m M) {
	h.node.World.At(h.node.World.Now+d, func() { h.Send(to, m) })
}

// SendBytes sends bytes that need not be a message.
func (h *Hand[M]) SendBytes(to commontypes.OracleID, b []byte) {
	var none M
	h.node.World.Network.Send(h.ID(), to, none, b)
}

// Broadcast sends a message to all oracles.
func (h *Hand[M]) Broadcast(m M) {
	for i := range h.N() {
		h.Send(commontypes.OracleID(i), m)
	}
}

// RandomBytes are some bytes.
func (h *Hand[M]) RandomBytes(length int) []byte {
	b := make([]byte, length)
	for i := range b {
		b[i] = byte(h.Random.Uint32())
	}
	return b
}
