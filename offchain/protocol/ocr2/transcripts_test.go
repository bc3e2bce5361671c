package ocr2

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
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// TestTranscripts runs the files of testdata/transcripts: commands to one machine, and below each the whole of what the
// machine did. Run with -rewrite to write what it does now.
//
// Commands (epoch defaults to the machine's epoch; a list is written (1,2,3)):
//
//	new id=1 leaders=(0,2) [n=4] [f=1] [rmax=3] [quorum=2] [stages=(1,3)]
//	        a machine that has yet to start; leaders are those of epochs 1, 2, ...
//	start [epoch=.. wish=.. wishes=(..)] [contract=..] [signed=epoch/round] [pending=(epoch/round@seconds,..)]
//	hold KIND..     calls of these kinds are not answered from now on: query, observation, report, should-accept,
//	                should-transmit, transmit, sign, verify; without a kind: all are answered
//	release         answers the calls held back
//	fail KIND..     calls of these kinds fail from now on; without a kind: none does
//	skip            the plugin decides for no report from now on
//	wait SECONDS    lets time pass; no timer fires by itself
//	timer NAME      a timer fires
//	new-epoch from=.. epoch=..
//	observe-req from=.. round=.. [query=hex]
//	observe from=.. round=.. [query=hex] [bad]
//	report-req from=.. round=.. observers=(..) [query=hex] [bad=(..)]
//	report from=.. round=.. [report=hex] [skip] [bad]
//	final from=.. round=.. signers=(..) [report=hex] [bad=(..)]
//	final-echo    as final
//	state           prints the machine's state
//
// What the machine sends to itself arrives at once. Lines with > are events that follow from the command.
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata/transcripts", func(t *testing.T, path string) {
		rig := &transcriptRig{now: epochStart}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			rig.t, rig.d = t, d
			rig.out.Reset()
			rig.run()
			return rig.out.String()
		})
	})
}

type transcriptRig struct {
	t   *testing.T
	d   *datadriven.TestData
	out strings.Builder
	now time.Time

	m      *Machine
	plugin fakePlugin
	hold   []string
	fail   []string
	held   []kernel.Effect
	// request is the last ReportReq that the machine sent or got: what reports and finals are about.
	request *ocr2wire.ReportReq
	mail    []mail
}

func (rig *transcriptRig) run() {
	switch d := rig.d; d.Cmd {
	case "new":
		rig.create()
	case "start":
		rig.feed(rig.start())
	case "hold":
		rig.hold = rig.words()
	case "fail":
		rig.fail = rig.words()
	case "skip":
		rig.plugin.skip = func(Round) bool { return true }
	case "release":
		held := rig.held
		rig.hold, rig.held = nil, nil
		for _, call := range held {
			ev := rig.answer(call)
			fmt.Fprintf(&rig.out, "> %s\n", describe(ev))
			rig.feed(ev)
		}
	case "wait":
		seconds, err := strconv.ParseFloat(rig.words()[0], 64)
		if err != nil {
			d.Fatalf(rig.t, "%v", err)
		}
		rig.now = rig.now.Add(time.Duration(seconds * float64(time.Second)))
	case "timer":
		for timer := TimerResend; timer <= TimerTransmit; timer++ {
			if TimerName(timer) == rig.words()[0] {
				rig.feed(TimerFired{Timer: timer})
				return
			}
		}
		d.Fatalf(rig.t, "unknown timer %q", rig.words()[0])
	case "state":
		rig.out.WriteString(rig.m.String())
	default:
		rig.deliver(commontypes.OracleID(rig.number("from", 0)), rig.message())
	}
}

// words returns the arguments without a value.
func (rig *transcriptRig) words() (words []string) {
	for _, arg := range rig.d.CmdArgs {
		if len(arg.Vals) > 0 {
			rig.d.Fatalf(rig.t, "%s takes no %s", rig.d.Cmd, arg)
		}
		words = append(words, arg.Key)
	}
	return words
}

func (rig *transcriptRig) number(key string, otherwise int) int {
	if rig.d.HasArg(key) {
		rig.d.ScanArgs(rig.t, key, &otherwise)
	}
	return otherwise
}

