package runtime

import (
	"context"
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config/ocr1config"
	"github.com/ocrkit/ocrkit/offchain/crypto/secp256k1prep"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/p2p/limits"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr1"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
)

// ocr1Instance drives one OCR1 machine.
type ocr1Instance struct {
	roundsInstance[ocr1wire.Message, ocr1types.PendingTransmission]
	cfg     ocr1config.SharedConfig
	args    OCR1Args
	machine *ocr1.Machine

	methods struct {
		observe, reportInputs, contractState, transmit method
	}

	shown OCR1InstanceStatus // without RoundsStatus; see engine.statusMu
}

// newOCR1Instance puts an instance together, up to the point where messages can come in. It must be followed by begin or, if
// begin was not called, by nothing: it holds no resource.
func newOCR1Instance(args OCR1Args, cfg ocr1config.SharedConfig, endpoint commontypes.BinaryNetworkEndpoint, t *telemetry, logger logging.Logger) *ocr1Instance {
	in := &ocr1Instance{cfg: cfg, args: args, shown: OCR1InstanceStatus{ConfigDigest: cfg.ConfigDigest}}
	oracles := member{id: cfg.OracleID, f: cfg.F}
	for _, identity := range cfg.OracleIdentities {
		oracles.keys = append(oracles.keys, types.OffchainPublicKey(identity.OffchainPublicKey))
	}
	events := ocr1wire.Telemetry{ConfigDigest: cfg.ConfigDigest}
	in.setUp(in, oracles, in.decode, events, limits.MaxOCRMsgLength, endpoint, t, logger)
	in.encode, in.roundStarted = ocr1wire.Encode, events.RoundStarted
	in.signOffchain = args.PrivateKeys.SignOffChain
	in.checkOnchain = func(c *kernel.SignatureCheck) bool {
		return secp256k1prep.Verify(cfg.OracleIdentities[c.Signer].OnChainSigningAddress, reportHash(c.Report), c.Signature)
	}
	in.keeper = in.newKeeper(recordsOf(args.Database, cfg.ConfigDigest), args.LocalConfig.DatabaseTimeout)
	in.pending = pendingOf(args.Database, cfg.ConfigDigest, ocr1Timestamp, ocr1TimestampParts)
	in.methods.observe = method{name: "DataSource.Observe", late: lateAfter}
	in.methods.reportInputs = method{name: "ContractTransmitter.LatestTransmissionDetails or LatestRoundRequested", late: lateAfter}
	in.methods.contractState = method{name: "ContractTransmitter.LatestTransmissionDetails", late: lateAfter}
	in.methods.transmit = method{name: "ContractTransmitter.Transmit", late: lateTransmitAfter}
	in.machine = ocr1.New(ocr1.Config{
		ConfigDigest: cfg.ConfigDigest,
		Config: rounds.Config{
			OracleID:             cfg.OracleID,
			N:                    cfg.N(),
			F:                    cfg.F,
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
		DeltaC:                             cfg.DeltaC,
		AlphaPPB:                           cfg.AlphaPPB,
		DataSourceTimeout:                  args.LocalConfig.DataSourceTimeout,
		DataSourceGracePeriod:              args.LocalConfig.DataSourceGracePeriod,
		BlockchainTimeout:                  args.LocalConfig.BlockchainTimeout,
		ContractTransmitterTransmitTimeout: args.LocalConfig.ContractTransmitterTransmitTimeout,
	})
	return in
}

// ocr1Timestamp is the form of a round in which users of the library get it, ocr1TimestampParts is the reverse.
func ocr1Timestamp(digest ocr1types.ConfigDigest, r rounds.Round) ocr1types.ReportTimestamp {
	return ocr1types.ReportTimestamp{ConfigDigest: digest, Epoch: r.Epoch, Round: r.Round}
}

func ocr1TimestampParts(ts ocr1types.ReportTimestamp) (ocr1types.ConfigDigest, rounds.Round) {
	return ts.ConfigDigest, rounds.Round{Epoch: ts.Epoch, Round: ts.Round}
}

// start lets the machine run.
func (in *ocr1Instance) start(start ocr1.Start) {
	in.register(in.args.MetricsRegisterer, in.cfg.ConfigDigest.Hex(), types.OffchainPublicKey(in.cfg.OracleIdentities[in.cfg.OracleID].OffchainPublicKey),
		in.numbers.metrics(ocr1Descs), ocr1Descs.lost, ocr1config.Metrics(in.cfg.PublicConfig))
	in.begin(start)
}

// restore gathers what the machine starts from.
func (in *ocr1Instance) restore(ctx context.Context) (ocr1.Start, error) {
	return restoreRounds(ctx, &in.roundsInstance, in.cfg.N(), in.cfg.ConfigDigest, in.args.LocalConfig.BlockchainTimeout,
		func(ctx context.Context) (latest[ocr1types.ConfigDigest], error) {
			state, err := in.contractState(ctx)
			return latest[ocr1types.ConfigDigest]{state.ConfigDigest, state.Round.Epoch}, err
		})
}

// decode reads a message.
func (*ocr1Instance) decode(b []byte) (any, error) { return ocr1wire.Decode(b) }

func (in *ocr1Instance) receive(now time.Time, from commontypes.OracleID, message any) []kernel.Effect {
	return in.machine.Receive(now, from, message.(ocr1wire.Message))
}

func (in *ocr1Instance) advance(now time.Time, event any) []kernel.Effect {
	if done, ok := event.(rounds.TransmitDone); ok && done.Err != nil {
		in.notTransmitted(done.Err)
	}
	return in.machine.Step(now, event)
}

func (in *ocr1Instance) publish() { in.shown.Machine = in.machine.Status() }

// current returns the instance's status.
func (in *ocr1Instance) current() *OCR1InstanceStatus {
	in.statusMu.Lock()
	defer in.statusMu.Unlock()
	s := in.shown
	s.RoundsStatus = in.counts(s.Machine.Status)
	return &s
}

// String names the instance in panics and traces.
func (in *ocr1Instance) String() string {
	return fmt.Sprintf("OCR1 instance %s of oracle %d", in.cfg.ConfigDigest, in.cfg.OracleID)
}

// refused answers a transmission that could not leave.
func (in *ocr1Instance) refused(effect any) {
	if transmit, ok := effect.(ocr1.CallTransmit); ok {
		in.answerLater(rounds.TransmitDone{ID: transmit.ID, Err: errNotDurable})
	}
}

// The reference names for metrics end with OCR2; those of OCR1 follow them.
var ocr1Descs = describeRounds("ocr1")
