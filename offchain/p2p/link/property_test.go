package link

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

// A ring holds the newest elements, at most as many as its capacity, in order.
func TestRingProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity := rapid.IntRange(1, 9).Draw(t, "capacity")
		ring := NewRing[int](capacity)
		var model []int
		next := 0
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				next++
				evicted, full := ring.Push(next)
				model = append(model, next)
				if full != (len(model) > capacity) || full && evicted != model[0] {
					t.Fatalf("evicts %d, %v with %v", evicted, full, model)
				}
				model = model[max(len(model)-capacity, 0):]
			},
			"pop": func(t *rapid.T) {
				front, okFront := ring.Front()
				v, ok := ring.Pop()
				if ok != (len(model) > 0) || ok && v != model[0] || front != v || okFront != ok {
					t.Fatalf("pops %d, %v from %v", v, ok, model)
				}
				if ok {
					model = model[1:]
				}
			},
			"resize": func(t *rapid.T) {
				capacity = rapid.IntRange(1, 9).Draw(t, "capacity")
				if got, want := ring.SetCapacity(capacity), max(len(model)-capacity, 0); got != want {
					t.Fatalf("%d elements give way, want %d", got, want)
				}
				model = model[max(len(model)-capacity, 0):]
			},
			"": func(t *rapid.T) {
				if ring.Len() != len(model) || ring.Capacity() != capacity || len(ring.buf) > capacity {
					t.Fatalf("%d elements of %d in a buffer of %d, want %v", ring.Len(), ring.Capacity(), len(ring.buf), model)
				}
			},
		})
	})
}

// In no interval does a bucket admit more than its capacity and what comes in at its rate; whatever the clock does, it never has
// more than its capacity.
func TestTokenBucketProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.Uint64Range(0, 10_000_000).Draw(t, "rate")
		capacity := rapid.Uint32Range(0, 100_000).Draw(t, "capacity")
		b := NewTokenBucket(rate, capacity, rapid.Bool().Draw(t, "full"), 0)
		type admitted struct {
			at time.Duration
			n  uint64
		}
		var all []admitted
		now := time.Duration(0)
		for range rapid.IntRange(1, 40).Draw(t, "takes") {
			now += time.Duration(rapid.Int64Range(0, 50_000_000).Draw(t, "wait"))
			n := uint64(rapid.Uint32Range(0, capacity+10).Draw(t, "tokens"))
			wait, ok := b.Until(now, uint32(n))
			if b.Take(now, n) {
				if wait != 0 || !ok {
					t.Fatalf("%d tokens are there after %v, %v, and are taken now", n, wait, ok)
				}
				all = append(all, admitted{now, n})
			} else if b.balance != 0 {
				t.Fatal("a refusal leaves tokens")
			}
		}
		for i := range all {
			sum := uint64(0)
			for _, a := range all[i:] {
				sum += a.n
				// A microsecond more, because time counts in whole ones.
				limit := float64(capacity) + float64(rate)/1000*(a.at-all[i].at+time.Microsecond).Seconds()
				if float64(sum) > limit*(1+1e-12) {
					t.Fatalf("%d tokens from %v to %v, at most %v are allowed", sum, all[i].at, a.at, limit)
				}
			}
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		b := NewTokenBucket(rapid.Uint64().Draw(t, "rate"), rapid.Uint32().Draw(t, "capacity"), true, 0)
		for range 20 {
			b.Take(time.Duration(rapid.Int64().Draw(t, "now")), rapid.Uint64().Draw(t, "tokens"))
			if b.balance > uint64(b.capacity)*unit {
				t.Fatalf("%d tokens in a bucket of %d", b.balance/unit, b.capacity)
			}
		}
	})
}

// Until says when tokens are there, not too early and not much too late.
func TestTokenBucketUntil(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := NewTokenBucket(rapid.Uint64Range(1, 1_000_000).Draw(t, "rate"), rapid.Uint32Range(1, 1000).Draw(t, "capacity"), false, 0)
		n := rapid.Uint32Range(1, b.capacity).Draw(t, "tokens")
		wait, ok := b.Until(0, n)
		if !ok {
			t.Fatalf("%v never has %d", &b, n)
		}
		late := b
		if !b.TryTake(wait, uint64(n)) {
			t.Fatalf("%d tokens are not there after %v", n, wait)
		}
		if early := wait - 3*time.Microsecond; early > 0 && late.TryTake(early, uint64(n)) {
			t.Fatalf("%d tokens are there before %v", n, wait)
		}
	})
	b := NewTokenBucket(1000, 5, true, 0)
	if _, ok := b.Until(0, 6); ok {
		t.Error("more tokens than the capacity will be there")
	}
	if got := [...]uint64{Millitokens(math.NaN()), Millitokens(-1), Millitokens(0.0001), Millitokens(math.Inf(1))}; got != [...]uint64{0, 0, 1, math.MaxUint64} {
		t.Errorf("rates become %v", got)
	}
}

