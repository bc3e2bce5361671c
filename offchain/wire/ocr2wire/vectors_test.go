package ocr2wire_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
	. "github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire/ocr2pb"
	"github.com/ocrkit/ocrkit/test/vectors"
)

// vectorMessage is the form in which the vectors write messages: the union of the fields of all kinds.
type vectorMessage struct {
	Type         string
	Epoch        uint32
	Round        uint8
	Query        vectors.Hex
	Observation  vectors.Hex
	Signature    vectors.Hex
	Observations []struct {
		Observation, Signature vectors.Hex
		Observer               commontypes.OracleID
	} `json:"attributedSignedObservations"`
	Skip       bool
	Report     vectors.Hex
	H          vectors.Hex
	Signatures []struct {
		Signature vectors.Hex
		Signer    commontypes.OracleID
	} `json:"attributedSignatures"`
}

func (v vectorMessage) message(t *testing.T) Message {
	final := func() Final {
		m := Final{Epoch: v.Epoch, Round: v.Round, H: v.H.Array32(t)}
		m.AttestedReport.Report = nonEmpty(v.Report)
		for _, s := range v.Signatures {
			m.AttestedReport.AttributedSignatures = append(m.AttestedReport.AttributedSignatures,
				types.AttributedOnchainSignature{Signature: nonEmpty(s.Signature), Signer: s.Signer})
		}
		return m
	}
	switch v.Type {
	case "MessageNewEpoch":
		return &NewEpoch{v.Epoch}
	case "MessageObserveReq":
		return &ObserveReq{v.Epoch, v.Round, nonEmpty(v.Query)}
	case "MessageObserve":
		return &Observe{v.Epoch, v.Round, SignedObservation{nonEmpty(v.Observation), nonEmpty(v.Signature)}}
	case "MessageReportReq":
		m := &ReportReq{Epoch: v.Epoch, Round: v.Round, Query: nonEmpty(v.Query)}
		for _, o := range v.Observations {
			m.Observations = append(m.Observations, AttributedSignedObservation{
				SignedObservation{nonEmpty(o.Observation), nonEmpty(o.Signature)}, o.Observer})
		}
		return m
	case "MessageReport":
		return &Report{v.Epoch, v.Round, AttestedReportOne{v.Skip, nonEmpty(v.Report), nonEmpty(v.Signature)}}
	case "MessageFinal":
		m := final()
		return &m
	case "MessageFinalEcho":
		return &FinalEcho{final()}
	}
	t.Fatalf("unknown message type %q", v.Type)
	return nil
}

func TestMessageVectors(t *testing.T) {
	direction := func(_ vectors.File, c vectors.Case) string {
		var input struct{ Direction string }
		_ = json.Unmarshal(c.Input, &input) // anything else is an unknown kind
		return input.Direction
	}
	vectors.EachKind(t, "testdata", []string{"ocr12-ocr2-messages.json"}, vectors.Kinds{
		Of: direction,
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"encode-decode": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Direction string
					Message   vectorMessage
				}](t, c.Input)
				out := vectors.DecodeStrict[struct{ Bytes vectors.Hex }](t, c.Output)
				m := in.Message.message(t)
				checkEncode(t, m, out.Bytes)
				checkDecode(t, out.Bytes, m)
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
				if out.Reject != "" {
					if m, err := Decode(in.Bytes); err == nil {
						t.Fatalf("decoded to %#v, want it rejected: %s", m, out.Reject)
					}
					return
				}
				m := out.Message.message(t)
				checkDecode(t, in.Bytes, m)
				checkEncode(t, m, out.CanonicalBytes)
			},
			"size-check": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Direction string
					Type      string
					Bytes     vectors.Hex
					Limits    struct{ MaxQueryLength, MaxObservationLength, MaxReportLength int }
				}](t, c.Input)
				out := vectors.DecodeStrict[struct {
					Accept bool
					Why    string
				}](t, c.Output)
				// The decoder itself refuses lists that no instance can need.
				m, err := Decode(in.Bytes)
				if err == nil {
					if got := "Message" + m.Kind().String(); got != in.Type {
						t.Fatalf("decoded a %s, want a %s", got, in.Type)
					}
					err = CheckSize(m, types.ReportingPluginLimits(in.Limits))
				}
				if (err == nil) != out.Accept {
					t.Fatalf("got %v, want accepted = %v", err, out.Accept)
				}
			},
		},
	})
}

func checkEncode(t *testing.T, m Message, want []byte) {
	t.Helper()
	got, err := Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("encode %#v:\ngot  %x\nwant %x", m, got, want)
	}
}

func checkDecode(t *testing.T, b []byte, want Message) {
	t.Helper()
	got, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("decode %x:\ngot  %#v\nwant %#v", b, got, want)
	}
}

