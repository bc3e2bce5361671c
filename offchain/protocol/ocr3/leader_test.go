package ocr3

import (
	"slices"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// TestHigherClaimDuringVerification: a claim above the one whose certificate is being verified may arrive before that is done. It
// must not get into the proof, which would be invalid with it.
func TestHigherClaimDuringVerification(t *testing.T) {
	cfg := Config{N: 4, F: 1, RMax: 1}
	cfg.OracleID = newPacemaker(newCore(cfg), nil).leader()
	m := New(cfg)
	now := time.Unix(1, 0)
	var last []kernel.Effect
	step := func(ev Event) { last = slices.Clone(m.Step(now, ev)) }
	verify := func() kernel.CallID { // the call that the last step made
		t.Helper()
		for _, effect := range last {
			if v, ok := effect.(kernel.Verify); ok {
				return v.ID
			}
		}
		t.Fatalf("nothing is verified: %v", last)
		return 0
	}
	signatures := make([]ocr3wire.AttributedSignature, 3)
	for i := range signatures {
		signatures[i].Signer = commontypes.OracleID(i)
	}
	request := func(from commontypes.OracleID, certificate ocr3wire.Certificate) {
		step(MessageReceived{From: from, Message: &ocr3wire.EpochStartRequest{
			Epoch: firstEpoch, HighestCertified: certificate,
			SignedHighestCertifiedTimestamp: ocr3wire.SignedHighestCertifiedTimestamp{HighestCertifiedTimestamp: certificate.Timestamp()},
		}})
	}
	step(Start{})
	chosen := &ocr3wire.CertifiedPrepare{PrepareEpoch: 1, SeqNr: 3, Outcome: []byte("outcome"), Signatures: signatures}
	for from, certificate := range []ocr3wire.Certificate{1: ocr3wire.Genesis(), 2: ocr3wire.Genesis(), 3: chosen} {
		if certificate != nil {
			request(commontypes.OracleID(from), certificate)
			step(kernel.Verified{ID: verify(), Bad: -1})
		}
	}
	certificateCall := verify()
	request(0, &ocr3wire.CertifiedCommit{CommitEpoch: 1, SeqNr: 3, Outcome: []byte("outcome"), Signatures: signatures})
	step(kernel.Verified{ID: verify(), Bad: -1})
	step(kernel.Verified{ID: certificateCall, Bad: -1})
	signed := slices.IndexFunc(last, func(e kernel.Effect) bool { _, ok := e.(kernel.SignOffchain); return ok })
	if signed < 0 {
		t.Fatalf("the epoch does not start: %v", last)
	}
	step(kernel.Signed{ID: last[signed].(kernel.SignOffchain).ID, Signature: make([]byte, 64)})
	for _, effect := range last {
		if b, ok := effect.(Broadcast); ok {
			proof := b.Message.(*ocr3wire.EpochStart).EpochStartProof
			if len(proof.HighestCertifiedProof) != 3 || proof.HighestCertified != ocr3wire.Certificate(chosen) {
				t.Errorf("got %s", b.Message)
			}
			for _, entry := range proof.HighestCertifiedProof {
				if entry.HighestCertifiedTimestamp.Compare(chosen.Timestamp()) > 0 {
					t.Errorf("the proof has the claim %s of oracle %d, above its certificate %s", entry.HighestCertifiedTimestamp, entry.Signer, chosen.Timestamp())
				}
			}
			return
		}
	}
	t.Errorf("there is no EPOCH-START: %v", last)
}
