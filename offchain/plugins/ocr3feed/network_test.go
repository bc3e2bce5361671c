package ocr3feed_test

import (
	"context"
	"errors"
	"math/big"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/ethclient/simulated"
	"github.com/ethereum/go-ethereum/params"

	"github.com/ocrkit/ocrkit/gen/ocr3"
	"github.com/ocrkit/ocrkit/gen/ocr3/ocr3blsfeed"
	"github.com/ocrkit/ocrkit/gen/ocr3/ocr3ecdsafeed"
	"github.com/ocrkit/ocrkit/offchain"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr3config"
	"github.com/ocrkit/ocrkit/offchain/confighelper"
	"github.com/ocrkit/ocrkit/offchain/evm"
	"github.com/ocrkit/ocrkit/offchain/evm/evmutil"
	"github.com/ocrkit/ocrkit/offchain/evm/ocr3keyring"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/ocr3confighelper"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/p2p/inmemory"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/plugins/ocr3feed"
	"github.com/ocrkit/ocrkit/offchain/store"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/ocr2net"
)

const (
	chainID   = 1337
	waitLimit = 3 * time.Minute       // of a machine that is busy, with the race detector
	blockTime = 50 * time.Millisecond // at least, between blocks with transactions
	basePrice = 1_000_000
)

// feedNetwork is four oracles as they run in production, but that their messages and databases stay in memory, and a feed on a
// simulated chain.
type feedNetwork struct {
	t        *testing.T
	scheme   ocr3keyring.Scheme
	backend  *simulated.Backend
	client   simulated.Client
	owner    *keys.EVMKey
	oracles  []*feedOracle
	links    *inmemory.Network
	database *store.Store
	accounts []common.Address // that send transactions
	contract common.Address
	feed     *evm.FeedContract
	price    atomic.Int64
	skipped  atomic.Int64 // by how many nanoseconds all clocks are ahead
	losing   atomic.Bool  // transactions of oracles are lost
	configs  byte
}

// now is the clock of all oracles' plugins.
func (net *feedNetwork) now() time.Time { return time.Now().Add(time.Duration(net.skipped.Load())) }

// skip puts the clocks forward.
func (net *feedNetwork) skip(d time.Duration) { net.skipped.Add(int64(d)) }

type feedOracle struct {
	net     *feedNetwork
	index   int
	keys    *keys.Bundle
	keyring *ocr3keyring.Keyring[struct{}]
	log     *ocr2net.Log
	stop    func() // nil unless it runs

	observations atomic.Int64 // how many it has begun

	lossLock sync.Mutex
	lost     map[uint64]bool // sequence numbers of reports whose transactions were lost
}

var errLost = errors.New("scripted loss of a transaction")

// lossy loses transactions while the network is losing them.
type lossy struct {
	ocr3types.ContractTransmitter[struct{}]
	oracle *feedOracle
}

func (l lossy) Transmit(ctx context.Context, digest types.ConfigDigest, seqNr uint64, report ocr3types.ReportWithInfo[struct{}], signatures []types.AttributedOnchainSignature) error {
	if l.oracle.net.losing.Load() {
		l.oracle.lossLock.Lock()
		defer l.oracle.lossLock.Unlock()
		l.oracle.lost[seqNr] = true
		return errLost
	}
	return l.ContractTransmitter.Transmit(ctx, digest, seqNr, report, signatures)
}

// lostAll returns the sequence numbers of reports that all oracles have lost.
func (net *feedNetwork) lostAll() (list []uint64) {
	count := map[uint64]int{}
	for _, o := range net.oracles {
		o.lossLock.Lock()
		for seqNr := range o.lost {
			count[seqNr]++
		}
		o.lossLock.Unlock()
	}
	for seqNr, n := range count {
		if n == len(net.oracles) {
			list = append(list, seqNr)
		}
	}
	return list
}

// Observe returns the price, a little different at each oracle. The last one is a liar.
func (o *feedOracle) Observe(context.Context, types.ReportTimestamp) (*big.Int, error) {
	o.observations.Add(1)
	if o.index == len(o.net.oracles)-1 {
		return median.MaxValue(), nil
	}
	return big.NewInt(o.net.price.Load() + int64(o.index)), nil
}

