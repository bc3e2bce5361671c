package gen_test

import (
	"bytes"
	"errors"
	"math/big"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/codegen/prove"
	"github.com/ocrkit/ocrkit/codegen/solabi"
	"github.com/ocrkit/ocrkit/gen/ocr1"
	"github.com/ocrkit/ocrkit/gen/ocr1/offchainaggregator"
	"github.com/ocrkit/ocrkit/gen/ocr2/testing/linktoken"
)

// ocr1Feed is an OCR1 aggregator at work: deployed, configured and called through nothing but generated Go.
type ocr1Feed struct {
	*feed
	call   ocr1.SetConfigCall
	digest [16]byte
}

func newOCR1Feed(t *testing.T) *ocr1Feed {
	t.Helper()
	f := &ocr1Feed{feed: &feed{t: t, chain: prove.NewChain(chainID)}}
	f.chain.At(7, 1_700_000_000)
	link := f.deploy(linktoken.LinkTokenMetaData.Bin, nil)
	f.aggregator = f.deploy(offchainaggregator.OffchainAggregatorMetaData.Bin, offchainaggregator.NewOffchainAggregator().PackConstructor(
		2000, 100, 500_000_000, 500, 300, link, big.NewInt(-1000), big.NewInt(1000), common.Address{}, common.Address{}, 8, "TEST / ETH"))

	encoded, err := ocr1.AppendEncodedConfig(nil, &ocr1.EncodedConfig{
		DeltaProgress: 30e9, DeltaResend: 12e9, DeltaRound: 21e9, DeltaGrace: 7e9, DeltaC: 660e9, AlphaPPB: 5_000_000, DeltaStage: 13e9,
		RMax: 50, S: []uint8{1, 1, 2}, OffchainPublicKeys: make([][32]byte, oracles), PeerIDs: "a,b,c,d",
		SharedSecretEncryptions: ocr1.SharedSecretEncryptions{Encryptions: make([][16]byte, oracles)},
	})
	if err != nil {
		t.Fatal(err)
	}
	f.call = ocr1.SetConfigCall{Threshold: faulty, EncodedConfigVersion: 1, Encoded: encoded}
	var payees []common.Address
	for i := range oracles {
		f.call.Signers = append(f.call.Signers, crypto.PubkeyToAddress(signer(t, i).PublicKey))
		f.call.Transmitters = append(f.call.Transmitters, common.BigToAddress(big.NewInt(int64(0xb0+i))))
		payees = append(payees, common.BigToAddress(big.NewInt(int64(0xc0+i))))
	}
	if err := f.send(owner, offchainaggregator.NewOffchainAggregator().PackSetPayees(f.call.Transmitters, payees)); err != nil {
		t.Fatal(err)
	}
	if _, err := f.chain.Call(owner, link, linktoken.NewLinkToken().PackTransfer(f.aggregator, new(big.Int).Lsh(big.NewInt(1), 80))); err != nil {
		t.Fatal(err)
	}
	return f
}

// send makes a transaction; the error is what the contract reverted with, as a Go error.
func (f *ocr1Feed) send(from common.Address, calldata []byte) error {
	_, err := f.chain.Call(from, f.aggregator, calldata)
	var reverted *prove.Reverted
	if errors.As(err, &reverted) {
		return ocr1.DecodeRevert(reverted.Data)
	}
	return err
}

// events are the events that a call emitted, decoded.
func (f *ocr1Feed) events(from common.Address, calldata []byte) []ocr1.Event {
	f.t.Helper()
	before := len(f.chain.Logs())
	if err := f.send(from, calldata); err != nil {
		f.t.Fatal(err)
	}
	var events []ocr1.Event
	for _, log := range f.chain.Logs()[before:] {
		event, err := ocr1.DecodeLog(log)
		if err != nil {
			f.t.Fatal(err)
		}
		events = append(events, event)
	}
	return events
}

