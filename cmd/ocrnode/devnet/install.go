package devnet

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/deploy"
)

// installation is what was put on chain.
type installation struct {
	aggregator, linkToken common.Address
	configDigest          string // hexadecimal
	block                 uint64 // in which the configuration was set
}

// install deploys and configures the contracts the way that `ocrdeploy apply` does.
func install(ctx context.Context, c *chain, k *devKeys, p protocol, show Screen) (*installation, error) {
	result, err := deploy.Apply(ctx, c.client, networkOf(c, k, p), deploy.ApplyOptions{
		Options:      deploy.Options{Seed: k.dealer[:], Development: true},
		Signer:       deploy.KeySigner(k.owner),
		PollInterval: embeddedBlockTime,
		Progress: func(e deploy.Event) {
			if e.Stage == deploy.StageConfirmed {
				show.note("%s: block %d, %d gas", deploy.Step{Kind: e.Step}.Description(), e.Block, e.GasUsed)
			}
		},
	})
	if err != nil {
		return nil, fmt.Errorf("setting up the contracts: %w", err)
	}
	in := &installation{aggregator: result.Contract, linkToken: result.Link, configDigest: result.Digest.Hex()}
	for _, tx := range result.Transactions {
		in.block = max(in.block, tx.Block)
	}
	return in, nil
}
