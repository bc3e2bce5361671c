package peeridhelper

import (
	"bytes"
	"crypto/ed25519"
	"testing"

	"pgregory.net/rapid"

	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/test/vectors"
)

func TestVectors(t *testing.T) {
	vectors.Each(t, "testdata", []string{"network-domain-separated-signing.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.DecodeStrict[struct {
			Seed            vectors.Hex
			Message         vectors.Hex
			DomainSeparator vectors.Hex `json:"domain_separator"`
		}](t, c.Input)
		want := vectors.DecodeStrict[struct{ Payload, Signature vectors.Hex }](t, c.Output)

		payload := MakePeerIDSignatureDomainSeparatedPayload(string(in.DomainSeparator), in.Message)
		if !bytes.Equal(payload, want.Payload) {
			t.Errorf("payload is %x, want %v", payload, want.Payload)
		}
		keyring := testKeyring(t, in.Seed)
		k := NewDomainSeparatedPeerKeyring(string(in.DomainSeparator), keyring)
		signature, err := k.Sign(in.Message)
		if err != nil || !bytes.Equal(signature, want.Signature) {
			t.Errorf("signature is %x, %v, want %v", signature, err, want.Signature)
		}
		if !k.Verify(keyring.PublicKey(), in.Message, want.Signature) {
			t.Error("signature does not verify")
		}
		if k.Verify(keyring.PublicKey(), append(in.Message, 0), want.Signature) {
			t.Error("signature verifies for another message")
		}
		other := NewDomainSeparatedPeerKeyring(string(in.DomainSeparator)+"x", keyring)
		if other.Verify(keyring.PublicKey(), in.Message, want.Signature) {
			t.Error("signature verifies for another purpose")
		}
		if s, pk := k.DomainSeparatorAndPublicKey(); s != string(in.DomainSeparator) || pk != keyring.PublicKey() {
			t.Errorf("DomainSeparatorAndPublicKey returns %q, %x", s, pk)
		}
	})
}

// Different pairs of purpose and message must never give the same payload.
func TestPayloadIsInjective(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bytesOf := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 2}), 0, 12)
		s1, s2 := string(bytesOf.Draw(t, "s1")), string(bytesOf.Draw(t, "s2"))
		m1, m2 := bytesOf.Draw(t, "m1"), bytesOf.Draw(t, "m2")
		if s1 == s2 && bytes.Equal(m1, m2) {
			return
		}
		if bytes.Equal(MakePeerIDSignatureDomainSeparatedPayload(s1, m1), MakePeerIDSignatureDomainSeparatedPayload(s2, m2)) {
			t.Fatalf("(%q, %x) and (%q, %x) have the same payload", s1, m1, s2, m2)
		}
	})
}

func testKeyring(t *testing.T, seed []byte) *peerid.PrivateKeyKeyring {
	t.Helper()
	keyring, err := peerid.NewPrivateKeyKeyring(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		t.Fatal(err)
	}
	return keyring
}
