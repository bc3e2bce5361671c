package deploy

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"

	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/types"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// protocol is what the engine must know of the configs of OCR2 and its like. An implementation has no state.
type protocol interface {
	// name is how network files call it.
	name() netfile.Protocol
	// digestLength is that of a config digest in bytes, at most 32.
	digestLength() int
	// configSet is the topic of the event that publishes a config. It tells protocols apart.
	configSet() common.Hash
	// readConfig takes such an event apart: all of the result but what the block and the log itself tell. It fails when the log is
	// no such event; a config that is of no use to oracles is no failure.
	// In development it counts only what oracles in development mode refuse.
	readConfig(ctx context.Context, log *ethtypes.Log, chainID uint64, development bool) (*ChainConfig, error)

	// lint says what is wrong with the config in the network file, by the rules of the oracles and of good sense. In development the
	// rules do not count that oracles drop in development mode because of the chain alone.
	lint(network *netfile.Network, development bool) []config.Finding
	// fields takes the config in the network file apart, without its secrets: as readConfig does, so that they compare. It fails where
	// no config can be made, whatever the secrets.
	fields(network *netfile.Network) ([]Field, error)
	// compose makes config number count of a contract. Equal arguments give equal bytes.
	compose(network *netfile.Network, contract common.Address, count uint64, seed []byte, development bool) (*Composed, error)

	// calldata says what calldata means; a *selectorError when it is of no function of the protocol's contracts.
	calldata(blob []byte) (*Decoded, error)
	// report says what a report means.
	report(blob []byte) (*Decoded, error)
	// offchainConfig says what an offchain config means.
	offchainConfig(blob []byte) (*Decoded, error)
}

// contract is what the engine must know of a kind of contract. An implementation has no state.
type contract interface {
	// prerequisites are the contracts that are deployed before, where c wants them to be. Their targets are in c.
	prerequisites(c *netfile.Contract) []prerequisite
	// code is what creates the contract, its constructor's arguments included. All targets of c are addresses or none.
	code(c *netfile.Contract) []byte
	// read reads the settings, all but the kind and the address, into s.Settings, and s.LinkAvailable where there is such a thing.
	read(ctx context.Context, r reader, s *State) error
	// settings are what there is to compare, in the order in which it is shown and set.
	settings() []setting
	// payments is how oracles are paid; nil when they are not.
	payments() *payments
	// lint says what there is to say about the network file, as far as this kind of contract is concerned.
	lint(p *Plan)
	// status reads the latest report into s, and what it published.
	status(ctx context.Context, r reader, s *Status) error
}

// prerequisite is a contract that another one is told about when it is deployed.
type prerequisite struct {
	step   StepKind
	target *netfile.Target
	code   string // hexadecimal, without arguments
}

// setting is something about a contract that a network file says too.
type setting struct {
	// name for messages, of the check in a verification. Settings of one name are checked together.
	check string
	// fields shows it, by what a network file says, or by what is on chain in the form of one. Empty: the file does not say. exists
	// is whether the contract does: what is then to be deployed beside it was deployed with it.
	fields func(c *netfile.Contract, exists bool) []Field
	// step sets it, with calldata. Empty when that is not possible in place, for the reason in blocked.
	step     StepKind
	calldata func(c *netfile.Contract) []byte
	blocked  string
	// byConstructor says that a new contract has it without a call. inConfig, that the config says it too.
	byConstructor, inConfig bool
}

// entry joins a kind of contract to its protocol.
type entry struct {
	protocol protocol
	contract contract
}

// protocols are all that there are.
var protocols = []protocol{ocr2Protocol{}, ocr3Protocol{}, ocr1Protocol{}}

// contracts are all kinds that there are.
var contracts = map[netfile.Kind]entry{
	netfile.KindAggregator:                 {ocr2Protocol{}, ocr2Aggregator},
	netfile.KindAccessControlledAggregator: {ocr2Protocol{}, ocr2AccessControlledAggregator},
	netfile.KindOther:                      {ocr2Protocol{}, foreign{}},
	netfile.KindOCR3ECDSAFeed:              {ocr3Protocol{}, ocr3ECDSAFeed},
	netfile.KindOCR3BLSFeed:                {ocr3Protocol{}, ocr3BLSFeed},

	netfile.KindOCR1Aggregator:                 {ocr1Protocol{}, ocr1Aggregator},
	netfile.KindOCR1AccessControlledAggregator: {ocr1Protocol{}, ocr1AccessControlledAggregator},
}

// Digest is a config digest: its bytes, of which protocols have different numbers. Empty is none.
type Digest string

// Hex returns the digest in hexadecimal digits.
func (d Digest) Hex() string { return hex.EncodeToString([]byte(d)) }

// String returns what Hex returns.
func (d Digest) String() string { return d.Hex() }

// ConfigDigest returns the digest in the form of OCR2 and OCR3; zero when it is none of these.
func (d Digest) ConfigDigest() types.ConfigDigest {
	if len(d) != len(types.ConfigDigest{}) {
		return types.ConfigDigest{}
	}
	return types.ConfigDigest([]byte(d))
}

// digestOf makes a Digest of one in the form of OCR2 and OCR3.
func digestOf[T ~[32]byte](d T) Digest { return Digest(d[:]) }

// Composed is a config as setConfig takes it.
type Composed struct {
	// Calldata is that of setConfig.
	Calldata []byte
	// OnchainConfig and OffchainConfig are its parts that are bytes.
	OnchainConfig, OffchainConfig []byte
	// Count is the number that the config has, or will have, in its contract, and Digest its digest then.
	Count  uint64
	Digest Digest
}

// Compose makes config number count of a contract. The secrets are derived from the seed, the place and the content: equal
// arguments give equal bytes, on every machine.
func Compose(network *netfile.Network, contract common.Address, count uint64, seed []byte, development bool) (*Composed, error) {
	e, err := entryOf(network)
	if err != nil {
		return nil, err
	}
	return e.protocol.compose(network, contract, count, seed, development)
}

func entryOf(network *netfile.Network) (entry, error) {
	e, ok := contracts[network.Contract.Kind]
	if !ok {
		return entry{}, fmt.Errorf("%w: contract.kind: %.80q is not known; there are %v", ErrNoContract, string(network.Contract.Kind), netfile.Kinds())
	}
	return e, nil
}

// purpose is what the secrets of a config are derived for.
func purpose(network *netfile.Network, contract common.Address, count uint64) string {
	return fmt.Sprintf("chain %d contract %s config %d", network.Chain.ID, contract.Hex(), count)
}