// configure puts the configuration in force and keeps its digest, which is computed here: the event does not have it.
func (f *ocr1Feed) configure() *ocr1.ConfigSet {
	f.t.Helper()
	events := f.events(owner, ocr1.AppendSetConfig(nil, &f.call))
	set := events[len(events)-1].(*ocr1.ConfigSet)
	f.digest = (&ocr1.ConfigPreimage{
		ContractAddress: f.aggregator, ConfigCount: set.ConfigCount, Signers: set.Signers, Transmitters: set.Transmitters,
		Threshold: set.Threshold, EncodedConfigVersion: set.EncodedConfigVersion, Encoded: set.Encoded,
	}).Digest()
	return set
}

// transmit is a transmission of a report of these values, signed by oracles 0 to f.
func (f *ocr1Feed) transmit(epoch uint32, round uint8, values ...int64) *ocr1.TransmitCall {
	f.t.Helper()
	context, err := ocr1.AppendReportContext(nil, &ocr1.ReportContext{ConfigDigest: f.digest, Epoch: epoch, Round: round})
	if err != nil {
		f.t.Fatal(err)
	}
	report := &ocr1.Report{RawReportContext: [32]byte(context)}
	for i, v := range values {
		report.RawObservers[i] = byte(i)
		report.Observations = append(report.Observations, big.NewInt(v))
	}
	encoded, err := ocr1.AppendReport(nil, report)
	if err != nil {
		f.t.Fatal(err)
	}
	return f.signed(encoded)
}

func (f *ocr1Feed) signed(report []byte) *ocr1.TransmitCall {
	f.t.Helper()
	call := &ocr1.TransmitCall{Report: report}
	for i := range faulty + 1 {
		signature, err := crypto.Sign(crypto.Keccak256(report), signer(f.t, i))
		if err != nil {
			f.t.Fatal(err)
		}
		call.Rs = append(call.Rs, [32]byte(signature[:32]))
		call.Ss = append(call.Ss, [32]byte(signature[32:64]))
		call.RawVs[i] = signature[64]
	}
	return call
}

func TestOCR1ConfigOnChain(t *testing.T) {
	f := newOCR1Feed(t)
	set := f.configure()
	if set.PreviousConfigBlockNumber != 0 || set.ConfigCount != 1 || !slices.Equal(set.Signers, f.call.Signers) ||
		!slices.Equal(set.Transmitters, f.call.Transmitters) || set.Threshold != faulty || set.EncodedConfigVersion != 1 ||
		!bytes.Equal(set.Encoded, f.call.Encoded) {
		t.Errorf("the event says %+v", set)
	}
	var config ocr1.EncodedConfig
	if err := ocr1.DecodeEncodedConfig(set.Encoded, &config); err != nil || config.DeltaC != 660e9 || config.PeerIDs != "a,b,c,d" {
		t.Errorf("the event holds the configuration %+v, %v", config, err)
	}
	binding := offchainaggregator.NewOffchainAggregator()
	ret, err := f.chain.Call(owner, f.aggregator, binding.PackLatestConfigDetails())
	if err != nil {
		t.Fatal(err)
	}
	details, err := binding.UnpackLatestConfigDetails(ret)
	if err != nil || details.ConfigDigest != f.digest || details.BlockNumber != 7 || details.ConfigCount != 1 {
		t.Errorf("latestConfigDetails: %+v, %v; the digest is %x", details, err, f.digest)
	}
	if f.configure().PreviousConfigBlockNumber != 7 {
		t.Error("configurations are not linked")
	}
}

