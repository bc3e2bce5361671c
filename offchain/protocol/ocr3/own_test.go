package ocr3

import (
	"slices"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// verified lists the signers of the signatures that were verified since the last time.
func (d *desk) verified() (signers []commontypes.OracleID) {
	for _, effect := range d.effects {
		if v, ok := effect.(kernel.VerifyEach); ok {
			for _, c := range v.Checks {
				signers = append(signers, c.Signer)
			}
		}
	}
	d.effects = nil
	return signers
}

// TestOwnVotes: an oracle verifies its own votes until one has turned out good, and from then on those that it has not made.
func TestOwnVotes(t *testing.T) {
	for name, test := range map[string]struct {
		own      []byte // the own commit when it comes back
		verifies bool
	}{
		"what was sent":  {make([]byte, 64), false},
		"something else": {append(make([]byte, 63), 1), true},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			me := d.cfg.OracleID
			voters := []commontypes.OracleID{me, d.leader, (d.leader + 2) % 4}
			slices.Sort(voters)
			d.start(&ocr3wire.CertifiedPrepare{PrepareEpoch: 0, SeqNr: 3, Outcome: []byte("outcome"), Signatures: []ocr3wire.AttributedSignature{
				{Signature: make([]byte, 64), Signer: 0}, {Signature: make([]byte, 64), Signer: 1}, {Signature: make([]byte, 64), Signer: 2},
			}})
			d.verified()
			for _, id := range voters {
				d.receive(id, &ocr3wire.Prepare{Epoch: firstEpoch, SeqNr: 3, Signature: make([]byte, 64)})
			}
			if got := d.verified(); !slices.Equal(got, voters) {
				t.Errorf("prepares of %v were verified, want %v", got, voters)
			}
			want := voters
			if !test.verifies {
				want = slices.DeleteFunc(slices.Clone(voters), func(id commontypes.OracleID) bool { return id == me })
			}
			for _, id := range voters {
				signature := make([]byte, 64)
				if id == me {
					signature = test.own
				}
				d.receive(id, &ocr3wire.Commit{Epoch: firstEpoch, SeqNr: 3, Signature: signature})
			}
			if got := d.verified(); !slices.Equal(got, want) {
				t.Errorf("commits of %v were verified, want %v", got, want)
			}
			commit, ok := d.certificates.highest.(*ocr3wire.CertifiedCommit)
			if !ok || len(commit.Signatures) != 3 || !slices.ContainsFunc(commit.Signatures, func(s ocr3wire.AttributedSignature) bool {
				return s.Signer == me && string(s.Signature) == string(test.own)
			}) {
				t.Errorf("the certificate is %v", d.certificates.highest)
			}
		})
	}
}
