// Package devnet runs a whole network of oracles in one process: it deploys the contracts, sets the configuration the way that
// ocrdeploy does, starts the oracles, each with its own view of real prices, and shows the reports as they land.
package devnet

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/cmd/ocrnode/feed"
	"github.com/ocrkit/ocrkit/cmd/ocrnode/nodelog"
	"github.com/ocrkit/ocrkit/cmd/ocrnode/oracle"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/store"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// Options of [Run].
type Options struct {
	// Kind is what the oracles speak, and how the contract knows their reports.
	Kind oracle.Kind
	// Oracles is n: 4 to 31. Faulty of them, at most (n-1)/3, are hostile.
	Oracles, Faulty int
	// Rounds is how many reports are waited for; at least 1.
	Rounds int
	// Chain is [EmbeddedChain] or the URL of a node. Funder pays for the accounts on a node that does not give money away.
	Chain  string
	Funder *ecdsa.PrivateKey
	// Transport is TransportMemory (also if empty) or TransportTCP.
	Transport string
	// Feed and FeedPath are those of [feed.Open].
	Feed, FeedPath string
	// Seed makes keys, noise and lies reproducible. What a seed's keys own is anybody's: they are for development only.
	Seed uint64
	// Timeout bounds the whole run.
	Timeout time.Duration
	// Logger takes the engine's log.
	Logger commontypes.Logger
}

// Validate says what is wrong with the options.
func (o Options) Validate() error {
	var problem error
	o.Kind.Check(func(field, text string) { problem = errors.Join(problem, fmt.Errorf("%s: %s", field, text)) })
	switch {
	case problem != nil:
		return problem
	case o.Oracles < 4 || o.Oracles > types.MaxOracles:
		return fmt.Errorf("%d oracles: want 4 to %d", o.Oracles, types.MaxOracles)
	case o.Faulty < 0 || o.Faulty > maxFaulty(o.Oracles):
		return fmt.Errorf("%d hostile oracles: with %d oracles at most %d may be hostile; beyond that no protocol can promise anything", o.Faulty, o.Oracles, maxFaulty(o.Oracles))
	case o.Rounds < 1:
		return fmt.Errorf("%d rounds: want at least 1", o.Rounds)
	case o.Transport != "" && o.Transport != TransportMemory && o.Transport != TransportTCP:
		return fmt.Errorf("transport %q: want %s or %s", o.Transport, TransportMemory, TransportTCP)
	case o.Timeout <= 0:
		return fmt.Errorf("timeout of %s: want more than 0", o.Timeout)
	}
	return nil
}

func maxFaulty(n int) int { return (n - 1) / 3 }

// Errors of a run that came to an end without reaching its aim.
var (
	ErrTimeout    = errors.New("not all reports landed in time")
	ErrOutOfRange = errors.New("an answer was outside of what honest oracles saw")
)

// juelsPerEther is what the oracles report as the price of gas money in LINK: 200 LINK for an ether.
var juelsPerEther = new(big.Int).Mul(big.NewInt(200), oneEther)

// Run runs a devnet until the wanted number of reports is on chain, and shows it. It ends with an error, after the summary,
// if that does not happen in time, if ctx ends, or if an answer was outside of what honest oracles saw.
func Run(ctx context.Context, o Options, show Screen) (err error) {
	if err := o.Validate(); err != nil {
		return err
	}
	prices, err := feed.Open(o.Feed, o.FeedPath, Decimals)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()

	keyring, err := newKeys(o.Seed, o.Oracles, o.Kind)
	if err != nil {
		return err
	}
	c, err := openChain(ctx, o.Chain, o.Funder, keyring.accounts())
	if err != nil {
		return err
	}
	defer c.close()

	market := newMarket(prices, o.Seed)
	p := newProtocol(o.Kind, market)
	show.note("deploying contracts and setting the configuration on %s", c.name)
	installed, err := install(ctx, c, keyring, p, show)
	if err != nil {
		return err
	}
	database, err := store.OpenInMemory(store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.Close()) }()

	links, bootstrapper, err := openTransport(o.Transport, keyring.bootstrapper, o.Logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, links.close()) }()

	s := &site{
		chain: c, kind: o.Kind, protocol: p, aggregator: installed.aggregator, transport: links, database: database,
		market: market, juels: juelsPerEther, seed: o.Seed, logger: o.Logger,
	}
	vicesOf := assignVices(o, p.vices())
	started := Started{
		Type: "start", Chain: c.name, ChainID: c.id.Uint64(), Feed: prices.String(), Kind: o.Kind, Aggregator: installed.aggregator,
		LinkToken: installed.linkToken, ConfigDigest: installed.configDigest, N: o.Oracles, F: maxFaulty(o.Oracles),
	}
	for i, bundle := range keyring.oracles {
		entry := StartedOracle{
			ID: i, PeerID: bundle.Peer.PeerID().String(), Signer: o.Kind.Signer(bundle.Public()), Transmitter: bundle.Transmit.Address(),
		}
		if vicesOf[i] != nil {
			entry.Vice = vicesOf[i].name
		}
		started.Oracles = append(started.Oracles, entry)
	}
	show.started(started)

	if bootstrapper != nil {
		service, err := oracle.StartBootstrapper(s.args(bootstrapper, keyring.bootstrapper, nodelog.With(o.Logger, "oracle", "bootstrapper")))
		if err != nil {
			return fmt.Errorf("bootstrapper: %w", err)
		}
		defer func() { err = errors.Join(err, service.Close()) }()
	}
	var members []*member
	defer func() { err = errors.Join(err, closeAll(members)) }()
	for i, bundle := range keyring.oracles {
		oracle, err := s.startOracle(i, bundle, vicesOf[i])
		if err != nil {
			return fmt.Errorf("oracle %d: %w", i, err)
		}
		members = append(members, oracle)
	}
	return follow(ctx, s, o, members, installed.block, show)
}

