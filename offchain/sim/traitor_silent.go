package sim

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// Silent sends nothing at all: it tries to stop the network by not being there, above all in the epochs that it leads.
type Silent struct{ Obedient }

func (*Silent) Name() string { return "silent" }

func (*Silent) Outgoing(*Hand, commontypes.OracleID, ocr2wire.Message) {}
