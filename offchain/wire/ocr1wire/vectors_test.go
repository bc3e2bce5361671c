package ocr1wire_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"google.golang.org/protobuf/proto"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	. "github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire/ocr1pb"
	"github.com/ocrkit/ocrkit/test/vectors"
)

var timestampOfTests = ocr1types.ReportTimestamp{ConfigDigest: ocr1types.ConfigDigest{1, 2, 3}, Epoch: 4, Round: 5}

type vectorAttributed struct {
	Observation vectors.Dec
	Observer    commontypes.OracleID
}

// vectorMessage is the form in which the vectors write messages: the union of the fields of all kinds.
type vectorMessage struct {
	Type        string
	Epoch       uint32
	Round       uint8
	Observation *vectors.Dec
	Signature   vectors.Hex
	Requested   []struct {
		Observation vectors.Dec
		Signature   vectors.Hex
		Observer    commontypes.OracleID
	} `json:"attributedSignedObservations"`
	Reported   []vectorAttributed `json:"attributedObservations"`
	Signatures []vectors.Hex
}

func valueOf(t *testing.T, v vectors.Dec) Observation {
	t.Helper()
	o, err := NewObservation(v.Int)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func listOf(t *testing.T, list []vectorAttributed) (observations []AttributedObservation) {
	for _, o := range list {
		observations = append(observations, AttributedObservation{valueOf(t, o.Observation), o.Observer})
	}
	return observations
}

func (v vectorMessage) message(t *testing.T) Message {
	final := Final{Epoch: v.Epoch, Round: v.Round, AttestedReport: AttestedReportMany{Observations: listOf(t, v.Reported)}}
	for _, signature := range v.Signatures {
		final.AttestedReport.Signatures = append(final.AttestedReport.Signatures, nonEmpty(signature))
	}
	switch v.Type {
	case "MessageNewEpoch":
		return &NewEpoch{v.Epoch}
	case "MessageObserveReq":
		return &ObserveReq{v.Epoch, v.Round}
	case "MessageObserve":
		return &Observe{v.Epoch, v.Round, SignedObservation{valueOf(t, *v.Observation), nonEmpty(v.Signature)}}
	case "MessageReportReq":
		m := &ReportReq{Epoch: v.Epoch, Round: v.Round}
		for _, o := range v.Requested {
			m.Observations = append(m.Observations, AttributedSignedObservation{
				SignedObservation{valueOf(t, o.Observation), nonEmpty(o.Signature)}, o.Observer})
		}
		return m
	case "MessageReport":
		return &Report{v.Epoch, v.Round, AttestedReportOne{listOf(t, v.Reported), nonEmpty(v.Signature)}}
	case "MessageFinal":
		return &final
	case "MessageFinalEcho":
		return &FinalEcho{final}
	}
	t.Fatalf("unknown message type %q", v.Type)
	return nil
}

func TestMessageVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"ocr12-ocr1-messages.json"}, vectors.Kinds{
		Of: func(_ vectors.File, c vectors.Case) string {
			var input struct{ Direction string }
			_ = json.Unmarshal(c.Input, &input) // anything else is an unknown kind
			return input.Direction
		},
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"encode-decode": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Direction string
					Message   vectorMessage
				}](t, c.Input)
				b := vectors.DecodeStrict[struct{ Bytes vectors.Hex }](t, c.Output).Bytes
				checkCodec(t, b, in.Message.message(t), b)
			},
			"decode": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Direction string
					Bytes     vectors.Hex
				}](t, c.Input)
				out := vectors.DecodeStrict[struct {
					CanonicalBytes vectors.Hex
					Message        vectorMessage
					Reject         string
				}](t, c.Output)
				if out.Reject == "" {
					checkCodec(t, in.Bytes, out.Message.message(t), out.CanonicalBytes)
				} else if m, err := Decode(in.Bytes); err == nil {
					t.Fatalf("decoded to %s, want it rejected: %s", m, out.Reject)
				}
			},
		},
	})
}

// checkCodec checks what some bytes decode to, and what that is encoded to.
func checkCodec(t *testing.T, b []byte, want Message, canonical []byte) {
	t.Helper()
	got, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("decode %x:\ngot  %s\nwant %s", b, got, want)
	}
	encoded, err := Encode(want)
	if err != nil || !bytes.Equal(encoded, canonical) {
		t.Fatalf("encode %s, %v:\ngot  %x\nwant %x", want, err, encoded, canonical)
	}
}

// decodeVectors returns the bytes of all cases of the message vectors.
func decodeVectors(t testing.TB) (all [][]byte) {
	for _, f := range vectors.Files(t, "testdata", "ocr12-ocr1-messages.json") {
		for _, c := range f.Cases {
			for _, raw := range []json.RawMessage{c.Input, c.Output} {
				if b := vectors.Decode[struct{ Bytes vectors.Hex }](t, raw).Bytes; b != nil {
					all = append(all, b)
				}
			}
		}
	}
	return all
}

type vectorContext struct {
	ConfigDigest vectors.Hex
	Epoch        uint32
	Round        uint8
}

func (v vectorContext) timestamp(t *testing.T) ocr1types.ReportTimestamp {
	return ocr1types.ReportTimestamp{ConfigDigest: v.ConfigDigest.Array16(t), Epoch: v.Epoch, Round: v.Round}
}

