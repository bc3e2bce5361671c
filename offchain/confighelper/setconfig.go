package confighelper

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/crypto/curve25519"

	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr2config"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// SetConfigInput are the parameters of an OCR2 network. The fields have the meaning, and must keep the bounds, of those of
// the same name in PublicConfig.
type SetConfigInput struct {
	DeltaProgress time.Duration
	DeltaResend   time.Duration
	DeltaRound    time.Duration
	DeltaGrace    time.Duration
	DeltaStage    time.Duration
	RMax          uint8
	S             []int

	ReportingPluginConfig []byte

	MaxDurationInitialization               *time.Duration
	MaxDurationQuery                        time.Duration
	MaxDurationObservation                  time.Duration
	MaxDurationReport                       time.Duration
	MaxDurationShouldAcceptFinalizedReport  time.Duration
	MaxDurationShouldTransmitAcceptedReport time.Duration

	F             int
	OnchainConfig []byte
	Oracles       []OracleIdentityExtra
}

// PublicConfig returns the config that oracles will read, without its digest, which depends on the contract too.
func (in SetConfigInput) PublicConfig() PublicConfig {
	identities := make([]OracleIdentity, len(in.Oracles))
	for i, oracle := range in.Oracles {
		identities[i] = oracle.OracleIdentity
	}
	return PublicConfig{
		DeltaProgress:                           in.DeltaProgress,
		DeltaResend:                             in.DeltaResend,
		DeltaRound:                              in.DeltaRound,
		DeltaGrace:                              in.DeltaGrace,
		DeltaStage:                              in.DeltaStage,
		RMax:                                    in.RMax,
		S:                                       in.S,
		OracleIdentities:                        identities,
		ReportingPluginConfig:                   in.ReportingPluginConfig,
		MaxDurationInitialization:               in.MaxDurationInitialization,
		MaxDurationQuery:                        in.MaxDurationQuery,
		MaxDurationObservation:                  in.MaxDurationObservation,
		MaxDurationReport:                       in.MaxDurationReport,
		MaxDurationShouldAcceptFinalizedReport:  in.MaxDurationShouldAcceptFinalizedReport,
		MaxDurationShouldTransmitAcceptedReport: in.MaxDurationShouldTransmitAcceptedReport,
		F:                                       in.F,
		OnchainConfig:                           in.OnchainConfig,
	}
}

// Level is how strictly a config is judged before it is composed.
type Level int

const (
	// LevelProduction demands what oracles demand outside of development mode.
	LevelProduction Level = iota
	// LevelDevelopment demands what oracles demand in development mode.
	LevelDevelopment
	// LevelStrict demands what LevelProduction does, and that ocr2config.Lint has nothing to say.
	LevelStrict
)

// Secrets are what the composer of a config, the dealer, keeps to itself: the secret that the oracles will share and the key
// under which it is encrypted to them. The key must be used for one config only. Erase them when the config is composed.
type Secrets struct {
	SharedSecret       config.SharedSecret
	EphemeralSecretKey [curve25519.ScalarSize]byte
}

// String hides the secrets.
func (Secrets) String() string { return "Secrets(redacted)" }

// GoString hides the secrets.
func (Secrets) GoString() string { return "Secrets(redacted)" }

// Check fails when the secrets have not been set.
func (s Secrets) Check() error {
	if isZero(s.SharedSecret[:]) || isZero(s.EphemeralSecretKey[:]) {
		return errors.New("the shared secret or the ephemeral key is all zero; draw them with NewSecrets or DeriveSecrets")
	}
	return nil
}

// NewSecrets draws secrets: 16 bytes for the shared secret, then 32 bytes for the key.
func NewSecrets(random io.Reader) (Secrets, error) {
	return readSecrets(random, random)
}

func readSecrets(secretSource, keySource io.Reader) (Secrets, error) {
	var s Secrets
	if _, err := io.ReadFull(secretSource, s.SharedSecret[:]); err != nil {
		return Secrets{}, fmt.Errorf("reading 16 random bytes for the shared secret: %w", err)
	}
	if _, err := io.ReadFull(keySource, s.EphemeralSecretKey[:]); err != nil {
		return Secrets{}, fmt.Errorf("reading 32 random bytes for the ephemeral key: %w", err)
	}
	return s, nil
}

// DeriveSecrets derives secrets from a seed of at least 32 bytes, a purpose and the whole input. All who know the seed compose
// the same config, and configs that differ, or have different purposes, share neither secret nor key. The purpose should name
// the chain, the contract and the config count. Anyone who knows the seed knows the secrets.
func DeriveSecrets(seed []byte, purpose string, in SetConfigInput) (Secrets, error) {
	content, err := ocr2config.Encode(in.PublicConfig(), config.SharedSecretEncryptions{})
	if err != nil {
		return Secrets{}, err
	}
	return DeriveSecretsFrom(seed, "ocrkit OCR2 setConfig secrets v1", SecretsInput(purpose, content, in.F, in.OnchainConfig, in.Oracles)...)
}

// SecretsInput lists what the secrets of a config depend on besides the seed: its purpose, its offchain config without the
// encryptions, and what the contract carries beside it.
func SecretsInput(purpose string, offchainConfig []byte, f int, onchainConfig []byte, oracles []OracleIdentityExtra) [][]byte {
	input := [][]byte{[]byte(purpose), offchainConfig, binary.BigEndian.AppendUint64(nil, uint64(f)), onchainConfig}
	for _, oracle := range oracles {
		input = append(input, oracle.OnchainPublicKey, []byte(oracle.TransmitAccount), oracle.ConfigEncryptionPublicKey[:])
	}
	return input
}

