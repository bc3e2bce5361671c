package runtime

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config/ocr3config"
	"github.com/ocrkit/ocrkit/offchain/crypto/ed25519prep"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr3"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// ocr3Instance drives one OCR3 machine. Methods said to run "on the instance's turn" are called by its mailbox, one at a time.
type ocr3Instance[RI any] struct {
	cfg        ocr3config.SharedConfig
	args       OCR3Args[RI]
	plugin     ocr3types.ReportingPlugin[RI]
	info       ocr3types.ReportingPluginInfo
	maxLength  int // of a message
	sizeLimits ocr3wire.SizeLimits
	logger     logging.Logger

	endpoint commontypes.BinaryNetworkEndpoint
	reader   *reader // nil if the endpoint pushes

	offchainKeys []*ed25519prep.Key
	onchainKeys  []types.OnchainPublicKey

	box       mailbox
	inbox     inbox
	outbox    outbox
	timers    timers
	calls     calls
	keeper    ocr3Keeper
	telemetry *telemetry
	events    ocr3wire.Telemetry
	metrics   ocr3Metrics
	machine   *ocr3.Machine

	// reports are those of committed outcomes, by sequence number, until the machine has no use for them any more. The lists do
	// not change.
	reports map[uint64][]ocr3types.ReportWithInfo[RI]

	// running counts the goroutines that work for the instance.
	running tasks
	// cancelCalls ends the contexts of calls into user code.
	cancelCalls context.CancelFunc

	methods struct {
		query, observation, validate, quorum, outcome, reports, shouldAccept, shouldTransmit, transmit method
	}

	droppedTapers map[dropReason]*logging.Taper
	oversized     logging.Taper

	statusMu sync.Mutex
	status   OCR3InstanceStatus
}

