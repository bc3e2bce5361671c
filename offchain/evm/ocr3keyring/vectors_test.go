package ocr3keyring_test

import (
	"bytes"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/gen/ocr3/demoecdsaattestationverifier"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/crypto/bn254bls"
	"github.com/ocrkit/ocrkit/offchain/evm/ocr3keyring"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/vectors"
)

// report is a report without info.
func report(b []byte) ocr3types.ReportWithInfo[struct{}] {
	return ocr3types.ReportWithInfo[struct{}]{Report: b}
}

func ecdsaKeyring(t testing.TB, secret []byte) *ocr3keyring.Keyring[struct{}] {
	t.Helper()
	private, err := crypto.ToECDSA(secret)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.NewEVMKey(private)
	if err != nil {
		t.Fatal(err)
	}
	k, err := ocr3keyring.NewECDSA[struct{}](key)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func blsKeyring(t testing.TB, secret []byte) *ocr3keyring.Keyring[struct{}] {
	t.Helper()
	key, err := bn254bls.SecretKeyFromBytes(secret)
	if err != nil {
		t.Fatal(err)
	}
	k, err := ocr3keyring.NewBLS[struct{}](key)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSignatureVectors(t *testing.T) {
	vectors.Each(t, "testdata", []string{"ocr3-evm-signatures.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.Decode[struct {
			SecretKey, ConfigDigest, Report vectors.Hex
			SeqNr                           vectors.U64
		}](t, c.Input)
		out := vectors.Decode[struct {
			Address, AttestationSignature64, Hash, Signature65 vectors.Hex
		}](t, c.Output)
		digest, seqNr := types.ConfigDigest(in.ConfigDigest), uint64(in.SeqNr)
		keyring := ecdsaKeyring(t, in.SecretKey)
		if !bytes.Equal(keyring.PublicKey(), out.Address) {
			t.Errorf("public key is %x, want %v", keyring.PublicKey(), out.Address)
		}
		hash := ocr3keyring.ReportHash(digest, seqNr, types.Report(in.Report))
		if !bytes.Equal(hash[:], out.Hash) {
			t.Errorf("report hash is %x, want %v", hash, out.Hash)
		}
		signature, err := keyring.Sign(digest, seqNr, report(in.Report))
		if err != nil || !bytes.Equal(signature, out.Signature65) {
			t.Fatalf("signature is %x (%v), want %v", signature, err, out.Signature65)
		}
		if !keyring.Verify(types.OnchainPublicKey(out.Address), digest, seqNr, report(in.Report), signature) {
			t.Error("signature does not verify")
		}
		if keyring.Verify(types.OnchainPublicKey(out.Address), digest, seqNr+1, report(in.Report), signature) {
			t.Error("signature verifies for another sequence number")
		}
		attestation, err := ocr3keyring.ECDSA.Attestation(4, 0, []types.AttributedOnchainSignature{{Signature: signature, Signer: 2}})
		want := append([]byte{0, 0, 0, 4}, out.AttestationSignature64...)
		if err != nil || !bytes.Equal(attestation, want) {
			t.Errorf("attestation is %x (%v), want %x", attestation, err, want)
		}
	})
}

// verifier is a contract as these vectors see it: the keys and f of the latest configuration.
type verifier struct {
	scheme ocr3keyring.Scheme
	keys   []types.OnchainPublicKey
	f      int
}

// run answers a call as the contract would.
func (v *verifier) run(t *testing.T, a *abi.ABI, calldata []byte) error {
	t.Helper()
	method, err := a.MethodById(calldata)
	if err != nil {
		t.Fatal(err)
	}
	args, err := method.Inputs.Unpack(calldata[4:])
	if err != nil {
		t.Fatal(err)
	}
	if method.Name == "setConfig" {
		n, f, list := args[1].(uint8), args[2].(uint8), args[3].([]byte)
		var split []types.OnchainPublicKey
		for key := range slices.Chunk(list, v.scheme.PublicKeyLength()) {
			split = append(split, key)
		}
		again, err := v.scheme.KeyList(split)
		if err != nil {
			return err
		}
		if !bytes.Equal(again, list) {
			t.Errorf("key list is %x, want %x", again, list)
		}
		if len(split) != int(n) {
			return fmt.Errorf("reverted: InvalidNumberOfKeys()")
		}
		v.keys, v.f = split, int(f)
		return nil
	}
	hash := ocr3keyring.ReportHash(args[0].([32]byte), args[1].(uint64), args[2].([]byte))
	return v.scheme.VerifyAttestation(v.keys, v.f, hash, args[3].([]byte))
}

type step struct {
	Kind, Method string
	Calldata     vectors.Hex
	Expect       struct {
		OK              bool
		Failure, Reason string
	}
}

// refusedHere are the cases whose first step the contracts of others accept, and KeyList does not, nor do our contracts.
var refusedHere = map[string]string{
	"ecdsa-n4f1-empty/duplicate-key-counts-twice": "have the same key",
	"bls-n4f1-empty/duplicate-key":                "have the same key",
}

