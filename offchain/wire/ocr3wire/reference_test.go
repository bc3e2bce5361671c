package ocr3wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	. "github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire/ocr3pb"
	"github.com/ocrkit/ocrkit/test/vectors"
)

// referenceDecode decodes by way of the code generated from the schema: slow and plain. The real decoder must agree with it on
// everything. It returns nil where lists are longer than any valid message has them, of which the real one drops the rest.
func referenceDecode(b []byte, n int) (Message, error) {
	var w ocr3pb.MessageWrapper
	if err := proto.Unmarshal(b, &w); err != nil {
		return nil, err
	}
	r := reference{n: n}
	var m Message
	switch w := w.Msg.(type) {
	case *ocr3pb.MessageWrapper_MessageNewEpochWish:
		m = &NewEpochWish{Epoch: w.MessageNewEpochWish.Epoch}
	case *ocr3pb.MessageWrapper_MessageEpochStartRequest:
		pb := w.MessageEpochStartRequest
		if pb.SignedHighestCertifiedTimestamp.GetHighestCertifiedTimestamp() == nil {
			r.fail("no signed timestamp")
		}
		m = &EpochStartRequest{Epoch: pb.Epoch, HighestCertified: r.certificate(pb.HighestCertified), SignedHighestCertifiedTimestamp: signedTimestamp(pb.SignedHighestCertifiedTimestamp)}
	case *ocr3pb.MessageWrapper_MessageEpochStart:
		pb := w.MessageEpochStart
		proof := EpochStartProof{HighestCertified: r.certificate(pb.EpochStartProof.GetHighestCertified())}
		for _, entry := range pb.EpochStartProof.GetHighestCertifiedProof() {
			proof.HighestCertifiedProof = append(proof.HighestCertifiedProof, AttributedSignedHighestCertifiedTimestamp{
				SignedHighestCertifiedTimestamp: signedTimestamp(entry.SignedHighestCertifiedTimestamp), Signer: r.oracle(entry.Signer),
			})
		}
		r.count(len(proof.HighestCertifiedProof))
		m = &EpochStart{Epoch: pb.Epoch, EpochStartProof: proof, Signature31: nonEmpty(pb.Signature31)}
	case *ocr3pb.MessageWrapper_MessageRoundStart:
		pb := w.MessageRoundStart
		m = &RoundStart{Epoch: pb.Epoch, SeqNr: pb.SeqNr, Query: nonEmpty(pb.Query), Signature31: nonEmpty(pb.Signature31)}
	case *ocr3pb.MessageWrapper_MessageObservation:
		pb := w.MessageObservation
		m = &Observation{Epoch: pb.Epoch, SeqNr: pb.SeqNr, SignedObservation: r.observation(pb.SignedObservation)}
	case *ocr3pb.MessageWrapper_MessageProposal:
		pb := w.MessageProposal
		p := &Proposal{Epoch: pb.Epoch, SeqNr: pb.SeqNr, Signature31: nonEmpty(pb.Signature31)}
		for _, entry := range pb.AttributedSignedObservations {
			p.Observations = append(p.Observations, AttributedSignedObservation{SignedObservation: r.observation(entry.SignedObservation), Observer: r.oracle(entry.Observer)})
		}
		r.count(len(p.Observations))
		m = p
	case *ocr3pb.MessageWrapper_MessagePrepare:
		m = &Prepare{Epoch: w.MessagePrepare.Epoch, SeqNr: w.MessagePrepare.SeqNr, Signature: nonEmpty(w.MessagePrepare.Signature)}
	case *ocr3pb.MessageWrapper_MessageCommit:
		m = &Commit{Epoch: w.MessageCommit.Epoch, SeqNr: w.MessageCommit.SeqNr, Signature: nonEmpty(w.MessageCommit.Signature)}
	case *ocr3pb.MessageWrapper_MessageReportSignatures:
		rs := &ReportSignatures{SeqNr: w.MessageReportSignatures.SeqNr}
		for _, s := range w.MessageReportSignatures.ReportSignatures {
			rs.Signatures = append(rs.Signatures, nonEmpty(s))
		}
		m = rs
	case *ocr3pb.MessageWrapper_MessageCertifiedCommitRequest:
		m = &CertifiedCommitRequest{SeqNr: w.MessageCertifiedCommitRequest.SeqNr}
	case *ocr3pb.MessageWrapper_MessageCertifiedCommit:
		if w.MessageCertifiedCommit.CertifiedCommit == nil {
			r.fail("no commit")
		}
		m = &CertifiedCommitMessage{CertifiedCommit: r.commit(w.MessageCertifiedCommit.CertifiedCommit)}
	default:
		return nil, errors.New("no member")
	}
	if r.err != nil {
		return nil, r.err
	}
	if r.long {
		return nil, nil
	}
	return m, nil
}