func newFeedNetwork(t *testing.T, scheme ocr3keyring.Scheme) *feedNetwork {
	t.Helper()
	net := &feedNetwork{t: t, scheme: scheme, links: inmemory.NewNetwork()}
	net.price.Store(basePrice)
	random := mathrand.NewChaCha8([32]byte{3}) // keys of this network are anybody's
	alloc := ethtypes.GenesisAlloc{}
	fund := func(key *keys.EVMKey) {
		net.accounts = append(net.accounts, key.Address())
		alloc[key.Address()] = ethtypes.Account{Balance: new(big.Int).Mul(big.NewInt(1000), big.NewInt(params.Ether))}
	}
	var err error
	if net.owner, err = keys.GenerateEVMKey(random); err != nil {
		t.Fatal(err)
	}
	fund(net.owner)
	for i := range 4 {
		o := &feedOracle{net: net, index: i, log: &ocr2net.Log{}, lost: map[uint64]bool{}}
		if o.keys, err = keys.GenerateBundleWithBLS(random); err != nil {
			t.Fatal(err)
		}
		o.keyring, err = ocr3keyring.NewECDSA[struct{}](o.keys.Onchain)
		if scheme == ocr3keyring.BLS {
			o.keyring, err = ocr3keyring.NewBLS[struct{}](o.keys.BLS.SecretKey())
		}
		if err != nil {
			t.Fatal(err)
		}
		fund(o.keys.Transmit)
		net.oracles = append(net.oracles, o)
	}
	if net.database, err = store.OpenInMemory(store.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := net.database.Close(); err != nil {
			t.Error(err)
		}
	})
	net.backend = simulated.NewBackend(alloc)
	net.client = net.backend.Client()
	net.mine()
	net.contract = net.send(nil, net.code()).ContractAddress
	net.feed = evm.NewFeedContract(net.client, net.contract)
	t.Cleanup(net.stopAll) // first of all
	return net
}

// mine makes a block now and then while there are transactions, until the test ends.
func (net *feedNetwork) mine() {
	ctx, stop := context.WithCancel(context.Background())
	var miner sync.WaitGroup
	miner.Go(func() {
		ticker := time.NewTicker(blockTime)
		defer ticker.Stop()
		for ctx.Err() == nil {
			if net.waiting(ctx) {
				net.backend.Commit()
			}
			select {
			case <-ctx.Done():
			case <-ticker.C:
			}
		}
	})
	net.t.Cleanup(func() {
		stop()
		miner.Wait()
		_ = net.backend.Close() // complains of its own services
	})
}

// waiting tells whether there are transactions for a block. (The node's pending block, which could tell too, is up to two seconds
// old.)
func (net *feedNetwork) waiting(ctx context.Context) bool {
	return slices.ContainsFunc(net.accounts, func(account common.Address) bool {
		pending, err := net.client.PendingNonceAt(ctx, account)
		if err != nil {
			return false
		}
		mined, err := net.client.NonceAt(ctx, account, nil)
		return err == nil && pending > mined
	})
}

// The feed takes positive answers.
var feedBounds = median.OnchainConfig{Min: big.NewInt(1), Max: big.NewInt(1e12)}

func (net *feedNetwork) code() []byte {
	if net.scheme == ocr3keyring.BLS {
		return slices.Concat(common.FromHex(ocr3blsfeed.OCR3BLSFeedMetaData.Bin), ocr3blsfeed.NewOCR3BLSFeed().PackConstructor(feedBounds.Min, feedBounds.Max, 8, "TEST"))
	}
	return slices.Concat(common.FromHex(ocr3ecdsafeed.OCR3ECDSAFeedMetaData.Bin), ocr3ecdsafeed.NewOCR3ECDSAFeed().PackConstructor(feedBounds.Min, feedBounds.Max, 8, "TEST"))
}

// wait polls until the condition holds. A node may fail for a moment, while it indexes a block.
func (net *feedNetwork) wait(what string, condition func(context.Context) (bool, error)) {
	net.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), waitLimit)
	defer cancel()
	ticker := time.NewTicker(blockTime / 2)
	defer ticker.Stop()
	for {
		done, err := condition(ctx)
		if done && err == nil {
			return
		}
		select {
		case <-ctx.Done():
			for _, o := range net.oracles {
				net.t.Logf("oracle %d: %v", o.index, o.log.Bad())
			}
			net.t.Fatalf("waited in vain for %s (%v)", what, err)
		case <-ticker.C:
		}
	}
}

