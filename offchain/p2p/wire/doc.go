// Package wire holds the bytes that peers exchange: the knock that opens a connection, the certificate that TLS pins, the
// ids of streams and the frames inside TLS. Everything here is a pure function; whatever came from the network is bounded
// before it is parsed, and refused with an error that says what is wrong with it.
//
// There are two protocols, P1 and P2. They share knock, certificate, stream ids and the frames open, close and data; P2 adds
// requests and responses. Nothing on the wire tells which of the two a peer speaks.
//
// Source: docs/protocol/transport.md, "Identities", "Knock", "TLS", "Stream ids", "Frames".
package wire

import "fmt"

// Protocol is the version of the protocol that a host speaks on all its connections.
type Protocol byte

const (
	// P1 is the production protocol: streams of plain messages. It is the zero value.
	P1 Protocol = 0
	// P2 is the newer protocol: also requests, responses and priorities.
	P2 Protocol = 1
)

// Validate fails for anything but P1 and P2.
func (p Protocol) Validate() error {
	if p != P1 && p != P2 {
		return fmt.Errorf("protocol %d is unknown, must be P1 (0) or P2 (1)", byte(p))
	}
	return nil
}

// String returns P1 or P2.
func (p Protocol) String() string {
	if p.Validate() != nil {
		return fmt.Sprintf("Protocol(%d)", byte(p))
	}
	return [...]string{"P1", "P2"}[p]
}
