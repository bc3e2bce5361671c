package confighelper

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// AuxiliaryArgs are the arguments of ContractSetConfigArgsForTestsWithAuxiliaryArgs beyond the parameters of the config.
type AuxiliaryArgs struct {
	// RNG is the source of the 16 bytes of the shared secret; nil is the system's. The ephemeral key always comes from the
	// system's source.
	RNG io.Reader
}

// ContractSetConfigArgsForTests composes the arguments of setConfig with secrets drawn from the system's source of
// randomness. Parameters that oracles would refuse even in development mode are an error.
//
// New code is better off with NewSetConfigArgs, where the parameters have names.
func ContractSetConfigArgsForTests(
	deltaProgress time.Duration,
	deltaResend time.Duration,
	deltaRound time.Duration,
	deltaGrace time.Duration,
	deltaStage time.Duration,
	rMax uint8,
	s []int,
	oracles []OracleIdentityExtra,
	reportingPluginConfig []byte,
	maxDurationInitialization *time.Duration,
	maxDurationQuery time.Duration,
	maxDurationObservation time.Duration,
	maxDurationReport time.Duration,
	maxDurationShouldAcceptFinalizedReport time.Duration,
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
	return ContractSetConfigArgsForTestsWithAuxiliaryArgs(
		deltaProgress,
		deltaResend,
		deltaRound,
		deltaGrace,
		deltaStage,
		rMax,
		s,
		oracles,
		reportingPluginConfig,
		maxDurationInitialization,
		maxDurationQuery,
		maxDurationObservation,
		maxDurationReport,
		maxDurationShouldAcceptFinalizedReport,
		maxDurationShouldTransmitAcceptedReport,
		f,
		onchainConfig,
		AuxiliaryArgs{},
	)
}

// ContractSetConfigArgsForTestsWithAuxiliaryArgs is ContractSetConfigArgsForTests with a source for the shared secret.
func ContractSetConfigArgsForTestsWithAuxiliaryArgs(
	deltaProgress time.Duration,
	deltaResend time.Duration,
	deltaRound time.Duration,
	deltaGrace time.Duration,
	deltaStage time.Duration,
	rMax uint8,
	s []int,
	oracles []OracleIdentityExtra,
	reportingPluginConfig []byte,
	maxDurationInitialization *time.Duration,
	maxDurationQuery time.Duration,
	maxDurationObservation time.Duration,
	maxDurationReport time.Duration,
	maxDurationShouldAcceptFinalizedReport time.Duration,
	maxDurationShouldTransmitAcceptedReport time.Duration,
	f int,
	onchainConfig []byte,
	auxiliaryArgs AuxiliaryArgs,
) (
	signers []types.OnchainPublicKey,
	transmitters []types.Account,
	f_ uint8,
	onchainConfig_ []byte,
	offchainConfigVersion uint64,
	offchainConfig []byte,
	err error,
) {
	secretSource := auxiliaryArgs.RNG
	if secretSource == nil {
		secretSource = rand.Reader
	}
	args, err := composeForTests(SetConfigInput{
		DeltaProgress:                           deltaProgress,
		DeltaResend:                             deltaResend,
		DeltaRound:                              deltaRound,
		DeltaGrace:                              deltaGrace,
		DeltaStage:                              deltaStage,
		RMax:                                    rMax,
		S:                                       s,
		ReportingPluginConfig:                   reportingPluginConfig,
		MaxDurationInitialization:               maxDurationInitialization,
		MaxDurationQuery:                        maxDurationQuery,
		MaxDurationObservation:                  maxDurationObservation,
		MaxDurationReport:                       maxDurationReport,
		MaxDurationShouldAcceptFinalizedReport:  maxDurationShouldAcceptFinalizedReport,
		MaxDurationShouldTransmitAcceptedReport: maxDurationShouldTransmitAcceptedReport,
		F:                                       f,
		OnchainConfig:                           onchainConfig,
		Oracles:                                 oracles,
	}, secretSource, rand.Reader)
	if err != nil {
		return nil, nil, 0, nil, 0, nil, err
	}
	return args.Signers, args.Transmitters, args.F, args.OnchainConfig, args.OffchainConfigVersion, args.OffchainConfig, nil
}

// composeForTests reads the shared secret, then the ephemeral key, and composes at the level of development mode. Unlike
// NewSetConfigArgs it takes any secret, because tests like to choose it.
func composeForTests(in SetConfigInput, secretSource, keySource io.Reader) (SetConfigArgs, error) {
	if err := check(LevelDevelopment, in.PublicConfig()); err != nil {
		return SetConfigArgs{}, err
	}
	secrets, err := readSecrets(secretSource, keySource)
	if err != nil {
		return SetConfigArgs{}, err
	}
	encryptions, err := encrypt(in.Oracles, secrets)
	if err != nil {
		return SetConfigArgs{}, err
	}
	return encode(in, encryptions)
}

