package ocr3wire_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
	. "github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
	"github.com/ocrkit/ocrkit/test/ocr3vectors"
	"github.com/ocrkit/ocrkit/test/vectors"
)

// manyReports is above every limit on the number of reports.
const manyReports = 1 << 20

func TestMessageVectors(t *testing.T) {
	vectors.Each(t, "testdata", []string{"ocr3-messages.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.DecodeStrict[struct {
			N, F    int
			Message json.RawMessage
		}](t, c.Input)
		out := vectors.DecodeStrict[struct{ Bytes vectors.Hex }](t, c.Output)
		want := ocr3vectors.Message(t, in.Message)
		got, err := Encode(want)
		if err != nil || !bytes.Equal(got, out.Bytes) {
			t.Fatalf("encoded\n%x, %v, want\n%x", got, err, []byte(out.Bytes))
		}
		decoded, err := Decode(out.Bytes, in.N, manyReports)
		if err != nil || !reflect.DeepEqual(decoded, want) {
			t.Fatalf("decoded\n%+v, %v, want\n%+v", decoded, err, want)
		}
	})
}

func TestMalformedVectors(t *testing.T) {
	vectors.Each(t, "testdata", []string{"ocr3-malformed.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.DecodeStrict[struct {
			N, F               int
			Bytes              vectors.Hex
			MaxSignatureLength int
			Limits             struct {
				MaxQueryLength, MaxObservationLength, MaxOutcomeLength, MaxReportLength, MaxReportCount int
			}
		}](t, c.Input)
		out := vectors.DecodeStrict[struct {
			Result, Stage, Why string
			Message            json.RawMessage
		}](t, c.Output)
		limits := SizeLimits{
			N: in.N, Quorum: (in.N+in.F)/2 + 1,
			MaxQueryLength: in.Limits.MaxQueryLength, MaxObservationLength: in.Limits.MaxObservationLength,
			MaxOutcomeLength: in.Limits.MaxOutcomeLength, MaxReportCount: in.Limits.MaxReportCount, MaxSignatureLength: in.MaxSignatureLength,
		}
		stage := "parse"
		m, err := Decode(in.Bytes, in.N, in.Limits.MaxReportCount)
		if err == nil {
			stage = "size"
			err = CheckSize(m, limits)
		}
		switch out.Result {
		case "accept":
			if err != nil {
				t.Fatalf("refused: %v", err)
			}
			if want := ocr3vectors.Message(t, out.Message); !reflect.DeepEqual(m, want) {
				t.Fatalf("read as\n%+v, want\n%+v", m, want)
			}
		case "reject":
			if err == nil || stage != out.Stage {
				t.Fatalf("%v at stage %s, want a refusal at stage %s: %s", err, stage, out.Stage, out.Why)
			}
		default:
			t.Fatalf("unknown result %q", out.Result)
		}
	})
}

func TestSigningVectors(t *testing.T) {
	type input struct {
		Kind                               string
		ConfigDigest                       vectors.Hex
		Epoch, SeqNr                       vectors.U64
		Seed, PublicKey                    vectors.Hex
		Query, Observation                 vectors.Hex
		OutcomeInputsDigest, OutcomeDigest vectors.Hex
		Timestamp                          ocr3vectors.Timestamp
		EpochStartProof                    ocr3vectors.Proof
		Observations                       []ocr3vectors.Observation
	}
	digest := func(t *testing.T, in input) types.ConfigDigest { return in.ConfigDigest.Array32(t) }
	messages := map[string]func(*testing.T, input) SignedMessage{
		"observation": func(t *testing.T, in input) SignedMessage {
			return ObservationMessage(digest(t, in), uint64(in.Epoch), uint64(in.SeqNr), in.Query, in.Observation)
		},
		"prepare": func(t *testing.T, in input) SignedMessage {
			return PrepareMessage(digest(t, in), uint64(in.Epoch), uint64(in.SeqNr), in.OutcomeInputsDigest.Array32(t), in.OutcomeDigest.Array32(t))
		},
		"commit": func(t *testing.T, in input) SignedMessage {
			return CommitMessage(digest(t, in), uint64(in.Epoch), uint64(in.SeqNr), in.OutcomeDigest.Array32(t))
		},
		"timestamp": func(t *testing.T, in input) SignedMessage {
			return TimestampMessage(digest(t, in), uint64(in.Epoch), in.Timestamp.Wire())
		},
		"timestamp31": func(t *testing.T, in input) SignedMessage {
			return Timestamp31Message(digest(t, in), uint64(in.Epoch), in.Timestamp.Wire())
		},
		"round start": func(t *testing.T, in input) SignedMessage {
			return RoundStartMessage(digest(t, in), uint64(in.Epoch), uint64(in.SeqNr), in.Query)
		},
		"epoch start": func(t *testing.T, in input) SignedMessage {
			proof := in.EpochStartProof.Wire(t)
			return EpochStartMessage(digest(t, in), uint64(in.Epoch), &proof)
		},
		"proposal (defined, not sent)": func(t *testing.T, in input) SignedMessage {
			return ProposalMessage(digest(t, in), uint64(in.Epoch), uint64(in.SeqNr), ocr3vectors.Observations(in.Observations))
		},
	}
	run := map[string]func(*testing.T, vectors.File, vectors.Case){}
	for kind, message := range messages {
		run[kind] = func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[input](t, c.Input)
			out := vectors.DecodeStrict[struct{ Message, Signature vectors.Hex }](t, c.Output)
			got := message(t, in)
			if !bytes.Equal(got[:], out.Message) {
				t.Fatalf("signs %x, want %s", got, out.Message)
			}
			key := ed25519.NewKeyFromSeed(in.Seed)
			if signature := ed25519.Sign(key, got[:]); !bytes.Equal(signature, out.Signature) || !bytes.Equal(key.Public().(ed25519.PublicKey), in.PublicKey) {
				t.Errorf("signature %x, want %s", signature, out.Signature)
			}
		}
	}
	vectors.EachKind(t, "testdata", []string{"ocr3-signing.json"}, vectors.Kinds{Run: run})
}

