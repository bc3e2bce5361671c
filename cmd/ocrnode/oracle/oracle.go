// Package oracle makes oracles and bootstrappers for feeds on EVM chains, whatever protocol they speak. What all protocols need
// alike is in [Args]; what differs between them is in one file for each.
package oracle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/evm"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/runtime"
	"github.com/ocrkit/ocrkit/offchain/store"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// Place is where a contract is, and how it is read.
type Place struct {
	Client   evm.Client
	ChainID  uint64
	Contract common.Address
	// ConfigStore is an OCRConfigurationStoreEVMSimple; nil if there is none, or the protocol knows none.
	ConfigStore *common.Address
	// Subscribe asks the node of the chain to announce configs.
	Subscribe bool
}

// Args are what oracles and bootstrappers need. All of it is required, and must stay as it is until the oracle is closed.
type Args struct {
	Kind
	Place
	LocalConfig types.LocalConfig
	Logger      commontypes.Logger
	Database    *store.DB
	Peer        *Peer
	// Bootstrappers are where other oracles' addresses are asked for.
	Bootstrappers []commontypes.BootstrapperLocator
}

// OracleArgs are what oracles need.
type OracleArgs struct {
	Args
	Keys *keys.Bundle
	// Sender sends transactions from the account of Keys.Transmit.
	Sender evm.TxSender
	// Metrics may be nil.
	Metrics prometheus.Registerer
	Sources Sources
	// WrapOCR3Plugin, if it is not nil, puts something around the plugin of an OCR3 oracle.
	WrapOCR3Plugin func(OCR3Plugin) OCR3Plugin
}

// Sources are what an oracle observes.
type Sources struct {
	Value median.DataSource
	// JuelsPerFeeCoin and GasPriceSubunits are for protocols whose contracts pay by them. The second is only asked if
	// IncludeGasPrice says so.
	JuelsPerFeeCoin, GasPriceSubunits median.DataSource
	IncludeGasPrice                   bool
	// Timeout is how long Value may take to observe. Only OCR1 leaves that to the oracle; in other protocols it is in the config.
	Timeout time.Duration
}

// DefaultSourceTimeout is a Sources.Timeout that suits most networks: well below the time after which they give up on a leader.
const DefaultSourceTimeout = 5 * time.Second

// Config is what a contract says about its oracles.
type Config struct {
	Digest string // hexadecimal
	// Signers and Transmitters of the oracles, by id.
	Signers      [][]byte
	Transmitters []string
}

// Oracle is a running oracle or bootstrapper, together with what it reads the chain by. It is safe for concurrent use.
type Oracle struct {
	service service
	readers []io.Closer
}

// service is what the offchain package makes.
type service interface {
	Start() error
	Close() error
	Status() runtime.Status
}

// Start starts an oracle.
func Start(args OracleArgs) (*Oracle, error) {
	return start(args.Kind, func(f flavour) (service, []io.Closer, error) { return f.newOracle(&args) })
}

// StartBootstrapper starts a bootstrapper.
func StartBootstrapper(args Args) (*Oracle, error) {
	return start(args.Kind, func(f flavour) (service, []io.Closer, error) { return f.newBootstrapper(&args) })
}

func start(kind Kind, assemble func(flavour) (service, []io.Closer, error)) (*Oracle, error) {
	var problems []error
	kind.Check(func(field, problem string) { problems = append(problems, fmt.Errorf("%s: %s", field, problem)) })
	if problems != nil {
		return nil, errors.Join(problems...)
	}
	assembled, readers, err := assemble(kind.flavour())
	if err == nil {
		err = assembled.Start()
	}
	if err != nil {
		return nil, errors.Join(err, closeAll(readers))
	}
	return &Oracle{assembled, readers}, nil
}

// Status returns what the oracle is doing now.
func (o *Oracle) Status() runtime.Status { return o.service.Status() }

// Close ends the oracle, and what it reads the chain by. It must be called once.
func (o *Oracle) Close() error { return errors.Join(o.service.Close(), closeAll(o.readers)) }

func closeAll(closers []io.Closer) error {
	var errs []error
	for _, c := range closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// ReadConfig returns the config of a contract of the given kind, which must be a right one. It recomputes the digest, and fails if
// that is another one, and if there is no config yet.
func ReadConfig(ctx context.Context, kind Kind, at Place) (*Config, error) {
	return kind.flavour().readConfig(ctx, kind.Verifier, at)
}

var errNoConfig = errors.New("has no config yet")

// readConfig is ReadConfig for protocols whose configs are a types.ContractConfig.
func readConfig(ctx context.Context, tracker types.ContractConfigTracker, digester types.OffchainConfigDigester) (*Config, error) {
	block, digest, err := tracker.LatestConfigDetails(ctx)
	if err != nil {
		return nil, err
	}
	if digest == (types.ConfigDigest{}) {
		return nil, errNoConfig
	}
	read, err := tracker.LatestConfig(ctx, block)
	if err != nil {
		return nil, err
	}
	want, err := digester.ConfigDigest(ctx, read)
	if err != nil {
		return nil, err
	}
	if want != digest {
		return nil, fmt.Errorf("has digest %s, but its config has %s", digest, want)
	}
	config := &Config{Digest: digest.Hex()}
	for _, signer := range read.Signers {
		config.Signers = append(config.Signers, signer)
	}
	for _, transmitter := range read.Transmitters {
		config.Transmitters = append(config.Transmitters, string(transmitter))
	}
	return config, nil
}
