package gen_test

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/hex"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ocrkit/ocrkit/codegen/prove"
	"github.com/ocrkit/ocrkit/codegen/solabi"
	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/gen/ocr2/ocr2aggregator"
	"github.com/ocrkit/ocrkit/gen/ocr2/testing/linktoken"
)

const (
	chainID = 1337
	oracles = 4
	faulty  = 1
)

var owner = common.HexToAddress("0x00000000000000000000000000000000000000a1")

// feed is an aggregator at work: deployed, configured and called through nothing but generated Go.
type feed struct {
	t          *testing.T
	chain      *prove.Chain
	aggregator common.Address
	call       ocr2.SetConfigCall
	digest     [32]byte
}

func newFeed(t *testing.T) *feed {
	t.Helper()
	f := &feed{t: t, chain: prove.NewChain(chainID)}
	f.chain.At(7, 1_700_000_000)
	link := f.deploy(linktoken.LinkTokenMetaData.Bin, nil)
	f.aggregator = f.deploy(ocr2aggregator.OCR2AggregatorMetaData.Bin, ocr2aggregator.NewOCR2Aggregator().PackConstructor(
		link, big.NewInt(-1000), big.NewInt(1000), common.Address{}, common.Address{}, 8, "TEST / ETH"))

	onchainConfig, err := ocr2.AppendMedianOnchainConfig(nil, &ocr2.MedianOnchainConfig{
		MinAnswer: big.NewInt(-1000), MaxAnswer: big.NewInt(1000),
	})
	if err != nil {
		t.Fatal(err)
	}
	f.call = ocr2.SetConfigCall{
		F: faulty, OnchainConfig: onchainConfig, OffchainConfigVersion: 2, OffchainConfig: []byte("for the oracles only"),
	}
	for i := range oracles {
		f.call.Signers = append(f.call.Signers, crypto.PubkeyToAddress(signer(f.t, i).PublicKey))
		f.call.Transmitters = append(f.call.Transmitters, common.BigToAddress(big.NewInt(int64(0xb0+i))))
	}
	return f
}

func (f *feed) deploy(bytecode string, arguments []byte) common.Address {
	f.t.Helper()
	code, err := hex.DecodeString(strings.TrimPrefix(bytecode, "0x"))
	if err != nil {
		f.t.Fatal(err)
	}
	address, err := f.chain.Deploy(owner, append(code, arguments...))
	if err != nil {
		f.t.Fatal(err)
	}
	return address
}

// events are the events that a call emitted, decoded.
func (f *feed) events(call func() error) []ocr2.Event {
	f.t.Helper()
	before := len(f.chain.Logs())
	if err := call(); err != nil {
		f.t.Fatal(err)
	}
	var events []ocr2.Event
	for _, log := range f.chain.Logs()[before:] {
		event, err := ocr2.DecodeLog(log)
		if err != nil {
			f.t.Fatal(err)
		}
		events = append(events, event)
	}
	return events
}

func (f *feed) configure() {
	f.t.Helper()
	events := f.events(func() error { return f.send(owner, ocr2.AppendSetConfig(nil, &f.call)) })
	f.digest = events[len(events)-1].(*ocr2.ConfigSet).ConfigDigest
}

// send makes a transaction; the error is what the contract reverted with, as a Go error.
func (f *feed) send(from common.Address, calldata []byte) error {
	_, err := f.chain.Call(from, f.aggregator, calldata)
	var reverted *prove.Reverted
	if errors.As(err, &reverted) {
		return ocr2.DecodeRevert(reverted.Data)
	}
	return err
}

