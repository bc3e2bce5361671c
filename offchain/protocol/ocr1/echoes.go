package ocr1

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
)

// echoes are the follower's finals and echoes of a round. Who first sees a valid attested report passes it on; who got it from
// more than f oracles, of which one is honest and told everybody, completes the round.
//
// Source: docs/protocol/ocr1.md, "Report generation (follower)".
type echoes struct {
	sent     *ocr1wire.Final // nil: none
	received rounds.Members
}

// finalMessage handles Final: the outcome of the round, as the leader has it.
func (g *generation) finalMessage(m *ocr1wire.Final) {
	from := g.Follower.LeaderID
	switch {
	case m.Round != g.Follower.Round:
		g.Drop(from, m.Kind(), rounds.DropWrongRound)
	case g.echoes.sent != nil:
		g.Drop(from, m.Kind(), dropEchoed)
	default:
		g.verify(from, m.Kind(), m, func() { g.echo(m) })
	}
}

// finalEcho handles FinalEcho.
func (g *generation) finalEcho(from commontypes.OracleID, m *ocr1wire.FinalEcho) {
	e := &g.echoes
	switch {
	case m.Final.Round != g.Follower.Round:
		g.Drop(from, m.Kind(), rounds.DropWrongRound)
	case e.received.Has(from):
		g.Drop(from, m.Kind(), dropRepeated)
	case g.Follower.Completed:
		g.Drop(from, m.Kind(), dropComplete)
	default:
		g.verify(from, m.Kind(), &m.Final, func() {
			e.received.Add(from)
			g.echo(&m.Final)
			if e.received.Len() > g.cfg.F {
				g.transmit(e.sent) // which is what was echoed first
				g.Follower.Complete()
			}
		})
	}
}

// echo passes a valid final on, if it is the first of the round.
func (g *generation) echo(m *ocr1wire.Final) {
	if g.echoes.sent == nil {
		g.echoes.sent = m
		g.Emit(Broadcast{Message: &ocr1wire.FinalEcho{Final: *m}})
	}
}

// verify calls valid if the signatures of a final are; otherwise the message that it came in is dropped. Most finals of a
// round are the same, so that they are verified once.
func (g *generation) verify(from commontypes.OracleID, kind ocr1wire.Kind, m *ocr1wire.Final, valid func()) {
	if !g.checkSignatures(&m.AttestedReport) {
		g.Drop(from, kind, rounds.DropSignatureCount)
		return
	}
	if sent := g.echoes.sent; sent != nil && sameFinal(sent, m) {
		valid()
		return
	}
	hash := finalHash(m)
	if g.valid.Has(hash) {
		valid()
		return
	}
	report, err := g.onchainReport(g.Follower.Current(), m.AttestedReport.Observations)
	if err != nil {
		g.Drop(from, kind, rounds.DropBadSignature)
		return
	}
	call := rounds.Await(&g.Follower, rounds.StepVerifyingFinal, func(ev SignersRecovered) {
		if why, ok := g.checkSigners(len(m.AttestedReport.Signatures), ev.Signers); !ok {
			g.Drop(from, kind, why)
		} else {
			g.valid.Add(hash)
			valid()
		}
		g.Follower.Idle()
	})
	g.Emit(RecoverSigners{call, report, m.AttestedReport.Signatures})
}
