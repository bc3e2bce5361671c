package wire

import (
	"bytes"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

func FuzzDecodeHeader(f *testing.F) {
	for t := range FrameType(7) {
		f.Add(byte(P1), AppendHeader(nil, &Header{Type: t, PayloadLength: 1}))
		f.Add(byte(P2), AppendHeader(nil, &Header{Type: t, PayloadLength: p2ptypes.MaxMessageLength + 1}))
	}
	f.Fuzz(func(t *testing.T, protocol byte, b []byte) {
		p := Protocol(protocol % 2)
		var h Header
		n, err := DecodeHeader(p, b, &h)
		switch {
		case err != nil:
			if n != 0 {
				t.Fatalf("%d bytes with error %v", n, err)
			}
		case n == 0:
			if len(b) >= LongHeaderLength {
				t.Fatalf("%x: more than %d bytes wanted", b, len(b))
			}
		default:
			if again := AppendHeader(nil, &h); !bytes.Equal(again, b[:n]) {
				t.Fatalf("%x encodes as %x", b[:n], again)
			}
			// What is refused with few bytes must be refused with more, and the other way round.
			if m, err := DecodeHeader(p, b[:n], &h); m != n || err != nil {
				t.Fatalf("%x: %d, %v without what follows", b[:n], m, err)
			}
		}
	})
}

func FuzzCheckKnock(f *testing.F) {
	keyring := testKeyring(f, make([]byte, 32))
	listener := p2ptypes.PeerID{1}
	good, err := NewKnock(keyring, listener)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:96])
	f.Fuzz(func(t *testing.T, b []byte) {
		dialer, err := CheckKnock(b, listener)
		if err == nil && (!bytes.Equal(b[1:33], dialer[:]) || dialer == peerid.PeerIDFromKeyring(keyring) && !bytes.Equal(b, good)) {
			t.Fatalf("%x is a knock of %v", b, dialer)
		}
		if err != nil && dialer != (p2ptypes.PeerID{}) {
			t.Fatalf("names %v with error %v", dialer, err)
		}
	})
}

func FuzzCheckCertificates(f *testing.F) {
	keyring := testKeyring(f, make([]byte, 32))
	id := peerid.PeerIDFromKeyring(keyring)
	good, err := NewCertificate(keyring)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Fuzz(func(t *testing.T, der []byte) {
		if err := CheckCertificates([][]byte{der}, id); err == nil && !bytes.Contains(der, id[:]) {
			t.Fatalf("%x passes for the certificate of %v", der, id)
		}
		if CheckCertificates([][]byte{der}, p2ptypes.PeerID{}) == nil && bytes.Contains(der, id[:]) && bytes.Equal(der, good) {
			t.Fatal("passes for the certificate of another")
		}
	})
}
