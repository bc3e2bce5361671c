package evmutil

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr3"
	"github.com/ocrkit/ocrkit/offchain/types"
)

func ocr3Config() types.ContractConfig {
	return types.ContractConfig{
		ConfigCount:  3,
		Signers:      []types.OnchainPublicKey{{1, 2}, {3, 4}},
		Transmitters: []types.Account{"0x00000000000000000000000000000000000000AA", "0x00000000000000000000000000000000000000bb"},
		F:            1, OnchainConfig: []byte("on"), OffchainConfigVersion: 30, OffchainConfig: []byte("off"),
	}
}

// TestOCR3Digest: every part of a config, the chain and the contract make another digest; the case of accounts does not. (That it is
// the digest of the contract, package evm tests.)
func TestOCR3Digest(t *testing.T) {
	ctx := context.Background()
	digester := OCR3OffchainConfigDigester{ChainID: 1, ContractAddress: common.Address{9}}
	digest := func(d OCR3OffchainConfigDigester, change func(*types.ContractConfig)) types.ConfigDigest {
		t.Helper()
		config := ocr3Config()
		change(&config)
		digest, err := d.ConfigDigest(ctx, config)
		if err != nil {
			t.Fatal(err)
		}
		if prefix, err := d.ConfigDigestPrefix(ctx); err != nil || !prefix.IsPrefixOf(digest) {
			t.Errorf("digest %s has not prefix %v (%v)", digest, prefix, err)
		}
		return digest
	}
	want := digest(digester, func(*types.ContractConfig) {})
	if same := digest(digester, func(c *types.ContractConfig) {
		c.Transmitters[0] = "0x00000000000000000000000000000000000000aa"
		c.ConfigDigest = types.ConfigDigest{1}
	}); same != want {
		t.Errorf("digests are %s and %s", want, same)
	}
	seen := map[types.ConfigDigest]string{want: "unchanged"}
	note := func(name string, digest types.ConfigDigest) {
		if other, ok := seen[digest]; ok {
			t.Errorf("%s and %s have the same digest", name, other)
		}
		seen[digest] = name
	}
	note("chain", digest(OCR3OffchainConfigDigester{2, digester.ContractAddress}, func(*types.ContractConfig) {}))
	note("contract", digest(OCR3OffchainConfigDigester{1, common.Address{8}}, func(*types.ContractConfig) {}))
	for name, change := range map[string]func(*types.ContractConfig){
		"count":           func(c *types.ContractConfig) { c.ConfigCount++ },
		"signers":         func(c *types.ContractConfig) { c.Signers[0], c.Signers[1] = c.Signers[1], c.Signers[0] },
		"transmitters":    func(c *types.ContractConfig) { c.Transmitters[0] = c.Transmitters[1] },
		"f":               func(c *types.ContractConfig) { c.F++ },
		"onchain config":  func(c *types.ContractConfig) { c.OnchainConfig = nil },
		"version":         func(c *types.ContractConfig) { c.OffchainConfigVersion++ },
		"offchain config": func(c *types.ContractConfig) { c.OffchainConfig = []byte("of") },
		"nobody":          func(c *types.ContractConfig) { c.Signers, c.Transmitters = nil, nil },
	} {
		note(name, digest(digester, change))
	}
	for name, change := range map[string]func(*types.ContractConfig){
		"signer 1":               func(c *types.ContractConfig) { c.Signers[1] = []byte{1} },
		"signer 0":               func(c *types.ContractConfig) { c.Signers[0], c.Signers[1] = nil, nil },
		"1 signers":              func(c *types.ContractConfig) { c.Signers = c.Signers[1:] },
		"transmitter 1: account": func(c *types.ContractConfig) { c.Transmitters[1] = "0xgg" },
	} {
		config := ocr3Config()
		change(&config)
		if digest, err := digester.ConfigDigest(ctx, config); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got digest %s, error %v; want %q", digest, err, name)
		}
	}
}

// TestOCR3ConfigSet: the config is that of the event, and shares nothing with it.
func TestOCR3ConfigSet(t *testing.T) {
	event := ocr3.ConfigSet{
		ConfigDigest: [32]byte{5}, ConfigCount: 3, Keys: []byte{1, 2, 3, 4}, Transmitters: []common.Address{{19: 0xaa}, {19: 0xbb}},
		F: 1, OnchainConfig: []byte("on"), OffchainConfigVersion: 30, OffchainConfig: []byte("off"),
	}
	config, err := ContractConfigFromOCR3ConfigSetEvent(&event)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range [][]byte{event.Keys, event.OnchainConfig, event.OffchainConfig} {
		clear(b)
	}
	want := ocr3Config()
	if config.ConfigDigest != (types.ConfigDigest{5}) || config.ConfigCount != want.ConfigCount || config.F != want.F || config.OffchainConfigVersion != want.OffchainConfigVersion ||
		!bytes.Equal(config.OnchainConfig, want.OnchainConfig) || !bytes.Equal(config.OffchainConfig, want.OffchainConfig) || len(config.Signers) != 2 || len(config.Transmitters) != 2 {
		t.Errorf("got %+v, want %+v", config, want)
	}
	for i := range want.Signers {
		if !bytes.Equal(config.Signers[i], want.Signers[i]) || !strings.EqualFold(string(config.Transmitters[i]), string(want.Transmitters[i])) {
			t.Errorf("oracle %d is %x, %s; want %x, %s", i, config.Signers[i], config.Transmitters[i], want.Signers[i], want.Transmitters[i])
		}
	}
}
