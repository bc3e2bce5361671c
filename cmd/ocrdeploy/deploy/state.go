package deploy

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// State is what is on chain of a network.
type State struct {
	ChainID uint64
	Block   uint64    // at which all of it was read
	Time    time.Time // of the block

	Contract       common.Address
	TypeAndVersion string
	Owner          common.Address

	// Settings are those of the contract, in the form of a network file. Kind is what the contract says of itself; targets are
	// addresses. What the contract has not is zero.
	Settings netfile.Contract

	ConfigCount  uint32
	ConfigBlock  uint32
	ConfigDigest Digest // zeros before the first
	// Config is nil when there is none, or when its log was not found, which is ConfigErr then.
	Config    *ChainConfig
	ConfigErr error

	// LinkAvailable is the contract's balance less what it owes, in juels; nil, with LinkErr, when the token does not answer, and
	// without it when the contract pays nobody.
	LinkAvailable *big.Int
	LinkErr       error
}

// Kind returns the contract's name, by what it says of itself.
func (s *State) Kind() netfile.Kind {
	name, _, _ := strings.Cut(s.TypeAndVersion, " ")
	return netfile.Kind(name)
}

// ReadState reads a contract of a kind that ocrdeploy deploys. It fails with ErrNoContract or ErrNode.
func ReadState(ctx context.Context, client Client, contract common.Address) (*State, error) {
	s, r, err := beginState(ctx, client, contract)
	if err != nil {
		return nil, err
	}
	e, known := contracts[s.Kind()]
	if !known {
		return nil, s.unknown(func(entry) bool { return true })
	}
	return s, s.read(ctx, r, e, false)
}

// readStateOf reads the contract of a network, which may be of another kind of the same protocol.
func readStateOf(ctx context.Context, client Client, contract common.Address, want entry, development bool) (*State, error) {
	s, r, err := beginState(ctx, client, contract)
	if err != nil {
		return nil, err
	}
	if _, ok := want.contract.(foreign); ok {
		return s, s.read(ctx, r, want, development)
	}
	e, known := contracts[s.Kind()]
	if !known || e.protocol != want.protocol {
		return nil, s.unknown(func(e entry) bool { return e.protocol == want.protocol })
	}
	return s, s.read(ctx, r, e, development)
}

// unknown says that the contract is none of those that could be.
func (s *State) unknown(couldBe func(e entry) bool) error {
	var names []string
	for _, kind := range netfile.Kinds() {
		e := contracts[kind]
		if _, isForeign := e.contract.(foreign); !isForeign && couldBe(e) {
			names = append(names, string(kind))
		}
	}
	return fmt.Errorf("%w: %s is %.80q, want %s", ErrNoContract, s.Contract, s.TypeAndVersion, strings.Join(names, " or "))
}

// What contracts of all protocols say of themselves.
var (
	typeAndVersion = getter[string]{"typeAndVersion", anyAggregator.PackTypeAndVersion(), anyAggregator.UnpackTypeAndVersion}
	ownerOf        = getter[common.Address]{"owner", anyAggregator.PackOwner(), anyAggregator.UnpackOwner}
)

// beginState reads what every contract says of itself.
func beginState(ctx context.Context, client Client, contract common.Address) (*State, reader, error) {
	none := reader{}
	chainID, err := client.ChainID(ctx)
	if err != nil {
		return nil, none, explain(err, "chain id")
	}
	head, err := client.HeaderByNumber(ctx, nil)
	if err != nil {
		return nil, none, explain(err, "latest block")
	}
	s := &State{ChainID: chainID.Uint64(), Block: head.Number.Uint64(), Time: time.Unix(int64(head.Time), 0).UTC(), Contract: contract}
	r := reader{client, contract, head.Number}
	code, err := client.CodeAt(ctx, contract, head.Number)
	if err != nil {
		return nil, none, explain(err, "code of contract %s", contract)
	}
	if len(code) == 0 {
		return nil, none, fmt.Errorf("%w: there is no code at %s on chain %s", ErrNoContract, contract, chainID)
	}
	if s.TypeAndVersion, err = get(ctx, r, typeAndVersion); err != nil {
		return nil, none, fmt.Errorf("%w (ocrdeploy manages contracts of the kinds %v)", err, netfile.Kinds())
	}
	return s, r, nil
}

// read reads what contracts of a kind have.
func (s *State) read(ctx context.Context, r reader, e entry, development bool) (err error) {
	s.Settings.Kind, s.Settings.Address = s.Kind(), s.Contract
	if s.Owner, err = get(ctx, r, ownerOf); err != nil {
		return err
	}
	if err := e.contract.read(ctx, r, s); err != nil {
		return err
	}
	details, err := readConfigDetails(ctx, r)
	if err != nil {
		return err
	}
	s.ConfigCount, s.ConfigBlock, s.ConfigDigest = details.count, details.block, details.in(e.protocol)
	s.Config, s.ConfigErr = details.config(ctx, r, s.ChainID, development, e.protocol)
	switch {
	case errors.Is(s.ConfigErr, ErrNoConfig):
		s.ConfigErr = nil
	case s.ConfigErr != nil && !errors.Is(s.ConfigErr, ErrLogNotFound):
		return s.ConfigErr
	}
	return nil
}
