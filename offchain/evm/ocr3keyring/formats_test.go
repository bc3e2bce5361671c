package ocr3keyring_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/ocrkit/ocrkit/offchain/evm"
	"github.com/ocrkit/ocrkit/offchain/evm/ocr3keyring"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/vectors"
)

func evmKey(t testing.TB, secret []byte) *keys.EVMKey {
	t.Helper()
	private, err := crypto.ToECDSA(secret)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.NewEVMKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func formatKeyring(t testing.TB, secret []byte, format ocr3keyring.Format) *ocr3keyring.FormatKeyring[struct{}] {
	t.Helper()
	k, err := ocr3keyring.NewInFormat[struct{}](evmKey(t, secret), format)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// formatInput is what all cases about formats have.
type formatInput struct {
	Flavour       string
	ConfigDigest  vectors.Hex
	SeqNr         vectors.U64
	Report        vectors.Hex
	SecretKey     vectors.Hex
	DonID         uint32
	PluginVersion uint32
}

func TestFormatVectors(t *testing.T) {
	runAs := func(format func(formatInput) ocr3keyring.Format) func(*testing.T, vectors.File, vectors.Case) {
		return func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[formatInput](t, c.Input)
			want := vectors.DecodeStrict[struct {
				OnchainPublicKey, Signature, SignedHash vectors.Hex
				RawReportContext                        []vectors.Hex
			}](t, c.Output)
			k := formatKeyring(t, in.SecretKey, format(in))
			digest, seqNr := types.ConfigDigest(in.ConfigDigest.Array32(t)), uint64(in.SeqNr)
			if !bytes.Equal(k.PublicKey(), want.OnchainPublicKey) {
				t.Errorf("public key %x, want %s", k.PublicKey(), want.OnchainPublicKey)
			}
			words, err := k.Format().RawReportContext(digest, seqNr)
			if err != nil || !slices.EqualFunc(words, want.RawReportContext, func(a [32]byte, b vectors.Hex) bool { return bytes.Equal(a[:], b) }) {
				t.Errorf("context %x (%v), want %s", words, err, want.RawReportContext)
			}
			hash, err := k.Format().ReportHash(digest, seqNr, types.Report(in.Report))
			if err != nil || hash != want.SignedHash.Array32(t) {
				t.Errorf("signed hash %x (%v), want %s", hash, err, want.SignedHash)
			}
			signature, err := k.Sign(digest, seqNr, report(in.Report))
			if err != nil || !bytes.Equal(signature, want.Signature) || len(signature) > k.MaxSignatureLength() {
				t.Errorf("signature %x (%v), want %s", signature, err, want.Signature)
			}
			if !k.Verify(k.PublicKey(), digest, seqNr, report(in.Report), want.Signature) {
				t.Error("the signature does not verify")
			}
			if k.Verify(k.PublicKey(), digest, seqNr, report(append(slices.Clone(in.Report), 0)), want.Signature) {
				t.Error("the signature verifies for another report")
			}
		}
	}
	vectors.EachKind(t, "../testdata", []string{"api-onchain-signatures*.json"}, vectors.Kinds{
		Of: func(_ vectors.File, c vectors.Case) string {
			return vectors.Decode[struct{ Flavour string }](t, c.Input).Flavour
		},
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"ocr3-as-ocr2":  runAs(func(formatInput) ocr3keyring.Format { return ocr3keyring.EpochFormat{} }),
			"ocr3-two-word": runAs(func(formatInput) ocr3keyring.Format { return ocr3keyring.SequenceNumberFormat{} }),
			"ocr3-streams-legacy": runAs(func(in formatInput) ocr3keyring.Format {
				return ocr3keyring.LegacyStreamFormat{DonID: in.DonID, PluginVersion: in.PluginVersion}
			}),
			"ocr3-streams-streamlined": runAs(func(formatInput) ocr3keyring.Format { return ocr3keyring.StreamlinedStreamFormat{} }),
		},
		Elsewhere: map[string]string{"ocr2": "offchain/evm", "ocr2-verify": "offchain/evm", "split": "offchain/evm"},
	})
}

