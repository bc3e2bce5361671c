package ocr2

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// A small driver for machines: virtual time, calls answered at once, messages that arrive in the order sent. The
// simulator proper is offchain/sim; this one only has what the tests of the machine itself need.

var epochStart = time.Unix(1_700_000_000, 0)

// fakeSign is a signature scheme that cannot be forged by accident: a hash with the signer in it.
func fakeSign(signer commontypes.OracleID, message []byte) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d signs %x", signer, message))
	return sum[:8]
}

func reportMessage(ctx types.ReportContext, report types.Report) []byte {
	return fmt.Appendf(nil, "%x/%d/%d/%x/%x", ctx.ConfigDigest, ctx.Epoch, ctx.Round, ctx.ExtraHash, []byte(report))
}

func fakeVerify(check *kernel.SignatureCheck) bool {
	message := check.Message
	if check.Kind == kernel.OnchainSignature {
		message = reportMessage(*check.Context, check.Report)
	}
	return bytes.Equal(check.Signature, fakeSign(check.Signer, message))
}

func verifyAll(v kernel.Verify) kernel.Verified {
	for i := range v.Checks {
		if !fakeVerify(&v.Checks[i]) {
			return kernel.Verified{ID: v.ID, Bad: i}
		}
	}
	return kernel.Verified{ID: v.ID, Bad: -1}
}

// fakePlugin is deterministic: the query names the round, the observation the round and the oracle, the report the round.
type fakePlugin struct {
	skip     func(Round) bool // nil: never
	transmit bool
}

var errPlugin = errors.New("plugin failed")

// answer returns the result of a call effect, or nil if the effect is none.
func (p *fakePlugin) answer(own commontypes.OracleID, effect kernel.Effect) Event {
	switch e := effect.(type) {
	case kernel.Verify:
		return verifyAll(e)
	case kernel.SignOffchain:
		return kernel.Signed{ID: e.ID, Signature: fakeSign(own, e.Message)}
	case SignReport:
		return kernel.Signed{ID: e.ID, Signature: fakeSign(own, reportMessage(e.Context, e.Report))}
	case CallQuery:
		return QueryDone{ID: e.ID, Query: types.Query{e.Timestamp.Round}}
	case CallObservation:
		return ObservationDone{ID: e.ID, Observation: types.Observation{byte(e.Timestamp.Epoch), e.Timestamp.Round, byte(own)}}
	case CallReport:
		if p.skip != nil && p.skip(Round{Epoch: e.Timestamp.Epoch, Round: e.Timestamp.Round}) {
			return ReportDone{ID: e.ID}
		}
		return ReportDone{ID: e.ID, ShouldReport: true, Report: types.Report{byte(e.Timestamp.Epoch), e.Timestamp.Round}}
	case CallShouldAccept:
		return ShouldAcceptDone{ID: e.ID, Accept: true}
	case CallShouldTransmit:
		return ShouldTransmitDone{ID: e.ID, Transmit: p.transmit}
	case CallTransmit:
		return TransmitDone{ID: e.ID}
	}
	return nil
}

type mail struct {
	to commontypes.OracleID
	ev Event
}

type network struct {
	t        testing.TB
	now      time.Time
	machines []*Machine
	timers   []map[kernel.TimerID]time.Time
	mail     []mail
	plugin   fakePlugin
	instant  func(commontypes.OracleID, kernel.Effect) Event // answers calls in place of plugin; nil: plugin does
	stepped  *int                                            // counts steps; nil: nobody does
	// lost tells which messages do not arrive; nil: none.
	lost func(from, to commontypes.OracleID, m ocr2wire.Message) bool
	// seen is called with every effect; nil: nobody looks.
	seen func(own commontypes.OracleID, effect kernel.Effect)
}

func testConfig(n, f int) Config {
	return Config{
		ConfigDigest: types.ConfigDigest{1, 2, 3}, N: n, F: f,
		DeltaProgress: 2 * time.Second, DeltaResend: 10 * time.Second, DeltaRound: 100 * time.Millisecond,
		DeltaGrace: 20 * time.Millisecond, DeltaStage: 20 * time.Millisecond, RMax: 3, S: []int{1, n},
		ReportQuorum: f + 1,
	}
}