// Messages of a stream leave in the order in which they came, the oldest being lost when there are too many, and only while the
// peer has the stream open. What the peer was told is what is open.
func TestOutgoingProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := NewOutgoing()
		type model struct {
			*OutStream
			capacity int
			queue    []uint32
		}
		streams := map[byte]*model{}
		remote := map[byte]bool{}
		told := map[wire.StreamID]bool{} // what the peer was told on this connection
		connected := false
		next := uint32(0)
		name := rapid.ByteRange(0, 4)
		take := func(t *rapid.T, n int) {
			for _, f := range o.Take(nil, n, math.MaxInt) {
				if !connected {
					t.Fatal("frames without a connection")
				}
				s := streams[f.Stream[0]]
				switch f.Type {
				case wire.FrameOpen:
					if s == nil || s.Name != string(f.Payload) {
						t.Fatalf("open frame of %q, which is not open", f.Payload)
					}
					told[f.Stream] = true
				case wire.FrameClose:
					if s != nil {
						t.Fatalf("close frame of %v, which is open", f.Stream)
					}
					delete(told, f.Stream)
				default:
					if s == nil || !remote[f.Stream[0]] || len(s.queue) == 0 {
						t.Fatalf("message of %v, which must not send", f.Stream)
					}
					if got := binary.BigEndian.Uint32(f.Payload); got != s.queue[0] {
						t.Fatalf("message %d, want %d", got, s.queue[0])
					}
					s.queue = s.queue[1:]
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"open": func(t *rapid.T) {
				i, capacity := name.Draw(t, "stream"), rapid.IntRange(1, 5).Draw(t, "capacity")
				priority := rapid.SampledFrom([]p2ptypes.StreamPriority{p2ptypes.StreamPriorityDefault, p2ptypes.StreamPriorityLow}).Draw(t, "priority")
				s, err := o.Open(wire.StreamID{i}, fmt.Sprint(i), priority, capacity)
				if (err == nil) != (streams[i] == nil) {
					t.Fatal(err)
				}
				if err == nil {
					streams[i] = &model{s, capacity, nil}
				}
			},
			"close": func(t *rapid.T) {
				i := name.Draw(t, "stream")
				if s := streams[i]; s != nil {
					delete(streams, i)
					last, err := o.Close(s.OutStream)
					if err != nil || last != (len(streams) == 0) {
						t.Fatal(last, err)
					}
					if last { // the owner ends the connection
						o.Disconnected()
						connected = false
						clear(remote)
						clear(told)
					}
				}
			},
			"connect": func(t *rapid.T) {
				o.Connected()
				connected = true
				clear(remote)
				clear(told)
			},
			"disconnect": func(t *rapid.T) {
				o.Disconnected()
				connected = false
				clear(remote)
			},
			"remote": func(t *rapid.T) {
				i := name.Draw(t, "stream")
				open := rapid.Bool().Draw(t, "open")
				if open {
					o.RemoteOpened(wire.StreamID{i})
				} else {
					o.RemoteClosed(wire.StreamID{i})
				}
				if connected {
					remote[i] = open
				}
			},
			"push": func(t *rapid.T) {
				if s := streams[name.Draw(t, "stream")]; s != nil {
					next++
					payload := binary.BigEndian.AppendUint32(nil, next)
					payload = append(payload, make([]byte, rapid.SampledFrom([]int{0, 0, 0, 20_000, 200_000}).Draw(t, "length"))...)
					_, dropped := o.Push(s.OutStream, Message{Type: wire.FrameData, Payload: payload})
					s.queue = append(s.queue, next)
					if dropped != (len(s.queue) > s.capacity) {
						t.Fatalf("dropped is %v with %d of %d", dropped, len(s.queue), s.capacity)
					}
					s.queue = s.queue[max(len(s.queue)-s.capacity, 0):]
				}
			},
			"take": func(t *rapid.T) { take(t, rapid.IntRange(1, 5).Draw(t, "frames")) },
			"take all": func(t *rapid.T) {
				take(t, math.MaxInt)
				if o.Pending() && connected {
					t.Fatal("frames are left")
				}
				for i, s := range streams {
					if connected && remote[i] && len(s.queue) > 0 {
						t.Fatalf("messages of %v are left", s.Name)
					}
					if connected && !told[s.ID] {
						t.Fatalf("the peer was not told of %v", s.Name)
					}
				}
				for id := range told {
					if connected && streams[id[0]] == nil {
						t.Fatalf("the peer takes %v for open", id)
					}
				}
			},
		})
	})
}