func (rig *transcriptRig) list(key string) (list []int) {
	arg, ok := rig.d.Arg(key)
	if !ok {
		return nil
	}
	for _, val := range arg.Vals {
		n, err := strconv.Atoi(val)
		if err != nil {
			rig.d.Fatalf(rig.t, "%s: %v", key, err)
		}
		list = append(list, n)
	}
	return list
}

func (rig *transcriptRig) hex(key string, otherwise []byte) []byte {
	if !rig.d.HasArg(key) {
		return otherwise
	}
	var text string
	rig.d.ScanArgs(rig.t, key, &text)
	var b []byte
	if _, err := fmt.Sscanf(text, "%x", &b); err != nil {
		rig.d.Fatalf(rig.t, "%s: %v", key, err)
	}
	return b
}

func parseRound(text string) (r Round, err error) {
	_, err = fmt.Sscanf(text, "%d/%d", &r.Epoch, &r.Round)
	return r, err
}

func (rig *transcriptRig) create() {
	n, f := rig.number("n", 4), rig.number("f", 1)
	cfg := testConfig(n, f)
	cfg.OracleID = commontypes.OracleID(rig.number("id", 0))
	cfg.RMax = uint8(rig.number("rmax", 3))
	cfg.ReportQuorum = rig.number("quorum", f+1)
	cfg.DeltaStage = 10 * time.Second
	if stages := rig.list("stages"); stages != nil {
		cfg.S = stages
	}
	// Look for a key by which the epochs are led as wanted.
	leaders := rig.list("leaders")
	for ; ; cfg.LeaderSelectionKey[0]++ {
		schedule := config.NewLeadersV1(n, cfg.LeaderSelectionKey)
		matches := true
		for i, leader := range leaders {
			matches = matches && schedule.Leader(uint32(i+1)) == commontypes.OracleID(leader)
		}
		if matches {
			break
		}
		if cfg.LeaderSelectionKey[0] == 255 {
			cfg.LeaderSelectionKey[1]++
		}
	}
	rig.m = New(cfg)
	rig.plugin.transmit = true
}

func (rig *transcriptRig) start() (ev Start) {
	if rig.d.HasArg("epoch") {
		ev.State = &types.PersistentState{
			Epoch: uint32(rig.number("epoch", 0)), HighestSentEpoch: uint32(rig.number("wish", rig.number("epoch", 0))),
		}
		for _, wish := range rig.list("wishes") {
			ev.State.HighestReceivedEpoch = append(ev.State.HighestReceivedEpoch, uint32(wish))
		}
		if ev.State.HighestReceivedEpoch == nil {
			ev.State.HighestReceivedEpoch = slices.Repeat([]uint32{ev.State.Epoch}, rig.m.core.cfg.N)
		}
	}
	ev.ContractEpoch, ev.ContractKnown = uint32(rig.number("contract", 0)), true
	if arg, ok := rig.d.Arg("signed"); ok {
		r, err := parseRound(arg.Vals[0])
		if err != nil {
			rig.d.Fatalf(rig.t, "signed: %v", err)
		}
		ev.SignedRound = &r
	}
	if arg, ok := rig.d.Arg("pending"); ok {
		ev.Pending = map[types.ReportTimestamp]types.PendingTransmission{}
		for _, val := range arg.Vals {
			round, due, _ := strings.Cut(val, "@")
			r, err := parseRound(round)
			if err != nil {
				rig.d.Fatalf(rig.t, "pending: %v", err)
			}
			seconds, err := strconv.Atoi(due)
			if err != nil {
				rig.d.Fatalf(rig.t, "pending: %v", err)
			}
			ev.Pending[rig.m.core.timestamp(r)] = types.PendingTransmission{
				Time: rig.now.Add(time.Duration(seconds) * time.Second), Report: types.Report{byte(r.Epoch), r.Round},
			}
		}
	}
	return ev
}

