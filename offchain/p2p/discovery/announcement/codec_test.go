package announcement

import (
	"bytes"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/ocrkit/ocrkit/offchain/p2p/discovery/announcement/discopb"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

type failer interface{ Fatalf(string, ...any) }

// checkDecode compares what Decode and the generated code make of some bytes.
func checkDecode(t failer, b []byte) {
	got, err := Decode(b)
	var want discopb.SignedAnnouncement
	wantErr := proto.Unmarshal(b, &want)
	if (err != nil) != (wantErr != nil) {
		t.Fatalf("decode %x: got error %v, the generated code gives %v", b, err, wantErr)
	}
	if err != nil {
		return
	}
	checkSame(t, got, &want)
	if len(want.Addrs) > MaxAddresses {
		if got.CheckWellFormed() == nil {
			t.Fatalf("decode %x: %d addresses are well-formed", b, len(want.Addrs))
		}
		return
	}
	want.ProtoReflect().SetUnknown(nil)
	encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(&want)
	if err != nil {
		t.Fatalf("the generated code does not encode: %v", err)
	}
	if !bytes.Equal(got.Encode(), encoded) {
		t.Fatalf("encode %v: got %x, want %x", got, got.Encode(), encoded)
	}
}

func checkSame(t failer, got Announcement, want *discopb.SignedAnnouncement) {
	var addresses []p2ptypes.Address
	for _, address := range want.Addrs {
		addresses = append(addresses, p2ptypes.Address(address))
	}
	if len(addresses) > MaxAddresses {
		addresses = addresses[:MaxAddresses+1]
	}
	if !got.Equal(Announcement{addresses, want.Counter, want.PublicKey, want.Sig}) {
		t.Fatalf("got %+v, want %v", got, want)
	}
}

// checkDecodeMessage compares what DecodeMessage and the generated code make of some bytes.
func checkDecodeMessage(t failer, b []byte) {
	got, err := DecodeMessage(b)
	var want discopb.MessageWrapper
	wantErr := proto.Unmarshal(b, &want)
	if ok := wantErr == nil && want.Msg != nil; ok != (err == nil) {
		t.Fatalf("decode %x: got error %v, the generated code gives %v, %v", b, err, &want, wantErr)
	}
	if err != nil {
		return
	}
	var list []*discopb.SignedAnnouncement
	kind := KindReconcile
	switch m := want.Msg.(type) {
	case *discopb.MessageWrapper_MessageSignedAnnouncement:
		kind, list = KindAnnouncement, append(list, m.MessageSignedAnnouncement)
	case *discopb.MessageWrapper_MessageReconcile:
		list = m.MessageReconcile.Anns
	}
	if got.Kind != kind || got.Count != len(list) || len(got.Announcements) != min(len(list), MaxOracles+1) {
		t.Fatalf("decode %x: got %+v, want %v", b, got, list)
	}
	for i, a := range got.Announcements {
		checkSame(t, a, list[i])
	}
	if len(list) > MaxOracles && got.CheckWellFormed() == nil {
		t.Fatalf("decode %x: %d announcements are well-formed", b, len(list))
	}
	if got.CheckWellFormed() == nil {
		var encoded [][]byte
		for _, a := range got.Announcements {
			encoded = append(encoded, a.Encode())
		}
		again := EncodeReconcile(encoded)
		if kind == KindAnnouncement {
			again = EncodeAnnouncement(encoded[0])
		}
		if back, err := DecodeMessage(again); err != nil || back.Kind != kind || !slices.EqualFunc(back.Announcements, got.Announcements, Announcement.Equal) {
			t.Fatalf("encoded to %x, decoded to %+v, %v; want %+v", again, back, err, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, b := range vectorBytes(f, "network-announcements.json", "serialized") {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) <= MaxMessageLength {
			checkDecode(t, b)
		}
	})
}

func FuzzDecodeMessage(f *testing.F) {
	for _, b := range vectorBytes(f, "network-discovery-messages.json", "bytes") {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) <= MaxMessageLength {
			checkDecodeMessage(t, b)
		}
	})
}

// TestArbitraryProtobuf feeds well-formed protobuf with the schema's numbers in unusual places.
func TestArbitraryProtobuf(t *testing.T) {
	var fields func(depth int) *rapid.Generator[[]byte]
	fields = func(depth int) *rapid.Generator[[]byte] {
		return rapid.Custom(func(t *rapid.T) []byte {
			var b []byte
			for range rapid.IntRange(0, 5).Draw(t, "fields") {
				num := protowire.Number(rapid.IntRange(1, 5).Draw(t, "number"))
				switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
				case kind == 0:
					b = protowire.AppendTag(b, num, protowire.Fixed64Type)
					b = protowire.AppendFixed64(b, 7)
				case kind == 1:
					b = protowire.AppendTag(b, num, protowire.StartGroupType)
					b = protowire.AppendGroup(b, num, []byte{0x08, 0x01})
				case kind == 2:
					b = append(b, rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "garbage")...)
				case kind == 3:
					b = protowire.AppendTag(b, num, protowire.VarintType)
					b = protowire.AppendVarint(b, rapid.Uint64().Draw(t, "value"))
				case kind == 4 || depth == 0:
					b = protowire.AppendTag(b, num, protowire.BytesType)
					b = protowire.AppendString(b, rapid.SampledFrom([]string{"", "x", "192.0.2.1:80", strings.Repeat("k", 32)}).Draw(t, "content"))
				default:
					b = protowire.AppendTag(b, num, protowire.BytesType)
					b = protowire.AppendBytes(b, fields(depth-1).Draw(t, "sub"))
				}
			}
			return b
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		checkDecode(t, fields(1).Draw(t, "announcement"))
		checkDecodeMessage(t, fields(3).Draw(t, "message"))
	})
}

