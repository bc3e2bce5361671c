package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/ethclient"
	"github.com/urfave/cli/v2"

	"github.com/ocrkit/ocrkit/offchain/keys"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/deploy"
	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// Flags that several commands have.
var (
	jsonFlag = &cli.BoolFlag{Name: "json", Usage: "write JSON"}
	fileFlag = &cli.StringFlag{Name: "network", Aliases: []string{"n"}, Value: "network.yaml", Usage: "the network `FILE`"}
	rpcFlag  = &cli.StringFlag{Name: "rpc", EnvVars: []string{"OCRDEPLOY_RPC"}, Usage: "`URL` (http, ws) or socket of a node, instead of chain.rpc"}
	waitFlag = &cli.DurationFlag{Name: "rpc-timeout", Value: 2 * time.Minute, Usage: "how long reading from the node may take in all"}
	keyFlag  = &cli.StringFlag{Name: "key", Usage: "keystore `FILE` (of ocrdeploy or any Ethereum client) of the account that sends"}
	fromFlag = &cli.StringFlag{Name: "from", Usage: "`ADDRESS` of the account that would send"}
	seedFlag = &cli.StringFlag{Name: "seed", Usage: "keystore `FILE` with the dealer's seed, instead of dealer.seedFile"}
	passFlag = &cli.StringFlag{Name: "password-file", Usage: "`FILE` with the password of all keystores; else the environment variable " + passwordEnv + ", else asked for"}
	seedPass = &cli.StringFlag{Name: "seed-password-file", Usage: "`FILE` with the password of the dealer's seed, where it is another one"}
	pubFlag  = &cli.BoolFlag{Name: "public", Usage: "open no keystore: compare only what is public"}
	devFlag  = &cli.BoolFlag{Name: "development", Usage: "admit what oracles admit in development mode only"}
)

const passwordEnv = "OCRDEPLOY_PASSWORD"

// workspace is what a command works with.
type workspace struct {
	path    string
	content []byte
	network *netfile.Network
	client  *ethclient.Client
	cancel  context.CancelFunc
}

// open loads the network file and connects to the node. The context that comes back bounds reading.
func open(c *cli.Context) (context.Context, *workspace, error) {
	s := &workspace{path: c.String("network")}
	var err error
	if s.network, s.content, err = netfile.Load(s.path); err != nil {
		return nil, nil, err
	}
	url := c.String("rpc")
	if url == "" {
		url = s.network.Chain.RPC
	}
	if url == "" {
		return nil, nil, usage("no node is known: write chain.rpc into the network file, or use --rpc or OCRDEPLOY_RPC")
	}
	ctx, cancel := context.WithTimeout(c.Context, c.Duration("rpc-timeout"))
	s.cancel = cancel
	if s.client, err = deploy.Dial(ctx, url, dialTimeout); err != nil {
		cancel()
		return nil, nil, err
	}
	return ctx, s, nil
}

const dialTimeout = 15 * time.Second

func (s *workspace) close() {
	s.client.Close()
	s.cancel()
}

// resolve makes a path of the network file one of this process: relative to the file.
func (s *workspace) resolve(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(s.path), path)
}

// journalPath is next to the network file.
func (s *workspace) journalPath() string { return s.path + ".journal" }

// password finds the password of a file: in the file that a flag names, in the environment, or by asking.
func password(c *cli.Context, what string, confirm bool, fileFlags ...string) (keys.Password, error) {
	for _, flag := range fileFlags {
		if path := c.String(flag); path != "" {
			return keys.PasswordFromFile(path)
		}
	}
	if _, ok := os.LookupEnv(passwordEnv); ok {
		return keys.PasswordFromEnv(passwordEnv)
	}
	return keys.PromptPassword(os.Stdin, c.App.ErrWriter, "password of "+what+": ", confirm)
}

// seed opens the dealer's seed, nil where it is not at hand: not everybody who has the network file has it.
func (s *workspace) seed(c *cli.Context) ([]byte, error) {
	if c.Bool("public") {
		return nil, nil
	}
	path := c.String("seed")
	if path == "" {
		path = s.resolve(s.network.Dealer.SeedFile)
		if _, err := os.Stat(path); path == "" || os.IsNotExist(err) {
			return nil, nil
		}
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("the dealer's seed: %w", err)
	}
	pass, err := password(c, "the dealer's seed "+path, false, "seed-password-file", "password-file")
	if err != nil {
		return nil, err
	}
	key, err := keys.LoadKeystoreV3(path, pass)
	if err != nil {
		return nil, fmt.Errorf("the dealer's seed: %w", err)
	}
	return crypto.FromECDSA(key.PrivateKey()), nil
}

// sender opens the key that sends transactions.
func sender(c *cli.Context) (*keys.EVMKey, error) {
	path := c.String("key")
	if path == "" {
		return nil, usage("which account sends? name its keystore by --key, or make a batch for a multisig by --safe-batch or --calldata")
	}
	pass, err := password(c, path, false, "password-file")
	if err != nil {
		return nil, err
	}
	return keys.LoadKeystoreV3(path, pass)
}

// from is the account that would send: --from, or the address in the keystore, which needs no password.
func from(c *cli.Context) (common.Address, error) {
	var address keys.Address
	if text := c.String("from"); text != "" {
		if err := address.UnmarshalText([]byte(text)); err != nil {
			return common.Address{}, usage("--from: %v", err)
		}
		return common.Address(address), nil
	}
	path := c.String("key")
	if path == "" {
		return common.Address{}, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return common.Address{}, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil {
		return common.Address{}, err
	}
	var file struct {
		Address string `json:"address"`
	}
	if err := json.Unmarshal(content, &file); err != nil || !common.IsHexAddress(file.Address) {
		return common.Address{}, fmt.Errorf("%s does not look like a keystore: it has no address", path)
	}
	return common.HexToAddress(file.Address), nil
}

// oracleKeys opens the key files that the network file names and that are there.
func (s *workspace) oracleKeys(c *cli.Context) (map[int]*keys.Bundle, error) {
	bundles := make(map[int]*keys.Bundle)
	if c.Bool("public") {
		return bundles, nil
	}
	var pass keys.Password
	for i, oracle := range s.network.Oracles {
		path := s.resolve(oracle.KeyFile)
		if path == "" {
			continue
		}
		if _, err := os.Stat(path); os.IsNotExist(err) {
			continue // not at hand
		}
		if len(bundles) == 0 {
			var err error
			if pass, err = password(c, "the oracles' key files", false, "oracle-password-file", "password-file"); err != nil {
				return nil, err
			}
		}
		bundle, err := keys.Load(path, pass)
		if err != nil {
			return nil, fmt.Errorf("keys of %s: %w", s.network.OracleName(i), err)
		}
		bundles[i] = bundle
	}
	return bundles, nil
}
