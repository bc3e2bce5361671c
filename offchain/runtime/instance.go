package runtime

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config/ocr2config"
	"github.com/ocrkit/ocrkit/offchain/crypto/ed25519prep"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// instance drives one OCR2 machine. Methods said to run "on the instance's turn" are called by its mailbox, one at a time.
type instance struct {
	cfg    ocr2config.SharedConfig
	args   OCR2Args
	plugin types.ReportingPlugin
	info   types.ReportingPluginInfo
	limits types.BinaryNetworkEndpointLimits
	logger logging.Logger

	endpoint commontypes.BinaryNetworkEndpoint
	reader   *reader // nil if the endpoint pushes

	offchainKeys []*ed25519prep.Key
	onchainKeys  []types.OnchainPublicKey

	box       mailbox
	inbox     inbox
	outbox    outbox
	timers    timers
	calls     calls
	keeper    keeper
	telemetry *telemetry
	events    ocr2wire.Telemetry
	metrics   ocr2Metrics
	machine   *ocr2.Machine

	// running counts the goroutines that work for the instance.
	running tasks
	// cancelCalls ends the contexts of calls into user code.
	cancelCalls context.CancelFunc

	methods struct {
		query, observation, report, shouldAccept, shouldTransmit, transmit method
	}

	droppedTapers map[dropReason]*logging.Taper
	oversized     logging.Taper

	statusMu sync.Mutex
	status   InstanceStatus
}

// dropReason tells kinds of dropped messages apart. There are few different ones.
type dropReason struct{ what, why string }

// newInstance puts an instance together, up to the point where messages can come in. It must be followed by begin or, if
// begin was not called, by nothing: it holds no resource.
func newInstance(args OCR2Args, cfg ocr2config.SharedConfig, plugin types.ReportingPlugin, info types.ReportingPluginInfo,
	limits types.BinaryNetworkEndpointLimits, endpoint commontypes.BinaryNetworkEndpoint, t *telemetry, logger logging.Logger,
) *instance {
	in := &instance{
		cfg:           cfg,
		args:          args,
		plugin:        plugin,
		info:          info,
		limits:        limits,
		logger:        logger,
		endpoint:      endpoint,
		telemetry:     t,
		events:        ocr2wire.Telemetry{ConfigDigest: cfg.ConfigDigest},
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
			message, err := ocr2wire.Decode(b)
			if err != nil {
				return nil, err
			}
			return ocr2.MessageReceived{From: from, Message: message}, ocr2wire.CheckSize(message, info.Limits)
		},
		received:  in.events.MessageReceived,
		invalid:   in.events.InvalidSerialization,
		maxLength: limits.MaxMessageLength,
		logger:    logger,
		telemetry: t,
		counters:  &in.metrics.telemetry,
		box:       &in.box,
		senders:   make([]senderState, cfg.N()),
	}
	in.outbox = outbox{logger: logger, perform: in.release, refuse: func(e any) {
		if transmit, ok := e.(ocr2.CallTransmit); ok {
			in.post(func() { in.step(ocr2.TransmitDone{ID: transmit.ID, Err: errNotDurable}) })
		}
	}}
	in.timers.fire = func(id kernel.TimerID) { in.post(func() { in.timerFired(id) }) }
	callsCtx, cancel := context.WithCancel(context.Background())
	in.cancelCalls = cancel
	in.calls = calls{
		ctx:     callsCtx,
		logger:  logger,
		post:    func(do func()) { in.post(do) },
		answer:  in.step,
		running: &in.running,
		open:    map[kernel.CallID]*call{},
	}
	rounds, _ := args.Database.(SignedRoundDatabase)
	in.keeper = keeper{
		db:      args.Database,
		rounds:  rounds,
		digest:  cfg.ConfigDigest,
		timeout: args.LocalConfig.DatabaseTimeout,
		logger:  logger,
		post:    in.post,
		running: &in.running,
		durable: func() { in.outbox.becameDurable(ticket(in.keeper.roundDurable)) },
	}
	in.methods.query = method{name: "ReportingPlugin.Query", late: lateAfter}
	in.methods.observation = method{name: "ReportingPlugin.Observation", late: lateAfter}
	in.methods.report = method{name: "ReportingPlugin.Report", late: lateAfter}
	in.methods.shouldAccept = method{name: "ReportingPlugin.ShouldAcceptFinalizedReport", late: lateAfter}
	in.methods.shouldTransmit = method{name: "ReportingPlugin.ShouldTransmitAcceptedReport", late: lateAfter}
	in.methods.transmit = method{name: "ContractTransmitter.Transmit", late: lateTransmitAfter}
	in.metrics.undecodable = in.inbox.malformedCount
	in.metrics.flooded = in.inbox.floodedCount
	in.status = InstanceStatus{
		OracleID: cfg.OracleID, N: cfg.N(), F: cfg.F, PluginName: info.Name, StartedAt: time.Now(),
	}
	in.machine = ocr2.New(machineConfig(cfg, info, args.LocalConfig))
	return in
}