func TestReportHashVectors(t *testing.T) {
	const elsewhere = "offchain/types, offchain/config, offchain/evm/evmutil, test/gen"
	vectors.EachKind(t, "../evmutil/testdata", []string{"config-digest.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"evmOCR3ReportHashes": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind         string
					ConfigDigest vectors.Hex
					Report       vectors.Hex
					SeqNr        vectors.U64
				}](t, c.Input)
				want := vectors.DecodeStrict[struct {
					AttestationVerifierHash, EpochAdapterHash, SequenceNumberKeyringHash vectors.Hex
				}](t, c.Output)
				digest, seqNr := types.ConfigDigest(in.ConfigDigest.Array32(t)), uint64(in.SeqNr)
				if hash := ocr3keyring.ReportHash(digest, seqNr, types.Report(in.Report)); hash != want.AttestationVerifierHash.Array32(t) {
					t.Errorf("for attestation verifiers %x, want %s", hash, want.AttestationVerifierHash)
				}
				for format, want := range map[ocr3keyring.Format]vectors.Hex{
					ocr3keyring.EpochFormat{}: want.EpochAdapterHash, ocr3keyring.SequenceNumberFormat{}: want.SequenceNumberKeyringHash,
				} {
					if hash, err := format.ReportHash(digest, seqNr, types.Report(in.Report)); err != nil || hash != want.Array32(t) {
						t.Errorf("%T: %x (%v), want %s", format, hash, err, want)
					}
				}
			},
		},
		Elsewhere: map[string]string{
			"ocr1Digest": elsewhere, "ocr2ToOCR1Digest": elsewhere, "evmDigest": elsewhere, "evmDigestFromContractConfig": elsewhere,
			"evmReportContext": elsewhere, "splitSignature": elsewhere, "digestText": elsewhere, "digestParse": elsewhere,
			"digestFromBytes": elsewhere, "prefixes": elsewhere, "checkContractConfig": elsewhere,
		},
	})
}

func TestFormatLimits(t *testing.T) {
	secret := bytes.Repeat([]byte{7}, 32)
	digest := types.ConfigDigest{1}
	legacy := formatKeyring(t, secret, ocr3keyring.LegacyStreamFormat{DonID: 1, PluginVersion: 1})
	if _, err := legacy.Sign(digest, 1<<40-1, report([]byte("r"))); err != nil {
		t.Error(err)
	}
	if _, err := legacy.Sign(digest, 1<<40, report([]byte("r"))); err == nil || !strings.Contains(err.Error(), "1099511627776") {
		t.Errorf("a sequence number that does not fit: %v", err)
	}
	if legacy.Verify(legacy.PublicKey(), digest, 1<<40, report([]byte("r")), make([]byte, 65)) {
		t.Error("a signature for a sequence number that does not fit verifies")
	}
	for _, bad := range []struct {
		key    *keys.EVMKey
		format ocr3keyring.Format
	}{{nil, ocr3keyring.EpochFormat{}}, {evmKey(t, secret), nil}} {
		if _, err := ocr3keyring.NewInFormat[struct{}](bad.key, bad.format); err == nil {
			t.Errorf("%+v: accepted", bad)
		}
	}
	ring := formatKeyring(t, secret, ocr3keyring.EpochFormat{})
	signature, err := ring.Sign(digest, 9, report([]byte("r")))
	if err != nil {
		t.Fatal(err)
	}
	for length := range 70 { // none may panic, and only the right one verifies
		changed := append(slices.Clone(signature), make([]byte, 5)...)[:length]
		if got := ring.Verify(ring.PublicKey(), digest, 9, report([]byte("r")), changed); got != (length == 65) {
			t.Errorf("%d bytes: verifies %v", length, got)
		}
	}
}

