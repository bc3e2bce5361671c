package wire

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

// StreamID names a stream on the wire.
type StreamID [sha256.Size]byte

// NewStreamID returns the id of the stream that two peers have under a name. Both peers compute the same.
func NewStreamID(a, b p2ptypes.PeerID, name string) StreamID {
	if bytes.Compare(a[:], b[:]) < 0 {
		a, b = b, a
	}
	buf := make([]byte, 0, len(a)+len(b)+p2ptypes.MaxStreamNameLength)
	buf = append(buf, a[:]...)
	buf = append(buf, b[:]...)
	return sha256.Sum256(append(buf, name...))
}

// String returns 64 hexadecimal digits.
func (id StreamID) String() string { return fmt.Sprintf("%x", id[:]) }

// widePrefix begins the 32-byte form of an OCR1 config digest.
const widePrefix = "\xee\xee"

// WidenOCR1Digest returns the 32-byte form of a config digest of OCR1, which has 16 bytes. No config digest of a later version
// looks like it.
func WidenOCR1Digest(digest [16]byte) [32]byte {
	var wide [32]byte
	copy(wide[:], widePrefix)
	copy(wide[len(widePrefix):], digest[:])
	return wide
}

// NarrowOCR1Digest is the inverse of WidenOCR1Digest. It fails on what WidenOCR1Digest does not return.
func NarrowOCR1Digest(wide [32]byte) ([16]byte, error) {
	digest := [16]byte(wide[len(widePrefix):])
	if WidenOCR1Digest(digest) != wide {
		return [16]byte{}, fmt.Errorf("%x is no widened config digest of OCR1: want %x, 16 bytes and zeros", wide, widePrefix)
	}
	return digest, nil
}
