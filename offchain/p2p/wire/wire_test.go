package wire

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"errors"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/test/vectors"
)

type run = func(t *testing.T, f vectors.File, c vectors.Case)

func testKeyring(t testing.TB, seed []byte) *peerid.PrivateKeyKeyring {
	t.Helper()
	keyring, err := peerid.NewPrivateKeyKeyring(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		t.Fatal(err)
	}
	return keyring
}

// accepts compares a verdict with that of a case.
func accepts(t *testing.T, c vectors.Case, err error) {
	t.Helper()
	out := vectors.Decode[struct {
		Accept *bool
		Why    string
	}](t, c.Output)
	if out.Accept == nil {
		t.Fatal("case has no verdict")
	}
	if (err == nil) != *out.Accept {
		t.Errorf("error is %v, want accept = %v (%s)", err, *out.Accept, out.Why)
	}
}

func TestPeerIDVectors(t *testing.T) {
	type output struct {
		PublicKey vectors.Hex `json:"public_key"`
		Binary    vectors.Hex
		Text      string
	}
	encoded := func(t *testing.T, id p2ptypes.PeerID, want output) {
		t.Helper()
		if id.String() != want.Text {
			t.Errorf("text is %v, want %v", id, want.Text)
		}
		if b, err := id.MarshalBinary(); err != nil || !bytes.Equal(b, want.Binary) {
			t.Errorf("binary is %x, %v, want %v", b, err, want.Binary)
		}
	}
	decoded := func(t *testing.T, c vectors.Case, id p2ptypes.PeerID, err error) {
		t.Helper()
		accepts(t, c, err)
		if want := vectors.Decode[output](t, c.Output).PublicKey; err == nil && !bytes.Equal(id[:], want) {
			t.Errorf("key is %x, want %v", id[:], want)
		}
	}
	vectors.EachKind(t, "testdata", []string{"network-peerids.json"}, vectors.Kinds{Run: map[string]run{
		"encode": func(t *testing.T, _ vectors.File, c vectors.Case) {
			seed := vectors.Decode[struct{ Seed vectors.Hex }](t, c.Input).Seed
			want := vectors.Decode[output](t, c.Output)
			id := peerid.PeerIDFromKeyring(testKeyring(t, seed))
			if !bytes.Equal(id[:], want.PublicKey) {
				t.Errorf("key is %x, want %v", id[:], want.PublicKey)
			}
			encoded(t, id, want)
		},
		"encode-raw": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.Decode[output](t, c.Input)
			encoded(t, in.PublicKey.Array32(t), vectors.Decode[output](t, c.Output))
		},
		"decode-text": func(t *testing.T, _ vectors.File, c vectors.Case) {
			var id p2ptypes.PeerID
			err := id.UnmarshalText([]byte(vectors.Decode[output](t, c.Input).Text))
			decoded(t, c, id, err)
		},
		"decode-binary": func(t *testing.T, _ vectors.File, c vectors.Case) {
			var id p2ptypes.PeerID
			err := id.UnmarshalBinary(vectors.Decode[output](t, c.Input).Binary)
			decoded(t, c, id, err)
		},
		"private-key": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.Decode[struct {
				Key vectors.Hex `json:"private_key"`
			}](t, c.Input)
			_, err := peerid.NewPrivateKeyKeyring(ed25519.PrivateKey(in.Key))
			accepts(t, c, err)
			_, err = peerid.PeerIDFromPrivateKey(ed25519.PrivateKey(in.Key))
			accepts(t, c, err)
		},
		"locator": func(t *testing.T, _ vectors.File, c vectors.Case) {
			var l commontypes.BootstrapperLocator
			err := l.UnmarshalText([]byte(vectors.Decode[output](t, c.Input).Text))
			accepts(t, c, err)
			if err != nil {
				return
			}
			want := vectors.Decode[struct {
				PeerID    string `json:"peer_id"`
				Addrs     []string
				Reencoded string
			}](t, c.Output)
			text, err := l.MarshalText()
			if err != nil || string(text) != want.Reencoded {
				t.Errorf("encodes as %s, %v, want %s", text, err, want.Reencoded)
			}
			if l.PeerID != want.PeerID || len(l.Addrs) != len(want.Addrs) {
				t.Fatalf("is %v, want %v", l, want)
			}
			for i := range l.Addrs {
				if l.Addrs[i] != want.Addrs[i] {
					t.Errorf("address %d is %q, want %q", i, l.Addrs[i], want.Addrs[i])
				}
			}
		},
	}})
}

