package roundwire

import (
	"encoding/hex"
	"fmt"
)

// ShortHex writes up to eight bytes, and of longer strings the first four and the length.
func ShortHex(b []byte) string {
	if len(b) <= 8 {
		return hex.EncodeToString(b)
	}
	return fmt.Sprintf("%x..(%d)", b[:4], len(b))
}
