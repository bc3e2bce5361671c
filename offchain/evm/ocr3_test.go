package evm

import (
	"context"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"

	"github.com/ocrkit/ocrkit/gen/ocr3"
	"github.com/ocrkit/ocrkit/gen/ocr3/ocr3ecdsafeed"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/evm/ocr3keyring"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/types"
)

func feedKeyring(t testing.TB, scheme ocr3keyring.Scheme, bundle *keys.Bundle) *ocr3keyring.Keyring[struct{}] {
	t.Helper()
	ring, err := ocr3keyring.NewECDSA[struct{}](bundle.Onchain)
	if scheme == ocr3keyring.BLS {
		ring, err = ocr3keyring.NewBLS[struct{}](bundle.BLS.SecretKey())
	}
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func feedReport(t testing.TB, answer int64, at uint32) ocr3types.ReportWithInfo[struct{}] {
	t.Helper()
	report, err := ocr3.AppendFeedReport(nil, &ocr3.FeedReport{ObservationsTimestamp: at, Answer: big.NewInt(answer)})
	if err != nil {
		t.Fatal(err)
	}
	return ocr3types.ReportWithInfo[struct{}]{Report: report}
}

// attest has oracles sign a report, the last one first.
func (net *network) attest(scheme ocr3keyring.Scheme, digest types.ConfigDigest, seqNr uint64, report ocr3types.ReportWithInfo[struct{}], count int) (signatures []types.AttributedOnchainSignature) {
	net.t.Helper()
	for i := range count {
		signature, err := feedKeyring(net.t, scheme, net.oracles[i]).Sign(digest, seqNr, report)
		if err != nil {
			net.t.Fatal(err)
		}
		signatures = append(signatures, types.AttributedOnchainSignature{Signature: signature, Signer: commontypes.OracleID(i)})
	}
	slices.Reverse(signatures)
	return signatures
}

// TestFeed brings reports to feeds and reads them back, and sees the contract's refusals as typed errors.
func TestFeed(t *testing.T) {
	for _, scheme := range []ocr3keyring.Scheme{ocr3keyring.ECDSA, ocr3keyring.BLS} {
		t.Run(scheme.Name(), func(t *testing.T) { testFeed(t, scheme) })
	}
}

func testFeed(t *testing.T, scheme ocr3keyring.Scheme) {
	net := newNetworkOf(t, feedFamily(scheme), 4)
	ctx := context.Background()
	feed := NewFeedContract(net.client, net.contract)
	if got, err := feed.Scheme(ctx); err != nil || got != scheme {
		t.Errorf("scheme is %v (%v), want %v", got, err, scheme)
	}
	expect := func(digest types.ConfigDigest, seqNr uint64, answer int64, observed int64) {
		t.Helper()
		got, err := feed.LatestTransmissionDetails(ctx)
		if err != nil || got.ConfigDigest != digest || got.SeqNr != seqNr || got.Answer.Int64() != answer || got.ObservationTime.Unix() != observed || (got.TransmissionTime.Unix() == 0) != (answer == 0) {
			t.Errorf("latest transmission is %+v (%v); want %s, %d, %d, %d", got, err, digest, seqNr, answer, observed)
		}
		if d, s, err := feed.LatestConfigDigestAndSeqNr(ctx); err != nil || d != digest || s != seqNr {
			t.Errorf("latest digest and sequence number are %s, %d (%v); want %s, %d", d, s, err, digest, seqNr)
		}
	}
	expect(types.ConfigDigest{}, 0, 0, 0)
	net.setConfig("config")
	_, digest, err := net.tracker(false).LatestConfigDetails(ctx)
	if err != nil {
		t.Fatal(err)
	}
	expect(digest, 0, 0, 0)

	manager, outcomes := net.manager(net.oracles[0].Transmit, nil)
	transmitter := NewOCR3Transmitter[struct{}](net.contract, scheme, manager)
	if account, err := transmitter.FromAccount(ctx); err != nil || account != net.oracles[0].Public().Account() {
		t.Errorf("account is %s (%v), want %s", account, err, net.oracles[0].Public().Account())
	}
	for i, seqNr := range []uint64{1, 2, 7} {
		report := feedReport(t, int64(100+i), uint32(1000+i))
		if err := transmitter.Transmit(ctx, digest, seqNr, report, net.attest(scheme, digest, seqNr, report, 2)); err != nil {
			t.Fatal(err)
		}
		outcome := net.mine(outcomes)
		if outcome.Err != nil || outcome.Receipt == nil || outcome.Receipt.Status != ethtypes.ReceiptStatusSuccessful {
			t.Fatalf("outcome is %v", outcome)
		}
		expect(digest, seqNr, int64(100+i), int64(1000+i))
	}

	good, tooHigh := feedReport(t, 5, 1), feedReport(t, maxAnswer.Int64()+1, 1)
	ragged := ocr3types.ReportWithInfo[struct{}]{Report: append(slices.Clone(good.Report), 0)}
	other := digest
	other[31]++
	falsely := net.attest(scheme, digest, 8, good, 2)
	falsely[0].Signer = 3
	for name, test := range map[string]struct {
		digest     types.ConfigDigest
		seqNr      uint64
		report     ocr3types.ReportWithInfo[struct{}]
		signatures []types.AttributedOnchainSignature
		want       func(error) bool
	}{
		"stale": {digest, 7, good, net.attest(scheme, digest, 7, good, 2), func(err error) bool {
			stale, ok := errors.AsType[*ocr3.StaleReportError](err)
			return ok && stale.LatestSeqNr == 7 && stale.SeqNr == 7
		}},
		"other digest":        {other, 8, good, net.attest(scheme, other, 8, good, 2), isError[*ocr3.ConfigDigestMismatchError]},
		"too few signatures":  {digest, 8, good, net.attest(scheme, digest, 8, good, 1), isAttestationError},
		"too many signatures": {digest, 8, good, net.attest(scheme, digest, 8, good, 3), isAttestationError},
		"other report":        {digest, 8, feedReport(t, 6, 1), net.attest(scheme, digest, 8, good, 2), isAttestationError},
		"falsely attributed":  {digest, 8, good, falsely, isAttestationError},
		"out of range":        {digest, 8, tooHigh, net.attest(scheme, digest, 8, tooHigh, 2), isError[*ocr3.AnswerOutOfRangeError]},
		"ragged report":       {digest, 8, ragged, net.attest(scheme, digest, 8, ragged, 2), isError[*ocr3.InvalidReportLengthError]},
	} {
		err := transmitter.Transmit(ctx, test.digest, test.seqNr, test.report, test.signatures)
		if err == nil || !test.want(err) || RevertOf(err) == nil || !strings.Contains(err.Error(), net.contract.Hex()) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
	signatures := net.attest(scheme, digest, 8, good, 2)
	for name, bad := range map[string][]types.AttributedOnchainSignature{
		"no signatures":    nil,
		"duplicate signer": {signatures[0], signatures[0]},
		"short signature":  {signatures[0], {Signature: signatures[1].Signature[1:], Signer: signatures[1].Signer}},
		"strange signer":   {signatures[0], {Signature: signatures[1].Signature, Signer: 32}},
	} {
		if err := transmitter.Transmit(ctx, digest, 8, good, bad); err == nil || RevertOf(err) != nil {
			t.Errorf("%s: got error %v, want one before anything is sent", name, err)
		}
	}
	stranger, _ := net.manager(net.owner, nil)
	if err := NewOCR3Transmitter[struct{}](net.contract, scheme, stranger).Transmit(ctx, digest, 8, good, signatures); !isError[*ocr3.UnauthorizedTransmitterError](err) {
		t.Errorf("a stranger: got error %v", err)
	}
	// Without the trial the refusal shows when the transaction is priced, or on chain.
	blind, blindOutcomes := net.manager(net.oracles[1].Transmit, func(o *TxManagerOptions) { o.SkipSimulation = true })
	if err := NewOCR3Transmitter[struct{}](net.contract, scheme, blind).Transmit(ctx, digest, 7, good, net.attest(scheme, digest, 7, good, 2)); err != nil {
		t.Fatal(err)
	}
	if outcome := net.mine(blindOutcomes); !isError[*ocr3.StaleReportError](outcome.Err) || outcome.Sent != 0 {
		t.Errorf("without trial: outcome is %v", outcome)
	}
	expect(digest, 7, 102, 1002)

	// Under another config sequence numbers start anew, the answer stays.
	net.setConfig("another")
	_, next, err := net.tracker(false).LatestConfigDetails(ctx)
	if err != nil || next == digest {
		t.Fatalf("digest is %s (%v)", next, err)
	}
	expect(next, 0, 102, 1002)
}

func isError[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

func isAttestationError(err error) bool {
	return slices.ContainsFunc([]error{
		ocr3.ErrInvalidAttestation, ocr3.ErrInvalidAttestationLength, ocr3.ErrInvalidAttestationNumberOfSignatures, ocr3.ErrInvalidAttestationAttributionBitmask,
	}, func(target error) bool { return errors.Is(err, target) })
}

// TestFeedOfStrangeNode asks everything of nodes that are gone or say what no feed says.
func TestFeedOfStrangeNode(t *testing.T) {
	ctx := context.Background()
	client := &fake{}
	manager, err := NewTxManager(TxManagerOptions{Client: client, Key: testKey(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	tracker := feedFamily(ocr3keyring.ECDSA).newTracker(t, client, testContract, false)
	feed := NewFeedContract(client, testContract)
	questions := map[string]func() error{
		"latestConfigDetails":       func() error { _, _, err := tracker.LatestConfigDetails(ctx); return err },
		"block 77":                  func() error { _, err := tracker.LatestConfig(ctx, 77); return err },
		"block number":              func() error { _, err := tracker.LatestBlockHeight(ctx); return err },
		"latestTransmissionDetails": func() error { _, err := feed.LatestTransmissionDetails(ctx); return err },
		"attestationScheme":         func() error { _, err := feed.Scheme(ctx); return err },
		"sequence number 5": func() error {
			signature, err := feedKeyring(t, ocr3keyring.ECDSA, &keys.Bundle{Onchain: testKey(t)}).Sign(types.ConfigDigest{}, 5, feedReport(t, 1, 1))
			if err != nil {
				t.Fatal(err)
			}
			return NewOCR3Transmitter[struct{}](testContract, ocr3keyring.ECDSA, manager).Transmit(ctx, types.ConfigDigest{}, 5, feedReport(t, 1, 1), []types.AttributedOnchainSignature{{Signature: signature}})
		},
	}
	for what, ask := range questions {
		if err := ask(); !errors.Is(err, errDead) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: got error %v", what, err)
		}
	}
	schemes := ocr3ecdsafeed.NewOCR3ECDSAFeed().GetABI()
	strangeName, err := schemes.Methods["attestationScheme"].Outputs.Pack(strings.Repeat("x", 1000))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		output []byte
		err    error
		want   string
	}{
		"nothing":        {nil, nil, "no contract at this address"},
		"garbage":        {[]byte("garbage"), nil, "cannot decode"},
		"wild words":     {[]byte(strings.Repeat("\xff", 160)), nil, "cannot decode"},
		"strange scheme": {strangeName, nil, ""},
		"revert":         {nil, rpcError{3, "execution reverted", "0x768fc0cc"}, "revert"},
	} {
		client.call = func(ethereum.CallMsg) ([]byte, error) { return test.output, test.err }
		for _, what := range []string{"latestTransmissionDetails", "attestationScheme"} {
			if err := questions[what](); err == nil || !strings.Contains(err.Error(), test.want) || len(err.Error()) > 1000 {
				t.Errorf("%s, %s: got error %v, want %q", name, what, err, test.want)
			}
		}
	}
}

// TestFeedKeyLists: a list of keys that does not fit the transmitters is refused.
func TestFeedKeyLists(t *testing.T) {
	contractABI := ocr3ecdsafeed.NewOCR3ECDSAFeed().GetABI()
	for name, test := range map[string]struct {
		keys         int
		transmitters int
		want         string
	}{
		"one of each":     {20, 1, ""},
		"three":           {60, 3, ""},
		"a byte too many": {61, 3, "61 bytes"},
		"no keys":         {0, 3, "0 bytes"},
		"no transmitters": {60, 0, "0 oracles"},
		"nobody":          {0, 0, "0 oracles"},
	} {
		data, err := contractABI.Events["ConfigSet"].Inputs.Pack(uint32(0), [32]byte{1}, uint64(1), make([]byte, test.keys), make([]common.Address, test.transmitters), uint8(1), []byte{}, uint64(2), []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		log := ethtypes.Log{Address: testContract, Topics: []common.Hash{ocr3.ConfigSetTopic}, BlockNumber: 7, Data: data}
		client := &fake{logs: func(ethereum.FilterQuery) ([]ethtypes.Log, error) { return []ethtypes.Log{log}, nil }}
		config, err := feedFamily(ocr3keyring.ECDSA).newTracker(t, client, testContract, false).LatestConfig(context.Background(), 7)
		switch {
		case test.want == "" && (err != nil || len(config.Signers) != test.transmitters || len(config.Signers[0]) != 20):
			t.Errorf("%s: got %+v, %v", name, config, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "block 7")):
			t.Errorf("%s: got error %v, want %q", name, err, test.want)
		}
	}
}