type reference struct {
	n    int
	err  error
	long bool
}

func (r *reference) fail(why string) {
	if r.err == nil {
		r.err = errors.New(why)
	}
}

func (r *reference) count(n int) { r.long = r.long || n > 32 }

func (r *reference) oracle(v uint32) commontypes.OracleID {
	id := commontypes.OracleID(v)
	if int(id) >= r.n {
		r.fail("no such oracle")
	}
	return id
}

func (r *reference) observation(pb *ocr3pb.SignedObservation) SignedObservation {
	if pb == nil {
		r.fail("no observation")
	}
	return SignedObservation{Observation: nonEmpty(pb.GetObservation()), Signature: nonEmpty(pb.GetSignature())}
}

func (r *reference) certificate(pb *ocr3pb.CertifiedPrepareOrCommit) Certificate {
	switch c := pb.GetPrepareOrCommit().(type) {
	case *ocr3pb.CertifiedPrepareOrCommit_Prepare:
		prepare := &CertifiedPrepare{PrepareEpoch: c.Prepare.PrepareEpoch, SeqNr: c.Prepare.SeqNr, Outcome: nonEmpty(c.Prepare.Outcome)}
		copy(prepare.OutcomeInputsDigest[:], c.Prepare.OutcomeInputsDigest)
		for _, s := range c.Prepare.PrepareQuorumCertificate {
			prepare.Signatures = append(prepare.Signatures, AttributedSignature{Signature: nonEmpty(s.Signature), Signer: r.oracle(s.Signer)})
		}
		r.count(len(prepare.Signatures))
		return prepare
	case *ocr3pb.CertifiedPrepareOrCommit_Commit:
		commit := r.commit(c.Commit)
		return &commit
	}
	r.fail("no certificate")
	return nil
}

func (r *reference) commit(pb *ocr3pb.CertifiedCommit) CertifiedCommit {
	commit := CertifiedCommit{CommitEpoch: pb.GetCommitEpoch(), SeqNr: pb.GetSeqNr(), Outcome: nonEmpty(pb.GetOutcome())}
	for _, s := range pb.GetCommitQuorumCertificate() {
		commit.Signatures = append(commit.Signatures, AttributedSignature{Signature: nonEmpty(s.Signature), Signer: r.oracle(s.Signer)})
	}
	r.count(len(commit.Signatures))
	return commit
}

func signedTimestamp(pb *ocr3pb.SignedHighestCertifiedTimestamp) SignedHighestCertifiedTimestamp {
	ts := pb.GetHighestCertifiedTimestamp()
	return SignedHighestCertifiedTimestamp{
		HighestCertifiedTimestamp: HighestCertifiedTimestamp{SeqNr: ts.GetSeqNr(), CommittedElsePrepared: ts.GetCommittedElsePrepared(), Epoch: ts.GetEpoch()},
		Signature:                 nonEmpty(pb.GetSignature()), Signature31: nonEmpty(pb.GetSignature31()),
	}
}

func nonEmpty(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

// seeds returns the messages of the golden vectors.
func seeds(tb testing.TB) (list [][]byte) {
	for _, name := range []string{"ocr3-messages.json", "ocr3-malformed.json"} {
		content, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			tb.Fatal(err)
		}
		var file struct {
			Cases []struct{ Input, Output struct{ Bytes vectors.Hex } }
		}
		if err := json.Unmarshal(content, &file); err != nil {
			tb.Fatal(err)
		}
		for _, c := range file.Cases {
			list = append(list, append(c.Input.Bytes, c.Output.Bytes...))
		}
	}
	return list
}

