// Package p2ptypes holds the words that the parts of the transport share: peers, streams, hosts, limits. Discovery, latency
// probes and endpoints are written against these interfaces, so that they run on a real host, on the simulator's and in tests
// alike. See docs/protocol/transport.md.
package p2ptypes

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
)

const (
	// MaxPeersPerHost bounds the peers that a host has streams with.
	MaxPeersPerHost = 256
	// MaxStreamsPerPeer bounds the streams that a host has open with one peer.
	MaxStreamsPerPeer = 2000
	// MaxStreamNameLength is in bytes.
	MaxStreamNameLength = 256
	// MaxMessageLength is in bytes; the limit of a stream is usually far below.
	MaxMessageLength = 1 << 30
)

// The identity of a peer is an Ed25519 public key; see package peerid.
type (
	PeerID        = peerid.PeerID
	PeerPublicKey = peerid.PeerPublicKey
	PeerKeyring   = peerid.PeerKeyring
)

// Address is where a peer can be dialed: ip:port, or host:port where an operator configured it.
type Address string

// PeerInfo is a peer with the addresses that were configured for it.
type PeerInfo struct {
	ID    PeerID
	Addrs []Address
}

// TokenBucketParams describe a token bucket: it fills with Rate tokens a second up to Capacity.
type TokenBucketParams struct {
	Rate     float64
	Capacity uint32
}

// Stream is a named channel of messages between two peers: best effort, in order, in both directions. It exists from its
// opening to Close, whether the peers are connected or not. All methods may be called concurrently.
type Stream interface {
	// Other returns the peer at the other end.
	Other() PeerID
	// Name returns the name under which both peers have opened the stream.
	Name() string
	// SendMessage queues data. It never blocks: a message above the stream's limit is dropped, and where the queue is full its
	// oldest message gives way. The caller must not change data afterwards.
	SendMessage(data []byte)
	// ReceiveMessages returns the channel of arriving messages, always the same one. Close closes it.
	ReceiveMessages() <-chan []byte
	// Close ends the stream and returns when its resources are released. A second call returns an error.
	Close() error
}

// Host keeps the connections of one peer. All methods may be called concurrently.
type Host interface {
	// ID returns the host's own peer id.
	ID() PeerID
	// Start begins to listen and to dial. A second call returns an error.
	Start() error
	// Close ends all connections and returns when every resource is released. Streams of a closed host send nothing.
	Close() error
	// NewStream opens a stream of plain messages. It fails for the host's own id, an empty or too long name, limits out of
	// range, a stream that is open already, and when the host has too many peers or streams. Buffer sizes are in messages, the
	// limits are those of arriving messages: messages and payload bytes per second.
	NewStream(
		other PeerID,
		streamName string,
		outgoingBufferSize int,
		incomingBufferSize int,
		maxMessageLength int,
		messagesLimit TokenBucketParams,
		bytesLimit TokenBucketParams,
	) (Stream, error)
	// RawWrappee returns the host behind a wrapper, or the host itself.
	RawWrappee() any
}

// Host2 is a Host that speaks the newer protocol: streams with priorities, requests and responses.
type Host2 interface {
	Host
	// NewStream2 opens a stream with a priority. What NewStream says holds here too.
	NewStream2(other PeerID, streamName string, priority StreamPriority, limits Stream2Limits) (Stream2, error)
}

// Discoverer finds the addresses of peers. The host starts it before it dials, and closes it first.
type Discoverer interface {
	Start(host Host, keyring PeerKeyring, logger commontypes.Logger) error
	Close() error
	// FindPeer returns the addresses of a peer in the order in which they are worth dialing; none when none is known.
	FindPeer(peer PeerID) ([]Address, error)
}
