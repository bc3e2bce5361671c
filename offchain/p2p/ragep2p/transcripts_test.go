package ragep2p

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
	"github.com/ocrkit/ocrkit/test/vectors"
)

type pattern struct{ Length, Start, Step int }

func (p pattern) bytes() []byte {
	b := make([]byte, p.Length)
	for i := range b {
		b[i] = byte(p.Start + p.Step*i)
	}
	return b
}

// action is a line of the script of a transcript.
type action struct {
	Do, Peer, Stream, Note, Case string
	Payload                      pattern
	Response                     pattern
	MaxResponse                  int        `json:"max_response"`
	ExpiresIn                    vectors.Ns `json:"expires_in_ns"`
	Delay                        vectors.Ns `json:"response_delay_ns"`
	Sent                         int        `json:"responses_sent"`
	Delivered                    int        `json:"responses_delivered"`
}

type transcript struct {
	protocols  map[string]wire.Protocol
	seeds      map[string][]byte
	ids        map[string]p2ptypes.PeerID
	script     []action
	recorded   map[string][]frame // by sender
	bytes      map[string][]byte
	knock      []byte
	maxMessage int
}

// frame is a frame as it was recorded.
type frame struct {
	wire.Header
	payload []byte
}

func (f frame) String() string { return fmt.Sprintf("%v %v %x", f.Type, f.Stream, f.payload) }

func other(peer string) string { return map[string]string{"A": "B", "B": "A"}[peer] }

func readTranscript(t *testing.T, c vectors.Case) *transcript {
	t.Helper()
	in := vectors.DecodeStrict[struct {
		Dialer    string
		Protocol  string
		ProtocolA string      `json:"protocol_a"`
		ProtocolB string      `json:"protocol_b"`
		SeedA     vectors.Hex `json:"seed_a"`
		SeedB     vectors.Hex `json:"seed_b"`
		Script    []action
	}](t, c.Input)
	type direction struct {
		Total  int `json:"total_bytes"`
		Writes []vectors.Hex
	}
	out := vectors.DecodeStrict[struct {
		AtoB  direction `json:"a_to_b"`
		BtoA  direction `json:"b_to_a"`
		Knock vectors.Hex
	}](t, c.Output)
	if in.Dialer != "A" {
		t.Fatalf("dialer is %q, want A", in.Dialer)
	}
	if in.Protocol != "" {
		in.ProtocolA, in.ProtocolB = in.Protocol, in.Protocol
	}
	byName := map[string]wire.Protocol{"p1": P1, "p2": P2}
	s := &transcript{
		protocols: map[string]wire.Protocol{},
		seeds:     map[string][]byte{"A": in.SeedA, "B": in.SeedB},
		ids:       map[string]p2ptypes.PeerID{},
		script:    in.Script,
		recorded:  map[string][]frame{},
		bytes:     map[string][]byte{},
		knock:     out.Knock,
		// The limit on the length of messages is that of the recording.
		maxMessage: map[string]int{"plain-p1": 30000, "plain-p2": 30000, "requests-p2": 1000, "mixed-a-p2-b-p1": 3000}[c.Name],
	}
	if s.maxMessage == 0 {
		t.Fatalf("case is not known: what is the longest message?")
	}
	for peer, name := range map[string]string{"A": in.ProtocolA, "B": in.ProtocolB} {
		protocol, ok := byName[name]
		if !ok {
			t.Fatalf("protocol %q is not known", name)
		}
		s.protocols[peer] = protocol
		s.ids[peer] = peerid.PeerIDFromKeyring(testKeyring(t, s.seeds[peer]))
	}
	for peer, d := range map[string]direction{"A": out.AtoB, "B": out.BtoA} {
		for _, w := range d.Writes {
			s.bytes[peer] = append(s.bytes[peer], w...)
		}
		if len(s.bytes[peer]) != d.Total {
			t.Fatalf("%s has %d bytes, want %d", peer, len(s.bytes[peer]), d.Total)
		}
		s.recorded[peer] = decodeFrames(t, s.protocols[peer], s.bytes[peer])
	}
	return s
}

// decodeFrames cuts bytes into frames.
func decodeFrames(t *testing.T, protocol wire.Protocol, b []byte) (frames []frame) {
	t.Helper()
	for len(b) > 0 {
		var f frame
		n, err := wire.DecodeHeader(protocol, b, &f.Header)
		if err != nil || n == 0 {
			t.Fatalf("no header: %d, %v", n, err)
		}
		f.payload = b[n : n+int(f.PayloadLength)]
		b = b[n+int(f.PayloadLength):]
		frames = append(frames, f)
	}
	return frames
}

