package commontypes

import (
	"fmt"
	"net"
	"strings"

	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
)

// BootstrapperLocator says who a bootstrapper is and where to reach it.
//
// Its text form is PEERID@HOST:PORT/HOST:PORT/..., with any number of addresses, also none.
type BootstrapperLocator struct {
	// PeerID is the text form of the bootstrapper's peer id (see package peerid).
	PeerID string
	// Addrs are the addresses under which the bootstrapper listens, each of the form host:port, where the host is a name, an
	// IPv4 address or an IPv6 address in brackets.
	Addrs []string
}

// NewBootstrapperLocator makes a locator and checks it like UnmarshalText does: the peer id must parse, and each address must
// split into host and port. The addresses are copied.
func NewBootstrapperLocator(peerID string, addrs []string) (*BootstrapperLocator, error) {
	if _, err := peerid.Parse(peerID); err != nil {
		return nil, fmt.Errorf("bootstrapper locator: %w", err)
	}
	for i, addr := range addrs {
		if err := checkAddr(addr); err != nil {
			return nil, fmt.Errorf("bootstrapper locator: address %d: %w", i, err)
		}
	}
	return &BootstrapperLocator{peerID, append([]string{}, addrs...)}, nil
}

// MarshalText returns the text form. It fails only where the text could not be told apart from that of another locator:
// when a separator occurs inside the peer id or an address, or when an address is empty.
func (b *BootstrapperLocator) MarshalText() ([]byte, error) {
	if strings.Contains(b.PeerID, "@") {
		return nil, fmt.Errorf("bootstrapper locator: peer id %q contains the separator @", b.PeerID)
	}
	for i, addr := range b.Addrs {
		if addr == "" || strings.ContainsAny(addr, "@/") {
			return nil, fmt.Errorf("bootstrapper locator: address %d (%q) is empty or contains a separator (@ or /)", i, addr)
		}
	}
	return []byte(b.PeerID + "@" + strings.Join(b.Addrs, "/")), nil
}

// UnmarshalText sets the locator from its text form. Without addresses (nothing after the @) Addrs is empty and not nil. The
// port of an address is not looked at. On error the locator is left as it was.
func (b *BootstrapperLocator) UnmarshalText(text []byte) error {
	peerID, list, ok := strings.Cut(string(text), "@")
	if !ok || strings.Contains(list, "@") {
		return fmt.Errorf("bootstrapper locator: text must have exactly one @, as in PEERID@HOST:PORT/HOST:PORT; it has %d", strings.Count(string(text), "@"))
	}
	var addrs []string
	if list != "" {
		addrs = strings.Split(list, "/")
	}
	parsed, err := NewBootstrapperLocator(peerID, addrs)
	if err != nil {
		return err
	}
	*b = *parsed
	return nil
}

func checkAddr(addr string) error {
	// What is not to be split in two would not survive the text form either.
	if strings.ContainsAny(addr, "@/") {
		return fmt.Errorf("%q contains a separator (@ or /)", addr)
	}
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return fmt.Errorf("%q is not of the form host:port: %w", addr, err)
	}
	return nil
}
