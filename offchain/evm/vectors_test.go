package evm

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/evm/evmutil"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/vectors"
)

type contextFields struct {
	ConfigDigest vectors.Hex `json:"configDigest"`
	Epoch        uint32      `json:"epoch"`
	ExtraHash    vectors.Hex `json:"extraHash"`
	Round        uint8       `json:"round"`
}

func (f contextFields) context(t *testing.T) types.ReportContext {
	return types.ReportContext{
		ReportTimestamp: types.ReportTimestamp{ConfigDigest: f.ConfigDigest.Array32(t), Epoch: f.Epoch, Round: f.Round},
		ExtraHash:       f.ExtraHash.Array32(t),
	}
}

func keyring(t testing.TB, secret []byte) *OnchainKeyring {
	t.Helper()
	private, err := crypto.ToECDSA(secret)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := NewOnchainKeyringFromECDSA(private)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func checkContextWords(t *testing.T, repctx types.ReportContext, want []vectors.Hex) {
	t.Helper()
	words := evmutil.RawReportContext(repctx)
	if len(want) != len(words) {
		t.Fatalf("%d context words are given, want %d", len(want), len(words))
	}
	for i, word := range words {
		if word != want[i].Array32(t) {
			t.Errorf("context word %d is %x, want %s", i, word, want[i])
		}
	}
}

func checkSignature(t *testing.T, ring *OnchainKeyring, repctx types.ReportContext, report types.Report, want []byte) {
	t.Helper()
	signature, err := ring.Sign(repctx, report)
	if err != nil || !bytes.Equal(signature, want) {
		t.Errorf("signature is %x (%v), want %x", signature, err, want)
	}
	if len(signature) > ring.MaxSignatureLength() {
		t.Errorf("signature has %d bytes, more than %d", len(signature), ring.MaxSignatureLength())
	}
	if !ring.Verify(ring.PublicKey(), repctx, report, want) {
		t.Error("signature does not verify")
	}
}

func TestOnchainSignatureVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"api-onchain-signatures*.json"}, vectors.Kinds{
		Of: func(_ vectors.File, c vectors.Case) string {
			return vectors.Decode[struct {
				Flavour string `json:"flavour"`
			}](t, c.Input).Flavour
		},
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"ocr2": func(t *testing.T, _ vectors.File, c vectors.Case) {
				input := vectors.DecodeStrict[struct {
					Flavour       string        `json:"flavour"`
					Report        vectors.Hex   `json:"report"`
					ReportContext contextFields `json:"reportContext"`
					SecretKey     vectors.Hex   `json:"secretKey"`
				}](t, c.Input)
				want := vectors.DecodeStrict[struct {
					OnchainPublicKey vectors.Hex   `json:"onchainPublicKey"`
					R                vectors.Hex   `json:"r"`
					S                vectors.Hex   `json:"s"`
					V                uint8         `json:"v"`
					RawReportContext []vectors.Hex `json:"rawReportContext"`
					Signature        vectors.Hex   `json:"signature"`
					SignedHash       vectors.Hex   `json:"signedHash"`
					Verifies         bool          `json:"verifies"`
				}](t, c.Output)
				ring, repctx := keyring(t, input.SecretKey), input.ReportContext.context(t)
				if !bytes.Equal(ring.PublicKey(), want.OnchainPublicKey) {
					t.Errorf("public key is %x, want %s", ring.PublicKey(), want.OnchainPublicKey)
				}
				checkContextWords(t, repctx, want.RawReportContext)
				if hash := ReportHash(repctx, types.Report(input.Report)); hash != want.SignedHash.Array32(t) {
					t.Errorf("signed hash is %x, want %s", hash, want.SignedHash)
				}
				if !want.Verifies {
					t.Fatal("the vector's own signature is said not to verify")
				}
				checkSignature(t, ring, repctx, types.Report(input.Report), want.Signature)
				r, s, v, err := evmutil.SplitSignature(want.Signature)
				if err != nil || r != want.R.Array32(t) || s != want.S.Array32(t) || v != want.V {
					t.Errorf("signature splits into %x, %x, %d (%v)", r, s, v, err)
				}
			},
			"ocr2-verify": func(t *testing.T, _ vectors.File, c vectors.Case) {
				input := vectors.DecodeStrict[struct {
					Flavour          string        `json:"flavour"`
					Note             string        `json:"note"`
					OnchainPublicKey vectors.Hex   `json:"onchainPublicKey"`
					Report           vectors.Hex   `json:"report"`
					ReportContext    contextFields `json:"reportContext"`
					Signature        vectors.Hex   `json:"signature"`
				}](t, c.Input)
				want := vectors.DecodeStrict[struct {
					Verifies bool `json:"verifies"`
				}](t, c.Output)
				ring := keyring(t, bytes.Repeat([]byte{1}, 32)) // whose key it is must not matter
				if got := ring.Verify(types.OnchainPublicKey(input.OnchainPublicKey), input.ReportContext.context(t), types.Report(input.Report), input.Signature); got != want.Verifies {
					t.Errorf("verifies is %v, want %v", got, want.Verifies)
				}
			},
			"split": func(t *testing.T, _ vectors.File, c vectors.Case) {
				input := vectors.DecodeStrict[struct {
					Flavour   string      `json:"flavour"`
					Signature vectors.Hex `json:"signature"`
				}](t, c.Input)
				r, s, v, err := evmutil.SplitSignature(input.Signature)
				if c.Rejected() {
					if err == nil {
						t.Error("accepted")
					}
					return
				}
				want := vectors.DecodeStrict[struct {
					R vectors.Hex `json:"r"`
					S vectors.Hex `json:"s"`
					V uint8       `json:"v"`
				}](t, c.Output)
				if err != nil || r != want.R.Array32(t) || s != want.S.Array32(t) || v != want.V {
					t.Errorf("splits into %x, %x, %d (%v)", r, s, v, err)
				}
			},
		},
		Elsewhere: map[string]string{
			"ocr3-as-ocr2": "offchain/evm/ocr3keyring", "ocr3-two-word": "offchain/evm/ocr3keyring",
			"ocr3-streams-legacy": "offchain/evm/ocr3keyring", "ocr3-streams-streamlined": "offchain/evm/ocr3keyring",
		},
	})
}

