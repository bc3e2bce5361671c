package roundtest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/test/vectors"
)

// Trace is the input of a case of recorded messages.
type Trace struct {
	ConfigDigest, SharedSecret                   vectors.Hex
	ContractEpochAtStart                         uint32
	ContractAnswer                               vectors.Dec // OCR1
	DeltaGraceNs, DeltaProgressNs, DeltaResendNs vectors.Ns
	DeltaRoundNs, DurationNs                     vectors.Ns
	F, N, ReportQuorum                           int
	LeadersEpoch0To7                             []commontypes.OracleID
	Note, Protocol                               string
	RMax                                         uint8
}

// Send is one line of a trace.
type Send struct {
	From  commontypes.OracleID
	To    any // "all" or the number of an oracle
	Type  string
	Epoch uint32
	Round uint8
	Skip  bool // OCR2
}

// Position is the round of the message.
func (s Send) Position() rounds.Round { return rounds.Round{Epoch: s.Epoch, Round: s.Round} }

// SendOf describes a message as traces do; skip tells which are reports without content.
func SendOf[M rounds.Message](from commontypes.OracleID, to any, m M, skip func(M) bool) Send {
	epoch, round := m.Position()
	return Send{From: from, To: to, Type: "Message" + m.Kind().String(), Epoch: epoch, Round: round, Skip: skip(m)}
}

// NoSkip is for protocols in which all reports have content.
func NoSkip[M rounds.Message](M) bool { return false }

// Record writes down what a network sends from now on.
func Record[M rounds.Message](net *Network[M], skip func(M) bool) *[]Send {
	trace := new([]Send)
	net.Seen = func(own commontypes.OracleID, effect kernel.Effect) {
		switch e := effect.(type) {
		case rounds.Send[M]:
			*trace = append(*trace, SendOf(own, e.To, e.Message, skip))
		case rounds.Broadcast[M]:
			*trace = append(*trace, SendOf(own, "all", e.Message, skip))
		}
	}
	return trace
}

// CheckTrace checks that a trace could be one of honest oracles: who sends what, in which order, and after what.
func CheckTrace(t *testing.T, in Trace, trace []Send) {
	t.Helper()
	type position struct {
		kind  string
		round rounds.Round
	}
	senders := map[position][]commontypes.OracleID{} // of non-skip messages so far
	type oracle struct {
		newEpoch  uint32
		announced rounds.Round // the last ObserveReq
		observed  rounds.Round
	}
	oracles := make([]oracle, in.N)
	leader := func(epoch uint32) commontypes.OracleID {
		if int(epoch) >= len(in.LeadersEpoch0To7) {
			t.Fatalf("epoch %d is beyond the listed leaders", epoch)
		}
		return in.LeadersEpoch0To7[epoch]
	}
	for i, s := range trace {
		fail := func(format string, args ...any) {
			t.Helper()
			t.Errorf("send %d, %+v: %s", i, s, fmt.Sprintf(format, args...))
		}
		o, r := &oracles[s.From], s.Position()
		count := func(kind string) int { return len(senders[position{kind, r}]) }
		once := position{s.Type, r}
		if s.Type != "MessageNewEpoch" && slices.Contains(senders[once], s.From) {
			fail("sent twice")
		}
		if !s.Skip {
			senders[once] = append(senders[once], s.From)
		}
		toLeader := s.To == any(float64(leader(s.Epoch))) || s.To == any(leader(s.Epoch))
		byLeader := s.From == leader(s.Epoch) && s.To == any("all")
		switch s.Type {
		case "MessageNewEpoch":
			if s.Epoch < o.newEpoch {
				fail("after one for epoch %d", o.newEpoch)
			}
			o.newEpoch = s.Epoch
		case "MessageObserveReq":
			want := rounds.Round{Epoch: s.Epoch, Round: 1}
			if o.announced.Epoch == s.Epoch {
				want.Round = o.announced.Round + 1
			}
			if !byLeader || r != want || s.Round > in.RMax+1 {
				fail("want round %s of the leader, at most %d", want, in.RMax+1)
			}
			o.announced = r
		case "MessageObserve":
			if !toLeader || !o.observed.Less(r) || s.Round > in.RMax || count("MessageObserveReq") == 0 {
				fail("after an observation in %s, %d ObserveReq", o.observed, count("MessageObserveReq"))
			}
			o.observed = r
		case "MessageReportReq":
			if !byLeader || o.announced != r || count("MessageObserve") <= 2*in.F {
				fail("%d observations, announced %s", count("MessageObserve"), o.announced)
			}
		case "MessageReport":
			if !toLeader || count("MessageReportReq") == 0 {
				fail("%d ReportReq", count("MessageReportReq"))
			}
		case "MessageFinal":
			if !byLeader || count("MessageReport") < in.ReportQuorum {
				fail("%d reports", count("MessageReport"))
			}
		case "MessageFinalEcho":
			if s.To != any("all") || count("MessageFinal") == 0 && count("MessageFinalEcho") == 1 {
				fail("no final before it")
			}
		default:
			t.Fatalf("send %d: unknown type %q", i, s.Type)
		}
	}
	leaders := config.NewLeadersV1(in.N, config.KeysV1(config.SharedSecret(in.SharedSecret.Array16(t))).LeaderSelection)
	for epoch, want := range in.LeadersEpoch0To7 {
		if got := leaders.Leader(uint32(epoch)); got != want {
			t.Errorf("epoch %d is led by %d, want %d", epoch, got, want)
		}
	}
}

