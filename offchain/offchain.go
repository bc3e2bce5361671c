// Package offchain makes oracles and bootstrappers: arguments in, something that runs out.
//
// An [Oracle] takes part in the protocol of one contract, under whatever config the contract has. A [Bootstrapper] helps the
// oracles of one contract to find each other on the network. Both are started once and closed once.
//
// Source: docs/protocol/ocr2.md, "Runtime".
package offchain

import (
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/localconfig"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/runtime"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// Oracle is a running, or not yet running, oracle. It is safe for concurrent use.
type Oracle interface {
	// Start begins the work in the background and returns at once. It fails when called a second time or after Close. What goes
	// wrong later is logged, and shows in the status (see [StatusReporter]).
	Start() error
	// Close ends the work and returns when nothing of it goes on any more. It waits for calls into what the oracle was given
	// (plugin, database, transmitter, ...), whose contexts it cancels, without a limit. It fails unless the oracle was started
	// and not yet closed.
	Close() error
}

// StatusReporter is implemented by every [Oracle] of this package, and by *[Bootstrapper].
type StatusReporter interface {
	// Status returns what the oracle is doing now, or why it does nothing. It may be called at any time.
	Status() runtime.Status
}

// OracleArgs are the arguments of one kind of oracle: [OCR1OracleArgs], [OCR2OracleArgs], [OCR3OracleArgs], [MercuryOracleArgs].
type OracleArgs interface {
	oracleArgsMarker()
	checkLocalConfig() error
	newOracle() *runtime.Process
}

// NewOracle makes an oracle, which the caller must start. It fails if the local config is out of range; the error lists every
// rule that it breaks. Nothing else is checked: a nil argument shows when it is first used.
func NewOracle(args OracleArgs) (Oracle, error) {
	if err := args.checkLocalConfig(); err != nil {
		return nil, fmt.Errorf("NewOracle: %w", err)
	}
	return args.newOracle(), nil
}

// SanityCheckLocalConfig checks that the fields of a local config, of any version but OCR1, are in their ranges; the error lists every
// violation. In development mode everything passes.
func SanityCheckLocalConfig(c types.LocalConfig) (err error) {
	return localconfig.SanityCheck(c)
}

// SanityCheckOCR1LocalConfig does the same for a local config of OCR1.
func SanityCheckOCR1LocalConfig(c ocr1types.LocalConfig) (err error) {
	return localconfig.SanityCheckOCR1(c)
}
