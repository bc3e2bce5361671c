// Package ocr1config reads, checks and writes the configs of OCR1 (encoded config version 1).
//
// [PublicConfigFromContractConfig] is what everybody can read in a config, [SharedConfigFromContractConfig] adds what only
// the oracles of the config can: their own id and the shared secret. [Encode] and [Check] are the other direction, for
// tools that compose configs; [Lint] tells them what is legal but unwise, and [Canonical] whether somebody else's composer
// writes the same bytes as this one.
//
// Unlike later versions, OCR1 has least durations that depend on the chain ([MinimaOf]), and allows the same key, peer id or
// account twice: the contract refuses some of that.
//
// Source: docs/protocol/ocr1.md, section "Configuration".
package ocr1config

import (
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// MaxEncodedLength is the largest number of bytes of an encoded config. Longer ones are refused unread.
const MaxEncodedLength = 20_000

// OracleIdentity is what a config says about one oracle.
type OracleIdentity struct {
	// OnChainSigningAddress is the address of the key that signs the oracle's reports.
	OnChainSigningAddress ocr1types.OnChainSigningAddress
	// TransmitAddress sends the oracle's transactions.
	TransmitAddress common.Address
	// OffchainPublicKey verifies what the oracle sends to other oracles. 32 bytes.
	OffchainPublicKey ocr1types.OffchainPublicKey
	// PeerID is the text form of the oracle's peer id. Configs are accepted with any text here that has no comma in it.
	PeerID string
}

// OracleIdentityExtra is what the composer of a config must know about one oracle.
type OracleIdentityExtra struct {
	OracleIdentity
	// SharedSecretEncryptionPublicKey is the key to which the shared secret is encrypted. The config does not contain it.
	SharedSecretEncryptionPublicKey ocr1types.SharedSecretEncryptionPublicKey
}

// PublicConfig is all of an OCR1 config that is not secret. Accepted configs keep the bounds given with the fields; where
// durations have a minimum for the chain (see MinimaOf), that one holds, too, unless it is skipped.
type PublicConfig struct {
	// DeltaProgress: without a report for this long, the oracles move to the next epoch. More than DeltaRound.
	DeltaProgress time.Duration
	// DeltaResend is the interval in which the pacemaker repeats its messages. At least 0.
	DeltaResend time.Duration
	// DeltaRound is the time between the starts of two rounds. At least 0, less than DeltaProgress.
	DeltaRound time.Duration
	// DeltaGrace is how long the leader waits for more observations once it has enough. At least 0, less than DeltaRound.
	DeltaGrace time.Duration
	// DeltaC is the age of the contract's answer from which a report is due whatever the deviation. At least 0.
	DeltaC time.Duration
	// AlphaPPB is the deviation from the contract's answer, in parts per billion of it, from which a report is due.
	AlphaPPB uint64
	// DeltaStage is the time between two stages of the transmission schedule. At least 0.
	DeltaStage time.Duration
	// RMax is the number of rounds in an epoch. 1 to 254.
	RMax uint8
	// S is the transmission schedule: S[t] oracles transmit in stage t. At most 999 stages of 0 to 31 oracles each.
	S []int
	// OracleIdentities are the oracles, by oracle id. 1 to 31.
	OracleIdentities []OracleIdentity

	// F is the number of oracles that may be faulty. At least 0, less than a third of the oracles.
	F int
	// ConfigDigest identifies the instance.
	ConfigDigest ocr1types.ConfigDigest
}

// N returns the number of oracles.
func (c PublicConfig) N() int { return len(c.OracleIdentities) }

// PeerIDs returns the peer ids of the oracles, by oracle id.
func (c PublicConfig) PeerIDs() []string { return config.PeerIDs(c.identities()) }

// ParsePeerIDs returns the peer ids in their binary form, by oracle id; see config.ParsePeerIDs.
func (c PublicConfig) ParsePeerIDs() ([]peerid.PeerID, error) {
	return config.ParsePeerIDs(c.PeerIDs())
}

// MessagesRate returns how many messages per second two oracles may exchange in each direction. It is +Inf where an interval
// is 0. The capacity is config.RoundMessagesCapacity.
func (c PublicConfig) MessagesRate() float64 {
	return config.RoundMessagesRate(c.DeltaResend, c.DeltaProgress, c.DeltaRound)
}

// identities returns the identities as later versions have them: addresses are texts with checksum there.
func (c PublicConfig) identities() []config.OracleIdentity {
	identities := make([]config.OracleIdentity, c.N())
	for i, identity := range c.OracleIdentities {
		identities[i] = identity.Common()
	}
	return identities
}

// Common returns the identity as later versions have it: addresses are bytes and text with checksum there. An offchain key of a length other than 32 becomes a zero one.
func (o OracleIdentity) Common() config.OracleIdentity {
	identity := config.OracleIdentity{
		OnchainPublicKey: o.OnChainSigningAddress[:],
		PeerID:           o.PeerID,
		TransmitAccount:  types.Account(o.TransmitAddress.Hex()),
	}
	if len(o.OffchainPublicKey) == len(identity.OffchainPublicKey) {
		identity.OffchainPublicKey = types.OffchainPublicKey(o.OffchainPublicKey)
	}
	return identity
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
