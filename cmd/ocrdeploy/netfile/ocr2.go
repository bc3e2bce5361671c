package netfile

import (
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/confighelper"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// OCR2 is the protocol of OCR2Aggregator and its like.
const OCR2 Protocol = "OCR2"

// The contracts of OCR2 that ocrdeploy deploys. The second one lets contracts read answers only if they are on its list.
const (
	KindAggregator                 Kind = "OCR2Aggregator"
	KindAccessControlledAggregator Kind = "AccessControlledOCR2Aggregator"
)

// KindOther is any other contract that speaks OCR2 (solidity/ocr2/OCR2Abstract.sol) and has an owner, such as one that reports
// something else than a median. It is deployed by other means; ocrdeploy sets and verifies its config.
const KindOther Kind = "OCR2"

var ocr2Kinds = []kind{
	{name: KindAggregator, protocol: OCR2, pays: true, contract: readOCR2Aggregator, check: checkOCR2Aggregator},
	{name: KindAccessControlledAggregator, protocol: OCR2, pays: true, contract: readOCR2Aggregator, check: checkOCR2Aggregator},
	{
		name: KindOther, protocol: OCR2, hint: " for another contract that speaks OCR2", isForeign: true,
		contract: func(m *mapping, c *Contract) { c.OnchainConfig = m.bytes("onchainConfig", false) },
		check:    func(*Network, addProblem) {},
	},
}

var ocr2Parameters = []parameter{
	deltaProgress, deltaResend, deltaRound, deltaGrace, deltaStage, roundsAnEpoch(255), schedule, maxDurationInitialization,
	maxDurationQuery, maxDurationObservation, maxDurationReport, maxDurationShouldAcceptFin, maxDurationShouldTransmit, plugin,
}

func readOCR2Aggregator(m *mapping, c *Contract) {
	readAggregator(m, c, func(m *mapping) {
		c.Billing = &Billing{
			MaximumGasPriceGwei:       uint32(m.number("maximumGasPriceGwei", true, maxUint32)),
			ReasonableGasPriceGwei:    uint32(m.number("reasonableGasPriceGwei", true, maxUint32)),
			ObservationPaymentGjuels:  uint32(m.number("observationPaymentGjuels", true, maxUint32)),
			TransmissionPaymentGjuels: uint32(m.number("transmissionPaymentGjuels", true, maxUint32)),
			AccountingGas:             uint32(m.number("accountingGas", true, 1<<24-1)),
		}
	})
}

const maxUint32 = 1<<32 - 1

// readAggregator reads what the aggregators of OCR1 and OCR2 have in common; billing reads the prices, which differ.
func readAggregator(m *mapping, c *Contract, billing func(m *mapping)) {
	c.Link = m.target("link", true)
	readAnswers(m, c)
	c.BillingAccessController = m.target("billingAccessController", false)
	c.RequesterAccessController = m.target("requesterAccessController", false)
	m.section("billing", false, billing)
	m.section("validator", false, func(m *mapping) {
		c.Validator = &Validator{Address: m.address("address"), GasLimit: uint32(m.number("gasLimit", true, maxUint32))}
	})
}

func checkOCR2Aggregator(n *Network, add addProblem) {
	checkAnswers(n, add)
	if n.Contract.OCR1Billing != nil {
		add("contract.billing", "is that of OCR1: write the prices that a contract of kind %s has", n.Contract.Kind)
	}
	if b := n.Contract.Billing; b != nil && b.AccountingGas >= 1<<24 {
		add("contract.billing.accountingGas", "%d must be less than 2^24", b.AccountingGas)
	}
}

// SetConfigInput returns a network of OCR2 in the form that its configs are composed from. It fails when the network speaks another
// protocol, or has what no config can hold.
func (n *Network) SetConfigInput() (confighelper.SetConfigInput, error) {
	if err := n.speaks(OCR2); err != nil {
		return confighelper.SetConfigInput{}, err
	}
	onchainConfig, err := n.OnchainConfig()
	if err != nil {
		return confighelper.SetConfigInput{}, err
	}
	c := n.Config
	if c.RMax > 255 {
		return confighelper.SetConfigInput{}, fmt.Errorf("config.rMax is %d, but must be at most 255", c.RMax)
	}
	return confighelper.SetConfigInput{
		DeltaProgress: c.DeltaProgress, DeltaResend: c.DeltaResend, DeltaRound: c.DeltaRound, DeltaGrace: c.DeltaGrace, DeltaStage: c.DeltaStage,
		RMax: uint8(c.RMax), S: n.Schedule(),
		ReportingPluginConfig:                   c.Plugin.Bytes(),
		MaxDurationInitialization:               c.MaxDurationInitialization,
		MaxDurationQuery:                        c.MaxDurationQuery,
		MaxDurationObservation:                  c.MaxDurationObservation,
		MaxDurationReport:                       c.MaxDurationReport,
		MaxDurationShouldAcceptFinalizedReport:  c.MaxDurationShouldAcceptFinalizedReport,
		MaxDurationShouldTransmitAcceptedReport: c.MaxDurationShouldTransmitAcceptedReport,
		F:                                       c.F,
		OnchainConfig:                           onchainConfig,
		Oracles:                                 n.identities(),
	}, nil
}

// speaks refuses a network of another protocol.
func (n *Network) speaks(want Protocol) error {
	if got := n.Contract.Kind.Protocol(); got != want {
		return fmt.Errorf("contract.kind: %.80q is no contract of %s", string(n.Contract.Kind), want)
	}
	return nil
}

// identities returns the oracles as configs list them.
func (n *Network) identities() []config.OracleIdentityExtra {
	var identities []config.OracleIdentityExtra
	for _, oracle := range n.Oracles {
		public := oracle.Public
		identities = append(identities, config.OracleIdentityExtra{
			OracleIdentity: config.OracleIdentity{
				OffchainPublicKey: types.OffchainPublicKey(public.OffchainPublicKey),
				OnchainPublicKey:  n.Contract.Kind.Signer(public),
				PeerID:            public.PeerID.String(),
				TransmitAccount:   public.Account(),
			},
			ConfigEncryptionPublicKey: types.ConfigEncryptionPublicKey(public.ConfigEncryptionPublicKey),
		})
	}
	return identities
}

// Addresses returns the on-chain keys of the oracles that sign with ECDSA, and their transmitters, by oracle id.
func (n *Network) Addresses() (signers, transmitters []common.Address) {
	for _, oracle := range n.Oracles {
		signers = append(signers, common.Address(oracle.Public.OnchainAddress))
		transmitters = append(transmitters, common.Address(oracle.Public.TransmitAccount))
	}
	return signers, transmitters
}
