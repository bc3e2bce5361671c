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

func newCore(cfg Config) *core {
	return &core{Core: rounds.NewCore(cfg.Config, cfg.ConfigDigest[:]), cfg: cfg}
}

func (c *core) timestamp(r Round) types.ReportTimestamp {
	return types.ReportTimestamp{ConfigDigest: c.cfg.ConfigDigest, Epoch: r.Epoch, Round: r.Round}
}
