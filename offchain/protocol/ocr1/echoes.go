package ocr1

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
)

// echoes are the follower's finals and echoes of a round. Who first sees a valid attested report passes it on; who got it from
// more than f oracles, of which one is honest and told everybody, completes the round.
//
// Source: docs/protocol/ocr1.md, "Report generation (follower)".
type echoes struct {
	round    uint8
	sent     *ocr1wire.Final // nil: none
	received rounds.Members
	count    int // of received
}

// current returns the echoes of the follower's round. (What is announced after the last round is none.)
func (g *generation) current() *echoes {
	if g.echoes.round != g.Follower.Round && g.Follower.Round <= g.cfg.RMax {
		g.echoes = echoes{round: g.Follower.Round}
	}
	return &g.echoes
}

// finalMessage handles Final: the outcome of the round, as the leader has it.
func (f follower) finalMessage(m *ocr1wire.Final) {
	from := f.Follower.LeaderID
	switch {
	case m.Round != f.Follower.Round:
		f.Drop(from, m.Kind(), rounds.DropWrongRound)
	case f.current().sent != nil:
		f.Drop(from, m.Kind(), dropEchoed)
	default:
		f.verify(from, m.Kind(), m, func() { f.echo(m) })
	}
}

// finalEcho handles FinalEcho.
func (f follower) finalEcho(from commontypes.OracleID, m *ocr1wire.FinalEcho) {
	e := f.current()
	switch {
	case m.Final.Round != f.Follower.Round:
		f.Drop(from, m.Kind(), rounds.DropWrongRound)
	case e.received>>from&1 == 1:
		f.Drop(from, m.Kind(), rounds.DropDuplicate)
	case f.Follower.Completed:
		f.Drop(from, m.Kind(), dropCompleted)
	default:
		f.verify(from, m.Kind(), &m.Final, func() {
			e.received.Add(from)
			e.count++
			f.echo(&m.Final)
			if e.count > f.cfg.F {
				f.outcome.transmit(e.sent) // which is what was echoed first
				f.Follower.Complete()
			}
		})
	}
}

// echo passes a valid final on, if it is the first of the round.
func (f follower) echo(m *ocr1wire.Final) {
	if e := f.current(); e.sent == nil {
		e.sent = m
		f.Emit(Broadcast{Message: &ocr1wire.FinalEcho{Final: *m}})
	}
}

// verify calls valid if the signatures of a final are; otherwise the message that it came in is dropped. Most finals of a
// round are the same, so that they are verified once.
func (f follower) verify(from commontypes.OracleID, kind ocr1wire.Kind, m *ocr1wire.Final, valid func()) {
	if !f.checkSignatures(&m.AttestedReport) {
		f.Drop(from, kind, rounds.DropSignatureCount)
		return
	}
	hash := finalHash(m)
	if f.valid.Has(hash) {
		valid()
		return
	}
	report, err := ocr1wire.OnchainReport(f.timestamp(f.Follower.Current()), m.AttestedReport.Observations)
	if err != nil {
		f.Drop(from, kind, rounds.DropBadSignature)
		return
	}
	call := kernel.Call(&f.Desk, func(ev SignersRecovered) {
		if why, ok := f.checkSigners(len(m.AttestedReport.Signatures), ev.Signers); !ok {
			f.Drop(from, kind, why)
		} else {
			f.valid.Add(hash)
			valid()
		}
		f.Follower.Idle()
	})
	f.Follower.Busy(rounds.StepVerifyingFinal, call)
	f.Emit(RecoverSigners{call, report, m.AttestedReport.Signatures})
}
