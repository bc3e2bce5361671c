package netfile

import (
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/offchain/ocr1confighelper"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
)

// OCR1 is the protocol of OffchainAggregator and its like.
const OCR1 Protocol = "OCR1"

// The contracts of OCR1. The second one lets contracts read answers only if they are on its list.
const (
	KindOCR1Aggregator                 Kind = "OffchainAggregator"
	KindOCR1AccessControlledAggregator Kind = "AccessControlledOffchainAggregator"
)

// OCR1Billing are the prices that a contract of OCR1 pays. See its setBilling.
type OCR1Billing struct {
	MaximumGasPriceGwei     uint32 // most that is reimbursed, whatever the transaction paid
	ReasonableGasPriceGwei  uint32 // below it, the difference is shared with the transmitter
	MicroLinkPerEth         uint32 // price of one ETH, in 1e-6 LINK
	LinkGweiPerObservation  uint32 // for an observation in a report, in 1e-9 LINK
	LinkGweiPerTransmission uint32 // for a transmission, in 1e-9 LINK
}

var ocr1Kinds = []kind{
	{name: KindOCR1Aggregator, protocol: OCR1, pays: true, contract: readOCR1Aggregator, check: checkOCR1Aggregator},
	{name: KindOCR1AccessControlledAggregator, protocol: OCR1, pays: true, contract: readOCR1Aggregator, check: checkOCR1Aggregator},
}

// What an OCR1 config has that later protocols leave to the plugin.
var (
	ocr1Alpha = parameter{
		name: "alpha",
		read: func(m *mapping, name string, c *Config) {
			infinite := false
			if infinite, c.AlphaPPB = m.alpha(name); infinite {
				m.refuse(name, "cannot be infinite in OCR1: write a deviation that never happens, such as 1000000%")
			}
		},
		fields: func(c *Config) []Field { return []Field{{"config.alpha", alphaText(false, c.AlphaPPB)}} },
		isSet:  func(c *Config) bool { return c.AlphaPPB != 0 },
	}
	ocr1DeltaC = duration("deltaC", func(c *Config) *time.Duration { return &c.DeltaC })
)

var ocr1Parameters = []parameter{
	deltaProgress, deltaResend, deltaRound, deltaGrace, ocr1DeltaC, ocr1Alpha, deltaStage, roundsAnEpoch(255), schedule,
}

func readOCR1Aggregator(m *mapping, c *Contract) {
	readAggregator(m, c, func(m *mapping) {
		c.OCR1Billing = &OCR1Billing{
			MaximumGasPriceGwei:     uint32(m.number("maximumGasPriceGwei", true, maxUint32)),
			ReasonableGasPriceGwei:  uint32(m.number("reasonableGasPriceGwei", true, maxUint32)),
			MicroLinkPerEth:         uint32(m.number("microLinkPerEth", true, maxUint32)),
			LinkGweiPerObservation:  uint32(m.number("linkGweiPerObservation", true, maxUint32)),
			LinkGweiPerTransmission: uint32(m.number("linkGweiPerTransmission", true, maxUint32)),
		}
	})
}

func checkOCR1Aggregator(n *Network, add addProblem) {
	checkAnswers(n, add)
	if n.Contract.Billing != nil {
		add("contract.billing", "is that of OCR2: write the prices that a contract of kind %s has", n.Contract.Kind)
	}
}

// GasPrices returns the gas prices of the billing section, of whatever protocol, in gwei.
func (c *Contract) GasPrices() (reasonable, maximum uint32) {
	switch {
	case c.Billing != nil:
		return c.Billing.ReasonableGasPriceGwei, c.Billing.MaximumGasPriceGwei
	case c.OCR1Billing != nil:
		return c.OCR1Billing.ReasonableGasPriceGwei, c.OCR1Billing.MaximumGasPriceGwei
	}
	return 0, 0
}

// OCR1SetConfigInput returns a network of OCR1 in the form that its configs are composed from. It fails when the network speaks
// another protocol, or has what no config can hold.
func (n *Network) OCR1SetConfigInput() (ocr1confighelper.SetConfigInput, error) {
	if err := n.speaks(OCR1); err != nil {
		return ocr1confighelper.SetConfigInput{}, err
	}
	c := n.Config
	if c.RMax > 255 {
		return ocr1confighelper.SetConfigInput{}, fmt.Errorf("config.rMax is %d, but must be at most 255", c.RMax)
	}
	in := ocr1confighelper.SetConfigInput{PublicConfig: ocr1confighelper.PublicConfig{
		DeltaProgress: c.DeltaProgress, DeltaResend: c.DeltaResend, DeltaRound: c.DeltaRound, DeltaGrace: c.DeltaGrace,
		DeltaC: c.DeltaC, AlphaPPB: c.AlphaPPB, DeltaStage: c.DeltaStage, RMax: uint8(c.RMax), S: n.Schedule(), F: c.F,
	}}
	for _, oracle := range n.Oracles {
		public := oracle.Public
		in.Oracles = append(in.Oracles, ocr1confighelper.OracleIdentityExtra{
			OracleIdentity: ocr1confighelper.OracleIdentity{
				OnChainSigningAddress: ocr1types.OnChainSigningAddress(public.OnchainAddress),
				TransmitAddress:       common.Address(public.TransmitAccount),
				OffchainPublicKey:     ocr1types.OffchainPublicKey(public.OffchainPublicKey[:]),
				PeerID:                public.PeerID.String(),
			},
			SharedSecretEncryptionPublicKey: ocr1types.SharedSecretEncryptionPublicKey(public.ConfigEncryptionPublicKey),
		})
	}
	return in, nil
}
