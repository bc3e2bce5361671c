package ocr1types

import "github.com/ocrkit/ocrkit/offchain/commontypes"

// BinaryNetworkEndpointFactory makes the network endpoints of OCR1 instances. It stands for one peer.
type BinaryNetworkEndpointFactory interface {
	// NewEndpoint makes an endpoint for the instance with digest cd. peerIDs are those of the oracles, by oracle id, this peer's
	// own among them; v2bootstrappers help to find the others. failureThreshold is not used. tokenBucketRefillRate, in messages
	// per second, and tokenBucketSize, in messages, bound the traffic between each two oracles, in each direction; a message has
	// at most 10,000 bytes. The caller starts and closes the endpoint.
	NewEndpoint(
		cd ConfigDigest,
		peerIDs []string,
		v2bootstrappers []commontypes.BootstrapperLocator,
		failureThreshold int,
		tokenBucketRefillRate float64,
		tokenBucketSize int,
	) (commontypes.BinaryNetworkEndpoint, error)

	// PeerID returns the text form of this peer's id.
	PeerID() string
}

// BootstrapperFactory makes bootstrappers.
type BootstrapperFactory interface {
	// NewBootstrapper makes a bootstrapper for the instance with digest cd. peerIDs are those of the oracles, by oracle id;
	// v2bootstrappers are the other bootstrappers. failureThreshold is not used. The caller starts and closes the bootstrapper.
	NewBootstrapper(
		cd ConfigDigest,
		peerIDs []string,
		v2bootstrappers []commontypes.BootstrapperLocator,
		failureThreshold int,
	) (commontypes.Bootstrapper, error)
}
