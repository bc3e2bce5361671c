package deploy

import (
	"bytes"
	"context"
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/gen/ocr2/accesscontrolledocr2aggregator"
	"github.com/ocrkit/ocrkit/gen/ocr2/ocr2aggregator"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr2config"
	"github.com/ocrkit/ocrkit/offchain/confighelper"
	"github.com/ocrkit/ocrkit/offchain/evm/evmutil"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/types"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// ocr2Protocol is the protocol of OCR2.
type ocr2Protocol struct{}

func (ocr2Protocol) name() netfile.Protocol { return netfile.OCR2 }

func (ocr2Protocol) digestLength() int { return len(types.ConfigDigest{}) }

func (ocr2Protocol) configSet() common.Hash { return ocr2.ConfigSetTopic }

func (ocr2Protocol) readConfig(ctx context.Context, log *ethtypes.Log, chainID uint64, development bool) (*ChainConfig, error) {
	var event ocr2.ConfigSet
	if err := ocr2.DecodeConfigSet(log, &event); err != nil {
		return nil, err
	}
	cc := evmutil.ContractConfigFromParts(event.ConfigDigest, event.ConfigCount, event.Signers, event.Transmitters,
		event.F, event.OnchainConfig, event.OffchainConfigVersion, event.OffchainConfig)
	call := ocr2.SetConfigCall{
		Signers: event.Signers, Transmitters: event.Transmitters, F: event.F,
		OnchainConfig: event.OnchainConfig, OffchainConfigVersion: event.OffchainConfigVersion, OffchainConfig: event.OffchainConfig,
	}
	c := &ChainConfig{
		Digest: digestOf(event.ConfigDigest), Count: event.ConfigCount, Previous: uint64(event.PreviousConfigBlockNumber),
		Transmitters: event.Transmitters, OffchainConfig: event.OffchainConfig,
		Fields: ocr2Fields(&call), Secrets: secretFields(event.OffchainConfigVersion, event.OffchainConfig),
		open: func(bundle *keys.Bundle) (commontypes.OracleID, error) {
			shared, err := ocr2config.SharedConfigFromContractConfig(development, cc, selfOf(bundle, bundle.Onchain.Address().Bytes()), bundle.Offchain.ConfigDiffieHellman)
			return shared.OracleID, err
		},
	}
	digester := evmutil.EVMOffchainConfigDigester{ChainID: chainID, ContractAddress: log.Address}
	computed, err := digester.ConfigDigest(ctx, cc)
	if err != nil {
		return nil, err
	}
	c.Computed = digestOf(computed)
	c.judge(cc, config.OCR2Version, development)
	return c, nil
}

// selfOf is what an oracle looks for in a config.
func selfOf(bundle *keys.Bundle, onchainPublicKey types.OnchainPublicKey) config.Self {
	return config.Self{
		OffchainPublicKey: bundle.Offchain.OffchainPublicKey(),
		OnchainPublicKey:  onchainPublicKey,
		PeerID:            bundle.Peer.PeerID().String(),
		TransmitAccount:   types.Account(bundle.Transmit.Address().Hex()),
	}
}

// ocr2Fields takes a config apart into readable values. It never fails: what does not decode is shown in hexadecimal.
func ocr2Fields(call *ocr2.SetConfigCall) []Field {
	parts := configParts{
		f: call.F, onchainConfig: call.OnchainConfig, offchainConfigVersion: call.OffchainConfigVersion, offchainConfig: call.OffchainConfig,
		transmitters: call.Transmitters, signerName: "onchainAddress",
	}
	for _, signer := range call.Signers {
		parts.signers = append(parts.signers, signer.Hex())
	}
	return parts.fields()
}

func parseOCR2(offchainConfig []byte) (*parsedConfig, error) {
	parsed, err := ocr2config.Parse(offchainConfig)
	if err != nil {
		return nil, err
	}
	c := parsed.Config
	network := netfile.Config{
		DeltaProgress: c.DeltaProgress, DeltaResend: c.DeltaResend, DeltaRound: c.DeltaRound, DeltaGrace: c.DeltaGrace, DeltaStage: c.DeltaStage,
		RMax: uint64(c.RMax), S: c.S,
		MaxDurationInitialization:               c.MaxDurationInitialization,
		MaxDurationQuery:                        c.MaxDurationQuery,
		MaxDurationObservation:                  c.MaxDurationObservation,
		MaxDurationReport:                       c.MaxDurationReport,
		MaxDurationShouldAcceptFinalizedReport:  c.MaxDurationShouldAcceptFinalizedReport,
		MaxDurationShouldTransmitAcceptedReport: c.MaxDurationShouldTransmitAcceptedReport,
		Plugin:                                  netfile.PluginOf(c.ReportingPluginConfig),
	}
	return &parsedConfig{
		version: config.OCR2Version, config: network, protocol: netfile.OCR2,
		offchainPublicKeys: parsed.OffchainPublicKeys, peerIDs: parsed.PeerIDs, encryptions: parsed.Encryptions,
	}, nil
}

func (ocr2Protocol) lint(network *netfile.Network, _ bool) []config.Finding {
	in, err := network.SetConfigInput()
	if err != nil {
		return nil // fields says it
	}
	return ocr2config.Lint(in.PublicConfig())
}

func (ocr2Protocol) fields(network *netfile.Network) ([]Field, error) {
	in, err := network.SetConfigInput()
	if err != nil {
		return nil, err
	}
	if err := checkF(in.F); err != nil {
		return nil, err
	}
	offchainConfig, err := ocr2config.Encode(in.PublicConfig(), config.SharedSecretEncryptions{})
	if err != nil {
		return nil, err
	}
	signers, transmitters := network.Addresses()
	return ocr2Fields(&ocr2.SetConfigCall{
		Signers: signers, Transmitters: transmitters, F: uint8(in.F), OnchainConfig: in.OnchainConfig,
		OffchainConfigVersion: config.OCR2Version, OffchainConfig: offchainConfig,
	}), nil
}

func (ocr2Protocol) compose(network *netfile.Network, contract common.Address, count uint64, seed []byte, development bool) (*Composed, error) {
	in, err := network.SetConfigInput()
	if err != nil {
		return nil, err
	}
	secrets, err := confighelper.DeriveSecrets(seed, purpose(network, contract, count), in)
	if err != nil {
		return nil, err
	}
	args, err := confighelper.NewSetConfigArgs(level(development), in, secrets)
	clear(secrets.SharedSecret[:])
	clear(secrets.EphemeralSecretKey[:])
	if err != nil {
		return nil, err
	}
	signers, transmitters := network.Addresses()
	call := ocr2.SetConfigCall{
		Signers: signers, Transmitters: transmitters,
		F: args.F, OnchainConfig: args.OnchainConfig, OffchainConfigVersion: args.OffchainConfigVersion, OffchainConfig: args.OffchainConfig,
	}
	preimage := ocr2.EVMSimplePreimage{
		ChainId: network.Chain.ID, ContractAddress: contract, ConfigCount: count,
		Signers: call.Signers, Transmitters: call.Transmitters, F: call.F, OnchainConfig: call.OnchainConfig,
		OffchainConfigVersion: call.OffchainConfigVersion, OffchainConfig: call.OffchainConfig,
	}
	return &Composed{
		Calldata: ocr2.AppendSetConfig(nil, &call), OnchainConfig: call.OnchainConfig, OffchainConfig: call.OffchainConfig,
		Count: count, Digest: digestOf(preimage.Digest()),
	}, nil
}

func level(development bool) confighelper.Level {
	if development {
		return confighelper.LevelDevelopment
	}
	return confighelper.LevelProduction
}

func (ocr2Protocol) offchainConfig(blob []byte) (*Decoded, error) {
	return formats[config.OCR2Version].decode(blob)
}

func (ocr2Protocol) calldata(blob []byte) (*Decoded, error) {
	switch {
	case bytes.HasPrefix(blob, ocr2.SetConfigSelector[:]):
		var call ocr2.SetConfigCall
		if err := ocr2.DecodeSetConfig(blob, &call); err != nil {
			return nil, err
		}
		return &Decoded{"calldata of setConfig", append(ocr2Fields(&call), secretFields(call.OffchainConfigVersion, call.OffchainConfig)...)}, nil
	case bytes.HasPrefix(blob, ocr2.TransmitSelector[:]):
		return decodeOCR2Transmit(blob)
	}
	contract, err := ocr2aggregator.OCR2AggregatorMetaData.ParseABI()
	if err != nil {
		return nil, err
	}
	return decodeCall(contract, blob)
}

func decodeOCR2Transmit(blob []byte) (*Decoded, error) {
	var call ocr2.TransmitCall
	if err := ocr2.DecodeTransmit(blob, &call); err != nil {
		return nil, err
	}
	context := call.ReportContext
	d := &Decoded{What: "calldata of transmit"}
	d.Fields = append(d.Fields,
		field("configDigest", hexText(context[0][:])),
		field("epoch", new(big.Int).SetBytes(context[1][27:31]).String()),
		field("round", fmt.Sprint(context[1][31])),
		field("extraHash", hexText(context[2][:])),
	)
	if report, err := (ocr2Protocol{}).report(call.Report); err == nil {
		d.Fields = append(d.Fields, report.Fields...)
	} else {
		d.Fields = append(d.Fields, field("report", hexText(call.Report)))
	}
	reportHash := crypto.Keccak256(call.Report)
	hash := crypto.Keccak256(reportHash, context[0][:], context[1][:], context[2][:])
	d.Fields = append(d.Fields, signerFields([32]byte(hash), call.Rs, call.Ss, call.RawVs)...)
	return d, nil
}

// signerFields shows who signed a hash.
func signerFields(hash [32]byte, rs, ss [][32]byte, rawVs [32]byte) []Field {
	var fields []Field
	for i := range max(len(rs), len(ss)) {
		name := fmt.Sprintf("signatures[%d].signer", i)
		if i >= len(rs) || i >= len(ss) || i >= len(rawVs) {
			fields = append(fields, field(name, "incomplete"))
			continue
		}
		signer := "not a signature"
		if key, err := crypto.SigToPub(hash[:], slices.Concat(rs[i][:], ss[i][:], rawVs[i:i+1])); err == nil {
			signer = crypto.PubkeyToAddress(*key).Hex()
		}
		fields = append(fields, field(name, signer))
	}
	return fields
}

func (ocr2Protocol) report(blob []byte) (*Decoded, error) {
	var r ocr2.MedianReport
	if err := ocr2.DecodeMedianReport(blob, &r); err != nil {
		return nil, err
	}
	d := &Decoded{What: "report of a median feed", Fields: []Field{
		field("observationsTimestamp", fmt.Sprint(r.ObservationsTimestamp)),
		field("juelsPerFeeCoin", r.JuelsPerFeeCoin.String()),
	}}
	d.Fields = append(d.Fields, observationFields(r.Observations, r.RawObservers)...)
	return d, nil
}

// observationFields shows the observations of a report, and who made them.
func observationFields(observations []*big.Int, observers [32]byte) []Field {
	var fields []Field
	if n := len(observations); n > 0 {
		fields = append(fields, field("median", observations[n/2].String()))
	}
	for i, observation := range observations {
		observer := "?"
		if i < len(observers) {
			observer = fmt.Sprint(observers[i])
		}
		fields = append(fields, field(fmt.Sprintf("observations[%d] by oracle %s", i, observer), observation.String()))
	}
	return fields
}

// The aggregators of OCR2. The second one can be read by contracts on its list only.
var (
	ocr2Aggregator                 = newOCR2Aggregator(ocr2aggregator.OCR2AggregatorMetaData.Bin)
	ocr2AccessControlledAggregator = newOCR2Aggregator(accesscontrolledocr2aggregator.AccessControlledOCR2AggregatorMetaData.Bin)
)

func newOCR2Aggregator(code string) *aggregator {
	abi := ocr2aggregator.NewOCR2Aggregator()
	return &aggregator{
		deployment: func(c *netfile.Contract) []byte {
			return append(common.FromHex(code), abi.PackConstructor(c.Link.Address, c.MinAnswer, c.MaxAnswer,
				c.BillingAccessController.Address, c.RequesterAccessController.Address, c.Decimals, c.Description)...)
		},
		boundsInConfig:            true,
		billingAccessController:   getter[common.Address]{"getBillingAccessController", abi.PackGetBillingAccessController(), abi.UnpackGetBillingAccessController},
		requesterAccessController: getter[common.Address]{"getRequesterAccessController", abi.PackGetRequesterAccessController(), abi.UnpackGetRequesterAccessController},
		validator: getter[netfile.Validator]{"getValidatorConfig", abi.PackGetValidatorConfig(), func(b []byte) (netfile.Validator, error) {
			out, err := abi.UnpackGetValidatorConfig(b)
			return netfile.Validator{Address: out.Validator, GasLimit: out.GasLimit}, err
		}},
		billing: setting{fields: ocr2Billing, calldata: func(c *netfile.Contract) []byte {
			b := c.Billing
			return abi.PackSetBilling(b.MaximumGasPriceGwei, b.ReasonableGasPriceGwei, b.ObservationPaymentGjuels, b.TransmissionPaymentGjuels,
				new(big.Int).SetUint64(uint64(b.AccountingGas)))
		}},
		readBilling: func(ctx context.Context, r reader, c *netfile.Contract) error {
			billing, err := query(ctx, r, "getBilling", abi.PackGetBilling(), abi.UnpackGetBilling)
			if err != nil {
				return err
			}
			c.Billing = &netfile.Billing{
				MaximumGasPriceGwei: billing.MaximumGasPriceGwei, ReasonableGasPriceGwei: billing.ReasonableGasPriceGwei,
				ObservationPaymentGjuels: billing.ObservationPaymentGjuels, TransmissionPaymentGjuels: billing.TransmissionPaymentGjuels,
				AccountingGas: uint32(billing.AccountingGas.Uint64()),
			}
			return nil
		},
		transmitters: getter[[]common.Address]{"getTransmitters", abi.PackGetTransmitters(), abi.UnpackGetTransmitters},
		latestReport: func(ctx context.Context, r reader, s *Status) error {
			report, err := query(ctx, r, "latestTransmissionDetails", abi.PackLatestTransmissionDetails(), abi.UnpackLatestTransmissionDetails)
			if err != nil {
				return err
			}
			s.Digest, s.Position = digestOf(report.ConfigDigest), []Number{{"epoch", uint64(report.Epoch)}, {"round", uint64(report.Round)}}
			return nil
		},
	}
}

func ocr2Billing(c *netfile.Contract, _ bool) []Field {
	b := c.Billing
	if b == nil {
		return nil
	}
	return []Field{
		field("contract.billing.maximumGasPriceGwei", fmt.Sprint(b.MaximumGasPriceGwei)),
		field("contract.billing.reasonableGasPriceGwei", fmt.Sprint(b.ReasonableGasPriceGwei)),
		field("contract.billing.observationPaymentGjuels", fmt.Sprint(b.ObservationPaymentGjuels)),
		field("contract.billing.transmissionPaymentGjuels", fmt.Sprint(b.TransmissionPaymentGjuels)),
		field("contract.billing.accountingGas", fmt.Sprint(b.AccountingGas)),
	}
}

// checkF refuses a number that does not fit into setConfig.
func checkF(f int) error {
	if f < 0 || f > 255 {
		return fmt.Errorf("config.f is %d, but must be from 1 to %d", f, (ocr2.MaxNumOracles-1)/3)
	}
	return nil
}
