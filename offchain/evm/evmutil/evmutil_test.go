package evmutil

import (
	"context"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"

	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/gen/ocr2/ocr2aggregator"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/vectors"
)

// configFields are the fields of a ContractConfig as vectors write them.
type configFields struct {
	ConfigCount           vectors.U64     `json:"configCount"`
	ConfigDigest          vectors.Hex     `json:"configDigest"`
	F                     uint8           `json:"f"`
	OffchainConfig        vectors.Hex     `json:"offchainConfig"`
	OffchainConfigVersion vectors.U64     `json:"offchainConfigVersion"`
	OnchainConfig         vectors.Hex     `json:"onchainConfig"`
	Signers               []vectors.Hex   `json:"signers"`
	Transmitters          []types.Account `json:"transmitters"`
}

func (f configFields) config(t *testing.T) types.ContractConfig {
	config := types.ContractConfig{
		ConfigCount: uint64(f.ConfigCount), Transmitters: f.Transmitters, F: f.F, OnchainConfig: f.OnchainConfig,
		OffchainConfigVersion: uint64(f.OffchainConfigVersion), OffchainConfig: f.OffchainConfig,
	}
	if f.ConfigDigest != nil {
		config.ConfigDigest = f.ConfigDigest.Array32(t)
	}
	for _, signer := range f.Signers {
		config.Signers = append(config.Signers, types.OnchainPublicKey(signer))
	}
	return config
}

func checkDigest(t *testing.T, c vectors.Case, chainID uint64, contract []byte, config types.ContractConfig) {
	t.Helper()
	digester := EVMOffchainConfigDigester{ChainID: chainID, ContractAddress: common.Address(contract)}
	digest, err := digester.ConfigDigest(context.Background(), config)
	if c.Rejected() {
		if err == nil {
			t.Errorf("accepted, with digest %s", digest)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	want := vectors.Decode[struct {
		ConfigDigest vectors.Hex `json:"configDigest"`
	}](t, c.Output).ConfigDigest
	if digest != want.Array32(t) {
		t.Errorf("digest is %s, want %s", digest, want)
	}
	if prefix, err := digester.ConfigDigestPrefix(context.Background()); err != nil || !prefix.IsPrefixOf(digest) {
		t.Errorf("prefix is %s (%v), the digest %s", prefix, err, digest)
	}
}

func TestEvmutilVectors(t *testing.T) {
	vectors.Each(t, "testdata", []string{"api-evmutil*.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		input := vectors.DecodeStrict[struct {
			ChainID         vectors.U64   `json:"chainID"`
			ContractAddress vectors.Hex   `json:"contractAddress"`
			ContractConfig  *configFields `json:"contractConfig"`
			Topic0          vectors.Hex   `json:"topic0"`
			Data            vectors.Hex   `json:"data"`
			Note            string        `json:"note"`
		}](t, c.Input)
		switch {
		case input.ContractConfig != nil:
			checkDigest(t, c, uint64(input.ChainID), input.ContractAddress, input.ContractConfig.config(t))
		case input.Topic0 != nil:
			log := &ethtypes.Log{Topics: []common.Hash{common.Hash(input.Topic0)}, Data: input.Data}
			event, err := ocr2aggregator.NewOCR2Aggregator().UnpackConfigSetEvent(log)
			if err != nil {
				t.Fatal(err)
			}
			var strict ocr2.ConfigSet
			if err := ocr2.DecodeConfigSet(log, &strict); err != nil {
				t.Fatal(err)
			}
			want := vectors.DecodeStrict[struct {
				ContractConfig configFields `json:"contractConfig"`
			}](t, c.Output).ContractConfig.config(t)
			if got := ContractConfigFromConfigSetEvent(*event); !reflect.DeepEqual(got, want) {
				t.Errorf("config is %+v, want %+v", got, want)
			}
		default:
			t.Errorf("do not know how to run %s", c.Input)
		}
	})
}

