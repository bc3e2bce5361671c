package announcement

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/test/vectors"
)

type runCase = func(*testing.T, vectors.File, vectors.Case)

func keyring(t testing.TB, seed vectors.Hex) p2ptypes.PeerKeyring {
	t.Helper()
	s := seed.Array32(t)
	k, err := peerid.NewPrivateKeyKeyring(ed25519.NewKeyFromSeed(s[:]))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestAnnouncementVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"network-announcements.json"}, vectors.Kinds{Run: map[string]runCase{
		"sign":   signCase,
		"verify": verifyCase,
	}})
}

func signCase(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind    string
		Seed    vectors.Hex
		Addrs   []p2ptypes.Address
		Counter vectors.U64
	}](t, c.Input)
	want := vectors.DecodeStrict[struct {
		Preimage, Digest, Signature, Serialized, Wrapped vectors.Hex
		PeerID                                           string      `json:"peer_id"`
		PublicKey                                        vectors.Hex `json:"public_key"`
	}](t, c.Output)
	k := keyring(t, in.Seed)
	a, err := Sign(in.Addrs, uint64(in.Counter), k.PublicKey(), k.Sign)
	if err != nil {
		t.Fatal(err)
	}
	digest := a.Digest()
	for _, part := range []struct {
		name string
		got  []byte
		want vectors.Hex
	}{
		{"preimage", a.preimage(), want.Preimage},
		{"digest", digest[:], want.Digest},
		{"signature", a.Sig, want.Signature},
		{"serialized", a.Encode(), want.Serialized},
		{"wrapped", EncodeAnnouncement(a.Encode()), want.Wrapped},
		{"public key", a.PublicKey, want.PublicKey},
	} {
		if part.want != nil && string(part.got) != string(part.want) {
			t.Errorf("%s: got %x, want %x", part.name, part.got, []byte(part.want))
		}
	}
	if id, err := a.PeerID(); err != nil || id.String() != want.PeerID {
		t.Errorf("peer id %v, %v; want %s", id, err, want.PeerID)
	}
	back, err := Decode(want.Serialized)
	if err != nil || !back.Equal(a) || back.CheckWellFormed() != nil || back.VerifySignature() != nil {
		t.Errorf("decoded %v, %v", back, err)
	}
}

func verifyCase(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind       string
		Serialized vectors.Hex
	}](t, c.Input)
	want := vectors.DecodeStrict[struct {
		Accept     bool
		Addrs      []p2ptypes.Address
		Counter    vectors.U64
		PublicKey  vectors.Hex `json:"public_key"`
		Stage, Why string
	}](t, c.Output)
	a, err := Decode(in.Serialized)
	stage := "parse"
	if err == nil {
		stage = "verify"
		if err = a.CheckWellFormed(); err == nil {
			err = a.VerifySignature()
		}
	}
	if (err == nil) != want.Accept {
		t.Fatalf("got error %v, want accept = %v (%s)", err, want.Accept, want.Why)
	}
	if err != nil {
		if stage != want.Stage {
			t.Errorf("refused at stage %s (%v), want %s (%s)", stage, err, want.Stage, want.Why)
		}
		return
	}
	if !slices.Equal(a.Addresses, want.Addrs) || a.Counter != uint64(want.Counter) || string(a.PublicKey) != string(want.PublicKey) {
		t.Errorf("got %v, want %s", a, c.Output)
	}
}

func TestMessageVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"network-discovery-messages.json"}, vectors.Kinds{Run: map[string]runCase{
		"encode":             encodeCase,
		"decode":             decodeCase,
		"size":               sizeCase,
		"announce-addresses": announceAddressesCase,
		"interface-order":    interfaceOrderCase,
	}})
}

func encodeCase(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind, Type    string
		Announcements []vectors.Hex
	}](t, c.Input)
	want := vectors.DecodeStrict[struct{ Bytes vectors.Hex }](t, c.Output)
	var encoded [][]byte
	for _, b := range in.Announcements {
		a, err := Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		encoded = append(encoded, a.Encode())
	}
	var got []byte
	switch in.Type {
	case "announcement":
		got = EncodeAnnouncement(encoded[0])
	case "reconcile":
		got = EncodeReconcile(encoded)
	default:
		t.Fatalf("unknown type %q", in.Type)
	}
	if string(got) != string(want.Bytes) {
		t.Errorf("got %x, want %x", got, []byte(want.Bytes))
	}
}

