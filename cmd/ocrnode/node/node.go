package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/ethclient"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/ocrkit/ocrkit/cmd/ocrnode/nodelog"
	"github.com/ocrkit/ocrkit/cmd/ocrnode/oracle"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/evm"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/store"
)

const (
	chainRequestTimeout = 10 * time.Second
	chainCheckInterval  = 10 * time.Second
)

// Node is a running node. It is safe for concurrent use.
type Node struct {
	config   *Config
	role     Role
	logger   commontypes.Logger
	keys     *keys.Bundle
	registry *prometheus.Registry
	started  time.Time

	database  *store.Store
	client    *ethclient.Client
	peer      *oracle.Peer
	txManager *evm.TxManager // nil for bootstrappers
	jobs      []*job
	http      *server

	// stop ends what watches the chain; failed carries what the node cannot go on after.
	stop     context.CancelFunc
	watching sync.WaitGroup
	failed   chan error
	closing  sync.Once
	closed   error

	mu           sync.Mutex
	chainProblem string // empty once the chain has answered, with the right id
}

// job is what runs for one contract.
type job struct {
	Job
	contract common.Address
	service  *oracle.Oracle
}

// Start starts a node: everything that it runs is up, or on its way up, when Start returns. It fails where the configuration is
// at fault, or this machine (a port in use, a folder that cannot be written, a wrong password); a chain that does not
// answer is waited for in the background, and the node works from its database meanwhile.
func Start(ctx context.Context, config *Config, role Role, logger *slog.Logger) (_ *Node, err error) {
	if config.Name != "" {
		logger = logger.With("node", config.Name)
	}
	n := &Node{
		config: config, role: role, logger: nodelog.New(logger), registry: prometheus.NewRegistry(), started: time.Now(),
		failed: make(chan error, 1), chainProblem: "not asked yet",
	}
	ctx, n.stop = context.WithCancel(ctx)
	defer func() {
		if err != nil {
			err = errors.Join(err, n.Close())
		}
	}()
	n.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	if n.keys, err = loadKeys(config); err != nil {
		return nil, err
	}
	if n.database, err = store.Open(config.path(config.Database), store.Options{Logger: logger}); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	if n.client, err = ethclient.DialContext(ctx, config.Chain.RPC); err != nil {
		return nil, fmt.Errorf("chain.rpc: %w", err)
	}
	if n.peer, err = newPeer(n); err != nil {
		return nil, fmt.Errorf("network: %w", err)
	}
	bootstrappers, err := config.bootstrappers()
	if err != nil {
		return nil, err
	}
	if role == RoleOracle {
		if n.txManager, err = evm.NewTxManager(evm.TxManagerOptions{
			Client: n.client, Key: n.keys.Transmit, ChainID: new(big.Int).SetUint64(config.Chain.ID),
			QueueDepth:   max(evm.DefaultQueueDepth, len(config.Jobs)), // one for each job: none pushes out another's
			MaxFeePerGas: new(big.Int).Mul(new(big.Int).SetUint64(config.Chain.MaxFeePerGasGwei), big.NewInt(1e9)),
			PollInterval: time.Duration(config.Chain.ReceiptInterval), Logger: n.logger,
		}); err != nil {
			return nil, err
		}
	}
	for _, spec := range config.Jobs {
		started, err := n.startJob(spec, bootstrappers)
		if err != nil {
			return nil, fmt.Errorf("job %s: %w", spec.Name, err)
		}
		n.jobs = append(n.jobs, started)
	}
	if config.HTTP.Listen != "" {
		listener, err := net.Listen("tcp", config.HTTP.Listen)
		if err != nil {
			return nil, fmt.Errorf("http.listen: %w", err)
		}
		n.http = serve(listener, n.handler())
	}
	n.watching.Go(func() { n.watchChain(ctx) })
	n.logger.Info("node started", commontypes.LogFields{
		"peerID": n.PeerID(), "jobs": len(n.jobs), "listen": config.Network.Listen, "chain": config.Chain.ID,
	})
	return n, nil
}

func loadKeys(config *Config) (*keys.Bundle, error) {
	var password keys.Password
	var err error
	if config.Keys.PasswordEnv != "" {
		password, err = keys.PasswordFromEnv(config.Keys.PasswordEnv)
	} else {
		password, err = keys.PasswordFromFile(config.path(config.Keys.PasswordFile))
	}
	if err != nil {
		return nil, fmt.Errorf("password of the keys: %w", err)
	}
	return keys.Load(config.path(config.Keys.File), password)
}