// No stream waits for long: between two messages of one there are at most a turn of each other stream of its priority, and seven
// messages of the other priority for each turn.
func TestNoStarvation(t *testing.T) {
	o := NewOutgoing()
	o.Connected()
	const streams = 10
	var all []*OutStream
	for i := range byte(2 * streams) {
		priority := p2ptypes.StreamPriorityDefault
		if i >= streams {
			priority = p2ptypes.StreamPriorityLow
		}
		s, err := o.Open(wire.StreamID{i}, fmt.Sprint(i), priority, 10)
		if err != nil {
			t.Fatal(err)
		}
		o.RemoteOpened(s.ID)
		all = append(all, s)
	}
	o.Take(nil, math.MaxInt, math.MaxInt)
	sizes := []int{10, 100, 1000, 10_000, 100_000, 1_000_000}
	sent := map[wire.StreamID]int{}
	byteCount := map[wire.StreamID]int{}
	for round := range 200_000 {
		for i, s := range all {
			for s.ring.Len() < 2 {
				o.Push(s, Message{Type: wire.FrameData, Payload: make([]byte, sizes[i%len(sizes)])})
			}
		}
		f := o.Take(nil, 1, math.MaxInt)
		if len(f) != 1 {
			t.Fatalf("round %d: %d frames", round, len(f))
		}
		sent[f[0].Stream]++
		byteCount[f[0].Stream] += f[0].size()
		if round > 20_000 {
			break
		}
	}
	var low, high []int
	for i, s := range all {
		if sent[s.ID] == 0 {
			t.Errorf("stream %d starves", i)
		}
		if i < streams {
			high = append(high, sent[s.ID])
		} else {
			low = append(low, sent[s.ID])
		}
	}
	sum := func(v []int) (n int) {
		for _, x := range v {
			n += x
		}
		return n
	}
	if l, h := sum(low), sum(high); math.Abs(float64(h)/float64(l)-(lowEvery-1)) > 0.1 {
		t.Errorf("%d messages of default and %d of low priority", h, l)
	}
	// Streams whose messages are not too long get the same share of bytes.
	shares := []int{byteCount[all[0].ID], byteCount[all[1].ID], byteCount[all[2].ID], byteCount[all[3].ID], byteCount[all[4].ID]}
	if slices.Max(shares) > 2*slices.Min(shares) {
		t.Errorf("streams of the same priority get %v bytes", shares)
	}
}

// Of each request at most one response is admitted, in time, not too long, on its stream.
func TestResponsesProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r Responses
		epoch := time.Unix(1_000_000, 0)
		now := epoch
		type request struct {
			stream wire.StreamID
			size   int
			expiry time.Time
		}
		open := map[p2ptypes.RequestHandle]request{}
		id := rapid.Custom(func(t *rapid.T) p2ptypes.RequestHandle {
			return p2ptypes.RequestHandle{rapid.ByteRange(0, 9).Draw(t, "id")}
		})
		stream := rapid.Custom(func(t *rapid.T) wire.StreamID { return wire.StreamID{rapid.ByteRange(0, 2).Draw(t, "stream")} })
		t.Repeat(map[string]func(*rapid.T){
			"request": func(t *rapid.T) {
				q := request{stream.Draw(t, "stream"), rapid.IntRange(0, 3).Draw(t, "size"), now.Add(time.Duration(rapid.IntRange(-1, 5).Draw(t, "expires")))}
				i := id.Draw(t, "id")
				open[i] = q
				r.Requested(now, i, q.stream, p2ptypes.SingleUseSizedLimitedResponsePolicy{MaxSize: q.size, ExpiryTimestamp: q.expiry})
			},
			"response": func(t *rapid.T) {
				i, s, n := id.Draw(t, "id"), stream.Draw(t, "stream"), rapid.IntRange(0, 3).Draw(t, "size")
				q, ok := open[i]
				want := ok && q.stream == s && now.Before(q.expiry) && n <= q.size
				if got := r.Admit(now, i, s, uint32(n)); (got == Deliver) != want {
					t.Fatalf("verdict %v on %d bytes for %+v at %v", got, n, q, now)
				}
				if ok && q.stream == s {
					delete(open, i)
				}
			},
			"close": func(t *rapid.T) {
				s := stream.Draw(t, "stream")
				r.StreamClosed(s)
				for i, q := range open {
					if q.stream == s {
						delete(open, i)
					}
				}
			},
			"wait": func(t *rapid.T) { now = now.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "wait"))) },
			"": func(t *rapid.T) {
				if len(r.byID) != len(r.all) {
					t.Fatalf("%d and %d requests", len(r.byID), len(r.all))
				}
				for i, q := range r.all {
					if q.index != i || r.byID[q.id] != q {
						t.Fatalf("request %x is lost", q.id)
					}
				}
			},
		})
	})
}