func newNetwork(t testing.TB, cfg Config) *network {
	net := &network{t: t, now: epochStart}
	for i := range cfg.N {
		cfg.OracleID = commontypes.OracleID(i)
		net.machines = append(net.machines, New(cfg))
		net.timers = append(net.timers, map[kernel.TimerID]time.Time{})
	}
	return net
}

func (net *network) start() {
	for i := range net.machines {
		net.step(commontypes.OracleID(i), Start{ContractKnown: true})
	}
	net.settle()
}

func (net *network) step(to commontypes.OracleID, ev Event) {
	if net.stepped != nil {
		*net.stepped++
	}
	for _, effect := range net.machines[to].Step(net.now, ev) {
		if net.seen != nil {
			net.seen(to, effect)
		}
		switch e := effect.(type) {
		case Send:
			net.send(to, e.To, e.Message)
		case Broadcast:
			for i := range net.machines {
				net.send(to, commontypes.OracleID(i), e.Message)
			}
		case kernel.SetTimer:
			net.timers[to][e.Timer] = net.now.Add(e.After)
		case kernel.CancelTimer:
			delete(net.timers[to], e.Timer)
		default:
			answer := net.plugin.answer
			if net.instant != nil {
				answer = net.instant
			}
			if answer := answer(to, effect); answer != nil {
				net.mail = append(net.mail, mail{to, answer})
			}
		}
	}
}

func (net *network) send(from, to commontypes.OracleID, m ocr2wire.Message) {
	if net.lost == nil || !net.lost(from, to, m) {
		net.mail = append(net.mail, mail{to, MessageReceived{From: from, Message: m}})
	}
}

// settle delivers mail until there is none.
func (net *network) settle() {
	for len(net.mail) > 0 {
		next := net.mail[0]
		net.mail = net.mail[1:]
		net.step(next.to, next.ev)
	}
}

// run lets time pass.
func (net *network) run(d time.Duration) {
	end := net.now.Add(d)
	for {
		who, which, at := -1, kernel.TimerID(0), end
		for i, timers := range net.timers {
			for timer := TimerResend; timer <= TimerTransmit; timer++ {
				if due, ok := timers[timer]; ok && due.Before(at) {
					who, which, at = i, timer, due
				}
			}
		}
		net.now = at
		if who < 0 {
			return
		}
		delete(net.timers[who], which)
		net.step(commontypes.OracleID(who), TimerFired{Timer: which})
		net.settle()
	}
}

func TestNetworkMakesReports(t *testing.T) {
	for _, size := range []struct{ n, f int }{{1, 0}, {2, 0}, {4, 1}, {7, 2}, {16, 5}, {31, 10}} {
		t.Run(fmt.Sprintf("n=%d", size.n), func(t *testing.T) {
			net := newNetwork(t, testConfig(size.n, size.f))
			net.plugin.transmit = true
			transmitted := map[Round]int{}
			net.seen = func(own commontypes.OracleID, effect kernel.Effect) {
				switch e := effect.(type) {
				case CallTransmit:
					transmitted[Round{Epoch: e.Context.Epoch, Round: e.Context.Round}]++
				case kernel.Dropped:
					if e.Suspicious {
						t.Errorf("oracle %d: %s", own, e)
					}
				case kernel.Log:
					if e.Level >= kernel.LogWarn {
						t.Errorf("oracle %d: %s", own, e)
					}
				}
			}
			net.start()
			net.run(2 * time.Second)
			for epoch := uint32(1); epoch <= 4; epoch++ {
				for round := uint8(1); round <= 3; round++ {
					if got := transmitted[Round{Epoch: epoch, Round: round}]; got != size.n {
						t.Errorf("%d/%d was transmitted by %d oracles, want %d", epoch, round, got, size.n)
					}
				}
			}
			if t.Failed() {
				t.Log(net.machines[0])
			}
		})
	}
}