func TestKnockVectors(t *testing.T) {
	type input struct {
		Listener vectors.Hex `json:"listener_public_key"`
		Seed     vectors.Hex `json:"dialer_seed"`
		Knock    vectors.Hex
	}
	vectors.EachKind(t, "testdata", []string{"network-knock.json"}, vectors.Kinds{Run: map[string]run{
		"build": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.Decode[input](t, c.Input)
			want := vectors.DecodeStrict[struct {
				Knock   vectors.Hex
				Message vectors.Hex `json:"signed_message"`
			}](t, c.Output)
			if got := KnockMessage(in.Listener.Array32(t)); !bytes.Equal(got, want.Message) {
				t.Errorf("message is %x, want %v", got, want.Message)
			}
			if got, err := NewKnock(testKeyring(t, in.Seed), in.Listener.Array32(t)); err != nil || !bytes.Equal(got, want.Knock) {
				t.Errorf("knock is %x, %v, want %v", got, err, want.Knock)
			}
		},
		"verify": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.Decode[input](t, c.Input)
			want := vectors.Decode[struct {
				SelfDial bool        `json:"self_dial"`
				Dialer   vectors.Hex `json:"dialer_public_key"`
			}](t, c.Output)
			dialer, err := CheckKnock(in.Knock, in.Listener.Array32(t))
			accepts(t, c, err)
			if errors.Is(err, ErrSelfDial) != want.SelfDial {
				t.Errorf("error is %v, want self dial = %v", err, want.SelfDial)
			}
			if err == nil && !bytes.Equal(dialer[:], want.Dialer) {
				t.Errorf("dialer is %v, want %v", dialer, want.Dialer)
			}
		},
	}})
}

func TestCertificateVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"network-certs.json"}, vectors.Kinds{Run: map[string]run{
		"build": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.Decode[struct{ Seed vectors.Hex }](t, c.Input)
			want := vectors.Decode[struct {
				DER       vectors.Hex
				NotBefore string `json:"not_before"`
			}](t, c.Output)
			keyring := testKeyring(t, in.Seed)
			der, err := NewCertificate(keyring)
			if err != nil || !bytes.Equal(der, want.DER) {
				t.Fatalf("certificate is %x, %v, want %v", der, err, want.DER)
			}
			if err := CheckCertificates([][]byte{der}, peerid.PeerIDFromKeyring(keyring)); err != nil {
				t.Errorf("own certificate is refused: %v", err)
			}
			certificate, err := x509.ParseCertificate(der)
			if err != nil {
				t.Fatal(err)
			}
			if err := certificate.CheckSignature(x509.PureEd25519, certificate.RawTBSCertificate, certificate.Signature); err != nil {
				t.Error(err)
			}
		},
		"verify": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.Decode[struct {
				Chain []vectors.Hex
				Key   vectors.Hex `json:"expected_public_key"`
			}](t, c.Input)
			var chain [][]byte
			for _, der := range in.Chain {
				chain = append(chain, der)
			}
			accepts(t, c, CheckCertificates(chain, in.Key.Array32(t)))
		},
	}})
}

func TestStreamIDVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"network-streamids.json"}, vectors.Kinds{Run: map[string]run{
		"stream-id": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.Decode[struct {
				A     vectors.Hex `json:"peer_a"`
				B     vectors.Hex `json:"peer_b"`
				Bytes vectors.Hex `json:"name_bytes"`
				Name  string
			}](t, c.Input)
			want := vectors.DecodeStrict[struct {
				ID vectors.Hex `json:"stream_id"`
			}](t, c.Output).ID.Array32(t)
			if in.Name != string(in.Bytes) {
				t.Errorf("name is %q, its bytes %v", in.Name, in.Bytes)
			}
			a, b := p2ptypes.PeerID(in.A.Array32(t)), p2ptypes.PeerID(in.B.Array32(t))
			if got := NewStreamID(a, b, in.Name); got != want {
				t.Errorf("id is %v, want %x", got, want)
			}
			if got := NewStreamID(b, a, in.Name); got != want {
				t.Errorf("id with peers swapped is %v, want %x", got, want)
			}
		},
		"ocr1-digest": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.Decode[struct {
				Digest vectors.Hex `json:"ocr1_config_digest"`
			}](t, c.Input)
			want := vectors.DecodeStrict[struct {
				Digest vectors.Hex `json:"config_digest"`
				Name   string      `json:"stream_name"`
			}](t, c.Output)
			wide := WidenOCR1Digest(in.Digest.Array16(t))
			if wide != want.Digest.Array32(t) {
				t.Errorf("widened is %x, want %v", wide, want.Digest)
			}
			if narrow, err := NarrowOCR1Digest(wide); err != nil || narrow != in.Digest.Array16(t) {
				t.Errorf("narrowed is %x, %v, want %v", narrow, err, in.Digest)
			}
			if got := "ocr/" + StreamID(wide).String(); got != want.Name {
				t.Errorf("stream name is %s, want %s", got, want.Name)
			}
			for _, i := range []int{0, 1, 18, 31} {
				broken := wide
				broken[i] ^= 1
				if _, err := NarrowOCR1Digest(broken); err == nil {
					t.Errorf("%x is taken for a widened digest", broken)
				}
			}
		},
	}})
}