// decodeVectors returns the bytes of all cases of the message vectors.
func decodeVectors(t testing.TB) (all [][]byte) {
	for _, f := range vectors.Files(t, "testdata", "ocr12-ocr2-messages.json") {
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

type vectorTimestamp struct {
	ConfigDigest vectors.Hex
	Epoch        uint32
	Round        uint8
}

func (v vectorTimestamp) timestamp(t *testing.T) types.ReportTimestamp {
	return types.ReportTimestamp{ConfigDigest: v.ConfigDigest.Array32(t), Epoch: v.Epoch, Round: v.Round}
}

type vectorObservation struct {
	Query, Observation, OffchainPublicKey vectors.Hex
	ReportTimestamp                       vectorTimestamp
	Kind                                  string
	Seed                                  vectors.Hex // signedObservation
	Signature                             vectors.Hex // verifySignedObservation
}

func TestSigningVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"ocr12-ocr2-signing.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"signedObservation": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[vectorObservation](t, c.Input)
				out := vectors.DecodeStrict[struct {
					SignedMessage, Signature vectors.Hex
					Valid                    bool
				}](t, c.Output)
				digest := ObservationDigest(in.ReportTimestamp.timestamp(t), in.Query, in.Observation)
				if !bytes.Equal(digest[:], out.SignedMessage) {
					t.Fatalf("digest: got %x, want %x", digest, out.SignedMessage)
				}
				key := ed25519.NewKeyFromSeed(in.Seed)
				if got := ed25519.Sign(key, digest[:]); !bytes.Equal(got, out.Signature) {
					t.Errorf("signature: got %x, want %x", got, out.Signature)
				}
				if got := ed25519.Verify(ed25519.PublicKey(in.OffchainPublicKey), digest[:], out.Signature); got != out.Valid {
					t.Errorf("verification: got %v, want %v", got, out.Valid)
				}
			},
			"verifySignedObservation": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[vectorObservation](t, c.Input)
				out := vectors.DecodeStrict[struct {
					Valid bool
					Why   string
				}](t, c.Output)
				digest := ObservationDigest(in.ReportTimestamp.timestamp(t), in.Query, in.Observation)
				if got := ed25519.Verify(ed25519.PublicKey(in.OffchainPublicKey), digest[:], in.Signature); got != out.Valid {
					t.Errorf("verification: got %v, want %v (%s)", got, out.Valid, out.Why)
				}
			},
			"extraHash": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind                   string
					Query                  vectors.Hex
					AttributedObservations []struct {
						Observation vectors.Hex
						Observer    commontypes.OracleID
					}
				}](t, c.Input)
				want := vectors.DecodeStrict[struct{ ExtraHash vectors.Hex }](t, c.Output).ExtraHash
				var observations []AttributedSignedObservation
				for _, o := range in.AttributedObservations {
					observations = append(observations, AttributedSignedObservation{
						// Signatures are not part of the hash.
						SignedObservation{o.Observation, []byte{1, 2, 3}}, o.Observer})
				}
				if got := ExtraHash(in.Query, observations); !bytes.Equal(got[:], want) {
					t.Errorf("got %x, want %x", got, want)
				}
			},
		},
		Elsewhere: map[string]string{
			"verifyAttestedReportMany":    "offchain/protocol/ocr2",
			"verifyAttestedReportOneSkip": "offchain/protocol/ocr2",
			"evmReportSignature":          "offchain/evm",
			"ocr1NetworkDigest":           "offchain/config",
		},
	})
}

// TestHashesOfLongInput covers what does not fit into the buffer on the stack.
func TestHashesOfLongInput(t *testing.T) {
	long := bytes.Repeat([]byte{7}, 5000)
	a := ObservationDigest(types.ReportTimestamp{Epoch: 1}, long, long)
	b := ObservationDigest(types.ReportTimestamp{Epoch: 1}, long, long[1:])
	if a == b {
		t.Error("observations of different length have the same digest")
	}
	list := []AttributedSignedObservation{{SignedObservation: SignedObservation{Observation: long}}}
	if ExtraHash(long, list) == ExtraHash(long[1:], list) {
		t.Error("queries of different length have the same extra hash")
	}
}

