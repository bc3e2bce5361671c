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
	"github.com/ocrkit/ocrkit/offchain"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/evm"
	"github.com/ocrkit/ocrkit/offchain/evm/evmutil"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/plugins/median/evmreportcodec"
	"github.com/ocrkit/ocrkit/offchain/runtime"
	"github.com/ocrkit/ocrkit/offchain/store"
	"github.com/ocrkit/ocrkit/offchain/types"
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
	peer      peer
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

// service is an oracle or a bootstrapper.
type service interface {
	Start() error
	Close() error
	Status() runtime.Status
}

// job is what runs for one contract.
type job struct {
	Job
	contract common.Address
	tracker  *evm.ConfigTracker
	service  service
}

// peer is the node's place on the network.
type peer interface {
	PeerID() string
	Endpoints() types.BinaryNetworkEndpointFactory
	Bootstrappers() types.BootstrapperFactory
	Close() error
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
		"peerID": n.peer.PeerID(), "jobs": len(n.jobs), "listen": config.Network.Listen, "chain": config.Chain.ID,
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

func (n *Node) startJob(spec Job, bootstrappers []commontypes.BootstrapperLocator) (_ *job, err error) {
	address, err := parseAddress(spec.Contract)
	if err != nil {
		return nil, err
	}
	logger := nodelog.With(n.logger, "job", spec.Name)
	j := &job{Job: spec, contract: common.Address(address)}
	options := evm.ConfigTrackerOptions{Client: n.client, Contract: j.contract, Subscribe: subscribes(n.config.Chain.RPC), Logger: logger}
	if spec.ConfigStore != "" {
		configStore, err := parseAddress(spec.ConfigStore)
		if err != nil {
			return nil, err
		}
		options.ConfigStore = (*common.Address)(&configStore)
	}
	j.tracker = evm.NewConfigTracker(options)
	defer func() {
		if err != nil {
			err = errors.Join(err, j.tracker.Close())
		}
	}()
	// Rows are named after the contract, not after the job, so that a renamed job remembers what it signed.
	database := n.database.Job(fmt.Sprintf("ocr2/%d/%s", n.config.Chain.ID, strings.ToLower(address.String())))
	digester := evmutil.EVMOffchainConfigDigester{ChainID: n.config.Chain.ID, ContractAddress: j.contract}
	if n.role == RoleBootstrapper {
		bootstrapper, err := offchain.NewBootstrapper(offchain.BootstrapperArgs{
			BootstrapperFactory: n.peer.Bootstrappers(), V2Bootstrappers: bootstrappers, ContractConfigTracker: j.tracker,
			Database: database, LocalConfig: n.config.localConfig(), Logger: logger, OffchainConfigDigester: digester,
		})
		if err != nil {
			return nil, err
		}
		j.service = bootstrapper
		return j, bootstrapper.Start()
	}

	keyring, err := evm.NewOnchainKeyring(n.keys.Onchain)
	if err != nil {
		return nil, err
	}
	factory := median.NumericalMedianFactory{
		ContractTransmitter: evm.NewMedianContract(n.client, j.contract),
		Logger:              logger,
		OnchainConfigCodec:  median.StandardOnchainConfigCodec{},
		ReportCodec:         evmreportcodec.ReportCodec{},
	}
	if factory.DataSource, err = spec.Source.open(n.config, *spec.Decimals); err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	if factory.JuelsPerFeeCoinDataSource, err = spec.JuelsPerFeeCoin.open(n.config, 0); err != nil {
		return nil, fmt.Errorf("juelsPerFeeCoin: %w", err)
	}
	if factory.GasPriceSubunitsDataSource, err = spec.GasPriceSubunits.open(n.config, 0); err != nil {
		return nil, fmt.Errorf("gasPriceSubunits: %w", err)
	}
	factory.IncludeGasPriceSubunitsInObservation = spec.GasPriceSubunits.given()
	oracle, err := offchain.NewOracle(offchain.OCR2OracleArgs{
		BinaryNetworkEndpointFactory: n.peer.Endpoints(),
		V2Bootstrappers:              bootstrappers,
		ContractConfigTracker:        j.tracker,
		ContractTransmitter:          evm.NewTransmitter(n.client, j.contract, n.txManager),
		Database:                     database,
		LocalConfig:                  n.config.localConfig(),
		Logger:                       logger,
		MetricsRegisterer:            prometheus.WrapRegistererWith(prometheus.Labels{"job_name": spec.Name}, n.registry),
		OffchainConfigDigester:       digester,
		OffchainKeyring:              n.keys.Offchain,
		OnchainKeyring:               keyring,
		ReportingPluginFactory:       factory,
	})
	if err != nil {
		return nil, err
	}
	reporter, ok := oracle.(service)
	if !ok {
		return nil, fmt.Errorf("a %T has no status", oracle)
	}
	j.service = reporter
	return j, reporter.Start()
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
func (n *Node) PeerID() string { return n.peer.PeerID() }

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
			closing.Go(func() { results[i] = errors.Join(j.service.Close(), j.tracker.Close()) })
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
