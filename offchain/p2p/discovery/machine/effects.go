package machine

import (
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

// Effect is something that the machine wants done: a Connect, Disconnect, Send, Load, Store or Log.
type Effect interface{ effect() }

// Connect opens the discovery stream to a peer, unless it is open.
type Connect struct{ Peer p2ptypes.PeerID }

// Disconnect closes the discovery stream to a peer, if it is open.
type Disconnect struct{ Peer p2ptypes.PeerID }

// Send queues a message on the discovery streams to some peers.
type Send struct {
	To      []p2ptypes.PeerID
	Message []byte
}

// Load reads from the database what is stored about peers.
type Load struct{ Peers []p2ptypes.PeerID }

// Store puts an announcement into the database. A later Store for the same peer replaces it.
type Store struct {
	Peer    p2ptypes.PeerID
	Encoded []byte
}

// Log writes a log line.
type Log struct {
	Level   Level
	Message string
	Fields  commontypes.LogFields
}

// Level is a log level, as in commontypes.Logger; these are all that the machine uses.
type Level byte

const (
	Info Level = iota
	Warn
)

func (Connect) effect()    {}
func (Disconnect) effect() {}
func (Send) effect()       {}
func (Load) effect()       {}
func (Store) effect()      {}
func (Log) effect()        {}

// Effects returns what has come up since the last call, in order.
func (m *Machine) Effects() []Effect {
	effects := m.effects
	m.effects = nil
	return effects
}

func (m *Machine) emit(e Effect) { m.effects = append(m.effects, e) }

func (m *Machine) log(level Level, message string, fields commontypes.LogFields) {
	m.emit(Log{level, message, fields})
}

// taper counts, and tells for the first, second, fourth, eighth, ... time to log.
func taper(count *uint64) bool {
	*count++
	return *count&(*count-1) == 0
}

// schedule brings a timer forward.
func schedule(timer *time.Duration, at time.Duration) { *timer = min(*timer, at) }
