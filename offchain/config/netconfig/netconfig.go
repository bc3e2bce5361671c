// Package netconfig reads the part of a config that the network layer needs, from the configs of all protocol versions.
// Bootstrap nodes know of a config only this part, and not beforehand which version it has.
//
// Source: docs/protocol/ocr2.md, section "Configuration".
package netconfig

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr2config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr3config"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// NetConfig says who talks to each other in an instance.
type NetConfig struct {
	ConfigDigest types.ConfigDigest
	F            int
	PeerIDs      []string // text form, by oracle id
}

// ErrUnknownVersion: no protocol version known here has the offchain config version of a config.
var ErrUnknownVersion = errors.New("unknown offchain config version")

// decoders reads configs, by offchain config version. The checks that depend on development mode are left out: whoever only
// helps oracles to find each other has no part in that decision.
var decoders = map[uint64]func(types.ContractConfig) (NetConfig, error){
	config.OCR2Version: func(cc types.ContractConfig) (NetConfig, error) {
		cfg, err := ocr2config.PublicConfigFromContractConfig(true, cc)
		if err != nil {
			return NetConfig{}, err
		}
		return NetConfig{cfg.ConfigDigest, cfg.F, config.PeerIDs(cfg.OracleIdentities)}, nil
	},
	config.OCR3Version: func(cc types.ContractConfig) (NetConfig, error) {
		cfg, err := ocr3config.PublicConfigFromContractConfig(true, cc)
		if err != nil {
			return NetConfig{}, err
		}
		return NetConfig{cfg.ConfigDigest, cfg.F, config.PeerIDs(cfg.OracleIdentities)}, nil
	},
}

// FromContractConfig reads a config of any supported version and checks all of it. It fails with ErrUnknownVersion, which
// lists the supported versions, or with the error of the version's decoder.
func FromContractConfig(cc types.ContractConfig) (NetConfig, error) {
	decode, ok := decoders[cc.OffchainConfigVersion]
	if !ok {
		return NetConfig{}, fmt.Errorf("%w %d, supported are %v",
			ErrUnknownVersion, cc.OffchainConfigVersion, slices.Sorted(maps.Keys(decoders)))
	}
	return decode(cc)
}
