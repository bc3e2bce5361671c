package node

import (
	"context"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/ethclient"

	"github.com/ocrkit/ocrkit/offchain/evm"
	"github.com/ocrkit/ocrkit/offchain/evm/evmutil"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// Check is the result of [CheckOnline].
type Check struct {
	// Findings are in the order in which things were looked at.
	Findings []Finding `json:"findings"`
}

// Finding is one thing that was looked at.
type Finding struct {
	What string `json:"what"`
	OK   bool   `json:"ok"`
	Text string `json:"text"`
}

// OK tells whether nothing is wrong.
func (c *Check) OK() bool {
	return !slices.ContainsFunc(c.Findings, func(f Finding) bool { return !f.OK })
}

func (c *Check) add(what string, ok bool, format string, args ...any) {
	c.Findings = append(c.Findings, Finding{what, ok, fmt.Sprintf(format, args...)})
}

// CheckOnline looks at what a node file refers to, as the node would, and changes nothing: the keys open, the chain answers and is
// the right one, each contract is there and has a config that this node's keys are part of, and each source answers. Nothing
// on chain, on disk or at peers changes.
func CheckOnline(ctx context.Context, config *Config, role Role) *Check {
	c := &Check{}
	bundle, err := loadKeys(config)
	if err != nil {
		c.add("keys", false, "%v", err)
		return c
	}
	public := bundle.Public()
	c.add("keys", true, "peer id %s", public.PeerID)

	ctx, cancel := context.WithTimeout(ctx, 3*chainRequestTimeout)
	defer cancel()
	client, err := ethclient.DialContext(ctx, config.Chain.RPC)
	if err != nil {
		c.add("chain", false, "%v", err)
		return c
	}
	defer client.Close()
	id, err := client.ChainID(ctx)
	if err != nil {
		c.add("chain", false, "%s does not answer: %v", withoutSecrets(config.Chain.RPC), err)
		return c
	}
	if !id.IsUint64() || id.Uint64() != config.Chain.ID {
		c.add("chain", false, "%s is chain %s, but chain.id is %d", withoutSecrets(config.Chain.RPC), id, config.Chain.ID)
		return c
	}
	c.add("chain", true, "%d answers", config.Chain.ID)
	if role == RoleOracle {
		balance, err := client.BalanceAt(ctx, common.Address(public.TransmitAccount), nil)
		switch {
		case err != nil:
			c.add("transmitter", false, "%v", err)
		case balance.Sign() == 0:
			c.add("transmitter", false, "%s has nothing to pay gas with", public.TransmitAccount)
		default:
			c.add("transmitter", true, "%s has %s wei", public.TransmitAccount, balance)
		}
	}
	for _, j := range config.Jobs {
		what := "job " + j.Name
		address, err := parseAddress(j.Contract)
		if err != nil {
			c.add(what, false, "%v", err)
			continue
		}
		contractConfig, err := readConfig(ctx, client, config.Chain.ID, common.Address(address))
		if err != nil {
			c.add(what, false, "contract %s: %v", address, err)
			continue
		}
		signer := slices.IndexFunc(contractConfig.Signers, func(s types.OnchainPublicKey) bool {
			return string(s) == string(public.OnchainPublicKey())
		})
		transmitter := slices.Index(contractConfig.Transmitters, public.Account())
		switch {
		case role == RoleBootstrapper:
			c.add(what, true, "config %s with %d oracles", contractConfig.ConfigDigest, len(contractConfig.Signers))
		case signer < 0:
			c.add(what, false, "the signing key %s is not part of config %s", public.OnchainAddress, contractConfig.ConfigDigest)
		case transmitter != signer:
			c.add(what, false, "the config %s has %s as oracle %d, but not %s as its transmitter", contractConfig.ConfigDigest, public.OnchainAddress, signer, public.TransmitAccount)
		default:
			c.add(what, true, "oracle %d of %d in config %s", signer, len(contractConfig.Signers), contractConfig.ConfigDigest)
		}
		if role == RoleOracle {
			c.checkSource(ctx, what+" source", config, j.Source, *j.Decimals)
			c.checkSource(ctx, what+" juelsPerFeeCoin", config, j.JuelsPerFeeCoin, 0)
			c.checkSource(ctx, what+" gasPriceSubunits", config, j.GasPriceSubunits, 0)
		}
	}
	return c
}

func (c *Check) checkSource(ctx context.Context, what string, config *Config, source Source, decimals int) {
	opened, err := source.open(config, decimals)
	if err != nil {
		c.add(what, false, "%v", err)
		return
	}
	value, err := opened.Observe(ctx, types.ReportTimestamp{})
	if err != nil {
		c.add(what, false, "%v", err)
		return
	}
	c.add(what, true, "%s", value)
}

// readConfig returns the contract's config, recomputing its digest.
func readConfig(ctx context.Context, client *ethclient.Client, chainID uint64, contract common.Address) (types.ContractConfig, error) {
	tracker := evm.NewConfigTracker(evm.ConfigTrackerOptions{Client: client, Contract: contract})
	defer tracker.Close()
	block, digest, err := tracker.LatestConfigDetails(ctx)
	if err != nil {
		return types.ContractConfig{}, err
	}
	if digest == (types.ConfigDigest{}) {
		return types.ContractConfig{}, fmt.Errorf("has no config yet")
	}
	config, err := tracker.LatestConfig(ctx, block)
	if err != nil {
		return types.ContractConfig{}, err
	}
	want, err := evmutil.EVMOffchainConfigDigester{ChainID: chainID, ContractAddress: contract}.ConfigDigest(ctx, config)
	if err != nil {
		return types.ContractConfig{}, err
	}
	if want != digest {
		return types.ContractConfig{}, fmt.Errorf("has digest %s, but its config has %s", digest, want)
	}
	return config, nil
}
