package keys

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// Bundle is all the keys of one oracle.
type Bundle struct {
	redacted
	Offchain *OffchainKeys
	Onchain  *EVMKey
	Transmit *EVMKey
	Peer     *PeerKey
	// BLS signs OCR3 reports for contracts that verify BLS attestations. Nil where the oracle serves none.
	BLS *BLSKey
}

// GenerateBundle makes keys from r: crypto/rand.Reader, except where keys must be reproducible (equal bytes make equal keys)
// and protect nothing. There is no BLS key among them; see GenerateBundleWithBLS.
func GenerateBundle(r io.Reader) (*Bundle, error) {
	var b Bundle
	var err error
	if b.Offchain, err = GenerateOffchainKeys(r); err != nil {
		return nil, err
	}
	if b.Onchain, err = GenerateEVMKey(r); err != nil {
		return nil, err
	}
	if b.Transmit, err = GenerateEVMKey(r); err != nil {
		return nil, err
	}
	if b.Peer, err = GeneratePeerKey(r); err != nil {
		return nil, err
	}
	return &b, nil
}

// GenerateBundleWithBLS makes the keys that GenerateBundle makes of the same bytes, and then a BLS key.
func GenerateBundleWithBLS(r io.Reader) (*Bundle, error) {
	b, err := GenerateBundle(r)
	if err != nil {
		return nil, err
	}
	if b.BLS, err = GenerateBLSKey(r); err != nil {
		return nil, err
	}
	return b, nil
}

// Public returns what the others must know about the oracle.
func (b *Bundle) Public() Public {
	public := Public{
		OffchainPublicKey:         HexKey(b.Offchain.OffchainPublicKey()),
		ConfigEncryptionPublicKey: HexKey(b.Offchain.ConfigEncryptionPublicKey()),
		OnchainAddress:            Address(b.Onchain.Address()),
		TransmitAccount:           Address(b.Transmit.Address()),
		PeerID:                    b.Peer.PeerID(),
	}
	if b.BLS != nil {
		public.BLSPublicKey = b.BLS.PublicKey()
	}
	return public
}

// Public is the public side of an oracle's keys, as network files and configs list it. Its fields are text in JSON and YAML.
type Public struct {
	OffchainPublicKey         HexKey        `json:"offchainPublicKey" yaml:"offchainPublicKey"`                 // Ed25519
	ConfigEncryptionPublicKey HexKey        `json:"configEncryptionPublicKey" yaml:"configEncryptionPublicKey"` // X25519
	OnchainAddress            Address       `json:"onchainAddress" yaml:"onchainAddress"`                       // the signer in the config
	TransmitAccount           Address       `json:"transmitAccount" yaml:"transmitAccount"`                     // the transmitter in the config
	PeerID                    peerid.PeerID `json:"peerID" yaml:"peerID"`
	// BLSPublicKey, with its proof of possession, is the signer in the configs of contracts that verify BLS attestations. Zero, and
	// left out of texts, where the oracle has no BLS key.
	BLSPublicKey BLSPublicKey `json:"blsPublicKey,omitzero" yaml:"blsPublicKey,omitempty"`
}

// OnchainPublicKey returns the signer in the form of types.ContractConfig.
func (p Public) OnchainPublicKey() types.OnchainPublicKey { return p.OnchainAddress[:] }

// Account returns the transmitter in the form of types.ContractConfig.
func (p Public) Account() types.Account { return types.Account(p.TransmitAccount.String()) }

// HexKey is a public key of 32 bytes whose text is 0x and 64 hexadecimal digits.
type HexKey [32]byte

// String returns the text of the key.
func (k HexKey) String() string { return "0x" + hex.EncodeToString(k[:]) }

// MarshalText returns what String returns. It never fails.
func (k HexKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what String writes, upper or lower case. On error the key is left as it was.
func (k *HexKey) UnmarshalText(text []byte) error {
	digits, ok := strings.CutPrefix(string(text), "0x")
	if !ok || len(digits) != 2*len(k) {
		return fmt.Errorf("public key: got %d characters, want 0x and %d hexadecimal digits", len(text), 2*len(k))
	}
	var parsed HexKey
	if _, err := hex.Decode(parsed[:], []byte(digits)); err != nil {
		return fmt.Errorf("public key %q: %w", text, err)
	}
	*k = parsed
	return nil
}

// Address is an EVM address whose text has the checksum of EIP-55.
type Address common.Address

// String returns 0x and 40 hexadecimal digits with the checksum in their case.
func (a Address) String() string { return common.Address(a).Hex() }

// MarshalText returns what String returns. It never fails.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads 0x and 40 hexadecimal digits, all of one case or with the right checksum. On error the address is left
// as it was.
func (a *Address) UnmarshalText(text []byte) error {
	s := string(text)
	if len(s) != 42 || !strings.HasPrefix(s, "0x") || !common.IsHexAddress(s) {
		return errors.New("address: want 0x and 40 hexadecimal digits")
	}
	parsed := common.HexToAddress(s)
	if digits := s[2:]; digits != strings.ToLower(digits) && digits != strings.ToUpper(digits) && s != parsed.Hex() {
		return fmt.Errorf("address %s: checksum is wrong, a digit may be mistyped (should it be %s?)", s, parsed.Hex())
	}
	*a = Address(parsed)
	return nil
}