func TestConfigDigestVectors(t *testing.T) {
	digest := func(t *testing.T, _ vectors.File, c vectors.Case) {
		input := vectors.DecodeStrict[struct {
			configFields
			Kind            string      `json:"kind"`
			ChainID         vectors.U64 `json:"chainID"`
			ContractAddress vectors.Hex `json:"contractAddress"`
		}](t, c.Input)
		checkDigest(t, c, uint64(input.ChainID), input.ContractAddress, input.config(t))
	}
	elsewhere := "offchain/types and offchain/config"
	vectors.EachKind(t, "testdata", []string{"config-digest.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"evmDigest": func(t *testing.T, f vectors.File, c vectors.Case) {
				digest(t, f, c)
				input := vectors.Decode[struct{ Signers, Transmitters []common.Address }](t, c.Input)
				want := vectors.DecodeStrict[struct {
					ConfigDigest               vectors.Hex     `json:"configDigest"`
					SignersAsOnchainPublicKeys []vectors.Hex   `json:"signersAsOnchainPublicKeys"`
					TransmitAccounts           []types.Account `json:"transmitAccounts"`
				}](t, c.Output)
				event := ocr2aggregator.OCR2AggregatorConfigSet{Signers: input.Signers, Transmitters: input.Transmitters}
				config := ContractConfigFromConfigSetEvent(event)
				if len(config.Signers) != len(want.SignersAsOnchainPublicKeys) {
					t.Fatalf("%d signers, want %d", len(config.Signers), len(want.SignersAsOnchainPublicKeys))
				}
				for i, signer := range config.Signers {
					if string(signer) != string(want.SignersAsOnchainPublicKeys[i]) {
						t.Errorf("signer %d is %x, want %s", i, signer, want.SignersAsOnchainPublicKeys[i])
					}
				}
				if !reflect.DeepEqual(config.Transmitters, want.TransmitAccounts) {
					t.Errorf("transmitters are %v, want %v", config.Transmitters, want.TransmitAccounts)
				}
			},
			"evmDigestFromContractConfig": digest,
			"splitSignature": func(t *testing.T, _ vectors.File, c vectors.Case) {
				input := vectors.DecodeStrict[struct {
					Kind      string      `json:"kind"`
					Signature vectors.Hex `json:"signature"`
				}](t, c.Input)
				if _, _, _, err := SplitSignature(input.Signature); err == nil || !c.Rejected() {
					t.Errorf("got error %v, want rejected %v", err, c.Rejected())
				}
			},
			"evmReportContext": func(t *testing.T, _ vectors.File, c vectors.Case) {
				input := vectors.Decode[struct {
					ConfigDigest, ExtraHash vectors.Hex
					Epoch                   uint32
					Round                   uint8
				}](t, c.Input)
				want := vectors.Decode[struct {
					RawReportContext []vectors.Hex
					R, S, Signature  vectors.Hex
					V                uint8
				}](t, c.Output)
				words := RawReportContext(types.ReportContext{
					ReportTimestamp: types.ReportTimestamp{ConfigDigest: input.ConfigDigest.Array32(t), Epoch: input.Epoch, Round: input.Round},
					ExtraHash:       input.ExtraHash.Array32(t),
				})
				for i, word := range words {
					if word != want.RawReportContext[i].Array32(t) {
						t.Errorf("word %d is %x, want %s", i, word, want.RawReportContext[i])
					}
				}
				r, s, v, err := SplitSignature(want.Signature)
				if err != nil || r != want.R.Array32(t) || s != want.S.Array32(t) || v != want.V {
					t.Errorf("signature splits into %x, %x, %d (%v)", r, s, v, err)
				}
			},
		},
		Elsewhere: map[string]string{
			"ocr1Digest": "test/gen", "ocr2ToOCR1Digest": "offchain/config", "evmOCR3ReportHashes": "offchain/evm/ocr3keyring",
			"digestText": elsewhere, "digestParse": elsewhere, "digestFromBytes": elsewhere, "prefixes": elsewhere, "checkContractConfig": elsewhere,
		},
	})
}

func TestContractsConfigDigestVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"contracts-config-digest.json"}, vectors.Kinds{
		Of: func(_ vectors.File, c vectors.Case) string {
			return vectors.Decode[struct {
				Family string `json:"family"`
			}](t, c.Input).Family
		},
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"ocr2": func(t *testing.T, _ vectors.File, c vectors.Case) {
				input := vectors.DecodeStrict[struct {
					configFields
					Family          string         `json:"family"`
					ChainID         vectors.U64    `json:"chainId"`
					ContractAddress vectors.Hex    `json:"contractAddress"`
					Account         *types.Account `json:"transmitterAccountString"`
					Signer          *vectors.Hex   `json:"signerBytes"`
				}](t, c.Input)
				config := input.config(t)
				if input.ContractAddress == nil {
					input.ContractAddress = make([]byte, common.AddressLength)
				}
				switch {
				case input.Account != nil:
					config.Transmitters = []types.Account{*input.Account}
				case input.Signer != nil:
					config.Signers = []types.OnchainPublicKey{types.OnchainPublicKey(*input.Signer)}
				}
				checkDigest(t, c, uint64(input.ChainID), input.ContractAddress, config)
			},
		},
		Elsewhere: map[string]string{"ocr1": "test/contracts, test/gen"},
	})
}

// FuzzDigester looks that no config makes the digester panic, and that the accepted ones have the prefix.
func FuzzDigester(f *testing.F) {
	f.Add([]byte("signer"), "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", []byte{1})
	f.Add(make([]byte, 20), "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", []byte{1})
	f.Fuzz(func(t *testing.T, signer []byte, account string, offchainConfig []byte) {
		digester := EVMOffchainConfigDigester{ChainID: rand.Uint64()}
		digest, err := digester.ConfigDigest(context.Background(), types.ContractConfig{
			Signers: []types.OnchainPublicKey{signer}, Transmitters: []types.Account{types.Account(account)}, OffchainConfig: offchainConfig,
		})
		if ok := len(signer) == 20 && common.IsHexAddress(account) && account[1] == 'x' && len(account) == 42; ok != (err == nil) {
			t.Errorf("signer %x, account %q: error %v", signer, account, err)
		}
		if err == nil && !types.ConfigDigestPrefix(types.ConfigDigestPrefixEVMSimple).IsPrefixOf(digest) {
			t.Errorf("digest %s has a wrong prefix", digest)
		}
	})
}