// expected returns which frames each peer sends because of each action.
func (s *transcript) expected() []map[string][]frame {
	open := map[string][]string{}
	connected := false
	stream := func(name string) wire.StreamID { return wire.NewStreamID(s.ids["A"], s.ids["B"], name) }
	steps := make([]map[string][]frame, len(s.script))
	for i, a := range s.script {
		step := map[string][]frame{}
		add := func(peer string, t wire.FrameType, name string, payload []byte) {
			step[peer] = append(step[peer], frame{wire.Header{Type: t, Stream: stream(name), PayloadLength: uint32(len(payload))}, payload})
		}
		switch a.Do {
		case "open":
			open[a.Peer] = append(open[a.Peer], a.Stream)
			if connected {
				add(a.Peer, wire.FrameOpen, a.Stream, []byte(a.Stream))
			} else if len(open["A"]) > 0 && len(open["B"]) > 0 {
				connected = true
				for peer, names := range open {
					for _, name := range names {
						add(peer, wire.FrameOpen, name, []byte(name))
					}
				}
			}
		case "close":
			for j, name := range open[a.Peer] {
				if name == a.Stream {
					open[a.Peer] = append(open[a.Peer][:j:j], open[a.Peer][j+1:]...)
				}
			}
			if len(open[a.Peer]) > 0 {
				add(a.Peer, wire.FrameClose, a.Stream, nil)
			}
		case "send":
			add(a.Peer, wire.FrameData, a.Stream, a.Payload.bytes())
		case "request":
			add(a.Peer, wire.FrameRequest, a.Stream, a.Payload.bytes())
			for range a.Sent {
				add(other(a.Peer), wire.FrameResponse, a.Stream, a.Response.bytes())
			}
		case "send-not-transmitted":
		default:
			panic("unknown action " + a.Do)
		}
		steps[i] = step
	}
	return steps
}

func TestTranscripts(t *testing.T) {
	vectors.Each(t, "testdata", []string{"network-transcripts.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		s := readTranscript(t, c)
		t.Run("decode", func(t *testing.T) { s.compareWithScript(t) })
		for _, peer := range []string{"A", "B"} {
			t.Run("replay-as-"+peer, func(t *testing.T) { (&replay{transcript: s, t: t, us: peer}).run() })
		}
	})
}

// compareWithScript decodes both directions and compares the frames with those that the script makes.
func (s *transcript) compareWithScript(t *testing.T) {
	if s.knock != nil {
		knock, err := wire.NewKnock(testKeyring(t, s.seeds["A"]), s.ids["B"])
		if err != nil || !bytes.Equal(knock, s.knock) {
			t.Errorf("knock is %x, %v, want %x", knock, err, s.knock)
		}
	}
	for _, peer := range []string{"A", "B"} {
		var want []frame
		for _, step := range s.expected() {
			want = append(want, step[peer]...)
		}
		if len(want) != len(s.recorded[peer]) {
			t.Fatalf("%s sends %d frames, the script has %d", peer, len(s.recorded[peer]), len(want))
		}
		for i, got := range s.recorded[peer] {
			if got.String() != want[i].String() {
				t.Errorf("frame %d of %s is %.200v, want %.200v", i, peer, got, want[i])
			}
		}
	}
	// A response carries the id of the request that it answers.
	for _, peer := range []string{"A", "B"} {
		requests := map[p2ptypes.RequestHandle]bool{}
		for _, f := range s.recorded[other(peer)] {
			if f.Type == wire.FrameRequest {
				requests[f.Request] = true
			}
		}
		for _, f := range s.recorded[peer] {
			if f.Type == wire.FrameResponse && !requests[f.Request] {
				t.Errorf("response of %s to unknown request %x", peer, f.Request)
			}
		}
	}
}

// replay runs a host as one of the peers against the bytes of the other.
type replay struct {
	*transcript
	t    *testing.T
	us   string
	host *testHost
	// streams are ours that are open.
	streams  map[string]replayStream
	them     *bytePeer
	listener net.Listener
	// next counts the recorded frames that were sent by each.
	next map[string]int
}

// replayStream is a stream of either kind.
type replayStream struct {
	*stream
	send    func(p2ptypes.OutboundBinaryMessage)
	channel func() <-chan p2ptypes.InboundBinaryMessage
}

