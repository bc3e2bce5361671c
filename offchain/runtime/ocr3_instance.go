package runtime

import (
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config/ocr3config"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr3"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// ocr3Instance drives one OCR3 machine.
type ocr3Instance[RI any] struct {
	engine
	cfg        ocr3config.SharedConfig
	args       OCR3Args[RI]
	plugin     ocr3types.ReportingPlugin[RI]
	info       ocr3types.ReportingPluginInfo
	sizeLimits ocr3wire.SizeLimits

	keeper  ocr3Keeper
	told    ocr3wire.Telemetry
	numbers ocr3Numbers
	machine *ocr3.Machine

	// reports are those of committed outcomes, by sequence number, until the machine has no use for them any more. The lists do
	// not change.
	reports map[uint64][]ocr3types.ReportWithInfo[RI]

	methods struct {
		query, observation, validate, quorum, outcome, reports, shouldAccept, shouldTransmit, transmit method
	}

	shown OCR3InstanceStatus // without CommonStatus; see engine.statusMu
}

// newOCR3Instance puts an instance together, up to the point where messages can come in. It must be followed by begin or, if
// begin was not called, by nothing: it holds no resource.
func newOCR3Instance[RI any](args OCR3Args[RI], cfg ocr3config.SharedConfig, plugin ocr3types.ReportingPlugin[RI], info ocr3types.ReportingPluginInfo,
	limits types.BinaryNetworkEndpointLimits, endpoint commontypes.BinaryNetworkEndpoint, t *telemetry, logger logging.Logger,
) *ocr3Instance[RI] {
	in := &ocr3Instance[RI]{
		cfg: cfg, args: args, plugin: plugin, info: info,
		sizeLimits: ocr3wire.SizeLimits{
			N: cfg.N(), Quorum: cfg.ByzQuorumSize(), MaxQueryLength: info.Limits.MaxQueryLength, MaxObservationLength: info.Limits.MaxObservationLength,
			MaxOutcomeLength: info.Limits.MaxOutcomeLength, MaxReportCount: info.Limits.MaxReportCount,
			MaxSignatureLength: args.OnchainKeyring.MaxSignatureLength(),
		},
		told:    ocr3wire.Telemetry{ConfigDigest: cfg.ConfigDigest},
		reports: map[uint64][]ocr3types.ReportWithInfo[RI]{},
		shown:   OCR3InstanceStatus{PluginName: info.Name},
	}
	in.setUp(in, memberOf(cfg.OracleID, cfg.OracleIdentities, cfg.F), in.decode, in.told, limits.MaxMessageLength, endpoint, t, logger)
	in.signOffchain = args.OffchainKeyring.OffchainSign
	in.keeper = ocr3Keeper{
		writes: writes{timeout: args.LocalConfig.DatabaseTimeout, logger: logger, post: in.post, running: &in.running},
		db:     args.Database, digest: cfg.ConfigDigest,
		pacemakerDurable: in.outbox.becameDurable,
		certificateDurable: func(id kernel.CallID) {
			in.step(ocr3.CertificateWritten{ID: id})
		},
	}
	for m, name := range map[*method]string{
		&in.methods.query: "ReportingPlugin.Query", &in.methods.observation: "ReportingPlugin.Observation",
		&in.methods.validate: "ReportingPlugin.ValidateObservation", &in.methods.quorum: "ReportingPlugin.ObservationQuorum",
		&in.methods.outcome: "ReportingPlugin.Outcome", &in.methods.reports: "ReportingPlugin.Reports",
		&in.methods.shouldAccept:   "ReportingPlugin.ShouldAcceptAttestedReport",
		&in.methods.shouldTransmit: "ReportingPlugin.ShouldTransmitAcceptedReport",
	} {
		*m = method{name: name, late: lateAfter}
	}
	in.methods.transmit = method{name: "ContractTransmitter.Transmit", late: lateTransmitAfter}
	in.machine = ocr3.New(ocr3.Config{
		ConfigDigest:                            cfg.ConfigDigest,
		OracleID:                                cfg.OracleID,
		N:                                       cfg.N(),
		F:                                       cfg.F,
		DeltaProgress:                           cfg.DeltaProgress,
		DeltaResend:                             cfg.DeltaResend,
		DeltaInitial:                            cfg.DeltaInitial,
		DeltaRound:                              cfg.DeltaRound,
		DeltaGrace:                              cfg.DeltaGrace,
		DeltaCertifiedCommitRequest:             cfg.DeltaCertifiedCommitRequest,
		DeltaStage:                              cfg.DeltaStage,
		RMax:                                    cfg.RMax,
		S:                                       cfg.S,
		MaxDurationQuery:                        cfg.MaxDurationQuery,
		MaxDurationObservation:                  cfg.MaxDurationObservation,
		MaxDurationShouldAcceptAttestedReport:   cfg.MaxDurationShouldAcceptAttestedReport,
		MaxDurationShouldTransmitAcceptedReport: cfg.MaxDurationShouldTransmitAcceptedReport,
		ContractTransmitterTransmitTimeout:      args.LocalConfig.ContractTransmitterTransmitTimeout,
		LeaderSelectionKey:                      cfg.Keys.LeaderSelection,
		TransmissionOrderKey:                    cfg.Keys.TransmissionOrder,
	})
	return in
}

// start lets the machine run.
func (in *ocr3Instance[RI]) start(start ocr3.Start) {
	in.register(in.args.MetricsRegisterer, in.cfg.ConfigDigest.Hex(), in.args.OffchainKeyring.OffchainPublicKey(),
		in.numbers.metrics(), ocr3Lost, ocr3config.Metrics(in.cfg.PublicConfig))
	in.begin(start)
}

// stop ends an instance that has been started and returns when nothing of it is left. The plugin is not closed.
func (in *ocr3Instance[RI]) stop() {
	in.halt()
	in.stopListening()
	in.metrics.unregister()
}

// decode reads a message.
func (in *ocr3Instance[RI]) decode(b []byte) (any, error) {
	message, err := ocr3wire.Decode(b, in.sizeLimits.N, in.sizeLimits.MaxReportCount)
	if err != nil {
		return nil, err
	}
	return message, ocr3wire.CheckSize(message, in.sizeLimits)
}

func (in *ocr3Instance[RI]) receive(now time.Time, from commontypes.OracleID, message any) []kernel.Effect {
	return in.machine.Receive(now, from, message.(ocr3wire.Message))
}

// encode returns the bytes of a message, nil if it cannot be sent.
func (in *ocr3Instance[RI]) encode(m ocr3wire.Message) (b []byte) {
	err := ocr3wire.CheckSize(m, in.sizeLimits)
	if err == nil {
		b, err = ocr3wire.Encode(m)
	}
	return in.fitting(m.Kind(), b, err)
}

func (in *ocr3Instance[RI]) timerFired(id kernel.TimerID) any { return ocr3.TimerFired{Timer: id} }

func (in *ocr3Instance[RI]) advance(now time.Time, event any) []kernel.Effect {
	if computed, ok := event.(computedReports[RI]); ok {
		in.reports[computed.seqNr] = computed.reports
		event = computed.done
	}
	if done, ok := event.(ocr3.TransmitDone); ok && done.Err != nil {
		in.notTransmitted(done.Err)
	}
	return in.machine.Step(now, event)
}

func (in *ocr3Instance[RI]) publish() { in.shown.Machine = in.machine.Status() }

// report returns the instance's status.
func (in *ocr3Instance[RI]) report() *OCR3InstanceStatus {
	in.statusMu.Lock()
	defer in.statusMu.Unlock()
	s := in.shown
	s.CommonStatus = in.common()
	count := func(c ocr3.Counter) uint64 { return in.numbers.counters[c].Load() }
	s.SentObservations = count(ocr3.CountSentObservations)
	s.IncludedObservations = count(ocr3.CountIncludedObservations)
	s.LedCommittedRounds = count(ocr3.CountLedCommittedRounds)
	return &s
}

// String names the instance in panics and traces.
func (in *ocr3Instance[RI]) String() string {
	return fmt.Sprintf("OCR3 instance %s of oracle %d", in.cfg.ConfigDigest, in.cfg.OracleID)
}

// refused does nothing: only messages wait, and those may be lost.
func (in *ocr3Instance[RI]) refused(any) {}