func TestOCR1ReportOnChain(t *testing.T) {
	f := newOCR1Feed(t)
	f.configure()
	call := f.transmit(1, 2, -5, 3, 12)
	events := f.events(f.call.Transmitters[2], ocr1.AppendTransmit(nil, call))
	if len(events) != 3 {
		t.Fatalf("%d events, not three", len(events))
	}
	transmission := events[0].(*ocr1.NewTransmission)
	var context ocr1.ReportContext
	if err := ocr1.DecodeReportContext(transmission.RawReportContext[:], &context); err != nil ||
		context != (ocr1.ReportContext{ConfigDigest: f.digest, Epoch: 1, Round: 2}) {
		t.Errorf("the context is %+v, %v", context, err)
	}
	if transmission.Answer.Int64() != 3 || transmission.Transmitter != f.call.Transmitters[2] || transmission.AggregatorRoundId != 1 ||
		!bytes.Equal(transmission.Observers, []byte{0, 1, 2}) || len(transmission.Observations) != 3 ||
		transmission.Observations[0].Int64() != -5 || transmission.Observations[2].Int64() != 12 {
		t.Errorf("NewTransmission says %+v", transmission)
	}
	if round := events[1].(*ocr1.NewRound); round.RoundId.Int64() != 1 || round.StartedAt.Int64() != 1_700_000_000 {
		t.Errorf("NewRound says %+v", round)
	}
	if updated := events[2].(*ocr1.AnswerUpdated); updated.Current.Int64() != 3 || updated.UpdatedAt.Int64() != 1_700_000_000 {
		t.Errorf("AnswerUpdated says %+v", updated)
	}
	binding := offchainaggregator.NewOffchainAggregator()
	ret, err := f.chain.Call(owner, f.aggregator, binding.PackLatestTransmissionDetails())
	if err != nil {
		t.Fatal(err)
	}
	details, err := binding.UnpackLatestTransmissionDetails(ret)
	if err != nil || details.ConfigDigest != f.digest || details.Epoch != 1 || details.Round != 2 || details.LatestAnswer.Int64() != 3 ||
		details.LatestTimestamp != 1_700_000_000 {
		t.Errorf("latestTransmissionDetails: %+v, %v", details, err)
	}
}

func TestOCR1RevertsAreGoErrors(t *testing.T) {
	f := newOCR1Feed(t)
	f.configure()
	good := f.transmit(3, 1, 1, 2, 3)
	if err := f.send(f.call.Transmitters[0], ocr1.AppendTransmit(nil, good)); err != nil {
		t.Fatal(err)
	}
	transmit := func(change func(*ocr1.TransmitCall)) []byte {
		call := f.transmit(4, 1, 1, 2, 3)
		change(call)
		return ocr1.AppendTransmit(nil, call)
	}
	// report makes a report of the next round, whose observers and words can be changed before it is signed.
	report := func(change func([]byte)) []byte {
		encoded := f.transmit(4, 1, 1, 2, 3).Report
		change(encoded)
		return ocr1.AppendTransmit(nil, f.signed(encoded))
	}
	setConfig := func(change func(*ocr1.SetConfigCall)) []byte {
		call := f.call
		call.Signers, call.Transmitters = slices.Clone(call.Signers), slices.Clone(call.Transmitters)
		change(&call)
		return ocr1.AppendSetConfig(nil, &call)
	}
	oracle := f.call.Transmitters[0]
	for _, c := range []struct {
		name     string
		from     common.Address
		calldata []byte
		want     error
	}{
		{"old report", oracle, ocr1.AppendTransmit(nil, good), ocr1.ErrStaleReport},
		{"stranger", owner, transmit(func(*ocr1.TransmitCall) {}), ocr1.ErrUnauthorizedTransmitter},
		{"other config", oracle, report(func(b []byte) { b[11]++ }), ocr1.ErrConfigDigestMismatch},
		{"trailing byte", oracle, append(transmit(func(*ocr1.TransmitCall) {}), 0), ocr1.ErrTransmitMessageTooLong},
		{"a signature short", oracle, transmit(func(c *ocr1.TransmitCall) { c.Rs, c.Ss = c.Rs[1:], c.Ss[1:] }), ocr1.ErrNotEnoughSignatures},
		{"signature twice", oracle, transmit(func(c *ocr1.TransmitCall) { c.Rs[1], c.Ss[1], c.RawVs[1] = c.Rs[0], c.Ss[0], c.RawVs[0] }), ocr1.ErrNonUniqueSignature},
		{"wrong signature", oracle, transmit(func(c *ocr1.TransmitCall) { c.Rs[0][3]++ }), ocr1.ErrAddressNotAuthorizedToSign},
		{"observer twice", oracle, report(func(b []byte) { b[33] = 0 }), ocr1.ErrObserverIndexRepeated},
		{"no such observer", oracle, report(func(b []byte) { b[33] = 31 }), ocr1.ErrObserverIndexOutOfBounds},
		{"not in order", oracle, ocr1.AppendTransmit(nil, f.transmit(4, 1, 1, 3, 2)), ocr1.ErrObservationsNotSorted},
		{"two observations", oracle, ocr1.AppendTransmit(nil, f.transmit(4, 1, 1, 2)), ocr1.ErrTooFewValuesToTrustMedian},
		{"answer out of bounds", oracle, ocr1.AppendTransmit(nil, f.transmit(4, 1, 1, 1001, 1001)), ocr1.ErrMedianIsOutOfMinMaxRange},
		{"malformed report", oracle, report(func(b []byte) { b[127] = 4 }), solabi.ErrEmptyRevert},
		{"cut calldata", oracle, transmit(func(*ocr1.TransmitCall) {})[:40], solabi.ErrEmptyRevert},
		{"not the owner", oracle, setConfig(func(*ocr1.SetConfigCall) {}), ocr1.ErrOnlyCallableByOwner},
		{"threshold too high", oracle, setConfig(func(c *ocr1.SetConfigCall) { c.Threshold = 2 }), ocr1.ErrFaultyOracleThresholdTooHigh},
		{"no threshold", owner, setConfig(func(c *ocr1.SetConfigCall) { c.Threshold = 0 }), ocr1.ErrThresholdMustBePositive},
		{"signer twice", owner, setConfig(func(c *ocr1.SetConfigCall) { c.Signers[1] = c.Signers[0] }), ocr1.ErrRepeatedSignerAddress},
		{"both roles", owner, setConfig(func(c *ocr1.SetConfigCall) { c.Signers[1] = c.Transmitters[0] }), ocr1.ErrRepeatedSignerAddress},
		{"no payee", owner, setConfig(func(c *ocr1.SetConfigCall) { c.Transmitters[1] = common.Address{1} }), ocr1.ErrPayeeMustBeSet},
		{"zero signer", owner, setConfig(func(c *ocr1.SetConfigCall) { c.Signers[0] = common.Address{} }), ocr1.ErrSignerMustNotBeZero},
		{"too many", owner, setConfig(func(c *ocr1.SetConfigCall) { c.Signers = make([]common.Address, ocr1.MaxNumOracles+1) }), ocr1.ErrTooManySigners},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := f.send(c.from, c.calldata); !errors.Is(err, c.want) {
				t.Errorf("error is %v, not %v", err, c.want)
			}
		})
	}
}

