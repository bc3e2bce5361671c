package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/gen/ocr1"
	"github.com/ocrkit/ocrkit/gen/ocr1/accesscontrolledoffchainaggregator"
	"github.com/ocrkit/ocrkit/gen/ocr1/offchainaggregator"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr1config"
	"github.com/ocrkit/ocrkit/offchain/evm"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/ocr1confighelper"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// ocr1Protocol is the protocol of OCR1.
type ocr1Protocol struct{}

func (ocr1Protocol) name() netfile.Protocol { return netfile.OCR1 }

func (ocr1Protocol) digestLength() int { return len(ocr1types.ConfigDigest{}) }

func (ocr1Protocol) configSet() common.Hash { return ocr1.ConfigSetTopic }

// readConfig computes the digest, which the event has not: that it is the one of the contract is for the caller to see.
func (ocr1Protocol) readConfig(_ context.Context, log *ethtypes.Log, chainID uint64, development bool) (*ChainConfig, error) {
	var event ocr1.ConfigSet
	if err := ocr1.DecodeConfigSet(log, &event); err != nil {
		return nil, err
	}
	id := new(big.Int).SetUint64(chainID)
	cc := ocr1confighelper.ContractConfigFromEvent(log.Address, &event)
	call := ocr1.SetConfigCall{
		Signers: event.Signers, Transmitters: event.Transmitters, Threshold: event.Threshold,
		EncodedConfigVersion: event.EncodedConfigVersion, Encoded: event.Encoded,
	}
	digest := Digest(cc.ConfigDigest[:])
	c := &ChainConfig{
		Digest: digest, Computed: digest, Count: event.ConfigCount, Previous: uint64(event.PreviousConfigBlockNumber),
		Transmitters: event.Transmitters, OffchainConfig: event.Encoded,
		Fields: ocr1Fields(&call), Secrets: secretFields(event.EncodedConfigVersion, event.Encoded),
		open: func(bundle *keys.Bundle) (commontypes.OracleID, error) {
			own, err := evm.NewOCR1PrivateKeys(bundle.Onchain, bundle.Offchain)
			if err != nil {
				return 0, err
			}
			shared, err := ocr1config.SharedConfigFromContractConfig(id, development, cc, own, bundle.Peer.PeerID().String(), bundle.Transmit.Address())
			return shared.OracleID, err
		},
	}
	if event.EncodedConfigVersion != config.OCR1Version {
		c.PublicErr = fmt.Errorf("encodedConfigVersion is %d, but must be %d", event.EncodedConfigVersion, config.OCR1Version)
	} else {
		_, c.PublicErr = ocr1config.PublicConfigFromContractConfig(id, development, cc)
	}
	c.PlainErr = formats[config.OCR1Version].plain(event.Encoded)
	return c, nil
}

// ocr1Fields takes a config apart into readable values. It never fails: what does not decode is shown in hexadecimal.
func ocr1Fields(call *ocr1.SetConfigCall) []Field {
	fields := []Field{
		field("config.f", fmt.Sprint(call.Threshold)),
		field("encodedConfigVersion", fmt.Sprint(call.EncodedConfigVersion)),
	}
	parsed := parseOffchainConfig(call.EncodedConfigVersion, call.Encoded)
	if parsed == nil || parsed.protocol != netfile.OCR1 {
		fields = append(fields, field("encoded", hexText(call.Encoded)))
		parsed = &parsedConfig{}
	} else {
		fields = append(fields, parsed.config.Fields(parsed.protocol)...)
	}
	parts := configParts{transmitters: call.Transmitters, signerName: "onchainAddress"}
	for _, signer := range call.Signers {
		parts.signers = append(parts.signers, signer.Hex())
	}
	return append(fields, parts.oracleFields(parsed)...)
}

func parseOCR1(encoded []byte) (*parsedConfig, error) {
	parsed, err := ocr1config.Parse(encoded)
	if err != nil {
		return nil, err
	}
	c := parsed.Config
	return &parsedConfig{
		version: config.OCR1Version, protocol: netfile.OCR1,
		config: netfile.Config{
			DeltaProgress: c.DeltaProgress, DeltaResend: c.DeltaResend, DeltaRound: c.DeltaRound, DeltaGrace: c.DeltaGrace,
			DeltaC: c.DeltaC, AlphaPPB: c.AlphaPPB, DeltaStage: c.DeltaStage, RMax: uint64(c.RMax), S: c.S,
		},
		offchainPublicKeys: parsed.OffchainPublicKeys, peerIDs: parsed.PeerIDs, encryptions: parsed.Encryptions,
	}, nil
}