var frameTypes = map[string]FrameType{
	"open": FrameOpen, "close": FrameClose, "data": FrameData, "plain": FrameData, "request": FrameRequest, "response": FrameResponse,
}

func TestFrameVectors(t *testing.T) {
	for file, protocol := range map[string]Protocol{"network-frames-p1.json": P1, "network-frames-p2.json": P2} {
		kinds := vectors.Kinds{Run: map[string]run{
			"encode": func(t *testing.T, _ vectors.File, c vectors.Case) { encodeFrame(t, protocol, c) },
		}}
		if protocol == P1 {
			kinds.Run["encode-header"] = func(t *testing.T, _ vectors.File, c vectors.Case) { encodeFrame(t, protocol, c) }
			kinds.Elsewhere = map[string]string{"receive-header": "offchain/p2p/link runs them: they depend on open streams"}
		} else {
			kinds.Run["read-header"] = readHeader
		}
		vectors.EachKind(t, "testdata", []string{file}, kinds)
	}
}

func encodeFrame(t *testing.T, protocol Protocol, c vectors.Case) {
	in := vectors.Decode[struct {
		Type    string
		Stream  vectors.Hex `json:"stream_id"`
		Request vectors.Hex `json:"request_id"`
		Payload vectors.Hex
		Length  *uint32 `json:"payload_length"`
	}](t, c.Input)
	want := vectors.DecodeStrict[struct{ Header, Frame vectors.Hex }](t, c.Output)
	frameType, ok := frameTypes[in.Type]
	if !ok {
		t.Fatalf("unknown type %q", in.Type)
	}
	h := Header{Type: frameType, Stream: in.Stream.Array32(t), PayloadLength: uint32(len(in.Payload))}
	if in.Length != nil {
		h.PayloadLength = *in.Length
	}
	if in.Request != nil {
		h.Request = in.Request.Array32(t)
	}
	header := AppendHeader(nil, &h)
	if len(header) != h.Len() {
		t.Errorf("Len is %d, header has %d bytes", h.Len(), len(header))
	}
	if want.Header != nil && !bytes.Equal(header, want.Header) {
		t.Errorf("header is %x, want %v", header, want.Header)
	}
	if in.Length == nil && !bytes.Equal(append(header, in.Payload...), want.Frame) {
		t.Errorf("frame is %x%x, want %v", header, in.Payload, want.Frame)
	}
	var back Header
	n, err := DecodeHeader(protocol, header[:h.Len()], &back)
	if h.PayloadLength > p2ptypes.MaxMessageLength {
		if err == nil {
			t.Errorf("payload length %d is accepted", h.PayloadLength)
		}
		return
	}
	if err != nil || n != h.Len() || back != h {
		t.Errorf("decoded header is %+v, %d, %v, want %+v", back, n, err, h)
	}
}

func readHeader(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.Decode[struct{ Bytes vectors.Hex }](t, c.Input)
	want := vectors.Decode[struct {
		Accept  bool
		Type    byte        `json:"frame_type"`
		Length  int         `json:"header_length"`
		Payload uint32      `json:"payload_length"`
		Request vectors.Hex `json:"request_id"`
	}](t, c.Output)
	var h Header
	n, err := DecodeHeader(P2, in.Bytes, &h)
	if accept := err == nil && n > 0; accept != want.Accept {
		t.Fatalf("got %d, %v, want accept = %v", n, err, want.Accept)
	}
	if !want.Accept {
		return
	}
	if n != want.Length || h.Type != FrameType(want.Type) || h.PayloadLength != want.Payload {
		t.Errorf("got %d, %+v, want %+v", n, h, want)
	}
	if want.Request != nil && h.Request != want.Request.Array32(t) {
		t.Errorf("request id is %x, want %v", h.Request, want.Request)
	}
}

func TestProtocol(t *testing.T) {
	if P1.String() != "P1" || P2.String() != "P2" || P1.Validate() != nil || P2.Validate() != nil {
		t.Error("P1 or P2 is no protocol")
	}
	if Protocol(2).Validate() == nil {
		t.Error("protocol 2 is accepted")
	}
}
