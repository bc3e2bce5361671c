package runtime

import (
	"fmt"
	"sync"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/crypto/ed25519prep"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// engine is the part of an instance that is the same for all protocols: it brings messages, timers and results of calls to the
// machine, one at a time, and carries out the effects that all machines ask for. The instance of a protocol embeds it.
//
// Methods said to run "on the instance's turn" are called by the mailbox, one at a time.
type engine struct {
	protocol protocol // the instance itself
	logger   logging.Logger

	endpoint  commontypes.BinaryNetworkEndpoint
	reader    *reader // nil if the endpoint pushes
	maxLength int     // bytes of a message

	// signOffchain signs for the oracle; offchainKeys are the keys of all.
	signOffchain func(message []byte) ([]byte, error)
	offchainKeys []*ed25519prep.Key
	// checkOnchain checks a signature of kernel.OnchainSignature; nil if the machine has no such checks made.
	checkOnchain func(*kernel.SignatureCheck) bool

	box       mailbox
	inbox     inbox
	outbox    outbox
	timers    timers
	calls     calls
	telemetry *telemetry
	events    messageEvents
	// counted are the telemetry events about messages.
	counted telemetryCounters
	metrics metrics

	// running counts the goroutines that work for the instance.
	running tasks

	droppedTapers map[dropReason]*logging.Taper
	oversized     logging.Taper

	// statusMu guards status, and what else the protocol shows.
	statusMu sync.Mutex
	status   CommonStatus
}

// protocol is what an engine must know of its protocol. All methods are called on the instance's turn.
type protocol interface {
	fmt.Stringer // names the instance in panics and traces

	// advance hands an event to the machine, receive a message that the decoder has read.
	advance(now time.Time, event any) []kernel.Effect
	receive(now time.Time, from commontypes.OracleID, message any) []kernel.Effect
	// timerFired is the event of a timer that is due.
	timerFired(kernel.TimerID) any
	// perform carries out an effect that is the protocol's own; it reports false if it does not know it.
	perform(kernel.Effect) bool
	// release carries out an effect that was put into the outbox, now that it may leave the oracle.
	release(effect any)
	// refused is told of an effect that was in the outbox and will not leave any more.
	refused(effect any)
	// publish copies the machine's state to where the status is read from.
	publish()
}

// messageEvents make the telemetry events about messages.
type messageEvents interface {
	MessageReceived(at time.Time, message []byte, from commontypes.OracleID) []byte
	MessageSent(at time.Time, message []byte, to commontypes.OracleID) []byte
	MessageBroadcast(at time.Time, message []byte) []byte
	InvalidSerialization(at time.Time, message []byte, from commontypes.OracleID) []byte
}

// dropReason tells kinds of dropped messages apart. There are few different ones.
type dropReason struct{ what, why string }

// decoder reads a message, or says why it is none.
type decoder func(b []byte) (message any, err error)

// member is an instance's place among the oracles.
type member struct {
	id   commontypes.OracleID
	keys []types.OffchainPublicKey // of all oracles
	f    int
}

func memberOf(id commontypes.OracleID, identities []config.OracleIdentity, f int) member {
	m := member{id: id, f: f}
	for _, identity := range identities {
		m.keys = append(m.keys, identity.OffchainPublicKey)
	}
	return m
}

// setUp readies the engine, up to the point where messages can come in. Fields that the protocol sets and that are not among the
// parameters may be set before or after.
func (e *engine) setUp(p protocol, m member, decode decoder, events messageEvents, maxLength int,
	endpoint commontypes.BinaryNetworkEndpoint, t *telemetry, logger logging.Logger,
) {
	e.protocol, e.events, e.maxLength, e.endpoint, e.telemetry, e.logger = p, events, maxLength, endpoint, t, logger
	for _, key := range m.keys {
		e.offchainKeys = append(e.offchainKeys, ed25519prep.Cached(key))
	}
	e.droppedTapers = map[dropReason]*logging.Taper{}
	e.box.handle = e.handle
	e.box.rest = e.show
	e.inbox = inbox{
		decode:    decode,
		events:    events,
		maxLength: maxLength,
		logger:    logger,
		telemetry: t,
		counters:  &e.counted,
		box:       &e.box,
		senders:   make([]senderState, len(m.keys)),
	}
	for i := range e.inbox.senders {
		e.inbox.senders[i].id = commontypes.OracleID(i)
	}
	e.outbox = outbox{logger: logger, perform: p.release, refuse: p.refused}
	e.timers.fire = func(id kernel.TimerID) { e.post(func() { e.timerDue(id) }) }
	e.calls = calls{
		logger:  logger,
		box:     &e.box,
		answer:  e.step,
		running: &e.running,
		open:    map[kernel.CallID]*call{},
	}
	e.status = CommonStatus{OracleID: m.id, N: len(m.keys), F: m.f, StartedAt: time.Now()}
}

// listen starts the endpoint. Messages that arrive wait in the mailbox until begin. When it fails, nothing is left of the engine.
func (e *engine) listen() error {
	reader, err := listen(e.endpoint, e.inbox.receive, e.logger)
	if err != nil {
		e.discard()
		return fmt.Errorf("starting the network endpoint: %w", err)
	}
	e.reader = reader
	return nil
}

// begin lets the machine run, from the given event.
func (e *engine) begin(start any) { e.box.open(mail{event: start}) }

// discard ends an engine that has not begun.
func (e *engine) discard() {
	e.halt()
	e.stopListening()
}

// halt ends an engine, but for the endpoint, and returns when nothing goes on any more.
func (e *engine) halt() {
	e.box.close()
	e.timers.stopAll()
	e.calls.halt()
	e.running.Wait()
}

// stopListening is the opposite of listen.
func (e *engine) stopListening() {
	if e.reader != nil {
		e.reader.close()
	}
	if err := e.endpoint.Close(); err != nil {
		e.logger.Warn("the network endpoint failed to close", commontypes.LogFields{"error": err})
	}
}

// post has something done on the instance's turn; it reports false if the instance is being stopped.
func (e *engine) post(do func()) bool { return e.box.post(mail{do: turnFunc(do)}) }

// answerLater has the machine get an event after the effects of the current step.
func (e *engine) answerLater(event any) { e.box.post(mail{event: event}) }

// handle takes one mail.
func (e *engine) handle(m mail) {
	if m.do != nil {
		m.do.take()
		return
	}
	if m.sender != nil {
		m.sender.handled()
		e.carryOut(e.protocol.receive(time.Now(), m.sender.id, m.event))
		return
	}
	e.step(m.event)
}

func (e *engine) timerDue(id kernel.TimerID) {
	if e.timers.isDue(id, time.Now()) {
		e.step(e.protocol.timerFired(id))
	}
}

// step hands an event to the machine and carries out what it asks for. It must not be called while effects are being carried
// out.
func (e *engine) step(event any) { e.carryOut(e.protocol.advance(time.Now(), event)) }

func (e *engine) carryOut(effects []kernel.Effect) {
	for _, effect := range effects {
		if !e.performCommon(effect) && !e.protocol.perform(effect) {
			panic(fmt.Sprintf("%s: the machine asks for an unknown effect %T", e.protocol, effect))
		}
	}
}

// performCommon carries out an effect that is the same in all protocols; it reports false for others.
func (e *engine) performCommon(effect kernel.Effect) bool {
	switch x := any(effect).(type) {
	case kernel.SetTimer:
		e.timers.set(x.Timer, x.After)
	case kernel.CancelTimer:
		e.timers.cancel(x.Timer)
	case kernel.Verify:
		e.verify(x)
	case kernel.VerifyEach:
		e.verifyEach(x)
	case kernel.SignOffchain:
		e.running.Add()
		sharedGoroutines.run(&offchainSigning{e, x})
	case kernel.Abandon:
		if !e.outbox.abandon(x.ID) {
			e.calls.abandon(x.ID)
		}
	case kernel.Dropped:
		e.droppedMessage(x)
	case kernel.Log:
		logEffect(e.logger, x)
	default:
		return false
	}
	return true
}

// background begins work on other goroutines, whose result is an event.
func (e *engine) background(work func(done func(event any))) {
	e.running.Add()
	work(func(event any) {
		defer e.running.Done()
		e.box.post(mail{event: event})
	})
}

// offchainSigning answers a [kernel.SignOffchain].
type offchainSigning struct {
	engine *engine
	kernel.SignOffchain
}

func (s *offchainSigning) run() {
	defer s.engine.running.Done()
	signature, err := s.engine.signOffchain(s.Message)
	s.engine.answerLater(kernel.Signed{ID: s.ID, Signature: signature, Err: err})
}

// sign has a key sign; the machine gets a kernel.Signed. It is given a goroutine because the key may be far away.
func (e *engine) sign(id kernel.CallID, sign func() ([]byte, error)) {
	e.running.Go(func() {
		signature, err := sign()
		e.box.post(mail{event: kernel.Signed{ID: id, Signature: signature, Err: err}})
	})
}

// sendTo sends an encoded message to an oracle; nil is not sent.
func (e *engine) sendTo(b []byte, to commontypes.OracleID) {
	if b != nil {
		e.endpoint.SendTo(b, to)
		e.tellMessage(func(now time.Time) []byte { return e.events.MessageSent(now, b, to) })
	}
}

// broadcast sends an encoded message to all oracles; nil is not sent.
func (e *engine) broadcast(b []byte) {
	if b != nil {
		e.endpoint.Broadcast(b)
		e.tellMessage(func(now time.Time) []byte { return e.events.MessageBroadcast(now, b) })
	}
}

// fitting returns the bytes of an encoded message, nil if it could not be encoded or cannot be sent.
func (e *engine) fitting(kind fmt.Stringer, b []byte, err error) []byte {
	if err == nil && len(b) > e.maxLength {
		err = fmt.Errorf("it has %d bytes, at most %d are possible", len(b), e.maxLength)
	}
	if err != nil {
		e.oversized.Trigger(func(count uint64) {
			e.logger.Error("a message cannot be sent", commontypes.LogFields{"kind": kind.String(), "error": err, "droppedCount": count})
		})
		return nil
	}
	return b
}

// checkLength holds the plugin to what it declared.
func checkLength(what string, length, most int) error {
	if length <= most {
		return nil
	}
	return fmt.Errorf("the plugin's %s has %d bytes, but its ReportingPluginLimits allow at most %d", what, length, most)
}

// tell offers a telemetry event.
func (e *engine) tell(event func(now time.Time) []byte) bool {
	return e.telemetry.wanted() && e.telemetry.offer(func() []byte { return event(time.Now()) })
}

// tellMessage offers a telemetry event about a message, which is counted.
func (e *engine) tellMessage(event func(now time.Time) []byte) {
	if e.telemetry.wanted() {
		e.counted.count(e.tell(event))
	}
}

// droppedMessage counts a message that the machine had no use for, and logs the first, second, fourth, ... of its kind.
func (e *engine) droppedMessage(d kernel.Dropped) {
	e.setStatus(func() { e.status.Dropped++ })
	reason := dropReason{d.What, d.Why}
	taper, ok := e.droppedTapers[reason]
	if !ok {
		taper = new(logging.Taper)
		e.droppedTapers[reason] = taper
	}
	taper.Trigger(func(count uint64) {
		log := e.logger.Debug
		if d.Suspicious {
			log = e.logger.Warn
		}
		log("dropping message: "+d.Why, commontypes.LogFields{"message": d.What, "sender": d.Sender, "droppedCount": count})
	})
}

// show makes the instance's state visible.
func (e *engine) show() {
	e.setStatus(func() {
		e.status.HeldMessages = len(e.outbox.held)
		e.protocol.publish()
	})
}

// setStatus changes what the status shows.
func (e *engine) setStatus(change func()) {
	e.statusMu.Lock()
	defer e.statusMu.Unlock()
	change()
}

// transmitted notes that the contract transmitter took a report.
func (e *engine) transmitted(note func()) {
	e.setStatus(func() {
		e.status.LastTransmit, e.status.LastTransmitError = time.Now(), ""
		note()
	})
}

// notTransmitted notes that it did not.
func (e *engine) notTransmitted(err error) {
	e.setStatus(func() { e.status.LastTransmitError = err.Error() })
}

// common returns the part of the status that is the same for all protocols. statusMu is held.
func (e *engine) common() CommonStatus {
	s := e.status
	s.Malformed, s.Flooded = e.inbox.malformedCount(), e.inbox.floodedCount()
	return s
}

// logEffect writes a line for a machine.
func logEffect(logger logging.Logger, e kernel.Log) {
	fields := make(commontypes.LogFields, len(e.Fields)/2)
	for i := 0; i+1 < len(e.Fields); i += 2 {
		fields[fmt.Sprint(e.Fields[i])] = e.Fields[i+1]
	}
	switch e.Level {
	case kernel.LogDebug:
		logger.Debug(e.Message, fields)
	case kernel.LogInfo:
		logger.Info(e.Message, fields)
	case kernel.LogWarn:
		logger.Warn(e.Message, fields)
	case kernel.LogError:
		logger.Error(e.Message, fields)
	default:
		logger.Critical(e.Message, fields)
	}
}
