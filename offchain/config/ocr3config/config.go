// Package ocr3config reads, checks and writes the configs of OCR3 and Mercury (offchain config version 30).
//
// [PublicConfigFromContractConfig] is what everybody can read in a config, [SharedConfigFromContractConfig] adds what only
// the oracles of the config can: their own id and the shared secret. [Encode] and [Check] are the other direction, for
// tools that compose configs; [Lint] tells them what is legal but unwise, and [Canonical] whether somebody else's composer writes the
// same bytes as this one.
//
// From an accepted config follow the numbers exported for
// monitoring ([Metrics]).
//
// Source: docs/protocol/ocr3.md, sections "Configuration", "Keys, leaders and schedules" and "Limits".
package ocr3config

import (
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// PublicConfig is all of an OCR3 config that is not secret. Accepted configs keep the bounds given with the fields.
type PublicConfig struct {
	// DeltaProgress: without a committed outcome for this long, the oracles move to the next epoch. More than DeltaRound and
	// DeltaGrace and, unless in development mode, at least 100 ms, as the next three.
	DeltaProgress time.Duration
	// DeltaResend is the interval in which an oracle repeats its newest messages of the pacemaker and its request for the
	// start of the epoch, and tries again to write certificates that it could not write.
	DeltaResend time.Duration
	// DeltaInitial is how long an oracle waits for the leader to start an epoch.
	DeltaInitial time.Duration
	// DeltaCertifiedCommitRequest is the interval in which an oracle asks others for a commit that it lacks.
	DeltaCertifiedCommitRequest time.Duration
	// DeltaRound is the least time between the starts of two rounds. At least 0.
	DeltaRound time.Duration
	// DeltaGrace is how long the leader waits for more observations once it has enough. At least 0.
	DeltaGrace time.Duration
	// DeltaStage is the time between two stages of the transmission schedule. At least 0.
	DeltaStage time.Duration
	// RMax is the number of rounds in an epoch. At least 1.
	RMax uint64
	// S is the transmission schedule: S[t] oracles transmit in stage t. At most 999 stages of 0 to 31 oracles each.
	S []int
	// OracleIdentities are the oracles, by oracle id. 1 to 31; keys, peer ids and accounts are all different.
	OracleIdentities []config.OracleIdentity

	// ReportingPluginConfig is what the reporting plugin gets as its OffchainConfig.
	ReportingPluginConfig []byte

	// MaxDurationInitialization bounds the call of NewReportingPlugin. Nil: the node's default. Any value is accepted, also
	// a negative one, with which no plugin can be made.
	MaxDurationInitialization *time.Duration
	// MaxDurationQuery and MaxDurationObservation are how long the plugin's calls of these names should take. At least 0.
	MaxDurationQuery       time.Duration
	MaxDurationObservation time.Duration
	// MaxDurationShouldAcceptAttestedReport and MaxDurationShouldTransmitAcceptedReport bound the plugin's calls of these
	// names. At least 0.
	MaxDurationShouldAcceptAttestedReport   time.Duration
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

// MinRoundInterval returns the least time between two rounds: the leader waits for both DeltaRound and DeltaGrace.
func (c PublicConfig) MinRoundInterval() time.Duration { return max(c.DeltaRound, c.DeltaGrace) }

// ByzQuorumSize returns the number of oracles that a certificate takes: more than (n+f)/2.
func (c PublicConfig) ByzQuorumSize() int { return (c.N()+c.F)/2 + 1 }

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
func (c SharedConfig) Leaders() *config.LeadersV3 {
	return config.NewLeadersV3(c.N(), c.Keys.LeaderSelection)
}

// Schedule returns the transmission schedule. It computes what does not depend on the round: make it once per instance.
func (c SharedConfig) Schedule() config.ScheduleV3 {
	return config.NewScheduleV3(c.N(), c.Keys.TransmissionOrder, config.NewStages(c.N(), c.S, c.DeltaStage))
}
