package netfile

import (
	"fmt"
	"math"
	"time"

	"github.com/ocrkit/ocrkit/offchain/evm/ocr3keyring"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/ocr3confighelper"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// OCR3 is the protocol of the OCR3 feeds.
const OCR3 Protocol = "OCR3"

// The contracts of OCR3 (solidity/ocr3/feed), by the signatures with which oracles attest reports. They pay nobody, and everybody
// may read them.
const (
	KindOCR3ECDSAFeed Kind = "OCR3ECDSAFeed"
	KindOCR3BLSFeed   Kind = "OCR3BLSFeed"
)

var ocr3Kinds = []kind{
	{name: KindOCR3ECDSAFeed, protocol: OCR3, scheme: ocr3keyring.ECDSA, contract: readOCR3Feed, check: checkOCR3Feed},
	{name: KindOCR3BLSFeed, protocol: OCR3, scheme: ocr3keyring.BLS, contract: readOCR3Feed, check: checkOCR3BLSFeed},
}

var (
	deltaInitial                = duration("deltaInitial", func(c *Config) *time.Duration { return &c.DeltaInitial })
	deltaCertifiedCommitRequest = duration("deltaCertifiedCommitRequest", func(c *Config) *time.Duration { return &c.DeltaCertifiedCommitRequest })
	maxDurationShouldAcceptAtt  = duration("maxDurationShouldAcceptAttestedReport", func(c *Config) *time.Duration { return &c.MaxDurationShouldAcceptAttestedReport })
)

var ocr3Parameters = []parameter{
	deltaProgress, deltaResend, deltaInitial, deltaRound, deltaGrace, deltaCertifiedCommitRequest, deltaStage, roundsAnEpoch(math.MaxUint64), schedule,
	maxDurationInitialization, maxDurationQuery, maxDurationObservation, maxDurationShouldAcceptAtt, maxDurationShouldTransmit, plugin,
}

// whyNoPayments and whyNoAccess are for who copies from the network file of an aggregator.
const (
	whyNoPayments = "a feed of OCR3 pays nobody, so that it has no token and no prices: take it out"
	whyNoAccess   = "everybody may read a feed of OCR3, and nobody requests rounds or is told of them: take it out"
)

func readOCR3Feed(m *mapping, c *Contract) {
	readAnswers(m, c)
	for _, name := range []string{"link", "billing", "billingAccessController"} {
		m.refuse(name, whyNoPayments)
	}
	for _, name := range []string{"requesterAccessController", "validator"} {
		m.refuse(name, whyNoAccess)
	}
}

func checkOCR3Feed(n *Network, add addProblem) {
	checkAnswers(n, add)
	c := n.Contract
	for _, refused := range []struct {
		isSet     bool
		path, why string
	}{
		{c.Link != Target{}, "contract.link", whyNoPayments},
		{c.Billing != nil || c.OCR1Billing != nil, "contract.billing", whyNoPayments},
		{c.BillingAccessController != Target{}, "contract.billingAccessController", whyNoPayments},
		{c.RequesterAccessController != Target{}, "contract.requesterAccessController", whyNoAccess},
		{c.Validator != nil, "contract.validator", whyNoAccess},
	} {
		if refused.isSet {
			add(refused.path, "%s", refused.why)
		}
	}
}

func checkOCR3BLSFeed(n *Network, add addProblem) {
	checkOCR3Feed(n, add)
	oracles := make(map[keys.BLSPublicKey]int)
	for i, oracle := range n.Oracles {
		key, path := oracle.Public.BLSPublicKey, fmt.Sprintf("oracles[%d].blsPublicKey", i)
		if key.IsZero() {
			add(path, "is missing: oracles of a contract of kind %s sign with BLS keys; the operator makes one with `ocrdeploy keys oracle --bls`", n.Contract.Kind)
			continue
		}
		if err := key.Check(); err != nil {
			add(path, "%v", err)
		}
		if first, ok := oracles[key]; ok {
			add(path, "is that of %s: each oracle needs its own", n.OracleName(first))
		} else {
			oracles[key] = i
		}
	}
}

// OCR3SetConfigInput returns a network of OCR3 in the form that its configs are composed from. It fails when the network speaks
// another protocol, or has what no config can hold.
func (n *Network) OCR3SetConfigInput() (ocr3confighelper.SetConfigInput, error) {
	if err := n.speaks(OCR3); err != nil {
		return ocr3confighelper.SetConfigInput{}, err
	}
	onchainConfig, err := n.OnchainConfig()
	if err != nil {
		return ocr3confighelper.SetConfigInput{}, err
	}
	c := n.Config
	return ocr3confighelper.SetConfigInput{
		PublicConfig: ocr3confighelper.PublicConfig{
			DeltaProgress: c.DeltaProgress, DeltaResend: c.DeltaResend, DeltaInitial: c.DeltaInitial, DeltaRound: c.DeltaRound, DeltaGrace: c.DeltaGrace,
			DeltaCertifiedCommitRequest: c.DeltaCertifiedCommitRequest, DeltaStage: c.DeltaStage,
			RMax: c.RMax, S: n.Schedule(),
			ReportingPluginConfig:                   c.Plugin.Bytes(),
			MaxDurationInitialization:               c.MaxDurationInitialization,
			MaxDurationQuery:                        c.MaxDurationQuery,
			MaxDurationObservation:                  c.MaxDurationObservation,
			MaxDurationShouldAcceptAttestedReport:   c.MaxDurationShouldAcceptAttestedReport,
			MaxDurationShouldTransmitAcceptedReport: c.MaxDurationShouldTransmitAcceptedReport,
			F:                                       c.F,
			OnchainConfig:                           onchainConfig,
		},
		Oracles: n.identities(),
	}, nil
}

// KeyList returns the keys of all oracles as setConfig of a contract of OCR3 takes them. It fails when one is missing or not a key,
// or there twice.
func (n *Network) KeyList() ([]byte, error) {
	scheme := n.Contract.Kind.Scheme()
	if scheme == nil {
		return nil, n.speaks(OCR3)
	}
	var signers []types.OnchainPublicKey
	for _, oracle := range n.Oracles {
		signers = append(signers, n.Contract.Kind.Signer(oracle.Public))
	}
	return scheme.KeyList(signers)
}
