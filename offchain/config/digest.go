package config

import (
	"context"
	"errors"
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/types"
)

// ErrDigestPrefix: a digester contradicts itself, its digest does not begin with its prefix.
var ErrDigestPrefix = errors.New("the computed config digest does not begin with the digester's prefix")

// ErrDigestMismatch: the digest that comes with a config is not that of its content. The config was made for another
// contract or chain, or something between the contract and the node is not telling the truth.
var ErrDigestMismatch = errors.New("the published config digest is not that of the config")

// CheckContractConfig checks that the digest in a config is the one that the digester computes from the rest of it. An oracle
// must do so with every config that it did not check before, whether it comes from a chain or from a database.
//
// It fails with the digester's error, with ErrDigestPrefix or with ErrDigestMismatch.
//
// Source: docs/protocol/ocr2.md, section "Configuration".
func CheckContractConfig(ctx context.Context, digester types.OffchainConfigDigester, cc types.ContractConfig) error {
	prefix, err := digester.ConfigDigestPrefix(ctx)
	if err != nil {
		return fmt.Errorf("asking the digester for its prefix: %w", err)
	}
	digest, err := digester.ConfigDigest(ctx, cc)
	if err != nil {
		return fmt.Errorf("computing the config digest: %w", err)
	}
	if !prefix.IsPrefixOf(digest) {
		return fmt.Errorf("%w: digest %s, prefix %s", ErrDigestPrefix, digest, prefix)
	}
	if digest != cc.ConfigDigest {
		return fmt.Errorf("%w: published %s, computed %s", ErrDigestMismatch, cc.ConfigDigest, digest)
	}
	return nil
}
