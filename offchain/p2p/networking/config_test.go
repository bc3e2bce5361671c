package networking

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/p2p/ragep2p"
)

func goodConfig(t testing.TB) PeerConfig {
	return PeerConfig{
		PeerKeyring:       testKeyring(t, 0),
		Logger:            &log{},
		V2ListenAddresses: []string{"127.0.0.1:6690"},
		V2DeltaReconcile:  DefaultV2DeltaReconcile,
		V2DeltaDial:       DefaultV2DeltaDial,
		V2EndpointConfig:  DefaultEndpointConfigV2(),
	}
}

func TestValidate(t *testing.T) {
	if err := goodConfig(t).Validate(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*PeerConfig){
		"PeerKeyring: must be set":                                   func(c *PeerConfig) { c.PeerKeyring = nil },
		"PrivKey, PeerKeyring: both are set":                         func(c *PeerConfig) { c.PrivKey = testKey(0) },
		"PrivKey: peer keyring: Ed25519 private key has 32 bytes":    func(c *PeerConfig) { c.PeerKeyring, c.PrivKey = nil, make([]byte, 32) },
		"PrivKey: peer keyring: Ed25519 private key is inconsistent": func(c *PeerConfig) { c.PeerKeyring, c.PrivKey = nil, make([]byte, 64) },
		"Logger: must be set":                                        func(c *PeerConfig) { c.Logger = nil },
		"V2ListenAddresses: there must be at least one":              func(c *PeerConfig) { c.V2ListenAddresses = nil },
		`V2ListenAddresses: 1: "127.0.0.1" is not of the form host:port`: func(c *PeerConfig) {
			c.V2ListenAddresses = append(c.V2ListenAddresses, "127.0.0.1")
		},
		`V2ListenAddresses: 0: "127.0.0.1:http": the port must be a number`: func(c *PeerConfig) { c.V2ListenAddresses[0] = "127.0.0.1:http" },
		`V2ListenAddresses: 0: ":6690" cannot be announced`:                 func(c *PeerConfig) { c.V2ListenAddresses[0] = ":6690" },
		`V2ListenAddresses: 0: "127.0.0.1:0" cannot be announced, nobody`:   func(c *PeerConfig) { c.V2ListenAddresses[0] = "127.0.0.1:0" },
		`V2AnnounceAddresses: 0: "example.org:6690" cannot be announced`:    func(c *PeerConfig) { c.V2AnnounceAddresses = []string{"example.org:6690"} },
		"V2DeltaReconcile: is 0s, must be positive; 1m0s is usual":          func(c *PeerConfig) { c.V2DeltaReconcile = 0 },
		"V2DeltaDial: is -1s, must be positive; 15s is usual":               func(c *PeerConfig) { c.V2DeltaDial = -time.Second },
		"V2EndpointConfig.IncomingMessageBufferSize: is 0":                  func(c *PeerConfig) { c.V2EndpointConfig.IncomingMessageBufferSize = 0 },
		"V2EndpointConfig.OutgoingMessageBufferSize: is -1":                 func(c *PeerConfig) { c.V2EndpointConfig.OutgoingMessageBufferSize = -1 },
	} {
		c := goodConfig(t)
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) || strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("got %q, want %q and nothing else", err, want)
		}
	}
	// All that is wrong is told at once.
	err := PeerConfig{}.Validate()
	for _, field := range []string{"PeerKeyring", "Logger", "V2ListenAddresses", "V2DeltaReconcile", "V2DeltaDial", "IncomingMessageBufferSize", "OutgoingMessageBufferSize"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("the error on an empty configuration does not mention %s: %v", field, err)
		}
	}
	if p, err := NewPeer(PeerConfig{}); err == nil || p != nil {
		t.Errorf("a peer without configuration: %v, %v", p, err)
	}
	// Names are fine where one listens, if something else is announced.
	c := goodConfig(t)
	c.V2ListenAddresses, c.V2AnnounceAddresses = []string{"localhost:0", ":6690"}, []string{"192.0.2.1:6690", "[::]:6690"}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

func TestProtocolChoice(t *testing.T) {
	c := goodConfig(t)
	for value, want := range map[string]any{"": ragep2p.P1, "yes": ragep2p.P1, DangerDangerEnableExperimentalRageP2P: ragep2p.P2} {
		c.EnableExperimentalRageP2P = value
		if got := c.hostConfig().Protocol; got != want {
			t.Errorf("%q gives %v, want %v", value, got, want)
		}
	}
}

// TestListenFails: an address that is taken fails NewPeer, which leaves nothing behind.
func TestListenFails(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := goodConfig(t)
	c.V2ListenAddresses = []string{freeAddress(t), l.Addr().String()}
	if p, err := NewPeer(c); err == nil || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Errorf("got %v, %v", p, err)
	}
	// The other address is free again.
	again, err := net.Listen("tcp", c.V2ListenAddresses[0])
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}
