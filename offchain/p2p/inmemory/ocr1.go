package inmemory

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	ocrlimits "github.com/ocrkit/ocrkit/offchain/p2p/limits"
)

// OCR1Peer is a [Peer] as OCR1 knows it.
type OCR1Peer struct{ peer *Peer }

var (
	_ ocr1types.BinaryNetworkEndpointFactory = OCR1Peer{}
	_ ocr1types.BootstrapperFactory          = OCR1Peer{}
)

// OCR1 returns the peer as OCR1 knows it.
func (p *Peer) OCR1() OCR1Peer { return OCR1Peer{p} }

// PeerID implements ocr1types.BinaryNetworkEndpointFactory.
func (p OCR1Peer) PeerID() string { return p.peer.PeerID() }

// NewEndpoint implements ocr1types.BinaryNetworkEndpointFactory, like [Peer.NewEndpoint]. The instance has its digest in the form of
// ocr1types.NetworkDigest.
func (p OCR1Peer) NewEndpoint(
	cd ocr1types.ConfigDigest, peerIDs []string, v2bootstrappers []commontypes.BootstrapperLocator, failureThreshold int,
	tokenBucketRefillRate float64, tokenBucketSize int,
) (commontypes.BinaryNetworkEndpoint, error) {
	l, err := ocrlimits.OCR1(tokenBucketRefillRate, tokenBucketSize)
	if err != nil {
		return nil, err
	}
	return p.peer.NewEndpoint(ocr1types.NetworkDigest(cd), peerIDs, v2bootstrappers, failureThreshold, l)
}

// NewBootstrapper implements ocr1types.BootstrapperFactory.
func (p OCR1Peer) NewBootstrapper(
	cd ocr1types.ConfigDigest, peerIDs []string, v2bootstrappers []commontypes.BootstrapperLocator, failureThreshold int,
) (commontypes.Bootstrapper, error) {
	return p.peer.NewBootstrapper(ocr1types.NetworkDigest(cd), peerIDs, v2bootstrappers, failureThreshold)
}
