package runtime

import (
	"context"
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config/ocr2config"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// ocr2Instance drives one OCR2 machine.
type ocr2Instance struct {
	roundsInstance[ocr2wire.Message, types.PendingTransmission]
	cfg    ocr2config.SharedConfig
	args   OCR2Args
	plugin types.ReportingPlugin
	info   types.ReportingPluginInfo

	told    ocr2wire.Telemetry
	machine *ocr2.Machine

	methods struct {
		query, observation, report, shouldAccept, shouldTransmit, transmit method
	}

	shown InstanceStatus // without RoundsStatus; see engine.statusMu
}

// newOCR2Instance puts an instance together, up to the point where messages can come in. It must be followed by begin or, if
// begin was not called, by nothing: it holds no resource.
func newOCR2Instance(args OCR2Args, cfg ocr2config.SharedConfig, plugin types.ReportingPlugin, info types.ReportingPluginInfo,
	limits types.BinaryNetworkEndpointLimits, endpoint commontypes.BinaryNetworkEndpoint, t *telemetry, logger logging.Logger,
) *ocr2Instance {
	in := &ocr2Instance{
		cfg: cfg, args: args, plugin: plugin, info: info,
		told:  ocr2wire.Telemetry{ConfigDigest: cfg.ConfigDigest},
		shown: InstanceStatus{PluginName: info.Name},
	}
	in.setUp(in, memberOf(cfg.OracleID, cfg.OracleIdentities, cfg.F), in.decode, in.told, limits.MaxMessageLength, endpoint, t, logger)
	in.encode = in.encodeWithinLimits
	in.roundStarted, in.epochStarted = in.told.RoundStarted, in.told.EpochStarted
	in.signOffchain = args.OffchainKeyring.OffchainSign
	in.checkOnchain = func(c *kernel.SignatureCheck) bool {
		return args.OnchainKeyring.Verify(cfg.OracleIdentities[c.Signer].OnchainPublicKey, *c.Context, c.Report, c.Signature)
	}
	in.keeper = in.newKeeper(recordsOf(args.Database, cfg.ConfigDigest), args.LocalConfig.DatabaseTimeout)
	in.pending = pendingOf(args.Database, cfg.ConfigDigest, ocr2Timestamp, ocr2TimestampParts)
	in.methods.query = method{name: "ReportingPlugin.Query", late: lateAfter}
	in.methods.observation = method{name: "ReportingPlugin.Observation", late: lateAfter}
	in.methods.report = method{name: "ReportingPlugin.Report", late: lateAfter}
	in.methods.shouldAccept = method{name: "ReportingPlugin.ShouldAcceptFinalizedReport", late: lateAfter}
	in.methods.shouldTransmit = method{name: "ReportingPlugin.ShouldTransmitAcceptedReport", late: lateAfter}
	in.methods.transmit = method{name: "ContractTransmitter.Transmit", late: lateTransmitAfter}
	in.machine = ocr2.New(ocr2MachineConfig(cfg, info, args.LocalConfig))
	return in
}

// ocr2MachineConfig is what of the configuration the machine has to know.
func ocr2MachineConfig(cfg ocr2config.SharedConfig, info types.ReportingPluginInfo, local types.LocalConfig) ocr2.Config {
	n, f := cfg.N(), cfg.F
	quorum := f + 1
	if info.UniqueReports {
		quorum = (n+f)/2 + 1
	}
	return ocr2.Config{
		ConfigDigest: cfg.ConfigDigest,
		Config: rounds.Config{
			OracleID:             cfg.OracleID,
			N:                    n,
			F:                    f,
			DeltaProgress:        cfg.DeltaProgress,
			DeltaResend:          cfg.DeltaResend,
			DeltaRound:           cfg.DeltaRound,
			DeltaGrace:           cfg.DeltaGrace,
			DeltaStage:           cfg.DeltaStage,
			RMax:                 cfg.RMax,
			S:                    cfg.S,
			LeaderSelectionKey:   cfg.Keys.LeaderSelection,
			TransmissionOrderKey: cfg.Keys.TransmissionOrder,
		},
		MaxDurationQuery:                        max(cfg.MaxDurationQuery, local.MinOCR2MaxDurationQuery),
		MaxDurationObservation:                  cfg.MaxDurationObservation,
		MaxDurationReport:                       cfg.MaxDurationReport,
		MaxDurationShouldAcceptFinalizedReport:  cfg.MaxDurationShouldAcceptFinalizedReport,
		MaxDurationShouldTransmitAcceptedReport: cfg.MaxDurationShouldTransmitAcceptedReport,
		ContractTransmitterTransmitTimeout:      local.ContractTransmitterTransmitTimeout,
		ReportQuorum:                            quorum,
	}
}

// ocr2Timestamp is the form of a round in which users of the library get it, ocr2TimestampParts is the reverse.
func ocr2Timestamp(digest types.ConfigDigest, r rounds.Round) types.ReportTimestamp {
	return types.ReportTimestamp{ConfigDigest: digest, Epoch: r.Epoch, Round: r.Round}
}

func ocr2TimestampParts(ts types.ReportTimestamp) (types.ConfigDigest, rounds.Round) {
	return ts.ConfigDigest, rounds.Round{Epoch: ts.Epoch, Round: ts.Round}
}

// start lets the machine run.
func (in *ocr2Instance) start(start ocr2.Start) {
	in.register(in.args.MetricsRegisterer, in.cfg.ConfigDigest.Hex(), in.args.OffchainKeyring.OffchainPublicKey(),
		in.numbers.metrics(ocr2Descs), ocr2Descs.lost, ocr2config.Metrics(in.cfg.PublicConfig))
	in.begin(start)
}

// restore gathers what the machine starts from.
func (in *ocr2Instance) restore(ctx context.Context) (ocr2.Start, error) {
	return restoreRounds(ctx, &in.roundsInstance, in.cfg.N(), in.cfg.ConfigDigest, in.args.LocalConfig.BlockchainTimeout,
		func(ctx context.Context) (l latest[types.ConfigDigest], err error) {
			l.digest, l.epoch, err = in.args.ContractTransmitter.LatestConfigDigestAndEpoch(ctx)
			return l, err
		})
}

// decode reads a message.
func (in *ocr2Instance) decode(b []byte) (any, error) {
	message, err := ocr2wire.Decode(b)
	if err != nil {
		return nil, err
	}
	return message, ocr2wire.CheckSize(message, in.info.Limits)
}

func (in *ocr2Instance) receive(now time.Time, from commontypes.OracleID, message any) []kernel.Effect {
	return in.machine.Receive(now, from, message.(ocr2wire.Message))
}

// encodeWithinLimits refuses to send what others would refuse.
func (in *ocr2Instance) encodeWithinLimits(m ocr2wire.Message) ([]byte, error) {
	if err := ocr2wire.CheckSize(m, in.info.Limits); err != nil {
		return nil, err
	}
	return ocr2wire.Encode(m)
}

func (in *ocr2Instance) advance(now time.Time, event any) []kernel.Effect {
	if done, ok := event.(rounds.TransmitDone); ok && done.Err != nil {
		in.notTransmitted(done.Err)
	}
	return in.machine.Step(now, event)
}

func (in *ocr2Instance) publish() { in.shown.Machine = in.machine.Status() }

// report returns the instance's status.
func (in *ocr2Instance) report() *InstanceStatus {
	in.statusMu.Lock()
	defer in.statusMu.Unlock()
	s := in.shown
	s.RoundsStatus = in.counts(s.Machine.Status)
	return &s
}

// String names the instance in panics and traces.
func (in *ocr2Instance) String() string {
	return fmt.Sprintf("OCR2 instance %s of oracle %d", in.cfg.ConfigDigest, in.cfg.OracleID)
}

// refused answers a transmission that could not leave.
func (in *ocr2Instance) refused(effect any) {
	if transmit, ok := effect.(ocr2.CallTransmit); ok {
		in.answerLater(rounds.TransmitDone{ID: transmit.ID, Err: errNotDurable})
	}
}

var ocr2Descs = describeRounds("ocr2")