// TestMutated changes valid messages a little, which reaches deeper than arbitrary bytes.
func TestMutated(t *testing.T) {
	seeds := vectorBytes(t, "network-discovery-messages.json", "bytes")
	rapid.Check(t, func(t *rapid.T) {
		b := slices.Clone(rapid.SampledFrom(seeds).Draw(t, "message"))
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			if len(b) > 0 {
				b[rapid.IntRange(0, len(b)-1).Draw(t, "position")] = rapid.Byte().Draw(t, "byte")
			}
		}
		if rapid.Bool().Draw(t, "append") {
			b = append(b, rapid.SampledFrom(seeds).Draw(t, "second")...)
		}
		if len(b) <= MaxMessageLength {
			checkDecodeMessage(t, b)
		}
	})
}

func TestTooLong(t *testing.T) {
	long := protowire.AppendBytes(protowire.AppendTag(nil, 9, protowire.BytesType), make([]byte, MaxMessageLength))
	if _, err := Decode(long); err == nil || !strings.Contains(err.Error(), "at most 110000") {
		t.Errorf("Decode: got %v", err)
	}
	if _, err := DecodeMessage(long); err == nil || !strings.Contains(err.Error(), "at most 110000") {
		t.Errorf("DecodeMessage: got %v", err)
	}
}

// TestManyAddresses: a message full of empty addresses must not cost more memory than an honest one.
func TestManyAddresses(t *testing.T) {
	b := EncodeAnnouncement(bytes.Repeat([]byte{1<<3 | 2, 0}, 50_000))
	m, err := DecodeMessage(b)
	if err != nil || len(m.Announcements[0].Addresses) != MaxAddresses+1 {
		t.Fatalf("kept %d addresses, %v", len(m.Announcements[0].Addresses), err)
	}
	if err := m.CheckWellFormed(); err == nil {
		t.Error("50000 empty addresses are well-formed")
	}
	b = protowire.AppendTag(nil, 3, protowire.BytesType)
	b = protowire.AppendBytes(b, bytes.Repeat([]byte{1<<3 | 2, 0}, 50_000))
	m, err = DecodeMessage(b)
	if err != nil || m.Count != 50_000 || len(m.Announcements) != MaxOracles+1 {
		t.Fatalf("kept %d of %d announcements, %v", len(m.Announcements), m.Count, err)
	}
}

func TestDecodeDoesNotAlias(t *testing.T) {
	k := keyring(t, make([]byte, 32))
	a, err := Sign([]p2ptypes.Address{"192.0.2.1:1"}, math.MaxUint64, k.PublicKey(), k.Sign)
	if err != nil {
		t.Fatal(err)
	}
	b := a.Encode()
	back, err := Decode(b)
	clear(b)
	if err != nil || !back.Equal(a) {
		t.Errorf("got %v, %v; want %v", back, err, a)
	}
}

func TestSignRefuses(t *testing.T) {
	k := keyring(t, make([]byte, 32))
	for name, addresses := range map[string][]p2ptypes.Address{
		"no address":    {},
		"too many":      slices.Repeat([]p2ptypes.Address{"192.0.2.1:1"}, MaxAddresses+1),
		"no ip":         {":6690"},
		"name":          {"example.org:1"},
		"zone":          {"[fe80::1%eth0]:1"},
		"second is bad": {"192.0.2.1:1", "192.0.2.1"},
	} {
		if a, err := Sign(addresses, 0, k.PublicKey(), k.Sign); err == nil {
			t.Errorf("%s: got %v", name, a)
		}
	}
	if _, err := Sign([]p2ptypes.Address{"192.0.2.1:1"}, 0, k.PublicKey(), func([]byte) ([]byte, error) { return make([]byte, 64), nil }); err == nil {
		t.Error("a wrong signature of the keyring went unnoticed")
	}
}

func FuzzOwnAddresses(f *testing.F) {
	f.Add("0.0.0.0:6690", "192.0.2.1:80", "10.0.0.1/8", "fe80::1/64")
	f.Add("[::]:6690", ":1", "nonsense", "::1")
	f.Fuzz(func(t *testing.T, a, b, i, j string) {
		addresses, _, err := OwnAddresses([]string{a, b}, func() (v4, v6 []netip.Addr, err error) { return SplitInterfaces([]string{i, j}) })
		if err != nil || len(addresses) == 0 {
			return
		}
		// What goes out is what receivers accept.
		k := keyring(t, make([]byte, 32))
		if _, err := Sign(addresses, 0, k.PublicKey(), k.Sign); err != nil {
			t.Fatalf("%q, %q, %q, %q: %v", a, b, i, j, err)
		}
	})
}