// send sends a transaction of the owner and waits until a block has it.
func (net *feedNetwork) send(to *common.Address, data []byte) *ethtypes.Receipt {
	net.t.Helper()
	ctx := context.Background()
	nonce, err := net.client.NonceAt(ctx, net.owner.Address(), nil)
	if err != nil {
		net.t.Fatal(err)
	}
	tx, err := ethtypes.SignNewTx(net.owner.PrivateKey(), ethtypes.LatestSignerForChainID(big.NewInt(chainID)), &ethtypes.DynamicFeeTx{
		ChainID: big.NewInt(chainID), Nonce: nonce, GasTipCap: big.NewInt(params.GWei), GasFeeCap: big.NewInt(100 * params.GWei), Gas: 8_000_000, To: to, Data: data,
	})
	if err != nil {
		net.t.Fatal(err)
	}
	if err := net.client.SendTransaction(ctx, tx); err != nil {
		net.t.Fatal(err)
	}
	var receipt *ethtypes.Receipt
	net.wait("a transaction", func(ctx context.Context) (done bool, err error) {
		receipt, err = net.client.TransactionReceipt(ctx, tx.Hash())
		return true, err
	})
	if receipt.Status != ethtypes.ReceiptStatusSuccessful {
		net.t.Fatal("a transaction failed")
	}
	return receipt
}

// setConfig sets a config of all oracles.
func (net *feedNetwork) setConfig(plugin median.OffchainConfig) {
	net.t.Helper()
	onchainConfig, err := median.StandardOnchainConfigCodec{}.Encode(context.Background(), feedBounds)
	if err != nil {
		net.t.Fatal(err)
	}
	in := ocr3confighelper.SetConfigInput{PublicConfig: ocr3config.PublicConfig{
		DeltaProgress:                           3 * time.Second,
		DeltaResend:                             time.Second,
		DeltaInitial:                            500 * time.Millisecond,
		DeltaRound:                              100 * time.Millisecond,
		DeltaGrace:                              20 * time.Millisecond,
		DeltaCertifiedCommitRequest:             300 * time.Millisecond,
		DeltaStage:                              500 * time.Millisecond,
		RMax:                                    20,
		S:                                       []int{1, 3},
		ReportingPluginConfig:                   plugin.Encode(),
		MaxDurationQuery:                        100 * time.Millisecond,
		MaxDurationObservation:                  500 * time.Millisecond,
		MaxDurationShouldAcceptAttestedReport:   5 * time.Second, // for a busy machine: an oracle that is late does not transmit
		MaxDurationShouldTransmitAcceptedReport: 5 * time.Second,
		F:                                       1,
		OnchainConfig:                           onchainConfig,
	}}
	var transmitters []common.Address
	for _, o := range net.oracles {
		in.Oracles = append(in.Oracles, confighelper.OracleIdentityExtra{
			OracleIdentity: config.OracleIdentity{
				OffchainPublicKey: o.keys.Offchain.OffchainPublicKey(), OnchainPublicKey: o.keyring.PublicKey(),
				PeerID: o.keys.Peer.PeerID().String(), TransmitAccount: o.keys.Public().Account(),
			},
			ConfigEncryptionPublicKey: o.keys.Offchain.ConfigEncryptionPublicKey(),
		})
		transmitters = append(transmitters, o.keys.Transmit.Address())
	}
	net.configs++
	args, err := ocr3confighelper.NewSetConfigArgs(confighelper.LevelDevelopment, in, confighelper.Secrets{
		SharedSecret: config.SharedSecret{15: net.configs}, EphemeralSecretKey: [32]byte{1, 2, net.configs},
	})
	if err != nil {
		net.t.Fatal(err)
	}
	list, err := net.scheme.KeyList(args.Signers)
	if err != nil {
		net.t.Fatal(err)
	}
	net.send(&net.contract, ocr3.AppendSetConfig(nil, &ocr3.SetConfigCall{
		Keys: list, Transmitters: transmitters, F: args.F, OnchainConfig: args.OnchainConfig, OffchainConfigVersion: args.OffchainConfigVersion, OffchainConfig: args.OffchainConfig,
	}))
}