func TestSigningVectors(t *testing.T) {
	same := func(t *testing.T, what string, got, want []byte) {
		t.Helper()
		if !bytes.Equal(got, want) {
			t.Errorf("%s:\ngot  %x\nwant %x", what, got, want)
		}
	}
	vectors.EachKind(t, "testdata", []string{"ocr12-ocr1-signing.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"observationEncoding": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind        string
					Observation vectors.Dec
				}](t, c.Input)
				out := vectors.DecodeStrict[struct {
					Bytes  vectors.Hex
					Reject string
				}](t, c.Output)
				o, err := NewObservation(in.Observation.Int)
				if (err != nil) != (out.Reject != "") {
					t.Fatalf("got error %v, want %q", err, out.Reject)
				}
				if err == nil {
					same(t, "bytes", o[:], out.Bytes)
					if o.Int().Cmp(in.Observation.Int) != 0 {
						t.Errorf("read back %s, want %s", o, in.Observation)
					}
				}
			},
			"signedObservation": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind                    string
					Observation             vectors.Dec
					OffchainPublicKey, Seed vectors.Hex
					ReportContext           vectorContext
				}](t, c.Input)
				out := vectors.DecodeStrict[struct {
					DomainSeparationTag, EncodedObservation, Signature, SignedMessage vectors.Hex
				}](t, c.Output)
				ts, o := in.ReportContext.timestamp(t), valueOf(t, in.Observation)
				context, message := ReportContext(ts), SignedMessage(ts, o)
				same(t, "context", context[:], out.DomainSeparationTag)
				same(t, "observation", o[:], out.EncodedObservation)
				same(t, "message", message, out.SignedMessage)
				key := ed25519.NewKeyFromSeed(in.Seed)
				same(t, "public key", key.Public().(ed25519.PublicKey), in.OffchainPublicKey)
				same(t, "signature", ed25519.Sign(key, message), out.Signature)
			},
			"report": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind                   string
					AttributedObservations []vectorAttributed
					ReportContext          vectorContext
				}](t, c.Input)
				out := vectors.DecodeStrict[struct {
					Median                    vectors.Dec
					OnchainReport, SignedHash vectors.Hex
					Signatures                []struct {
						OnchainAddress, Seed, Signature vectors.Hex
						Signer                          commontypes.OracleID
					}
					TransmitArgs struct {
						Rs, Ss []vectors.Hex
						Vs     vectors.Hex
					}
				}](t, c.Output)
				list := listOf(t, in.AttributedObservations)
				report, err := OnchainReport(in.ReportContext.timestamp(t), list)
				if err != nil {
					t.Fatal(err)
				}
				same(t, "report", report, out.OnchainReport)
				same(t, "hash", crypto.Keccak256(report), out.SignedHash)
				if got := Median(list); got.Cmp(out.Median.Int) != 0 {
					t.Errorf("median %s, want %s", got, out.Median)
				}
				var signatures [][]byte
				for _, s := range out.Signatures {
					key, err := crypto.ToECDSA(s.Seed)
					if err != nil {
						t.Fatal(err)
					}
					signature, err := crypto.Sign(crypto.Keccak256(report), key)
					if err != nil {
						t.Fatal(err)
					}
					same(t, "signature", signature, s.Signature)
					signatures = append(signatures, s.Signature)
				}
				rs, ss, vs, err := SplitSignatures(signatures)
				if err != nil || len(rs) != len(out.TransmitArgs.Rs) || len(ss) != len(out.TransmitArgs.Ss) {
					t.Fatalf("%d r, %d s, %v", len(rs), len(ss), err)
				}
				for i := range rs {
					same(t, "r", rs[i][:], out.TransmitArgs.Rs[i])
					same(t, "s", ss[i][:], out.TransmitArgs.Ss[i])
				}
				same(t, "vs", vs[:], out.TransmitArgs.Vs)
			},
		},
		Elsewhere: map[string]string{"verifyAttestedReportMany": "offchain/protocol/ocr1"},
	})
}

func TestTelemetryVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"ocr12-ocr1-misc.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"ocr1Telemetry": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind, Event               string
					ConfigDigest              vectors.Hex
					SerializedMessage         vectors.Hex
					Sender, Receiver, Leader  commontypes.OracleID
					Epoch                     uint32
					Round                     uint8
					Time, UnixTimeNanoseconds vectors.U64
				}](t, c.Input)
				want := vectors.DecodeStrict[struct{ Bytes vectors.Hex }](t, c.Output).Bytes
				telemetry := Telemetry{ConfigDigest: in.ConfigDigest.Array16(t)}
				at := time.Unix(0, int64(in.UnixTimeNanoseconds))
				var got []byte
				switch in.Event {
				case "messageReceived":
					got = telemetry.MessageReceived(at, in.SerializedMessage, in.Sender)
				case "messageBroadcast":
					got = telemetry.MessageBroadcast(at, in.SerializedMessage)
				case "messageSent":
					got = telemetry.MessageSent(at, in.SerializedMessage, in.Receiver)
				case "assertionViolation.invalidSerialization":
					got = telemetry.InvalidSerialization(at, in.SerializedMessage, in.Sender)
				case "roundStarted":
					got = telemetry.RoundStarted(time.Unix(0, int64(in.Time)), in.Epoch, in.Round, in.Leader)
				default:
					t.Fatalf("unknown event %q", in.Event)
				}
				if !bytes.Equal(got, want) {
					t.Fatalf("got  %x\nwant %x", got, want)
				}
				var wrapper ocr1pb.TelemetryWrapper
				if err := proto.Unmarshal(got, &wrapper); err != nil || wrapper.Wrapped == nil || len(wrapper.ProtoReflect().GetUnknown()) > 0 {
					t.Fatalf("not what the schema says: %v", err)
				}
			},
		},
		Elsewhere: map[string]string{"ocr1LocalConfig": "offchain/localconfig"},
	})
}
