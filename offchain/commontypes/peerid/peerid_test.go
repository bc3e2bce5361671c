package peerid

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"encoding/json"
	"strings"
	"testing"

	"github.com/ocrkit/ocrkit/test/vectors"
)

func TestVectors(t *testing.T) {
	vectors.EachKind(t, "../testdata", []string{"config-encoding.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"peerID":              runPeerID,
			"peerIDFromPublicKey": runFromPublicKey,
			"peerIDParse":         runParse,
			"peerPrivateKey":      runPrivateKey,
		},
		Elsewhere: map[string]string{
			"serializeSigned":            "offchain/bigbigendian",
			"deserializeSigned":          "offchain/bigbigendian",
			"quorum":                     "offchain/quorumhelper",
			"bootstrapperLocator":        "offchain/commontypes",
			"medianOnchainConfig":        "offchain/plugins/median",
			"medianOnchainConfigDecode":  "offchain/plugins/median",
			"medianOffchainConfig":       "offchain/plugins/median",
			"medianOffchainConfigDecode": "offchain/plugins/median",
		},
	})
}

// checkForms compares both forms of an id, in both directions.
func checkForms(t *testing.T, id PeerID, text string, binary []byte) {
	t.Helper()
	if got := id.String(); got != text {
		t.Errorf("text: got %s, want %s", got, text)
	}
	if got, err := id.MarshalText(); err != nil || string(got) != text {
		t.Errorf("MarshalText: got %s, %v, want %s", got, err, text)
	}
	if got, err := id.MarshalBinary(); err != nil || !bytes.Equal(got, binary) {
		t.Errorf("binary: got %x, %v, want %x", got, err, binary)
	}
	var back PeerID
	if err := back.UnmarshalText([]byte(text)); err != nil || back != id {
		t.Errorf("UnmarshalText: got %v, %v, want %v", back, err, id)
	}
	back = PeerID{}
	if err := back.UnmarshalBinary(binary); err != nil || back != id {
		t.Errorf("UnmarshalBinary: got %v, %v, want %v", back, err, id)
	}
}

func runPeerID(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind                 string
		Ed25519Seed, Message vectors.Hex
	}](t, c.Input)
	out := vectors.DecodeStrict[struct {
		Binary, PeerPublicKey, Signature vectors.Hex
		Text                             string
	}](t, c.Output)

	sk := ed25519.NewKeyFromSeed(in.Ed25519Seed)
	id, err := PeerIDFromPrivateKey(sk)
	if err != nil {
		t.Fatal(err)
	}
	checkForms(t, id, out.Text, out.Binary)

	keyring, err := NewPrivateKeyKeyring(sk)
	if err != nil {
		t.Fatal(err)
	}
	pk := keyring.PublicKey()
	if !bytes.Equal(pk[:], out.PeerPublicKey) {
		t.Errorf("public key: got %x, want %v", pk, out.PeerPublicKey)
	}
	if sig, err := keyring.Sign(in.Message); err != nil || !bytes.Equal(sig, out.Signature) {
		t.Errorf("signature: got %x, %v, want %v", sig, err, out.Signature)
	}
	if PeerIDFromKeyring(keyring) != id || PeerIDFromPeerPublicKey(pk) != id {
		t.Error("the ids of the keyring, the public key and the private key differ")
	}
	if !Ed25519PublicKeyFromPeerPublicKey(pk).Equal(sk.Public()) || MustPeerPublicKeyFromGenericPublicKey(sk.Public()) != pk {
		t.Error("conversion from or to a key of the standard library changes the key")
	}
}

