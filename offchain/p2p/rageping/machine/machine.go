// Package machine is the protocol by which two peers measure the latency between them: now and then each sends the other a ping
// of some size, which the other answers with a pong that proves that it has seen the whole ping.
//
// A [Machine] is one peer's part in that, for one other peer and one [Profile]. It has no goroutine, lock, clock or I/O; time is
// an argument, counted from any fixed moment, and random bytes come from the caller.
//
// Source: docs/protocol/transport.md, "Latency probes".
package machine

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

const (
	// MinPingSize is the length of the shortest ping, in bytes.
	MinPingSize = 20
	// PongSize is the length of a pong, in bytes.
	PongSize = typeSize + sha256.Size

	typeSize         = 4
	typePing         = 1
	typePong         = 2
	bufferSize       = 2
	messagesCapacity = 4
)

// Profile says how to probe. Peers that do not have the same profile do not answer.
type Profile struct {
	PingSize             int           // in bytes
	MinPeriod, MaxPeriod time.Duration // bounds of the time between the end of a probe and the next one
	Timeout              time.Duration // until a ping is given up
	StartupDelay         time.Duration // beyond the first period
}

// Validate tells whether the profile makes sense, and what does not.
func (p Profile) Validate() error {
	var errs []error
	if p.PingSize < MinPingSize || p.PingSize > p2ptypes.MaxMessageLength/2 {
		errs = append(errs, fmt.Errorf("PingSize is %d, must be %d to %d bytes", p.PingSize, MinPingSize, p2ptypes.MaxMessageLength/2))
	}
	if p.MinPeriod <= 0 {
		errs = append(errs, fmt.Errorf("MinPeriod is %v, must be positive", p.MinPeriod))
	}
	if p.MaxPeriod < p.MinPeriod {
		errs = append(errs, fmt.Errorf("MaxPeriod is %v, must be at least MinPeriod, which is %v", p.MaxPeriod, p.MinPeriod))
	}
	if p.Timeout <= 0 {
		errs = append(errs, fmt.Errorf("the Timeout is %v, must be positive", p.Timeout))
	}
	if p.StartupDelay < 0 {
		errs = append(errs, fmt.Errorf("the StartupDelay is %v, must not be negative", p.StartupDelay))
	}
	return errors.Join(errs...)
}

// StreamName returns the name of the stream on which peers with this profile probe.
func (p Profile) StreamName() string {
	return fmt.Sprintf("ping-pong-(%d|%v|%v|%v)", p.PingSize, p.MinPeriod, p.MaxPeriod, p.Timeout)
}

// Limits returns those of the stream.
func (p Profile) Limits() p2ptypes.Stream2Limits {
	bytesCapacity := bufferSize * (p.PingSize + PongSize)
	return p2ptypes.Stream2Limits{
		MaxOutgoingBufferedMessages: bufferSize,
		MaxIncomingBufferedMessages: bufferSize,
		MaxMessageLength:            max(p.PingSize, PongSize),
		MessagesLimit:               p2ptypes.TokenBucketParams{Rate: bufferSize / p.MinPeriod.Seconds(), Capacity: messagesCapacity},
		BytesLimit:                  p2ptypes.TokenBucketParams{Rate: float64(bytesCapacity) / p.MinPeriod.Seconds(), Capacity: uint32(bytesCapacity)},
	}
}

// Machine probes one peer. It is not safe for concurrent use.
type Machine struct {
	profile Profile
	random  Random
	// expected is the pong that would answer the ping under way; nil when there is none.
	expected *[PongSize]byte
	sentAt   time.Duration
	nextTick time.Duration
}

// Random is where chance comes from.
type Random interface {
	// Period returns a duration from min to max, all equally likely.
	Period(min, max time.Duration) time.Duration
	// Fill fills b with random bytes.
	Fill(b []byte)
}

// Outcome is what came of a step. The zero value is nothing.
type Outcome struct {
	// Send is a message to send; nil is none.
	Send []byte
	// What is what there is to count.
	What What
	// Latency is the time from a ping to its pong; only with Measured.
	Latency time.Duration
}

// What is what happened in a step.
type What byte

const (
	Nothing    What = iota
	Sent            // a ping went out
	Answered        // a ping came in, its pong went out
	Measured        // the pong came in
	TimedOut        // the pong did not come in time
	Unexpected      // a pong came in to no ping, or too late
	Invalid         // what came in is neither ping nor pong
)

// New returns a machine that begins to probe after the startup delay and a period. The profile must be valid.
func New(now time.Duration, profile Profile, random Random) *Machine {
	m := &Machine{profile: profile, random: random}
	m.nextTick = now + profile.StartupDelay + m.period()
	return m
}

func (m *Machine) period() time.Duration {
	return m.random.Period(m.profile.MinPeriod, m.profile.MaxPeriod)
}

// NextTick returns when Tick is to be called.
func (m *Machine) NextTick() time.Duration { return m.nextTick }

// Tick does what is due, if anything is.
func (m *Machine) Tick(now time.Duration) Outcome {
	switch {
	case now < m.nextTick:
		return Outcome{}
	case m.expected != nil:
		m.expected = nil
		m.nextTick = now + m.period()
		return Outcome{What: TimedOut}
	}
	ping := make([]byte, m.profile.PingSize)
	binary.BigEndian.PutUint32(ping, typePing)
	m.random.Fill(ping[typeSize:])
	pong := Pong(ping)
	m.expected, m.sentAt, m.nextTick = &pong, now, now+m.profile.Timeout
	return Outcome{Send: ping, What: Sent}
}

// Receive takes a message from the peer.
func (m *Machine) Receive(now time.Duration, message []byte) Outcome {
	if len(message) < typeSize {
		return Outcome{What: Invalid}
	}
	switch typ := binary.BigEndian.Uint32(message); {
	case typ == typePing && len(message) == m.profile.PingSize:
		pong := Pong(message)
		return Outcome{Send: pong[:], What: Answered}
	case typ == typePong && len(message) == PongSize:
		if m.expected == nil || [PongSize]byte(message) != *m.expected {
			return Outcome{What: Unexpected}
		}
		m.expected = nil
		m.nextTick = now + m.period()
		return Outcome{What: Measured, Latency: now - m.sentAt}
	}
	return Outcome{What: Invalid}
}

// Pong returns the answer to a ping.
func Pong(ping []byte) (pong [PongSize]byte) {
	binary.BigEndian.PutUint32(pong[:], typePong)
	digest := sha256.Sum256(ping)
	copy(pong[typeSize:], digest[:])
	return pong
}