func signer(t *testing.T, i int) *ecdsa.PrivateKey {
	t.Helper()
	key, err := crypto.ToECDSA(crypto.Keccak256([]byte{byte(i)}))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// transmit is a transmission of a report, signed by oracles 0 to f.
func (f *feed) transmit(epoch uint32, round uint8, report *ocr2.MedianReport) *ocr2.TransmitCall {
	f.t.Helper()
	encoded, err := ocr2.AppendMedianReport(nil, report)
	if err != nil {
		f.t.Fatal(err)
	}
	call := &ocr2.TransmitCall{Report: encoded}
	call.ReportContext[0] = f.digest
	call.ReportContext[1] = common.BigToHash(new(big.Int).SetUint64(uint64(epoch)<<8 | uint64(round)))
	hash := crypto.Keccak256(crypto.Keccak256(encoded), call.ReportContext[0][:], call.ReportContext[1][:], call.ReportContext[2][:])
	for i := range faulty + 1 {
		signature, err := crypto.Sign(hash, signer(f.t, i))
		if err != nil {
			f.t.Fatal(err)
		}
		call.Rs = append(call.Rs, [32]byte(signature[:32]))
		call.Ss = append(call.Ss, [32]byte(signature[32:64]))
		call.RawVs[i] = signature[64]
	}
	return call
}

func report(values ...int64) *ocr2.MedianReport {
	var observers [32]byte
	var observations []*big.Int
	for i, v := range values {
		observers[i] = byte(i)
		observations = append(observations, big.NewInt(v))
	}
	return ocr2.NewMedianReport(1_699_999_999, observers, observations, big.NewInt(5))
}

func TestConfigOnChain(t *testing.T) {
	f := newFeed(t)
	events := f.events(func() error { return f.send(owner, ocr2.AppendSetConfig(nil, &f.call)) })
	if len(events) != 1 {
		t.Fatalf("%d events, not one", len(events))
	}
	set := events[0].(*ocr2.ConfigSet)
	preimage := ocr2.EVMSimplePreimage{
		ChainId: chainID, ContractAddress: f.aggregator, ConfigCount: set.ConfigCount,
		Signers: f.call.Signers, Transmitters: f.call.Transmitters, F: f.call.F, OnchainConfig: f.call.OnchainConfig,
		OffchainConfigVersion: f.call.OffchainConfigVersion, OffchainConfig: f.call.OffchainConfig,
	}
	if set.ConfigDigest != preimage.Digest() {
		t.Errorf("contract: %x, Go: %x", set.ConfigDigest, preimage.Digest())
	}
	if set.ConfigCount != 1 || !slices.Equal(set.Signers, f.call.Signers) || !slices.Equal(set.Transmitters, f.call.Transmitters) ||
		set.F != f.call.F || !bytes.Equal(set.OnchainConfig, f.call.OnchainConfig) || set.OffchainConfigVersion != 2 ||
		!bytes.Equal(set.OffchainConfig, f.call.OffchainConfig) {
		t.Errorf("the event says %+v", set)
	}
	ret, err := f.chain.Call(owner, f.aggregator, ocr2aggregator.NewOCR2Aggregator().PackLatestConfigDetails())
	if err != nil {
		t.Fatal(err)
	}
	details, err := ocr2aggregator.NewOCR2Aggregator().UnpackLatestConfigDetails(ret)
	if err != nil || details.ConfigDigest != set.ConfigDigest || details.BlockNumber != 7 {
		t.Errorf("latestConfigDetails: %+v, %v", details, err)
	}
}

func TestReportOnChain(t *testing.T) {
	f := newFeed(t)
	f.configure()
	sent := report(-5, 3, 12)
	events := f.events(func() error {
		return f.send(f.call.Transmitters[2], ocr2.AppendTransmit(nil, f.transmit(1, 2, sent)))
	})
	if len(events) != 3 {
		t.Fatalf("%d events, not three", len(events))
	}
	transmission := events[0].(*ocr2.NewTransmission)
	if transmission.Answer.Int64() != 3 || transmission.Transmitter != f.call.Transmitters[2] || transmission.AggregatorRoundId != 1 ||
		transmission.EpochAndRound != 1<<8|2 || transmission.ConfigDigest != f.digest || !bytes.Equal(transmission.Observers, []byte{0, 1, 2}) ||
		transmission.ObservationsTimestamp != sent.ObservationsTimestamp || transmission.JuelsPerFeeCoin.Int64() != 5 ||
		!slices.EqualFunc(transmission.Observations, sent.Observations, func(a, b *big.Int) bool { return a.Cmp(b) == 0 }) {
		t.Errorf("NewTransmission says %+v", transmission)
	}
	round := events[1].(*ocr2.NewRound)
	if round.RoundId.Int64() != 1 || round.StartedAt.Int64() != int64(sent.ObservationsTimestamp) {
		t.Errorf("NewRound says %+v", round)
	}
	updated := events[2].(*ocr2.AnswerUpdated)
	if updated.Current.Int64() != 3 || updated.UpdatedAt.Int64() != 1_700_000_000 {
		t.Errorf("AnswerUpdated says %+v", updated)
	}
	ret, err := f.chain.Call(owner, f.aggregator, ocr2aggregator.NewOCR2Aggregator().PackLatestAnswer())
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := ocr2aggregator.NewOCR2Aggregator().UnpackLatestAnswer(ret); err != nil || answer.Int64() != 3 {
		t.Errorf("latestAnswer is %v, %v", answer, err)
	}
}

func TestRevertsAreGoErrors(t *testing.T) {
	f := newFeed(t)
	f.configure()
	good := f.transmit(3, 1, report(1, 2))
	if err := f.send(f.call.Transmitters[0], ocr2.AppendTransmit(nil, good)); err != nil {
		t.Fatal(err)
	}
	transmit := func(change func(*ocr2.TransmitCall)) []byte {
		call := f.transmit(4, 1, report(1, 2))
		change(call)
		return ocr2.AppendTransmit(nil, call)
	}
	setConfig := func(change func(*ocr2.SetConfigCall)) []byte {
		call := f.call
		call.Signers = slices.Clone(call.Signers)
		change(&call)
		return ocr2.AppendSetConfig(nil, &call)
	}
	oracle := f.call.Transmitters[0]
	for _, c := range []struct {
		name     string
		from     common.Address
		calldata []byte
		want     error
	}{
		{"old report", oracle, ocr2.AppendTransmit(nil, good), ocr2.ErrStaleReport},
		{"stranger", owner, transmit(func(*ocr2.TransmitCall) {}), ocr2.ErrUnauthorizedTransmitter},
		{"other config", oracle, transmit(func(c *ocr2.TransmitCall) { c.ReportContext[0][5]++ }), ocr2.ErrConfigDigestMismatch},
		{"trailing byte", oracle, append(transmit(func(*ocr2.TransmitCall) {}), 0), ocr2.ErrCalldataLengthMismatch},
		{"a signature short", oracle, transmit(func(c *ocr2.TransmitCall) { c.Rs, c.Ss = c.Rs[1:], c.Ss[1:] }), ocr2.ErrWrongNumberOfSignatures},
		{"signature twice", oracle, transmit(func(c *ocr2.TransmitCall) { c.Rs[1], c.Ss[1], c.RawVs[1] = c.Rs[0], c.Ss[0], c.RawVs[0] }), ocr2.ErrDuplicateSigner},
		{"wrong signature", oracle, transmit(func(c *ocr2.TransmitCall) { c.Rs[0][3]++ }), ocr2.ErrSignatureError},
		{"recovery id out of range", oracle, transmit(func(c *ocr2.TransmitCall) { c.RawVs[0] = 255 }), &solabi.Panic{Code: solabi.PanicOverflow}},
		{"one observation", oracle, ocr2.AppendTransmit(nil, f.transmit(4, 1, report(1))), ocr2.ErrTooFewValuesToTrustMedian},
		{"answer out of bounds", oracle, ocr2.AppendTransmit(nil, f.transmit(4, 1, report(1, 1001))), ocr2.ErrMedianIsOutOfMinMaxRange},
		{"cut calldata", oracle, transmit(func(*ocr2.TransmitCall) {})[:40], solabi.ErrEmptyRevert},
		{"not the owner", oracle, setConfig(func(*ocr2.SetConfigCall) {}), ocr2.ErrOnlyCallableByOwner},
		{"f too high", owner, setConfig(func(c *ocr2.SetConfigCall) { c.F = 2 }), ocr2.ErrFaultyOracleFTooHigh},
		{"signer twice", owner, setConfig(func(c *ocr2.SetConfigCall) { c.Signers[1] = c.Signers[0] }), ocr2.ErrRepeatedSignerAddress},
		{"other bounds", owner, setConfig(func(c *ocr2.SetConfigCall) { c.OnchainConfig = c.OnchainConfig[1:] }), ocr2.ErrInvalidOnchainConfig},
		{"too many", owner, setConfig(func(c *ocr2.SetConfigCall) { c.Signers = make([]common.Address, ocr2.MaxNumOracles+1) }), ocr2.ErrTooManyOracles},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := f.send(c.from, c.calldata); !errors.Is(err, c.want) {
				t.Errorf("error is %v, not %v", err, c.want)
			}
		})
	}
}