// follow shows reports until there are enough.
func follow(ctx context.Context, s *site, o Options, members []*member, fromBlock uint64, show Screen) error {
	began := time.Now()
	summary := Summary{Type: "summary", Wanted: o.Rounds, Aggregator: s.aggregator}
	epochs := map[uint64]bool{}
	var gas uint64
	wrong := 0
	var last uint32
	w := &watcher{
		chain: s.chain, aggregator: s.aggregator, protocol: s.protocol, market: s.market, next: fromBlock,
		idle: func() { show.live(len(members), s.running(members)) },
	}
	err := w.watch(ctx, func(r Report) bool {
		summary.Reports++
		epochs[r.Epoch] = true
		gas += r.Gas
		last = r.RoundID
		if r.OutOfRange != "" {
			wrong++
		}
		show.report(r)
		s.market.advance(summary.Reports)
		return summary.Reports < o.Rounds
	})
	summary.Seconds = time.Since(began).Seconds()
	summary.Epochs = len(epochs)
	summary.FeedFailures = s.market.feedFailures()
	for _, p := range s.running(members) {
		summary.Malformed += p.malformed
		summary.Dropped += p.dropped
	}
	if summary.Reports > 0 {
		summary.MeanGas = gas / uint64(summary.Reports)
		if answer, answerErr := w.answerOf(context.WithoutCancel(ctx), last); answerErr == nil {
			summary.Answer = newDecimal(answer)
		}
	}
	show.summary(summary)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		err = fmt.Errorf("%w: %d of %d after %s", ErrTimeout, summary.Reports, o.Rounds, o.Timeout)
	case err == nil && wrong > 0:
		err = fmt.Errorf("%w: %d of %d", ErrOutOfRange, wrong, summary.Reports)
	}
	return err
}

// running returns what those do that have taken up the config.
func (s *site) running(members []*member) []progress {
	all := make([]progress, 0, len(members))
	for _, m := range members {
		if p, ok := s.protocol.progress(m.oracle.Status()); ok {
			all = append(all, p)
		}
	}
	return all
}

func closeAll(members []*member) error {
	errs := make([]error, len(members))
	var closing sync.WaitGroup
	for i, m := range members {
		closing.Go(func() { errs[i] = m.close() })
	}
	closing.Wait()
	return errors.Join(errs...)
}

// assignVices picks the hostile oracles; the vices go round. The result is nil for honest ones.
func assignVices(o Options, vices []vice) []*vice {
	assigned := make([]*vice, o.Oracles)
	random := rand.New(rand.NewPCG(o.Seed, uint64(o.Oracles)))
	for k, i := range random.Perm(o.Oracles)[:o.Faulty] {
		assigned[i] = &vices[k%len(vices)]
	}
	return assigned
}

// devKeys are the keys of a devnet, all made from its seed.
type devKeys struct {
	owner   *keys.EVMKey // deploys and owns the contracts
	oracles []*keys.Bundle
	dealer  [32]byte // from which the shared secret of the configuration is derived

	bootstrapper *keys.PeerKey // of the transport over TCP
}

func newKeys(seed uint64, n int, kind oracle.Kind) (*devKeys, error) {
	var s [32]byte
	copy(s[:], crypto.Keccak256(fmt.Appendf(nil, "ocrkit devnet %d", seed)))
	random := rand.NewChaCha8(s)
	k := &devKeys{}
	if _, err := random.Read(k.dealer[:]); err != nil {
		return nil, err
	}
	var err error
	if k.owner, err = keys.GenerateEVMKey(random); err != nil {
		return nil, err
	}
	generate := keys.GenerateBundle
	if kind.Verifier == oracle.BLS {
		generate = keys.GenerateBundleWithBLS
	}
	for range n {
		bundle, err := generate(random)
		if err != nil {
			return nil, err
		}
		k.oracles = append(k.oracles, bundle)
	}
	if k.bootstrapper, err = keys.GeneratePeerKey(random); err != nil {
		return nil, err
	}
	return k, nil
}

// accounts are those that need money, the owner first.
func (k *devKeys) accounts() []common.Address {
	accounts := []common.Address{k.owner.Address()}
	for _, bundle := range k.oracles {
		accounts = append(accounts, bundle.Transmit.Address())
	}
	return accounts
}
