package wire

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

const (
	// KnockLength is the length in bytes of a knock: version, public key of the dialer, signature.
	KnockLength = 1 + ed25519.PublicKeySize + ed25519.SignatureSize

	knockVersion = 2
	// knockPrefix separates knocks from everything else that a peer key signs.
	knockPrefix = "ragep2p 1.0.0 knock knock"
)

var (
	// ErrSelfDial says that a knock names its listener as the dialer: an address that is announced leads back to the host.
	ErrSelfDial = errors.New("knock names the listener itself as the dialer")
	// ErrBadKnock says that bytes are no knock at all, or one whose signature is bad or meant for another listener.
	ErrBadKnock = errors.New("bad knock")
)

// KnockMessage returns what a dialer signs to knock at listener.
func KnockMessage(listener p2ptypes.PeerID) []byte {
	return append([]byte(knockPrefix), listener[:]...)
}

// NewKnock returns the first bytes that the owner of keyring sends to listener. It fails when the keyring does.
func NewKnock(keyring p2ptypes.PeerKeyring, listener p2ptypes.PeerID) ([]byte, error) {
	signature, err := keyring.Sign(KnockMessage(listener))
	if err != nil {
		return nil, fmt.Errorf("sign knock: %w", err)
	}
	if len(signature) != ed25519.SignatureSize {
		return nil, fmt.Errorf("sign knock: keyring returned %d bytes, want %d", len(signature), ed25519.SignatureSize)
	}
	knock := make([]byte, 0, KnockLength)
	knock = append(knock, knockVersion)
	self := keyring.PublicKey()
	knock = append(knock, self[:]...)
	return append(knock, signature...), nil
}

// CheckKnock returns who knocks at listener. The error wraps ErrSelfDial or ErrBadKnock. It costs one signature check at
// most.
func CheckKnock(knock []byte, listener p2ptypes.PeerID) (dialer p2ptypes.PeerID, err error) {
	if len(knock) != KnockLength {
		return p2ptypes.PeerID{}, fmt.Errorf("%w: %d bytes, want %d", ErrBadKnock, len(knock), KnockLength)
	}
	if knock[0] != knockVersion {
		return p2ptypes.PeerID{}, fmt.Errorf("%w: version %d, want %d", ErrBadKnock, knock[0], knockVersion)
	}
	dialer = p2ptypes.PeerID(knock[1 : 1+ed25519.PublicKeySize])
	if dialer == listener {
		return p2ptypes.PeerID{}, ErrSelfDial
	}
	if !ed25519.Verify(dialer[:], KnockMessage(listener), knock[1+ed25519.PublicKeySize:]) {
		return p2ptypes.PeerID{}, fmt.Errorf("%w: signature of %v does not verify", ErrBadKnock, dialer)
	}
	return dialer, nil
}
