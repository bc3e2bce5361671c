package evm

import (
	"bytes"
	"context"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/ocrkit/ocrkit/gen/ocr1"
	"github.com/ocrkit/ocrkit/gen/ocr1/offchainaggregator"
	"github.com/ocrkit/ocrkit/offchain/evm/evmutil"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/test/vectors"
)

func TestOCR1SignVectors(t *testing.T) {
	vectors.EachKind(t, "../config/testdata", []string{"config-ocr1.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"onchainSign": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind                string
					Message, PrivateKey vectors.Hex
				}](t, c.Input)
				want := vectors.DecodeStrict[struct {
					Address         common.Address
					Hash, Signature vectors.Hex
				}](t, c.Output)
				private, err := crypto.ToECDSA(in.PrivateKey)
				if err != nil {
					t.Fatal(err)
				}
				key, err := keys.NewEVMKey(private)
				if err != nil {
					t.Fatal(err)
				}
				ring, err := NewOCR1PrivateKeys(key, testBundle(t).Offchain)
				if err != nil {
					t.Fatal(err)
				}
				signature, err := ring.SignOnChain(in.Message)
				if err != nil || !bytes.Equal(signature, want.Signature) {
					t.Errorf("signature %x (%v), want %v", signature, err, want.Signature)
				}
				if got := ring.PublicKeyAddressOnChain(); common.Address(got) != want.Address {
					t.Errorf("address %x, want %s", got, want.Address)
				}
				if hash := crypto.Keccak256(in.Message); !bytes.Equal(hash, want.Hash) {
					t.Errorf("hash %x, want %v", hash, want.Hash)
				}
			},
		},
		Elsewhere: map[string]string{
			"decode": "offchain/config/ocr1config", "sharedConfig": "offchain/config/ocr1config", "chainClasses": "offchain/config/ocr1config",
			"setConfigEndToEnd": "offchain/ocr1confighelper", "integrationTestHelper": "offchain/ocr1confighelper",
		},
	})
}

func testBundle(t *testing.T) *keys.Bundle {
	t.Helper()
	bundle, err := keys.GenerateBundle(strings.NewReader(strings.Repeat("some bytes that are not all the same, ", 20)))
	if err != nil {
		t.Fatal(err)
	}
	return bundle
}

func TestOCR1PrivateKeys(t *testing.T) {
	bundle := testBundle(t)
	ring, err := NewOCR1PrivateKeys(bundle.Onchain, bundle.Offchain)
	if err != nil {
		t.Fatal(err)
	}
	public := bundle.Public()
	if !bytes.Equal(ring.PublicKeyOffChain(), public.OffchainPublicKey[:]) || ring.PublicKeyConfig() != public.ConfigEncryptionPublicKey ||
		common.Address(ring.PublicKeyAddressOnChain()) != common.Address(public.OnchainAddress) {
		t.Error("the public keys are not those of the bundle")
	}
	signature, err := ring.SignOffChain([]byte("message"))
	want, _ := bundle.Offchain.OffchainSign([]byte("message"))
	if err != nil || !bytes.Equal(signature, want) {
		t.Errorf("off-chain signature %x (%v), want %x", signature, err, want)
	}
	point := [32]byte{9}
	shared, err := ring.ConfigDiffieHellman(&point)
	wantShared, _ := bundle.Offchain.ConfigDiffieHellman(point)
	if err != nil || *shared != wantShared {
		t.Errorf("shared point %x (%v), want %x", shared, err, wantShared)
	}
	for _, bad := range []*[32]byte{nil, {}} { // no point, and one of low order
		if shared, err := ring.ConfigDiffieHellman(bad); err == nil {
			t.Errorf("point %v gives %x", bad, shared)
		}
	}
	for _, missing := range []func() (*OCR1PrivateKeys, error){
		func() (*OCR1PrivateKeys, error) { return NewOCR1PrivateKeys(nil, bundle.Offchain) },
		func() (*OCR1PrivateKeys, error) { return NewOCR1PrivateKeys(bundle.Onchain, nil) },
	} {
		if _, err := missing(); err == nil {
			t.Error("a missing key is fine")
		}
	}
}

// ocr1Report makes a report signed by the first count oracles.
func (net *network) ocr1Report(digest ocr1types.ConfigDigest, epoch uint32, round uint8, answer int64, count int) (report []byte, rs, ss [][32]byte, vs [32]byte) {
	net.t.Helper()
	header, err := ocr1.AppendReportContext(nil, &ocr1.ReportContext{ConfigDigest: digest, Epoch: epoch, Round: round})
	if err != nil {
		net.t.Fatal(err)
	}
	contents := ocr1.Report{RawReportContext: [32]byte(header)}
	for i := range net.oracles {
		contents.RawObservers[i] = byte(i)
		contents.Observations = append(contents.Observations, big.NewInt(answer))
	}
	if report, err = ocr1.AppendReport(nil, &contents); err != nil {
		net.t.Fatal(err)
	}
	for i, oracle := range net.oracles[:count] {
		ring, err := NewOCR1PrivateKeys(oracle.Onchain, oracle.Offchain)
		if err != nil {
			net.t.Fatal(err)
		}
		signature, err := ring.SignOnChain(report)
		if err != nil {
			net.t.Fatal(err)
		}
		r, s, v, err := evmutil.SplitSignature(signature)
		if err != nil {
			net.t.Fatal(err)
		}
		rs, ss = append(rs, r), append(ss, s)
		vs[i] = v
	}
	return report, rs, ss, vs
}

