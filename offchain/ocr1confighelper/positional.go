package ocr1confighelper

import (
	"bytes"
	"crypto/rand"
	"io"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr1"
	"github.com/ocrkit/ocrkit/offchain/confighelper"
)

// ContractSetConfigArgs composes the arguments of setConfig with secrets drawn from the system's source of randomness.
// Parameters that oracles would refuse even in development mode are an error.
//
// New code is better off with NewSetConfigArgs, where the parameters have names.
func ContractSetConfigArgs(
	deltaProgress time.Duration,
	deltaResend time.Duration,
	deltaRound time.Duration,
	deltaGrace time.Duration,
	deltaC time.Duration,
	alphaPPB uint64,
	deltaStage time.Duration,
	rMax uint8,
	s []int,
	oracles []OracleIdentityExtra,
	f int,
) (
	signers []common.Address,
	transmitters []common.Address,
	threshold uint8,
	encodedConfigVersion uint64,
	encodedConfig []byte,
	err error,
) {
	return results(compose(SetConfigInput{
		PublicConfig: PublicConfig{
			DeltaProgress: deltaProgress,
			DeltaResend:   deltaResend,
			DeltaRound:    deltaRound,
			DeltaGrace:    deltaGrace,
			DeltaC:        deltaC,
			AlphaPPB:      alphaPPB,
			DeltaStage:    deltaStage,
			RMax:          rMax,
			S:             s,
			F:             f,
		},
		Oracles: oracles,
	}, rand.Reader))
}

// compose reads the shared secret, then the ephemeral key, and composes at the level of development mode.
func compose(in SetConfigInput, random io.Reader) (*ocr1.SetConfigCall, error) {
	secrets, err := confighelper.NewSecrets(random)
	if err != nil {
		return nil, err
	}
	return NewSetConfigArgs(nil, confighelper.LevelDevelopment, in, secrets)
}

func results(call *ocr1.SetConfigCall, err error) ([]common.Address, []common.Address, uint8, uint64, []byte, error) {
	if err != nil {
		return nil, nil, 0, 0, nil, err
	}
	return call.Signers, call.Transmitters, call.Threshold, call.EncodedConfigVersion, call.Encoded, nil
}

// ContractSetConfigArgsForIntegrationTest composes the arguments of setConfig for a test chain, with fixed timing and a fixed
// shared secret. alphaPPB is the relative deviation, in parts per billion, from which on a new value is reported; with the
// heartbeat of 0 that this config has, every round makes a report anyway.
func ContractSetConfigArgsForIntegrationTest(oracles []OracleIdentityExtra, f int, alphaPPB uint64) (
	signers []common.Address,
	transmitters []common.Address,
	threshold uint8,
	encodedConfigVersion uint64,
	encodedConfig []byte,
	err error,
) {
	return integrationTestArgs(oracles, f, alphaPPB, rand.Reader)
}

func integrationTestArgs(oracles []OracleIdentityExtra, f int, alphaPPB uint64, keySource io.Reader) (
	[]common.Address, []common.Address, uint8, uint64, []byte, error,
) {
	s := make([]int, len(oracles))
	for i := range s {
		s[i] = 1
	}
	secret := confighelper.IntegrationTestSecret
	return results(compose(SetConfigInput{
		PublicConfig: PublicConfig{
			DeltaProgress: 2 * time.Second,
			DeltaResend:   1 * time.Second,
			DeltaRound:    1 * time.Second,
			DeltaGrace:    500 * time.Millisecond,
			AlphaPPB:      alphaPPB,
			DeltaStage:    2 * time.Second,
			RMax:          3,
			S:             s,
			F:             f,
		},
		Oracles: oracles,
	}, io.MultiReader(bytes.NewReader(secret[:]), keySource)))
}
