package inmemory

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// Endpoint is one oracle's access to one protocol instance. It has no goroutine.
type Endpoint struct {
	network   *Network
	room      *room
	cd        types.ConfigDigest
	peerIDs   []string
	self      commontypes.OracleID
	maxLength int

	dropped atomic.Uint64

	// mu is not held while a message is handed to receiver, which may send.
	mu       sync.Mutex
	phase    phase
	receiver func(commontypes.BinaryMessageWithSender)
	busy     int       // calls of receiver
	quiet    sync.Cond // signals that busy is 0

	// chMu guards the sending end of ch and its making.
	chMu sync.Mutex
	ch   chan commontypes.BinaryMessageWithSender
}

var _ commontypes.BinaryNetworkEndpoint = (*Endpoint)(nil)

// SetReceiver makes the endpoint call f with every message that arrives, instead of passing it to the Receive channel. It
// must be called before Start. f is called from the goroutines of the senders: one call at a time for each sender, in the
// order sent, but concurrently for different senders. f must not block and must not change the message, which other
// receivers share. No call begins or goes on after Close has returned.
func (e *Endpoint) SetReceiver(f func(commontypes.BinaryMessageWithSender)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.receiver = f
}

// Start begins sending and receiving.
func (e *Endpoint) Start() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.phase != unstarted {
		return errNotUnstarted
	}
	e.room.mu.Lock()
	defer e.room.mu.Unlock()
	if _, taken := e.room.endpoints[e.peerIDs[e.self]]; taken {
		return fmt.Errorf("in-memory network: peer %s already has an endpoint for config %s", e.peerIDs[e.self], e.cd)
	}
	e.room.endpoints[e.peerIDs[e.self]] = e
	e.phase = started
	return nil
}

// Close ends sending and receiving, and closes the Receive channel. It must not be called from within the receiver.
func (e *Endpoint) Close() error {
	e.room.mu.Lock()
	if e.room.endpoints[e.peerIDs[e.self]] == e {
		delete(e.room.endpoints, e.peerIDs[e.self])
	}
	e.room.mu.Unlock()

	e.mu.Lock()
	defer e.mu.Unlock()
	if e.phase == closed {
		return errAlreadyClosed
	}
	e.phase = closed
	e.receiver = nil
	for e.busy > 0 {
		e.quiet.Wait()
	}
	e.chMu.Lock()
	defer e.chMu.Unlock()
	if e.ch == nil {
		e.ch = make(chan commontypes.BinaryMessageWithSender)
	}
	close(e.ch)
	return nil
}

// Receive returns the channel of arriving messages. It is closed by Close.
func (e *Endpoint) Receive() <-chan commontypes.BinaryMessageWithSender { return e.channel() }

// channel makes the channel when it is first needed: an endpoint with a receiver does without its memory.
func (e *Endpoint) channel() chan commontypes.BinaryMessageWithSender {
	e.chMu.Lock()
	defer e.chMu.Unlock()
	if e.ch == nil {
		e.ch = make(chan commontypes.BinaryMessageWithSender, BufferedMessagesPerOracle*len(e.peerIDs))
	}
	return e.ch
}

// Dropped returns the number of messages to this endpoint that gave way to newer ones in the buffer of the Receive
// channel, or were too long.
func (e *Endpoint) Dropped() uint64 { return e.dropped.Load() }

// SendTo sends payload to one oracle.
func (e *Endpoint) SendTo(payload []byte, to commontypes.OracleID) {
	if int(to) >= len(e.peerIDs) || !e.isStarted() {
		return
	}
	e.send(payload, to, e.network.fault.Load())
}

// Broadcast sends payload to all oracles, in the order of their ids.
func (e *Endpoint) Broadcast(payload []byte) {
	if !e.isStarted() {
		return
	}
	fault := e.network.fault.Load()
	for to := range e.peerIDs {
		e.send(payload, commontypes.OracleID(to), fault)
	}
}

func (e *Endpoint) isStarted() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.phase == started
}

func (e *Endpoint) send(payload []byte, to commontypes.OracleID, fault *Fault) {
	if fault == nil {
		e.arrive(payload, to)
		return
	}
	e.sendThrough(fault, payload, to)
}

// sendThrough sends what fault makes of a message.
func (e *Endpoint) sendThrough(fault *Fault, payload []byte, to commontypes.OracleID) {
	outcome := (*fault)(Envelope{e.cd, e.self, to, payload})
	if outcome.Drop {
		return
	}
	if outcome.Payload != nil {
		payload = outcome.Payload
	}
	for range 1 + outcome.Duplicates {
		if outcome.Delay > 0 {
			time.AfterFunc(outcome.Delay, func() { e.arrive(payload, to) })
		} else {
			e.arrive(payload, to)
		}
	}
}

// arrive hands payload to the endpoint of oracle to, if there is one now.
func (e *Endpoint) arrive(payload []byte, to commontypes.OracleID) {
	e.room.mu.RLock()
	receiver := e.room.endpoints[e.peerIDs[to]]
	e.room.mu.RUnlock()
	if receiver == nil {
		return
	}
	// Authentication: the receiver goes by its own list of peers, whatever index the sender believes to have.
	sender := e.self
	if int(sender) >= len(receiver.peerIDs) || receiver.peerIDs[sender] != e.peerIDs[e.self] {
		i := slices.Index(receiver.peerIDs, e.peerIDs[e.self])
		if i < 0 {
			return
		}
		sender = commontypes.OracleID(i)
	}
	receiver.deliver(payload, sender)
}

func (e *Endpoint) deliver(payload []byte, sender commontypes.OracleID) {
	if len(payload) > e.maxLength {
		e.dropped.Add(1)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.phase != started {
		return
	}
	if receiver := e.receiver; receiver != nil {
		e.busy++
		e.mu.Unlock()
		receiver(commontypes.BinaryMessageWithSender{Msg: payload, Sender: sender})
		e.mu.Lock()
		if e.busy--; e.busy == 0 {
			e.quiet.Broadcast()
		}
		return
	}
	// Whoever reads from the channel owns the message.
	message := commontypes.BinaryMessageWithSender{Msg: slices.Clone(payload), Sender: sender}
	ch := e.channel()
	e.chMu.Lock()
	defer e.chMu.Unlock()
	for {
		select {
		case ch <- message:
			return
		default:
		}
		select {
		case <-ch:
			e.dropped.Add(1)
		default:
		}
	}
}
