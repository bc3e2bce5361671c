package types

import (
	"context"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
)

// The largest values, in bytes, that a plugin may declare in its ReportingPluginLimits: 256 MiB each.
const (
	MaxMaxQueryLength       = 256 << 20
	MaxMaxObservationLength = 256 << 20
	MaxMaxReportLength      = 256 << 20
)

// ReportingPluginFactory makes the reporting plugins of OCR2.
type ReportingPluginFactory interface {
	// NewReportingPlugin makes a plugin for one run of one protocol instance. It is called whenever an instance starts: after a
	// change of config, after a restart of the process, and again after an attempt that failed. The context ends after the time
	// that the config, or else LocalConfig.DefaultMaxDurationInitialization, allows. The caller closes the plugin.
	NewReportingPlugin(context.Context, ReportingPluginConfig) (ReportingPlugin, ReportingPluginInfo, error)
}

// ReportingPluginConfig tells a plugin about the instance in which it runs.
type ReportingPluginConfig struct {
	ConfigDigest ConfigDigest

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

	// The times after which the contexts of the plugin's methods end.
	MaxDurationQuery                        time.Duration
	MaxDurationObservation                  time.Duration
	MaxDurationReport                       time.Duration
	MaxDurationShouldAcceptFinalizedReport  time.Duration
	MaxDurationShouldTransmitAcceptedReport time.Duration
}

// ReportingPlugin decides what an OCR2 instance observes and reports. One round runs like this: the leader's plugin makes a
// query; every oracle's plugin makes an observation; every oracle's plugin makes a report out of the same observations; the
// oracles sign it; a signed report is offered to every oracle's plugin for acceptance and then, when the oracle's turn comes,
// for transmission.
//
// The rules for all methods:
//
//   - They may be called concurrently, also by different rounds.
//   - Contexts end after the times of ReportingPluginConfig. Query, Observation and Report hold up the oracle's protocol while
//     they run: return in time.
//   - An error means that this oracle contributes nothing to that step. It is logged. The step is not tried
//     again by itself, except for transmissions; but a leader may ask again for a report in the same round.
//   - Results longer than the declared ReportingPluginLimits count as errors.
//   - Any round may stop after any step, so any of the methods may be called without the others. The instance may stop and
//     start again with the same epochs and rounds still open. Up to F oracles may be faulty and send malformed or dishonest
//     queries and observations.
type ReportingPlugin interface {
	// Query makes the query of a round. It is called on the leader only. For one plugin the timestamps increase. A faulty
	// leader can send different queries to different oracles.
	Query(context.Context, ReportTimestamp) (Query, error)

	// Observation observes something, as the leader's query asks. It is called on every oracle, the leader included. For one
	// plugin the timestamps increase.
	Observation(context.Context, ReportTimestamp, Query) (Observation, error)

	// Report makes a report of the observations that the leader collected: at least 2F+1 of them, by distinct oracles, each
	// signed by its observer. This oracle's own may be missing. When the result is false there is no report in this round. For
	// one plugin the timestamps do not decrease; they repeat only after an error.
	//
	// The result must depend on the arguments alone, and not on the state of the plugin: oracles sign equal reports, or none.
	Report(context.Context, ReportTimestamp, Query, []AttributedObservation) (bool, Report, error)

	// ShouldAcceptFinalizedReport decides whether a report, which carries a quorum of signatures, is to be queued for
	// transmission. Here a plugin can drop what has become superfluous. Reports come in any order.
	ShouldAcceptFinalizedReport(context.Context, ReportTimestamp, Report) (bool, error)

	// ShouldTransmitAcceptedReport decides, when it is this oracle's turn to transmit an accepted report, whether that is still
	// useful; for example not if the report is already on chain. Reports come in any order, and may have been accepted by an
	// earlier plugin, before a restart. When a transmission fails, the plugin is asked again before the next attempt.
	ShouldTransmitAcceptedReport(context.Context, ReportTimestamp, Report) (bool, error)

	// Close releases what the plugin holds. It is called once, when all other calls have returned. A second call must not
	// panic.
	Close() error
}

// ReportingPluginInfo is what a plugin tells about itself.
type ReportingPluginInfo struct {
	// Name is for logs and metrics.
	Name string

	// UniqueReports asks for at most one report per round: the signatures of more than (N+F)/2 oracles are then needed, instead
	// of F+1. It must be the same on all oracles.
	UniqueReports bool

	// Limits must be the same on all oracles.
	Limits ReportingPluginLimits
}

// ReportingPluginLimits bounds what a plugin produces, in bytes. The limits of the network follow from them, so they should
// be as tight as possible.
type ReportingPluginLimits struct {
	MaxQueryLength       int // 0 to MaxMaxQueryLength
	MaxObservationLength int // 0 to MaxMaxObservationLength
	MaxReportLength      int // 0 to MaxMaxReportLength
}