func TestReportSignatureVectors(t *testing.T) {
	machine, wire := "offchain/protocol/ocr2", "offchain/wire/ocr2wire"
	vectors.EachKind(t, "testdata", []string{"ocr12-ocr2-signing.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"evmReportSignature": func(t *testing.T, _ vectors.File, c vectors.Case) {
				input := vectors.DecodeStrict[struct {
					Kind            string        `json:"kind"`
					ExtraHash       vectors.Hex   `json:"extraHash"`
					Report          vectors.Hex   `json:"report"`
					ReportTimestamp contextFields `json:"reportTimestamp"`
				}](t, c.Input)
				want := vectors.DecodeStrict[struct {
					RawReportContext []vectors.Hex `json:"rawReportContext"`
					ReportKeccak     vectors.Hex   `json:"reportKeccak"`
					SignedHash       vectors.Hex   `json:"signedHash"`
					Signatures       []struct {
						OnchainAddress vectors.Hex `json:"onchainAddress"`
						R              vectors.Hex `json:"r"`
						S              vectors.Hex `json:"s"`
						V              uint8       `json:"v"`
						Seed           vectors.Hex `json:"seed"`
						Signature      vectors.Hex `json:"signature"`
						Signer         int         `json:"signer"`
					} `json:"signatures"`
				}](t, c.Output)
				input.ReportTimestamp.ExtraHash = input.ExtraHash
				repctx, report := input.ReportTimestamp.context(t), types.Report(input.Report)
				checkContextWords(t, repctx, want.RawReportContext)
				if hash := crypto.Keccak256Hash(report); hash != want.ReportKeccak.Array32(t) {
					t.Errorf("hash of the report is %x, want %s", hash, want.ReportKeccak)
				}
				if hash := ReportHash(repctx, report); hash != want.SignedHash.Array32(t) {
					t.Errorf("signed hash is %x, want %s", hash, want.SignedHash)
				}
				for _, signature := range want.Signatures {
					ring := keyring(t, signature.Seed)
					if !bytes.Equal(ring.PublicKey(), signature.OnchainAddress) {
						t.Errorf("address is %x, want %s", ring.PublicKey(), signature.OnchainAddress)
					}
					checkSignature(t, ring, repctx, report, signature.Signature)
				}
			},
		},
		Elsewhere: map[string]string{
			"signedObservation": wire, "verifySignedObservation": wire, "extraHash": wire,
			"verifyAttestedReportMany": machine, "verifyAttestedReportOneSkip": machine, "ocr1NetworkDigest": "offchain/config",
		},
	})
}

