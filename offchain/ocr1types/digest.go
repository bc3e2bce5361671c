package ocr1types

import (
	"database/sql/driver"
	"encoding/hex"
	"fmt"
)

// ConfigDigest names one configuration on one OCR1 contract. It has no prefix that names the method of its computation, and
// does not cover the chain id.
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

// Scan implements sql.Scanner for columns that hold the 16 bytes of a digest. On an error the digest is unchanged.
func (c *ConfigDigest) Scan(value interface{}) error {
	b, ok := value.([]byte)
	if !ok {
		return fmt.Errorf("OCR1 config digest read from a database is a %T, want []byte", value)
	}
	digest, err := BytesToConfigDigest(b)
	if err != nil {
		return err
	}
	*c = digest
	return nil
}

// Value implements driver.Valuer: the 16 bytes of the digest.
func (c ConfigDigest) Value() (driver.Value, error) { return c[:], nil }
