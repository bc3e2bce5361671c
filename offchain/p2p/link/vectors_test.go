package link

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
	"github.com/ocrkit/ocrkit/test/vectors"
)

type run = func(t *testing.T, f vectors.File, c vectors.Case)

// limitPair are the limits of a stream as vectors write them.
type limitPair struct {
	MaxLength        int     `json:"max_message_length"`
	MessagesRate     float64 `json:"messages_rate"`
	MessagesCapacity uint32  `json:"messages_capacity"`
	BytesRate        float64 `json:"bytes_rate"`
	BytesCapacity    uint32  `json:"bytes_capacity"`
}

func (p limitPair) messages() p2ptypes.TokenBucketParams {
	return p2ptypes.TokenBucketParams{Rate: p.MessagesRate, Capacity: p.MessagesCapacity}
}

func (p limitPair) bytes() p2ptypes.TokenBucketParams {
	return p2ptypes.TokenBucketParams{Rate: p.BytesRate, Capacity: p.BytesCapacity}
}

type verdictsOut struct{ Verdicts, Results []string }

func same[T comparable](t *testing.T, what string, i int, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s %d: got %v, want %v", what, i, got, want)
	}
}

func TestRateLimitVectors(t *testing.T) {
	names := map[Verdict]string{Deliver: "admit", TooLong: "too-big", MessagesLimit: "messages-limit", BytesLimit: "bytes-limit"}
	vectors.EachKind(t, "testdata", []string{"network-ratelimit.json"}, vectors.Kinds{Run: map[string]run{
		"token-bucket": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[struct {
				Kind     string
				Rate     vectors.U64 `json:"rate_millitokens_per_s"`
				Capacity uint32
				Full     bool `json:"initially_full"`
				Arrivals []struct {
					At     vectors.Ns `json:"at_ns"`
					Tokens uint64
				}
			}](t, c.Input)
			out := vectors.DecodeStrict[struct{ Admitted []bool }](t, c.Output)
			b := NewTokenBucket(uint64(in.Rate), in.Capacity, in.Full, 0)
			same(t, "number of arrivals", 0, len(in.Arrivals), len(out.Admitted))
			for i, a := range in.Arrivals {
				same(t, "arrival", i, b.Take(a.At.D(), a.Tokens), out.Admitted[i])
			}
		},
		"stream": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.Decode[struct {
				limitPair
				Arrivals []struct {
					At     vectors.Ns `json:"at_ns"`
					Length uint32
				}
			}](t, c.Input)
			out := vectors.DecodeStrict[verdictsOut](t, c.Output).Verdicts
			l := NewMessageLimits(in.MaxLength, in.messages(), in.bytes(), 0)
			same(t, "number of arrivals", 0, len(in.Arrivals), len(out))
			for i, a := range in.Arrivals {
				same(t, "arrival", i, names[l.Admit(a.At.D(), a.Length)], out[i])
			}
		},
		"connection-p1": connectionBucketCase,
		"incoming-connection-rate": func(t *testing.T, _ vectors.File, c vectors.Case) {
			delta := vectors.Decode[struct {
				DeltaDial vectors.Ns `json:"delta_dial_ns"`
			}](t, c.Input).DeltaDial.D()
			out := vectors.DecodeStrict[struct {
				Capacity uint32
				Full     bool        `json:"initially_full"`
				Rate     vectors.U64 `json:"rate_millitokens_per_s"`
			}](t, c.Output)
			if got, want := NewInboundBucket(delta, 0), NewTokenBucket(uint64(out.Rate), out.Capacity, out.Full, 0); got != want {
				t.Errorf("bucket is %v, want %v", &got, &want)
			}
		},
	}})
}

