package evm

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core"
	ethtypes "github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/ethclient/simulated"
	"github.com/ethereum/go-ethereum/params"

	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/gen/ocr2/ocr2aggregator"
	"github.com/ocrkit/ocrkit/gen/ocr2/ocrconfigurationstoreevmsimple"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/types"
)

const (
	simulatedChainID = 1337
	waitLimit        = 20 * time.Second // for what should come at once
)

// network is a contract on a simulated chain, and the keys of its oracles.
type network struct {
	t          *testing.T
	backend    *simulated.Backend
	client     simulated.Client
	owner      *keys.EVMKey
	oracles    []*keys.Bundle
	family     family
	contract   common.Address
	aggregator *ocr2aggregator.OCR2Aggregator // where there is one
}

// newNetwork deploys an OCR2 aggregator.
func newNetwork(t *testing.T, n int) *network {
	t.Helper()
	net := newNetworkOf(t, ocr2Family, n)
	net.aggregator = ocr2aggregator.NewOCR2Aggregator()
	return net
}

// The bounds of answers in all contracts under test.
var minAnswer, maxAnswer = big.NewInt(-1000), big.NewInt(1e12)

func newNetworkOf(t *testing.T, family family, n int) *network {
	t.Helper()
	r := mathrand.NewChaCha8([32]byte{1})
	net := &network{t: t, family: family}
	alloc := ethtypes.GenesisAlloc{}
	fund := func(key *keys.EVMKey) {
		alloc[key.Address()] = ethtypes.Account{Balance: new(big.Int).Mul(big.NewInt(1000), big.NewInt(params.Ether))}
	}
	var err error
	if net.owner, err = keys.GenerateEVMKey(r); err != nil {
		t.Fatal(err)
	}
	fund(net.owner)
	for range n {
		bundle, err := keys.GenerateBundleWithBLS(r)
		if err != nil {
			t.Fatal(err)
		}
		net.oracles = append(net.oracles, bundle)
		fund(bundle.Transmit)
	}
	net.backend = simulated.NewBackend(alloc)
	t.Cleanup(func() { net.backend.Close() })
	net.client = net.backend.Client()
	net.contract = net.deploy(family.code)
	if family.prepare != nil {
		net.send(&net.contract, family.prepare(net.transmitters()))
	}
	return net
}

// send sends a transaction of the owner, makes a block and returns the receipt.
func (net *network) send(to *common.Address, data []byte) *ethtypes.Receipt {
	net.t.Helper()
	return net.include(net.submit(to, data))
}

// include makes blocks until one has the transaction: the pool takes a moment to follow the chain, so the next one may not.
func (net *network) include(hash common.Hash) *ethtypes.Receipt {
	net.t.Helper()
	for limit := time.Now().Add(waitLimit); time.Now().Before(limit); {
		net.backend.Commit()
		receipt, err := net.client.TransactionReceipt(context.Background(), hash)
		if errors.Is(err, ethereum.NotFound) {
			continue
		}
		if err != nil || receipt.Status != ethtypes.ReceiptStatusSuccessful {
			net.t.Fatalf("transaction failed: %v, %v", receipt, err)
		}
		return receipt
	}
	net.t.Fatalf("transaction %s is in no block", hash)
	return nil
}

// submit sends a transaction of the owner, whose earlier ones are all in blocks.
func (net *network) submit(to *common.Address, data []byte) common.Hash {
	net.t.Helper()
	return net.submitAt(net.nonce(), params.GWei, to, data)
}

// nonce is what the chain says: the pool takes a moment to follow it.
func (net *network) nonce() uint64 {
	net.t.Helper()
	nonce, err := net.client.NonceAt(context.Background(), net.owner.Address(), nil)
	if err != nil {
		net.t.Fatal(err)
	}
	return nonce
}

