// Package evmutil converts between what contracts on EVM chains see and the types of the engine: signatures, report contexts,
// configs and config digests. What has no protocol in its name is for OCR2.
package evmutil

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/gen/ocr2/ocr2aggregator"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// SignatureLength is the length in bytes of a signature on a report: r (32), s (32) and v (1).
const SignatureLength = 65

// SplitSignature takes a signature of 65 bytes apart into r, s and v. It looks at the length only: any v passes.
func SplitSignature(sig []byte) (r, s [32]byte, v byte, err error) {
	if len(sig) != SignatureLength {
		return r, s, v, fmt.Errorf("signature has %d bytes, want %d", len(sig), SignatureLength)
	}
	return [32]byte(sig[:32]), [32]byte(sig[32:64]), sig[64], nil
}

// RawReportContext returns the three words that the contract takes as the context of a report: the config digest; 27 zero
// bytes, the epoch (4 bytes, big-endian) and the round (1 byte); the extra hash.
func RawReportContext(repctx types.ReportContext) [3][32]byte {
	words := [3][32]byte{0: repctx.ConfigDigest, 2: repctx.ExtraHash}
	binary.BigEndian.PutUint32(words[1][27:], repctx.Epoch)
	words[1][31] = repctx.Round
	return words
}

// ReportHash returns what is signed of a report for contracts that take a context of some words beside it, as
// RawReportContext has: keccak256 over the hash of the report and the words.
func ReportHash(report types.Report, words ...[32]byte) [32]byte {
	var buffer [4 * 32]byte // as many as OCR2 has
	preimage := append(buffer[:0], crypto.Keccak256(report)...)
	for _, word := range words {
		preimage = append(preimage, word[:]...)
	}
	return crypto.Keccak256Hash(preimage)
}

// ContractConfigFromConfigSetEvent returns the config that an OCR2 contract published. Signers become 20-byte keys,
// transmitters accounts with the checksum of EIP-55.
func ContractConfigFromConfigSetEvent(changed ocr2aggregator.OCR2AggregatorConfigSet) types.ContractConfig {
	return ContractConfigFromParts(changed.ConfigDigest, changed.ConfigCount, changed.Signers, changed.Transmitters, changed.F,
		changed.OnchainConfig, changed.OffchainConfigVersion, changed.OffchainConfig)
}

// ContractConfigFromParts is ContractConfigFromConfigSetEvent for a config that comes from elsewhere.
func ContractConfigFromParts(
	configDigest types.ConfigDigest, configCount uint64, signers, transmitters []common.Address, f uint8,
	onchainConfig []byte, offchainConfigVersion uint64, offchainConfig []byte,
) types.ContractConfig {
	config := types.ContractConfig{
		ConfigDigest:          configDigest,
		ConfigCount:           configCount,
		Signers:               make([]types.OnchainPublicKey, 0, len(signers)),
		Transmitters:          accounts(transmitters),
		F:                     f,
		OnchainConfig:         onchainConfig,
		OffchainConfigVersion: offchainConfigVersion,
		OffchainConfig:        offchainConfig,
	}
	for _, signer := range signers {
		config.Signers = append(config.Signers, signer.Bytes())
	}
	return config
}

// accounts returns addresses as accounts, with the checksum of EIP-55.
func accounts(addresses []common.Address) []types.Account {
	accounts := make([]types.Account, 0, len(addresses))
	for _, address := range addresses {
		accounts = append(accounts, types.Account(address.Hex()))
	}
	return accounts
}

// EVMOffchainConfigDigester computes the config digests of one OCR2 contract. It is pure and safe for concurrent use.
type EVMOffchainConfigDigester struct {
	ChainID         uint64
	ContractAddress common.Address
}

var _ types.OffchainConfigDigester = EVMOffchainConfigDigester{}

// ConfigDigest implements types.OffchainConfigDigester. It fails when a signer is not 20 bytes, or a transmitter not 0x and 40
// hexadecimal digits; the case of the digits does not matter.
func (d EVMOffchainConfigDigester) ConfigDigest(_ context.Context, cc types.ContractConfig) (types.ConfigDigest, error) {
	signers := make([]common.Address, len(cc.Signers))
	for i, signer := range cc.Signers {
		if len(signer) != common.AddressLength {
			return types.ConfigDigest{}, fmt.Errorf("config digest: signer %d has %d bytes, want %d", i, len(signer), common.AddressLength)
		}
		signers[i] = common.Address(signer)
	}
	transmitters, err := transmitterAddresses(cc)
	if err != nil {
		return types.ConfigDigest{}, err
	}
	preimage := ocr2.EVMSimplePreimage{
		ChainId:               d.ChainID,
		ContractAddress:       d.ContractAddress,
		ConfigCount:           cc.ConfigCount,
		Signers:               signers,
		Transmitters:          transmitters,
		F:                     cc.F,
		OnchainConfig:         cc.OnchainConfig,
		OffchainConfigVersion: cc.OffchainConfigVersion,
		OffchainConfig:        cc.OffchainConfig,
	}
	return preimage.Digest(), nil
}

// ConfigDigestPrefix implements types.OffchainConfigDigester. It never fails.
func (d EVMOffchainConfigDigester) ConfigDigestPrefix(context.Context) (types.ConfigDigestPrefix, error) {
	return ocr2.ConfigDigestPrefixEVMSimple, nil
}

// transmitterAddresses is the inverse of accounts for the transmitters of a config.
func transmitterAddresses(cc types.ContractConfig) ([]common.Address, error) {
	transmitters := make([]common.Address, len(cc.Transmitters))
	for i, transmitter := range cc.Transmitters {
		var err error
		if transmitters[i], err = parseAccount(transmitter); err != nil {
			return nil, fmt.Errorf("config digest: transmitter %d: %w", i, err)
		}
	}
	return transmitters, nil
}

func parseAccount(account types.Account) (common.Address, error) {
	const length = 2 + 2*common.AddressLength
	digits, ok := strings.CutPrefix(string(account), "0x")
	if !ok || len(account) != length {
		return common.Address{}, fmt.Errorf("account %.60q is not 0x and 40 hexadecimal digits", string(account))
	}
	var address common.Address
	if _, err := hex.Decode(address[:], []byte(digits)); err != nil {
		return common.Address{}, fmt.Errorf("account %q is not 0x and 40 hexadecimal digits: %w", string(account), err)
	}
	return address, nil
}
