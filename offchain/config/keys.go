package config

import (
	"crypto/hmac"
	"crypto/sha256"

	"github.com/ocrkit/ocrkit/offchain/types"
)

// Labels that tell the derived keys apart. The version in them is that of the derivation, not of the protocol.
const (
	leaderLabelV1       = "chainlink offchain reporting v1 leader selection key"
	transmissionLabelV1 = "chainlink offchain reporting v1 transmission order key"
	leaderLabelV3       = "chainlink offchain reporting v3 leader selection key"
	transmissionLabelV3 = "chainlink offchain reporting v3 transmission order key"
)

// Key is a key derived from the shared secret. It prints as "Key(redacted)".
type Key [16]byte

// String hides the key.
func (Key) String() string { return "Key(redacted)" }

// GoString hides the key.
func (Key) GoString() string { return "Key(redacted)" }

// Keys are the keys derived from the shared secret. Derive them once per instance.
type Keys struct {
	LeaderSelection   Key
	TransmissionOrder Key
}

// KeysV1 derives the keys of OCR1 and OCR2. They depend on nothing but the secret.
//
// Source: docs/protocol/ocr2.md, section "Keys, leaders and schedules".
func KeysV1(secret SharedSecret) Keys {
	return Keys{
		LeaderSelection:   Key(keccak128(secret[:], []byte(leaderLabelV1))),
		TransmissionOrder: Key(keccak128(secret[:], []byte(transmissionLabelV1))),
	}
}

// KeysV3 derives the keys of OCR3 and OCR3.1, which are different for each config digest.
func KeysV3(secret SharedSecret, digest types.ConfigDigest) Keys {
	return Keys{
		LeaderSelection:   hmac128(secret[:], []byte(leaderLabelV3), digest[:]),
		TransmissionOrder: hmac128(secret[:], []byte(transmissionLabelV3), digest[:]),
	}
}

// hmac128 returns the first half of HMAC-SHA256.
func hmac128(key []byte, parts ...[]byte) Key {
	mac := hmac.New(sha256.New, key)
	for _, part := range parts {
		mac.Write(part)
	}
	var sum [sha256.Size]byte
	return Key(mac.Sum(sum[:0])[:16])
}