// submitAt sends a transaction of the owner. After a fork the pool takes a moment to learn that the nonce is free again.
func (net *network) submitAt(nonce uint64, tip int64, to *common.Address, data []byte) common.Hash {
	net.t.Helper()
	ctx := context.Background()
	tx, err := ethtypes.SignNewTx(net.owner.PrivateKey(), ethtypes.LatestSignerForChainID(big.NewInt(simulatedChainID)), &ethtypes.DynamicFeeTx{
		ChainID: big.NewInt(simulatedChainID), Nonce: nonce, GasTipCap: big.NewInt(tip), GasFeeCap: big.NewInt(tip + 100*params.GWei), Gas: 8_000_000, To: to, Data: data,
	})
	if err != nil {
		net.t.Fatal(err)
	}
	limit := time.Now().Add(waitLimit)
	for err = net.client.SendTransaction(ctx, tx); err != nil; err = net.client.SendTransaction(ctx, tx) {
		if !strings.Contains(err.Error(), core.ErrNonceTooLow.Error()) || time.Now().After(limit) {
			net.t.Fatal(err)
		}
	}
	return tx.Hash()
}

func (net *network) deploy(code []byte) common.Address {
	net.t.Helper()
	return net.send(nil, code).ContractAddress
}

// configCall is the setConfig for all oracles with the given off-chain config.
func (net *network) configCall(offchainConfig string) []byte {
	net.t.Helper()
	config := types.ContractConfig{F: uint8((len(net.oracles) - 1) / 3), OffchainConfigVersion: 2, OffchainConfig: []byte(offchainConfig)}
	var err error
	if config.OnchainConfig, err = ocr2.AppendMedianOnchainConfig(nil, &ocr2.MedianOnchainConfig{MinAnswer: minAnswer, MaxAnswer: maxAnswer}); err != nil {
		net.t.Fatal(err)
	}
	for _, oracle := range net.oracles {
		config.Signers = append(config.Signers, net.family.signer(oracle.Public()))
	}
	calldata, err := net.family.setConfig(config, net.transmitters())
	if err != nil {
		net.t.Fatal(err)
	}
	return calldata
}

func (net *network) transmitters() (transmitters []common.Address) {
	for _, oracle := range net.oracles {
		transmitters = append(transmitters, oracle.Transmit.Address())
	}
	return transmitters
}

func (net *network) setConfig(offchainConfig string) *ethtypes.Receipt {
	net.t.Helper()
	return net.send(&net.contract, net.configCall(offchainConfig))
}

// report makes a report signed by the first count oracles.
func (net *network) report(repctx types.ReportContext, answer int64, count int) (types.Report, []types.AttributedOnchainSignature) {
	net.t.Helper()
	head, err := net.client.HeaderByNumber(context.Background(), nil)
	if err != nil {
		net.t.Fatal(err)
	}
	contents := ocr2.MedianReport{ObservationsTimestamp: uint32(head.Time), JuelsPerFeeCoin: big.NewInt(1)}
	for i := range net.oracles {
		contents.RawObservers[i] = byte(i)
		contents.Observations = append(contents.Observations, big.NewInt(answer))
	}
	report, err := ocr2.AppendMedianReport(nil, &contents)
	if err != nil {
		net.t.Fatal(err)
	}
	var signatures []types.AttributedOnchainSignature
	for i := range count {
		ring, err := NewOnchainKeyring(net.oracles[i].Onchain)
		if err != nil {
			net.t.Fatal(err)
		}
		signature, err := ring.Sign(repctx, report)
		if err != nil {
			net.t.Fatal(err)
		}
		signatures = append(signatures, types.AttributedOnchainSignature{Signature: signature, Signer: commontypes.OracleID(i)})
	}
	return report, signatures
}

func (net *network) tracker(subscribe bool) tracker {
	return net.family.newTracker(net.t, net.client, net.contract, subscribe)
}