// ocr1FieldNames are fields of an OCR1 PublicConfig by the names that those of later versions have.
var ocr1FieldNames = strings.NewReplacer("OnChainSigningAddress", "OnchainPublicKey", "TransmitAddress", "TransmitAccount", "AlphaPPB", "Alpha")

func (ocr1Protocol) lint(network *netfile.Network, development bool) []config.Finding {
	in, err := network.OCR1SetConfigInput()
	if err != nil {
		return nil // fields says it
	}
	findings := ocr1config.Lint(new(big.Int).SetUint64(network.Chain.ID), development, in.Complete())
	for i := range findings {
		findings[i].Field = ocr1FieldNames.Replace(findings[i].Field)
	}
	return findings
}

func (ocr1Protocol) fields(network *netfile.Network) ([]Field, error) {
	in, err := network.OCR1SetConfigInput()
	if err != nil {
		return nil, err
	}
	if err := checkF(in.F); err != nil {
		return nil, err
	}
	call := ocr1.SetConfigCall{Threshold: uint8(in.F), EncodedConfigVersion: config.OCR1Version}
	call.Signers, call.Transmitters = network.Addresses()
	if call.Encoded, err = ocr1config.Encode(in.Complete(), config.SharedSecretEncryptions{}); err != nil {
		return nil, err
	}
	return ocr1Fields(&call), nil
}

func (ocr1Protocol) compose(network *netfile.Network, contract common.Address, count uint64, seed []byte, development bool) (*Composed, error) {
	in, err := network.OCR1SetConfigInput()
	if err != nil {
		return nil, err
	}
	secrets, err := ocr1confighelper.DeriveSecrets(seed, purpose(network, contract, count), in)
	if err != nil {
		return nil, err
	}
	call, err := ocr1confighelper.NewSetConfigArgs(new(big.Int).SetUint64(network.Chain.ID), level(development), in, secrets)
	clear(secrets.SharedSecret[:])
	clear(secrets.EphemeralSecretKey[:])
	if err != nil {
		return nil, err
	}
	preimage := ocr1.ConfigPreimage{
		ContractAddress: contract, ConfigCount: count, Signers: call.Signers, Transmitters: call.Transmitters, Threshold: call.Threshold,
		EncodedConfigVersion: call.EncodedConfigVersion, Encoded: call.Encoded,
	}
	digest := preimage.Digest()
	return &Composed{Calldata: ocr1.AppendSetConfig(nil, call), OffchainConfig: call.Encoded, Count: count, Digest: Digest(digest[:])}, nil
}

func (ocr1Protocol) offchainConfig(blob []byte) (*Decoded, error) {
	return formats[config.OCR1Version].decode(blob)
}

func (ocr1Protocol) calldata(blob []byte) (*Decoded, error) {
	switch {
	case bytes.HasPrefix(blob, ocr1.SetConfigSelector[:]):
		var call ocr1.SetConfigCall
		if err := ocr1.DecodeSetConfig(blob, &call); err != nil {
			return nil, err
		}
		return &Decoded{"calldata of setConfig of OCR1", append(ocr1Fields(&call), secretFields(call.EncodedConfigVersion, call.Encoded)...)}, nil
	case bytes.HasPrefix(blob, ocr1.TransmitSelector[:]):
		return decodeOCR1Transmit(blob)
	}
	contract, err := offchainaggregator.OffchainAggregatorMetaData.ParseABI()
	if err != nil {
		return nil, err
	}
	return decodeCall(contract, blob)
}

func decodeOCR1Transmit(blob []byte) (*Decoded, error) {
	var call ocr1.TransmitCall
	if err := ocr1.DecodeTransmit(blob, &call); err != nil {
		return nil, err
	}
	d := &Decoded{What: "calldata of transmit of OCR1"}
	if report, err := (ocr1Protocol{}).report(call.Report); err == nil {
		d.Fields = append(d.Fields, report.Fields...)
	} else {
		d.Fields = append(d.Fields, field("report", hexText(call.Report)))
	}
	d.Fields = append(d.Fields, signerFields([32]byte(crypto.Keccak256(call.Report)), call.Rs, call.Ss, call.RawVs)...)
	return d, nil
}