// newOCR3Instance puts an instance together, up to the point where messages can come in. It must be followed by begin or, if
// begin was not called, by nothing: it holds no resource.
func newOCR3Instance[RI any](args OCR3Args[RI], cfg ocr3config.SharedConfig, plugin ocr3types.ReportingPlugin[RI], info ocr3types.ReportingPluginInfo,
	limits types.BinaryNetworkEndpointLimits, endpoint commontypes.BinaryNetworkEndpoint, t *telemetry, logger logging.Logger,
) *ocr3Instance[RI] {
	in := &ocr3Instance[RI]{
		cfg: cfg, args: args, plugin: plugin, info: info, maxLength: limits.MaxMessageLength, logger: logger, endpoint: endpoint, telemetry: t,
		sizeLimits: ocr3wire.SizeLimits{
			N: cfg.N(), Quorum: cfg.ByzQuorumSize(), MaxQueryLength: info.Limits.MaxQueryLength, MaxObservationLength: info.Limits.MaxObservationLength,
			MaxOutcomeLength: info.Limits.MaxOutcomeLength, MaxReportCount: info.Limits.MaxReportCount,
			MaxSignatureLength: args.OnchainKeyring.MaxSignatureLength(),
		},
		events:        ocr3wire.Telemetry{ConfigDigest: cfg.ConfigDigest},
		reports:       map[uint64][]ocr3types.ReportWithInfo[RI]{},
		droppedTapers: map[dropReason]*logging.Taper{},
	}
	for _, identity := range cfg.OracleIdentities {
		in.offchainKeys = append(in.offchainKeys, ed25519prep.Cached(identity.OffchainPublicKey))
		in.onchainKeys = append(in.onchainKeys, identity.OnchainPublicKey)
	}
	in.box.handle = in.handle
	in.box.rest = in.publish
	in.inbox = inbox{
		decode: func(b []byte, from commontypes.OracleID) (any, error) {
			message, err := ocr3wire.Decode(b, in.sizeLimits.N, in.sizeLimits.MaxReportCount)
			if err != nil {
				return nil, err
			}
			return ocr3.MessageReceived{From: from, Message: message}, ocr3wire.CheckSize(message, in.sizeLimits)
		},
		received:  in.events.MessageReceived,
		invalid:   in.events.InvalidSerialization,
		maxLength: in.maxLength,
		logger:    logger,
		telemetry: t,
		counters:  &in.metrics.telemetry,
		box:       &in.box,
		senders:   make([]senderState, cfg.N()),
	}
	in.outbox = outbox{logger: logger, perform: in.release, refuse: func(any) {}}
	in.timers.fire = func(id kernel.TimerID) { in.post(func() { in.timerFired(id) }) }
	callsCtx, cancel := context.WithCancel(context.Background())
	in.cancelCalls = cancel
	in.calls = calls{
		ctx: callsCtx, logger: logger, post: func(do func()) { in.post(do) }, answer: in.step, running: &in.running, open: map[kernel.CallID]*call{},
	}
	in.keeper = ocr3Keeper{
		writes: keeper{timeout: args.LocalConfig.DatabaseTimeout, logger: logger, post: in.post, running: &in.running},
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
	in.metrics.undecodable = in.inbox.malformedCount
	in.metrics.flooded = in.inbox.floodedCount
	in.status = OCR3InstanceStatus{OracleID: cfg.OracleID, N: cfg.N(), F: cfg.F, PluginName: info.Name, StartedAt: time.Now()}
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

// listen starts the endpoint. Messages that arrive wait in the mailbox until begin.
func (in *ocr3Instance[RI]) listen() error {
	reader, err := listen(in.endpoint, in.inbox.receive, in.logger)
	in.reader = reader
	return err
}

// begin lets the machine run.
func (in *ocr3Instance[RI]) begin(start ocr3.Start) {
	in.metrics.register(in.args.MetricsRegisterer, in.cfg.PublicConfig, in.args.OffchainKeyring.OffchainPublicKey(), in.logger)
	in.box.open(mail{event: start})
}

// stop ends an instance that has begun and returns when nothing of it is left. The plugin is not closed.
func (in *ocr3Instance[RI]) stop() {
	in.box.close()
	in.timers.stopAll()
	in.cancelCalls()
	in.running.Wait()
	if in.reader != nil {
		in.reader.close()
	}
	if err := in.endpoint.Close(); err != nil {
		in.logger.Warn("the network endpoint failed to close", commontypes.LogFields{"error": err})
	}
	in.metrics.unregister()
}

// post has something done on the instance's turn; it reports false if the instance is being stopped.
func (in *ocr3Instance[RI]) post(do func()) bool { return in.box.post(mail{do: do}) }

// handle takes one mail.
func (in *ocr3Instance[RI]) handle(m mail) {
	if m.do != nil {
		m.do()
		return
	}
	if message, ok := m.event.(ocr3.MessageReceived); ok {
		in.inbox.handled(message.From)
	}
	in.step(m.event)
}

func (in *ocr3Instance[RI]) timerFired(id kernel.TimerID) {
	if in.timers.isDue(id, time.Now()) {
		in.step(ocr3.TimerFired{Timer: id})
	}
}

// step hands an event to the machine and carries out what it asks for. It must not be called while effects are being carried
// out.
func (in *ocr3Instance[RI]) step(event any) {
	if computed, ok := event.(computedReports[RI]); ok {
		in.reports[computed.seqNr] = computed.reports
		event = computed.done
	}
	if done, ok := event.(ocr3.TransmitDone); ok && done.Err != nil {
		in.setStatus(func(s *OCR3InstanceStatus) { s.LastTransmitError = done.Err.Error() })
	}
	for _, effect := range in.machine.Step(time.Now(), event) {
		in.perform(effect)
	}
}

// publish makes the instance's state visible.
func (in *ocr3Instance[RI]) publish() {
	machine := in.machine.Status()
	in.setStatus(func(s *OCR3InstanceStatus) {
		s.Machine = machine
		s.HeldMessages = len(in.outbox.held)
	})
}

func (in *ocr3Instance[RI]) setStatus(f func(*OCR3InstanceStatus)) {
	in.statusMu.Lock()
	defer in.statusMu.Unlock()
	f(&in.status)
}

// report returns the instance's status.
func (in *ocr3Instance[RI]) report() *OCR3InstanceStatus {
	in.statusMu.Lock()
	s := in.status
	in.statusMu.Unlock()
	count := func(c ocr3.Counter) uint64 { return in.metrics.counters[c].Load() }
	s.SentObservations = count(ocr3.CountSentObservations)
	s.IncludedObservations = count(ocr3.CountIncludedObservations)
	s.LedCommittedRounds = count(ocr3.CountLedCommittedRounds)
	s.Malformed = in.inbox.malformedCount()
	s.Flooded = in.inbox.floodedCount()
	return &s
}

// String names the instance in panics and traces.
func (in *ocr3Instance[RI]) String() string {
	return fmt.Sprintf("OCR3 instance %s of oracle %d", in.cfg.ConfigDigest, in.cfg.OracleID)
}

// ocr3Keeper writes to the database what an instance must not forget. A write is tried again until it succeeds: the machine
// goes on, or its messages leave, only then. All its methods are called on the instance's turn.
type ocr3Keeper struct {
	writes keeper // for its way of writing
	db     ocr3types.Database
	digest types.ConfigDigest
	// pacemakerDurable is called with the number of a state that is durable, certificateDurable with the id of a write.
	pacemakerDurable   func(number uint64)
	certificateDurable func(id kernel.CallID)

	pacemaker       ocr3wire.PacemakerState // newest
	number          uint64                  // of the newest
	writtenNumber   uint64
	pacemakerWriter writer

	certificate       ocr3.WriteCertificate // the one that is being written
	writing           bool
	certificateWriter writer
}

// persist has a pacemaker state written; it returns its number.
func (k *ocr3Keeper) persist(s ocr3wire.PacemakerState) uint64 {
	k.pacemaker = s
	k.number++
	k.writePacemaker()
	return k.number
}

func (k *ocr3Keeper) writePacemaker() {
	if k.writtenNumber == k.number || !k.pacemakerWriter.available() {
		return
	}
	number, value := k.number, ocr3wire.EncodePacemakerState(k.pacemaker)
	k.writes.write(&k.pacemakerWriter, "writing the pacemaker's state", func(ctx context.Context) error {
		return k.db.WriteProtocolState(ctx, k.digest, pacemakerKey, value)
	}, func(err error) {
		if err == nil {
			k.writtenNumber = number
			k.pacemakerDurable(number)
		}
	}, k.writePacemaker)
}

// write has a certificate written. The machine asks for one at a time.
func (k *ocr3Keeper) write(e ocr3.WriteCertificate) {
	k.certificate, k.writing = e, true
	k.writeCertificate()
}

func (k *ocr3Keeper) writeCertificate() {
	if !k.writing || !k.certificateWriter.available() {
		return
	}
	id, value := k.certificate.ID, ocr3wire.EncodeCertificate(k.certificate.Certificate)
	k.writes.write(&k.certificateWriter, "writing the certificate", func(ctx context.Context) error {
		return k.db.WriteProtocolState(ctx, k.digest, certificateKey, value)
	}, func(err error) {
		if err == nil {
			k.writing = false
			k.certificateDurable(id)
		}
	}, k.writeCertificate)
}
