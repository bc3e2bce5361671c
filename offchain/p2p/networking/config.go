package networking

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/p2p/discovery"
	"github.com/ocrkit/ocrkit/offchain/p2p/limits"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/ragep2p"
	"github.com/ocrkit/ocrkit/offchain/p2p/rageping"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// What is usual where PeerConfig has no default of its own. Peers of one network should not be far apart in these.
const (
	// DefaultV2DeltaReconcile is how often peers tell each other all the addresses that they know.
	DefaultV2DeltaReconcile = time.Minute
	// DefaultV2DeltaDial bounds the time between two attempts to reach a peer.
	DefaultV2DeltaDial = 15 * time.Second
	// DefaultIncomingMessageBufferSize and DefaultOutgoingMessageBufferSize are in messages for each other oracle. What waits in an
	// outgoing buffer arrives at once when a connection comes back: it must be well below what the others buffer and accept
	// in a burst, which is 16 messages in OCR1 and OCR2.
	DefaultIncomingMessageBufferSize = 40
	DefaultOutgoingMessageBufferSize = 10
)

// MaxOCRMsgLength is the length of the longest message of OCR1, in bytes.
const MaxOCRMsgLength = limits.MaxOCRMsgLength

// DangerDangerEnableExperimentalRageP2P is the value of PeerConfig.EnableExperimentalRageP2P that makes a peer speak the newer protocol.
var DangerDangerEnableExperimentalRageP2P = "I promise I know what I'm doing, give me the experimental ragep2p"

// BinaryNetworkEndpointLimits bounds the traffic between each two oracles of an instance.
type BinaryNetworkEndpointLimits = types.BinaryNetworkEndpointLimits

// EndpointConfigV2 configures the endpoints of a peer.
type EndpointConfigV2 struct {
	// IncomingMessageBufferSize is the number of messages from each other oracle that wait for the instance, at least 1.
	IncomingMessageBufferSize int
	// OutgoingMessageBufferSize is the number of messages to each other oracle that wait for the network, at least 1.
	OutgoingMessageBufferSize int
}

// DefaultEndpointConfigV2 returns the usual sizes.
func DefaultEndpointConfigV2() EndpointConfigV2 {
	return EndpointConfigV2{DefaultIncomingMessageBufferSize, DefaultOutgoingMessageBufferSize}
}

// PeerConfig configures a peer: what one node needs to take part in any number of instances. There are no hidden defaults; the
// Default constants say what is usual.
type PeerConfig struct {
	// PrivKey is the peer's key. Deprecated: set PeerKeyring, which need not hold the key in memory. Exactly one of the two.
	PrivKey ed25519.PrivateKey
	// PeerKeyring signs with the peer's key.
	PeerKeyring p2ptypes.PeerKeyring
	// Logger takes the log; required.
	Logger commontypes.Logger

	// V2ListenAddresses are where the peer listens, each host:port; at least one.
	V2ListenAddresses []string
	// V2AnnounceAddresses are where others are told to dial, each ip:port, at most ten. 0.0.0.0 and [::] stand for the addresses
	// of this machine. Empty means the listen addresses, which must then have an ip.
	V2AnnounceAddresses []string
	// V2DeltaReconcile is how often peers tell each other all the addresses that they know. It must be positive.
	V2DeltaReconcile time.Duration
	// V2DeltaDial bounds the time between two attempts to reach a peer. It must be positive.
	V2DeltaDial time.Duration
	// V2DiscovererDatabase remembers addresses across restarts. Without (nil), a restarted node depends on bootstrappers.
	V2DiscovererDatabase discovery.DiscovererDatabase
	// V2EndpointConfig sizes the buffers of endpoints.
	V2EndpointConfig EndpointConfigV2

	// MetricsRegisterer takes the metrics; nil is none.
	MetricsRegisterer prometheus.Registerer
	// LatencyMetricsServiceConfigs are the profiles of latency probes, see rageping.DefaultConfigs; none means no probes.
	LatencyMetricsServiceConfigs []*rageping.LatencyMetricsServiceConfig
	// EnableExperimentalRageP2P makes the peer speak the newer protocol, without which there is no OCR3.1, if it has the value of
	// DangerDangerEnableExperimentalRageP2P, word by word.
	EnableExperimentalRageP2P string
}

