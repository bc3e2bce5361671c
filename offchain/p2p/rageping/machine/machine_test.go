package machine

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ocrkit/ocrkit/test/vectors"
)

func TestVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"network-rageping.json"}, vectors.Kinds{Run: map[string]func(*testing.T, vectors.File, vectors.Case){
		"stream": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[struct {
				Kind      string
				PingSize  int        `json:"ping_size"`
				MinPeriod vectors.Ns `json:"min_period_ns"`
				MaxPeriod vectors.Ns `json:"max_period_ns"`
				Timeout   vectors.Ns `json:"timeout_ns"`
			}](t, c.Input)
			want := vectors.DecodeStrict[struct {
				StreamName       string `json:"stream_name"`
				OutgoingBuffer   int    `json:"outgoing_buffer"`
				IncomingBuffer   int    `json:"incoming_buffer"`
				MaxMessageLength int    `json:"max_message_length"`
				MessagesRate     string `json:"messages_rate"`
				MessagesCapacity uint32 `json:"messages_capacity"`
				BytesRate        string `json:"bytes_rate"`
				BytesCapacity    uint32 `json:"bytes_capacity"`
			}](t, c.Output)
			p := Profile{PingSize: in.PingSize, MinPeriod: in.MinPeriod.D(), MaxPeriod: in.MaxPeriod.D(), Timeout: in.Timeout.D()}
			if err := p.Validate(); err != nil {
				t.Error(err)
			}
			if got := p.StreamName(); got != want.StreamName {
				t.Errorf("stream name %q, want %q", got, want.StreamName)
			}
			l := p.Limits()
			if l.MaxOutgoingBufferedMessages != want.OutgoingBuffer || l.MaxIncomingBufferedMessages != want.IncomingBuffer || l.MaxMessageLength != want.MaxMessageLength ||
				l.MessagesLimit.Capacity != want.MessagesCapacity || l.BytesLimit.Capacity != want.BytesCapacity {
				t.Errorf("limits %+v, want %+v", l, want)
			}
			for got, text := range map[float64]string{l.MessagesLimit.Rate: want.MessagesRate, l.BytesLimit.Rate: want.BytesRate} {
				if expect, err := strconv.ParseFloat(text, 64); err != nil || math.Abs(got-expect) > 1e-12*expect {
					t.Errorf("rate %v, want %s", got, text)
				}
			}
		},
		"pong": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[struct {
				Kind string
				Ping vectors.Hex
			}](t, c.Input)
			want := vectors.DecodeStrict[struct{ Pong vectors.Hex }](t, c.Output)
			m := New(0, Profile{PingSize: len(in.Ping), MinPeriod: 1, MaxPeriod: 1, Timeout: 1}, &fixed{})
			if got := m.Receive(0, in.Ping); got.What != Answered || !bytes.Equal(got.Send, want.Pong) {
				t.Errorf("got %+v, want %v", got, want.Pong)
			}
		},
	}})
}

// fixed is chance under control: periods are the longest possible, pings count up.
type fixed struct{ pings byte }

func (f *fixed) Period(min, max time.Duration) time.Duration { return max }
func (f *fixed) Fill(b []byte) {
	f.pings++
	for i := range b {
		b[i] = f.pings
	}
}

var profile = Profile{PingSize: 20, MinPeriod: 10 * time.Second, MaxPeriod: 20 * time.Second, Timeout: 5 * time.Second, StartupDelay: 30 * time.Second}

func TestProbe(t *testing.T) {
	m := New(0, profile, &fixed{})
	const s = time.Second
	expect := func(got Outcome, what What, next time.Duration) []byte {
		t.Helper()
		if got.What != what || m.NextTick() != next {
			t.Errorf("got %+v and next tick at %v, want %d and %v", got, m.NextTick(), what, next)
		}
		return got.Send
	}
	expect(Outcome{}, Nothing, 50*s)
	expect(m.Tick(49*s), Nothing, 50*s)
	first := expect(m.Tick(50*s), Sent, 55*s)
	if len(first) != profile.PingSize {
		t.Fatalf("ping has %d bytes", len(first))
	}
	pong := Pong(first)
	wrong := pong
	wrong[35] ^= 1
	expect(m.Receive(51*s, wrong[:]), Unexpected, 55*s)
	measured := m.Receive(52*s, pong[:])
	expect(measured, Measured, 72*s)
	if measured.Latency != 2*s {
		t.Errorf("latency %v, want 2s", measured.Latency)
	}
	expect(m.Receive(53*s, pong[:]), Unexpected, 72*s) // again
	second := expect(m.Tick(72*s), Sent, 77*s)
	expect(m.Tick(77*s), TimedOut, 97*s)
	pong = Pong(second)
	expect(m.Receive(78*s, pong[:]), Unexpected, 97*s) // too late
	expect(m.Receive(78*s, []byte{0, 0, 0, 3}), Invalid, 97*s)
	expect(m.Receive(78*s, nil), Invalid, 97*s)
	expect(m.Receive(78*s, make([]byte, 20)), Invalid, 97*s)
	expect(m.Receive(78*s, append(second, 0)), Invalid, 97*s) // a ping of the wrong size
	expect(m.Receive(78*s, second), Answered, 97*s)
}

// TestTwoMachines: over a link with some latency that loses messages, what is measured is the latency, and every ping ends as
// measured or timed out.
func TestTwoMachines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := New(0, profile, &fixed{}), New(0, profile, &fixed{})
		latency := time.Duration(rapid.Int64Range(1, int64(profile.Timeout/2)).Draw(t, "latency"))
		count := map[What]int{}
		for range 20 {
			now := a.NextTick()
			o := a.Tick(now)
			count[o.What]++
			if o.What != Sent || rapid.IntRange(0, 3).Draw(t, "fate") == 0 {
				continue
			}
			o = a.Receive(now+2*latency, b.Receive(now+latency, o.Send).Send)
			count[o.What]++
			if o.What != Measured || o.Latency != 2*latency {
				t.Fatalf("got %+v, want a latency of %v", o, 2*latency)
			}
		}
		if open := count[Sent] - count[Measured] - count[TimedOut]; open < 0 || open > 1 {
			t.Fatalf("%v", count)
		}
	})
}

func TestValidate(t *testing.T) {
	for field, change := range map[string]func(*Profile){
		"PingSize":               func(p *Profile) { p.PingSize = 19 },
		"PingSize is 1073741824": func(p *Profile) { p.PingSize = 1 << 30 },
		"MinPeriod":              func(p *Profile) { p.MinPeriod = 0 },
		"MaxPeriod":              func(p *Profile) { p.MaxPeriod = p.MinPeriod - 1 },
		"Timeout":                func(p *Profile) { p.Timeout = 0 },
		"StartupDelay":           func(p *Profile) { p.StartupDelay = -1 },
	} {
		p := profile
		change(&p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: got %v", field, err)
		}
	}
}

func FuzzReceive(f *testing.F) {
	ping := make([]byte, 20)
	ping[3] = 1
	pong := Pong(ping)
	f.Add(ping)
	f.Add(pong[:])
	f.Fuzz(func(t *testing.T, message []byte) {
		m := New(0, profile, &fixed{})
		m.Tick(m.NextTick())
		if o := m.Receive(m.NextTick(), message); len(o.Send) != 0 && len(o.Send) != PongSize {
			t.Errorf("answered %d bytes with %d", len(message), len(o.Send))
		}
	})
}
