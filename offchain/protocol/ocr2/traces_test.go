package ocr2

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
	"github.com/ocrkit/ocrkit/test/vectors"
)

type traceInput struct {
	ConfigDigest, SharedSecret                   vectors.Hex
	ContractEpochAtStart                         uint32
	DeltaGraceNs, DeltaProgressNs, DeltaResendNs vectors.Ns
	DeltaRoundNs, DurationNs                     vectors.Ns
	F, N, ReportQuorum                           int
	LeadersEpoch0To7                             []commontypes.OracleID
	Note, Protocol                               string
	RMax                                         uint8
}

// send is one line of a trace.
type send struct {
	From  commontypes.OracleID
	To    any // "all" or the number of an oracle
	Type  string
	Epoch uint32
	Round uint8
	Skip  bool
}

func (s send) round() Round { return Round{Epoch: s.Epoch, Round: s.Round} }

// scenario is what the name of a trace says beyond its input.
type scenario struct {
	skip   func(Round) bool
	silent bool // the leader of epoch 1 sends into the void
}

var scenarios = map[string]scenario{
	"rmax-leader-change": {},
	"silent-leader":      {silent: true},
	"skip-rounds":        {skip: func(r Round) bool { return r.Round%2 == 1 }},
}

func (in traceInput) config(t *testing.T, own int) Config {
	keys := config.KeysV1(config.SharedSecret(in.SharedSecret.Array16(t)))
	return Config{
		ConfigDigest: in.ConfigDigest.Array32(t), OracleID: commontypes.OracleID(own), N: in.N, F: in.F,
		DeltaProgress: in.DeltaProgressNs.D(), DeltaResend: in.DeltaResendNs.D(), DeltaRound: in.DeltaRoundNs.D(),
		DeltaGrace: in.DeltaGraceNs.D(), DeltaStage: 20 * time.Millisecond, RMax: in.RMax, S: []int{1, 1, 2},
		ReportQuorum: in.ReportQuorum, LeaderSelectionKey: keys.LeaderSelection, TransmissionOrderKey: keys.TransmissionOrder,
	}
}

// sendOf describes a message as traces do.
func sendOf(from commontypes.OracleID, to any, m ocr2wire.Message) send {
	s := send{From: from, To: to, Type: "Message" + m.Kind().String()}
	switch m := m.(type) {
	case *ocr2wire.NewEpoch:
		s.Epoch = m.Epoch
	case *ocr2wire.ObserveReq:
		s.Epoch, s.Round = m.Epoch, m.Round
	case *ocr2wire.Observe:
		s.Epoch, s.Round = m.Epoch, m.Round
	case *ocr2wire.ReportReq:
		s.Epoch, s.Round = m.Epoch, m.Round
	case *ocr2wire.Report:
		s.Epoch, s.Round, s.Skip = m.Epoch, m.Round, m.AttestedReport.Skip
	case *ocr2wire.Final:
		s.Epoch, s.Round = m.Epoch, m.Round
	case *ocr2wire.FinalEcho:
		s.Epoch, s.Round = m.Final.Epoch, m.Final.Round
	}
	return s
}

