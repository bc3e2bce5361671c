package deploy

import (
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/offchain/confighelper"
	"github.com/ocrkit/ocrkit/offchain/types"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// Composed is a config as setConfig takes it.
type Composed struct {
	Call ocr2.SetConfigCall
	// Count is the number that the config has, or will have, in its contract, and Digest its digest then.
	Count  uint64
	Digest types.ConfigDigest
}

// Calldata returns the calldata of setConfig.
func (c *Composed) Calldata() []byte { return ocr2.AppendSetConfig(nil, &c.Call) }

// Compose makes config number count of a contract. The secrets are derived from the seed, the place and the content: equal
// arguments give equal bytes, on every machine.
func Compose(network *netfile.Network, contract common.Address, count uint64, seed []byte, development bool) (*Composed, error) {
	in, err := network.SetConfigInput()
	if err != nil {
		return nil, err
	}
	secrets, err := confighelper.DeriveSecrets(seed, fmt.Sprintf("chain %d contract %s config %d", network.Chain.ID, contract.Hex(), count), in)
	if err != nil {
		return nil, err
	}
	level := confighelper.LevelProduction
	if development {
		level = confighelper.LevelDevelopment
	}
	args, err := confighelper.NewSetConfigArgs(level, in, secrets)
	clear(secrets.SharedSecret[:])
	clear(secrets.EphemeralSecretKey[:])
	if err != nil {
		return nil, err
	}
	call := ocr2.SetConfigCall{
		F: args.F, OnchainConfig: args.OnchainConfig, OffchainConfigVersion: args.OffchainConfigVersion, OffchainConfig: args.OffchainConfig,
	}
	for _, oracle := range network.Oracles {
		call.Signers = append(call.Signers, common.Address(oracle.Public.OnchainAddress))
		call.Transmitters = append(call.Transmitters, common.Address(oracle.Public.TransmitAccount))
	}
	return &Composed{Call: call, Count: count, Digest: digestOf(network.Chain.ID, contract, count, &call)}, nil
}

func digestOf(chainID uint64, contract common.Address, count uint64, call *ocr2.SetConfigCall) types.ConfigDigest {
	preimage := ocr2.EVMSimplePreimage{
		ChainId: chainID, ContractAddress: contract, ConfigCount: count,
		Signers: call.Signers, Transmitters: call.Transmitters, F: call.F, OnchainConfig: call.OnchainConfig,
		OffchainConfigVersion: call.OffchainConfigVersion, OffchainConfig: call.OffchainConfig,
	}
	return preimage.Digest()
}
