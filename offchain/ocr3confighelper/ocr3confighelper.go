// Package ocr3confighelper is the door to OCR3 configs for tools and tests: it reads configs found on chains, and makes the
// arguments of setConfig from the parameters of a network.
//
// [NewSetConfigArgs] is the one to use: it takes a struct, checks it by the rules of the oracles, and its result depends on
// nothing but its input, so that each signer of a multisig can compute the same bytes. The functions named
// ContractSetConfigArgs... take positional parameters; they are there for code written against the reference implementation.
//
// Source: docs/protocol/ocr3.md, section "Configuration".
package ocr3confighelper

import (
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr3config"
	"github.com/ocrkit/ocrkit/offchain/confighelper"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// PublicConfig is all of an OCR3 config that is not secret.
type PublicConfig = ocr3config.PublicConfig

// PublicConfigFromContractConfig reads and checks an OCR3 config. skipResourceExhaustionChecks leaves out the lower bounds that
// do not hold in development mode. The error joins everything that is wrong; see config.Violations.
func PublicConfigFromContractConfig(skipResourceExhaustionChecks bool, change types.ContractConfig) (PublicConfig, error) {
	return ocr3config.PublicConfigFromContractConfig(skipResourceExhaustionChecks, change)
}

// SetConfigInput are the parameters of a network. What OracleIdentities of the PublicConfig would say is in Oracles; its
// ConfigDigest follows from the result, and is left out.
type SetConfigInput struct {
	PublicConfig
	Oracles []confighelper.OracleIdentityExtra
}

// Complete returns the config that oracles will read, without its digest, which depends on the contract too.
func (in SetConfigInput) Complete() PublicConfig {
	cfg := in.PublicConfig
	cfg.OracleIdentities = make([]config.OracleIdentity, len(in.Oracles))
	for i, oracle := range in.Oracles {
		cfg.OracleIdentities[i] = oracle.OracleIdentity
	}
	return cfg
}

// DeriveSecrets derives secrets from a seed of at least 32 bytes, a purpose and the whole input. All who know the seed compose
// the same config, and configs that differ, or have different purposes, share neither secret nor key. The purpose should name
// the chain, the contract and the config count. Anyone who knows the seed knows the secrets.
func DeriveSecrets(seed []byte, purpose string, in SetConfigInput) (confighelper.Secrets, error) {
	content, err := ocr3config.Encode(in.Complete(), config.SharedSecretEncryptions{})
	if err != nil {
		return confighelper.Secrets{}, err
	}
	return confighelper.DeriveSecretsFrom(seed, "ocrkit OCR3 setConfig secrets v1", confighelper.SecretsInput(purpose, content, in.F, in.OnchainConfig, in.Oracles)...)
}

// NewSetConfigArgs composes the arguments of setConfig. Parameters that oracles would refuse at the level are an error. The
// secrets must be new for each config, unless the config is the same.
func NewSetConfigArgs(level confighelper.Level, in SetConfigInput, secrets confighelper.Secrets) (confighelper.SetConfigArgs, error) {
	cfg := in.Complete()
	keys := make([]types.ConfigEncryptionPublicKey, len(in.Oracles))
	var args confighelper.SetConfigArgs
	for i, oracle := range in.Oracles {
		keys[i] = oracle.ConfigEncryptionPublicKey
		args.Signers = append(args.Signers, oracle.OnchainPublicKey)
		args.Transmitters = append(args.Transmitters, oracle.TransmitAccount)
	}
	if err := ocr3config.Check(level == confighelper.LevelDevelopment, cfg); err != nil {
		return confighelper.SetConfigArgs{}, fmt.Errorf("composing a config: oracles would refuse it: %w", err)
	}
	encryptions, err := config.EncryptSharedSecret(keys, secrets.SharedSecret, secrets.EphemeralSecretKey)
	if err != nil {
		return confighelper.SetConfigArgs{}, fmt.Errorf("composing a config: encrypting the shared secret: %w", err)
	}
	args.F, args.OnchainConfig, args.OffchainConfigVersion = uint8(cfg.F), cfg.OnchainConfig, config.OCR3Version
	if args.OffchainConfig, err = ocr3config.Encode(cfg, encryptions); err != nil {
		return confighelper.SetConfigArgs{}, fmt.Errorf("composing a config: %w", err)
	}
	return args, nil
}

// ContractSetConfigArgsDeterministic composes the arguments of setConfig with the given secrets. Parameters that oracles would
// refuse even in development mode are an error.
//
// New code is better off with NewSetConfigArgs, where the parameters have names.
func ContractSetConfigArgsDeterministic(
	ephemeralSk [32]byte,
	sharedSecret [16]byte,
	deltaProgress time.Duration,
	deltaResend time.Duration,
	deltaInitial time.Duration,
	deltaRound time.Duration,
	deltaGrace time.Duration,
	deltaCertifiedCommitRequest time.Duration,
	deltaStage time.Duration,
	rMax uint64,
	s []int,
	oracles []confighelper.OracleIdentityExtra,
	reportingPluginConfig []byte,
	maxDurationInitialization *time.Duration,
	maxDurationQuery time.Duration,
	maxDurationObservation time.Duration,
	maxDurationShouldAcceptAttestedReport time.Duration,
	maxDurationShouldTransmitAcceptedReport time.Duration,
	f int,
	onchainConfig []byte,
) (
	signers []types.OnchainPublicKey,
	transmitters []types.Account,
	f_ uint8,
	onchainConfig_ []byte,
	offchainConfigVersion uint64,
	offchainConfig []byte,
	err error,
) {
	args, err := NewSetConfigArgs(confighelper.LevelDevelopment, SetConfigInput{
		PublicConfig: PublicConfig{
			DeltaProgress:                           deltaProgress,
			DeltaResend:                             deltaResend,
			DeltaInitial:                            deltaInitial,
			DeltaRound:                              deltaRound,
			DeltaGrace:                              deltaGrace,
			DeltaCertifiedCommitRequest:             deltaCertifiedCommitRequest,
			DeltaStage:                              deltaStage,
			RMax:                                    rMax,
			S:                                       s,
			ReportingPluginConfig:                   reportingPluginConfig,
			MaxDurationInitialization:               maxDurationInitialization,
			MaxDurationQuery:                        maxDurationQuery,
			MaxDurationObservation:                  maxDurationObservation,
			MaxDurationShouldAcceptAttestedReport:   maxDurationShouldAcceptAttestedReport,
			MaxDurationShouldTransmitAcceptedReport: maxDurationShouldTransmitAcceptedReport,
			F:                                       f,
			OnchainConfig:                           onchainConfig,
		},
		Oracles: oracles,
	}, confighelper.Secrets{SharedSecret: sharedSecret, EphemeralSecretKey: ephemeralSk})
	if err != nil {
		return nil, nil, 0, nil, 0, nil, err
	}
	return args.Signers, args.Transmitters, args.F, args.OnchainConfig, args.OffchainConfigVersion, args.OffchainConfig, nil
}

// ContractSetConfigArgsForTests is ContractSetConfigArgsDeterministic with secrets from the system's source of randomness.
func ContractSetConfigArgsForTests(
	deltaProgress time.Duration,
	deltaResend time.Duration,
	deltaInitial time.Duration,
	deltaRound time.Duration,
	deltaGrace time.Duration,
	deltaCertifiedCommitRequest time.Duration,
	deltaStage time.Duration,
	rMax uint64,
	s []int,
	oracles []confighelper.OracleIdentityExtra,
	reportingPluginConfig []byte,
	maxDurationInitialization *time.Duration,
	maxDurationQuery time.Duration,
	maxDurationObservation time.Duration,
	maxDurationShouldAcceptAttestedReport time.Duration,
	maxDurationShouldTransmitAcceptedReport time.Duration,
	f int,
	onchainConfig []byte,
) (
	signers []types.OnchainPublicKey,
	transmitters []types.Account,
	f_ uint8,
	onchainConfig_ []byte,
	offchainConfigVersion uint64,
	offchainConfig []byte,
	err error,
) {
	var ephemeralSk [32]byte
	var sharedSecret [16]byte
	for _, secret := range [][]byte{ephemeralSk[:], sharedSecret[:]} {
		if _, err := io.ReadFull(rand.Reader, secret); err != nil {
			return nil, nil, 0, nil, 0, nil, fmt.Errorf("drawing secrets: %w", err)
		}
	}
	return ContractSetConfigArgsDeterministic(
		ephemeralSk, sharedSecret,
		deltaProgress, deltaResend, deltaInitial, deltaRound, deltaGrace, deltaCertifiedCommitRequest, deltaStage, rMax, s, oracles,
		reportingPluginConfig, maxDurationInitialization, maxDurationQuery, maxDurationObservation,
		maxDurationShouldAcceptAttestedReport, maxDurationShouldTransmitAcceptedReport, f, onchainConfig,
	)
}

// ContractSetConfigArgsForTestsMercuryV02 is ContractSetConfigArgsForTests for Mercury plugins, which have no query and decide
// about no report.
func ContractSetConfigArgsForTestsMercuryV02(
	deltaProgress time.Duration,
	deltaResend time.Duration,
	deltaInitial time.Duration,
	deltaRound time.Duration,
	deltaGrace time.Duration,
	deltaCertifiedCommitRequest time.Duration,
	deltaStage time.Duration,
	rMax uint8,
	s []int,
	oracles []confighelper.OracleIdentityExtra,
	reportingPluginConfig []byte,
	maxDurationInitialization *time.Duration,
	maxDurationObservation time.Duration,
	f int,
	onchainConfig []byte,
) (
	signers []types.OnchainPublicKey,
	transmitters []types.Account,
	f_ uint8,
	onchainConfig_ []byte,
	offchainConfigVersion uint64,
	offchainConfig []byte,
	err error,
) {
	return ContractSetConfigArgsForTests(
		deltaProgress, deltaResend, deltaInitial, deltaRound, deltaGrace, deltaCertifiedCommitRequest, deltaStage, uint64(rMax), s, oracles,
		reportingPluginConfig, maxDurationInitialization, 0, maxDurationObservation, 0, 0, f, onchainConfig,
	)
}
