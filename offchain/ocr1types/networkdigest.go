package ocr1types

import (
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/types"
)

// padding is where the zeros begin in a digest as NetworkDigest returns it.
const padding = 2 + len(ConfigDigest{})

// NetworkDigest returns the digest under which whatever is built for the digests of later versions knows an OCR1 instance, the
// network layer above all: a prefix of its own, the 16 bytes, and zeros.
func NetworkDigest(digest ConfigDigest) types.ConfigDigest {
	var widened types.ConfigDigest
	widened[0], widened[1] = byte(types.ConfigDigestPrefixOCR1>>8), byte(types.ConfigDigestPrefixOCR1&0xff)
	copy(widened[2:padding], digest[:])
	return widened
}

// FromNetworkDigest is the inverse of NetworkDigest. It fails for a digest that is not of OCR1.
func FromNetworkDigest(digest types.ConfigDigest) (ConfigDigest, error) {
	narrow := ConfigDigest(digest[2:padding])
	if NetworkDigest(narrow) != digest {
		return ConfigDigest{}, fmt.Errorf("config digest %s is not of OCR1", digest.Hex())
	}
	return narrow, nil
}
