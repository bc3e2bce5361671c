package link

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

// TestLifecycleTranscripts runs the files of testdata/lifecycle: events for one Lifecycle, and below each what it wants done. Run
// with -rewrite to write what it does now.
//
//	new self=1 peer=2 [delta=16s] [uniform=0.5]
//	wait 3s             lets time pass; nothing fires by itself
//	started, timer, knock, handshake-failed, dial-failed, stopped, hint
//	addresses (a:1,b:2) answers FindAddresses; without arguments: none are known
//	dialed conn=1 [rtt=100ms]
//	accepted conn=2     the peer's handshake with us has succeeded
//	ended conn=1
//	state
//
// dial-failed, dialed and addresses are of the latest attempt unless attempt=.. says otherwise.
func TestLifecycleTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata/lifecycle", func(t *testing.T, path string) {
		var l *Lifecycle
		var now time.Duration
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			arg := func(name string, dst any) {
				if d.HasArg(name) {
					d.ScanArgs(t, name, dst)
				}
			}
			duration := func(name string, fallback time.Duration) time.Duration {
				text := fallback.String()
				arg(name, &text)
				v, err := time.ParseDuration(text)
				if err != nil {
					d.Fatalf(t, "%s: %v", name, err)
				}
				return v
			}
			conn := func() ConnID {
				var n int
				d.ScanArgs(t, "conn", &n)
				return ConnID(n)
			}
			attempt := uint64(0)
			if l != nil {
				attempt = l.attempt
			}
			if n := int(attempt); d.HasArg("attempt") {
				arg("attempt", &n)
				attempt = uint64(n)
			}
			var event LifecycleEvent
			switch d.Cmd {
			case "new":
				var self, peer int
				d.ScanArgs(t, "self", &self)
				d.ScanArgs(t, "peer", &peer)
				uniform := "0.5"
				arg("uniform", &uniform)
				u := number(t, uniform)
				now = 0
				l = NewLifecycle(LifecycleConfig{
					Self: p2ptypes.PeerID{byte(self)}, Peer: p2ptypes.PeerID{byte(peer)}, DeltaDial: duration("delta", 16*time.Second),
					Uniform: func() float64 { return u },
				}, now)
				return ""
			case "wait":
				w, err := time.ParseDuration(d.CmdArgs[0].Key)
				if err != nil {
					d.Fatalf(t, "%v", err)
				}
				now += w
				return ""
			case "state":
				return l.String() + "\n"
			case "started":
				event = Started{}
			case "timer":
				event = TimerFired{}
			case "knock":
				event = HandshakeBegan{}
			case "handshake-failed":
				event = HandshakeFailed{}
			case "dial-failed":
				event = DialFailed{attempt}
			case "stopped":
				event = Stopped{}
			case "hint":
				event = AddressesChanged{}
			case "addresses":
				e := AddressesFound{Attempt: attempt}
				for _, a := range d.CmdArgs {
					if a.Key == "attempt" {
						continue
					}
					for _, v := range strings.Split(strings.Trim(a.Key, "()"), ",") {
						e.Addresses = append(e.Addresses, p2ptypes.Address(v))
					}
					for _, v := range a.Vals {
						e.Addresses = append(e.Addresses, p2ptypes.Address(v))
					}
				}
				event = e
			case "dialed":
				event = DialSucceeded{attempt, conn(), duration("rtt", 100*time.Millisecond)}
			case "accepted":
				event = HandshakeSucceeded{conn()}
			case "ended":
				event = Ended{conn()}
			default:
				d.Fatalf(t, "unknown command")
			}
			var b strings.Builder
			for _, effect := range l.Step(now, event) {
				switch e := effect.(type) {
				case SetTimer:
					fmt.Fprintf(&b, "set-timer after=%v\n", e.After)
				case FindAddresses:
					fmt.Fprintf(&b, "find-addresses attempt=%d\n", e.Attempt)
				case Dial:
					fmt.Fprintf(&b, "dial attempt=%d address=%s\n", e.Attempt, e.Address)
				case AbortDial:
					fmt.Fprintf(&b, "abort-dial attempt=%d\n", e.Attempt)
				case Run:
					fmt.Fprintf(&b, "run conn=%d inbound=%t\n", e.Conn, e.Inbound)
				case Cancel:
					fmt.Fprintf(&b, "cancel conn=%d why=%q\n", e.Conn, e.Why)
				case Refuse:
					fmt.Fprintf(&b, "refuse conn=%d why=%q\n", e.Conn, e.Why)
				default:
					d.Fatalf(t, "unknown effect %T", e)
				}
			}
			return b.String()
		})
	})
}

