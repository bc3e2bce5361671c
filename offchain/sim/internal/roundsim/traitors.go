package roundsim

import (
	"math"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/wire/roundwire"
)

// Hand is what traitors of OCR1 and OCR2 have in hand.
type Hand[M rounds.Message] struct {
	engine.Hand[M]
	seat seat[M]
}

// seat is the oracle of a traitor.
type seat[M rounds.Message] interface {
	epoch() uint32
	settings() *Settings[M]
	leader(epoch uint32) commontypes.OracleID
}

func (o *Oracle[M, P]) epoch() uint32          { return o.Status.Epoch }
func (o *Oracle[M, P]) settings() *Settings[M] { return &o.Sim.Settings }
func (o *Oracle[M, P]) leader(epoch uint32) commontypes.OracleID {
	return o.Sim.Leaders.Leader(epoch)
}

// NewHand returns what the traitor of an oracle has in hand. name is that of the traitor, at the time.
func (o *Oracle[M, P]) NewHand(name func() string) Hand[M] {
	return Hand[M]{engine.NewHand(&o.Node, name), o}
}

// RMax is the last round of an epoch.
func (h *Hand[M]) RMax() uint8 { return h.seat.settings().RMax }

// Epoch returns the epoch in which the machine beneath is; 0 before it has started.
func (h *Hand[M]) Epoch() uint32 { return h.seat.epoch() }

// Leader returns the leader of an epoch.
func (h *Hand[M]) Leader(epoch uint32) commontypes.OracleID { return h.seat.leader(epoch) }

func (h *Hand[M]) rounds() *Hand[M] { return h }

// Holder has a Hand embedded.
type Holder[M rounds.Message] interface {
	engine.Holder[M]
	rounds() *Hand[M]
}

// Racer wishes for epochs far ahead, up to the last one there is, and for ones long over: it tries to drag the others along,
// to use up the epochs, and to fill their buffers with messages of the future.
type Racer[H Holder[M], M rounds.Message] struct{ engine.Obedient[H, M] }

// Name is "racer".
func (*Racer[H, M]) Name() string { return "racer" }

// Tick sends wishes and rounds of the future.
func (*Racer[H, M]) Tick(holder H) {
	h := holder.rounds()
	epoch := h.Epoch()
	for i := range h.N() {
		to := commontypes.OracleID(i)
		var wish uint32
		switch h.Random.IntN(4) {
		case 0:
			wish = math.MaxUint32
		case 1:
			wish = epoch + uint32(h.Random.IntN(1000))
		case 2:
			wish = epoch + 1
		}
		h.Send(to, h.seat.settings().NewEpoch(wish))
		for range 4 {
			h.Send(to, h.seat.settings().ObserveReq(epoch+uint32(h.Random.IntN(20)), uint8(h.Random.IntN(256))))
		}
	}
}

// Withholding does all the work of a round but keeps its outcome back: as a leader it sends Final to one oracle only, as a
// follower it sends no Report and no echo. It tries to make oracles differ in what they know of a round.
type Withholding[H Holder[M], M rounds.Message] struct{ engine.Obedient[H, M] }

// Name is "withholding".
func (*Withholding[H, M]) Name() string { return "withholding" }

// Outgoing keeps back.
func (*Withholding[H, M]) Outgoing(holder H, to commontypes.OracleID, m M) {
	h := holder.rounds()
	switch m.Kind() {
	case roundwire.KindFinal:
		if _, round := m.Position(); int(to) != int(round)%h.N() {
			return
		}
	case roundwire.KindReport, roundwire.KindFinalEcho:
		if to != h.ID() {
			return
		}
	}
	h.Send(to, m)
}

// Moved returns a message as if it were of another round.
func Moved[M rounds.Message](m M, epoch uint32, round uint8) M {
	if m.Kind() == roundwire.KindNewEpoch {
		return m // of no round
	}
	return engine.Moved(m, map[string]uint64{"Epoch": uint64(epoch), "Round": uint64(round)})
}
