package sim

import (
	"math"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// Racer wishes for epochs far ahead, up to the last one there is, and for ones long over: it tries to drag the others along,
// to use up the epochs, and to fill their buffers with messages of the future.
type Racer struct{ Obedient }

func (*Racer) Name() string { return "racer" }

func (*Racer) Tick(h *Hand) {
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
		h.Send(to, &ocr2wire.NewEpoch{Epoch: wish})
		for range 4 {
			h.Send(to, &ocr2wire.ObserveReq{Epoch: epoch + uint32(h.Random.IntN(20)), Round: uint8(h.Random.IntN(256))})
		}
	}
}