// message makes the message that a command describes, with the signatures of its sender.
func (rig *transcriptRig) message() ocr2wire.Message {
	from := commontypes.OracleID(rig.number("from", 0))
	r := Round{Epoch: uint32(rig.number("epoch", int(rig.m.Status().Epoch))), Round: uint8(rig.number("round", 0))}
	ts := rig.m.core.timestamp(r)
	query := rig.hex("query", []byte{r.Round})
	report := rig.hex("report", []byte{byte(r.Epoch), r.Round})
	bad := func(id commontypes.OracleID, signature []byte) []byte {
		arg, ok := rig.d.Arg("bad")
		if ok && (len(arg.Vals) == 0 || slices.Contains(rig.list("bad"), int(id))) {
			return []byte("forged")
		}
		return signature
	}
	signed := func(id commontypes.OracleID) ocr2wire.SignedObservation {
		observation := types.Observation{byte(r.Epoch), r.Round, byte(id)}
		digest := ocr2wire.ObservationDigest(ts, query, observation)
		return ocr2wire.SignedObservation{Observation: observation, Signature: bad(id, fakeSign(id, digest[:]))}
	}
	ctx := types.ReportContext{ReportTimestamp: ts}
	if rig.request != nil {
		ctx.ExtraHash = ocr2wire.ExtraHash(rig.request.Query, rig.request.Observations)
	}
	final := func() ocr2wire.Final {
		m := ocr2wire.Final{Epoch: r.Epoch, Round: r.Round, H: ctx.ExtraHash}
		m.AttestedReport.Report = report
		for _, i := range rig.list("signers") {
			id := commontypes.OracleID(i)
			m.AttestedReport.AttributedSignatures = append(m.AttestedReport.AttributedSignatures,
				types.AttributedOnchainSignature{Signature: bad(id, fakeSign(id, reportMessage(ctx, report))), Signer: id})
		}
		return m
	}
	switch rig.d.Cmd {
	case "new-epoch":
		return &ocr2wire.NewEpoch{Epoch: r.Epoch}
	case "observe-req":
		return &ocr2wire.ObserveReq{Epoch: r.Epoch, Round: r.Round, Query: query}
	case "observe":
		return &ocr2wire.Observe{Epoch: r.Epoch, Round: r.Round, SignedObservation: signed(from)}
	case "report-req":
		m := &ocr2wire.ReportReq{Epoch: r.Epoch, Round: r.Round, Query: query}
		for _, i := range rig.list("observers") {
			id := commontypes.OracleID(i)
			m.Observations = append(m.Observations, ocr2wire.AttributedSignedObservation{SignedObservation: signed(id), Observer: id})
		}
		return m
	case "report":
		m := &ocr2wire.Report{Epoch: r.Epoch, Round: r.Round}
		if m.AttestedReport.Skip = rig.d.HasArg("skip"); !m.AttestedReport.Skip {
			m.AttestedReport.Report = report
			m.AttestedReport.Signature = bad(from, fakeSign(from, reportMessage(ctx, report)))
		}
		return m
	case "final":
		m := final()
		return &m
	case "final-echo":
		return &ocr2wire.FinalEcho{Final: final()}
	}
	rig.d.Fatalf(rig.t, "unknown command %q", rig.d.Cmd)
	return nil
}

func (rig *transcriptRig) deliver(from commontypes.OracleID, m ocr2wire.Message) {
	if req, ok := m.(*ocr2wire.ReportReq); ok {
		rig.request = req
	}
	rig.feed(MessageReceived{From: from, Message: m})
}

// feed steps the machine, and then with all that follows.
func (rig *transcriptRig) feed(ev Event) {
	rig.step(ev)
	for len(rig.mail) > 0 {
		next := rig.mail[0].ev
		rig.mail = rig.mail[1:]
		fmt.Fprintf(&rig.out, "> %s\n", describe(next))
		rig.step(next)
	}
}