// TestStreamTranscripts runs the files of testdata/streams: events for the sending half of the streams to a peer.
//
//	new
//	open NAME [low] [capacity=10]
//	close NAME
//	connected, disconnected
//	remote-open NAME, remote-close NAME
//	push NAME MESSAGE..    a message may be written TEXT*LENGTH
//	take [n=..]            what the writer gets, n frames at most
//	state
func TestStreamTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata/streams", func(t *testing.T, path string) {
		o := NewOutgoing()
		streams := map[string]*OutStream{}
		id := func(name string) (id wire.StreamID) {
			copy(id[:], name)
			return id
		}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			name := ""
			if len(d.CmdArgs) > 0 {
				name = d.CmdArgs[0].Key
			}
			var b strings.Builder
			switch d.Cmd {
			case "new":
				o, streams = NewOutgoing(), map[string]*OutStream{}
			case "open":
				priority, capacity := p2ptypes.StreamPriorityDefault, 10
				if d.HasArg("low") {
					priority = p2ptypes.StreamPriorityLow
				}
				if d.HasArg("capacity") {
					d.ScanArgs(t, "capacity", &capacity)
				}
				s, err := o.Open(id(name), name, priority, capacity)
				if err != nil {
					return fmt.Sprintf("error: %v\n", err)
				}
				streams[name] = s
			case "close":
				s := streams[name]
				if s == nil {
					d.Fatalf(t, "no stream %q", name)
				}
				last, err := o.Close(s)
				if err != nil {
					return fmt.Sprintf("error: %v\n", err)
				}
				if last {
					return "last stream: the connection ends\n"
				}
			case "connected":
				o.Connected()
			case "disconnected":
				o.Disconnected()
			case "remote-open":
				fmt.Fprintf(&b, "ours=%t\n", o.RemoteOpened(id(name)) != nil)
			case "remote-close":
				fmt.Fprintf(&b, "ours=%t\n", o.RemoteClosed(id(name)) != nil)
			case "push":
				for _, a := range d.CmdArgs[1:] {
					text, length, long := strings.Cut(a.Key, "*")
					payload := []byte(text)
					if long {
						payload = slices.Repeat(payload, int(number(t, length)))
					}
					ready, dropped := o.Push(streams[name], Message{Type: wire.FrameData, Payload: payload})
					fmt.Fprintf(&b, "%.10s ready=%t dropped=%t\n", payload, ready, dropped)
				}
			case "take":
				n := math.MaxInt
				if d.HasArg("n") {
					d.ScanArgs(t, "n", &n)
				}
				for _, f := range o.Take(nil, n, math.MaxInt) {
					fmt.Fprintf(&b, "%v %s", f.Type, strings.TrimRight(string(f.Stream[:]), "\x00"))
					if f.Type == wire.FrameData {
						fmt.Fprintf(&b, " %.10s", f.Payload)
						if len(f.Payload) > 10 {
							fmt.Fprintf(&b, ".. (%d bytes)", len(f.Payload))
						}
					}
					b.WriteByte('\n')
				}
			case "state":
				return o.String()
			default:
				d.Fatalf(t, "unknown command")
			}
			return b.String()
		})
	})
}
