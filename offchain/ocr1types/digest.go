// Package ocr1types holds what users of OCR1 see and OCR2 has in another shape: config digests of 16 bytes.
package ocr1types

import (
	"encoding/hex"
	"fmt"
)

// ConfigDigest names one configuration on one OCR1 contract.
type ConfigDigest [16]byte

// Hex returns the digest as 32 hexadecimal digits.
func (c ConfigDigest) Hex() string { return hex.EncodeToString(c[:]) }

// String returns the digest as 32 hexadecimal digits.
func (c ConfigDigest) String() string { return c.Hex() }

// BytesToConfigDigest returns the digest with the given bytes. It fails when there are not exactly 16.
func BytesToConfigDigest(b []byte) (ConfigDigest, error) {
	if len(b) != len(ConfigDigest{}) {
		return ConfigDigest{}, fmt.Errorf("OCR1 config digest has %d bytes, want %d", len(b), len(ConfigDigest{}))
	}
	return ConfigDigest(b), nil
}