// The table is at most about twice the requests that are not expired, and has a bound for those.
func TestResponsesAreBounded(t *testing.T) {
	var r Responses
	now := time.Unix(0, 0)
	for i := range 100_000 {
		now = now.Add(time.Millisecond)
		var id p2ptypes.RequestHandle
		binary.BigEndian.PutUint32(id[:], uint32(i))
		r.Requested(now, id, wire.StreamID{}, p2ptypes.SingleUseSizedLimitedResponsePolicy{ExpiryTimestamp: now.Add(100 * time.Millisecond)})
	}
	if r.Len() > 250 {
		t.Errorf("%d requests are kept of which 100 are not expired", r.Len())
	}
	for i := range 2 * MaxOpenRequests {
		var id p2ptypes.RequestHandle
		binary.BigEndian.PutUint32(id[4:], uint32(i))
		r.Requested(now, id, wire.StreamID{}, p2ptypes.SingleUseSizedLimitedResponsePolicy{ExpiryTimestamp: now.Add(time.Hour)})
	}
	if r.Len() > MaxOpenRequests {
		t.Errorf("%d requests are kept, at most %d may be", r.Len(), MaxOpenRequests)
	}
}

// receiveAll feeds data in chunks to a receiver and returns what it finds.
func receiveAll(protocol wire.Protocol, data []byte, chunk func() int) (events []string, err error) {
	d := NewDemux(protocol, 0)
	lots := p2ptypes.TokenBucketParams{Capacity: math.MaxUint32}
	d.Open(0, wire.StreamID{1}, 5_000, lots, lots, nil)
	var overhead Overhead
	r := NewReceiver(protocol, &overhead, func(h *wire.Header) (Verdict, *InStream) { return d.Admit(0, time.Time{}, h) })
	delivered := 0
	for len(data) > 0 {
		space := r.Space()
		if len(space) == 0 {
			panic("no space")
		}
		n := copy(space, data[:min(chunk(), len(data))])
		data = data[n:]
		overhead.RawRead(n)
		r.Added(n)
		for {
			var e Event
			if err := r.Next(&e); err != nil {
				return events, err
			}
			if e.Kind == NoEvent {
				break
			}
			delivered += len(e.Payload)
			events = append(events, fmt.Sprintf("%d %v %+v %x", e.Kind, e.Verdict, e.Header, e.Payload))
			if e.Kind == Admitted && (e.Payload == nil || len(e.Payload) != int(e.Header.PayloadLength)) {
				panic("payload has another length than the header says")
			}
		}
	}
	return events, nil
}

// FuzzReceiver: what a receiver finds does not depend on how the bytes come in.
func FuzzReceiver(f *testing.F) {
	frame := func(h wire.Header, payload []byte) []byte {
		h.PayloadLength = uint32(len(payload))
		return append(wire.AppendHeader(nil, &h), payload...)
	}
	good := slices.Concat(
		frame(wire.Header{Type: wire.FrameOpen, Stream: wire.StreamID{1}}, []byte("name")),
		frame(wire.Header{Type: wire.FrameData, Stream: wire.StreamID{1}}, nil),
		frame(wire.Header{Type: wire.FrameData, Stream: wire.StreamID{1}}, []byte("hello")),
		frame(wire.Header{Type: wire.FrameData, Stream: wire.StreamID{2}}, []byte("unknown")),
		frame(wire.Header{Type: wire.FrameData, Stream: wire.StreamID{1}}, bytes.Repeat([]byte("long"), 1250)),
		frame(wire.Header{Type: wire.FrameClose, Stream: wire.StreamID{1}}, nil),
	)
	f.Add(false, good, uint16(1))
	f.Add(true, append(good, frame(wire.Header{Type: wire.FrameRequest, Stream: wire.StreamID{1}}, []byte("request"))...), uint16(100))
	f.Add(true, frame(wire.Header{Type: wire.FrameData, Stream: wire.StreamID{1}}, make([]byte, 5_001)), uint16(3000))
	f.Fuzz(func(t *testing.T, newer bool, data []byte, chunk uint16) {
		protocol := wire.P1
		if newer {
			protocol = wire.P2
		}
		whole, wholeErr := receiveAll(protocol, data, func() int { return math.MaxInt })
		parts, partsErr := receiveAll(protocol, data, func() int { return int(chunk) + 1 })
		if !slices.Equal(whole, parts) || fmt.Sprint(wholeErr) != fmt.Sprint(partsErr) {
			t.Fatalf("%x\nin one piece: %v, %v\nin pieces of %d: %v, %v", data, whole, wholeErr, int(chunk)+1, parts, partsErr)
		}
	})
}

