package roundtest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// Transcript runs a file of transcripts: commands to one machine, and below each the whole of what the machine did. Run with
// -rewrite to write what it does now.
//
// Commands of all protocols (a list is written (1,2,3)):
//
//	new id=1 leaders=(0,2) ..
//	        a machine that has yet to start; leaders are those of epochs 1, 2, ...
//	start [epoch=.. wish=.. wishes=(..)] [contract=..] [signed=epoch/round] [pending=(epoch/round@seconds,..)]
//	hold KIND..     calls of these kinds are not answered from now on; without a kind: all are answered
//	release         answers the calls held back
//	fail KIND..     calls of these kinds fail from now on; without a kind: none does
//	wait SECONDS    lets time pass; no timer fires by itself
//	timer NAME      a timer fires
//	state           prints the machine's state
//
// Every other command is a message to the machine, or what the protocol makes of it. What the machine sends to itself arrives
// at once. Lines with > are events that follow from the command.
type Transcript[M rounds.Message] struct {
	T   *testing.T
	D   *datadriven.TestData
	Out strings.Builder
	Now time.Time
	Own commontypes.OracleID

	Machine Machine
	// The protocol's part. New makes a machine, Pending puts what is pending into a start, Command carries out a command that
	// is no message and is false for others, Message makes the message of one, CallName names the kind of a call effect (empty
	// if it is none), Answer answers it, well or not, Describe writes an answer, Noted is called with each message that the
	// machine sends or gets.
	New      func() Machine
	Start    func(state *types.PersistentState, contract uint32, signed *rounds.Round, pending map[rounds.Round]time.Time) rounds.Event
	Command  func() bool
	Message  func() M
	CallName func(kernel.Effect) string
	Answer   func(effect kernel.Effect, fail bool) rounds.Event
	Describe func(rounds.Event) (id kernel.CallID, what string, err error)
	Noted    func(M)

	hold, fail []string
	held       []kernel.Effect
	mail       []rounds.Event
}

// Run carries out one command of a file.
func (rig *Transcript[M]) Run(t *testing.T, d *datadriven.TestData) string {
	rig.T, rig.D = t, d
	rig.Out.Reset()
	rig.run()
	return rig.Out.String()
}

func (rig *Transcript[M]) run() {
	switch d := rig.D; d.Cmd {
	case "new":
		rig.Own = commontypes.OracleID(rig.Number("id", 0))
		rig.Machine = rig.New()
	case "start":
		rig.feed(rig.start())
	case "hold":
		rig.hold = rig.Words()
	case "fail":
		rig.fail = rig.Words()
	case "release":
		held := rig.held
		rig.hold, rig.held = nil, nil
		for _, call := range held {
			ev := rig.answer(call)
			fmt.Fprintf(&rig.Out, "> %s\n", rig.describe(ev))
			rig.feed(ev)
		}
	case "wait":
		seconds, err := strconv.ParseFloat(rig.Words()[0], 64)
		if err != nil {
			d.Fatalf(rig.T, "%v", err)
		}
		rig.Now = rig.Now.Add(time.Duration(seconds * float64(time.Second)))
	case "timer":
		for timer := rounds.TimerResend; timer <= rounds.TimerTransmit; timer++ {
			if rounds.TimerName(timer) == rig.Words()[0] {
				rig.feed(rounds.TimerFired{Timer: timer})
				return
			}
		}
		d.Fatalf(rig.T, "unknown timer %q", rig.Words()[0])
	case "state":
		rig.Out.WriteString(rig.Machine.String())
	default:
		if rig.Command() {
			return
		}
		m := rig.Message()
		rig.Noted(m)
		rig.feed(rounds.MessageReceived[M]{From: commontypes.OracleID(rig.Number("from", 0)), Message: m})
	}
}

// Words returns the arguments without a value.
func (rig *Transcript[M]) Words() (words []string) {
	for _, arg := range rig.D.CmdArgs {
		if len(arg.Vals) > 0 {
			rig.D.Fatalf(rig.T, "%s takes no %s", rig.D.Cmd, arg)
		}
		words = append(words, arg.Key)
	}
	return words
}

// Number returns an argument, or another number if it is absent.
func (rig *Transcript[M]) Number(key string, otherwise int) int {
	if rig.D.HasArg(key) {
		rig.D.ScanArgs(rig.T, key, &otherwise)
	}
	return otherwise
}

// List returns an argument that is a list of numbers.
func (rig *Transcript[M]) List(key string) (list []int) {
	arg, ok := rig.D.Arg(key)
	if !ok {
		return nil
	}
	for _, val := range arg.Vals {
		n, err := strconv.Atoi(val)
		if err != nil {
			rig.D.Fatalf(rig.T, "%s: %v", key, err)
		}
		list = append(list, n)
	}
	return list
}

// Hex returns an argument that is a byte string, or another one if it is absent.
func (rig *Transcript[M]) Hex(key string, otherwise []byte) []byte {
	if !rig.D.HasArg(key) {
		return otherwise
	}
	var text string
	rig.D.ScanArgs(rig.T, key, &text)
	var b []byte
	if _, err := fmt.Sscanf(text, "%x", &b); err != nil {
		rig.D.Fatalf(rig.T, "%s: %v", key, err)
	}
	return b
}