// IntegrationTestSecret is the shared secret of all configs for integration tests, of OCR1 and OCR2 alike.
var IntegrationTestSecret = config.SharedSecret{1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8}

// ContractSetConfigArgsForEthereumIntegrationTest composes the arguments of setConfig for a median feed on a test chain, with
// fixed timing and a fixed shared secret. alphaPPB is the relative deviation, in parts per billion, from which on a new value
// is reported and accepted. Oracles accept the config only if their onchain keys are 20-byte addresses and their accounts
// hexadecimal addresses; others are an error.
func ContractSetConfigArgsForEthereumIntegrationTest(
	oracles []OracleIdentityExtra,
	f int,
	alphaPPB uint64,
) (
	signers []common.Address,
	transmitters []common.Address,
	f_ uint8,
	onchainConfig []byte,
	offchainConfigVersion uint64,
	offchainConfig []byte,
	err error,
) {
	return integrationTestArgs(oracles, f, alphaPPB, rand.Reader)
}

func integrationTestArgs(
	oracles []OracleIdentityExtra, f int, alphaPPB uint64, keySource io.Reader,
) ([]common.Address, []common.Address, uint8, []byte, uint64, []byte, error) {
	fail := func(err error) ([]common.Address, []common.Address, uint8, []byte, uint64, []byte, error) {
		return nil, nil, 0, nil, 0, nil, err
	}
	s := make([]int, len(oracles))
	for i := range s {
		s[i] = 1
	}
	maxDuration := 50 * time.Millisecond
	args, err := composeForTests(SetConfigInput{
		DeltaProgress:                           2 * time.Second,
		DeltaResend:                             1 * time.Second,
		DeltaRound:                              1 * time.Second,
		DeltaGrace:                              500 * time.Millisecond,
		DeltaStage:                              2 * time.Second,
		RMax:                                    3,
		S:                                       s,
		ReportingPluginConfig:                   medianDeviation(alphaPPB),
		MaxDurationInitialization:               &maxDuration,
		MaxDurationQuery:                        maxDuration,
		MaxDurationObservation:                  maxDuration,
		MaxDurationReport:                       maxDuration,
		MaxDurationShouldAcceptFinalizedReport:  maxDuration,
		MaxDurationShouldTransmitAcceptedReport: maxDuration,
		F:                                       f,
		Oracles:                                 oracles,
	}, bytes.NewReader(IntegrationTestSecret[:]), keySource)
	if err != nil {
		return fail(err)
	}
	evm, err := args.EVM()
	if err != nil {
		return fail(err)
	}
	return evm.Signers, evm.Transmitters, evm.F, evm.OnchainConfig, evm.OffchainConfigVersion, evm.OffchainConfig, nil
}

// medianDeviation encodes the median plugin's offchain config with one threshold for reporting and accepting. The plugin
// itself lies above this package, so its encoder cannot be used: the two fields are written by hand.
func medianDeviation(alphaPPB uint64) []byte {
	const alphaReportPPB, alphaAcceptPPB protowire.Number = 2, 4
	var b []byte
	if alphaPPB != 0 {
		for _, field := range []protowire.Number{alphaReportPPB, alphaAcceptPPB} {
			b = protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), alphaPPB)
		}
	}
	return b
}

// EVMSetConfigArgs are the arguments of setConfig of an EVM contract, in its order.
type EVMSetConfigArgs struct {
	Signers               []common.Address
	Transmitters          []common.Address
	F                     uint8
	OnchainConfig         []byte
	OffchainConfigVersion uint64
	OffchainConfig        []byte
}

// EVM returns the arguments with addresses in place of keys and accounts. It fails when an onchain public key is not 20 bytes
// long, or when an account is not 40 hexadecimal digits, with or without 0x before them.
func (a SetConfigArgs) EVM() (EVMSetConfigArgs, error) {
	var r config.Report
	signers := make([]common.Address, len(a.Signers))
	for i, key := range a.Signers {
		if len(key) != common.AddressLength {
			r.Add(fmt.Sprintf("Signers[%d]", i), fmt.Sprintf("%.80x", []byte(key)), "must be an address of %d bytes", common.AddressLength)
			continue
		}
		signers[i] = common.Address(key)
	}
	transmitters := make([]common.Address, len(a.Transmitters))
	for i, account := range a.Transmitters {
		if !common.IsHexAddress(string(account)) {
			r.Add(fmt.Sprintf("Transmitters[%d]", i), string(account), "must be an address in hexadecimal")
			continue
		}
		transmitters[i] = common.HexToAddress(string(account))
	}
	if err := r.Err(); err != nil {
		return EVMSetConfigArgs{}, fmt.Errorf("making the arguments of setConfig for an EVM contract: %w", err)
	}
	return EVMSetConfigArgs{signers, transmitters, a.F, a.OnchainConfig, a.OffchainConfigVersion, a.OffchainConfig}, nil
}
