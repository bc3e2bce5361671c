// Package announcement has the words of peer discovery: the signed announcements in which peers say where they can be dialed,
// and the messages that carry them. It only computes: it has no state, no I/O, and takes bytes from anybody.
//
// Source: docs/protocol/transport.md, "Discovery".
package announcement

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

//go:generate go run ../../../../internal/cmd/genproto discopb

const (
	// MaxAddresses bounds the addresses in an announcement; there is at least one.
	MaxAddresses = 10
	// MaxAddressLength is the length of the longest address, in bytes.
	MaxAddressLength = len("[0000:0000:0000:0000:0000:ffff:255.255.255.255]:65535")

	digestPrefix = "announcement for chainlink peer discovery v2.0.0"
)

// Announcement says under which addresses a peer can be dialed, signed by that peer. Values that come out of this package do
// not change any more: they may be shared.
type Announcement struct {
	// Addresses in the order in which they are worth dialing, each ip:port.
	Addresses []p2ptypes.Address
	// Counter tells which of several announcements of a peer is the newest: the one with the greatest.
	Counter uint64
	// PublicKey is that of the peer.
	PublicKey ed25519.PublicKey
	// Sig is the peer's signature on Digest.
	Sig []byte
}

// Sign makes an announcement. sign makes an Ed25519 signature with the key that belongs to publicKey; the result is checked.
func Sign(addresses []p2ptypes.Address, counter uint64, publicKey p2ptypes.PeerPublicKey, sign func([]byte) ([]byte, error)) (Announcement, error) {
	a := Announcement{Addresses: slices.Clone(addresses), Counter: counter, PublicKey: publicKey[:]}
	if err := checkAddresses(a.Addresses); err != nil {
		return Announcement{}, fmt.Errorf("cannot make an announcement: %w", err)
	}
	digest := a.Digest()
	sig, err := sign(digest[:])
	if err != nil {
		return Announcement{}, fmt.Errorf("cannot sign an announcement: %w", err)
	}
	a.Sig = slices.Clone(sig)
	if err := a.VerifySignature(); err != nil {
		return Announcement{}, fmt.Errorf("the peer keyring made a signature that its public key does not verify: %w", err)
	}
	return a, nil
}

// PeerID returns the peer that the announcement claims to be of. It fails when the public key has a wrong length.
func (a Announcement) PeerID() (p2ptypes.PeerID, error) {
	if len(a.PublicKey) != ed25519.PublicKeySize {
		return p2ptypes.PeerID{}, fmt.Errorf("announcement: public key has %d bytes, want %d", len(a.PublicKey), ed25519.PublicKeySize)
	}
	return p2ptypes.PeerID(a.PublicKey), nil
}

// String describes the announcement for logs.
func (a Announcement) String() string {
	owner := "?"
	if id, err := a.PeerID(); err == nil {
		owner = id.String()
	}
	return fmt.Sprintf("announcement %d of %s: %s", a.Counter, owner, JoinAddresses(a.Addresses))
}

// JoinAddresses lists addresses for logs.
func JoinAddresses(addresses []p2ptypes.Address) string {
	texts := make([]string, len(addresses))
	for i, address := range addresses {
		texts[i] = string(address)
	}
	return strings.Join(texts, ",")
}

// Digest returns what the peer signs. The public key is not in it.
func (a Announcement) Digest() [sha256.Size]byte { return sha256.Sum256(a.preimage()) }

func (a Announcement) preimage() []byte {
	size := len(digestPrefix) + 4 + 8
	for _, address := range a.Addresses {
		size += 4 + len(address)
	}
	b := append(make([]byte, 0, size), digestPrefix...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(a.Addresses)))
	for _, address := range a.Addresses {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(address)))
		b = append(b, address...)
	}
	return binary.LittleEndian.AppendUint64(b, a.Counter)
}

// CheckWellFormed tells whether the announcement could be valid, short of checking its signature.
func (a Announcement) CheckWellFormed() error {
	if _, err := a.PeerID(); err != nil {
		return err
	}
	if len(a.Sig) == 0 {
		return errors.New("announcement: it is not signed")
	}
	if err := checkAddresses(a.Addresses); err != nil {
		return fmt.Errorf("announcement: %w", err)
	}
	return nil
}

func checkAddresses(addresses []p2ptypes.Address) error {
	if n := len(addresses); n == 0 || n > MaxAddresses {
		return fmt.Errorf("it has %d addresses, must have 1 to %d", n, MaxAddresses)
	}
	for i, address := range addresses {
		if _, err := parseAddress(string(address)); err != nil {
			return fmt.Errorf("address %d: %w", i, err)
		}
	}
	return nil
}