// Signature is a signature, or what is none where the argument bad says so for the signer.
func (rig *Transcript[M]) Signature(signer commontypes.OracleID, message []byte) []byte {
	arg, ok := rig.D.Arg("bad")
	if ok && (len(arg.Vals) == 0 || slices.Contains(rig.List("bad"), int(signer))) {
		return []byte("forged")
	}
	return Sign(signer, message)
}

// LeaderKey looks for a key by which the epochs are led as the argument leaders says.
func (rig *Transcript[M]) LeaderKey(n int) (key [16]byte) {
	for leaders := rig.List("leaders"); ; key[0]++ {
		schedule := config.NewLeadersV1(n, key)
		matches := true
		for i, leader := range leaders {
			matches = matches && schedule.Leader(uint32(i+1)) == commontypes.OracleID(leader)
		}
		if matches {
			return key
		}
		if key[0] == 255 {
			key[1]++
		}
	}
}

func (rig *Transcript[M]) round(key, text string) (r rounds.Round) {
	if _, err := fmt.Sscanf(text, "%d/%d", &r.Epoch, &r.Round); err != nil {
		rig.D.Fatalf(rig.T, "%s: %v", key, err)
	}
	return r
}

func (rig *Transcript[M]) start() rounds.Event {
	var state *types.PersistentState
	if rig.D.HasArg("epoch") {
		state = &types.PersistentState{
			Epoch: uint32(rig.Number("epoch", 0)), HighestSentEpoch: uint32(rig.Number("wish", rig.Number("epoch", 0))),
		}
		for _, wish := range rig.List("wishes") {
			state.HighestReceivedEpoch = append(state.HighestReceivedEpoch, uint32(wish))
		}
		if state.HighestReceivedEpoch == nil {
			state.HighestReceivedEpoch = slices.Repeat([]uint32{state.Epoch}, 4)
		}
	}
	var signed *rounds.Round
	if arg, ok := rig.D.Arg("signed"); ok {
		r := rig.round("signed", arg.Vals[0])
		signed = &r
	}
	var pending map[rounds.Round]time.Time
	if arg, ok := rig.D.Arg("pending"); ok {
		pending = map[rounds.Round]time.Time{}
		for _, val := range arg.Vals {
			round, due, _ := strings.Cut(val, "@")
			seconds, err := strconv.Atoi(due)
			if err != nil {
				rig.D.Fatalf(rig.T, "pending: %v", err)
			}
			pending[rig.round("pending", round)] = rig.Now.Add(time.Duration(seconds) * time.Second)
		}
	}
	return rig.Start(state, uint32(rig.Number("contract", 0)), signed, pending)
}

// feed steps the machine, and then with all that follows.
func (rig *Transcript[M]) feed(ev rounds.Event) {
	rig.step(ev)
	for len(rig.mail) > 0 {
		next := rig.mail[0]
		rig.mail = rig.mail[1:]
		fmt.Fprintf(&rig.Out, "> %s\n", rig.describe(next))
		rig.step(next)
	}
}

func (rig *Transcript[M]) step(ev rounds.Event) {
	self := func(m M) {
		rig.Noted(m)
		rig.mail = append(rig.mail, rounds.MessageReceived[M]{From: rig.Own, Message: m})
	}
	for _, effect := range rig.Machine.Step(rig.Now, ev) {
		switch e := effect.(type) {
		case kernel.SetTimer:
			fmt.Fprintf(&rig.Out, "  set-timer %s after=%s\n", rounds.TimerName(e.Timer), e.After)
			continue
		case kernel.CancelTimer:
			fmt.Fprintf(&rig.Out, "  cancel-timer %s\n", rounds.TimerName(e.Timer))
			continue
		}
		fmt.Fprintf(&rig.Out, "  %s\n", effect)
		switch e := effect.(type) {
		case rounds.Send[M]:
			if e.To == rig.Own {
				self(e.Message)
			}
		case rounds.Broadcast[M]:
			self(e.Message)
		default:
			kind := rig.CallName(effect)
			if kind == "" {
				continue
			}
			if slices.Contains(rig.hold, kind) {
				rig.held = append(rig.held, effect)
				continue
			}
			rig.mail = append(rig.mail, rig.answer(effect))
		}
	}
}

func (rig *Transcript[M]) answer(effect kernel.Effect) rounds.Event {
	return rig.Answer(effect, slices.Contains(rig.fail, rig.CallName(effect)))
}

// describe writes an event for the transcript.
func (rig *Transcript[M]) describe(ev rounds.Event) string {
	switch e := ev.(type) {
	case rounds.MessageReceived[M]:
		return fmt.Sprintf("from itself %s", e.Message)
	case kernel.Verified:
		if e.Bad >= 0 {
			return fmt.Sprintf("call=%d signature %d is bad", e.ID, e.Bad)
		}
		return fmt.Sprintf("call=%d verified", e.ID)
	case kernel.Signed:
		return outcome(e.ID, "signed", e.Err)
	}
	return outcome(rig.Describe(ev))
}

func outcome(id kernel.CallID, what string, err error) string {
	if err != nil {
		what = "failed"
	}
	return fmt.Sprintf("call=%d %s", id, what)
}