func (n *Node) startJob(spec Job, bootstrappers []commontypes.BootstrapperLocator) (*job, error) {
	place, err := spec.place(n.config, n.client)
	if err != nil {
		return nil, err
	}
	args := oracle.Args{
		Kind: spec.Kind, Place: place, LocalConfig: n.config.localConfig(), Logger: nodelog.With(n.logger, "job", spec.Name),
		// Rows are named after the contract, not after the job, so that a renamed job remembers what it signed.
		Database: n.database.Job(fmt.Sprintf("%s/%d/%s", spec.Protocol, place.ChainID, strings.ToLower(place.Contract.Hex()))),
		Peer:     n.peer, Bootstrappers: bootstrappers,
	}
	j := &job{Job: spec, contract: place.Contract}
	if n.role == RoleBootstrapper {
		j.service, err = oracle.StartBootstrapper(args)
		return j, err
	}
	sources, err := spec.sources(n.config)
	if err != nil {
		return nil, err
	}
	j.service, err = oracle.Start(oracle.OracleArgs{
		Args: args, Keys: n.keys, Sender: n.txManager, Sources: sources,
		Metrics: prometheus.WrapRegistererWith(prometheus.Labels{"job_name": spec.Name}, n.registry),
	})
	return j, err
}

// subscribes tells whether a node at this URL can announce things.
func subscribes(rpc string) bool {
	return !strings.HasPrefix(rpc, "http://") && !strings.HasPrefix(rpc, "https://")
}

// watchChain asks the chain now and then whether it is there, and once whether it is the right one.
func (n *Node) watchChain(ctx context.Context) {
	for {
		problem := n.askChain(ctx)
		if ctx.Err() != nil {
			return
		}
		n.mu.Lock()
		before := n.chainProblem
		n.chainProblem = problem
		n.mu.Unlock()
		switch {
		case problem != "" && problem != before:
			n.logger.Warn("the chain does not answer; the node goes on without it as far as it can", commontypes.LogFields{"problem": problem})
		case problem == "" && before != "":
			n.logger.Info("the chain answers", nil)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(chainCheckInterval):
		}
	}
}

func (n *Node) askChain(ctx context.Context) (problem string) {
	ctx, cancel := context.WithTimeout(ctx, chainRequestTimeout)
	defer cancel()
	id, err := n.client.ChainID(ctx)
	if err != nil {
		return err.Error()
	}
	if !id.IsUint64() || id.Uint64() != n.config.Chain.ID {
		err := fmt.Errorf("%s is chain %s, but chain.id is %d", withoutSecrets(n.config.Chain.RPC), id, n.config.Chain.ID)
		select {
		case n.failed <- err:
		default:
		}
		return err.Error()
	}
	return ""
}

// Failed delivers an error after which the node cannot go on and should be closed.
func (n *Node) Failed() <-chan error { return n.failed }

// PeerID returns the text form of the node's peer id.
func (n *Node) PeerID() string { return n.keys.Peer.PeerID().String() }

// HTTPAddress returns where the node's HTTP pages are, as host:port; empty if it has none.
func (n *Node) HTTPAddress() string {
	if n.http == nil {
		return ""
	}
	return n.http.listener.Addr().String()
}

// Close stops everything in an order in which nothing that is still running loses what it stands on, and returns when all has
// stopped. Further calls return the same.
func (n *Node) Close() error {
	n.closing.Do(func() {
		var errs []error
		do := func(what string, err error) {
			if err != nil {
				errs = append(errs, fmt.Errorf("closing %s: %w", what, err))
			}
		}
		n.stop()
		n.watching.Wait()
		if n.http != nil {
			do("http", n.http.close())
		}
		results := make([]error, len(n.jobs))
		var closing sync.WaitGroup
		for i, j := range n.jobs {
			closing.Go(func() { results[i] = j.service.Close() })
		}
		closing.Wait()
		for i, j := range n.jobs {
			do("job "+j.Name, results[i])
		}
		if n.txManager != nil {
			do("transactions", n.txManager.Close())
		}
		if n.peer != nil {
			do("network", n.peer.Close())
		}
		if n.client != nil {
			n.client.Close()
		}
		if n.database != nil {
			do("database", n.database.Close())
		}
		n.closed = errors.Join(errs...)
	})
	return n.closed
}
