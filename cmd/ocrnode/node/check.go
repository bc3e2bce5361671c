package node

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/ethclient"

	"github.com/ocrkit/ocrkit/cmd/ocrnode/oracle"
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
		place, err := j.place(config, client)
		if err != nil {
			c.add(what, false, "%v", err)
			continue
		}
		found, err := oracle.ReadConfig(ctx, j.Kind, place)
		if err != nil {
			c.add(what, false, "contract %s: %v", place.Contract, err)
			continue
		}
		key := j.Kind.Signer(public)
		signer := slices.IndexFunc(found.Signers, func(s []byte) bool { return bytes.Equal(s, key) })
		transmitter := slices.Index(found.Transmitters, string(public.Account()))
		switch {
		case role == RoleBootstrapper:
			c.add(what, true, "config %s with %d oracles", found.Digest, len(found.Signers))
		case key == nil:
			c.add(what, false, "reports of %s are signed with a key that the key file does not have", j.Kind)
		case signer < 0:
			c.add(what, false, "the signing key %s is not part of config %s", keyText(key), found.Digest)
		case transmitter != signer:
			c.add(what, false, "the config %s has this key as that of oracle %d, but not %s as its transmitter", found.Digest, signer, public.TransmitAccount)
		default:
			c.add(what, true, "oracle %d of %d in config %s", signer, len(found.Signers), found.Digest)
		}
		if role == RoleOracle {
			c.checkSource(ctx, what+" source", config, j.Source, *j.Decimals)
			if j.ObservesGas() {
				c.checkSource(ctx, what+" juelsPerFeeCoin", config, j.JuelsPerFeeCoin, 0)
				c.checkSource(ctx, what+" gasPriceSubunits", config, j.GasPriceSubunits, 0)
			}
		}
	}
	return c
}

// keyText writes a key as people recognise it: an address whole, longer ones by their beginning.
func keyText(key []byte) string {
	if len(key) == common.AddressLength {
		return common.BytesToAddress(key).Hex()
	}
	return fmt.Sprintf("0x%x…", key[:min(len(key), 16)])
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
