package sim

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// Spammer sends great numbers of echoes that have the right form but are worthless, for rounds of all epochs, and messages of
// many later epochs. It tries to keep the others busy with signatures and to fill their buffers, so that there is no room for
// what others send.
type Spammer struct{ Obedient }

func (*Spammer) Name() string { return "spammer" }

const spamPerTick = 40

func (*Spammer) Tick(h *Hand) {
	to := commontypes.OracleID(h.Random.IntN(h.N()))
	for i := range spamPerTick {
		final := ocr2wire.Final{Epoch: h.Epoch() + uint32(h.Random.IntN(3)), Round: 1 + uint8(h.Random.IntN(int(h.RMax())))}
		for j := range h.Quorum() {
			final.AttestedReport.AttributedSignatures = append(final.AttestedReport.AttributedSignatures,
				types.AttributedOnchainSignature{Signature: []byte{byte(i)}, Signer: commontypes.OracleID(j)})
		}
		h.Send(to, &ocr2wire.FinalEcho{Final: final})
		h.Send(to, &ocr2wire.Observe{Epoch: h.Epoch() + 1 + uint32(i), Round: 1})
	}
}