func agree(t *testing.T, b []byte, n int) {
	got, err := Decode(b, n, manyReports)
	want, wantErr := referenceDecode(b, n)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%x: %v, the generated code says %v", b, err, wantErr)
	}
	if err != nil || want == nil {
		return
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%x: decoded as\n%+v, the generated code says\n%+v", b, got, want)
	}
	encoded, err := Encode(got)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Decode(encoded, n, manyReports)
	if err != nil || !reflect.DeepEqual(again, got) {
		t.Fatalf("%+v encoded and decoded again is %+v, %v", got, again, err)
	}
	if err := CheckSize(got, SizeLimits{}); err != nil && len(err.Error()) == 0 {
		t.Fatal("an error without text")
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed, uint8(4))
	}
	f.Fuzz(func(t *testing.T, b []byte, n uint8) { agree(t, b, int(n%31)+1) })
}

func FuzzDecodeCertificate(f *testing.F) {
	f.Add(EncodeCertificate(Genesis()))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := DecodeCertificate(b)
		if err != nil || c == nil {
			return
		}
		again, err := DecodeCertificate(EncodeCertificate(c))
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Fatalf("%x: %+v, again %+v, %v", b, c, again, err)
		}
		_, _ = DecodePacemakerState(b)
	})
}

// Two messages one after the other are one message to a protobuf reader, and so they are to ours.
func TestMergedMessages(t *testing.T) {
	list := seeds(t)
	for i, a := range list {
		for _, b := range list[i:min(i+20, len(list))] {
			agree(t, append(bytes.Clone(a), b...), 4)
		}
	}
}

func TestTelemetryVectors(t *testing.T) {
	vectors.Each(t, "testdata", []string{"ocr3-telemetry.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.DecodeStrict[struct {
			ConfigDigest           vectors.Hex
			UnixTimeNanoseconds    vectors.U64
			Msg, Raw               vectors.Hex
			Sender, Receiver       commontypes.OracleID
			Epoch, SeqNr, Round    vectors.U64
			Leader                 commontypes.OracleID
			Index                  int
			T0                     vectors.U64
			Schedule               map[commontypes.OracleID]vectors.Ns
			IsOverride, Ok, Result bool
		}](t, c.Input)
		out := vectors.DecodeStrict[struct{ Bytes vectors.Hex }](t, c.Output)
		tel := Telemetry{ConfigDigest: in.ConfigDigest.Array32(t)}
		at := time.Unix(0, int64(in.UnixTimeNanoseconds))
		var got []byte
		switch c.Name {
		case "received":
			got = tel.MessageReceived(at, in.Msg, in.Sender)
		case "broadcast":
			got = tel.MessageBroadcast(at, in.Msg)
		case "sent":
			got = tel.MessageSent(at, in.Msg, in.Receiver)
		case "invalid serialization":
			got = tel.InvalidSerialization(at, in.Raw, in.Sender)
		case "round started":
			got = tel.RoundStarted(at, uint64(in.Epoch), uint64(in.SeqNr), uint64(in.Round), in.Leader)
		case "epoch started":
			got = tel.EpochStarted(at, uint64(in.Epoch), in.Leader)
		case "schedule":
			delays := map[commontypes.OracleID]time.Duration{}
			for id, d := range in.Schedule {
				delays[id] = d.D()
			}
			got = tel.ScheduleComputed(at, uint64(in.SeqNr), in.Index, time.Unix(0, int64(in.T0)), in.IsOverride, delays, in.Ok)
		case "should accept":
			got = tel.ShouldAcceptComputed(at, uint64(in.SeqNr), in.Index, in.Result, in.Ok)
		case "should transmit":
			got = tel.ShouldTransmitComputed(at, uint64(in.SeqNr), in.Index, in.Result, in.Ok)
		default:
			t.Fatalf("unknown case %q", c.Name)
		}
		if !bytes.Equal(got, out.Bytes) {
			t.Errorf("got\n%x, want\n%x", got, []byte(out.Bytes))
		}
		var wrapper ocr3pb.TelemetryWrapper
		if err := proto.Unmarshal(got, &wrapper); err != nil || len(wrapper.ProtoReflect().GetUnknown()) > 0 {
			t.Errorf("not of the schema: %v", err)
		}
	})
}