// start starts an oracle with what its database holds.
func (o *feedOracle) start() {
	net := o.net
	net.t.Helper()
	manager, err := evm.NewTxManager(evm.TxManagerOptions{Client: net.client, Key: o.keys.Transmit, PollInterval: blockTime, Logger: o.log})
	if err != nil {
		net.t.Fatal(err)
	}
	tracker := evm.NewOCR3ConfigTracker(evm.OCR3ConfigTrackerOptions{Client: net.client, Contract: net.contract, Subscribe: true, Logger: o.log})
	peerID := o.keys.Peer.PeerID().String()
	oracle, err := offchain.NewOracle(offchain.OCR3OracleArgs[struct{}]{
		BinaryNetworkEndpointFactory: net.links.Peer(peerID),
		ContractConfigTracker:        tracker,
		ContractTransmitter:          lossy{evm.NewOCR3Transmitter[struct{}](net.contract, net.scheme, manager), o},
		Database:                     net.database.Job(peerID),
		LocalConfig: types.LocalConfig{
			BlockchainTimeout:                  5 * time.Second,
			ContractConfigConfirmations:        1,
			SkipContractConfigConfirmations:    true,
			ContractConfigTrackerPollInterval:  time.Second,
			ContractConfigLoadTimeout:          5 * time.Second,
			ContractTransmitterTransmitTimeout: 5 * time.Second,
			DatabaseTimeout:                    2 * time.Second,
			DefaultMaxDurationInitialization:   5 * time.Second,
			DevelopmentMode:                    types.EnableDangerousDevelopmentMode,
		},
		Logger:                 o.log,
		OffchainConfigDigester: evmutil.OCR3OffchainConfigDigester{ChainID: chainID, ContractAddress: net.contract},
		OffchainKeyring:        o.keys.Offchain,
		OnchainKeyring:         o.keyring,
		ReportingPluginFactory: ocr3feed.Factory{DataSource: o, Contract: net.feed, Logger: o.log, Now: net.now},
	})
	if err == nil {
		err = oracle.Start()
	}
	if err != nil {
		net.t.Fatal(errors.Join(err, tracker.Close(), manager.Close()))
	}
	o.stop = func() {
		if err := errors.Join(oracle.Close(), tracker.Close(), manager.Close()); err != nil {
			net.t.Errorf("oracle %d: %v", o.index, err)
		}
		o.stop = nil
	}
}

func (net *feedNetwork) startAll() {
	net.t.Helper()
	for _, o := range net.oracles {
		if o.stop == nil {
			o.start()
		}
	}
}

func (net *feedNetwork) stopAll() {
	var closing sync.WaitGroup
	for _, o := range net.oracles {
		if o.stop != nil {
			closing.Go(o.stop)
		}
	}
	closing.Wait()
}

// waitForAnswer waits until the contract has another report than before, with the answer near a price.
func (net *feedNetwork) waitForAnswer(what string, before evm.FeedTransmission, price int64) (latest evm.FeedTransmission) {
	net.t.Helper()
	start := time.Now()
	defer func() { net.t.Logf("%s took %v", what, time.Since(start)) }()
	net.wait(what, func(ctx context.Context) (done bool, err error) {
		latest, err = net.feed.LatestTransmissionDetails(ctx)
		return err == nil && latest.SeqNr > 0 && (latest.ConfigDigest != before.ConfigDigest || latest.SeqNr > before.SeqNr) && near(latest.Answer, price), err
	})
	return latest
}

// waitForObservations waits until each oracle has begun some more.
func (net *feedNetwork) waitForObservations(count int64) {
	net.t.Helper()
	for _, o := range net.oracles {
		want := o.observations.Load() + count
		net.wait("observations", func(context.Context) (bool, error) { return o.observations.Load() >= want, nil })
	}
}

// near tells whether an answer lies between what honest oracles observe.
func near(answer *big.Int, price int64) bool {
	return answer.Cmp(big.NewInt(price)) >= 0 && answer.Cmp(big.NewInt(price+2)) <= 0
}

// transmissions reads all reports that ever landed, and checks what must hold for each of them.
func (net *feedNetwork) transmissions() (list []ocr3.NewTransmission) {
	net.t.Helper()
	logs, err := net.client.FilterLogs(context.Background(), ethereum.FilterQuery{
		FromBlock: new(big.Int), Addresses: []common.Address{net.contract}, Topics: [][]common.Hash{{ocr3.NewTransmissionTopic}},
	})
	if err != nil {
		net.t.Fatal(err)
	}
	for i := range logs {
		var tr ocr3.NewTransmission
		if err := ocr3.DecodeNewTransmission(&logs[i], &tr); err != nil {
			net.t.Fatal(err)
		}
		if i > 0 && tr.ConfigDigest == list[i-1].ConfigDigest && tr.SeqNr <= list[i-1].SeqNr {
			net.t.Errorf("sequence number %d landed after %d", tr.SeqNr, list[i-1].SeqNr)
		}
		if tr.Answer.Cmp(big.NewInt(basePrice)) < 0 || tr.Answer.Cmp(big.NewInt(2*basePrice)) > 0 {
			net.t.Errorf("answer %d of sequence number %d is not of honest oracles", tr.Answer, tr.SeqNr)
		}
		list = append(list, tr)
	}
	return list
}

