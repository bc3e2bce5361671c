package runtime

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// encodedConfigVersion is the only version of OCR1's encoded configs.
const encodedConfigVersion = 1

// The supervisor knows configs in the form that later versions have. A config of OCR1 fits into it: the digest as the network has
// it, keys and accounts as what they are on EVM chains, and the encoded config as the offchain config.

// widenConfig puts a config of OCR1 into the form of later versions.
func widenConfig(cc ocr1types.ContractConfig) types.ContractConfig {
	widened := types.ContractConfig{
		ConfigDigest:          widenDigest(cc.ConfigDigest),
		F:                     cc.Threshold,
		OffchainConfigVersion: cc.EncodedConfigVersion,
		OffchainConfig:        cc.Encoded,
	}
	for _, signer := range cc.Signers {
		widened.Signers = append(widened.Signers, signer.Bytes())
	}
	for _, transmitter := range cc.Transmitters {
		widened.Transmitters = append(widened.Transmitters, types.Account(transmitter.Hex()))
	}
	return widened
}

// widenDigest leaves the zero digest as it is: it stands for no config.
func widenDigest(digest ocr1types.ConfigDigest) types.ConfigDigest {
	if digest == (ocr1types.ConfigDigest{}) {
		return types.ConfigDigest{}
	}
	return ocr1types.NetworkDigest(digest)
}

// narrowConfig is the inverse of widenConfig.
func narrowConfig(widened types.ContractConfig) (ocr1types.ContractConfig, error) {
	digest, err := ocr1types.FromNetworkDigest(widened.ConfigDigest)
	if err != nil {
		return ocr1types.ContractConfig{}, err
	}
	cc := ocr1types.ContractConfig{
		ConfigDigest:         digest,
		Threshold:            widened.F,
		EncodedConfigVersion: widened.OffchainConfigVersion,
		Encoded:              widened.OffchainConfig,
	}
	for _, signer := range widened.Signers {
		cc.Signers = append(cc.Signers, common.BytesToAddress(signer))
	}
	for _, transmitter := range widened.Transmitters {
		cc.Transmitters = append(cc.Transmitters, common.HexToAddress(string(transmitter)))
	}
	return cc, nil
}

// ocr1Supervisor returns a supervisor for a process of OCR1.
func ocr1Supervisor(
	starter starter, tracker ocr1types.ContractConfigTracker, db ocr1types.Database, local ocr1types.LocalConfig, logger logging.Logger,
) *supervisor {
	return &supervisor{
		starter:  starter,
		tracker:  ocr1Tracker{tracker, local},
		check:    checkOCR1Config,
		database: ocr1ConfigDatabase{db},
		subscriber: &subscriber{
			subscribeTo: tracker.SubscribeToNewConfigs,
			timeout:     local.BlockchainTimeout,
			interval:    local.ContractConfigTrackerSubscribeInterval,
		},
		localConfig: types.LocalConfig{
			ContractConfigConfirmations:       local.ContractConfigConfirmations,
			SkipContractConfigConfirmations:   local.SkipContractConfigConfirmations,
			ContractConfigTrackerPollInterval: local.ContractConfigTrackerPollInterval,
			// A poll makes three calls at most, each of which has a deadline of its own.
			ContractConfigLoadTimeout: 4 * local.BlockchainTimeout,
			DatabaseTimeout:           local.DatabaseTimeout,
		},
		logger: logger,
	}
}

// checkOCR1Config is all that can be checked of a config without the contract: the digest covers the number of the config, which
// the config does not tell.
func checkOCR1Config(_ context.Context, widened types.ContractConfig) error {
	if version := widened.OffchainConfigVersion; version != encodedConfigVersion {
		return fmt.Errorf("encoded config version %d, want %d", version, encodedConfigVersion)
	}
	return nil
}

// ocr1Tracker is the tracker of OCR1 as one of later versions.
type ocr1Tracker struct {
	tracker ocr1types.ContractConfigTracker
	local   ocr1types.LocalConfig
}

var _ types.ContractConfigTracker = ocr1Tracker{}

// Notify returns nothing: there is a subscriber.
func (t ocr1Tracker) Notify() <-chan struct{} { return nil }

func (t ocr1Tracker) LatestConfigDetails(ctx context.Context) (uint64, types.ConfigDigest, error) {
	ctx, cancel := context.WithTimeout(ctx, t.local.BlockchainTimeout)
	defer cancel()
	block, digest, err := t.tracker.LatestConfigDetails(ctx)
	return block, widenDigest(digest), err
}

func (t ocr1Tracker) LatestConfig(ctx context.Context, changedInBlock uint64) (types.ContractConfig, error) {
	ctx, cancel := context.WithTimeout(ctx, t.local.BlockchainTimeout)
	defer cancel()
	cc, err := t.tracker.ConfigFromLogs(ctx, changedInBlock)
	return widenConfig(cc), err
}

func (t ocr1Tracker) LatestBlockHeight(ctx context.Context) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, t.local.BlockchainTimeout)
	defer cancel()
	return t.tracker.LatestBlockHeight(ctx)
}

// ocr1ConfigDatabase keeps configs of OCR1.
type ocr1ConfigDatabase struct{ db ocr1types.Database }

var _ types.ConfigDatabase = ocr1ConfigDatabase{}

func (d ocr1ConfigDatabase) ReadConfig(ctx context.Context) (*types.ContractConfig, error) {
	cc, err := d.db.ReadConfig(ctx)
	if err != nil || cc == nil {
		return nil, err
	}
	widened := widenConfig(*cc)
	return &widened, nil
}

func (d ocr1ConfigDatabase) WriteConfig(ctx context.Context, widened types.ContractConfig) error {
	cc, err := narrowConfig(widened)
	if err != nil {
		return err
	}
	return d.db.WriteConfig(ctx, cc)
}
