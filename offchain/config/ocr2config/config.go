// Package ocr2config reads, checks and writes the configs of OCR2 (offchain config version 2).
//
// [PublicConfigFromContractConfig] is what everybody can read in a config, [SharedConfigFromContractConfig] adds what only
// the oracles of the config can: their own id and the shared secret. [Encode] and [Check] are the other direction, for
// tools that compose configs; [Lint] tells them what is legal but unwise, and [Canonical] whether somebody else's composer
// writes the same bytes as this one.
//
// From an accepted config follow the limits of the network endpoint ([EndpointLimits]), the window of the report
// finalization ([FinalizationWindowRounds]) and the numbers exported for monitoring ([Metrics]).
//
// Source: docs/protocol/ocr2.md, sections "Configuration", "Keys, leaders and schedules" and "Limits".
package ocr2config

import (
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// PublicConfig is all of an OCR2 config that is not secret. Accepted configs keep the bounds given with the fields.
type PublicConfig struct {
	// DeltaProgress: without a report for this long, the oracles move to the next epoch. More than DeltaRound and, unless in
	// development mode, at least 200 ms.
	DeltaProgress time.Duration
	// DeltaResend is the interval in which the pacemaker repeats its messages. At least 0 and, unless in development mode,
	// at least 200 ms.
	DeltaResend time.Duration
	// DeltaRound is the least time between the starts of two rounds. At least 0, less than DeltaProgress.
	DeltaRound time.Duration
	// DeltaGrace is how long the leader waits for more observations once it has enough. At least 0.
	DeltaGrace time.Duration
	// DeltaStage is the time between two stages of the transmission schedule. At least 0.
	DeltaStage time.Duration
	// RMax is the number of rounds in an epoch. 1 to 254.
	RMax uint8
	// S is the transmission schedule: S[t] oracles transmit in stage t. At most 999 stages of 0 to 31 oracles each.
	S []int
	// OracleIdentities are the oracles, by oracle id. 1 to 31; keys, peer ids and accounts are all different.
	OracleIdentities []config.OracleIdentity

	// ReportingPluginConfig is what the reporting plugin gets as its OffchainConfig.
	ReportingPluginConfig []byte

	// MaxDurationInitialization bounds the call of NewReportingPlugin. Nil: the node's default. Any value is accepted, also
	// a negative one, with which no plugin can be made.
	MaxDurationInitialization *time.Duration
	// MaxDurationQuery, MaxDurationObservation and MaxDurationReport bound the plugin's calls of these names. Each at least 0,
	// their sum less than DeltaProgress; the sum is one of 64 bits that wraps around.
	MaxDurationQuery       time.Duration
	MaxDurationObservation time.Duration
	MaxDurationReport      time.Duration
	// MaxDurationShouldAcceptFinalizedReport and MaxDurationShouldTransmitAcceptedReport bound the plugin's calls of these
	// names. At least 0.
	MaxDurationShouldAcceptFinalizedReport  time.Duration
	MaxDurationShouldTransmitAcceptedReport time.Duration

	// F is the number of oracles that may be faulty. At least 0, less than a third of the oracles.
	F int
	// OnchainConfig is read by the contract and the reporting plugin.
	OnchainConfig []byte
	// ConfigDigest identifies the instance.
	ConfigDigest types.ConfigDigest
}

// N returns the number of oracles.
func (c PublicConfig) N() int {
	return len(c.OracleIdentities)
}

// Quorums returns the numbers of oracles that the protocol waits for.
func (c PublicConfig) Quorums() config.Quorums {
	return config.EffectiveQuorums(c.N(), c.F)
}

// ParsePeerIDs returns the peer ids in their binary form, by oracle id; see config.ParsePeerIDs.
func (c PublicConfig) ParsePeerIDs() ([]peerid.PeerID, error) {
	return config.ParsePeerIDs(config.PeerIDs(c.OracleIdentities))
}

// SharedConfig is a config as one of its oracles sees it.
type SharedConfig struct {
	PublicConfig
	// OracleID is the oracle's own id.
	OracleID commontypes.OracleID
	// SharedSecret is known to all oracles of the config.
	SharedSecret config.SharedSecret
	// Keys are derived from the secret.
	Keys config.Keys
}

// Leaders returns the function from epochs to leaders.
func (c SharedConfig) Leaders() config.LeadersV1 {
	return config.NewLeadersV1(c.N(), c.Keys.LeaderSelection)
}

// Schedule returns the transmission schedule. It computes what does not depend on the round: make it once per instance.
func (c SharedConfig) Schedule() config.ScheduleV1 {
	return config.NewScheduleV1(c.N(), c.Keys.TransmissionOrder, c.ConfigDigest[:], config.NewStages(c.N(), c.S, c.DeltaStage))
}
