package types

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
)

// BinaryNetworkEndpointLimits bounds the traffic between each two oracles of an instance, in each direction. Rates and
// capacities are those of token buckets: the rate fills the bucket, and the capacity is what may come in a burst. A receiver
// drops what goes beyond.
type BinaryNetworkEndpointLimits struct {
	// MaxMessageLength is the length of the longest message, in bytes.
	MaxMessageLength int
	// MessagesRatePerOracle is in messages per second.
	MessagesRatePerOracle float64
	// MessagesCapacityPerOracle is in messages.
	MessagesCapacityPerOracle int
	// BytesRatePerOracle is in bytes per second.
	BytesRatePerOracle float64
	// BytesCapacityPerOracle is in bytes.
	BytesCapacityPerOracle int
}

// BinaryNetworkEndpointFactory makes the network endpoints of OCR2 and OCR3 instances. It stands for one peer.
type BinaryNetworkEndpointFactory interface {
	// NewEndpoint makes an endpoint for the instance with digest cd. peerIDs are those of the oracles, by oracle id, this peer's
	// own among them; v2bootstrappers help to find the others. f is not used. The caller starts and closes the endpoint.
	NewEndpoint(
		cd ConfigDigest,
		peerIDs []string,
		v2bootstrappers []commontypes.BootstrapperLocator,
		f int,
		limits BinaryNetworkEndpointLimits,
	) (commontypes.BinaryNetworkEndpoint, error)

	// PeerID returns the text form of this peer's id.
	PeerID() string
}

// BootstrapperFactory makes bootstrappers.
type BootstrapperFactory interface {
	// NewBootstrapper makes a bootstrapper for the instance with digest cd. peerIDs are those of the oracles, by oracle id;
	// v2bootstrappers are the other bootstrappers. f is not used. The caller starts and closes the bootstrapper.
	NewBootstrapper(
		cd ConfigDigest,
		peerIDs []string,
		v2bootstrappers []commontypes.BootstrapperLocator,
		f int,
	) (commontypes.Bootstrapper, error)
}