// TestOCR1Transmit brings reports on chain and reads them back, and sees the contract's refusals as typed errors. It also reads
// requests of rounds.
func TestOCR1Transmit(t *testing.T) {
	net := newNetworkOf(t, ocr1Family, 4)
	ctx := context.Background()
	net.setConfig("config")
	_, digest, err := NewOCR1ConfigTracker(OCR1ConfigTrackerOptions{Client: net.client, Contract: net.contract}).LatestConfigDetails(ctx)
	if err != nil {
		t.Fatal(err)
	}
	manager, outcomes := net.manager(net.oracles[0].Transmit, nil)
	transmitter := NewOCR1Transmitter(net.client, net.contract, manager, big.NewInt(simulatedChainID))
	if transmitter.FromAddress() != net.oracles[0].Transmit.Address() {
		t.Errorf("from %s", transmitter.FromAddress())
	}
	transmitter.ChainID().SetInt64(5)
	if id := transmitter.ChainID(); id.Int64() != simulatedChainID {
		t.Errorf("chain id %s", id)
	}

	expect := func(epoch uint32, round uint8, answer int64) {
		t.Helper()
		d, e, r, a, at, err := transmitter.LatestTransmissionDetails(ctx)
		if err != nil || d != digest || e != epoch || r != round || (*big.Int)(a).Int64() != answer || (at.Unix() == 0) != (answer == 0) {
			t.Errorf("latest transmission is %s, %d, %d, %v at %v (%v); want %d, %d, %d", d, e, r, (*big.Int)(a), at, err, epoch, round, answer)
		}
	}
	requested := func(want ocr1types.ConfigDigest, epoch uint32, round uint8) {
		t.Helper()
		d, e, r, err := transmitter.LatestRoundRequested(ctx, time.Hour)
		if err != nil || d != want || e != epoch || r != round {
			t.Errorf("request is %s, %d, %d (%v); want %s, %d, %d", d, e, r, err, want, epoch, round)
		}
	}
	request := func() { net.send(&net.contract, offchainaggregator.NewOffchainAggregator().PackRequestNewRound()) }
	expect(0, 0, 0)
	requested(ocr1types.ConfigDigest{}, 0, 0)
	request()
	requested(digest, 0, 0)
	for i := range 3 {
		report, rs, ss, vs := net.ocr1Report(digest, 1, uint8(i+1), int64(100+i), 2)
		if err := transmitter.Transmit(ctx, report, rs, ss, vs); err != nil {
			t.Fatal(err)
		}
		if outcome := net.mine(outcomes); outcome.Err != nil || outcome.Receipt.Status != ethtypes.ReceiptStatusSuccessful {
			t.Fatalf("outcome is %v", outcome)
		}
		expect(1, uint8(i+1), int64(100+i))
	}
	requested(digest, 0, 0)
	request()
	requested(digest, 1, 3)

	type transmission struct {
		report []byte
		rs, ss [][32]byte
		vs     [32]byte
	}
	signed := func(digest ocr1types.ConfigDigest, epoch uint32, round uint8, answer int64, count int) transmission {
		report, rs, ss, vs := net.ocr1Report(digest, epoch, round, answer, count)
		return transmission{report, rs, ss, vs}
	}
	twice := signed(digest, 1, 4, 5, 2)
	twice.rs[1], twice.ss[1], twice.vs[1] = twice.rs[0], twice.ss[0], twice.vs[0]
	other := signed(digest, 1, 4, 5, 2)
	other.report = signed(digest, 1, 4, 6, 0).report
	otherDigest := digest
	otherDigest[0]++
	for name, test := range map[string]struct {
		transmission
		want error
	}{
		"stale":              {signed(digest, 1, 3, 5, 2), ocr1.ErrStaleReport},
		"too few signatures": {signed(digest, 1, 4, 5, 1), ocr1.ErrNotEnoughSignatures},
		"same signer twice":  {twice, ocr1.ErrNonUniqueSignature},
		"another report":     {other, ocr1.ErrAddressNotAuthorizedToSign},
		"other digest":       {signed(otherDigest, 1, 4, 5, 2), ocr1.ErrConfigDigestMismatch},
		"out of range":       {signed(digest, 1, 4, -1001, 2), ocr1.ErrMedianIsOutOfMinMaxRange},
	} {
		err := transmitter.Transmit(ctx, test.report, test.rs, test.ss, test.vs)
		if !errors.Is(err, test.want) {
			t.Errorf("%s: got error %v, want %v", name, err, test.want)
		}
		if err != nil && !strings.Contains(err.Error(), "transmit of epoch 1, round ") {
			t.Errorf("%s: the error does not say which report: %v", name, err)
		}
	}
	expect(1, 3, 102)
}

