// Package netfile is the network file of ocrdeploy: one YAML file that says all about a network of oracles, which contract it
// has, how the contract is configured, and who its oracles are. The kind of the contract decides what else there is to say, see [Kind].
//
// Parse reads a file strictly: an unknown or repeated field, a value of the wrong kind or out of range is an error with the
// line that it is in, and all errors are reported at once. A Network can as well be made in memory; Check then says what Parse
// would.
package netfile

import (
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
)

// FormatVersion is the version of the format that this package reads, the field `version` of a file.
const FormatVersion = 1

// Network is the content of a network file.
type Network struct {
	// Name is for people.
	Name     string
	Chain    Chain
	Contract Contract
	Config   Config
	Dealer   Dealer
	// Oracles are the oracles, by oracle id.
	Oracles []Oracle
}

// Chain says where the contract lives.
type Chain struct {
	// ID is the chain id. A node of another chain is refused.
	ID uint64
	// RPC is the URL (http, ws) or the socket of a node. It may be empty when it is given elsewhere.
	RPC string
}

// Target is a contract that the aggregator refers to: one that exists, one that is to be deployed first, or none.
type Target struct {
	// Deploy says that there is none yet. Once the aggregator exists, whatever it refers to is right.
	Deploy bool
	// Address of the contract; zero is none.
	Address common.Address
}

// String returns "deploy", "none" or the address.
func (t Target) String() string {
	switch {
	case t.Deploy:
		return "deploy"
	case t.Address == (common.Address{}):
		return "none"
	}
	return t.Address.Hex()
}

// Contract is the aggregator.
type Contract struct {
	// Address of the aggregator; zero when it is not deployed.
	Address common.Address
	Kind    Kind
	// Link is the token that oracles are paid in. Deploy stands for a worthless token for development chains.
	Link Target
	// MinAnswer and MaxAnswer bound the answers that the contract accepts. They cannot be changed later.
	MinAnswer, MaxAnswer *big.Int
	// Decimals and Description are for those who read answers. They cannot be changed later.
	Decimals    uint8
	Description string
	// BillingAccessController and RequesterAccessController say who besides the owner may change prices, or request rounds.
	BillingAccessController   Target
	RequesterAccessController Target
	// Billing are the prices. Nil leaves those of the contract alone, which at first are 0.
	Billing *Billing
	// OCR1Billing are the prices of a contract of OCR1, in place of Billing.
	OCR1Billing *OCR1Billing
	// Validator is told of new answers. Nil leaves the one of the contract alone.
	Validator *Validator
	// OnchainConfig is what a contract of KindOther is to read of its config. Of such a contract, nothing but this, Kind and Address is set.
	OnchainConfig []byte
}

// Billing are the prices that the contract pays. See setBilling.
type Billing struct {
	MaximumGasPriceGwei       uint32 // most that is reimbursed, whatever the transaction paid
	ReasonableGasPriceGwei    uint32 // below it, the difference is shared with the transmitter
	ObservationPaymentGjuels  uint32 // for an observation in a report, in 1e-9 LINK
	TransmissionPaymentGjuels uint32 // for a transmission, in 1e-9 LINK
	AccountingGas             uint32 // gas of the accounting, which the contract cannot measure; 24 bits
}

// Validator is a contract that is called with each new answer.
type Validator struct {
	Address  common.Address
	GasLimit uint32
}

// Config is the part of the network that setConfig sets. The durations and counts are those of the protocol's PublicConfig; which
// ones there are depends on the protocol, and what a protocol has not must be zero.
type Config struct {
	F int

	DeltaProgress time.Duration
	DeltaResend   time.Duration
	DeltaRound    time.Duration
	DeltaGrace    time.Duration
	DeltaStage    time.Duration
	RMax          uint64
	// Of OCR1.
	DeltaC   time.Duration
	AlphaPPB uint64
	// Of OCR3.
	DeltaInitial, DeltaCertifiedCommitRequest time.Duration
	// S is the transmission schedule; nil stands for a stage of one oracle for each of the oracles.
	S []int

	MaxDurationInitialization               *time.Duration
	MaxDurationQuery                        time.Duration
	MaxDurationObservation                  time.Duration
	MaxDurationReport                       time.Duration // OCR2
	MaxDurationShouldAcceptFinalizedReport  time.Duration // OCR2
	MaxDurationShouldAcceptAttestedReport   time.Duration // OCR3
	MaxDurationShouldTransmitAcceptedReport time.Duration

	Plugin Plugin
}

// Plugin is the config of the reporting plugin.
type Plugin struct {
	// Median is the config of the median plugin. Nil: Raw.
	Median *median.OffchainConfig
	// Raw is the config of another plugin.
	Raw []byte
}

// Bytes returns the config as it is set.
func (p Plugin) Bytes() []byte {
	if p.Median != nil {
		return p.Median.Encode()
	}
	return p.Raw
}

// Dealer says where the secrets of configs come from.
type Dealer struct {
	// SeedFile is the encrypted file with the seed, as written in the network file.
	SeedFile string
}

// Oracle is one member of the network.
type Oracle struct {
	// Name is for people. Messages name oracles by it where there is one.
	Name   string
	Public keys.Public
	// Payee receives what the oracle earns. Zero leaves the payee alone.
	Payee common.Address
	// KeyFile is the encrypted file with the oracle's keys, as written in the network file, where it is at hand; else empty.
	KeyFile string
}

// Schedule returns S, or what stands for it.
func (n *Network) Schedule() []int {
	if n.Config.S != nil {
		return n.Config.S
	}
	s := make([]int, len(n.Oracles))
	for i := range s {
		s[i] = 1
	}
	return s
}

// OnchainConfig returns the onchain config that the aggregator demands: the bounds of its answers. Of another contract it is what
// the network file says.
func (n *Network) OnchainConfig() ([]byte, error) {
	if kind := n.Contract.Kind.find(); kind != nil && kind.isForeign {
		return n.Contract.OnchainConfig, nil
	}
	encoded, err := ocr2.AppendMedianOnchainConfig(nil, &ocr2.MedianOnchainConfig{MinAnswer: n.Contract.MinAnswer, MaxAnswer: n.Contract.MaxAnswer})
	if err != nil {
		return nil, fmt.Errorf("contract.minAnswer, contract.maxAnswer: %w", err)
	}
	return encoded, nil
}

// OracleName returns how messages name oracle i.
func (n *Network) OracleName(i int) string {
	if i < len(n.Oracles) && n.Oracles[i].Name != "" {
		return fmt.Sprintf("oracle %d (%s)", i, n.Oracles[i].Name)
	}
	return fmt.Sprintf("oracle %d", i)
}