func (r *replay) run() {
	t := r.t
	r.next, r.streams = map[string]int{}, map[string]replayStream{}
	r.host = startHost(t, r.us, r.seeds[r.us], HostConfig{Protocol: r.protocols[r.us]})
	r.them = newBytePeer(t, r.seeds[other(r.us)])
	if r.us == "A" {
		var err error
		if r.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		defer r.listener.Close()
		r.host.dir.set(r.them.id, r.listener.Addr().String())
	}
	for i, step := range r.expected() {
		a := r.script[i]
		if a.Peer == r.us {
			r.act(a)
		}
		if r.them.tls == nil && len(step) > 0 {
			r.connect()
		}
		if a.Do != "request" {
			// What they send may depend on what we do, and the other way round only in requests.
			r.expect(len(step[r.us]))
			for range step[other(r.us)] {
				r.play()
			}
			r.settle(a)
			continue
		}
		if a.Peer == r.us {
			r.expect(1)
			r.wait(a.Delay.D())
			for range a.Sent {
				r.play()
			}
			r.responses(a)
		} else {
			r.play()
			r.answer(a)
			r.expect(a.Sent)
		}
	}
	r.compare()
}

func (r *replay) connect() {
	if r.us == "A" {
		if knock := r.them.accept(r.listener, r.host.ID()); r.knock != nil && !bytes.Equal(knock, r.knock) {
			r.t.Fatalf("knock is %x, want %x", knock, r.knock)
		}
	} else {
		r.them.dial(r.host)
	}
}

// act does what the script says that we do.
func (r *replay) act(a action) {
	t := r.t
	t.Helper()
	switch a.Do {
	case "open":
		r.streams[a.Stream] = r.openStream(a.Stream)
	case "close":
		if err := r.streams[a.Stream].Close(); err != nil {
			t.Fatal(err)
		}
		delete(r.streams, a.Stream)
		if len(r.streams) == 0 {
			if err := r.them.ended(); !closedOrderly(err) {
				t.Fatalf("connection ends with %v", err)
			}
		}
	case "send", "send-not-transmitted":
		r.streams[a.Stream].send(p2ptypes.OutboundBinaryMessagePlain{Payload: a.Payload.bytes()})
	case "request":
		r.streams[a.Stream].send(p2ptypes.OutboundBinaryMessageRequest{
			ResponsePolicy: &p2ptypes.SingleUseSizedLimitedResponsePolicy{MaxSize: a.MaxResponse, ExpiryTimestamp: time.Now().Add(a.ExpiresIn.D())},
			Payload:        a.Payload.bytes(),
		})
	}
}