func (rig *transcriptRig) step(ev Event) {
	own := rig.m.core.cfg.OracleID
	self := func(m ocr2wire.Message) {
		if req, ok := m.(*ocr2wire.ReportReq); ok {
			rig.request = req
		}
		rig.mail = append(rig.mail, mail{own, MessageReceived{From: own, Message: m}})
	}
	for _, effect := range rig.m.Step(rig.now, ev) {
		switch e := effect.(type) {
		case kernel.SetTimer:
			fmt.Fprintf(&rig.out, "  set-timer %s after=%s\n", TimerName(e.Timer), e.After)
			continue
		case kernel.CancelTimer:
			fmt.Fprintf(&rig.out, "  cancel-timer %s\n", TimerName(e.Timer))
			continue
		}
		fmt.Fprintf(&rig.out, "  %s\n", effect)
		switch e := effect.(type) {
		case Send:
			if e.To == own {
				self(e.Message)
			}
		case Broadcast:
			self(e.Message)
		default:
			kind := callName(effect)
			if kind == "" {
				continue
			}
			if slices.Contains(rig.hold, kind) {
				rig.held = append(rig.held, effect)
				continue
			}
			rig.mail = append(rig.mail, mail{own, rig.answer(effect)})
		}
	}
}

func callName(effect kernel.Effect) string {
	switch effect.(type) {
	case CallQuery:
		return "query"
	case CallObservation:
		return "observation"
	case CallReport:
		return "report"
	case CallShouldAccept:
		return "should-accept"
	case CallShouldTransmit:
		return "should-transmit"
	case CallTransmit:
		return "transmit"
	case kernel.SignOffchain, SignReport:
		return "sign"
	case kernel.Verify:
		return "verify"
	}
	return ""
}

func (rig *transcriptRig) answer(effect kernel.Effect) Event {
	if slices.Contains(rig.fail, callName(effect)) {
		switch e := effect.(type) {
		case CallQuery:
			return QueryDone{ID: e.ID, Err: errPlugin}
		case CallObservation:
			return ObservationDone{ID: e.ID, Err: errPlugin}
		case CallReport:
			return ReportDone{ID: e.ID, Err: errPlugin}
		case CallShouldAccept:
			return ShouldAcceptDone{ID: e.ID, Err: errPlugin}
		case CallShouldTransmit:
			return ShouldTransmitDone{ID: e.ID, Err: errPlugin}
		case CallTransmit:
			return TransmitDone{ID: e.ID, Err: errPlugin}
		case kernel.SignOffchain:
			return kernel.Signed{ID: e.ID, Err: errPlugin}
		case SignReport:
			return kernel.Signed{ID: e.ID, Err: errPlugin}
		}
	}
	return rig.plugin.answer(rig.m.core.cfg.OracleID, effect)
}

// describe writes an event for the transcript.
func describe(ev Event) string {
	outcome := func(id kernel.CallID, what string, err error) string {
		if err != nil {
			what = "failed"
		}
		return fmt.Sprintf("call=%d %s", id, what)
	}
	switch e := ev.(type) {
	case MessageReceived:
		return fmt.Sprintf("from itself %s", e.Message)
	case kernel.Verified:
		if e.Bad >= 0 {
			return fmt.Sprintf("call=%d signature %d is bad", e.ID, e.Bad)
		}
		return fmt.Sprintf("call=%d verified", e.ID)
	case kernel.Signed:
		return outcome(e.ID, "signed", e.Err)
	case QueryDone:
		return outcome(e.ID, fmt.Sprintf("query=%x", []byte(e.Query)), e.Err)
	case ObservationDone:
		return outcome(e.ID, fmt.Sprintf("observation=%x", []byte(e.Observation)), e.Err)
	case ReportDone:
		if !e.ShouldReport {
			return outcome(e.ID, "no report", e.Err)
		}
		return outcome(e.ID, fmt.Sprintf("report=%x", []byte(e.Report)), e.Err)
	case ShouldAcceptDone:
		return outcome(e.ID, fmt.Sprintf("accept=%t", e.Accept), e.Err)
	case ShouldTransmitDone:
		return outcome(e.ID, fmt.Sprintf("transmit=%t", e.Transmit), e.Err)
	case TransmitDone:
		return outcome(e.ID, "transmitted", e.Err)
	}
	return fmt.Sprintf("%T", ev)
}
