// Package ragep2p keeps the connections of a host to its peers and carries streams over them: any number of protocol instances
// over one connection per peer.
//
// A [Host] listens and dials. Two hosts that have opened a stream of the same name with each other are connected, and the
// stream carries messages in both directions: in order, at most once, dropping the oldest where a buffer is full. See Stream in
// package p2ptypes for what a stream promises.
//
// The rules are those of the machines in package link; this package runs them over sockets. A connection has two goroutines, one
// that reads and one that writes; a stream has none. Sending is a push into the ring of the stream, under the lock of the peer;
// the writer takes what has come together, up to 64 KiB, and writes it in as few TLS records as possible. The reader hands
// messages to the stream's receiver, or to its channel, which serves as the ring: when it is full, the oldest message gives way.
//
// Both protocols are spoken by the same code; HostConfig.Protocol chooses.
//
// Source: docs/protocol/transport.md.
package ragep2p

import (
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

const (
	MaxMessageLength    = p2ptypes.MaxMessageLength
	MaxStreamNameLength = p2ptypes.MaxStreamNameLength
	MaxStreamsPerPeer   = p2ptypes.MaxStreamsPerPeer
	MaxPeersPerHost     = p2ptypes.MaxPeersPerHost
)

// The protocols that a host can speak.
const (
	P1 = wire.P1
	P2 = wire.P2
)

// TokenBucketParams describe a token bucket.
type TokenBucketParams = p2ptypes.TokenBucketParams

// Discoverer finds the addresses of peers.
type Discoverer = p2ptypes.Discoverer

// networkTimeout bounds the knock, the TLS handshake, each piece that is written and the closing alert.
const networkTimeout = 5 * time.Second

// HostConfig configures a host.
type HostConfig struct {
	// DurationBetweenDials bounds the time between two attempts to connect to a peer, and the time that reaching its address
	// may take. It must be positive. 15 s is usual, and what the peers of a network use should be about the same.
	DurationBetweenDials time.Duration
	// Protocol is what the host speaks on all its connections: P1, the production protocol and the default, or P2.
	Protocol wire.Protocol
}

// Validate says what is wrong with the configuration.
func (c HostConfig) Validate() error {
	if c.DurationBetweenDials <= 0 {
		return fmt.Errorf("DurationBetweenDials is %v, must be positive", c.DurationBetweenDials)
	}
	return c.Protocol.Validate()
}
