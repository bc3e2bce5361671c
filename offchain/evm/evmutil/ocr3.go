package evmutil

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr3"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// ContractConfigFromOCR3ConfigSetEvent returns the config that an OCR3 feed published. Signers become the entries of the key list,
// transmitters accounts with the checksum of EIP-55. It fails unless the list has as many keys, all of one length, as there are
// transmitters. The result shares no memory with the event.
func ContractConfigFromOCR3ConfigSetEvent(changed *ocr3.ConfigSet) (types.ContractConfig, error) {
	n := len(changed.Transmitters)
	if n == 0 || len(changed.Keys) == 0 || len(changed.Keys)%n != 0 {
		return types.ContractConfig{}, fmt.Errorf("config of an OCR3 feed: %d bytes of keys are not those of %d oracles", len(changed.Keys), n)
	}
	config := types.ContractConfig{
		ConfigDigest:          changed.ConfigDigest,
		ConfigCount:           changed.ConfigCount,
		Signers:               make([]types.OnchainPublicKey, 0, n),
		Transmitters:          accounts(changed.Transmitters),
		F:                     changed.F,
		OnchainConfig:         bytes.Clone(changed.OnchainConfig),
		OffchainConfigVersion: changed.OffchainConfigVersion,
		OffchainConfig:        bytes.Clone(changed.OffchainConfig),
	}
	for key := range slices.Chunk(bytes.Clone(changed.Keys), len(changed.Keys)/n) {
		config.Signers = append(config.Signers, key)
	}
	return config, nil
}

// OCR3OffchainConfigDigester computes the config digests of one OCR3 feed, whatever its signature scheme. It is pure and safe for
// concurrent use.
type OCR3OffchainConfigDigester struct {
	ChainID         uint64
	ContractAddress common.Address
}

var _ types.OffchainConfigDigester = OCR3OffchainConfigDigester{}

// ConfigDigest implements types.OffchainConfigDigester. It fails unless there are as many signers, all of one length, as
// transmitters, and when a transmitter is not 0x and 40 hexadecimal digits; the case of the digits does not matter.
func (d OCR3OffchainConfigDigester) ConfigDigest(_ context.Context, cc types.ContractConfig) (types.ConfigDigest, error) {
	if len(cc.Signers) != len(cc.Transmitters) {
		return types.ConfigDigest{}, fmt.Errorf("config digest: %d signers, but %d transmitters", len(cc.Signers), len(cc.Transmitters))
	}
	var keys []byte
	for i, signer := range cc.Signers {
		if want := len(cc.Signers[0]); len(signer) != want || want == 0 { // else two configs had the same digest
			return types.ConfigDigest{}, fmt.Errorf("config digest: signer %d has %d bytes, signer 0 has %d", i, len(signer), want)
		}
		keys = append(keys, signer...)
	}
	transmitters, err := transmitterAddresses(cc)
	if err != nil {
		return types.ConfigDigest{}, err
	}
	preimage := ocr3.OCR3FeedPreimage{
		ChainId:               d.ChainID,
		ContractAddress:       d.ContractAddress,
		ConfigCount:           cc.ConfigCount,
		Keys:                  keys,
		Transmitters:          transmitters,
		F:                     cc.F,
		OnchainConfig:         cc.OnchainConfig,
		OffchainConfigVersion: cc.OffchainConfigVersion,
		OffchainConfig:        cc.OffchainConfig,
	}
	return preimage.Digest(), nil
}

// ConfigDigestPrefix implements types.OffchainConfigDigester. It never fails.
func (d OCR3OffchainConfigDigester) ConfigDigestPrefix(context.Context) (types.ConfigDigestPrefix, error) {
	return ocr3.ConfigDigestPrefixOCR3Feed, nil
}