func TestTelemetryVectors(t *testing.T) {
	type input struct {
		Event                       string
		ConfigDigest                vectors.Hex
		UnixTimeNanoseconds         vectors.U64
		SerializedMessage           vectors.Hex
		Sender, Receiver, Leader    commontypes.OracleID
		Epoch                       uint32
		Round                       uint8
		Time                        vectors.U64
		ComputedUnixTimeNanoseconds vectors.U64
		DelaysNs                    map[commontypes.OracleID]vectors.Ns
		Result, Ok                  bool
		Note                        string
	}
	instant := func(ns vectors.U64) time.Time { return time.Unix(0, int64(ns)) }
	run := func(event func(Telemetry, time.Time, input) []byte) func(*testing.T, vectors.File, vectors.Case) {
		return func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[input](t, c.Input)
			want := vectors.DecodeStrict[struct{ Bytes vectors.Hex }](t, c.Output).Bytes
			got := event(Telemetry{ConfigDigest: in.ConfigDigest.Array32(t)}, instant(in.UnixTimeNanoseconds), in)
			if !bytes.Equal(got, want) {
				t.Fatalf("got  %x\nwant %x", got, want)
			}
			checkTelemetrySchema(t, got)
		}
	}
	vectors.EachKind(t, "testdata", []string{"ocr12-ocr2-telemetry.json"}, vectors.Kinds{
		Of: func(_ vectors.File, c vectors.Case) string {
			var in struct{ Event string }
			_ = json.Unmarshal(c.Input, &in) // anything else is an unknown kind
			return in.Event
		},
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"message_received": run(func(t Telemetry, at time.Time, in input) []byte {
				return t.MessageReceived(at, in.SerializedMessage, in.Sender)
			}),
			"message_broadcast": run(func(t Telemetry, at time.Time, in input) []byte {
				return t.MessageBroadcast(at, in.SerializedMessage)
			}),
			"message_sent": run(func(t Telemetry, at time.Time, in input) []byte {
				return t.MessageSent(at, in.SerializedMessage, in.Receiver)
			}),
			"assertion_violation.invalid_serialization": run(func(t Telemetry, at time.Time, in input) []byte {
				return t.InvalidSerialization(at, in.SerializedMessage, in.Sender)
			}),
			"round_started": run(func(t Telemetry, at time.Time, in input) []byte {
				return t.RoundStarted(instant(in.Time), in.Epoch, in.Round, in.Leader)
			}),
			"epoch_started": run(func(t Telemetry, at time.Time, in input) []byte {
				return t.EpochStarted(at, in.Epoch, in.Leader)
			}),
			"transmission_schedule_computed": run(func(t Telemetry, at time.Time, in input) []byte {
				delays := map[commontypes.OracleID]time.Duration{}
				for oracle, delay := range in.DelaysNs {
					delays[oracle] = delay.D()
				}
				return t.ScheduleComputed(at, in.Epoch, in.Round, instant(in.ComputedUnixTimeNanoseconds), delays)
			}),
			"transmission_should_accept_finalized_report_computed": run(func(t Telemetry, at time.Time, in input) []byte {
				return t.ShouldAcceptComputed(at, in.Epoch, in.Round, in.Result, in.Ok)
			}),
			"transmission_should_transmit_accepted_report_computed": run(func(t Telemetry, at time.Time, in input) []byte {
				return t.ShouldTransmitComputed(at, in.Epoch, in.Round, in.Result, in.Ok)
			}),
		},
	})
}

// checkTelemetrySchema checks that the schema knows every field of an event, and that nothing is encoded but what it says.
func checkTelemetrySchema(t *testing.T, b []byte) {
	t.Helper()
	var wrapper ocr2pb.TelemetryWrapper
	if err := proto.Unmarshal(b, &wrapper); err != nil {
		t.Fatalf("not a TelemetryWrapper: %v", err)
	}
	if wrapper.Wrapped == nil || len(wrapper.ProtoReflect().GetUnknown()) > 0 {
		t.Fatalf("%x: no member is set, or there are unknown fields", b)
	}
	again, err := proto.MarshalOptions{Deterministic: true}.Marshal(&wrapper)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again, b) {
		t.Fatalf("the generated code writes it differently:\ngot  %x\nwant %x", b, again)
	}
}

// TestSchema holds the schema to the names that other implementations use.
func TestSchema(t *testing.T) {
	for _, file := range []interface{ Path() string }{
		ocr2pb.File_offchainreporting2_messages_proto, ocr2pb.File_offchainreporting2_telemetry_proto,
	} {
		if !strings.HasPrefix(file.Path(), "offchainreporting2_") {
			t.Errorf("file name %q", file.Path())
		}
	}
	oneof := ocr2pb.File_offchainreporting2_messages_proto.Messages().ByName("MessageWrapper").Oneofs().ByName("msg").Fields()
	for kind := KindNewEpoch; kind <= KindFinalEcho; kind++ {
		field := oneof.ByNumber(protowire.Number(kind))
		if field == nil || string(field.Message().Name()) != "Message"+kind.String() {
			t.Errorf("kind %d (%s) is %v in the schema", kind, kind, field)
		}
	}
	if got := ocr2pb.File_offchainreporting2_messages_proto.Package(); got != "offchainreporting2" {
		t.Errorf("package %q", got)
	}
}
