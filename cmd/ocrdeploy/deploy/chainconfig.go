package deploy

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/keys"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// ChainConfig is the config that a contract published.
type ChainConfig struct {
	Protocol netfile.Protocol
	Digest   Digest // as the contract says
	Count    uint64
	Block    uint64      // of the event
	Time     time.Time   // of the block
	Tx       common.Hash // that set it
	Previous uint64      // block of the event before, 0 if there was none

	Transmitters []common.Address
	// Fields are the config taken apart, Secrets what it says about the shared secret, which is not the secret.
	Fields, Secrets []Field
	// OffchainConfig is what only oracles read.
	OffchainConfig []byte

	// Computed is the digest that follows from the parts. It is that of the contract unless something is wrong.
	Computed Digest
	// PublicErr says why oracles refuse the config; nil when they do not. Where it was read for development, oracles in development
	// mode are meant.
	PublicErr error
	// PlainErr says in what the offchain config is more than its fields; nil when it is not.
	PlainErr error

	// open does with the config what an oracle will do: it finds itself, and decrypts the shared secret.
	open func(bundle *keys.Bundle) (commontypes.OracleID, error)
}

// ReadConfig reads the config in force of any contract that speaks a protocol known here. It fails with ErrNoContract, ErrNoConfig,
// ErrLogNotFound or ErrNode; a config that does not decode is no failure, see ChainConfig.
func ReadConfig(ctx context.Context, client Client, contract common.Address) (*ChainConfig, error) {
	chainID, err := client.ChainID(ctx)
	if err != nil {
		return nil, explain(err, "chain id")
	}
	r := reader{client: client, contract: contract}
	details, err := readConfigDetails(ctx, r)
	if err != nil {
		return nil, err
	}
	return details.config(ctx, r, chainID.Uint64(), false, protocols...)
}

// configDetails is what contracts of all protocols answer to latestConfigDetails.
type configDetails struct {
	count, block uint32
	digest       [32]byte // a shorter one is at the beginning
}

// latestConfigDetails has the same name, and three words as its answer, in all protocols.
var latestConfigDetails = getter[configDetails]{"latestConfigDetails", []byte{0x81, 0xff, 0x70, 0x48}, func(b []byte) (d configDetails, err error) {
	if len(b) != 96 {
		return d, fmt.Errorf("%d bytes, want 96", len(b))
	}
	for i, number := range []*uint32{&d.count, &d.block} {
		v := new(big.Int).SetBytes(b[32*i : 32*(i+1)])
		if v.BitLen() > 32 {
			return d, fmt.Errorf("word %d is %s, which has more than 32 bits", i, v)
		}
		*number = uint32(v.Uint64())
	}
	d.digest = [32]byte(b[64:])
	return d, nil
}}

func readConfigDetails(ctx context.Context, r reader) (configDetails, error) {
	return get(ctx, r, latestConfigDetails)
}

// in returns the digest as one of a protocol.
func (d configDetails) in(p protocol) Digest {
	if d.count == 0 && d.digest == ([32]byte{}) {
		return Digest(make([]byte, p.digestLength()))
	}
	return Digest(d.digest[:p.digestLength()])
}

// config finds the event of the config, which is one of the given protocols.
func (d configDetails) config(ctx context.Context, r reader, chainID uint64, development bool, protocols ...protocol) (*ChainConfig, error) {
	if d.count == 0 {
		return nil, fmt.Errorf("contract %s: %w", r.contract, ErrNoConfig)
	}
	byTopic := make(map[common.Hash]protocol)
	var topics []common.Hash
	for _, p := range protocols {
		byTopic[p.configSet()] = p
		topics = append(topics, p.configSet())
	}
	block := new(big.Int).SetUint64(uint64(d.block))
	logs, err := r.client.FilterLogs(ctx, ethereum.FilterQuery{
		FromBlock: block, ToBlock: block, Addresses: []common.Address{r.contract}, Topics: [][]common.Hash{topics},
	})
	if err != nil {
		return nil, explain(err, "logs of contract %s in block %s", r.contract, block)
	}
	for i := len(logs) - 1; i >= 0; i-- {
		log := &logs[i]
		if log.Removed || len(log.Topics) == 0 || byTopic[log.Topics[0]] == nil {
			continue
		}
		p := byTopic[log.Topics[0]]
		c, err := p.readConfig(ctx, log, chainID, development)
		if err != nil || c.Digest != d.in(p) {
			continue
		}
		header, err := r.client.HeaderByNumber(ctx, block)
		if err != nil {
			return nil, explain(err, "header of block %s", block)
		}
		c.Protocol, c.Block, c.Time, c.Tx = p.name(), log.BlockNumber, time.Unix(int64(header.Time), 0).UTC(), log.TxHash
		return c, nil
	}
	return nil, fmt.Errorf("contract %s, block %s, config digest %x: %w: the node may have pruned the logs of that block; use an archive node",
		r.contract, block, d.digest, ErrLogNotFound)
}

// Problem says what is wrong with the config as such: nil, or an error that wraps ErrBadConfig.
func (c *ChainConfig) Problem() error {
	switch {
	case c.Computed != c.Digest:
		return fmt.Errorf("%w: its digest is %s, but from its parts follows %s", ErrBadConfig, c.Digest, c.Computed)
	case c.PublicErr != nil:
		return fmt.Errorf("%w: %w", ErrBadConfig, c.PublicErr)
	}
	return nil
}
