package ocr2

import (
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// core is what the parts of a machine share.
type core struct {
	*rounds.Core
	cfg Config
}

func newCore(cfg Config) *core { return &core{Core: rounds.NewCore(cfg.rounds()), cfg: cfg} }

// rounds is the part of the configuration that OCR1 has, too.
func (c *Config) rounds() rounds.Config {
	return rounds.Config{
		ConfigDigest: c.ConfigDigest[:], OracleID: c.OracleID, N: c.N, F: c.F,
		DeltaProgress: c.DeltaProgress, DeltaResend: c.DeltaResend, DeltaRound: c.DeltaRound, DeltaGrace: c.DeltaGrace,
		DeltaStage: c.DeltaStage, RMax: c.RMax, S: c.S,
		LeaderSelectionKey: c.LeaderSelectionKey, TransmissionOrderKey: c.TransmissionOrderKey,
	}
}

func (c *core) timestamp(r Round) types.ReportTimestamp {
	return types.ReportTimestamp{ConfigDigest: c.cfg.ConfigDigest, Epoch: r.Epoch, Round: r.Round}
}
