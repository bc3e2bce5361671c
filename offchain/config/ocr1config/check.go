package ocr1config

import (
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/ocrkit/ocrkit/offchain/config"
)

// Check reports all rules that cfg breaks, as decoding would, and what the contract or the encoding cannot hold, so that a
// config that passes can be set and will be accepted. chainID may be nil where the checks that depend on it are skipped.
func Check(chainID *big.Int, skipChainSpecificChecks bool, cfg PublicConfig) error {
	var r config.Report
	checkIdentities(&r, cfg)
	config.CheckWritableF(&r, cfg.F)
	checkParameters(&r, cfg, cfg.N())
	if !skipChainSpecificChecks {
		checkChain(&r, chainID, cfg)
	}
	return r.Err()
}

// checkIdentities reports keys and peer ids that the encoding cannot hold.
func checkIdentities(r *config.Report, cfg PublicConfig) {
	for i, identity := range cfg.OracleIdentities {
		if len(identity.OffchainPublicKey) != 32 {
			r.Add(fmt.Sprintf("len(OracleIdentities[%d].OffchainPublicKey)", i), len(identity.OffchainPublicKey), "must be 32 bytes")
		}
		if strings.Contains(identity.PeerID, peerIDSeparator) || identity.PeerID == "" && cfg.N() == 1 {
			r.Add(fmt.Sprintf("OracleIdentities[%d].PeerID", i), identity.PeerID, "must not be empty, and have no comma in it")
		}
	}
}

// checkParameters reports broken rules in the order in which the protocol states them. n is the number of signers, which
// counts even where other lists are shorter.
func checkParameters(r *config.Report, cfg PublicConfig, n int) {
	notNegative := func(field string, d time.Duration) { config.CheckNotNegative(r, field, d) }
	notNegative("DeltaC", cfg.DeltaC)
	notNegative("DeltaStage", cfg.DeltaStage)
	notNegative("DeltaRound", cfg.DeltaRound)
	notNegative("DeltaProgress", cfg.DeltaProgress)
	notNegative("DeltaResend", cfg.DeltaResend)
	config.CheckOracles(r, cfg.F, n)
	notNegative("DeltaGrace", cfg.DeltaGrace)
	config.CheckLess(r, "DeltaGrace", cfg.DeltaGrace, "DeltaRound", cfg.DeltaRound)
	config.CheckLess(r, "DeltaRound", cfg.DeltaRound, "DeltaProgress", cfg.DeltaProgress)
	config.CheckRounds(r, cfg.RMax)
	config.CheckSchedule(r, cfg.S)
}

// checkChain reports durations that are too short for the chain.
func checkChain(r *config.Report, chainID *big.Int, cfg PublicConfig) {
	if chainID == nil {
		r.Add("chainID", nil, "must be known: the least durations depend on it")
		return
	}
	class := ClassOf(chainID)
	least := minima[class]
	atLeast := func(field string, d, least time.Duration) {
		if d < least {
			r.Add(field, d, "must be at least %s on chain %s, which counts as %s, outside of development mode", least, chainID, class)
		}
	}
	atLeast("DeltaC", cfg.DeltaC, least.DeltaC)
	atLeast("DeltaStage", cfg.DeltaStage, least.DeltaStage)
	atLeast("DeltaRound", cfg.DeltaRound, least.DeltaRound)
	atLeast("DeltaProgress", cfg.DeltaProgress, least.DeltaProgress)
	atLeast("DeltaResend", cfg.DeltaResend, least.DeltaResend)
}
