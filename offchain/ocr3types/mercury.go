package ocr3types

import (
	"context"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// The largest values, in bytes, that a Mercury plugin may declare in its MercuryPluginLimits: 16 KiB and 2 MiB.
const (
	MaxMaxMercuryObservationLength = 16 << 10
	MaxMaxMercuryReportLength      = 2 << 20
)

// MercuryPluginFactory makes Mercury plugins.
type MercuryPluginFactory interface {
	// NewMercuryPlugin makes a plugin for one run of one protocol instance. It is called whenever an instance starts: after a
	// change of config, after a restart of the process, and again after an attempt that failed. The context ends after the time
	// that the config, or else LocalConfig.DefaultMaxDurationInitialization, allows. The caller closes the plugin.
	NewMercuryPlugin(context.Context, MercuryPluginConfig) (MercuryPlugin, MercuryPluginInfo, error)
}

// MercuryPluginConfig tells a Mercury plugin about the instance in which it runs.
type MercuryPluginConfig struct {
	ConfigDigest types.ConfigDigest

	// OracleID is the id of the oracle that runs the plugin.
	OracleID commontypes.OracleID

	// N is the number of oracles, F the number of faulty ones that are tolerated; 3*F < N.
	N int
	F int

	// OnchainConfig is ContractConfig.OnchainConfig, unchanged.
	OnchainConfig []byte

	// OffchainConfig is the plugin's own part of ContractConfig.OffchainConfig.
	OffchainConfig []byte

	// EstimatedRoundInterval is the interval at which rounds start when all goes well. The real one may be longer or shorter.
	EstimatedRoundInterval time.Duration

	// MaxDurationObservation is the time after which the context of MercuryPlugin.Observation ends.
	MaxDurationObservation time.Duration
}

// MercuryPlugin is a plugin for feeds that report often and whose reports build on the ones before: each call gets the report
// that the oracles agreed on last. It runs on OCR3, through an adapter: an outcome is a report, every round with a new report is
// reported, and everything that is attested is transmitted.
//
// The methods may be called concurrently. Epochs and rounds in timestamps are truncated to the width of ReportTimestamp, so they
// start over after 2^32 epochs and 2^8 rounds.
type MercuryPlugin interface {
	// Observation observes something. It is called on every oracle. The previous report is nil if there was none. The context ends
	// after MercuryPluginConfig.MaxDurationObservation.
	Observation(ctx context.Context, repts types.ReportTimestamp, previousReport types.Report) (types.Observation, error)

	// Report makes a report of at least 2F+1 observations by distinct oracles. This oracle's own may be missing, and up to F of
	// them may be malformed or dishonest. When the result is false there is no report in this round, and the previous one stays the
	// previous one.
	//
	// The results must depend on the arguments alone, and not on the state of the plugin: oracles agree on equal reports, or on
	// none. It should be fast: nothing but computation.
	Report(ctx context.Context, repts types.ReportTimestamp, previousReport types.Report, aos []types.AttributedObservation) (bool, types.Report, error)

	// Close releases what the plugin holds. It is called once, when all other calls have returned. A second call must not
	// panic.
	Close() error
}

// MercuryPluginInfo is what a Mercury plugin tells about itself.
type MercuryPluginInfo struct {
	// Name is for logs and metrics.
	Name string

	// Limits must be the same on all oracles.
	Limits MercuryPluginLimits
}

// MercuryPluginLimits bounds what a Mercury plugin produces, in bytes. The limits of the network follow from them, so they should
// be as tight as possible.
type MercuryPluginLimits struct {
	MaxObservationLength int // 0 to MaxMaxMercuryObservationLength
	MaxReportLength      int // 0 to MaxMaxMercuryReportLength
}