// parseAddress reads ip:port.
func parseAddress(address string) (netip.AddrPort, error) {
	if len(address) > MaxAddressLength {
		return netip.AddrPort{}, fmt.Errorf("it has %d bytes, may have %d", len(address), MaxAddressLength)
	}
	parsed, err := netip.ParseAddrPort(address)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%q is not of the form ip:port: %w", address, err)
	}
	if parsed.Addr().Zone() != "" {
		return netip.AddrPort{}, fmt.Errorf("%q has a zone, which means nothing to others", address)
	}
	return parsed, nil
}

// VerifySignature tells whether the signature is that of the peer. The announcement must be well-formed. It costs one Ed25519
// verification.
func (a Announcement) VerifySignature() error {
	digest := a.Digest()
	if len(a.Sig) != ed25519.SignatureSize || !ed25519.Verify(a.PublicKey, digest[:], a.Sig) {
		return errors.New("announcement: wrong signature")
	}
	return nil
}

// Equal tells whether two announcements are the same in all parts.
func (a Announcement) Equal(b Announcement) bool {
	return a.Counter == b.Counter && slices.Equal(a.Addresses, b.Addresses) &&
		bytes.Equal(a.PublicKey, b.PublicKey) && bytes.Equal(a.Sig, b.Sig)
}

const (
	fieldAddrs     = 1
	fieldCounter   = 2
	fieldPublicKey = 3
	fieldSig       = 4
)

// Encode returns the announcement as it is stored, and as it is inside of messages.
func (a Announcement) Encode() []byte {
	size := protowire.SizeVarint(a.Counter) + len(a.PublicKey) + len(a.Sig) + 16
	for _, address := range a.Addresses {
		size += 3 + len(address)
	}
	b := make([]byte, 0, size)
	for _, address := range a.Addresses {
		b = protowire.AppendTag(b, fieldAddrs, protowire.BytesType)
		b = protowire.AppendString(b, string(address))
	}
	if a.Counter != 0 {
		b = protowire.AppendTag(b, fieldCounter, protowire.VarintType)
		b = protowire.AppendVarint(b, a.Counter)
	}
	if len(a.PublicKey) != 0 {
		b = protowire.AppendTag(b, fieldPublicKey, protowire.BytesType)
		b = protowire.AppendBytes(b, a.PublicKey)
	}
	if len(a.Sig) != 0 {
		b = protowire.AppendTag(b, fieldSig, protowire.BytesType)
		b = protowire.AppendBytes(b, a.Sig)
	}
	return b
}

// Decode reads what Encode writes. It says nothing about whether the announcement is well-formed, and refuses bytes that are
// longer than any that are. The result shares no memory with b.
func Decode(b []byte) (Announcement, error) {
	if len(b) > MaxMessageLength {
		return Announcement{}, fmt.Errorf("announcement: %d bytes, at most %d are possible", len(b), MaxMessageLength)
	}
	var a Announcement
	if err := a.decode(b); err != nil {
		return Announcement{}, err
	}
	return a.clone(), nil
}

// decode adds the fields in b to a, with the result aliasing b. Of addresses it keeps one more than there may be.
func (a *Announcement) decode(b []byte) error {
	for len(b) > 0 {
		num, typ, n := consumeTag(b)
		if n < 0 {
			return malformed("announcement", protowire.ParseError(n))
		}
		b = b[n:]
		switch {
		case num == fieldCounter && typ == protowire.VarintType:
			a.Counter, n = protowire.ConsumeVarint(b)
		case num >= fieldAddrs && num <= fieldSig && num != fieldCounter && typ == protowire.BytesType:
			var content []byte
			content, n = protowire.ConsumeBytes(b)
			switch {
			case n < 0:
			case num == fieldPublicKey:
				a.PublicKey = content
			case num == fieldSig:
				a.Sig = content
			case len(a.Addresses) <= MaxAddresses:
				a.Addresses = append(a.Addresses, p2ptypes.Address(content))
			}
		default:
			n = protowire.ConsumeFieldValue(num, typ, b)
		}
		if n < 0 {
			return malformed("announcement", protowire.ParseError(n))
		}
		b = b[n:]
	}
	return nil
}

// consumeTag is protowire.ConsumeTag, but refuses numbers that no field can have, as generated code does.
func consumeTag(b []byte) (num protowire.Number, typ protowire.Type, n int) {
	num, typ, n = protowire.ConsumeTag(b)
	if n >= 0 && num > protowire.MaxValidNumber {
		return 0, 0, errFieldNumber
	}
	return num, typ, n
}

// errFieldNumber is what protowire returns for an invalid field number.
const errFieldNumber = -2

func malformed(what string, err error) error {
	return fmt.Errorf("%s: malformed protobuf: %w", what, err)
}

// clone returns a copy that shares nothing with the bytes it was decoded from.
func (a Announcement) clone() Announcement {
	a.PublicKey = slices.Clone(a.PublicKey)
	a.Sig = slices.Clone(a.Sig)
	return a
}