// Replayer stands in for the oracles of a trace around one machine.
type Replayer[M rounds.Message] struct {
	T       *testing.T
	Own     commontypes.OracleID
	Machine Machine
	// Answer gives the result of a call effect, nil if the effect is none.
	Answer func(own commontypes.OracleID, effect kernel.Effect) rounds.Event
	// Make makes up the message behind a line of the trace, of what Learn has noted: it is called with every message.
	Make  func(Send) M
	Learn func(from commontypes.OracleID, m M)
	Skip  func(M) bool
	// Mute: what the machine sends does not even reach itself.
	Mute bool
	// Silent tells whose messages are lost.
	Silent func(commontypes.OracleID) bool

	now   time.Time
	armed map[kernel.TimerID]bool
	sent  map[string]bool // what the machine sent; how often depends on the order of concurrent events
}

func key(s Send) string { return fmt.Sprintf("%s %d/%d skip=%t", s.Type, s.Epoch, s.Round, s.Skip) }

func (p *Replayer[M]) feed(ev rounds.Event) {
	queue := []rounds.Event{ev}
	sent := func(to any, m M, own bool) {
		p.sent[key(SendOf(p.Own, to, m, p.Skip))] = true
		p.Learn(p.Own, m)
		if own && !p.Mute {
			queue = append(queue, rounds.MessageReceived[M]{From: p.Own, Message: m})
		}
	}
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		p.now = p.now.Add(time.Millisecond)
		for _, effect := range p.Machine.Step(p.now, next) {
			switch e := effect.(type) {
			case rounds.Send[M]:
				sent(e.To, e.Message, e.To == p.Own)
			case rounds.Broadcast[M]:
				sent("all", e.Message, true)
			case kernel.SetTimer:
				p.armed[e.Timer] = true
			case kernel.CancelTimer:
				p.armed[e.Timer] = false
			case kernel.Dropped:
				if e.Suspicious {
					p.T.Errorf("%s", e)
				}
			default:
				if answer := p.Answer(p.Own, effect); answer != nil {
					queue = append(queue, answer)
				}
			}
		}
	}
}

// Replay feeds what the others sent in a trace to the machine in the place of one of the oracles, and compares what it sends
// with what that oracle sent. Its timers fire when the trace shows that the oracle's did.
func (p *Replayer[M]) Replay(start rounds.Event, trace []Send) {
	p.now, p.armed, p.sent = Epoch, map[kernel.TimerID]bool{}, map[string]bool{}
	causes := map[string]kernel.TimerID{
		"MessageNewEpoch": rounds.TimerProgress, "MessageObserveReq": rounds.TimerRound, "MessageReportReq": rounds.TimerGrace,
	}
	p.feed(start)
	recorded := map[string]bool{}
	for i, s := range trace {
		if s.From != p.Own {
			if p.Silent(s.From) {
				continue
			}
			m := p.Make(s)
			p.Learn(s.From, m)
			if s.To == any("all") || s.To == any(float64(p.Own)) {
				p.feed(rounds.MessageReceived[M]{From: s.From, Message: m})
			}
			continue
		}
		key := key(s)
		recorded[key] = true
		if timer, ok := causes[s.Type]; ok && !p.sent[key] && p.armed[timer] {
			p.armed[timer] = false
			p.feed(rounds.TimerFired{Timer: timer})
		}
		if !p.sent[key] {
			p.T.Fatalf("send %d: oracle %d sent %s, ours did not\n%s", i, p.Own, key, p.Machine)
		}
	}
	p.checkAhead(trace, recorded)
}

// checkAhead looks at what the machine sent and the oracle did not. The recording stops in the middle: ours, to whom messages
// come at once, may be ahead by what belongs to the last round.
func (p *Replayer[M]) checkAhead(trace []Send, recorded map[string]bool) {
	var last rounds.Round
	for _, s := range trace {
		if s.Type != "MessageNewEpoch" && last.Less(s.Position()) {
			last = s.Position()
		}
	}
	ahead := 0
	for key := range p.sent {
		if recorded[key] {
			continue
		}
		ahead++
		var kind string
		var r rounds.Round
		if _, err := fmt.Sscanf(key, "%s %d/%d", &kind, &r.Epoch, &r.Round); err != nil {
			p.T.Fatal(err)
		}
		if r.Less(last) && kind != "MessageNewEpoch" {
			p.T.Errorf("ours sent %s, oracle %d did not", key, p.Own)
		}
	}
	if ahead > 0 {
		p.T.Logf("ours is ahead of the recording by %d messages", ahead)
	}
}