// TestBindingsDecodeAlike holds the event decoders of the codecs against those of the bindings.
func TestBindingsDecodeAlike(t *testing.T) {
	f := newFeed(t)
	f.configure()
	if err := f.send(f.call.Transmitters[0], ocr2.AppendTransmit(nil, f.transmit(1, 1, report(1, 2)))); err != nil {
		t.Fatal(err)
	}
	binding := ocr2aggregator.NewOCR2Aggregator()
	byTopic := map[common.Hash]func(*types.Log) (any, error){
		ocr2.ConfigSetTopic:       func(l *types.Log) (any, error) { return binding.UnpackConfigSetEvent(l) },
		ocr2.NewTransmissionTopic: func(l *types.Log) (any, error) { return binding.UnpackNewTransmissionEvent(l) },
		ocr2.NewRoundTopic:        func(l *types.Log) (any, error) { return binding.UnpackNewRoundEvent(l) },
		ocr2.AnswerUpdatedTopic:   func(l *types.Log) (any, error) { return binding.UnpackAnswerUpdatedEvent(l) },
	}
	compared := 0
	for _, log := range f.chain.Logs() {
		unpack := byTopic[log.Topics[0]]
		if unpack == nil {
			continue
		}
		want, err := unpack(log)
		if err != nil {
			t.Fatal(err)
		}
		event, err := ocr2.DecodeLog(log)
		if err != nil {
			t.Fatal(err)
		}
		prove.SameNamed(t, event, want)
		compared++
	}
	if compared != len(byTopic) {
		t.Fatalf("%d events compared, not %d", compared, len(byTopic))
	}
}