// DeriveSecretsFrom derives secrets from a seed of at least 32 bytes and an input. The label names the protocol and the version of the
// derivation. It is for the DeriveSecrets of protocols.
func DeriveSecretsFrom(seed []byte, label string, input ...[]byte) (Secrets, error) {
	if len(seed) < 32 {
		return Secrets{}, fmt.Errorf("the seed for the secrets has %d bytes, want at least 32", len(seed))
	}
	if isZero(seed) {
		return Secrets{}, errors.New("the seed for the secrets is all zero")
	}
	h := sha256.New()
	for _, b := range input {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(b)))
		h.Write(length[:])
		h.Write(b)
	}
	derived, err := hkdf.Key(sha256.New, seed, h.Sum(nil), label, 16+32)
	if err != nil {
		return Secrets{}, fmt.Errorf("deriving the secrets: %w", err)
	}
	defer clear(derived)
	return Secrets{config.SharedSecret(derived[:16]), [32]byte(derived[16:])}, nil
}

// SetConfigArgs are the arguments of setConfig, in its order.
type SetConfigArgs struct {
	Signers               []types.OnchainPublicKey
	Transmitters          []types.Account
	F                     uint8
	OnchainConfig         []byte
	OffchainConfigVersion uint64
	OffchainConfig        []byte
}

// ContractConfig returns the config as the contract will publish it, given the digest and the count that it will have.
func (a SetConfigArgs) ContractConfig(digest types.ConfigDigest, count uint64) types.ContractConfig {
	return types.ContractConfig{
		ConfigDigest:          digest,
		ConfigCount:           count,
		Signers:               a.Signers,
		Transmitters:          a.Transmitters,
		F:                     a.F,
		OnchainConfig:         a.OnchainConfig,
		OffchainConfigVersion: a.OffchainConfigVersion,
		OffchainConfig:        a.OffchainConfig,
	}
}

// LintError says that a config was refused at LevelStrict although oracles would accept it.
type LintError struct {
	Findings []config.Finding
}

// Error lists the findings, one a line.
func (e *LintError) Error() string {
	text := fmt.Sprintf("%d findings:", len(e.Findings))
	for _, finding := range e.Findings {
		text += "\n" + finding.String()
	}
	return text
}

// NewSetConfigArgs composes the arguments of setConfig. Equal inputs give equal bytes.
//
// It fails with everything that oracles would refuse the config for (see config.Violations), at LevelStrict with a
// *LintError, when the secrets are all zero (which is no secret), when the encryption key of an oracle is missing or of low
// order, and when the offchain config would exceed 2,000,000 bytes.
func NewSetConfigArgs(level Level, in SetConfigInput, secrets Secrets) (SetConfigArgs, error) {
	if err := secrets.Check(); err != nil {
		return SetConfigArgs{}, fmt.Errorf("composing a config: %w", err)
	}
	if err := check(level, in.PublicConfig()); err != nil {
		return SetConfigArgs{}, err
	}
	if level == LevelStrict {
		if findings := ocr2config.Lint(in.PublicConfig()); len(findings) > 0 {
			return SetConfigArgs{}, fmt.Errorf("composing a config: %w", &LintError{findings})
		}
	}
	encryptions, err := encrypt(in.Oracles, secrets)
	if err != nil {
		return SetConfigArgs{}, err
	}
	return encode(in, encryptions)
}

func encrypt(oracles []OracleIdentityExtra, secrets Secrets) (config.SharedSecretEncryptions, error) {
	keys := make([]types.ConfigEncryptionPublicKey, len(oracles))
	for i, oracle := range oracles {
		keys[i] = oracle.ConfigEncryptionPublicKey
	}
	encryptions, err := config.EncryptSharedSecret(keys, secrets.SharedSecret, secrets.EphemeralSecretKey)
	if err != nil {
		return config.SharedSecretEncryptions{}, fmt.Errorf("composing a config: encrypting the shared secret: %w", err)
	}
	return encryptions, nil
}

func check(level Level, cfg PublicConfig) error {
	if err := ocr2config.Check(level == LevelDevelopment, cfg); err != nil {
		return fmt.Errorf("composing a config: oracles would refuse it: %w", err)
	}
	return nil
}

// encode puts the arguments of a checked config together.
func encode(in SetConfigInput, encryptions config.SharedSecretEncryptions) (SetConfigArgs, error) {
	offchainConfig, err := ocr2config.Encode(in.PublicConfig(), encryptions)
	if err != nil {
		return SetConfigArgs{}, fmt.Errorf("composing a config: %w", err)
	}
	args := SetConfigArgs{
		F:                     uint8(in.F),
		OnchainConfig:         in.OnchainConfig,
		OffchainConfigVersion: config.OCR2Version,
		OffchainConfig:        offchainConfig,
	}
	for _, oracle := range in.Oracles {
		args.Signers = append(args.Signers, oracle.OnchainPublicKey)
		args.Transmitters = append(args.Transmitters, oracle.TransmitAccount)
	}
	return args, nil
}

func isZero(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}
