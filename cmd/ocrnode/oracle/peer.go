package oracle

import (
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/p2p/inmemory"
	"github.com/ocrkit/ocrkit/offchain/p2p/networking"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// Peer is a place on the network that oracles speak from, by the interfaces that the protocols use.
type Peer struct {
	Endpoints         types.BinaryNetworkEndpointFactory
	Bootstrappers     types.BootstrapperFactory
	OCR1Endpoints     ocr1types.BinaryNetworkEndpointFactory
	OCR1Bootstrappers ocr1types.BootstrapperFactory

	close func() error // nil: nothing to close
}

// NewPeer starts to listen and to dial.
func NewPeer(config networking.PeerConfig) (*Peer, error) {
	p, err := networking.NewPeer(config)
	if err != nil {
		return nil, err
	}
	return &Peer{
		Endpoints: p.OCR2BinaryNetworkEndpointFactory(), Bootstrappers: p.OCR2BootstrapperFactory(),
		OCR1Endpoints: p.OCR1BinaryNetworkEndpointFactory(), OCR1Bootstrappers: p.OCR1BootstrapperFactory(),
		close: p.Close,
	}, nil
}

// InMemoryPeer makes a peer of a network within the process.
func InMemoryPeer(p *inmemory.Peer) *Peer {
	return &Peer{Endpoints: p, Bootstrappers: p, OCR1Endpoints: p.OCR1(), OCR1Bootstrappers: p.OCR1()}
}

// Close ends all connections. The oracles of the peer must have ended before.
func (p *Peer) Close() error {
	if p.close == nil {
		return nil
	}
	return p.close()
}