// Validate lists everything that is wrong with the configuration, as far as it can be told without touching the network.
func (c PeerConfig) Validate() error {
	var errs []error
	report := func(field, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %s", field, fmt.Sprintf(format, args...)))
	}
	switch {
	case c.PrivKey != nil && c.PeerKeyring != nil:
		report("PrivKey, PeerKeyring", "both are set, exactly one must be")
	case c.PrivKey != nil:
		if _, err := peerid.NewPrivateKeyKeyring(c.PrivKey); err != nil {
			report("PrivKey", "%v", err)
		}
	case c.PeerKeyring == nil:
		report("PeerKeyring", "must be set")
	}
	if c.Logger == nil {
		report("Logger", "must be set")
	}
	if len(c.V2ListenAddresses) == 0 {
		report("V2ListenAddresses", "there must be at least one")
	}
	announced, field := c.announceAddresses()
	for i, address := range c.V2ListenAddresses {
		if err := checkListenAddress(address); err != nil {
			report("V2ListenAddresses", "%d: %v", i, err)
			if field == "V2ListenAddresses" {
				announced = nil // all has been said
			}
		}
	}
	for i, address := range announced {
		parsed, err := netip.ParseAddrPort(address)
		switch {
		case err != nil:
			report(field, "%d: %q cannot be announced, it is not of the form ip:port; set V2AnnounceAddresses", i, address)
		case parsed.Port() == 0:
			report(field, "%d: %q cannot be announced, nobody can dial port 0; set V2AnnounceAddresses", i, address)
		}
	}
	for _, duration := range []struct {
		field string
		value time.Duration
		usual time.Duration
	}{
		{"V2DeltaReconcile", c.V2DeltaReconcile, DefaultV2DeltaReconcile},
		{"V2DeltaDial", c.V2DeltaDial, DefaultV2DeltaDial},
	} {
		if duration.value <= 0 {
			report(duration.field, "is %v, must be positive; %v is usual", duration.value, duration.usual)
		}
	}
	for _, size := range []struct {
		field string
		value int
	}{
		{"V2EndpointConfig.IncomingMessageBufferSize", c.V2EndpointConfig.IncomingMessageBufferSize},
		{"V2EndpointConfig.OutgoingMessageBufferSize", c.V2EndpointConfig.OutgoingMessageBufferSize},
	} {
		if size.value < 1 {
			report(size.field, "is %d, must be at least 1", size.value)
		}
	}
	return errors.Join(errs...)
}

// announceAddresses returns those that are announced, and the field that they are from.
func (c PeerConfig) announceAddresses() (addresses []string, field string) {
	if len(c.V2AnnounceAddresses) == 0 {
		return c.V2ListenAddresses, "V2ListenAddresses"
	}
	return c.V2AnnounceAddresses, "V2AnnounceAddresses"
}

func checkListenAddress(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is not of the form host:port: %w", address, err)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%q: the port must be a number from 0 to 65535", address)
	}
	return nil
}

func (c PeerConfig) keyring() (p2ptypes.PeerKeyring, error) {
	if c.PeerKeyring != nil {
		return c.PeerKeyring, nil
	}
	return peerid.NewPrivateKeyKeyring(c.PrivKey)
}

func (c PeerConfig) hostConfig() ragep2p.HostConfig {
	config := ragep2p.HostConfig{DurationBetweenDials: c.V2DeltaDial, Protocol: ragep2p.P1}
	if c.EnableExperimentalRageP2P == DangerDangerEnableExperimentalRageP2P {
		config.Protocol = ragep2p.P2
	}
	return config
}