func TestDigestVectors(t *testing.T) {
	type output struct{ Digest vectors.Hex }
	check := func(t *testing.T, c vectors.Case, got [32]byte) {
		if out := vectors.DecodeStrict[output](t, c.Output); !bytes.Equal(got[:], out.Digest) {
			t.Errorf("digest %x, want %s", got, out.Digest)
		}
	}
	vectors.EachKind(t, "testdata", []string{"ocr3-digests.json"}, vectors.Kinds{Run: map[string]func(*testing.T, vectors.File, vectors.Case){
		"outcomeInputs": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[struct {
				Kind                   string
				ConfigDigest           vectors.Hex
				Epoch, SeqNr           vectors.U64
				PreviousOutcome, Query vectors.Hex
				Observations           []struct {
					Observation vectors.Hex
					Observer    commontypes.OracleID
				}
			}](t, c.Input)
			var observations []types.AttributedObservation
			for _, o := range in.Observations {
				observations = append(observations, types.AttributedObservation{Observation: types.Observation(o.Observation), Observer: o.Observer})
			}
			check(t, c, OutcomeInputsDigest(in.ConfigDigest.Array32(t), uint64(in.Epoch), in.PreviousOutcome, uint64(in.SeqNr), in.Query, observations))
		},
		"outcome": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[struct {
				Kind    string
				Outcome vectors.Hex
			}](t, c.Input)
			check(t, c, OutcomeDigest(in.Outcome))
		},
		"certificate": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[struct {
				Kind        string
				Certificate ocr3vectors.Certificate
			}](t, c.Input)
			check(t, c, CertificateDigest(in.Certificate.Wire(t)))
		},
	}})
}

func TestCertificateVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"ocr3-certificates.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"compare": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind string
					A, B ocr3vectors.Timestamp
				}](t, c.Input)
				out := vectors.DecodeStrict[struct{ Cmp int }](t, c.Output)
				if got := in.A.Wire().Compare(in.B.Wire()); got != out.Cmp {
					t.Errorf("compares as %d, want %d", got, out.Cmp)
				}
			},
			"certificate": func(t *testing.T, _ vectors.File, c vectors.Case) { // whether it is valid, says the machine
				in := vectors.Decode[struct {
					Certificate ocr3vectors.Certificate
					Bytes       vectors.Hex
				}](t, c.Input)
				want := in.Certificate.Wire(t)
				if got := EncodeCertificate(want); !bytes.Equal(got, in.Bytes) {
					t.Errorf("encoded as %x, want %s", got, in.Bytes)
				}
			},
		},
		Elsewhere: map[string]string{"epochStartProof": "offchain/protocol/ocr3"},
	})
}

func TestDatabaseVectors(t *testing.T) {
	vectors.Each(t, "testdata", []string{"ocr3-db.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.DecodeStrict[struct {
			Key                            string
			Epoch, HighestSentNewEpochWish vectors.U64
			Certificate                    ocr3vectors.Certificate
		}](t, c.Input)
		out := vectors.DecodeStrict[struct{ Bytes vectors.Hex }](t, c.Output)
		switch in.Key {
		case "pacemaker":
			want := PacemakerState{Epoch: uint64(in.Epoch), HighestSentNewEpochWish: uint64(in.HighestSentNewEpochWish)}
			if got := EncodePacemakerState(want); !bytes.Equal(got, out.Bytes) {
				t.Errorf("encoded as %x, want %s", got, out.Bytes)
			}
			got, err := DecodePacemakerState(out.Bytes)
			if len(out.Bytes) == 0 {
				got = new(PacemakerState) // nothing stored and nothing to store are the same
			}
			if err != nil || *got != want {
				t.Errorf("decoded as %+v, %v, want %+v", got, err, want)
			}
		case "cert":
			want := in.Certificate.Wire(t)
			if got := EncodeCertificate(want); !bytes.Equal(got, out.Bytes) {
				t.Errorf("encoded as %x, want %s", got, out.Bytes)
			}
			if got, err := DecodeCertificate(out.Bytes); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("decoded as %+v, %v, want %+v", got, err, want)
			}
		default:
			t.Fatalf("unknown key %q", in.Key)
		}
	})
}