// A long message is received whole, and room is made for it as it comes.
func TestReceiverLongMessage(t *testing.T) {
	d := NewDemux(wire.P2, 0)
	lots := p2ptypes.TokenBucketParams{Capacity: math.MaxUint32}
	s := d.Open(0, wire.StreamID{1}, 1<<30, lots, lots, nil)
	r := NewReceiver(wire.P2, nil, func(h *wire.Header) (Verdict, *InStream) { return d.Admit(0, time.Time{}, h) })
	payload := make([]byte, 3*firstChunk+12345)
	for i := range payload {
		payload[i] = byte(i * 7 >> 3)
	}
	data := append(wire.AppendHeader(nil, &wire.Header{Type: wire.FrameData, Stream: s.ID, PayloadLength: uint32(len(payload))}), payload...)
	data = append(data, wire.AppendHeader(nil, &wire.Header{Type: wire.FrameClose, Stream: s.ID})...)
	var kinds []EventKind
	for len(data) > 0 {
		n := copy(r.Space(), data[:min(len(data), 16<<10)])
		data = data[n:]
		r.Added(n)
		for {
			var e Event
			if err := r.Next(&e); err != nil {
				t.Fatal(err)
			}
			if e.Kind == NoEvent {
				break
			}
			kinds = append(kinds, e.Kind)
			if e.Kind == Admitted && !bytes.Equal(e.Payload, payload) {
				t.Fatal("message arrives changed")
			}
		}
		if room := len(r.payload); room > firstChunk && room > 2*r.filled {
			t.Fatalf("room for %d bytes after %d have come", room, r.filled)
		}
	}
	if !slices.Equal(kinds, []EventKind{Admitted, CloseFrame}) {
		t.Errorf("events are %v", kinds)
	}
}

func TestControlFramesAreBounded(t *testing.T) {
	r := NewReceiver(wire.P1, nil, nil)
	frame := wire.AppendHeader(nil, &wire.Header{Type: wire.FrameClose})
	handled := 0
	for {
		r.Added(copy(r.Space(), frame))
		var e Event
		err := r.Next(&e)
		if err != nil {
			break
		}
		if e.Kind != CloseFrame {
			t.Fatalf("event %v", e)
		}
		handled++
	}
	if handled != MaxControlFrames+1 {
		t.Errorf("%d frames are handled, want %d", handled, MaxControlFrames+1)
	}
}

func TestLimitsOfStreams(t *testing.T) {
	o := NewOutgoing()
	for i := range p2ptypes.MaxStreamsPerPeer {
		if _, err := o.Open(wire.StreamID{byte(i), byte(i >> 8)}, "", p2ptypes.StreamPriorityDefault, 1); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := o.Open(wire.StreamID{0, 0, 1}, "", p2ptypes.StreamPriorityDefault, 1); err != ErrTooManyStreams {
		t.Errorf("error is %v", err)
	}
	for _, c := range []struct {
		totals Totals
		bad    bool
	}{
		{Totals{MessagesRate: 10_000, MessagesCapacity: 50_000, BytesRate: 1 << 30, BytesCapacity: 5 << 30}, false},
		{Totals{MessagesRate: 10_001}, true}, {Totals{MessagesCapacity: 50_001}, true},
		{Totals{BytesRate: 1<<30 + 1}, true}, {Totals{BytesCapacity: 5<<30 + 1}, true},
	} {
		if got := c.totals.Excessive(); (got != "") != c.bad {
			t.Errorf("%+v: %q", c.totals, got)
		}
	}
}