func runFromPublicKey(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind      string
		PublicKey vectors.Hex
	}](t, c.Input)
	id, err := PeerIDFromPublicKey(ed25519.PublicKey(in.PublicKey))
	if c.Rejected() {
		if err == nil {
			t.Errorf("accepted a key of %d bytes as %v", len(in.PublicKey), id)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	out := vectors.DecodeStrict[struct {
		Binary vectors.Hex
		Text   string
	}](t, c.Output)
	checkForms(t, id, out.Text, out.Binary)
}

func runParse(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct{ Kind, Text string }](t, c.Input)
	id, err := Parse(in.Text)
	if c.Rejected() {
		if err == nil {
			t.Errorf("accepted %q as %v", in.Text, id)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	out := vectors.DecodeStrict[struct{ PublicKey vectors.Hex }](t, c.Output)
	if !bytes.Equal(id[:], out.PublicKey) {
		t.Errorf("got %x, want %v", id[:], out.PublicKey)
	}
}

func runPrivateKey(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind       string
		PrivateKey vectors.Hex
	}](t, c.Input)
	keyring, err := NewPrivateKeyKeyring(ed25519.PrivateKey(in.PrivateKey))
	_, errID := PeerIDFromPrivateKey(ed25519.PrivateKey(in.PrivateKey))
	if c.Rejected() {
		if err == nil || errID == nil {
			t.Errorf("accepted: keyring error %v, id error %v", err, errID)
		}
		return
	}
	if err != nil || errID != nil {
		t.Fatal(err, errID)
	}
	out := vectors.DecodeStrict[struct{ PublicKey vectors.Hex }](t, c.Output)
	if pk := keyring.PublicKey(); !bytes.Equal(pk[:], out.PublicKey) {
		t.Errorf("got %x, want %v", pk, out.PublicKey)
	}
}

func TestKeyringKeepsItsOwnCopy(t *testing.T) {
	sk := ed25519.NewKeyFromSeed(make([]byte, 32))
	keyring, err := NewPrivateKeyKeyring(sk)
	if err != nil {
		t.Fatal(err)
	}
	pk := keyring.PublicKey()
	clear(sk)
	if sig, err := keyring.Sign([]byte("m")); err != nil || !ed25519.Verify(pk[:], []byte("m"), sig) {
		t.Errorf("signature does not verify after the caller cleared its key (error %v)", err)
	}
}

func TestGenericPublicKeysRefused(t *testing.T) {
	for _, pk := range []crypto.PublicKey{nil, 1, &ecdsa.PublicKey{}, ed25519.PublicKey(nil), make(ed25519.PublicKey, 31), make([]byte, 32)} {
		if _, err := PeerPublicKeyFromGenericPublicKey(pk); err == nil {
			t.Errorf("accepted a %T", pk)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("MustPeerPublicKeyFromGenericPublicKey did not panic on a %T", pk)
				}
			}()
			MustPeerPublicKeyFromGenericPublicKey(pk)
		}()
	}
}

func TestUnmarshalLeavesIDOnError(t *testing.T) {
	id := PeerID{1, 2, 3}
	want := id
	good := id.String()
	for _, text := range []string{"", good[:51], good + "1", "p2p_" + good, strings.Replace(good, "1", "0", 1), "1" + good[:51], " " + good[1:], strings.Repeat("z", TextLength), strings.Repeat("1", 1<<20)} {
		if id.UnmarshalText([]byte(text)) == nil || id != want {
			t.Errorf("%.60q: accepted, or the id was changed", text)
		}
	}
	binary, _ := id.MarshalBinary()
	for i := range len(binaryPrefix) {
		bad := bytes.Clone(binary)
		bad[i] ^= 1
		if id.UnmarshalBinary(bad) == nil || id != want {
			t.Errorf("prefix byte %d changed: accepted, or the id was changed", i)
		}
	}
	for _, bad := range [][]byte{nil, binary[:37], append(bytes.Clone(binary), 0), binary[6:]} {
		if id.UnmarshalBinary(bad) == nil || id != want {
			t.Errorf("%d bytes: accepted, or the id was changed", len(bad))
		}
	}
}

func TestJSON(t *testing.T) {
	id := PeerID{4, 5, 6}
	b, err := json.Marshal(map[PeerID]PeerID{id: id})
	if err != nil || string(b) != `{"`+id.String()+`":"`+id.String()+`"}` {
		t.Errorf("got %s, %v", b, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(PeerID{}.String())
	f.Add(PeerID{255, 1}.String())
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if id, err := Parse(text); err == nil && id.String() != text {
			t.Errorf("%q parses to an id with text %q", text, id)
		}
	})
}

func FuzzUnmarshalBinary(f *testing.F) {
	b, _ := PeerID{7}.MarshalBinary()
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var id PeerID
		if id.UnmarshalBinary(b) != nil {
			return
		}
		if back, err := id.MarshalBinary(); err != nil || !bytes.Equal(back, b) {
			t.Errorf("%x decodes to an id that encodes to %x, %v", b, back, err)
		}
		if len(id.String()) != TextLength {
			t.Errorf("text of %x has %d characters", id[:], len(id.String()))
		}
	})
}
