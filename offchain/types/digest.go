package types

import (
	"database/sql/driver"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// ConfigDigest identifies one protocol instance: a contract (or whatever holds the config), the chain it is on, and one
// config that was set there. Everything that oracles sign or send carries it, so that nothing of one instance can be used
// in another. Its first two bytes are the ConfigDigestPrefix of the method by which it was computed.
//
// The zero digest stands for "no config has been set".
type ConfigDigest [32]byte

// BytesToConfigDigest makes a digest of exactly 32 bytes; it fails on any other length.
func BytesToConfigDigest(b []byte) (ConfigDigest, error) {
	if len(b) != len(ConfigDigest{}) {
		return ConfigDigest{}, fmt.Errorf("config digest: got %d bytes, want %d", len(b), len(ConfigDigest{}))
	}
	return ConfigDigest(b), nil
}

// Hex returns the digest as 64 lower-case hexadecimal characters, without 0x.
func (c ConfigDigest) Hex() string {
	return hex.EncodeToString(c[:])
}

// String is Hex.
func (c ConfigDigest) String() string {
	return c.Hex()
}

// MarshalText returns what Hex returns. It never fails.
func (c ConfigDigest) MarshalText() (text []byte, err error) {
	return hex.AppendEncode(make([]byte, 0, hex.EncodedLen(len(c))), c[:]), nil
}

// UnmarshalText sets the digest from exactly 64 hexadecimal characters, upper or lower case, without 0x. On error the digest
// is left as it was.
func (c *ConfigDigest) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(c)) {
		return fmt.Errorf("config digest: text has %d characters, want %d hexadecimal ones", len(text), hex.EncodedLen(len(c)))
	}
	var parsed ConfigDigest
	if _, err := hex.Decode(parsed[:], text); err != nil {
		return fmt.Errorf("config digest: text %q: %w", text, err)
	}
	*c = parsed
	return nil
}

var _ interface {
	driver.Valuer
} = ConfigDigest{}

// Scan sets the digest from a database column; it takes a []byte of length 32 only. On error the digest is left as it was.
func (c *ConfigDigest) Scan(value interface{}) error {
	b, ok := value.([]byte)
	if !ok {
		return fmt.Errorf("config digest: cannot scan a %T, want []byte", value)
	}
	parsed, err := BytesToConfigDigest(b)
	if err != nil {
		return err
	}
	*c = parsed
	return nil
}

// Value returns the 32 bytes of the digest, for a database column. It never fails.
func (c ConfigDigest) Value() (driver.Value, error) {
	return c[:], nil
}

// ConfigDigestPrefix tells the method by which a config digest was computed: the first two bytes of the digest, big-endian.
// Each method has its own, so that digests of different methods cannot be equal.
type ConfigDigestPrefix uint16

// The registry of prefixes. 0x0000, 0x0005, 0x000d, 0x0013 and 0xffff are reserved.
const (
	ConfigDigestPrefixEVMSimple              ConfigDigestPrefix = 0x0001
	ConfigDigestPrefixTerra                  ConfigDigestPrefix = 0x0002
	ConfigDigestPrefixSolana                 ConfigDigestPrefix = 0x0003
	ConfigDigestPrefixStarknet               ConfigDigestPrefix = 0x0004
	ConfigDigestPrefixMercuryV02             ConfigDigestPrefix = 0x0006 // Mercury v0.2 and v0.3
	ConfigDigestPrefixEVMThresholdDecryption ConfigDigestPrefix = 0x0007
	ConfigDigestPrefixEVMS4                  ConfigDigestPrefix = 0x0008
	ConfigDigestPrefixLLO                    ConfigDigestPrefix = 0x0009 // Mercury v1
	ConfigDigestPrefixCCIPMultiRole          ConfigDigestPrefix = 0x000a
	ConfigDigestPrefixCCIPMultiRoleRMN       ConfigDigestPrefix = 0x000b
	ConfigDigestPrefixCCIPMultiRoleRMNCombo  ConfigDigestPrefix = 0x000c
	ConfigDigestPrefixKeystoneOCR3Capability ConfigDigestPrefix = 0x000e
	ConfigDigestPrefixDONToDONDiscoveryGroup ConfigDigestPrefix = 0x000f
	ConfigDigestPrefixDONToDONMessagingGroup ConfigDigestPrefix = 0x0010
	// ConfigDigestPrefixOCR1 marks the 16-byte digests of OCR1 where the network layer carries them in 32 bytes.
	ConfigDigestPrefixOCR1 ConfigDigestPrefix = 0xeeee

	// Deprecated: ConfigDigestPrefixEVM is the old name of ConfigDigestPrefixEVMSimple.
	ConfigDigestPrefixEVM = ConfigDigestPrefixEVMSimple
)

// ConfigDigestPrefixFromConfigDigest returns the first two bytes of the digest.
func ConfigDigestPrefixFromConfigDigest(configDigest ConfigDigest) ConfigDigestPrefix {
	return ConfigDigestPrefix(binary.BigEndian.Uint16(configDigest[:2]))
}

// IsPrefixOf tells whether the digest begins with the prefix.
func (prefix ConfigDigestPrefix) IsPrefixOf(configDigest ConfigDigest) bool {
	return prefix == ConfigDigestPrefixFromConfigDigest(configDigest)
}

// String returns the prefix as four lower-case hexadecimal characters, without 0x.
func (prefix ConfigDigestPrefix) String() string {
	return fmt.Sprintf("%04x", uint16(prefix))
}

// HistoryDigest identifies what an OCR3.1 instance has committed up to some sequence number.
type HistoryDigest [32]byte

// BytesToHistoryDigest makes a digest of exactly 32 bytes; it fails on any other length.
func BytesToHistoryDigest(b []byte) (HistoryDigest, error) {
	if len(b) != len(HistoryDigest{}) {
		return HistoryDigest{}, fmt.Errorf("history digest: got %d bytes, want %d", len(b), len(HistoryDigest{}))
	}
	return HistoryDigest(b), nil
}

// String returns the digest as 64 lower-case hexadecimal characters, without 0x.
func (d HistoryDigest) String() string {
	return hex.EncodeToString(d[:])
}