func TestOCR1TransmitCalldata(t *testing.T) {
	halves := func(n int) [][32]byte { return make([][32]byte, n) }
	for name, test := range map[string]struct {
		r, s int
		fits bool
	}{
		"none": {0, 0, true}, "most": {32, 32, true}, "too many": {33, 33, false}, "r is missing": {1, 2, false}, "s is missing": {2, 1, false},
	} {
		calldata, err := OCR1TransmitCalldata([]byte("report"), halves(test.r), halves(test.s), [32]byte{1})
		if (err == nil) != test.fits {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		var call ocr1.TransmitCall
		if err := ocr1.DecodeTransmit(calldata, &call); err != nil || string(call.Report) != "report" || len(call.Rs) != test.r || len(call.Ss) != test.s || call.RawVs != [32]byte{1} {
			t.Errorf("%s: %+v (%v)", name, call, err)
		}
	}
	for report, want := range map[string]string{
		"short": "a report of 5 bytes", strings.Repeat("x", 32): "a report of 32 bytes",
	} {
		if got := reportName([]byte(report)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestOCR1Subscription gets configs by subscription, misses some, sees garbage, and loses the subscription.
func TestOCR1Subscription(t *testing.T) {
	ctx := context.Background()
	logs := make(chan chan<- ethtypes.Log, 1)
	live := newSubscription()
	client := &fake{subscribe: func(to chan<- ethtypes.Log) (ethereum.Subscription, error) { logs <- to; return live, nil }}
	tracker := NewOCR1ConfigTracker(OCR1ConfigTrackerOptions{Client: client, Contract: testContract, Subscribe: true})
	subscription, err := tracker.SubscribeToNewConfigs(ctx)
	if err != nil {
		t.Fatal(err)
	}
	to := receive(t, "the subscription", logs)
	logOf := func(content string) ethtypes.Log {
		data, err := ocr1Family.packConfigSet(content)
		if err != nil {
			t.Fatal(err)
		}
		return ethtypes.Log{Address: testContract, Topics: []common.Hash{ocr1.ConfigSetTopic}, BlockNumber: 7, Data: data}
	}
	to <- logOf("first")
	if config := receive(t, "a config", subscription.Configs()); string(config.Encoded) != "first" || config.ConfigDigest == (ocr1types.ConfigDigest{}) {
		t.Errorf("config %+v", config)
	}
	removed, foreign, garbage := logOf("removed"), logOf("foreign"), logOf("garbage")
	removed.Removed, foreign.Address, garbage.Data = true, common.Address{}, []byte("garbage")
	huge := logOf("huge")
	huge.Data = make([]byte, maxConfigLogBytes+1)
	for _, log := range []ethtypes.Log{removed, foreign, garbage, huge, logOf("second")} {
		to <- log
	}
	if config := receive(t, "a config", subscription.Configs()); string(config.Encoded) != "second" {
		t.Errorf("config %q", config.Encoded)
	}
	for _, content := range []string{"nobody takes it", "nor this one", "third"} {
		to <- logOf(content)
	}
	for string(receive(t, "the last config", subscription.Configs()).Encoded) != "third" {
	}
	live.errs <- errDead
	receive(t, "the end of the subscription", live.gone)
	if _, open := <-subscription.Configs(); open {
		t.Error("a broken subscription delivers")
	}
	subscription.Close()

	// One that does not break ends when it is closed.
	live = newSubscription()
	if subscription, err = tracker.SubscribeToNewConfigs(ctx); err != nil {
		t.Fatal(err)
	}
	receive(t, "the subscription", logs)
	subscription.Close()
	receive(t, "the end of the subscription", live.gone)
	if _, open := <-subscription.Configs(); open {
		t.Error("a closed subscription delivers")
	}
}

func TestOCR1SubscriptionRefused(t *testing.T) {
	ctx := context.Background()
	for _, unsupported := range []error{nil, rpc.ErrNotificationsUnsupported, rpcError{-32601, "the method eth_subscribe does not exist", nil}} {
		client := &fake{subscribe: func(chan<- ethtypes.Log) (ethereum.Subscription, error) { return nil, unsupported }}
		tracker := NewOCR1ConfigTracker(OCR1ConfigTrackerOptions{Client: client, Contract: testContract, Subscribe: unsupported != nil})
		idle, err := tracker.SubscribeToNewConfigs(ctx)
		if err != nil {
			t.Fatalf("%v: %v", unsupported, err)
		}
		select {
		case config, open := <-idle.Configs():
			t.Errorf("%v: delivers %v, %v", unsupported, config, open)
		default:
		}
		idle.Close()
		if _, open := <-idle.Configs(); open {
			t.Errorf("%v: a closed subscription delivers", unsupported)
		}
	}
	client := &fake{subscribe: func(chan<- ethtypes.Log) (ethereum.Subscription, error) { return nil, errDead }}
	tracker := NewOCR1ConfigTracker(OCR1ConfigTrackerOptions{Client: client, Contract: testContract, Subscribe: true})
	if _, err := tracker.SubscribeToNewConfigs(ctx); !errors.Is(err, errDead) {
		t.Errorf("got %v, want %v", err, errDead)
	}
}
