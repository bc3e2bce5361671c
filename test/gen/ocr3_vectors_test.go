package gen_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/gen/ocr3"
	"github.com/ocrkit/ocrkit/test/vectors"
)

// ocr3ReportVector hashes a report.
func ocr3ReportVector(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.Decode[struct {
		ConfigDigest vectors.Hex
		SeqNr        vectors.U64
		Report       vectors.Hex
	}](t, c.Input)
	out := vectors.Decode[struct{ SignedHash vectors.Hex }](t, c.Output)
	checkReportHash(t, in.ConfigDigest, in.SeqNr, in.Report, out.SignedHash)
}

func checkReportHash(t *testing.T, configDigest vectors.Hex, seqNr vectors.U64, report, want vectors.Hex) {
	t.Helper()
	preimage := ocr3.ReportHashPreimage{
		ConfigDigest: [32]byte(configDigest), SeqNr: uint64(seqNr), HashOfReport: crypto.Keccak256Hash(report),
	}
	if got := preimage.Digest(); !bytes.Equal(got[:], want) {
		t.Errorf("report hash is %x, not %v", got, want)
	}
}

// attestationVector is what the cases of attestations and key lists have in common.
type attestationVector struct {
	Setup       string
	Report      *vectors.Hex
	SeqNr       *vectors.U64
	ReportHash  vectors.Hex
	Attestation *vectors.Hex
	Keys        *vectors.Hex
}

// TestAttestationVectors reads key lists and attestations and writes them again. What the contracts refuse for its length does not
// decode, and nothing else: the rest of what may be wrong with them is beyond the form.
func TestAttestationVectors(t *testing.T) {
	vectors.Each(t, "testdata", []string{"contracts-ocr3-attestation.json"}, func(t *testing.T, file vectors.File, c vectors.Case) {
		type setup struct {
			Scheme       string
			ConfigDigest vectors.Hex
			Keys         []struct{ KeyBytes vectors.Hex }
		}
		in := vectors.Decode[attestationVector](t, c.Input)
		s, ok := vectors.Decode[map[string]setup](t, file.Raw["setups"])[in.Setup]
		if !ok {
			t.Fatalf("there is no setup %q", in.Setup)
		}
		steps := vectors.Decode[struct {
			Steps []struct{ Expect struct{ Reason string } }
		}](t, c.Output).Steps
		reason := steps[len(steps)-1].Expect.Reason
		attestation, keys := attestationECDSA, keysECDSA
		switch s.Scheme {
		case "ecdsa-secp256k1":
		case "bls-bn254":
			attestation, keys = attestationBLS, keysBLS
		default:
			t.Fatalf("unknown scheme %q", s.Scheme)
		}
		var list []byte
		for _, key := range s.Keys {
			list = append(list, key.KeyBytes...)
		}
		if n := keys(t, list, true); n != len(s.Keys) {
			t.Errorf("key list of the setup has %d keys, not %d", n, len(s.Keys))
		}
		if in.Keys != nil {
			keys(t, *in.Keys, reason != "KeysOfInvalidSize")
		}
		if in.Attestation != nil {
			attestation(t, *in.Attestation, len(*in.Attestation)%64, reason)
		}
		if in.Report != nil {
			checkReportHash(t, s.ConfigDigest, *in.SeqNr, *in.Report, in.ReportHash)
		}
		if in.Keys == nil && in.Attestation == nil && !strings.Contains(c.Name, "accept-empty-report") &&
			!strings.HasSuffix(c.Name, "/reject-f255") && !strings.HasSuffix(c.Name, "/shrink-then-old-index") {
			t.Fatal("there is nothing in this case that this test knows")
		}
	})
}

func attestationECDSA(t *testing.T, data []byte, rest int, reason string) {
	t.Helper()
	var a ocr3.ECDSAAttestation
	err := ocr3.DecodeECDSAAttestation(data, &a)
	if (err == nil) != (rest == 4) {
		t.Fatalf("attestation of %d bytes: %v", len(data), err)
	}
	if err != nil {
		if reason != "InvalidAttestationLength" {
			t.Errorf("does not decode, but the contract says %s: %v", reason, err)
		}
		return
	}
	again, err := ocr3.AppendECDSAAttestation(nil, &a)
	if err != nil || !bytes.Equal(again, data) {
		t.Errorf("encodes to %x (%v)", again, err)
	}
}

func attestationBLS(t *testing.T, data []byte, _ int, reason string) {
	t.Helper()
	var a ocr3.BLSAttestation
	err := ocr3.DecodeBLSAttestation(data, &a)
	if (err != nil) != (reason == "InvalidAttestationLength") {
		t.Fatalf("attestation of %d bytes, of which the contract says %q: %v", len(data), reason, err)
	}
	if err != nil {
		return
	}
	again, err := ocr3.AppendBLSAttestation(nil, &a)
	if err != nil || !bytes.Equal(again, data) {
		t.Errorf("encodes to %x (%v)", again, err)
	}
}

func keysECDSA(t *testing.T, data []byte, decodes bool) int {
	t.Helper()
	var k ocr3.ECDSAKeys
	if err := ocr3.DecodeECDSAKeys(data, &k); (err == nil) != decodes {
		t.Fatalf("key list of %d bytes: %v", len(data), err)
	}
	if again, err := ocr3.AppendECDSAKeys(nil, &k); decodes && (err != nil || !bytes.Equal(again, data)) {
		t.Errorf("key list encodes to %x (%v)", again, err)
	}
	return len(k.Keys)
}

func keysBLS(t *testing.T, data []byte, decodes bool) int {
	t.Helper()
	var k ocr3.BLSKeys
	if err := ocr3.DecodeBLSKeys(data, &k); (err == nil) != decodes {
		t.Fatalf("key list of %d bytes: %v", len(data), err)
	}
	if again, err := ocr3.AppendBLSKeys(nil, &k); decodes && (err != nil || !bytes.Equal(again, data)) {
		t.Errorf("key list encodes to %x (%v)", again, err)
	}
	return len(k.Keys)
}