// TestAttestationVectors replays what happens to contracts in Go: key lists are made of their keys, attestations are verified, and
// those that are accepted are made anew, of signatures that the oracles make anew.
func TestAttestationVectors(t *testing.T) {
	parsed, err := demoecdsaattestationverifier.DemoECDSAAttestationVerifierMetaData.ParseABI()
	if err != nil {
		t.Fatal(err)
	}
	vectors.Each(t, "testdata", []string{"contracts-ocr3-attestation.json"}, func(t *testing.T, file vectors.File, c vectors.Case) {
		in := vectors.Decode[struct{ Setup string }](t, c.Input)
		setup, ok := vectors.Decode[map[string]struct {
			Scheme string
			Keys   []struct{ KeyBytes, PrivateKey vectors.Hex }
			Steps  []step
		}](t, file.Raw["setups"])[in.Setup]
		if !ok {
			t.Fatalf("there is no setup %q", in.Setup)
		}
		v := &verifier{}
		var keyrings []*ocr3keyring.Keyring[struct{}]
		for i, key := range setup.Keys {
			switch setup.Scheme {
			case "ecdsa-secp256k1":
				keyrings = append(keyrings, ecdsaKeyring(t, key.PrivateKey))
			case "bls-bn254":
				keyrings = append(keyrings, blsKeyring(t, key.PrivateKey))
			default:
				t.Fatalf("unknown scheme %q", setup.Scheme)
			}
			v.scheme = keyrings[i].Scheme()
			if !bytes.Equal(keyrings[i].PublicKey(), key.KeyBytes) {
				t.Fatalf("public key of oracle %d is %x, want %v", i, keyrings[i].PublicKey(), key.KeyBytes)
			}
		}
		output := vectors.Decode[struct{ Steps []step }](t, c.Output)
		for i, s := range append(setup.Steps, output.Steps...) {
			if s.Kind == "deploy" {
				continue
			}
			err := v.run(t, parsed, s.Calldata)
			if want, ok := refusedHere[c.Name]; ok && s.Method == "setConfig" {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Fatalf("step %d: error is %v", i, err)
				}
				return
			}
			if (err == nil) != s.Expect.OK {
				t.Fatalf("step %d, %s: error is %v, want %s %s", i, s.Method, err, s.Expect.Failure, s.Expect.Reason)
			}
			if s.Method == "transmit" && s.Expect.Failure == "custom-error" && err.Error() != "reverted: "+s.Expect.Reason+"()" {
				t.Errorf("step %d: error is %v, want %s", i, err, s.Expect.Reason)
			}
			if s.Method == "transmit" && s.Expect.OK {
				args, err := parsed.Methods["transmit"].Inputs.Unpack(s.Calldata[4:])
				if err != nil {
					t.Fatal(err)
				}
				rebuild(t, v, keyrings, args)
			}
		}
	})
}

// rebuild makes an attestation that a contract accepts.
func rebuild(t *testing.T, v *verifier, keyrings []*ocr3keyring.Keyring[struct{}], args []any) {
	t.Helper()
	digest, seqNr, want := types.ConfigDigest(args[0].([32]byte)), args[1].(uint64), args[3].([]byte)
	r := report(args[2].([]byte))
	signers := uint32(want[0])<<24 | uint32(want[1])<<16 | uint32(want[2])<<8 | uint32(want[3])
	var signatures []types.AttributedOnchainSignature
	for ; signers != 0; signers &= signers - 1 {
		i := bits.TrailingZeros32(signers)
		signature, err := keyrings[i].Sign(digest, seqNr, r)
		if err != nil {
			t.Fatal(err)
		}
		if len(signature) > keyrings[0].MaxSignatureLength() {
			t.Errorf("signature has %d bytes", len(signature))
		}
		if !keyrings[0].Verify(v.keys[i], digest, seqNr, r, signature) {
			t.Errorf("signature of oracle %d does not verify", i)
		}
		if keyrings[0].Verify(v.keys[(i+1)%len(v.keys)], digest, seqNr, r, signature) {
			t.Errorf("signature of oracle %d verifies as that of another one", i)
		}
		signatures = append(signatures, types.AttributedOnchainSignature{Signature: signature, Signer: commontypes.OracleID(i)})
	}
	slices.Reverse(signatures)
	got, err := v.scheme.Attestation(len(v.keys), v.f, signatures)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	// Contracts take any usable counter. The oracles agree on the first one.
	if v.scheme != ocr3keyring.BLS || want[36] <= got[36] {
		t.Errorf("attestation is %x, want %x", got, want)
	}
	if err := v.scheme.VerifyAttestation(v.keys, v.f, ocr3keyring.ReportHash(digest, seqNr, r.Report), got); err != nil {
		t.Error(err)
	}
	if v.scheme.Verify(v.keys[0], ocr3keyring.ReportHash(digest, seqNr, r.Report), want[4:]) {
		t.Error("a signature with a later counter verifies")
	}
}

func address(b byte) types.OnchainPublicKey { return common.BytesToAddress([]byte{b}).Bytes() }