func decodeCase(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind  string
		Bytes vectors.Hex
	}](t, c.Input)
	want := vectors.DecodeStrict[struct {
		Result, Type, Why string
		Count             int
		WellFormed        bool   `json:"well_formed"`
		EachVerifies      []bool `json:"each_verifies"`
	}](t, c.Output)
	m, err := DecodeMessage(in.Bytes)
	switch want.Result {
	case "drop-unparseable":
		if err == nil {
			t.Errorf("got %+v, want an error: %s", m, want.Why)
		}
		return
	case "parsed":
		if err != nil {
			t.Fatal(err)
		}
	default:
		t.Fatalf("unknown result %q", want.Result)
	}
	kinds := map[string]Kind{"announcement": KindAnnouncement, "reconcile": KindReconcile}
	if m.Kind != kinds[want.Type] || m.Count != want.Count {
		t.Errorf("got kind %d with %d announcements, want a %s with %d", m.Kind, m.Count, want.Type, want.Count)
	}
	if err := m.CheckWellFormed(); (err == nil) != want.WellFormed {
		t.Errorf("well-formed: got %v, want %v (%s)", err, want.WellFormed, want.Why)
	}
	for i, verifies := range want.EachVerifies {
		a := m.Announcements[i]
		if got := a.CheckWellFormed() == nil && a.VerifySignature() == nil; got != verifies {
			t.Errorf("announcement %d verifies: got %v, want %v", i, got, verifies)
		}
	}
}

func sizeCase(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind          string
		AddressLength int `json:"address_length"`
		AddressesEach int `json:"addresses_each"`
		Announcements int
		Counter       vectors.U64
	}](t, c.Input)
	want := vectors.DecodeStrict[struct{ Length, Limit int }](t, c.Output)
	const longest = "[0000:0000:0000:0000:0000:ffff:255.255.255.255]:65535"
	if in.AddressLength != MaxAddressLength || in.AddressesEach != MaxAddresses || in.Announcements != MaxOracles {
		t.Fatalf("bounds are %d, %d, %d; want %s", MaxAddressLength, MaxAddresses, MaxOracles, c.Input)
	}
	k := keyring(t, make([]byte, 32))
	a, err := Sign(slices.Repeat([]p2ptypes.Address{longest}, in.AddressesEach), uint64(in.Counter), k.PublicKey(), k.Sign)
	if err != nil {
		t.Fatal(err)
	}
	message := EncodeReconcile(slices.Repeat([][]byte{a.Encode()}, in.Announcements))
	if len(message) != want.Length || MaxMessageLength != want.Limit {
		t.Errorf("got %d bytes of %d, want %d of %d", len(message), MaxMessageLength, want.Length, want.Limit)
	}
	m, err := DecodeMessage(message)
	if err != nil || m.CheckWellFormed() != nil {
		t.Errorf("the longest message: %v, %v", err, m.CheckWellFormed())
	}
}

func announceAddressesCase(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind           string
		Configured     []string
		DetectedV4     []netip.Addr `json:"detected_v4"`
		DetectedV6     []netip.Addr `json:"detected_v6"`
		DetectionFails bool         `json:"detection_fails"`
	}](t, c.Input)
	want := vectors.DecodeStrict[struct {
		OK    bool `json:"ok"`
		Addrs []p2ptypes.Address
	}](t, c.Output)
	got, dropped, err := OwnAddresses(in.Configured, func() (v4, v6 []netip.Addr, err error) {
		if in.DetectionFails {
			return nil, nil, errors.New("no")
		}
		return in.DetectedV4, in.DetectedV6, nil
	})
	if (err == nil) != want.OK || !slices.Equal(got, want.Addrs) {
		t.Errorf("got %q, %v; want %s", got, err, c.Output)
	}
	if (dropped > 0) != strings.Contains(c.Name, "trim") {
		t.Errorf("dropped %d", dropped)
	}
}

func interfaceOrderCase(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind               string
		InterfaceAddresses []string `json:"interface_addresses"`
	}](t, c.Input)
	want := vectors.DecodeStrict[struct {
		OK     bool `json:"ok"`
		V4, V6 []netip.Addr
	}](t, c.Output)
	v4, v6, err := SplitInterfaces(in.InterfaceAddresses)
	if (err == nil) != want.OK || !slices.Equal(v4, want.V4) || !slices.Equal(v6, want.V6) {
		t.Errorf("got %v, %v, %v; want %s", v4, v6, err, c.Output)
	}
}

// vectorBytes returns all serialized announcements and messages among the vectors, as seeds for fuzzing.
func vectorBytes(t testing.TB, file, member string) [][]byte {
	var all [][]byte
	for _, f := range vectors.Files(t, "testdata", file) {
		for _, c := range f.Cases {
			var members map[string]json.RawMessage
			if err := json.Unmarshal(c.Input, &members); err != nil {
				t.Fatal(err)
			}
			if raw, ok := members[member]; ok {
				all = append(all, vectors.Decode[vectors.Hex](t, raw))
			}
		}
	}
	if len(all) == 0 {
		t.Fatalf("%s has no %s", file, member)
	}
	return all
}