// checkTrace checks that a trace could be one of honest oracles: who sends what, in which order, and after what.
func checkTrace(t *testing.T, in traceInput, trace []send) {
	t.Helper()
	type position struct {
		kind  string
		round Round
	}
	senders := map[position][]commontypes.OracleID{} // of non-skip messages so far
	type oracle struct {
		newEpoch  uint32
		announced Round // the last ObserveReq
		observed  Round
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
		o, r := &oracles[s.From], s.round()
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
			want := Round{Epoch: s.Epoch, Round: 1}
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

func TestTraceVectors(t *testing.T) {
	vectors.Each(t, "testdata", []string{"ocr12-ocr2-traces.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.DecodeStrict[traceInput](t, c.Input)
		what, ok := scenarios[c.Name]
		if !ok || in.Protocol != "ocr2" {
			t.Fatalf("unknown scenario %q of protocol %q", c.Name, in.Protocol)
		}
		out := vectors.DecodeStrict[struct {
			Sends          []send
			SendsPerOracle map[commontypes.OracleID]int
		}](t, c.Output)
		per := map[commontypes.OracleID]int{}
		for _, s := range out.Sends {
			per[s.From]++
		}
		if fmt.Sprint(per) != fmt.Sprint(out.SendsPerOracle) {
			t.Errorf("sends per oracle: %v, the file says %v", per, out.SendsPerOracle)
		}
		t.Run("recorded", func(t *testing.T) { checkTrace(t, in, out.Sends) })
		t.Run("own", func(t *testing.T) { checkTrace(t, in, ownTrace(t, in, what)) })
		for own := range in.N {
			t.Run(fmt.Sprintf("replay in place of oracle %d", own), func(t *testing.T) { replay(t, in, what, out.Sends, own) })
		}
	})
}

// ownTrace records a run of four of our machines.
func ownTrace(t *testing.T, in traceInput, what scenario) (trace []send) {
	net := newNetwork(t, in.config(t, 0))
	net.plugin = fakePlugin{skip: what.skip, transmit: true}
	silent := in.LeadersEpoch0To7[1]
	net.lost = func(from, _ commontypes.OracleID, _ ocr2wire.Message) bool { return what.silent && from == silent }
	net.seen = func(own commontypes.OracleID, effect kernel.Effect) {
		switch e := effect.(type) {
		case Send:
			trace = append(trace, sendOf(own, e.To, e.Message))
		case Broadcast:
			trace = append(trace, sendOf(own, "all", e.Message))
		}
	}
	net.start()
	net.run(in.DurationNs.D())
	last := trace[len(trace)-1]
	if len(trace) < 30 || last.Epoch < 1 {
		t.Errorf("only %d sends, the last one %+v", len(trace), last)
	}
	return trace
}

// replayer stands in for the oracles of a trace around one machine: it makes up payloads for what they sent.
type replayer struct {
	t      *testing.T
	in     traceInput
	what   scenario
	own    commontypes.OracleID
	m      *Machine
	now    time.Time
	plugin fakePlugin
	mute   bool // what the machine sends does not even reach itself
	armed  map[kernel.TimerID]bool
	sent   map[string]bool // what the machine sent; how often depends on the order of concurrent events

	requests  map[Round]*ocr2wire.ReportReq
	reporters map[Round][]commontypes.OracleID
	finals    map[Round]*ocr2wire.Final
}

func (p *replayer) key(s send) string {
	return fmt.Sprintf("%s %d/%d skip=%t", s.Type, s.Epoch, s.Round, s.Skip)
}

func (p *replayer) feed(ev Event) {
	queue := []Event{ev}
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		p.now = p.now.Add(time.Millisecond)
		for _, effect := range p.m.Step(p.now, next) {
			switch e := effect.(type) {
			case Send:
				p.sent[p.key(sendOf(p.own, e.To, e.Message))] = true
				p.learn(p.own, e.Message)
				if e.To == p.own && !p.mute {
					queue = append(queue, MessageReceived{From: p.own, Message: e.Message})
				}
			case Broadcast:
				p.sent[p.key(sendOf(p.own, "all", e.Message))] = true
				p.learn(p.own, e.Message)
				if !p.mute {
					queue = append(queue, MessageReceived{From: p.own, Message: e.Message})
				}
			case kernel.SetTimer:
				p.armed[e.Timer] = true
			case kernel.CancelTimer:
				p.armed[e.Timer] = false
			case kernel.Dropped:
				if e.Suspicious {
					p.t.Errorf("%s", e)
				}
			default:
				if answer := p.plugin.answer(p.own, effect); answer != nil {
					queue = append(queue, answer)
				}
			}
		}
	}
}

// learn notes what later payloads depend on.
func (p *replayer) learn(from commontypes.OracleID, m ocr2wire.Message) {
	switch m := m.(type) {
	case *ocr2wire.ReportReq:
		p.requests[Round{Epoch: m.Epoch, Round: m.Round}] = m
	case *ocr2wire.Report:
		if !m.AttestedReport.Skip {
			r := Round{Epoch: m.Epoch, Round: m.Round}
			p.reporters[r] = append(p.reporters[r], from)
		}
	case *ocr2wire.Final:
		p.finals[Round{Epoch: m.Epoch, Round: m.Round}] = m
	}
}

// message makes up the message behind a line of the trace.
func (p *replayer) message(s send) ocr2wire.Message {
	r := s.round()
	ts := types.ReportTimestamp{ConfigDigest: p.m.core.cfg.ConfigDigest, Epoch: s.Epoch, Round: s.Round}
	query := []byte{s.Round}
	payload := []byte{byte(s.Epoch), s.Round}
	signed := func(observer commontypes.OracleID) ocr2wire.SignedObservation {
		observation := append(slices.Clone(payload), byte(observer)) // as fakePlugin has it
		digest := ocr2wire.ObservationDigest(ts, query, observation)
		return ocr2wire.SignedObservation{Observation: observation, Signature: fakeSign(observer, digest[:])}
	}
	context := func() types.ReportContext {
		req := p.requests[r]
		if req == nil {
			p.t.Fatalf("%+v: there was no ReportReq for it", s)
		}
		return types.ReportContext{ReportTimestamp: ts, ExtraHash: ocr2wire.ExtraHash(req.Query, req.Observations)}
	}
	switch s.Type {
	case "MessageNewEpoch":
		return &ocr2wire.NewEpoch{Epoch: s.Epoch}
	case "MessageObserveReq":
		return &ocr2wire.ObserveReq{Epoch: s.Epoch, Round: s.Round, Query: query}
	case "MessageObserve":
		return &ocr2wire.Observe{Epoch: s.Epoch, Round: s.Round, SignedObservation: signed(s.From)}
	case "MessageReportReq":
		m := &ocr2wire.ReportReq{Epoch: s.Epoch, Round: s.Round, Query: query}
		for i := range 2*p.in.F + 1 {
			id := commontypes.OracleID(i)
			m.Observations = append(m.Observations, ocr2wire.AttributedSignedObservation{SignedObservation: signed(id), Observer: id})
		}
		return m
	case "MessageReport":
		m := &ocr2wire.Report{Epoch: s.Epoch, Round: s.Round, AttestedReport: ocr2wire.AttestedReportOne{Skip: s.Skip}}
		if !s.Skip {
			m.AttestedReport.Report = payload
			m.AttestedReport.Signature = fakeSign(s.From, reportMessage(context(), payload))
		}
		return m
	case "MessageFinal":
		ctx := context()
		m := &ocr2wire.Final{Epoch: s.Epoch, Round: s.Round, H: ctx.ExtraHash}
		m.AttestedReport.Report = payload
		for _, signer := range p.reporters[r][:p.in.ReportQuorum] {
			m.AttestedReport.AttributedSignatures = append(m.AttestedReport.AttributedSignatures,
				types.AttributedOnchainSignature{Signer: signer, Signature: fakeSign(signer, reportMessage(ctx, payload))})
		}
		return m
	case "MessageFinalEcho":
		if p.finals[r] == nil {
			p.t.Fatalf("%+v: there was no Final for it", s)
		}
		return &ocr2wire.FinalEcho{Final: *p.finals[r]}
	}
	p.t.Fatalf("unknown type %q", s.Type)
	return nil
}

// replay feeds what the others sent in a trace to a machine in the place of one of the oracles, and compares what it sends
// with what that oracle sent. Its timers fire when the trace shows that the oracle's did.
func replay(t *testing.T, in traceInput, what scenario, trace []send, own int) {
	silent := in.LeadersEpoch0To7[1]
	p := &replayer{
		t: t, in: in, what: what, own: commontypes.OracleID(own), m: New(in.config(t, own)), now: epochStart,
		plugin: fakePlugin{skip: what.skip, transmit: true},
		mute:   what.silent && silent == commontypes.OracleID(own),
		armed:  map[kernel.TimerID]bool{}, sent: map[string]bool{},
		requests: map[Round]*ocr2wire.ReportReq{}, reporters: map[Round][]commontypes.OracleID{}, finals: map[Round]*ocr2wire.Final{},
	}
	causes := map[string]kernel.TimerID{
		"MessageNewEpoch": TimerProgress, "MessageObserveReq": TimerRound, "MessageReportReq": TimerGrace,
	}
	p.feed(Start{ContractEpoch: in.ContractEpochAtStart, ContractKnown: true})
	recorded := map[string]bool{}
	for i, s := range trace {
		if s.From != p.own {
			if what.silent && s.From == silent {
				continue
			}
			m := p.message(s)
			p.learn(s.From, m)
			if s.To == any("all") || s.To == any(float64(own)) {
				p.feed(MessageReceived{From: s.From, Message: m})
			}
			continue
		}
		key := p.key(s)
		recorded[key] = true
		if p.sent[key] {
			continue
		}
		if timer, ok := causes[s.Type]; ok && p.armed[timer] {
			p.armed[timer] = false
			p.feed(TimerFired{Timer: timer})
		}
		if !p.sent[key] {
			t.Fatalf("send %d: oracle %d sent %s, ours did not\n%s", i, own, key, p.m)
		}
	}
	// The recording stops in the middle: ours, to whom messages come at once, may be ahead by what belongs to the last round.
	var last Round
	for _, s := range trace {
		if s.Type != "MessageNewEpoch" && last.Less(s.round()) {
			last = s.round()
		}
	}
	ahead := 0
	for key := range p.sent {
		if !recorded[key] {
			ahead++
			var kind string
			var r Round
			if _, err := fmt.Sscanf(key, "%s %d/%d", &kind, &r.Epoch, &r.Round); err != nil {
				t.Fatal(err)
			}
			if r.Less(last) && kind != "MessageNewEpoch" {
				t.Errorf("ours sent %s, oracle %d did not", key, own)
			}
		}
	}
	if ahead > 0 {
		t.Logf("ours is ahead of the recording by %d messages", ahead)
	}
}
