package link

import (
	"bytes"
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

// LifecycleConfig is what the connections to a peer depend on.
type LifecycleConfig struct {
	Self, Peer p2ptypes.PeerID
	// DeltaDial bounds the time between two attempts to connect, and the time that one may take to reach the peer's host.
	DeltaDial time.Duration
	// Uniform returns random numbers in [0,1).
	Uniform func() float64
}

const (
	// politeness bounds how long the side with the smaller id waits for the other to dial first, and how long a dial waits for
	// an inbound handshake to end.
	politeness = time.Second
	// settled is how long a connection must have lived for its end to be nothing but an end: what ends sooner may end again.
	settled = 10 * time.Second
	// slowestSteps is how often the time between two attempts doubles before it comes to DeltaDial.
	slowestSteps = 4
	// outboundBurst and outboundRate (millitokens a second) keep us below what every peer accepts; see NewInboundBucket.
	outboundBurst = 4
	outboundRate  = 500
	// maxAddresses bounds the addresses of one peer that are remembered as tried.
	maxAddresses = 64
)

// ConnID names an authenticated connection; 0 is none. The owner of the machine gives them out.
type ConnID uint64

// Lifecycle decides about the connections to one peer: when and where to dial, and which connection lives.
//
// Both sides dial. The newest authenticated connection wins, because each side must be able to get rid of one that is half
// dead. When both dial at the same moment that rule alone can kill both connections. So we do not dial while the peer's
// handshake with us is going on, and give up our own attempt when one of the peer's has succeeded; the side with the smaller
// id does so as soon as the peer knocks, and leaves the first dial to the other side for a moment. None of it needs the peer
// to do the same.
type Lifecycle struct {
	config  LifecycleConfig
	smaller bool // our id is the smaller one

	running   bool
	live      ConnID
	inbound   bool // live was dialed by the peer
	since     time.Duration
	roundTrip time.Duration // of live, if we dialed it
	cancelled bool          // live is ending
	successor ConnID        // waits for live to end
	succ      established

	attempt    uint64 // number of the latest attempt
	attempting bool
	armed      bool // the timer is set
	due        time.Duration
	failures   int // attempts since the last connection that settled

	handshakes int  // of the peer with us that are going on
	deferred   bool // we have given way to one of these; not again before there is a connection

	// tried has the addresses dialed before, with the attempt that did last.
	tried map[p2ptypes.Address]uint64

	accepts  TokenBucket // authenticated connections that the peer may make
	connects TokenBucket // authenticated connections that we may make
}

type established struct {
	inbound   bool
	roundTrip time.Duration
}

// NewLifecycle returns the machine of a peer to which there is no connection.
func NewLifecycle(config LifecycleConfig, now time.Duration) *Lifecycle {
	return &Lifecycle{
		config:   config,
		smaller:  bytes.Compare(config.Self[:], config.Peer[:]) < 0,
		tried:    map[p2ptypes.Address]uint64{},
		accepts:  NewInboundBucket(config.DeltaDial, now),
		connects: NewTokenBucket(outboundRate, outboundBurst, true, now),
	}
}

// An Event is what happens to a Lifecycle.
type LifecycleEvent interface{ lifecycleEvent() }

type (
	// Started: the host runs, and has streams with the peer. It comes first; it may come again after Stopped.
	Started struct{}
	// TimerFired: the time of the latest SetTimer is over.
	TimerFired struct{}
	// AddressesChanged: the peer may have new addresses.
	AddressesChanged struct{}
	// AddressesFound answers FindAddresses; in the order in which they are worth dialing, possibly none.
	AddressesFound struct {
		Attempt   uint64
		Addresses []p2ptypes.Address
	}
	// DialFailed answers Dial: no connection, or no successful handshake. After AbortDial it is optional.
	DialFailed struct{ Attempt uint64 }
	// DialSucceeded answers Dial: the peer is authenticated. RoundTrip is what it took to connect.
	DialSucceeded struct {
		Attempt   uint64
		Conn      ConnID
		RoundTrip time.Duration
	}
	// HandshakeBegan: the peer has knocked, the handshake goes on.
	HandshakeBegan struct{}
	// HandshakeFailed: it came to nothing.
	HandshakeFailed struct{}
	// HandshakeSucceeded: the peer is authenticated.
	HandshakeSucceeded struct{ Conn ConnID }
	// Ended: the connection is closed, reader and writer have returned.
	Ended struct{ Conn ConnID }
	// Stopped: the host closes, or the last stream with the peer is gone.
	Stopped struct{}
)

func (Started) lifecycleEvent()            {}
func (TimerFired) lifecycleEvent()         {}
func (AddressesChanged) lifecycleEvent()   {}
func (AddressesFound) lifecycleEvent()     {}
func (DialFailed) lifecycleEvent()         {}
func (DialSucceeded) lifecycleEvent()      {}
func (HandshakeBegan) lifecycleEvent()     {}
func (HandshakeFailed) lifecycleEvent()    {}
func (HandshakeSucceeded) lifecycleEvent() {}
func (Ended) lifecycleEvent()              {}
func (Stopped) lifecycleEvent()            {}

// A LifecycleEffect is what a Lifecycle wants done.
type LifecycleEffect interface{ lifecycleEffect() }

type (
	// SetTimer asks for TimerFired after a time. It replaces the timer before it.
	SetTimer struct{ After time.Duration }
	// FindAddresses asks for AddressesFound.
	FindAddresses struct{ Attempt uint64 }
	// Dial asks to connect to an address, knock and shake hands: DialSucceeded or DialFailed.
	Dial struct {
		Attempt uint64
		Address p2ptypes.Address
	}
	// AbortDial asks to close the connection of an attempt, and not to complete its handshake if it is not complete.
	AbortDial struct{ Attempt uint64 }
	// Run makes a connection the live one.
	Run struct {
		Conn    ConnID
		Inbound bool
	}
	// Cancel asks to end the live connection: Ended.
	Cancel struct {
		Conn ConnID
		Why  string
	}
	// Refuse asks to close a connection that never became the live one.
	Refuse struct {
		Conn ConnID
		Why  string
	}
)

func (SetTimer) lifecycleEffect()      {}
func (FindAddresses) lifecycleEffect() {}
func (Dial) lifecycleEffect()          {}
func (AbortDial) lifecycleEffect()     {}
func (Run) lifecycleEffect()           {}
func (Cancel) lifecycleEffect()        {}
func (Refuse) lifecycleEffect()        {}

// Step handles an event and returns what is to be done, in this order.
func (l *Lifecycle) Step(now time.Duration, event LifecycleEvent) []LifecycleEffect {
	switch e := event.(type) {
	case Started:
		l.running = true
		return l.arm(now, l.firstDelay())
	case TimerFired:
		return l.timerFired(now)
	case AddressesChanged:
		if l.armed && !l.deferred && l.due-now > politeness {
			return l.arm(now, time.Duration(l.config.Uniform()*float64(politeness)))
		}
	case AddressesFound:
		return l.addressesFound(now, e)
	case DialFailed:
		return l.attemptFailed(now, e.Attempt)
	case DialSucceeded:
		return l.dialSucceeded(now, e)
	case HandshakeBegan:
		return l.handshakeBegan(now)
	case HandshakeFailed:
		l.handshakes--
		if l.armed && l.deferred && l.handshakes == 0 {
			return l.arm(now, 0)
		}
	case HandshakeSucceeded:
		return l.handshakeSucceeded(now, e.Conn)
	case Ended:
		return l.ended(now, e.Conn)
	case Stopped:
		return l.stopped()
	default:
		panic(fmt.Sprintf("link: unknown event %T", event))
	}
	return nil
}

func (l *Lifecycle) arm(now time.Duration, after time.Duration) []LifecycleEffect {
	if !l.running || l.live != 0 || l.attempting {
		return nil
	}
	l.armed, l.due = true, now+after
	return []LifecycleEffect{SetTimer{after}}
}

// firstDelay is how long to wait before a first attempt.
func (l *Lifecycle) firstDelay() time.Duration {
	if !l.smaller {
		return 0
	}
	return time.Duration(l.config.Uniform() * float64(min(politeness, l.config.DeltaDial)))
}

// nextDelay is how long to wait after a failure: it doubles from a fraction of DeltaDial up to DeltaDial, and is random in its
// upper half.
func (l *Lifecycle) nextDelay() time.Duration {
	longest := l.config.DeltaDial >> max(slowestSteps-l.failures, 0)
	return longest/2 + time.Duration(l.config.Uniform()*float64(longest-longest/2))
}

func (l *Lifecycle) timerFired(now time.Duration) []LifecycleEffect {
	if !l.armed {
		return nil
	}
	if now < l.due {
		return l.arm(now, l.due-now)
	}
	l.armed = false
	if l.live != 0 || l.attempting {
		return nil
	}
	if l.handshakes > 0 && !l.deferred {
		l.deferred = true
		return l.arm(now, politeness)
	}
	// Rather late than refused: a peer that refuses one connection starts to count anew.
	if wait, ok := l.connects.Until(now, 1); ok && wait > 0 {
		return l.arm(now, min(wait, l.config.DeltaDial))
	}
	l.attempt++
	l.attempting = true
	return []LifecycleEffect{FindAddresses{l.attempt}}
}

func (l *Lifecycle) addressesFound(now time.Duration, e AddressesFound) []LifecycleEffect {
	if !l.attempting || e.Attempt != l.attempt {
		return nil
	}
	addresses := e.Addresses[:min(len(e.Addresses), maxAddresses)]
	if len(addresses) == 0 {
		return l.attemptFailed(now, e.Attempt)
	}
	// The one whose last attempt is longest ago, the first of those that were never tried. So the order in which they come, and
	// changes of it, cannot keep one from being tried.
	best := addresses[0]
	tried := make(map[p2ptypes.Address]uint64, len(addresses))
	for _, a := range addresses {
		if l.tried[a] < l.tried[best] {
			best = a
		}
		if n, ok := l.tried[a]; ok {
			tried[a] = n
		}
	}
	tried[best] = l.attempt
	l.tried = tried
	return []LifecycleEffect{Dial{l.attempt, best}}
}

func (l *Lifecycle) attemptFailed(now time.Duration, attempt uint64) []LifecycleEffect {
	if !l.attempting || attempt != l.attempt {
		return nil
	}
	l.attempting = false
	l.failures++
	return l.arm(now, l.nextDelay())
}

// abort gives up the attempt that is going on.
func (l *Lifecycle) abort() []LifecycleEffect {
	if !l.attempting {
		return nil
	}
	l.attempting = false
	return []LifecycleEffect{AbortDial{l.attempt}}
}

func (l *Lifecycle) dialSucceeded(now time.Duration, e DialSucceeded) []LifecycleEffect {
	l.connects.TryTake(now, 1)
	if !l.attempting || e.Attempt != l.attempt {
		return []LifecycleEffect{Refuse{e.Conn, "given up before it was established"}}
	}
	l.attempting = false
	return l.replace(now, e.Conn, established{false, e.RoundTrip})
}

func (l *Lifecycle) handshakeBegan(now time.Duration) []LifecycleEffect {
	l.handshakes++
	if !l.smaller || !l.attempting || l.deferred {
		return nil
	}
	l.deferred = true
	return append(l.abort(), l.arm(now, politeness)...)
}

func (l *Lifecycle) handshakeSucceeded(now time.Duration, conn ConnID) []LifecycleEffect {
	l.handshakes--
	if !l.accepts.Take(now, 1) {
		effects := []LifecycleEffect{Refuse{conn, "too many connections of this peer"}}
		if l.armed && l.deferred {
			effects = append(effects, l.arm(now, 0)...)
		}
		return effects
	}
	// The dialer of a connection is done with the handshake half a round trip before the listener. So the peer was done with
	// this one before it was done with ours, and keeps ours.
	if !l.smaller && l.live != 0 && !l.cancelled && !l.inbound && now-l.since < l.roundTrip {
		return []LifecycleEffect{Refuse{conn, "crossed ours, which is newer for the peer"}}
	}
	return append(l.abort(), l.replace(now, conn, established{inbound: true})...)
}

// replace makes a connection the live one as soon as the present one has ended.
func (l *Lifecycle) replace(now time.Duration, conn ConnID, e established) []LifecycleEffect {
	if !l.running {
		return []LifecycleEffect{Refuse{conn, "no longer wanted"}}
	}
	l.deferred = false
	if l.live == 0 {
		return l.run(now, conn, e)
	}
	var effects []LifecycleEffect
	if l.successor != 0 {
		effects = append(effects, Refuse{l.successor, "replaced by a newer connection"})
	}
	l.successor, l.succ = conn, e
	if !l.cancelled {
		l.cancelled = true
		effects = append(effects, Cancel{l.live, "replaced by a newer connection"})
	}
	return effects
}

func (l *Lifecycle) run(now time.Duration, conn ConnID, e established) []LifecycleEffect {
	l.live, l.inbound, l.roundTrip, l.since, l.cancelled = conn, e.inbound, e.roundTrip, now, false
	l.armed = false
	return []LifecycleEffect{Run{conn, e.inbound}}
}

func (l *Lifecycle) ended(now time.Duration, conn ConnID) []LifecycleEffect {
	if conn != l.live || conn == 0 {
		return nil
	}
	l.live = 0
	if next := l.successor; next != 0 {
		l.successor = 0
		return l.run(now, next, l.succ)
	}
	if now-l.since >= settled {
		l.failures = 0
		return l.arm(now, l.firstDelay())
	}
	l.failures++
	return l.arm(now, l.nextDelay())
}

func (l *Lifecycle) stopped() []LifecycleEffect {
	effects := l.abort()
	l.running, l.armed = false, false
	if l.successor != 0 {
		effects = append(effects, Refuse{l.successor, "no longer wanted"})
		l.successor = 0
	}
	if l.live != 0 && !l.cancelled {
		l.cancelled = true
		effects = append(effects, Cancel{l.live, "no longer wanted"})
	}
	return effects
}

// Idle tells whether nothing is going on: no connection, no attempt, no handshake.
func (l *Lifecycle) Idle() bool { return l.live == 0 && !l.attempting && l.handshakes == 0 }

// Live returns the live connection; 0 if there is none.
func (l *Lifecycle) Live() ConnID { return l.live }

// String describes the machine in one line.
func (l *Lifecycle) String() string {
	s := fmt.Sprintf("live=%d", l.live)
	if l.live != 0 {
		s += map[bool]string{true: " inbound", false: " outbound"}[l.inbound]
	}
	if l.cancelled && l.live != 0 {
		s += " cancelled"
	}
	if l.successor != 0 {
		s += fmt.Sprintf(" successor=%d", l.successor)
	}
	if l.attempting {
		s += fmt.Sprintf(" attempt=%d", l.attempt)
	}
	if l.armed {
		s += fmt.Sprintf(" due=%v", l.due)
	}
	return fmt.Sprintf("%s failures=%d handshakes=%d deferred=%t", s, l.failures, l.handshakes, l.deferred)
}
