package ocr1

import (
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
)

// core is what the parts of a machine share.
type core struct {
	*rounds.Core
	cfg  Config
	made madeReport // the latest
}

func newCore(cfg Config) *core {
	return &core{Core: rounds.NewCore(cfg.Config, cfg.ConfigDigest[:]), cfg: cfg}
}

// Validate tells whether all fields are in the ranges that their comments state. A config that was decoded and checked by
// package config is.
func (c *Config) Validate() error {
	return c.Config.Validate("ocr1",
		c.DeltaC, c.DataSourceTimeout, c.DataSourceGracePeriod, c.BlockchainTimeout, c.ContractTransmitterTransmitTimeout)
}

func (c *core) timestamp(r Round) ocr1types.ReportTimestamp {
	return ocr1types.ReportTimestamp{ConfigDigest: c.cfg.ConfigDigest, Epoch: r.Epoch, Round: r.Round}
}
