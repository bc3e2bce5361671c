// Package confighelper is the door to OCR2 configs for tools and tests: it reads configs found on chains, and makes the
// arguments of setConfig from the parameters of a network.
//
// [NewSetConfigArgs] is the one to use: it takes a struct, checks it by the rules of the oracles (and, if asked, by those of
// good sense), and its result depends on nothing but its input, so that each signer of a multisig can compute the same bytes.
// The functions named ContractSetConfigArgs... take positional parameters; they are there for code written against the
// reference implementation.
//
// Source: docs/protocol/ocr2.md, section "Configuration".
package confighelper

import (
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr2config"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// OracleIdentity is what a config says about one oracle.
type OracleIdentity = config.OracleIdentity

// OracleIdentityExtra is what the composer of a config must know about one oracle.
type OracleIdentityExtra = config.OracleIdentityExtra

// PublicConfig is all of an OCR2 config that is not secret.
type PublicConfig = ocr2config.PublicConfig

// PublicConfigFromContractConfig reads and checks an OCR2 config. skipResourceExhaustionChecks leaves out the lower bounds
// that do not hold in development mode. The error joins everything that is wrong; see config.Violations.
func PublicConfigFromContractConfig(skipResourceExhaustionChecks bool, change types.ContractConfig) (PublicConfig, error) {
	return ocr2config.PublicConfigFromContractConfig(skipResourceExhaustionChecks, change)
}
