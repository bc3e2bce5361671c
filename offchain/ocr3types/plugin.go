package ocr3types

import (
	"context"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// The largest values that a plugin may declare in its ReportingPluginLimits, all in bytes but the last.
const (
	MaxMaxQueryLength       = 5 << 20
	MaxMaxObservationLength = 1 << 20
	MaxMaxOutcomeLength     = 5 << 20
	MaxMaxReportLength      = 5 << 20
	MaxMaxReportCount       = 2000
)

// ReportingPluginFactory makes the reporting plugins of OCR3.
type ReportingPluginFactory[RI any] interface {
	// NewReportingPlugin makes a plugin for one run of one protocol instance. It is called whenever an instance starts: after a
	// change of config, after a restart of the process, and again after an attempt that failed. The context ends after the time
	// that the config, or else LocalConfig.DefaultMaxDurationInitialization, allows. The caller closes the plugin.
	NewReportingPlugin(context.Context, ReportingPluginConfig) (ReportingPlugin[RI], ReportingPluginInfo, error)
}

// ReportingPluginConfig tells a plugin about the instance in which it runs.
type ReportingPluginConfig struct {
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

	// The times after which the contexts of the plugin's methods end. The other methods must return within milliseconds.
	MaxDurationQuery                        time.Duration
	MaxDurationObservation                  time.Duration
	MaxDurationShouldAcceptAttestedReport   time.Duration
	MaxDurationShouldTransmitAcceptedReport time.Duration
}

// ReportingPlugin decides what an OCR3 instance observes, agrees on and reports. One round runs like this: the leader's plugin
// makes a query; every oracle's plugin makes an observation; every oracle's plugin turns the same observations, a quorum of them,
// and the outcome before into the next outcome; the oracles agree on it. Then every oracle's plugin derives the reports from the
// outcome; the oracles sign them; each attested report is offered to the plugins of those oracles that are to transmit it.
//
// The rules for all methods:
//
//   - They may be called concurrently, also for different sequence numbers, and several times for the same one: a round may be
//     given up and its sequence number be tried again, in another epoch and with another leader.
//   - ValidateObservation, ObservationQuorum, Outcome and Reports are pure: what they return depends on their arguments alone,
//     not on the state of the plugin, a clock or the context, and is the same on all oracles. If it is not, the oracles cannot
//     agree, and the instance stands still. They should be fast: nothing but computation.
//   - Contexts of Query, Observation and the two Should methods end after the times of ReportingPluginConfig.
//   - An error means that this oracle contributes nothing to that step. It is logged.
//   - Results longer than the declared ReportingPluginLimits count as errors.
//   - The instance may stop after any step, and start again with a plugin that knows nothing of what came before. Up to F
//     oracles may be faulty and send malformed or dishonest queries and observations.
type ReportingPlugin[RI any] interface {
	// Query makes the query of a round. It is called on the leader only. A faulty leader can send different queries to different
	// oracles.
	Query(ctx context.Context, outctx OutcomeContext) (types.Query, error)

	// Observation observes something, as the leader's query asks. It is called on every oracle, the leader included.
	Observation(ctx context.Context, outctx OutcomeContext, query types.Query) (types.Observation, error)

	// ValidateObservation returns an error if an observation is not one that a correct oracle could have made for this query.
	// Invalid observations are dropped: ObservationQuorum and Outcome never see them. The error says nothing about this oracle.
	//
	// Pure.
	ValidateObservation(ctx context.Context, outctx OutcomeContext, query types.Query, ao types.AttributedObservation) error

	// ObservationQuorum tells whether the observations, all valid and by distinct oracles, are enough to make an outcome of
	// (package quorumhelper has the usual rules). It must be monotone: if it is true for some observations, it must be true for
	// these and any others. And it must become true when all correct oracles' observations are there: N-F of them.
	//
	// Pure.
	ObservationQuorum(ctx context.Context, outctx OutcomeContext, query types.Query, aos []types.AttributedObservation) (quorumReached bool, err error)

	// Outcome makes an outcome of observations for which ObservationQuorum is true: valid ones by distinct oracles. This oracle's
	// own may be missing.
	//
	// Pure.
	Outcome(ctx context.Context, outctx OutcomeContext, query types.Query, aos []types.AttributedObservation) (Outcome, error)

	// Reports derives the reports from an outcome that the oracles agreed on: none, one or several. It is called on every oracle,
	// for every outcome that the oracle learns of. An oracle that was cut off may miss some.
	//
	// Pure, and that includes the order of the reports and their infos: oracles sign the i-th report of a sequence number.
	Reports(ctx context.Context, seqNr uint64, outcome Outcome) ([]ReportPlus[RI], error)

	// ShouldAcceptAttestedReport decides whether a report that F+1 oracles attest to is to be queued for transmission. Here a
	// plugin can drop what has become superfluous. It is called on the oracles in the report's transmission schedule. Reports
	// come in any order.
	ShouldAcceptAttestedReport(ctx context.Context, seqNr uint64, reportWithInfo ReportWithInfo[RI]) (bool, error)

	// ShouldTransmitAcceptedReport decides, when it is this oracle's turn to transmit an accepted report, whether that is still
	// useful; for example not if the report is already on chain. Reports come in any order.
	ShouldTransmitAcceptedReport(ctx context.Context, seqNr uint64, reportWithInfo ReportWithInfo[RI]) (bool, error)

	// Close releases what the plugin holds. It is called once, when all other calls have returned. A second call must not
	// panic.
	Close() error
}

// ReportingPluginInfo is what a plugin tells about itself.
type ReportingPluginInfo struct {
	// Name is for logs and metrics.
	Name string

	// Limits must be the same on all oracles.
	Limits ReportingPluginLimits
}

// ReportingPluginLimits bounds what a plugin produces, in bytes. The limits of the network follow from them, so they should
// be as tight as possible.
type ReportingPluginLimits struct {
	MaxQueryLength       int // 0 to MaxMaxQueryLength
	MaxObservationLength int // 0 to MaxMaxObservationLength
	MaxOutcomeLength     int // 0 to MaxMaxOutcomeLength
	MaxReportLength      int // 0 to MaxMaxReportLength
	MaxReportCount       int // number of reports that one outcome may have, 0 to MaxMaxReportCount
}
