package runtime

import (
	"crypto/ed25519"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/crypto/ed25519prep"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
)

// TestVerify verifies lists of all lengths, with good and bad signatures of both kinds in random places.
func TestVerify(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const oracles = 7
	var e engine
	var secrets []ed25519.PrivateKey
	for i := range oracles {
		secret := ed25519.NewKeyFromSeed(slices.Repeat([]byte{byte(i)}, 32))
		secrets = append(secrets, secret)
		e.offchainKeys = append(e.offchainKeys, ed25519prep.Cached([32]byte(secret.Public().(ed25519.PublicKey))))
	}
	answers := make(chan any)
	e.box.handle, e.box.rest = func(m mail) { answers <- m.event }, func() {}
	e.box.open(mail{})
	<-answers
	defer e.running.Wait()
	e.checkOnchain = func(c *kernel.SignatureCheck) bool { return string(c.Signature) == "good" }
	for n := range 70 {
		checks, want := make([]kernel.SignatureCheck, n), make([]bool, n)
		firstBad := -1
		badness := r.IntN(3) * r.IntN(10) // in percent
		for i := range checks {
			want[i] = r.IntN(100) >= badness
			c := kernel.SignatureCheck{Signer: commontypes.OracleID(r.IntN(oracles)), Message: []byte{byte(n), byte(i)}}
			if r.IntN(4) == 0 {
				c.Kind, c.Signature = kernel.OnchainSignature, []byte("good")
			} else {
				c.Kind, c.Signature = kernel.OffchainSignature, ed25519.Sign(secrets[c.Signer], c.Message)
			}
			if !want[i] {
				if firstBad < 0 {
					firstBad = i
				}
				switch r.IntN(3) {
				case 0:
					c.Signer = oracles
				case 1:
					c.Kind = 99
				case 2:
					c.Signature[r.IntN(len(c.Signature))] ^= 1
				}
			}
			checks[i] = c
		}
		e.verify(kernel.Verify{ID: 5, Checks: checks})
		if v := (<-answers).(kernel.Verified); v.ID != 5 || v.Bad != firstBad {
			t.Errorf("%d checks: got %+v, want the first bad one at %d", n, v, firstBad)
		}
		e.verifyEach(kernel.VerifyEach{ID: 6, Checks: checks})
		if v := (<-answers).(kernel.VerifiedEach); v.ID != 6 || !slices.Equal(v.Good, want) {
			t.Errorf("%d checks: got %+v, want %v", n, v, want)
		}
	}
}
