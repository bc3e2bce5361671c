package evm

import (
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/gen/ocr2/ocr2aggregator"
	"github.com/ocrkit/ocrkit/gen/ocr3"
	"github.com/ocrkit/ocrkit/gen/ocr3/ocr3blsfeed"
	"github.com/ocrkit/ocrkit/gen/ocr3/ocr3ecdsafeed"
	"github.com/ocrkit/ocrkit/offchain/evm/evmutil"
	"github.com/ocrkit/ocrkit/offchain/evm/ocr3keyring"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// tracker is what trackers of all families have.
type tracker interface {
	types.ContractConfigTracker
	Close() error
}

// family is a kind of contract that announces its configs: what tests of trackers run for.
type family struct {
	name      string
	code      []byte // creates a contract, constructor arguments included
	configSet common.Hash
	// signer returns what the config of the contract has of an oracle.
	signer func(keys.Public) types.OnchainPublicKey
	// prepare returns what must be called before the first config; nil where nothing must.
	prepare    func(transmitters []common.Address) []byte
	setConfig  func(config types.ContractConfig, transmitters []common.Address) ([]byte, error)
	digester   func(contract common.Address) types.OffchainConfigDigester
	newTracker func(t testing.TB, client Client, contract common.Address, subscribe bool) tracker
	// packConfigSet returns the data of a ConfigSet log.
	packConfigSet func(offchainConfig string) ([]byte, error)
}

var families = []family{ocr1Family, ocr2Family, feedFamily(ocr3keyring.ECDSA), feedFamily(ocr3keyring.BLS)}

func eachFamily(t *testing.T, test func(*testing.T, family)) {
	for _, family := range families {
		t.Run(family.name, func(t *testing.T) { test(t, family) })
	}
}

var ocr2Family = family{
	name: "OCR2",
	code: slices.Concat(common.FromHex(ocr2aggregator.OCR2AggregatorMetaData.Bin),
		ocr2aggregator.NewOCR2Aggregator().PackConstructor(common.Address{}, minAnswer, maxAnswer, common.Address{}, common.Address{}, 8, "TEST")),
	configSet: ocr2.ConfigSetTopic,
	signer:    func(public keys.Public) types.OnchainPublicKey { return public.OnchainPublicKey() },
	setConfig: func(config types.ContractConfig, transmitters []common.Address) ([]byte, error) {
		call := ocr2.SetConfigCall{Transmitters: transmitters, F: config.F, OnchainConfig: config.OnchainConfig, OffchainConfigVersion: config.OffchainConfigVersion, OffchainConfig: config.OffchainConfig}
		for _, signer := range config.Signers {
			call.Signers = append(call.Signers, common.Address(signer))
		}
		return ocr2.AppendSetConfig(nil, &call), nil
	},
	digester: func(contract common.Address) types.OffchainConfigDigester {
		return evmutil.EVMOffchainConfigDigester{ChainID: simulatedChainID, ContractAddress: contract}
	},
	newTracker: func(t testing.TB, client Client, contract common.Address, subscribe bool) tracker {
		return closed(t, NewConfigTracker(ConfigTrackerOptions{Client: client, Contract: contract, Subscribe: subscribe}))
	},
	packConfigSet: func(offchainConfig string) ([]byte, error) {
		return packConfigSet(ocr2aggregator.NewOCR2Aggregator().GetABI(), []common.Address{{1}}, offchainConfig)
	},
}

func feedFamily(scheme ocr3keyring.Scheme) family {
	f := family{
		name:      "OCR3 " + scheme.Name(),
		configSet: ocr3.ConfigSetTopic,
		setConfig: func(config types.ContractConfig, transmitters []common.Address) ([]byte, error) {
			list, err := scheme.KeyList(config.Signers)
			return ocr3.AppendSetConfig(nil, &ocr3.SetConfigCall{
				Keys: list, Transmitters: transmitters, F: config.F, OnchainConfig: config.OnchainConfig, OffchainConfigVersion: config.OffchainConfigVersion, OffchainConfig: config.OffchainConfig,
			}), err
		},
		digester: func(contract common.Address) types.OffchainConfigDigester {
			return evmutil.OCR3OffchainConfigDigester{ChainID: simulatedChainID, ContractAddress: contract}
		},
		newTracker: func(t testing.TB, client Client, contract common.Address, subscribe bool) tracker {
			return closed(t, NewOCR3ConfigTracker(OCR3ConfigTrackerOptions{Client: client, Contract: contract, Subscribe: subscribe}))
		},
		packConfigSet: func(offchainConfig string) ([]byte, error) {
			return packConfigSet(ocr3ecdsafeed.NewOCR3ECDSAFeed().GetABI(), make([]byte, scheme.PublicKeyLength()), offchainConfig)
		},
	}
	switch scheme {
	case ocr3keyring.ECDSA:
		f.code = slices.Concat(common.FromHex(ocr3ecdsafeed.OCR3ECDSAFeedMetaData.Bin), ocr3ecdsafeed.NewOCR3ECDSAFeed().PackConstructor(minAnswer, maxAnswer, 8, "TEST"))
		f.signer = func(public keys.Public) types.OnchainPublicKey { return public.OnchainPublicKey() }
	case ocr3keyring.BLS:
		f.code = slices.Concat(common.FromHex(ocr3blsfeed.OCR3BLSFeedMetaData.Bin), ocr3blsfeed.NewOCR3BLSFeed().PackConstructor(minAnswer, maxAnswer, 8, "TEST"))
		f.signer = func(public keys.Public) types.OnchainPublicKey { return public.BLSPublicKey.OnchainPublicKey() }
	}
	return f
}

func closed(t testing.TB, tracker tracker) tracker {
	t.Cleanup(func() {
		if err := tracker.Close(); err != nil {
			t.Error(err)
		}
	})
	return tracker
}

func packConfigSet(contract abi.ABI, signers any, offchainConfig string) ([]byte, error) {
	return contract.Events["ConfigSet"].Inputs.Pack(uint32(0), [32]byte{1}, uint64(1), signers, []common.Address{{2}}, uint8(1), []byte{}, uint64(2), []byte(offchainConfig))
}
