// Package peeridhelper signs arbitrary messages with the key of a peer, so that no such signature can be taken for another
// that the key makes: a knock, a certificate, a handshake, an announcement, or a message of another purpose.
//
// Source: docs/protocol/transport.md, "Identities".
package peeridhelper

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"strings"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

const (
	// The payload begins like that of a TLS 1.3 signature, with a context of its own, so that it is none of another context.
	padding = 64
	context = "ragep2p arbitrary message signing"

	// maxVerbatim is the length in bytes of the longest message that is signed as it is; a longer one is hashed.
	maxVerbatim = 1024

	tagVerbatim = 0
	tagHashed   = 1
)

// MakePeerIDSignatureDomainSeparatedPayload returns what a peer signs for a message. The domain separator names the purpose:
// no two pairs of domain separator and message have the same payload.
func MakePeerIDSignatureDomainSeparatedPayload(domainSeparator string, message []byte) []byte {
	payload := make([]byte, 0, padding+len(context)+1+8+len(domainSeparator)+1+8+min(len(message), maxVerbatim))
	payload = append(payload, strings.Repeat(" ", padding)...)
	payload = append(payload, context...)
	payload = append(payload, 0)
	payload = binary.BigEndian.AppendUint64(payload, uint64(len(domainSeparator)))
	payload = append(payload, domainSeparator...)
	if len(message) <= maxVerbatim {
		payload = append(payload, tagVerbatim)
		payload = binary.BigEndian.AppendUint64(payload, uint64(len(message)))
		return append(payload, message...)
	}
	hash := sha256.Sum256(message)
	payload = append(payload, tagHashed)
	return append(payload, hash[:]...)
}

// DomainSeparatedPeerKeyring signs messages of one purpose with the key of a peer. It is no PeerKeyring itself, so it cannot be
// wrapped a second time. It is as safe for concurrent use as the keyring that it wraps.
type DomainSeparatedPeerKeyring struct {
	domainSeparator string
	keyring         p2ptypes.PeerKeyring
}

// NewDomainSeparatedPeerKeyring makes a keyring for the purpose that domainSeparator names.
func NewDomainSeparatedPeerKeyring(domainSeparator string, peerKeyring p2ptypes.PeerKeyring) *DomainSeparatedPeerKeyring {
	return &DomainSeparatedPeerKeyring{domainSeparator, peerKeyring}
}

// Sign returns the 64-byte signature of a message. It fails when the keyring does.
func (k *DomainSeparatedPeerKeyring) Sign(message []byte) (signature []byte, err error) {
	return k.keyring.Sign(MakePeerIDSignatureDomainSeparatedPayload(k.domainSeparator, message))
}

// Verify tells whether signature is what the owner of publicKey signs for message, for the same purpose.
func (k *DomainSeparatedPeerKeyring) Verify(publicKey p2ptypes.PeerPublicKey, message []byte, signature []byte) bool {
	return ed25519.Verify(publicKey[:], MakePeerIDSignatureDomainSeparatedPayload(k.domainSeparator, message), signature)
}

// DomainSeparatorAndPublicKey returns the purpose and the public key that verifies.
func (k *DomainSeparatedPeerKeyring) DomainSeparatorAndPublicKey() (string, p2ptypes.PeerPublicKey) {
	return k.domainSeparator, k.keyring.PublicKey()
}