func connectionBucketCase(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.Decode[struct {
		Ops []struct {
			limitPair
			Op  string
			At  vectors.Ns `json:"at_ns"`
			Raw int        `json:"raw_bytes"`
		}
	}](t, c.Input)
	out := vectors.DecodeStrict[struct {
		Results []struct {
			Rate      vectors.U64 `json:"rate_millitokens_per_s"`
			Capacity  uint32
			Unlimited bool
			Survives  *bool `json:"connection_survives"`
		}
	}](t, c.Output).Results
	same(t, "number of ops", 0, len(in.Ops), len(out))
	var b ConnectionBucket
	for i, op := range in.Ops {
		now := op.At.D()
		switch op.Op {
		case "new-peer":
			b = NewConnectionBucket(0)
		case "add-stream":
			b.StreamOpened(now, op.messages(), op.bytes())
		case "remove-stream":
			b.StreamClosed(now, op.messages(), op.bytes())
		case "connected":
			b.Connected()
		case "read":
			same(t, "read", i, b.Read(now, op.Raw), *out[i].Survives)
			continue
		default:
			t.Fatalf("unknown op %q", op.Op)
		}
		rate, capacity := b.Params()
		same(t, "unlimited after op", i, b.Unlimited(), out[i].Unlimited)
		if !out[i].Unlimited {
			same(t, "rate after op", i, rate, uint64(out[i].Rate))
			same(t, "capacity after op", i, capacity, out[i].Capacity)
		}
	}
}

func TestOverheadVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"network-overhead-p2.json"}, vectors.Kinds{Run: map[string]run{
		"tls-overhead": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[struct {
				Kind string
				Ops  []struct {
					Op    string
					Bytes int
				}
			}](t, c.Input)
			out := vectors.Decode[verdictsOut](t, c.Output).Results
			var o Overhead
			for i, op := range in.Ops {
				if i >= len(out) {
					t.Fatalf("op %d comes after the close", i)
				}
				got := "-"
				switch op.Op {
				case "raw-read-during-handshake":
				case "raw-read":
					o.RawRead(op.Bytes)
				case "delivered":
					got = "ok"
					if !o.Delivered(op.Bytes) {
						got = "close-connection"
					}
				default:
					t.Fatalf("unknown op %q", op.Op)
				}
				same(t, "op", i, got, out[i])
			}
		},
	}})
}

func TestRingVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"network-ringbuffer.json"}, vectors.Kinds{Run: map[string]run{
		"ring": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[struct {
				Kind     string
				Capacity int
				Ops      []string
			}](t, c.Input)
			out := vectors.DecodeStrict[verdictsOut](t, c.Output).Results
			same(t, "number of ops", 0, len(in.Ops), len(out))
			ring := NewRing[string](in.Capacity)
			for i, op := range in.Ops {
				got := "empty"
				if v, ok := strings.CutPrefix(op, "push "); ok {
					got = "ok"
					if evicted, full := ring.Push(v); full {
						got = "evicted " + evicted
					}
				} else if op != "pop" {
					t.Fatalf("unknown op %q", op)
				} else if v, ok := ring.Pop(); ok {
					got = v
				}
				same(t, "op", i, got, out[i])
			}
		},
	}})
}

func TestMuxVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"network-mux-p2.json"}, vectors.Kinds{Run: map[string]run{
		"mux-priority": muxPriorityCase,
		"mux-single":   muxSingleCase,
		"demux":        demuxCase,
		"validate-limits": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[struct {
				Kind      string
				Out       int    `json:"max_outgoing"`
				In        int    `json:"max_incoming"`
				Length    int    `json:"max_message_length"`
				MRate     string `json:"messages_rate"`
				BRate     string `json:"bytes_rate"`
				MCapacity uint32 `json:"messages_capacity"`
				BCapacity uint32 `json:"bytes_capacity"`
			}](t, c.Input)
			out := vectors.Decode[struct{ Accept bool }](t, c.Output)
			err := p2ptypes.Stream2Limits{
				MaxOutgoingBufferedMessages: in.Out,
				MaxIncomingBufferedMessages: in.In,
				MaxMessageLength:            in.Length,
				MessagesLimit:               p2ptypes.TokenBucketParams{Rate: number(t, in.MRate), Capacity: in.MCapacity},
				BytesLimit:                  p2ptypes.TokenBucketParams{Rate: number(t, in.BRate), Capacity: in.BCapacity},
			}.Validate()
			if (err == nil) != out.Accept {
				t.Errorf("error is %v, want accept = %v", err, out.Accept)
			}
		},
	}})
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func muxPriorityCase(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind    string
		Default int `json:"default_messages"`
		Low     int `json:"low_messages"`
		Pops    int
	}](t, c.Input)
	want := vectors.DecodeStrict[struct{ Sequence string }](t, c.Output).Sequence
	o := NewOutgoing()
	o.Connected()
	for name, class := range map[string]struct {
		priority p2ptypes.StreamPriority
		messages int
	}{"D": {p2ptypes.StreamPriorityDefault, in.Default}, "L": {p2ptypes.StreamPriorityLow, in.Low}} {
		s, err := o.Open(wire.StreamID{name[0]}, name, class.priority, max(class.messages, 1))
		if err != nil {
			t.Fatal(err)
		}
		o.RemoteOpened(s.ID)
		for i := range class.messages {
			o.Push(s, Message{Type: wire.FrameData, Payload: []byte(strconv.Itoa(i))})
		}
	}
	if n := len(o.Take(nil, 2, math.MaxInt)); n != 2 {
		t.Fatalf("%d notifications, want 2", n)
	}
	var got strings.Builder
	next := map[string]int{}
	for range in.Pops {
		frames := []Frame{}
		if f, ok := o.takeMessage(); ok {
			frames = append(frames, f)
		}
		if len(frames) == 0 {
			got.WriteByte('-')
			continue
		}
		name := string(frames[0].Stream[:1])
		if s := string(frames[0].Payload); s != strconv.Itoa(next[name]) {
			t.Fatalf("message %s of %s, want %d", s, name, next[name])
		}
		next[name]++
		got.WriteString(name)
	}
	if got.String() != want {
		t.Errorf("sequence is %s, want %s", got.String(), want)
	}
}

func muxSingleCase(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind     string
		Capacity int
		Ops      []string
	}](t, c.Input)
	out := vectors.DecodeStrict[verdictsOut](t, c.Output).Results
	same(t, "number of ops", 0, len(in.Ops), len(out))
	o := NewOutgoing()
	o.Connected()
	s, err := o.Open(wire.StreamID{1}, "s", p2ptypes.StreamPriorityDefault, in.Capacity)
	if err != nil {
		t.Fatal(err)
	}
	o.Take(nil, 1, math.MaxInt) // the open frame
	for i, op := range in.Ops {
		got := "true"
		verb, arg, _ := strings.Cut(op, " ")
		switch verb {
		case "push":
			o.Push(s, Message{Type: wire.FrameData, Payload: []byte(arg)})
		case "pop":
			got = "none"
			if f := o.Take(nil, 1, math.MaxInt); len(f) > 0 {
				got = string(f[0].Payload)
			}
		case "enable":
			o.RemoteOpened(s.ID)
		case "disable":
			o.RemoteClosed(s.ID)
		case "set-capacity":
			o.SetCapacity(s, int(number(t, arg)))
		default:
			t.Fatalf("unknown op %q", op)
		}
		same(t, "op "+op, i, got, out[i])
	}
}

func demuxCase(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.Decode[struct {
		Limits limitPair
		Ops    []struct {
			limitPair
			Op     string
			At     vectors.Ns `json:"at_ns"`
			Length uint32
			Limits *limitPair
		}
	}](t, c.Input)
	out := vectors.DecodeStrict[verdictsOut](t, c.Output).Verdicts
	names := map[Verdict]string{Deliver: "admit", TooLong: "drop-too-big", MessagesLimit: "drop-messages-limit", BytesLimit: "drop-bytes-limit"}
	same(t, "number of ops", 0, len(in.Ops), len(out))
	d := NewDemux(wire.P2, 0)
	s := d.Open(0, wire.StreamID{1}, in.Limits.MaxLength, in.Limits.messages(), in.Limits.bytes(), nil)
	for i, op := range in.Ops {
		got := "-"
		switch op.Op {
		case "message":
			v, stream := d.Admit(op.At.D(), time.Time{}, &wire.Header{Type: wire.FrameData, Stream: s.ID, PayloadLength: op.Length})
			if stream != s || d.Ends(v) {
				t.Fatalf("op %d: stream %v, verdict %v ends the connection: %v", i, stream, v, d.Ends(v))
			}
			got = names[v]
		case "update-limits":
			l := op.limitPair
			if op.Limits != nil {
				l = *op.Limits
			}
			d.Update(op.At.D(), s, l.MaxLength, l.messages(), l.bytes())
		default:
			t.Fatalf("unknown op %q", op.Op)
		}
		same(t, "op", i, got, out[i])
	}
}

func TestResponseVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"network-responses-p2.json"}, vectors.Kinds{Run: map[string]run{
		"response-policy": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[struct {
				Kind string
				Ops  []struct {
					Op              string
					At              int64  `json:"at_ms"`
					Expires         *int64 `json:"expires_ms"`
					MaxSize         int    `json:"max_size"`
					Length          uint32
					Request, Stream byte
				}
			}](t, c.Input)
			out := vectors.DecodeStrict[verdictsOut](t, c.Output).Results
			same(t, "number of ops", 0, len(in.Ops), len(out))
			d := NewDemux(wire.P2, 0)
			streams := map[byte]*InStream{}
			open := func(name byte) {
				streams[name] = d.Open(0, wire.StreamID{name}, 0, p2ptypes.TokenBucketParams{}, p2ptypes.TokenBucketParams{}, nil)
			}
			for _, op := range in.Ops {
				if streams[op.Stream] == nil {
					open(op.Stream)
				}
			}
			for i, op := range in.Ops {
				id, stream, now := p2ptypes.RequestHandle{op.Request}, wire.StreamID{op.Stream}, time.UnixMilli(op.At)
				got := "-"
				switch op.Op {
				case "request":
					d.Responses.Requested(now, id, stream, p2ptypes.SingleUseSizedLimitedResponsePolicy{MaxSize: op.MaxSize, ExpiryTimestamp: time.UnixMilli(*op.Expires)})
				case "response":
					v, s := d.Admit(0, now, &wire.Header{Type: wire.FrameResponse, Stream: stream, Request: id, PayloadLength: op.Length})
					if s != streams[op.Stream] {
						t.Fatalf("op %d: stream is unknown", i)
					}
					got = "drop"
					if v == Deliver {
						got = "admit"
					}
				case "stream-closed":
					d.Close(0, streams[op.Stream])
					open(op.Stream) // the requests must not come back with the stream
				default:
					t.Fatalf("unknown op %q", op.Op)
				}
				same(t, fmt.Sprintf("op %s", op.Op), i, got, out[i])
			}
		},
	}})
}

func TestReceiveVectorsP1(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"network-frames-p1.json"}, vectors.Kinds{
		Run: map[string]run{"receive-header": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.Decode[struct {
				Header vectors.Hex
				Local  struct {
					Known bool
					Max   int `json:"max_message_length"`
				} `json:"local_stream"`
			}](t, c.Input)
			want := vectors.Decode[struct{ Verdict, Why string }](t, c.Output)
			d := NewDemux(wire.P1, 0)
			admitted := false
			r := NewReceiver(wire.P1, nil, func(h *wire.Header) (Verdict, *InStream) {
				v, s := d.Admit(0, time.Time{}, h)
				admitted = v == Deliver
				return v, s
			})
			if in.Local.Known {
				lots := p2ptypes.TokenBucketParams{Capacity: math.MaxUint32}
				d.Open(0, wire.StreamID(in.Header[1:33]), in.Local.Max, lots, lots, nil)
			}
			r.Added(copy(r.Space(), in.Header))
			var e Event
			err := r.Next(&e)
			var got string
			switch {
			case err != nil:
				got = "close-connection"
			case e.Kind == CloseFrame:
				got = "stream-closed-by-peer"
			case e.Kind == Dropped:
				got = "skip-payload"
			case admitted:
				got = "deliver-subject-to-rate-limits"
			case e.Kind == NoEvent && len(in.Header) == wire.HeaderLength && in.Header[0] == byte(wire.FrameOpen):
				got = "read-name"
			case !r.Idle():
				got = "close-connection" // the peer ends it inside a header
			}
			if got != want.Verdict {
				t.Errorf("verdict is %q (%v), want %q (%s)", got, err, want.Verdict, want.Why)
			}
		}},
		Elsewhere: map[string]string{
			"encode":        "offchain/p2p/wire runs them",
			"encode-header": "offchain/p2p/wire runs them",
		},
	})
}
