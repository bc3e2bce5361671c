package deploy

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"

	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/gen/ocr2/ocr2abstract"
	"github.com/ocrkit/ocrkit/gen/ocr2/ocr2aggregator"
	"github.com/ocrkit/ocrkit/offchain/config/ocr2config"
	"github.com/ocrkit/ocrkit/offchain/evm/evmutil"
	"github.com/ocrkit/ocrkit/offchain/types"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

var aggregator = ocr2aggregator.NewOCR2Aggregator()

// ChainConfig is the config that a contract of the OCR2 family published.
type ChainConfig struct {
	types.ContractConfig
	Block    uint64      // of the event
	Time     time.Time   // of the block
	Tx       common.Hash // that set it
	Previous uint64      // block of the event before, 0 if there was none

	Signers, Transmitters []common.Address

	// Computed is the digest that follows from the parts. It is that of the contract unless something is wrong.
	Computed types.ConfigDigest
	// Parsed is the offchain config before any rule is applied; ParseErr says why there is none.
	Parsed   ocr2config.Parsed
	ParseErr error
	// Public is what oracles make of the config; PublicErr says why they refuse it.
	Public    ocr2config.PublicConfig
	PublicErr error
}

// ReadConfig reads the config in force of any contract of the OCR2 family. It fails with ErrNoContract, ErrNoConfig,
// ErrLogNotFound or ErrNode; a config that does not decode is no failure, see ChainConfig.
func ReadConfig(ctx context.Context, client Client, contract common.Address) (*ChainConfig, error) {
	chainID, err := client.ChainID(ctx)
	if err != nil {
		return nil, explain(err, "chain id")
	}
	return readConfig(ctx, reader{client: client, contract: contract}, chainID)
}

func readConfig(ctx context.Context, r reader, chainID *big.Int) (*ChainConfig, error) {
	abstract := ocr2abstract.NewOCR2Abstract()
	details, err := query(ctx, r, "latestConfigDetails", abstract.PackLatestConfigDetails(), abstract.UnpackLatestConfigDetails)
	if err != nil {
		return nil, err
	}
	if details.ConfigCount == 0 {
		return nil, fmt.Errorf("contract %s: %w", r.contract, ErrNoConfig)
	}
	block := new(big.Int).SetUint64(uint64(details.BlockNumber))
	logs, err := r.client.FilterLogs(ctx, ethereum.FilterQuery{
		FromBlock: block, ToBlock: block, Addresses: []common.Address{r.contract}, Topics: [][]common.Hash{{ocr2.ConfigSetTopic}},
	})
	if err != nil {
		return nil, explain(err, "logs of contract %s in block %s", r.contract, block)
	}
	for i := len(logs) - 1; i >= 0; i-- {
		var event ocr2.ConfigSet
		if logs[i].Removed || ocr2.DecodeConfigSet(&logs[i], &event) != nil || event.ConfigDigest != details.ConfigDigest {
			continue
		}
		header, err := r.client.HeaderByNumber(ctx, block)
		if err != nil {
			return nil, explain(err, "header of block %s", block)
		}
		return newChainConfig(ctx, &logs[i], &event, header, chainID, r.contract), nil
	}
	return nil, fmt.Errorf("contract %s, block %s, config digest %x: %w: the node may have pruned the logs of that block; use an archive node",
		r.contract, block, details.ConfigDigest, ErrLogNotFound)
}

func newChainConfig(ctx context.Context, log *ethtypes.Log, event *ocr2.ConfigSet, header *ethtypes.Header, chainID *big.Int, contract common.Address) *ChainConfig {
	c := &ChainConfig{
		ContractConfig: evmutil.ContractConfigFromParts(event.ConfigDigest, event.ConfigCount, event.Signers, event.Transmitters,
			event.F, event.OnchainConfig, event.OffchainConfigVersion, event.OffchainConfig),
		Block: log.BlockNumber, Time: time.Unix(int64(header.Time), 0).UTC(), Tx: log.TxHash, Previous: uint64(event.PreviousConfigBlockNumber),
		Signers: event.Signers, Transmitters: event.Transmitters,
	}
	digester := evmutil.EVMOffchainConfigDigester{ChainID: chainID.Uint64(), ContractAddress: contract}
	// It cannot fail: the accounts come from addresses.
	c.Computed, _ = digester.ConfigDigest(ctx, c.ContractConfig)
	c.Parsed, c.ParseErr = ocr2config.Parse(c.OffchainConfig)
	c.Public, c.PublicErr = ocr2config.PublicConfigFromContractConfig(false, c.ContractConfig)
	return c
}