func (r *replay) openStream(name string) replayStream {
	messages := TokenBucketParams{Rate: 1e5, Capacity: 1 << 20}
	payloads := TokenBucketParams{Rate: 1e7, Capacity: 1 << 30}
	if r.protocols[r.us] == P1 {
		s, err := r.host.NewStream(r.them.id, name, 10, 10, r.maxMessage, messages, payloads)
		if err != nil {
			r.t.Fatal(err)
		}
		all := make(chan p2ptypes.InboundBinaryMessage, 10)
		s.SetReceiver(func(m p2ptypes.InboundBinaryMessage) { all <- m })
		return replayStream{&s.stream, func(m p2ptypes.OutboundBinaryMessage) {
			s.SendMessage(m.(p2ptypes.OutboundBinaryMessagePlain).Payload)
		}, func() <-chan p2ptypes.InboundBinaryMessage { return all }}
	}
	priority := p2ptypes.StreamPriorityDefault
	if strings.HasSuffix(name, "/priority=low") {
		priority = p2ptypes.StreamPriorityLow
	}
	s, err := r.host.NewStream2(r.them.id, name, priority, p2ptypes.Stream2Limits{
		MaxOutgoingBufferedMessages: 10, MaxIncomingBufferedMessages: 10, MaxMessageLength: r.maxMessage,
		MessagesLimit: messages, BytesLimit: payloads,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return replayStream{&s.(*stream2).stream, s.Send, s.Receive}
}

// expect waits until we have sent n more of the frames recorded.
func (r *replay) expect(n int) {
	r.t.Helper()
	r.next[r.us] += n
	want := 0
	for _, f := range r.recorded[r.us][:r.next[r.us]] {
		want += f.Len() + len(f.payload)
	}
	eventually(r.t, fmt.Sprintf("%d frames are sent", r.next[r.us]), func() bool { return len(r.them.bytes()) >= want })
}

// play sends the next frame recorded of the other. Responses are to our requests, which have other ids than those recorded.
func (r *replay) play() {
	r.t.Helper()
	f := r.recorded[other(r.us)][r.next[other(r.us)]]
	r.next[other(r.us)]++
	if f.Type == wire.FrameResponse {
		f.Request = r.ids2()[f.Request]
	}
	r.them.send(f.Header, f.payload)
}

// ids2 maps the ids of our requests as recorded to those that we have sent.
func (r *replay) ids2() map[p2ptypes.RequestHandle]p2ptypes.RequestHandle {
	ids := map[p2ptypes.RequestHandle]p2ptypes.RequestHandle{}
	ours := decodeFrames(r.t, r.protocols[r.us], r.them.bytes())
	for i, f := range ours {
		if want := r.recorded[r.us][i]; f.Type == wire.FrameRequest && want.Type == wire.FrameRequest {
			ids[want.Request] = f.Request
		}
	}
	return ids
}

// settle waits until we have handled what the other did.
func (r *replay) settle(a action) {
	t := r.t
	t.Helper()
	id := wire.NewStreamID(r.ids["A"], r.ids["B"], a.Stream)
	if a.Do == "send" && a.Peer != r.us {
		m, ok := receive(t, r.streams[a.Stream].channel()).(p2ptypes.InboundBinaryMessagePlain)
		if !ok || !bytes.Equal(m.Payload, a.Payload.bytes()) {
			t.Fatalf("message arrives as %x, want %x", m.Payload, a.Payload.bytes())
		}
	}
	if p := r.host.peerOf(r.them.id); p != nil && r.them.tls != nil && a.Peer != r.us && (a.Do == "open" || a.Do == "close") {
		if n := r.next[other(r.us)]; n == len(r.recorded[other(r.us)]) && a.Do == "close" {
			// Their last stream is closed: they end the connection.
			r.them.tls.Close()
			eventually(t, "connection ends", func() bool { return r.host.liveConn(r.them.id) == nil })
			return
		}
		eventually(t, a.Do+" is handled", func() bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.out.RemoteOpen(id) == (a.Do == "open")
		})
	}
}

// wait waits until a time is over.
func (r *replay) wait(d time.Duration) {
	end := time.Now().Add(d)
	eventually(r.t, "time passes", func() bool { return !time.Now().Before(end) })
}

// responses waits until those responses have arrived that should, and the others were dropped.
func (r *replay) responses(a action) {
	t := r.t
	t.Helper()
	s := r.streams[a.Stream]
	for range a.Delivered {
		m, ok := receive(t, s.channel()).(p2ptypes.InboundBinaryMessageResponse)
		if !ok || !bytes.Equal(m.Payload, a.Response.bytes()) {
			t.Fatalf("%s: got %v", a.Case, m)
		}
	}
	before := 0
	for _, b := range r.script {
		if b == a {
			break
		}
		if b.Do == "request" && b.Peer == a.Peer && b.Stream == a.Stream {
			before += b.Sent - b.Delivered
		}
	}
	eventually(t, "responses are dropped", func() bool {
		dropped := 0
		for reason := range s.drops {
			dropped += int(s.drops[reason].Load())
		}
		return dropped == before+a.Sent-a.Delivered
	})
	if len(s.channel()) > 0 {
		t.Fatalf("%s: too many responses are delivered", a.Case)
	}
}

// answer waits for a request and answers it.
func (r *replay) answer(a action) {
	t := r.t
	t.Helper()
	s := r.streams[a.Stream]
	m, ok := receive(t, s.channel()).(p2ptypes.InboundBinaryMessageRequest)
	if !ok || !bytes.Equal(m.Payload, a.Payload.bytes()) {
		t.Fatalf("%s: got %v", a.Case, m)
	}
	r.wait(a.Delay.D())
	for range a.Sent {
		s.send(m.RequestHandle.MakeResponse(a.Response.bytes()))
	}
}

// compare compares all that we have sent with what was recorded.
func (r *replay) compare() {
	t := r.t
	t.Helper()
	if r.next["A"] != len(r.recorded["A"]) || r.next["B"] != len(r.recorded["B"]) {
		t.Fatalf("%v frames were exchanged, want %d and %d", r.next, len(r.recorded["A"]), len(r.recorded["B"]))
	}
	for _, s := range r.streams {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	r.them.ended()
	got := r.them.bytes()
	ids := r.ids2()
	at := 0
	want := bytes.Clone(r.bytes[r.us])
	for _, f := range r.recorded[r.us] {
		if f.Type == wire.FrameRequest {
			id := ids[f.Request]
			copy(want[at+wire.HeaderLength:], id[:])
		}
		at += f.Len() + len(f.payload)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("sent %d bytes\n%x\nwant %d bytes\n%x", len(got), got, len(want), want)
	}
}