func (ocr1Protocol) report(blob []byte) (*Decoded, error) {
	var r ocr1.Report
	if err := ocr1.DecodeReport(blob, &r); err != nil {
		return nil, err
	}
	var repctx ocr1.ReportContext
	if err := ocr1.DecodeReportContext(r.RawReportContext[:], &repctx); err != nil {
		return nil, err
	}
	if len(r.Observations) == 0 {
		return nil, errors.New("it has no observations")
	}
	d := &Decoded{What: "report of OCR1", Fields: []Field{
		field("configDigest", hexText(repctx.ConfigDigest[:])), field("epoch", fmt.Sprint(repctx.Epoch)), field("round", fmt.Sprint(repctx.Round)),
	}}
	d.Fields = append(d.Fields, observationFields(r.Observations, r.RawObservers)...)
	return d, nil
}

// The aggregators of OCR1. The second one can be read by contracts on its list only.
var (
	ocr1Aggregator                 = newOCR1Aggregator(offchainaggregator.OffchainAggregatorMetaData.Bin)
	ocr1AccessControlledAggregator = newOCR1Aggregator(accesscontrolledoffchainaggregator.AccessControlledOffchainAggregatorMetaData.Bin)
)

func newOCR1Aggregator(code string) *aggregator {
	abi := offchainaggregator.NewOffchainAggregator()
	return &aggregator{
		deployment: func(c *netfile.Contract) []byte {
			var b netfile.OCR1Billing
			if c.OCR1Billing != nil {
				b = *c.OCR1Billing
			}
			return append(common.FromHex(code), abi.PackConstructor(b.MaximumGasPriceGwei, b.ReasonableGasPriceGwei, b.MicroLinkPerEth,
				b.LinkGweiPerObservation, b.LinkGweiPerTransmission, c.Link.Address, c.MinAnswer, c.MaxAnswer,
				c.BillingAccessController.Address, c.RequesterAccessController.Address, c.Decimals, c.Description)...)
		},
		billingAccessController:   getter[common.Address]{"billingAccessController", abi.PackBillingAccessController(), abi.UnpackBillingAccessController},
		requesterAccessController: getter[common.Address]{"requesterAccessController", abi.PackRequesterAccessController(), abi.UnpackRequesterAccessController},
		validator: getter[netfile.Validator]{"validatorConfig", abi.PackValidatorConfig(), func(b []byte) (netfile.Validator, error) {
			out, err := abi.UnpackValidatorConfig(b)
			return netfile.Validator{Address: out.Validator, GasLimit: out.GasLimit}, err
		}},
		billing: setting{fields: ocr1Billing, byConstructor: true, calldata: func(c *netfile.Contract) []byte {
			b := c.OCR1Billing
			return abi.PackSetBilling(b.MaximumGasPriceGwei, b.ReasonableGasPriceGwei, b.MicroLinkPerEth, b.LinkGweiPerObservation, b.LinkGweiPerTransmission)
		}},
		readBilling: func(ctx context.Context, r reader, c *netfile.Contract) error {
			b, err := query(ctx, r, "getBilling", abi.PackGetBilling(), abi.UnpackGetBilling)
			if err != nil {
				return err
			}
			c.OCR1Billing = &netfile.OCR1Billing{
				MaximumGasPriceGwei: b.MaximumGasPrice, ReasonableGasPriceGwei: b.ReasonableGasPrice, MicroLinkPerEth: b.MicroLinkPerEth,
				LinkGweiPerObservation: b.LinkGweiPerObservation, LinkGweiPerTransmission: b.LinkGweiPerTransmission,
			}
			return nil
		},
		payeesRequired: true,
		transmitters:   getter[[]common.Address]{"transmitters", abi.PackTransmitters(), abi.UnpackTransmitters},
		latestReport: func(ctx context.Context, r reader, s *Status) error {
			report, err := query(ctx, r, "latestTransmissionDetails", abi.PackLatestTransmissionDetails(), abi.UnpackLatestTransmissionDetails)
			if err != nil {
				return err
			}
			s.Digest, s.Position = Digest(report.ConfigDigest[:]), []Number{{"epoch", uint64(report.Epoch)}, {"round", uint64(report.Round)}}
			return nil
		},
	}
}

func ocr1Billing(c *netfile.Contract, _ bool) []Field {
	b := c.OCR1Billing
	if b == nil {
		return nil
	}
	return []Field{
		field("contract.billing.maximumGasPriceGwei", fmt.Sprint(b.MaximumGasPriceGwei)),
		field("contract.billing.reasonableGasPriceGwei", fmt.Sprint(b.ReasonableGasPriceGwei)),
		field("contract.billing.microLinkPerEth", fmt.Sprint(b.MicroLinkPerEth)),
		field("contract.billing.linkGweiPerObservation", fmt.Sprint(b.LinkGweiPerObservation)),
		field("contract.billing.linkGweiPerTransmission", fmt.Sprint(b.LinkGweiPerTransmission)),
	}
}
