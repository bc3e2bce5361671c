// Package ocr1confighelper is the door to OCR1 configs for tools and tests: it reads configs found on chains, and makes the
// arguments of setConfig from the parameters of a network.
//
// [NewSetConfigArgs] is the one to use: it takes a struct, checks it by the rules of the oracles, and its result depends on
// nothing but its input, so that each signer of a multisig can compute the same bytes. The functions named
// ContractSetConfigArgs... take positional parameters; they are there for code written against the reference implementation.
//
// Source: docs/protocol/ocr1.md, section "Configuration".
package ocr1confighelper

import (
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr1"
	"github.com/ocrkit/ocrkit/gen/ocr1/offchainaggregator"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr1config"
	"github.com/ocrkit/ocrkit/offchain/confighelper"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// OracleIdentity is what a config says about one oracle.
type OracleIdentity = ocr1config.OracleIdentity

// OracleIdentityExtra is what the composer of a config must know about one oracle.
type OracleIdentityExtra = ocr1config.OracleIdentityExtra

// PublicConfig is all of an OCR1 config that is not secret.
type PublicConfig = ocr1config.PublicConfig

// PublicConfigFromContractConfig reads and checks an OCR1 config. skipChainSpecificChecks leaves out the least durations of the
// chain; chainID may be nil then. The error joins everything that is wrong; see config.Violations.
func PublicConfigFromContractConfig(chainID *big.Int, skipChainSpecificChecks bool, change ocr1types.ContractConfig) (PublicConfig, error) {
	return ocr1config.PublicConfigFromContractConfig(chainID, skipChainSpecificChecks, change)
}

// ContractConfigFromConfigSetEvent returns the config that a ConfigSet event published. Its digest, which the event does not
// have, is computed, with the address of the contract that the log (changed.Raw) came from.
func ContractConfigFromConfigSetEvent(changed offchainaggregator.OffchainAggregatorConfigSet) ocr1types.ContractConfig {
	var contract common.Address
	if changed.Raw != nil {
		contract = changed.Raw.Address
	}
	return ContractConfigFromEvent(contract, &ocr1.ConfigSet{
		PreviousConfigBlockNumber: changed.PreviousConfigBlockNumber,
		ConfigCount:               changed.ConfigCount,
		Signers:                   changed.Signers,
		Transmitters:              changed.Transmitters,
		Threshold:                 changed.Threshold,
		EncodedConfigVersion:      changed.EncodedConfigVersion,
		Encoded:                   changed.Encoded,
	})
}

// ContractConfigFromEvent returns the config that a ConfigSet event of the contract published, with its computed digest. It
// shares memory with the event.
func ContractConfigFromEvent(contract common.Address, event *ocr1.ConfigSet) ocr1types.ContractConfig {
	preimage := ocr1.ConfigPreimage{
		ContractAddress:      contract,
		ConfigCount:          event.ConfigCount,
		Signers:              event.Signers,
		Transmitters:         event.Transmitters,
		Threshold:            event.Threshold,
		EncodedConfigVersion: event.EncodedConfigVersion,
		Encoded:              event.Encoded,
	}
	return ocr1types.ContractConfig{
		ConfigDigest:         preimage.Digest(),
		Signers:              event.Signers,
		Transmitters:         event.Transmitters,
		Threshold:            event.Threshold,
		EncodedConfigVersion: event.EncodedConfigVersion,
		Encoded:              event.Encoded,
	}
}

// SetConfigInput are the parameters of a network. What OracleIdentities of the PublicConfig would say is in Oracles; its
// ConfigDigest follows from the result, and is left out.
type SetConfigInput struct {
	PublicConfig
	Oracles []OracleIdentityExtra
}

// Complete returns the config that oracles will read, without its digest, which depends on the contract too.
func (in SetConfigInput) Complete() PublicConfig {
	cfg := in.PublicConfig
	cfg.OracleIdentities = make([]OracleIdentity, len(in.Oracles))
	for i, oracle := range in.Oracles {
		cfg.OracleIdentities[i] = oracle.OracleIdentity
	}
	return cfg
}

// DeriveSecrets derives secrets from a seed of at least 32 bytes, a purpose and the whole input. All who know the seed compose
// the same config, and configs that differ, or have different purposes, share neither secret nor key. The purpose should name
// the chain, the contract and the config count. Anyone who knows the seed knows the secrets.
func DeriveSecrets(seed []byte, purpose string, in SetConfigInput) (confighelper.Secrets, error) {
	content, err := ocr1config.Encode(in.Complete(), config.SharedSecretEncryptions{})
	if err != nil {
		return confighelper.Secrets{}, err
	}
	oracles := make([]config.OracleIdentityExtra, len(in.Oracles))
	for i, oracle := range in.Oracles {
		oracles[i] = config.OracleIdentityExtra{
			OracleIdentity:            oracle.OracleIdentity.Common(),
			ConfigEncryptionPublicKey: types.ConfigEncryptionPublicKey(oracle.SharedSecretEncryptionPublicKey),
		}
	}
	return confighelper.DeriveSecretsFrom(seed, "ocrkit OCR1 setConfig secrets v1", confighelper.SecretsInput(purpose, content, in.F, nil, oracles)...)
}

// NewSetConfigArgs composes the arguments of setConfig. Equal inputs give equal bytes. The secrets must be new for each config,
// unless the config is the same.
//
// It fails with everything that oracles on the chain would refuse the config for (see config.Violations), at LevelStrict with a
// *confighelper.LintError, when a secret is all zero, when the encryption key of an oracle is missing or of low order, and when the encoded config would
// exceed 20,000 bytes. chainID may be nil at LevelDevelopment.
func NewSetConfigArgs(chainID *big.Int, level confighelper.Level, in SetConfigInput, secrets confighelper.Secrets) (*ocr1.SetConfigCall, error) {
	cfg := in.Complete()
	fail := func(err error) (*ocr1.SetConfigCall, error) { return nil, fmt.Errorf("composing a config: %w", err) }
	if err := ocr1config.Check(chainID, level == confighelper.LevelDevelopment, cfg); err != nil {
		return fail(fmt.Errorf("oracles would refuse it: %w", err))
	}
	if level == confighelper.LevelStrict {
		if findings := ocr1config.Lint(chainID, false, cfg); len(findings) > 0 {
			return fail(&confighelper.LintError{Findings: findings})
		}
	}
	if err := secrets.Check(); err != nil {
		return fail(err)
	}
	keys := make([]types.ConfigEncryptionPublicKey, len(in.Oracles))
	call := &ocr1.SetConfigCall{Threshold: uint8(cfg.F), EncodedConfigVersion: config.OCR1Version}
	for i, oracle := range in.Oracles {
		keys[i] = types.ConfigEncryptionPublicKey(oracle.SharedSecretEncryptionPublicKey)
		call.Signers = append(call.Signers, common.Address(oracle.OnChainSigningAddress))
		call.Transmitters = append(call.Transmitters, oracle.TransmitAddress)
	}
	encryptions, err := config.EncryptSharedSecret(keys, secrets.SharedSecret, secrets.EphemeralSecretKey)
	if err != nil {
		return fail(fmt.Errorf("encrypting the shared secret: %w", err))
	}
	if call.Encoded, err = ocr1config.Encode(cfg, encryptions); err != nil {
		return fail(err)
	}
	return call, nil
}
