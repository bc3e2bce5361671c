package sim

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// Garbage sends bytes: random ones, its own messages with some bits changed or their ends cut off, and messages that are too
// large. It tries to make the others fail while they read.
type Garbage struct{ Obedient }

func (*Garbage) Name() string { return "garbage" }

func (*Garbage) Outgoing(h *Hand, to commontypes.OracleID, m ocr2wire.Message) {
	b, err := ocr2wire.Encode(m)
	if err != nil || to == h.ID() || h.Random.IntN(2) == 0 {
		h.Send(to, m)
		return
	}
	switch h.Random.IntN(3) {
	case 0:
		b = b[:h.Random.IntN(len(b)+1)]
	case 1:
		for range 1 + h.Random.IntN(4) {
			b[h.Random.IntN(len(b))] ^= 1 << h.Random.IntN(8)
		}
	case 2:
		b = append(b, randomBytes(h, 1+h.Random.IntN(40))...)
	}
	h.SendBytes(to, b)
}

func (*Garbage) Tick(h *Hand) {
	for i := range h.N() {
		h.SendBytes(commontypes.OracleID(i), randomBytes(h, h.Random.IntN(300)))
	}
}

func randomBytes(h *Hand, length int) []byte {
	b := make([]byte, length)
	for i := range b {
		b[i] = byte(h.Random.Uint32())
	}
	return b
}
