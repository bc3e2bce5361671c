package evm

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr1"
	"github.com/ocrkit/ocrkit/gen/ocr1/offchainaggregator"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/types"
)

var ocr1Family = family{
	name: "OCR1",
	code: slices.Concat(common.FromHex(offchainaggregator.OffchainAggregatorMetaData.Bin),
		offchainaggregator.NewOffchainAggregator().PackConstructor(1, 1, 1, 1, 1, common.Address{}, minAnswer, maxAnswer, common.Address{}, common.Address{}, 8, "TEST")),
	configSet: ocr1.ConfigSetTopic,
	signer:    func(public keys.Public) types.OnchainPublicKey { return public.OnchainPublicKey() },
	prepare: func(transmitters []common.Address) []byte {
		return offchainaggregator.NewOffchainAggregator().PackSetPayees(transmitters, transmitters)
	},
	setConfig: func(config types.ContractConfig, transmitters []common.Address) ([]byte, error) {
		call := ocr1.SetConfigCall{Transmitters: transmitters, Threshold: config.F, EncodedConfigVersion: config.OffchainConfigVersion, Encoded: config.OffchainConfig}
		for _, signer := range config.Signers {
			call.Signers = append(call.Signers, common.Address(signer))
		}
		return ocr1.AppendSetConfig(nil, &call), nil
	},
	digester: func(contract common.Address) types.OffchainConfigDigester { return ocr1Digester{contract} },
	newTracker: func(t testing.TB, client Client, contract common.Address, subscribe bool) tracker {
		return closed(t, newWideTracker(t, NewOCR1ConfigTracker(OCR1ConfigTrackerOptions{Client: client, Contract: contract, Subscribe: subscribe})))
	},
	packConfigSet: func(offchainConfig string) ([]byte, error) {
		aggregator := offchainaggregator.NewOffchainAggregator().GetABI()
		return aggregator.Events["ConfigSet"].Inputs.Pack(uint32(0), uint64(1), []common.Address{{1}}, []common.Address{{2}}, uint8(1), uint64(1), []byte(offchainConfig))
	},
}

// ocr1Digester computes the digest of the count that a wideTracker fills in.
type ocr1Digester struct{ contract common.Address }

func (d ocr1Digester) ConfigDigest(_ context.Context, config types.ContractConfig) (types.ConfigDigest, error) {
	preimage := ocr1.ConfigPreimage{ContractAddress: d.contract, ConfigCount: config.ConfigCount, Threshold: config.F, EncodedConfigVersion: config.OffchainConfigVersion, Encoded: config.OffchainConfig}
	for i := range config.Signers {
		preimage.Signers = append(preimage.Signers, common.Address(config.Signers[i]))
		preimage.Transmitters = append(preimage.Transmitters, common.HexToAddress(string(config.Transmitters[i])))
	}
	return ocr1types.NetworkDigest(preimage.Digest()), nil
}

func (ocr1Digester) ConfigDigestPrefix(context.Context) (types.ConfigDigestPrefix, error) {
	return types.ConfigDigestPrefixOCR1, nil
}

// wideTracker has the interface of later versions' trackers, so that the tests of those run for OCR1, too.
type wideTracker struct {
	*OCR1ConfigTracker
	notify       chan struct{}
	subscription ocr1types.ContractConfigSubscription
	done         sync.WaitGroup
}

func newWideTracker(t testing.TB, tracker *OCR1ConfigTracker) *wideTracker {
	subscription, err := tracker.SubscribeToNewConfigs(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	w := &wideTracker{OCR1ConfigTracker: tracker, subscription: subscription}
	if tracker.subscribes {
		w.notify = make(chan struct{}, 10)
		w.notify <- struct{}{}
	}
	w.done.Go(func() {
		for range subscription.Configs() {
			w.notify <- struct{}{}
		}
	})
	return w
}

func (w *wideTracker) Notify() <-chan struct{} { return w.notify }

func (w *wideTracker) Close() error {
	w.subscription.Close()
	w.done.Wait()
	return nil
}

func (w *wideTracker) LatestConfigDetails(ctx context.Context) (uint64, types.ConfigDigest, error) {
	block, digest, err := w.OCR1ConfigTracker.LatestConfigDetails(ctx)
	if digest == (ocr1types.ConfigDigest{}) {
		return block, types.ConfigDigest{}, err
	}
	return block, ocr1types.NetworkDigest(digest), err
}

func (w *wideTracker) LatestConfig(ctx context.Context, block uint64) (types.ContractConfig, error) {
	config, err := w.ConfigFromLogs(ctx, block)
	if err != nil {
		return types.ContractConfig{}, err
	}
	log, err := w.latest(ctx, block)
	if err != nil {
		return types.ContractConfig{}, err
	}
	var event ocr1.ConfigSet
	if err := ocr1.DecodeConfigSet(log, &event); err != nil {
		return types.ContractConfig{}, err
	}
	wide := types.ContractConfig{
		ConfigDigest: ocr1types.NetworkDigest(config.ConfigDigest), ConfigCount: event.ConfigCount, F: config.Threshold,
		OffchainConfigVersion: config.EncodedConfigVersion, OffchainConfig: config.Encoded,
	}
	for _, signer := range config.Signers {
		wide.Signers = append(wide.Signers, signer.Bytes())
	}
	for _, transmitter := range config.Transmitters {
		wide.Transmitters = append(wide.Transmitters, types.Account(transmitter.Hex()))
	}
	return wide, nil
}