func (net *network) manager(key *keys.EVMKey, change func(*TxManagerOptions)) (*TxManager, <-chan TxOutcome) {
	net.t.Helper()
	outcomes := make(chan TxOutcome, 100)
	options := TxManagerOptions{Client: net.client, Key: key, PollInterval: time.Millisecond, Outcome: func(o TxOutcome) { outcomes <- o }}
	if change != nil {
		change(&options)
	}
	manager, err := NewTxManager(options)
	if err != nil {
		net.t.Fatal(err)
	}
	net.t.Cleanup(func() { manager.Close() })
	return manager, outcomes
}

// mine makes blocks until the outcome of a transaction is there.
func (net *network) mine(outcomes <-chan TxOutcome) TxOutcome {
	net.t.Helper()
	limit := time.After(waitLimit)
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case outcome := <-outcomes:
			return outcome
		case <-limit:
			net.t.Fatal("no outcome of the transaction")
		case <-ticker.C:
			net.backend.Commit()
		}
	}
}

func receive[T any](t *testing.T, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(waitLimit):
		t.Fatalf("waited in vain for %s", what)
		panic("unreachable")
	}
}

// TestTracker follows a contract from before its first config to its third.
func TestTracker(t *testing.T) { eachFamily(t, testTracker) }

func testTracker(t *testing.T, family family) {
	net := newNetworkOf(t, family, 4)
	ctx := context.Background()
	tracker := net.tracker(true)
	receive(t, "the hint at the start of the subscription", tracker.Notify())

	if block, digest, err := tracker.LatestConfigDetails(ctx); block != 0 || digest != (types.ConfigDigest{}) || err != nil {
		t.Fatalf("before any config: block %d, digest %s, error %v", block, digest, err)
	}
	digester := family.digester(net.contract)
	check := func(wantBlock uint64, count uint64, offchainConfig string) {
		t.Helper()
		block, digest, err := tracker.LatestConfigDetails(ctx)
		if err != nil || block != wantBlock {
			t.Fatalf("config is of block %d (%v), want %d", block, err, wantBlock)
		}
		config, err := tracker.LatestConfig(ctx, block)
		if err != nil {
			t.Fatal(err)
		}
		if config.ConfigDigest != digest || config.ConfigCount != count || string(config.OffchainConfig) != offchainConfig || config.F != 1 || config.OffchainConfigVersion != 2 {
			t.Errorf("config is %+v, want digest %s, count %d, off-chain config %q", config, digest, count, offchainConfig)
		}
		for i, oracle := range net.oracles {
			if string(config.Signers[i]) != string(family.signer(oracle.Public())) || config.Transmitters[i] != oracle.Public().Account() {
				t.Errorf("oracle %d is %x, %s", i, config.Signers[i], config.Transmitters[i])
			}
		}
		if computed, err := digester.ConfigDigest(ctx, config); err != nil || computed != digest {
			t.Errorf("computed digest is %s (%v), the contract has %s", computed, err, digest)
		}
		if prefix, err := digester.ConfigDigestPrefix(ctx); err != nil || !prefix.IsPrefixOf(digest) {
			t.Errorf("prefix of digests is %v (%v), the contract has %s", prefix, err, digest)
		}
		if height, err := tracker.LatestBlockHeight(ctx); err != nil || height < wantBlock {
			t.Errorf("block height is %d (%v)", height, err)
		}
	}
	first := net.setConfig("first").BlockNumber.Uint64()
	receive(t, "the hint for the first config", tracker.Notify())
	check(first, 1, "first")

	// Two configs in one block: the last one counts.
	count, both := uint64(1), uint64(0)
	for both == 0 { // until the two are in the same block
		nonce := net.nonce()
		second := net.submitAt(nonce, params.GWei, &net.contract, net.configCall("second"))
		third := net.submitAt(nonce+1, params.GWei, &net.contract, net.configCall("third"))
		if block := net.include(second).BlockNumber.Uint64(); block == net.include(third).BlockNumber.Uint64() {
			both = block
		}
		count += 2
	}
	receive(t, "the hint for the second config", tracker.Notify())
	check(both, count, "third")

	if _, err := tracker.LatestConfig(ctx, both+1); err == nil || !strings.Contains(err.Error(), fmt.Sprint(both+1)) {
		t.Errorf("a block without config: got error %v", err)
	}
	polling := net.tracker(false)
	if polling.Notify() != nil {
		t.Error("a tracker that only polls has a channel")
	}
	if block, _, err := polling.LatestConfigDetails(ctx); block != both || err != nil {
		t.Errorf("polling: block %d, error %v", block, err)
	}
}

