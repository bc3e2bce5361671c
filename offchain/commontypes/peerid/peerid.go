// Package peerid holds the identity of a peer on the network: an Ed25519 public key with a fixed binary and text form.
//
// A peer id names a node, not an oracle: one node has one peer id and takes part with it in any number of protocol
// instances. Configs carry peer ids as text, one for each oracle; bootstrapper locators carry them too.
//
// The binary form is 38 bytes: a six-byte prefix (an identity multihash around a libp2p Ed25519 key message) and the
// 32-byte public key. The text form is the base58 (Bitcoin alphabet) of the binary form, without checksum or prefix: always
// 52 characters, the first eight of them 12D3KooW. Both forms are canonical: each key has exactly one of each.
package peerid

import (
	"crypto"
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/mr-tron/base58"
)

const (
	// BinaryLength is the length in bytes of the binary form of a peer id.
	BinaryLength = len(binaryPrefix) + ed25519.PublicKeySize
	// TextLength is the length in characters of the text form of a peer id.
	TextLength = 52

	// binaryPrefix: identity multihash (00) of 36 bytes (24) that are a protobuf message with
	// field 1 = 1 (key type Ed25519) and field 2 = the 32-byte key.
	binaryPrefix = "\x00\x24\x08\x01\x12\x20"
)

// PeerPublicKey is the Ed25519 public key of a peer.
type PeerPublicKey [ed25519.PublicKeySize]byte

// PeerID identifies a peer. It holds the bare Ed25519 public key, so it is comparable and usable as a map key. The zero
// value has a text and a binary form like any other.
type PeerID [ed25519.PublicKeySize]byte

// PeerKeyring holds a peer's private key. Implementations must be safe for concurrent use.
type PeerKeyring interface {
	// Sign returns the 64-byte plain Ed25519 signature (no pre-hash, no context) of msg. It is called during connection
	// handshakes, which have deadlines: it should take milliseconds, not seconds.
	Sign(msg []byte) (signature []byte, err error)
	// PublicKey returns the public key that verifies what Sign signs. It must always return the same key.
	PublicKey() PeerPublicKey
}

// PeerIDFromPeerPublicKey returns the id of the peer with public key pk.
func PeerIDFromPeerPublicKey(pk PeerPublicKey) PeerID {
	return PeerID(pk)
}

// PeerIDFromPublicKey returns the id of the peer with public key pk. It fails when pk is not 32 bytes long.
func PeerIDFromPublicKey(pk ed25519.PublicKey) (PeerID, error) {
	if len(pk) != ed25519.PublicKeySize {
		return PeerID{}, fmt.Errorf("peer id: Ed25519 public key has %d bytes, want %d", len(pk), ed25519.PublicKeySize)
	}
	return PeerID(pk), nil
}

// PeerIDFromPrivateKey returns the id of the peer with private key sk, given in its 64-byte form (seed, then public key).
// It fails when sk has another length or when its two halves do not belong together.
func PeerIDFromPrivateKey(sk ed25519.PrivateKey) (PeerID, error) {
	if err := checkPrivateKey(sk); err != nil {
		return PeerID{}, fmt.Errorf("peer id: %w", err)
	}
	return PeerIDFromPublicKey(sk.Public().(ed25519.PublicKey))
}

// PeerIDFromKeyring returns the id of the peer whose keys keyring holds.
func PeerIDFromKeyring(keyring PeerKeyring) PeerID {
	return PeerIDFromPeerPublicKey(keyring.PublicKey())
}

// PeerPublicKeyFromGenericPublicKey converts a public key of the standard library, for example one found in a TLS
// certificate. It fails when the key is not an Ed25519 key of 32 bytes.
func PeerPublicKeyFromGenericPublicKey(publickey crypto.PublicKey) (PeerPublicKey, error) {
	pk, ok := publickey.(ed25519.PublicKey)
	if !ok {
		return PeerPublicKey{}, fmt.Errorf("peer public key: got a %T, want an ed25519.PublicKey", publickey)
	}
	if len(pk) != ed25519.PublicKeySize {
		return PeerPublicKey{}, fmt.Errorf("peer public key: Ed25519 public key has %d bytes, want %d", len(pk), ed25519.PublicKeySize)
	}
	return PeerPublicKey(pk), nil
}

// MustPeerPublicKeyFromGenericPublicKey is PeerPublicKeyFromGenericPublicKey for keys that are known to be Ed25519 keys. It
// panics on any other; never hand it a key that came from the network.
func MustPeerPublicKeyFromGenericPublicKey(publickey crypto.PublicKey) PeerPublicKey {
	pk, err := PeerPublicKeyFromGenericPublicKey(publickey)
	if err != nil {
		panic(err)
	}
	return pk
}

// Ed25519PublicKeyFromPeerPublicKey returns pk as a key of the standard library. The result shares no memory with pk.
func Ed25519PublicKeyFromPeerPublicKey(pk PeerPublicKey) ed25519.PublicKey {
	return ed25519.PublicKey(pk[:])
}

// Parse reads the text form of a peer id. It accepts exactly what PeerID.String writes.
func Parse(text string) (PeerID, error) {
	// Checked before decoding: base58 takes quadratic time.
	if len(text) != TextLength {
		return PeerID{}, fmt.Errorf("peer id: text has %d characters, want %d", len(text), TextLength)
	}
	b, err := base58.Decode(text)
	if err != nil {
		return PeerID{}, fmt.Errorf("peer id: text %q is not base58: %w", text, err)
	}
	var id PeerID
	if err := id.UnmarshalBinary(b); err != nil {
		return PeerID{}, err
	}
	return id, nil
}

// String returns the text form of the id.
func (id PeerID) String() string {
	var b [BinaryLength]byte
	copy(b[:], binaryPrefix)
	copy(b[len(binaryPrefix):], id[:])
	return base58.Encode(b[:])
}

// MarshalText returns the text form of the id. It never fails.
func (id PeerID) MarshalText() (text []byte, err error) {
	return []byte(id.String()), nil
}

// UnmarshalText sets the id from its text form. On error the id is left as it was.
func (id *PeerID) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// MarshalBinary returns the 38-byte binary form of the id. It never fails.
func (id PeerID) MarshalBinary() (data []byte, err error) {
	data = make([]byte, 0, BinaryLength)
	data = append(data, binaryPrefix...)
	return append(data, id[:]...), nil
}

// UnmarshalBinary sets the id from its binary form. On error the id is left as it was.
func (id *PeerID) UnmarshalBinary(data []byte) error {
	if len(data) != BinaryLength {
		return fmt.Errorf("peer id: binary form has %d bytes, want %d", len(data), BinaryLength)
	}
	if string(data[:len(binaryPrefix)]) != binaryPrefix {
		return fmt.Errorf("peer id: binary form begins with %x, want %x (an Ed25519 key)", data[:len(binaryPrefix)], binaryPrefix)
	}
	copy(id[:], data[len(binaryPrefix):])
	return nil
}

// checkPrivateKey tells whether sk is a whole private key: 64 bytes, the second half of which is the public key of the first.
func checkPrivateKey(sk ed25519.PrivateKey) error {
	if len(sk) != ed25519.PrivateKeySize {
		return fmt.Errorf("Ed25519 private key has %d bytes, want %d (seed and public key)", len(sk), ed25519.PrivateKeySize)
	}
	if !ed25519.NewKeyFromSeed(sk.Seed()).Equal(sk) {
		return errors.New("Ed25519 private key is inconsistent: its public half does not belong to its seed")
	}
	return nil
}