// TestNetwork runs four oracles, one of them a liar, on a feed of each scheme: the first report, one because the price has moved, one
// because time has passed, and again while an oracle is down, after all were, after all transmissions of a report failed, and under
// another config.
func TestNetwork(t *testing.T) {
	for _, scheme := range []ocr3keyring.Scheme{ocr3keyring.ECDSA, ocr3keyring.BLS} {
		t.Run(scheme.Name(), func(t *testing.T) {
			t.Parallel() // they wait most of the time
			testNetwork(t, scheme)
		})
	}
}

func testNetwork(t *testing.T, scheme ocr3keyring.Scheme) {
	const percent = 10_000_000 // parts per billion
	net := newFeedNetwork(t, scheme)
	net.startAll()
	net.setConfig(median.OffchainConfig{AlphaReportPPB: percent, DeltaC: time.Hour})
	latest := net.waitForAnswer("the first report", evm.FeedTransmission{}, basePrice)

	move := func(what string) {
		t.Helper()
		next := net.price.Load() * 102 / 100
		net.price.Store(next)
		latest = net.waitForAnswer(what, latest, next)
	}
	move("the price to move")
	net.oracles[1].stop()
	move("the price to move while an oracle is down")
	net.oracles[1].start()
	net.stopAll()
	net.startAll()
	move("the price to move after all were down")

	// A report of which all transmissions fail is repeated, with what the price is by then. Without, there would be none in the next
	// hour, for the price moves too little.
	net.losing.Store(true)
	moved := net.price.Load() * 102 / 100
	net.price.Store(moved)
	var lost []uint64
	net.wait("all transmissions of a report to fail", func(context.Context) (bool, error) {
		lost = net.lostAll()
		return len(lost) > 0, nil
	})
	net.losing.Store(false)
	net.price.Store(moved + 100)
	net.waitForObservations(2) // or else one could have the price of before and the time of after
	net.skip(ocr3feed.RepeatAfter)
	latest = net.waitForAnswer("a report to be repeated", latest, moved+100)
	if len(lost) != 1 || latest.SeqNr <= lost[0] {
		t.Errorf("%d landed after %d were lost", latest.SeqNr, lost)
	}
	// A report that has landed is not, however long ago.
	net.skip(10 * ocr3feed.RepeatAfter)
	move("the price to move some time later")
	// One report for the start, one for each move and one for the repetition: nothing else has reason. (A move may be seen by one
	// oracle earlier than by the next, but the median moves once.)
	if list := net.transmissions(); len(list) != 6 {
		t.Errorf("%d reports landed, want 6: %+v", len(list), list)
	}

	// Under the next config time alone makes reports. The first one comes at once, and sequence numbers start anew.
	net.setConfig(median.OffchainConfig{AlphaReportInfinite: true, DeltaC: time.Second})
	before := latest
	for range 3 {
		latest = net.waitForAnswer("a heartbeat", latest, net.price.Load())
		if latest.ConfigDigest == before.ConfigDigest {
			t.Fatal("a report under the old config")
		}
	}
	times := map[uint32]bool{}
	for _, tr := range net.transmissions() {
		if tr.ConfigDigest != latest.ConfigDigest {
			continue
		}
		if times[tr.ObservationsTimestamp] {
			t.Errorf("two reports of second %d", tr.ObservationsTimestamp)
		}
		times[tr.ObservationsTimestamp] = true
	}
	if len(times) < 3 {
		t.Errorf("%d heartbeats", len(times))
	}
	for _, o := range net.oracles {
		// What is less than critical may be: another oracle was faster with a report, the machine is busy.
		if lines := o.log.Lines("critical "); len(lines) > 0 {
			t.Errorf("oracle %d logged: %v", o.index, lines)
		}
	}
}
