package bn254bls

import (
	"bytes"
	"testing"
)

func FuzzDecodePublicKey(f *testing.F) {
	good := testKey(f, 1).PublicKey().Bytes()
	f.Add(good[:])
	f.Add(make([]byte, PublicKeySize))
	f.Fuzz(func(t *testing.T, b []byte) {
		key, err := DecodePublicKey(b)
		if err != nil {
			return
		}
		if got := key.Bytes(); !bytes.Equal(got[:], b) {
			t.Errorf("%x decodes to a key that encodes to %x", b, got)
		}
		if !key.point.IsInSubGroup() || key.point.IsInfinity() {
			t.Errorf("%x decodes to a point outside of the group", b)
		}
	})
}

func FuzzDecodeSignature(f *testing.F) {
	good := must(testKey(f, 1).Sign(testDigest(1)))(f)
	f.Add(good[:])
	f.Add(make([]byte, SignatureSize))
	f.Fuzz(func(t *testing.T, b []byte) {
		sig, err := DecodeSignature(b)
		if err != nil {
			return
		}
		point, err := sig.decode()
		if err != nil {
			t.Fatal(err)
		}
		if !point.IsOnCurve() || point.IsInfinity() {
			t.Errorf("%x decodes to a point that is none of the group", b)
		}
		if got := makeSignature(&point, sig.Counter()); !bytes.Equal(got[:], b) {
			t.Errorf("%x decodes to a point that encodes to %x", b, got)
		}
	})
}

func FuzzDecodeKeyEntry(f *testing.F) {
	good := must(testKey(f, 1).KeyEntry())(f).Bytes()
	f.Add(good[:])
	f.Fuzz(func(t *testing.T, b []byte) {
		entry, err := DecodeKeyEntry(b)
		if err != nil {
			return
		}
		if got := entry.Bytes(); !bytes.Equal(got[:], b) {
			t.Errorf("%x decodes to an entry that encodes to %x", b, got)
		}
		if entry.Check() == nil && !bytes.Equal(b, good[:]) && bytes.Equal(b[:PublicKeySize], good[:PublicKeySize]) &&
			b[KeySize-1] == good[KeySize-1] {
			t.Errorf("%x is another proof of the same key with the same counter", b)
		}
	})
}

func FuzzDecodeKeyList(f *testing.F) {
	var list []byte
	for i := range byte(3) {
		list = append(list, EncodeKeyList([]KeyEntry{must(testKey(f, i).KeyEntry())(f)})...)
		f.Add(bytes.Clone(list))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		entries, err := DecodeKeyList(b)
		if err != nil {
			return
		}
		if got := EncodeKeyList(entries); !bytes.Equal(got, b) {
			t.Errorf("%x decodes to a list that encodes to %x", b, got)
		}
	})
}

// No bytes but the signature itself verify, for the counter that it has.
func FuzzVerify(f *testing.F) {
	key, digest := testKey(f, 1), testDigest(1)
	key.PublicKey().Prepare()
	good := must(key.Sign(digest))(f)
	f.Add(good[:])
	f.Add(make([]byte, SignatureSize))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != SignatureSize || key.PublicKey().Verify(digest, Signature(b)) != nil {
			return
		}
		if want := must(key.SignWithCounter(digest, b[PointSize]))(t); !bytes.Equal(want[:], b) {
			t.Errorf("%x verifies, but the signature is %x", b, want)
		}
	})
}

func BenchmarkSign(b *testing.B) {
	key, digest := testKey(b, 1), testDigest(1)
	for b.Loop() {
		if _, err := key.Sign(digest); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, prepared := range []bool{false, true} {
		name := "fresh"
		if prepared {
			name = "prepared"
		}
		b.Run(name, func(b *testing.B) {
			key, digest := testKey(b, 1), testDigest(1)
			if prepared {
				key.PublicKey().Prepare()
			}
			sig := must(key.Sign(digest))(b)
			b.ReportAllocs()
			for b.Loop() {
				if err := key.PublicKey().Verify(digest, sig); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPrepare(b *testing.B) {
	key := testKey(b, 1).PublicKey().Bytes()
	for b.Loop() {
		public := must(DecodePublicKey(key[:]))(b)
		public.Prepare()
	}
}

func BenchmarkSecretKeyFromBytes(b *testing.B) {
	secret := must(testKey(b, 1).Bytes())(b)
	for b.Loop() {
		_ = must(SecretKeyFromBytes(secret))(b)
	}
}