// machineConfig is what of the configuration the machine has to know.
func machineConfig(cfg ocr2config.SharedConfig, info types.ReportingPluginInfo, local types.LocalConfig) ocr2.Config {
	n, f := cfg.N(), cfg.F
	quorum := f + 1
	if info.UniqueReports {
		quorum = (n+f)/2 + 1
	}
	return ocr2.Config{
		ConfigDigest:                            cfg.ConfigDigest,
		OracleID:                                cfg.OracleID,
		N:                                       n,
		F:                                       f,
		DeltaProgress:                           cfg.DeltaProgress,
		DeltaResend:                             cfg.DeltaResend,
		DeltaRound:                              cfg.DeltaRound,
		DeltaGrace:                              cfg.DeltaGrace,
		DeltaStage:                              cfg.DeltaStage,
		RMax:                                    cfg.RMax,
		S:                                       cfg.S,
		MaxDurationQuery:                        max(cfg.MaxDurationQuery, local.MinOCR2MaxDurationQuery),
		MaxDurationObservation:                  cfg.MaxDurationObservation,
		MaxDurationReport:                       cfg.MaxDurationReport,
		MaxDurationShouldAcceptFinalizedReport:  cfg.MaxDurationShouldAcceptFinalizedReport,
		MaxDurationShouldTransmitAcceptedReport: cfg.MaxDurationShouldTransmitAcceptedReport,
		ContractTransmitterTransmitTimeout:      local.ContractTransmitterTransmitTimeout,
		ReportQuorum:                            quorum,
		LeaderSelectionKey:                      cfg.Keys.LeaderSelection,
		TransmissionOrderKey:                    cfg.Keys.TransmissionOrder,
	}
}

// listen starts the endpoint. Messages that arrive wait in the mailbox until begin.
func (in *instance) listen() error {
	reader, err := listen(in.endpoint, in.inbox.receive, in.logger)
	in.reader = reader
	return err
}

// begin lets the machine run.
func (in *instance) begin(start ocr2.Start) {
	if start.State != nil {
		in.keeper.state = *start.State
		in.keeper.stateWritten = start.State
	} else {
		in.keeper.state = types.PersistentState{HighestReceivedEpoch: make([]uint32, in.cfg.N())}
	}
	if start.SignedRound != nil {
		in.keeper.roundWanted = *start.SignedRound
		in.keeper.roundDurable = *start.SignedRound
		in.outbox.barrier = ticket(*start.SignedRound)
		in.outbox.durable = ticket(*start.SignedRound)
	}
	in.metrics.register(in.args.MetricsRegisterer, in.cfg.PublicConfig, in.args.OffchainKeyring.OffchainPublicKey(), in.logger)
	in.box.open(mail{event: start})
}

// stop ends an instance that has begun and returns when nothing of it is left. The plugin is not closed.
func (in *instance) stop() {
	in.box.close()
	in.timers.stopAll()
	in.cancelCalls()
	in.running.Wait()
	in.keeper.flush()
	in.stopListening()
	in.metrics.unregister()
}

// stopListening is the opposite of listen.
func (in *instance) stopListening() {
	if in.reader != nil {
		in.reader.close()
	}
	if err := in.endpoint.Close(); err != nil {
		in.logger.Warn("the network endpoint failed to close", commontypes.LogFields{"error": err})
	}
}

// post has something done on the instance's turn; it reports false if the instance is being stopped.
func (in *instance) post(do func()) bool { return in.box.post(mail{do: do}) }

// ticket puts rounds in the order of the outbox.
func ticket(r ocr2.Round) uint64 { return uint64(r.Epoch)<<8 | uint64(r.Round) }

// handle takes one mail.
func (in *instance) handle(m mail) {
	if m.do != nil {
		m.do()
		return
	}
	if message, ok := m.event.(ocr2.MessageReceived); ok {
		in.inbox.handled(message.From)
	}
	in.step(m.event)
}

func (in *instance) timerFired(id kernel.TimerID) {
	if in.timers.isDue(id, time.Now()) {
		in.step(ocr2.TimerFired{Timer: id})
	}
}

// step hands an event to the machine and carries out what it asks for. It must not be called while effects are being carried
// out.
func (in *instance) step(event any) {
	if done, ok := event.(ocr2.TransmitDone); ok && done.Err != nil {
		in.setStatus(func(s *InstanceStatus) { s.LastTransmitError = done.Err.Error() })
	}
	for _, effect := range in.machine.Step(time.Now(), event) {
		in.perform(effect)
	}
}

// publish makes the instance's state visible.
func (in *instance) publish() {
	machine := in.machine.Status()
	in.setStatus(func(s *InstanceStatus) {
		s.Epoch, s.Leader, s.Round, s.Machine = machine.Epoch, machine.Leader, machine.Round, machine
		s.HeldMessages = len(in.outbox.held)
	})
}

func (in *instance) setStatus(f func(*InstanceStatus)) {
	in.statusMu.Lock()
	defer in.statusMu.Unlock()
	f(&in.status)
}

// report returns the instance's status.
func (in *instance) report() *InstanceStatus {
	in.statusMu.Lock()
	s := in.status
	in.statusMu.Unlock()
	count := func(c ocr2.Counter) uint64 { return in.metrics.counters[c].Load() }
	s.SentObservations = count(ocr2.CountSentObservations)
	s.IncludedObservations = count(ocr2.CountIncludedObservations)
	s.CompletedRounds = count(ocr2.CountCompletedRounds)
	s.LedCompletedRounds = count(ocr2.CountLedCompletedRounds)
	s.Malformed = in.inbox.malformedCount()
	s.Flooded = in.inbox.floodedCount()
	return &s
}

// String names the instance in panics and traces.
func (in *instance) String() string {
	return fmt.Sprintf("OCR2 instance %s of oracle %d", in.cfg.ConfigDigest, in.cfg.OracleID)
}
