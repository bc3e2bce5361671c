package ocr3

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// desk is a follower whose calls are answered at once: signatures are made and found good, and commits are written unless the
// disk is broken.
type desk struct {
	*Machine
	t      *testing.T
	leader commontypes.OracleID
	broken bool
	// effects are all of them, in order.
	effects []kernel.Effect
}

func newDesk(t *testing.T) *desk {
	cfg := Config{N: 4, F: 1, RMax: 10}
	leader := newPacemaker(newCore(cfg), nil).leader()
	cfg.OracleID = (leader + 1) % 4
	d := &desk{Machine: New(cfg), t: t, leader: leader}
	d.step(Start{})
	return d
}

func (d *desk) step(ev Event) {
	for _, effect := range slices.Clone(d.Step(time.Unix(1, 0), ev)) {
		d.effects = append(d.effects, effect)
		switch e := effect.(type) {
		case kernel.SignOffchain:
			d.step(kernel.Signed{ID: e.ID, Signature: make([]byte, 64)})
		case kernel.Verify:
			d.step(kernel.Verified{ID: e.ID, Bad: -1})
		case kernel.VerifyEach:
			d.step(kernel.VerifiedEach{ID: e.ID, Good: slices.Repeat([]bool{true}, len(e.Checks))})
		case WriteCertificate:
			var err error
			if _, commit := e.Certificate.(*ocr3wire.CertifiedCommit); commit && d.broken {
				err = errors.New("broken disk")
			}
			d.step(CertificateWritten{ID: e.ID, Err: err})
		}
	}
}

func (d *desk) receive(from commontypes.OracleID, m ocr3wire.Message) {
	d.step(MessageReceived{From: from, Message: m})
}

func (d *desk) start(certificate ocr3wire.Certificate) {
	var proof []ocr3wire.AttributedSignedHighestCertifiedTimestamp
	for id := range commontypes.OracleID(3) {
		proof = append(proof, ocr3wire.AttributedSignedHighestCertifiedTimestamp{
			SignedHighestCertifiedTimestamp: ocr3wire.SignedHighestCertifiedTimestamp{HighestCertifiedTimestamp: certificate.Timestamp(), Signature: make([]byte, 64), Signature31: make([]byte, 64)},
			Signer:                          id,
		})
	}
	d.receive(d.leader, &ocr3wire.EpochStart{Epoch: firstEpoch, EpochStartProof: ocr3wire.EpochStartProof{HighestCertified: certificate, HighestCertifiedProof: proof}})
}

// observes counts for which sequence numbers the plugin was asked for an observation.
func (d *desk) observes() (list []uint64) {
	for _, effect := range d.effects {
		if call, ok := effect.(CallObservation); ok {
			list = append(list, call.Context.SeqNr)
		}
	}
	return list
}

func (d *desk) expect(when string, writes int, observes ...uint64) {
	d.t.Helper()
	tried := 0
	for _, effect := range d.effects {
		if w, ok := effect.(WriteCertificate); ok {
			if _, commit := w.Certificate.(*ocr3wire.CertifiedCommit); commit {
				tried++
			}
		}
	}
	if tried != writes || !slices.Equal(d.observes(), observes) {
		d.t.Errorf("%s: %d attempts to write the commit and observations for %v; want %d and %v", when, tried, d.observes(), writes, observes)
	}
}

// TestCommitThatCannotBeWritten: an oracle that cannot write the commit with which an epoch starts, or that of an outcome proposed
// again, takes no part in another round in its place, whatever the leader says. It tries again.
func TestCommitThatCannotBeWritten(t *testing.T) {
	signatures := make([]ocr3wire.AttributedSignature, 3)
	for i := range signatures {
		signatures[i] = ocr3wire.AttributedSignature{Signature: make([]byte, 64), Signer: commontypes.OracleID(i)}
	}
	for name, begin := range map[string]func(*desk){
		"start after a commit": func(d *desk) {
			d.start(&ocr3wire.CertifiedCommit{CommitEpoch: 0, SeqNr: 3, Outcome: []byte("outcome"), Signatures: signatures})
		},
		"proposed again": func(d *desk) {
			d.start(&ocr3wire.CertifiedPrepare{PrepareEpoch: 0, SeqNr: 3, Outcome: []byte("outcome"), Signatures: signatures})
			for id := range commontypes.OracleID(4) {
				d.receive(id, &ocr3wire.Prepare{Epoch: firstEpoch, SeqNr: 3, Signature: make([]byte, 64)})
			}
			for id := range commontypes.OracleID(3) {
				d.receive(id, &ocr3wire.Commit{Epoch: firstEpoch, SeqNr: 3, Signature: make([]byte, 64)})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.broken = true
			begin(d)
			d.expect("when it fails", 1)
			for _, seqNr := range []uint64{1, 3, 4} {
				d.receive(d.leader, &ocr3wire.RoundStart{Epoch: firstEpoch, SeqNr: seqNr})
			}
			d.expect("after the leader's rounds", 1)
			d.step(TimerFired{Timer: TimerResend})
			d.expect("when it fails again", 2)
			d.broken = false
			d.step(TimerFired{Timer: TimerResend})
			d.receive(d.leader, &ocr3wire.RoundStart{Epoch: firstEpoch, SeqNr: 4})
			d.expect("when it is written", 3, 4)
			if got := d.Status().CommittedSeqNr; got != 3 {
				t.Errorf("committed %d, want 3", got)
			}
		})
	}
}
