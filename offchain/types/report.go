package types

import (
	"bytes"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
)

// Query is what the leader of a round asks the oracles to observe, in an encoding of the plugin. It may be empty.
type Query []byte

// Observation is what one oracle observed in a round, in an encoding of the plugin.
type Observation []byte

// Report is what the oracles of an instance sign and the contract receives, in an encoding of the plugin and the contract.
type Report []byte

// AttributedQuery is a query together with the oracle that proposed it.
type AttributedQuery struct {
	Query    Query
	Proposer commontypes.OracleID
}

// AttributedObservation is an observation together with the oracle that made it.
type AttributedObservation struct {
	Observation Observation
	Observer    commontypes.OracleID
}

// Equal tells whether both are by the same oracle and have the same bytes. A nil and an empty observation are equal.
func (o AttributedObservation) Equal(other AttributedObservation) bool {
	return o.Observer == other.Observer && bytes.Equal(o.Observation, other.Observation)
}

// ReportTimestamp says when a report was made, in protocol time: the instance, an epoch (the term of one leader) and a round
// in it. For one config digest, timestamps increase with (Epoch, Round). It is comparable and serves as a map key.
type ReportTimestamp struct {
	ConfigDigest ConfigDigest
	Epoch        uint32
	Round        uint8
}

// ReportContext is what oracles sign together with a report.
type ReportContext struct {
	ReportTimestamp
	// ExtraHash is a hash over the leader's evidence for the report; the contract passes it over.
	ExtraHash [32]byte
}

// AttributedOnchainSignature is a signature on a report together with the oracle that made it. It is verified with the
// signer's OnchainPublicKey.
type AttributedOnchainSignature struct {
	Signature []byte
	Signer    commontypes.OracleID
}

// Equal tells whether both are by the same oracle and have the same bytes. A nil and an empty signature are equal.
func (s AttributedOnchainSignature) Equal(other AttributedOnchainSignature) bool {
	return s.Signer == other.Signer && bytes.Equal(s.Signature, other.Signature)
}