// TestTrackerReorg takes a block with a config away and sets another config in its place.
func TestTrackerReorg(t *testing.T) { eachFamily(t, testTrackerReorg) }

func testTrackerReorg(t *testing.T, family family) {
	net := newNetworkOf(t, family, 4)
	ctx := context.Background()
	tracker := net.tracker(false)
	fork, err := net.client.HeaderByNumber(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	gone := net.setConfig("gone").BlockNumber.Uint64()
	block, digest, err := tracker.LatestConfigDetails(ctx)
	if err != nil || block != gone {
		t.Fatalf("config is of block %d (%v), want %d", block, err, gone)
	}
	if err := net.backend.Fork(fork.Hash()); err != nil {
		t.Fatal(err)
	}
	// The transaction is in the pool again: one with its nonce, and nothing in it, takes its place.
	nonce, err := net.client.NonceAt(ctx, net.owner.Address(), fork.Number)
	if err != nil {
		t.Fatal(err)
	}
	owner := net.owner.Address()
	net.include(net.submitAt(nonce, 20*params.GWei, &owner, nil))
	net.backend.Commit() // longer than the branch with the config
	if _, digest, err := tracker.LatestConfigDetails(ctx); err != nil || digest != (types.ConfigDigest{}) {
		t.Fatalf("the contract still has config %s (%v)", digest, err)
	}
	if config, err := tracker.LatestConfig(ctx, block); err == nil || !strings.Contains(err.Error(), "reorganised") {
		t.Errorf("a config that was reorganised away: got %+v, %v", config, err)
	}
	other := net.setConfig("other").BlockNumber.Uint64()
	block, again, err := tracker.LatestConfigDetails(ctx)
	if err != nil || block != other || again == digest {
		t.Fatalf("config %s is of block %d (%v), want another digest and block %d", again, block, err, other)
	}
	if config, err := tracker.LatestConfig(ctx, block); err != nil || config.ConfigDigest != again || string(config.OffchainConfig) != "other" {
		t.Errorf("config %s (%v), want %s", config.ConfigDigest, err, again)
	}
}

// prunedLogs is a client whose node has no logs any more.
type prunedLogs struct{ Client }

func (prunedLogs) FilterLogs(context.Context, ethereum.FilterQuery) ([]ethtypes.Log, error) {
	return nil, nil
}

func TestTrackerConfigStore(t *testing.T) {
	net := newNetwork(t, 4)
	ctx := context.Background()
	store := net.deploy(common.FromHex(ocrconfigurationstoreevmsimple.OCRConfigurationStoreEVMSimpleMetaData.Bin))
	block := net.setConfig("config").BlockNumber.Uint64()
	fromLogs, err := net.tracker(false).LatestConfig(ctx, block)
	if err != nil {
		t.Fatal(err)
	}
	tracker := NewConfigTracker(ConfigTrackerOptions{Client: prunedLogs{net.client}, Contract: net.contract, ConfigStore: &store})
	defer tracker.Close()
	if _, err := tracker.LatestConfig(ctx, block); err == nil || !strings.Contains(err.Error(), "not known") {
		t.Errorf("before the digest is known: got error %v", err)
	}
	if _, _, err := tracker.LatestConfigDetails(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := tracker.LatestConfig(ctx, block); !errors.Is(err, ocr2.ErrConfigNotStored) && err == nil {
		t.Error("a config that is not stored was found")
	}
	stored := ocrconfigurationstoreevmsimple.OCRConfigurationStoreEVMSimpleConfigurationEVMSimple{
		ContractAddress: net.contract, ConfigCount: uint32(fromLogs.ConfigCount), F: fromLogs.F, OnchainConfig: fromLogs.OnchainConfig,
		OffchainConfigVersion: fromLogs.OffchainConfigVersion, OffchainConfig: fromLogs.OffchainConfig,
	}
	for _, oracle := range net.oracles {
		stored.Signers = append(stored.Signers, oracle.Onchain.Address())
		stored.Transmitters = append(stored.Transmitters, oracle.Transmit.Address())
	}
	net.send(&store, ocrconfigurationstoreevmsimple.NewOCRConfigurationStoreEVMSimple().PackAddConfig(stored))
	config, err := tracker.LatestConfig(ctx, block)
	if err != nil || config.ConfigDigest != fromLogs.ConfigDigest || fmt.Sprint(config) != fmt.Sprint(fromLogs) {
		t.Errorf("from the store: %+v (%v), want %+v", config, err, fromLogs)
	}
}

// TestTransmit brings reports on chain and reads them back, and sees the contract's refusals as typed errors.
func TestTransmit(t *testing.T) {
	net := newNetwork(t, 4)
	ctx := context.Background()
	net.setConfig("config")
	_, digest, err := net.tracker(false).LatestConfigDetails(ctx)
	if err != nil {
		t.Fatal(err)
	}
	key := net.oracles[0].Transmit
	manager, outcomes := net.manager(key, nil)
	transmitter := NewTransmitter(net.client, net.contract, manager)
	median := NewMedianContract(net.client, net.contract)

	if account, err := transmitter.FromAccount(ctx); err != nil || account != net.oracles[0].Public().Account() {
		t.Errorf("account is %s (%v), want %s", account, err, net.oracles[0].Public().Account())
	}
	expect := func(epoch uint32, round uint8, answer int64) {
		t.Helper()
		if d, e, err := transmitter.LatestConfigDigestAndEpoch(ctx); err != nil || d != digest || e != epoch {
			t.Errorf("latest digest and epoch are %s, %d (%v), want %s, %d", d, e, err, digest, epoch)
		}
		d, e, r, a, at, err := median.LatestTransmissionDetails(ctx)
		if err != nil || d != digest || e != epoch || r != round || a.Int64() != answer || (at.Unix() == 0) != (answer == 0) {
			t.Errorf("latest transmission is %s, %d, %d, %v at %v (%v); want %d, %d, %d", d, e, r, a, at, err, epoch, round, answer)
		}
	}
	expect(0, 0, 0)
	repctx := types.ReportContext{ReportTimestamp: types.ReportTimestamp{ConfigDigest: digest, Epoch: 1, Round: 1}, ExtraHash: [32]byte{1}}
	for i := range 3 {
		repctx.Round = uint8(i + 1)
		report, signatures := net.report(repctx, int64(100+i), 2)
		if err := transmitter.Transmit(ctx, repctx, report, signatures); err != nil {
			t.Fatal(err)
		}
		outcome := net.mine(outcomes)
		if outcome.Err != nil || outcome.Receipt == nil || outcome.Receipt.Status != ethtypes.ReceiptStatusSuccessful || outcome.Hash != outcome.Receipt.TxHash {
			t.Fatalf("outcome is %v", outcome)
		}
		expect(1, repctx.Round, int64(100+i))
	}

	report, signatures := net.report(repctx, 5, 2)
	next := repctx
	next.Round++
	newReport, newSignatures := net.report(next, 5, 2)
	_, three := net.report(next, 5, 3)
	otherDigest := next
	otherDigest.ConfigDigest[31]++
	for name, test := range map[string]struct {
		repctx     types.ReportContext
		report     types.Report
		signatures []types.AttributedOnchainSignature
		want       error
	}{
		"stale":               {repctx, report, signatures, ocr2.ErrStaleReport},
		"too few signatures":  {next, newReport, newSignatures[:1], ocr2.ErrWrongNumberOfSignatures},
		"too many signatures": {next, newReport, three, ocr2.ErrWrongNumberOfSignatures},
		"duplicate signer":    {next, newReport, []types.AttributedOnchainSignature{newSignatures[0], newSignatures[0]}, ocr2.ErrDuplicateSigner},
		"other report":        {next, report[:len(report)-32], newSignatures, ocr2.ErrSignatureError},
		"other digest":        {otherDigest, newReport, newSignatures, ocr2.ErrConfigDigestMismatch},
		"ragged report":       {next, append(append(types.Report{}, newReport...), 1), newSignatures, ocr2.ErrCalldataLengthMismatch},
	} {
		err := transmitter.Transmit(ctx, test.repctx, test.report, test.signatures)
		if !errors.Is(err, test.want) || RevertOf(err) == nil || !strings.Contains(err.Error(), net.contract.Hex()) {
			t.Errorf("%s: got error %v, want %v", name, err, test.want)
		}
	}
	stranger, _ := net.manager(net.owner, nil)
	if err := NewTransmitter(net.client, net.contract, stranger).Transmit(ctx, next, newReport, newSignatures); !errors.Is(err, ocr2.ErrUnauthorizedTransmitter) {
		t.Errorf("a stranger: got error %v", err)
	}
	// Without the trial the refusal shows when the transaction is priced, or on chain.
	blind, blindOutcomes := net.manager(net.oracles[1].Transmit, func(o *TxManagerOptions) { o.SkipSimulation = true })
	if err := NewTransmitter(net.client, net.contract, blind).Transmit(ctx, repctx, report, signatures); err != nil {
		t.Fatal(err)
	}
	if outcome := net.mine(blindOutcomes); !errors.Is(outcome.Err, ocr2.ErrStaleReport) || outcome.Sent != 0 {
		t.Errorf("without trial: outcome is %v", outcome)
	}
	expect(1, 3, 102)
}

// TestRoundRequested reads the newest request of a round.
func TestRoundRequested(t *testing.T) {
	net := newNetwork(t, 4)
	ctx := context.Background()
	net.setConfig("config")
	_, digest, err := net.tracker(false).LatestConfigDetails(ctx)
	if err != nil {
		t.Fatal(err)
	}
	median := NewMedianContract(net.client, net.contract)
	expect := func(want types.ConfigDigest, epoch uint32, round uint8) {
		t.Helper()
		d, e, r, err := median.LatestRoundRequested(ctx, time.Hour)
		if err != nil || d != want || e != epoch || r != round {
			t.Errorf("request is %s, %d, %d (%v); want %s, %d, %d", d, e, r, err, want, epoch, round)
		}
	}
	expect(types.ConfigDigest{}, 0, 0)
	net.send(&net.contract, net.aggregator.PackRequestNewRound())
	expect(digest, 0, 0)
	manager, outcomes := net.manager(net.oracles[2].Transmit, nil)
	repctx := types.ReportContext{ReportTimestamp: types.ReportTimestamp{ConfigDigest: digest, Epoch: 3, Round: 7}}
	report, signatures := net.report(repctx, 9, 2)
	if err := NewTransmitter(net.client, net.contract, manager).Transmit(ctx, repctx, report, signatures); err != nil {
		t.Fatal(err)
	}
	if outcome := net.mine(outcomes); outcome.Err != nil {
		t.Fatal(outcome.Err)
	}
	expect(digest, 0, 0)
	net.send(&net.contract, net.aggregator.PackRequestNewRound())
	expect(digest, 3, 7)
	for range reorgDepth + 5 { // out of the window that is searched again
		net.backend.Commit()
	}
	expect(digest, 3, 7)
	expect(digest, 3, 7)
	fresh := NewMedianContract(net.client, net.contract)
	if d, e, r, err := fresh.LatestRoundRequested(ctx, 100*time.Hour); d != digest || e != 3 || r != 7 || err != nil {
		t.Errorf("a fresh reader: request is %s, %d, %d (%v)", d, e, r, err)
	}
}

// TestReplacement lets a transaction wait until it is replaced by one with higher fees.
func TestReplacement(t *testing.T) {
	net := newNetwork(t, 4)
	ctx := context.Background()
	key := net.oracles[0].Transmit
	sent := make(chan *ethtypes.Transaction, 10)
	manager, outcomes := net.manager(key, func(o *TxManagerOptions) {
		o.Client = recorder{net.client, sent}
		o.BumpAfter = 2 * time.Millisecond
	})
	if err := manager.Send(ctx, net.contract, net.aggregator.PackLatestAnswer()); err != nil {
		t.Fatal(err)
	}
	first, second := receive(t, "the transaction", sent), receive(t, "its replacement", sent)
	if first.Nonce() != second.Nonce() {
		t.Errorf("nonces are %d and %d", first.Nonce(), second.Nonce())
	}
	for what, fees := range map[string][2]*big.Int{"tip": {first.GasTipCap(), second.GasTipCap()}, "fee": {first.GasFeeCap(), second.GasFeeCap()}} {
		if least := new(big.Int).Div(new(big.Int).Mul(fees[0], big.NewInt(110)), big.NewInt(100)); fees[1].Cmp(least) < 0 {
			t.Errorf("%s went from %s to %s", what, fees[0], fees[1])
		}
	}
	outcome := net.mine(outcomes)
	if outcome.Err != nil || outcome.Sent < 2 {
		t.Errorf("outcome is %v", outcome)
	}
	nonce, err := net.client.NonceAt(ctx, key.Address(), nil)
	if err != nil || nonce != 1 {
		t.Errorf("nonce is %d (%v), want 1", nonce, err)
	}
}

// TestAbandoned gives a transaction up; the next one takes its nonce.
func TestAbandoned(t *testing.T) {
	net := newNetwork(t, 4)
	ctx := context.Background()
	key := net.oracles[0].Transmit
	sent := make(chan *ethtypes.Transaction, 10)
	manager, outcomes := net.manager(key, func(o *TxManagerOptions) {
		o.Client = recorder{net.client, sent}
		o.GiveUpAfter, o.BumpAfter = 500*time.Millisecond, time.Hour
	})
	if err := manager.Send(ctx, net.contract, net.aggregator.PackLatestAnswer()); err != nil {
		t.Fatal(err)
	}
	if outcome := receive(t, "the outcome", outcomes); !errors.Is(outcome.Err, ErrTxAbandoned) {
		t.Fatalf("outcome is %v", outcome)
	}
	if err := manager.Send(ctx, net.contract, net.aggregator.PackLatestRound()); err != nil {
		t.Fatal(err)
	}
	receive(t, "the first transaction", sent)
	receive(t, "the second transaction", sent)
	outcome := net.mine(outcomes)
	if outcome.Err != nil {
		t.Fatal(outcome.Err)
	}
	nonce, err := net.client.NonceAt(ctx, key.Address(), nil)
	if err != nil || nonce != 1 {
		t.Errorf("nonce is %d (%v), want 1: the second transaction takes the place of the first", nonce, err)
	}
}

// recorder tells of each transaction that is sent.
type recorder struct {
	Client
	sent chan<- *ethtypes.Transaction
}

func (r recorder) SendTransaction(ctx context.Context, tx *ethtypes.Transaction) error {
	err := r.Client.SendTransaction(ctx, tx)
	if err == nil {
		select {
		case r.sent <- tx:
		default:
		}
	}
	return err
}