// TestTransmitCalldataVectors rebuilds the calldata of each transmission. Whether contracts take it is tested with the contracts.
func TestTransmitCalldataVectors(t *testing.T) {
	vectors.Each(t, "testdata", []string{"api-transmit*.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		input := vectors.Decode[struct {
			Steps []struct {
				Step          string         `json:"step"`
				Calldata      vectors.Hex    `json:"calldata"`
				Report        vectors.Hex    `json:"report"`
				ReportContext *contextFields `json:"reportContext"`
				Signatures    []vectors.Hex  `json:"signatures"`
				SignerIndices []uint8        `json:"signerIndices"`
			} `json:"steps"`
		}](t, c.Input)
		transmissions := 0
		for _, step := range input.Steps {
			if step.ReportContext == nil {
				continue // setConfig
			}
			transmissions++
			var signatures []types.AttributedOnchainSignature
			for i, signature := range step.Signatures {
				signatures = append(signatures, types.AttributedOnchainSignature{Signature: signature, Signer: commontypes.OracleID(step.SignerIndices[i])})
			}
			calldata, err := TransmitCalldata(step.ReportContext.context(t), types.Report(step.Report), signatures)
			if err != nil {
				t.Fatalf("%s: %v", step.Step, err)
			}
			if step.Step == "transmit-trailing-byte" {
				calldata = append(calldata, step.Calldata[len(step.Calldata)-1])
			}
			if !bytes.Equal(calldata, step.Calldata) {
				t.Errorf("%s: calldata is %x, want %s", step.Step, calldata, step.Calldata)
			}
		}
		if transmissions == 0 {
			t.Error("no transmission among the steps")
		}
	})
}

func TestTransmitCalldataBounds(t *testing.T) {
	good := types.AttributedOnchainSignature{Signature: make([]byte, 65)}
	many := make([]types.AttributedOnchainSignature, 33)
	for i := range many {
		many[i] = good
	}
	if _, err := TransmitCalldata(types.ReportContext{}, nil, many[:32]); err != nil {
		t.Errorf("32 signatures: %v", err)
	}
	for name, signatures := range map[string][]types.AttributedOnchainSignature{
		"33 signatures": many, "oracle 7": {good, {Signature: make([]byte, 64), Signer: 7}},
	} {
		if _, err := TransmitCalldata(types.ReportContext{}, nil, signatures); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}

// FuzzVerify feeds arbitrary keys and signatures to verification.
func FuzzVerify(f *testing.F) {
	ring := keyring(f, bytes.Repeat([]byte{7}, 32))
	repctx, report := types.ReportContext{ReportTimestamp: types.ReportTimestamp{Epoch: 1, Round: 2}}, types.Report("report")
	signature, err := ring.Sign(repctx, report)
	if err != nil {
		f.Fatal(err)
	}
	order := crypto.S256().Params().N
	f.Add([]byte(ring.PublicKey()), signature)
	f.Add([]byte(nil), []byte(nil))
	f.Add(make([]byte, 20), make([]byte, 65))
	f.Add(make([]byte, 20), append(bytes.Repeat([]byte{0xff}, 64), 1))
	f.Add([]byte(ring.PublicKey()), append(append(order.Bytes(), order.Bytes()...), 0))
	f.Fuzz(func(t *testing.T, publicKey, signature []byte) {
		if !ring.Verify(publicKey, repctx, report, signature) {
			return
		}
		// What verifies is by a key that recovers from it; for our key only the two twins of our own signature may.
		if common.BytesToAddress(publicKey) == common.BytesToAddress(ring.PublicKey()) && !bytes.Equal(signature[:32], sign(t, ring, repctx, report)[:32]) {
			t.Errorf("forged: %x", signature)
		}
	})
}

func sign(t *testing.T, ring *OnchainKeyring, repctx types.ReportContext, report types.Report) []byte {
	signature, err := ring.Sign(repctx, report)
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

func BenchmarkVerify(b *testing.B) {
	ring := keyring(b, bytes.Repeat([]byte{7}, 32))
	repctx, report := types.ReportContext{}, make(types.Report, 400)
	signature, err := ring.Sign(repctx, report)
	if err != nil {
		b.Fatal(err)
	}
	public := ring.PublicKey()
	b.ReportAllocs()
	for b.Loop() {
		if !ring.Verify(public, repctx, report, signature) {
			b.Fatal("does not verify")
		}
	}
}