// TestOCR1BindingsDecodeAlike holds the event decoders of the codecs against those of the bindings.
func TestOCR1BindingsDecodeAlike(t *testing.T) {
	f := newOCR1Feed(t)
	f.configure()
	if err := f.send(f.call.Transmitters[0], ocr1.AppendTransmit(nil, f.transmit(1, 1, 1, 2, 3))); err != nil {
		t.Fatal(err)
	}
	binding := offchainaggregator.NewOffchainAggregator()
	byTopic := map[common.Hash]func(*types.Log) (any, error){
		ocr1.BillingSetTopic:      func(l *types.Log) (any, error) { return binding.UnpackBillingSetEvent(l) },
		ocr1.ConfigSetTopic:       func(l *types.Log) (any, error) { return binding.UnpackConfigSetEvent(l) },
		ocr1.NewTransmissionTopic: func(l *types.Log) (any, error) { return binding.UnpackNewTransmissionEvent(l) },
		ocr1.NewRoundTopic:        func(l *types.Log) (any, error) { return binding.UnpackNewRoundEvent(l) },
		ocr1.AnswerUpdatedTopic:   func(l *types.Log) (any, error) { return binding.UnpackAnswerUpdatedEvent(l) },
	}
	compared := map[common.Hash]bool{}
	for _, log := range f.chain.Logs() {
		unpack := byTopic[log.Topics[0]]
		if unpack == nil {
			continue
		}
		want, err := unpack(log)
		if err != nil {
			t.Fatal(err)
		}
		event, err := ocr1.DecodeLog(log)
		if err != nil {
			t.Fatal(err)
		}
		prove.SameNamed(t, event, want)
		compared[log.Topics[0]] = true
	}
	if len(compared) != len(byTopic) {
		t.Fatalf("%d kinds of events compared, not %d", len(compared), len(byTopic))
	}
}
