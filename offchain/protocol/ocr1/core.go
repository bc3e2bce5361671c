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

// rounds is the part of the configuration that OCR2 has, too.
func (c *Config) rounds() rounds.Config {
	return rounds.Config{
		ConfigDigest: c.ConfigDigest[:], OracleID: c.OracleID, N: c.N, F: c.F,
		DeltaProgress: c.DeltaProgress, DeltaResend: c.DeltaResend, DeltaRound: c.DeltaRound, DeltaGrace: c.DeltaGrace,
		DeltaStage: c.DeltaStage, RMax: c.RMax, S: c.S,
		LeaderSelectionKey: c.LeaderSelectionKey, TransmissionOrderKey: c.TransmissionOrderKey,
	}
}

// Validate tells whether all fields are in the ranges that their comments state. A config that was decoded and checked by
// package config is.
func (c *Config) Validate() error {
	common := c.rounds()
	return common.Validate("ocr1",
		c.DeltaC, c.DataSourceTimeout, c.DataSourceGracePeriod, c.BlockchainTimeout, c.ContractTransmitterTransmitTimeout)
}

func (c *core) timestamp(r Round) ocr1types.ReportTimestamp {
	return ocr1types.ReportTimestamp{ConfigDigest: c.cfg.ConfigDigest, Epoch: r.Epoch, Round: r.Round}
}