// multiChain is a key ring with EVM keys under two names.
func multiChain(t testing.TB, seed byte) *ocr3keyring.MultiChain {
	t.Helper()
	var rings []ocr3keyring.ChainKeyring
	for i, ring := range []ocr3keyring.ChainKeyring{{Name: "solana", Type: ocr3keyring.ChainSolana}, {Name: "evm", Type: ocr3keyring.ChainEVM}} {
		k, err := evm.NewOnchainKeyring(evmKey(t, bytes.Repeat([]byte{seed + byte(i)}, 32)))
		if err != nil {
			t.Fatal(err)
		}
		ring.Keyring = k
		rings = append(rings, ring)
	}
	m, err := ocr3keyring.NewMultiChain(rings...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func reportFor(t testing.TB, name string) ocr3types.ReportWithInfo[[]byte] {
	t.Helper()
	info, err := ocr3keyring.InfoFor(name)
	if err != nil {
		t.Fatal(err)
	}
	return ocr3types.ReportWithInfo[[]byte]{Report: []byte("report"), Info: info}
}

func TestMultiChain(t *testing.T) {
	own, other := multiChain(t, 1), multiChain(t, 11)
	// type 1, 20 bytes, key; type 2, 20 bytes, key.
	if key := own.PublicKey(); len(key) != 46 || !bytes.Equal(key[:3], []byte{1, 20, 0}) || !bytes.Equal(key[23:26], []byte{2, 20, 0}) {
		t.Errorf("public key %x", key)
	}
	digest := types.ConfigDigest{5}
	for i, name := range []string{"solana", "evm"} {
		r := reportFor(t, name)
		signature, err := own.Sign(digest, 77, r)
		if err != nil {
			t.Fatal(err)
		}
		// The same as the ring alone in the format for contracts of OCR2's shape.
		alone := formatKeyring(t, bytes.Repeat([]byte{byte(1 + i)}, 32), ocr3keyring.EpochFormat{})
		if want, err := alone.Sign(digest, 77, report([]byte("report"))); err != nil || !bytes.Equal(signature, want) {
			t.Errorf("%s: signature %x, want %x (%v)", name, signature, want, err)
		}
		if len(signature) > own.MaxSignatureLength() {
			t.Errorf("%s: signature of %d bytes, more than %d", name, len(signature), own.MaxSignatureLength())
		}
		otherName := map[string]string{"solana": "evm", "evm": "solana"}[name]
		for _, v := range []struct {
			what  string
			key   types.OnchainPublicKey
			seqNr uint64
			info  ocr3types.ReportWithInfo[[]byte]
			want  bool
		}{
			{"right", own.PublicKey(), 77, r, true},
			{"the key of another oracle", other.PublicKey(), 77, r, false},
			{"another sequence number", own.PublicKey(), 78, r, false},
			{"a report for the other ring", own.PublicKey(), 77, reportFor(t, otherName), false},
			{"a report for a ring that is not there", own.PublicKey(), 77, reportFor(t, "ton"), false},
			{"no info", own.PublicKey(), 77, ocr3types.ReportWithInfo[[]byte]{Report: r.Report}, false},
			{"info that is no message", own.PublicKey(), 77, ocr3types.ReportWithInfo[[]byte]{Report: r.Report, Info: []byte{0xff}}, false},
			{"no key", nil, 77, r, false},
			{"half a key", own.PublicKey()[:30], 77, r, false},
		} {
			if got := other.Verify(v.key, digest, v.seqNr, v.info, signature); got != v.want {
				t.Errorf("%s, %s: verifies %v", name, v.what, got)
			}
		}
	}
	number, err := proto.Marshal(&structpb.Struct{Fields: map[string]*structpb.Value{"keyBundleName": structpb.NewNumberValue(1)}})
	if err != nil {
		t.Fatal(err)
	}
	for what, r := range map[string]ocr3types.ReportWithInfo[[]byte]{
		"unknown ring": reportFor(t, "ton"), "no info": {Report: []byte("r")}, "garbage": {Info: []byte{0xff}}, "a number": {Info: number},
	} {
		if _, err := own.Sign(digest, 1, r); err == nil {
			t.Errorf("%s: signed", what)
		}
	}
}

func TestNewMultiChainRefuses(t *testing.T) {
	k, err := evm.NewOnchainKeyring(evmKey(t, bytes.Repeat([]byte{1}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	for what, rings := range map[string][]ocr3keyring.ChainKeyring{
		"no rings":  nil,
		"no name":   {{Type: 1, Keyring: k}},
		"no type":   {{Name: "a", Keyring: k}},
		"no keys":   {{Name: "a", Type: 1}},
		"one name":  {{"a", 1, k}, {"a", 2, k}},
		"one type":  {{"a", 1, k}, {"b", 1, k}},
		"long keys": {{"a", 1, longKeys{k}}},
	} {
		if _, err := ocr3keyring.NewMultiChain(rings...); err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
}

// longKeys has a public key whose length two bytes cannot say.
type longKeys struct{ types.OnchainKeyring }

func (longKeys) PublicKey() types.OnchainPublicKey { return make([]byte, 1<<16) }

func FuzzKeyOf(f *testing.F) {
	f.Add([]byte(multiChain(f, 1).PublicKey()), uint8(1))
	f.Add([]byte{1, 0, 0, 1, 0, 0}, uint8(1))
	f.Add([]byte{1, 0xff, 0xff}, uint8(1))
	f.Add([]byte{1, 0}, uint8(1))
	f.Fuzz(func(t *testing.T, publicKey []byte, chain uint8) {
		key, err := ocr3keyring.KeyOf(publicKey, ocr3keyring.ChainType(chain))
		if err == nil && !bytes.Contains(publicKey, slices.Concat([]byte{chain, byte(len(key)), byte(len(key) >> 8)}, key)) {
			t.Errorf("%x of type %d is not in %x", key, chain, publicKey)
		}
		if err != nil && key != nil {
			t.Errorf("an error and a key: %v, %x", err, key)
		}
	})
}