// Problem says what is wrong with the config as such: nil, or an error that wraps ErrBadConfig.
func (c *ChainConfig) Problem() error {
	switch {
	case c.Computed != c.ConfigDigest:
		return fmt.Errorf("%w: its digest is %s, but from its parts follows %s", ErrBadConfig, c.ConfigDigest, c.Computed)
	case c.ParseErr != nil:
		return fmt.Errorf("%w: %w", ErrBadConfig, c.ParseErr)
	case c.PublicErr != nil:
		return fmt.Errorf("%w: %w", ErrBadConfig, c.PublicErr)
	}
	return nil
}

// State is what is on chain of a network.
type State struct {
	ChainID uint64
	Block   uint64    // at which all of it was read
	Time    time.Time // of the block

	Contract       common.Address
	TypeAndVersion string
	Owner          common.Address
	Link           common.Address

	BillingAccessController   common.Address
	RequesterAccessController common.Address
	Billing                   netfile.Billing
	Validator                 netfile.Validator

	MinAnswer, MaxAnswer *big.Int
	Decimals             uint8
	Description          string

	ConfigCount  uint32
	ConfigBlock  uint32
	ConfigDigest types.ConfigDigest
	// Config is nil when there is none, or when its log was not found, which is ConfigErr then.
	Config    *ChainConfig
	ConfigErr error

	// LinkAvailable is the contract's balance less what it owes, in juels; nil, with LinkErr, when the token does not answer.
	LinkAvailable *big.Int
	LinkErr       error
}

// Kind returns the contract's name, by what it says of itself.
func (s *State) Kind() netfile.Kind {
	name, _, _ := strings.Cut(s.TypeAndVersion, " ")
	return netfile.Kind(name)
}

// ReadState reads an aggregator. It fails with ErrNoContract or ErrNode.
func ReadState(ctx context.Context, client Client, contract common.Address) (*State, error) {
	s, r, err := beginState(ctx, client, contract)
	if err != nil {
		return nil, err
	}
	if kind := s.Kind(); kind != netfile.KindAggregator && kind != netfile.KindAccessControlledAggregator {
		return nil, fmt.Errorf("%w: %s is %.80q, want %s or %s", ErrNoContract, contract, s.TypeAndVersion, netfile.KindAggregator, netfile.KindAccessControlledAggregator)
	}
	if err := s.readSettings(ctx, r); err != nil {
		return nil, err
	}
	if err := s.readConfigs(ctx, r); err != nil {
		return nil, err
	}
	s.LinkAvailable, s.LinkErr = query(ctx, r, "linkAvailableForPayment", aggregator.PackLinkAvailableForPayment(), aggregator.UnpackLinkAvailableForPayment)
	return s, nil
}

// readOther reads a contract of which nothing is known but that it speaks OCR2 and has an owner.
func readOther(ctx context.Context, client Client, contract common.Address) (*State, error) {
	s, r, err := beginState(ctx, client, contract)
	if err != nil {
		return nil, err
	}
	if s.Owner, err = query(ctx, r, "owner", aggregator.PackOwner(), aggregator.UnpackOwner); err != nil {
		return nil, err
	}
	return s, s.readConfigs(ctx, r)
}

