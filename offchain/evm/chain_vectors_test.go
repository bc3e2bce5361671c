package evm

import (
	"encoding/binary"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/tracing"
	ethtypes "github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm/runtime"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/params"

	"github.com/ocrkit/ocrkit/codegen/solabi"
	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/gen/ocr2/ocr2aggregator"
	"github.com/ocrkit/ocrkit/test/vectors"
)

// TestTransmitVectors deploys the aggregator for each case, sends its steps, and compares what comes of each: success or the
// typed error of the revert, logs, and what the contract answers afterwards.
func TestTransmitVectors(t *testing.T) {
	vectors.Each(t, "testdata", []string{"api-transmit*.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		input := vectors.Decode[struct {
			ChainID     vectors.U64 `json:"chainID"`
			Constructor struct {
				BillingAccessController, RequesterAccessController, Link common.Address
				Decimals                                                 uint8
				Description                                              string
				MinAnswer, MaxAnswer                                     vectors.Dec
			} `json:"constructor"`
			Contract      common.Address `json:"contract"`
			Deployer      common.Address `json:"deployer"`
			DeployerNonce uint64         `json:"deployerNonce"`
			GasPrice      vectors.Dec    `json:"gasPrice"`
			Steps         []struct {
				Step        string         `json:"step"`
				From        common.Address `json:"from"`
				Calldata    vectors.Hex    `json:"calldata"`
				BlockNumber uint64         `json:"blockNumber"`
				Timestamp   uint64         `json:"timestamp"`
			} `json:"steps"`
		}](t, c.Input)
		want := vectors.Decode[struct {
			ConfigDigest vectors.Hex `json:"configDigest"`
			Steps        []struct {
				Step         string `json:"step"`
				Success      bool   `json:"success"`
				RevertReason string `json:"revertReason"`
				Logs         []struct {
					Topics []common.Hash `json:"topics"`
					Data   vectors.Hex   `json:"data"`
				} `json:"logs"`
				LatestConfigDigestAndEpoch struct {
					ScanLogs     bool
					ConfigDigest vectors.Hex
					Epoch        uint32
				} `json:"latestConfigDigestAndEpoch"`
				LatestTransmissionDetails struct {
					ConfigDigest vectors.Hex
					Epoch        uint32
					Round        uint8
					Answer       vectors.Dec
					Timestamp    uint64
				} `json:"latestTransmissionDetails"`
			} `json:"steps"`
		}](t, c.Output)
		if len(want.Steps) != len(input.Steps) {
			t.Fatalf("%d steps, %d results", len(input.Steps), len(want.Steps))
		}

		db, err := state.New(ethtypes.EmptyRootHash, state.NewDatabaseForTesting())
		if err != nil {
			t.Fatal(err)
		}
		rules := *params.MergedTestChainConfig
		rules.ChainID = new(big.Int).SetUint64(uint64(input.ChainID))
		config := runtime.Config{ChainConfig: &rules, GasLimit: 30_000_000, GasPrice: input.GasPrice.Int, BaseFee: new(big.Int), State: db}
		at := func(from common.Address, block, time uint64) *runtime.Config {
			config := config
			config.Origin, config.BlockNumber, config.Time = from, new(big.Int).SetUint64(block), time
			return &config
		}

		aggregator := ocr2aggregator.NewOCR2Aggregator()
		arguments := aggregator.PackConstructor(input.Constructor.Link, input.Constructor.MinAnswer.Int, input.Constructor.MaxAnswer.Int,
			input.Constructor.BillingAccessController, input.Constructor.RequesterAccessController, input.Constructor.Decimals, input.Constructor.Description)
		code := append(common.FromHex(ocr2aggregator.OCR2AggregatorMetaData.Bin), arguments...)
		db.SetNonce(input.Deployer, input.DeployerNonce, tracing.NonceChangeUnspecified)
		if _, address, _, err := runtime.Create(code, at(input.Deployer, input.Steps[0].BlockNumber-1, input.Steps[0].Timestamp-1)); err != nil || address != input.Contract {
			t.Fatalf("deployed at %s (%v), want %s", address, err, input.Contract)
		}

		for i, step := range input.Steps {
			want, config := want.Steps[i], at(step.From, step.BlockNumber, step.Timestamp)
			var hash common.Hash
			binary.BigEndian.PutUint32(hash[28:], uint32(i+1))
			db.SetTxContext(hash, i, 0)
			output, _, err := runtime.Call(input.Contract, step.Calldata, config)
			if (err == nil) != want.Success {
				t.Fatalf("%s: success is %v (%v), want %v", step.Step, err == nil, err, want.Success)
			}
			if !want.Success {
				if revert, ok := ocr2.DecodeRevert(output).(*solabi.Revert); !ok || revert.Reason != want.RevertReason {
					t.Errorf("%s: reverted with %v, want %q", step.Step, ocr2.DecodeRevert(output), want.RevertReason)
				}
			}
			logs := db.GetLogs(hash, step.BlockNumber, common.Hash{}, step.Timestamp)
			if want.Success && len(logs) != len(want.Logs) {
				t.Fatalf("%s: %d logs, want %d", step.Step, len(logs), len(want.Logs))
			}
			for j, log := range want.Logs {
				if got := logs[j]; len(got.Topics) != len(log.Topics) || string(got.Data) != string(log.Data) || crypto.Keccak256Hash(flatten(got.Topics)) != crypto.Keccak256Hash(flatten(log.Topics)) {
					t.Errorf("%s: log %d is %v, %x; want %v, %s", step.Step, j, got.Topics, got.Data, log.Topics, log.Data)
				}
			}

			view := func(calldata []byte) []byte {
				output, _, err := runtime.Call(input.Contract, calldata, config)
				if err != nil {
					t.Fatalf("%s: %v", step.Step, err)
				}
				return output
			}
			digest, err := aggregator.UnpackLatestConfigDigestAndEpoch(view(aggregator.PackLatestConfigDigestAndEpoch()))
			if w := want.LatestConfigDigestAndEpoch; err != nil || digest.ScanLogs != w.ScanLogs || digest.ConfigDigest != w.ConfigDigest.Array32(t) || digest.Epoch != w.Epoch {
				t.Errorf("%s: latestConfigDigestAndEpoch is %v (%v), want %v", step.Step, digest, err, w)
			}
			details, err := aggregator.UnpackLatestTransmissionDetails(view(aggregator.PackLatestTransmissionDetails()))
			if w := want.LatestTransmissionDetails; err != nil || details.ConfigDigest != w.ConfigDigest.Array32(t) || details.Epoch != w.Epoch || details.Round != w.Round || details.LatestAnswer.Cmp(w.Answer.Int) != 0 || details.LatestTimestamp != w.Timestamp {
				t.Errorf("%s: latestTransmissionDetails is %v (%v), want %v", step.Step, details, err, w)
			}
			db.Finalise(params.Rules{IsEIP158: true})
		}
		if last := want.Steps[0].LatestConfigDigestAndEpoch.ConfigDigest; last.String() != want.ConfigDigest.String() {
			t.Errorf("config digest after setConfig is %s, want %s", last, want.ConfigDigest)
		}
	})
}

func flatten(topics []common.Hash) []byte {
	var all []byte
	for _, topic := range topics {
		all = append(all, topic[:]...)
	}
	return all
}