// beginState reads what every contract of the OCR2 family says of itself.
func beginState(ctx context.Context, client Client, contract common.Address) (*State, reader, error) {
	none := reader{}
	chainID, err := client.ChainID(ctx)
	if err != nil {
		return nil, none, explain(err, "chain id")
	}
	head, err := client.HeaderByNumber(ctx, nil)
	if err != nil {
		return nil, none, explain(err, "latest block")
	}
	s := &State{ChainID: chainID.Uint64(), Block: head.Number.Uint64(), Time: time.Unix(int64(head.Time), 0).UTC(), Contract: contract}
	r := reader{client, contract, head.Number}
	code, err := client.CodeAt(ctx, contract, head.Number)
	if err != nil {
		return nil, none, explain(err, "code of contract %s", contract)
	}
	if len(code) == 0 {
		return nil, none, fmt.Errorf("%w: there is no code at %s on chain %s", ErrNoContract, contract, chainID)
	}
	if s.TypeAndVersion, err = query(ctx, r, "typeAndVersion", aggregator.PackTypeAndVersion(), aggregator.UnpackTypeAndVersion); err != nil {
		return nil, none, fmt.Errorf("%w (ocrdeploy manages OCR2 aggregators)", err)
	}
	return s, r, nil
}

// readConfigs reads the config in force.
func (s *State) readConfigs(ctx context.Context, r reader) error {
	details, err := query(ctx, r, "latestConfigDetails", aggregator.PackLatestConfigDetails(), aggregator.UnpackLatestConfigDetails)
	if err != nil {
		return err
	}
	s.ConfigCount, s.ConfigBlock, s.ConfigDigest = details.ConfigCount, details.BlockNumber, details.ConfigDigest
	s.Config, s.ConfigErr = readConfig(ctx, r, new(big.Int).SetUint64(s.ChainID))
	switch {
	case errors.Is(s.ConfigErr, ErrNoConfig):
		s.ConfigErr = nil
	case s.ConfigErr != nil && !errors.Is(s.ConfigErr, ErrLogNotFound):
		return s.ConfigErr
	}
	return nil
}

func (s *State) readSettings(ctx context.Context, r reader) error {
	var err error
	address := func(what string, calldata []byte, unpack func([]byte) (common.Address, error)) (a common.Address) {
		if err == nil {
			a, err = query(ctx, r, what, calldata, unpack)
		}
		return a
	}
	number := func(what string, calldata []byte, unpack func([]byte) (*big.Int, error)) (v *big.Int) {
		if err == nil {
			v, err = query(ctx, r, what, calldata, unpack)
		}
		return v
	}
	s.Owner = address("owner", aggregator.PackOwner(), aggregator.UnpackOwner)
	s.Link = address("getLinkToken", aggregator.PackGetLinkToken(), aggregator.UnpackGetLinkToken)
	s.BillingAccessController = address("getBillingAccessController", aggregator.PackGetBillingAccessController(), aggregator.UnpackGetBillingAccessController)
	s.RequesterAccessController = address("getRequesterAccessController", aggregator.PackGetRequesterAccessController(), aggregator.UnpackGetRequesterAccessController)
	s.MinAnswer = number("minAnswer", aggregator.PackMinAnswer(), aggregator.UnpackMinAnswer)
	s.MaxAnswer = number("maxAnswer", aggregator.PackMaxAnswer(), aggregator.UnpackMaxAnswer)
	if err != nil {
		return err
	}
	if s.Decimals, err = query(ctx, r, "decimals", aggregator.PackDecimals(), aggregator.UnpackDecimals); err != nil {
		return err
	}
	if s.Description, err = query(ctx, r, "description", aggregator.PackDescription(), aggregator.UnpackDescription); err != nil {
		return err
	}
	billing, err := query(ctx, r, "getBilling", aggregator.PackGetBilling(), aggregator.UnpackGetBilling)
	if err != nil {
		return err
	}
	s.Billing = netfile.Billing{
		MaximumGasPriceGwei: billing.MaximumGasPriceGwei, ReasonableGasPriceGwei: billing.ReasonableGasPriceGwei,
		ObservationPaymentGjuels: billing.ObservationPaymentGjuels, TransmissionPaymentGjuels: billing.TransmissionPaymentGjuels,
		AccountingGas: uint32(billing.AccountingGas.Uint64()),
	}
	validator, err := query(ctx, r, "getValidatorConfig", aggregator.PackGetValidatorConfig(), aggregator.UnpackGetValidatorConfig)
	if err != nil {
		return err
	}
	s.Validator = netfile.Validator{Address: validator.Validator, GasLimit: validator.GasLimit}
	return nil
}
