package ocr2wire_test

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
	. "github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// checkAgainstReference compares what the codec and the generated code make of some bytes.
func checkAgainstReference(t interface{ Fatalf(string, ...any) }, b []byte) {
	got, err := Decode(b)
	want, wantErr := referenceDecode(b)
	if (err != nil) != (wantErr != nil) {
		t.Fatalf("decode %x: got error %v, generated code gives %v", b, err, wantErr)
	}
	if err != nil {
		if got != nil {
			t.Fatalf("decode %x: got a message in spite of the error %v", b, err)
		}
		return
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("decode %x:\ngot  %#v\nwant %#v", b, got, want)
	}
	encoded, err := Encode(got)
	if err != nil {
		t.Fatalf("encode %#v: %v", got, err)
	}
	if len(encoded) != cap(encoded) || len(encoded) != EncodedSize(got) {
		t.Fatalf("encode %#v: %d bytes in a slice of capacity %d, EncodedSize says %d", got, len(encoded), cap(encoded), EncodedSize(got))
	}
	wantEncoded, err := referenceEncode(want)
	if err != nil {
		t.Fatalf("generated code: encode %#v: %v", want, err)
	}
	if !bytes.Equal(encoded, wantEncoded) {
		t.Fatalf("encode %#v:\ngot  %x\nwant %x", got, encoded, wantEncoded)
	}
}

func FuzzDecode(f *testing.F) {
	for _, m := range sampleMessages(4, 20) {
		b, err := Encode(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, c := range decodeVectors(f) {
		f.Add(c)
	}
	f.Fuzz(func(t *testing.T, b []byte) { checkAgainstReference(t, b) })
}

// TestArbitraryProtobuf feeds well-formed protobuf with the schema's numbers in unusual places: repeated, reordered,
// nested where they do not belong, with wrong wire types.
func TestArbitraryProtobuf(t *testing.T) {
	var fields func(depth int) *rapid.Generator[[]byte]
	fields = func(depth int) *rapid.Generator[[]byte] {
		return rapid.Custom(func(t *rapid.T) []byte {
			var b []byte
			for range rapid.IntRange(0, 5).Draw(t, "fields") {
				num := protowire.Number(rapid.IntRange(1, 9).Draw(t, "number"))
				switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
				case kind == 0:
					b = protowire.AppendTag(b, num, protowire.Fixed32Type)
					b = protowire.AppendFixed32(b, 7)
				case kind == 1:
					b = protowire.AppendTag(b, num, protowire.StartGroupType)
					b = protowire.AppendGroup(b, num, []byte{0x08, 0x01})
				case kind == 2:
					b = append(b, rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "garbage")...)
				case kind <= 5:
					b = protowire.AppendTag(b, num, protowire.VarintType)
					b = protowire.AppendVarint(b, rapid.Uint64().Draw(t, "value"))
				case kind == 6 || depth == 0:
					b = protowire.AppendTag(b, num, protowire.BytesType)
					size := rapid.SampledFrom([]int{32, 0, 1, 31}).Draw(t, "size")
					b = protowire.AppendBytes(b, bytes.Repeat([]byte{rapid.Byte().Draw(t, "byte")}, size))
				default:
					b = protowire.AppendTag(b, num, protowire.BytesType)
					b = protowire.AppendBytes(b, fields(depth-1).Draw(t, "sub"))
				}
			}
			return b
		})
	}
	rapid.Check(t, func(t *rapid.T) { checkAgainstReference(t, fields(4).Draw(t, "wrapper")) })
}

// TestMutatedMessages changes valid messages a little, which reaches deeper than arbitrary bytes.
func TestMutatedMessages(t *testing.T) {
	var seeds [][]byte
	for _, m := range append(sampleMessages(2, 5), sampleMessages(31, 1)...) {
		b, err := Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		seeds = append(seeds, b)
	}
	rapid.Check(t, func(t *rapid.T) {
		b := bytes.Clone(rapid.SampledFrom(seeds).Draw(t, "message"))
		for range rapid.IntRange(0, 4).Draw(t, "changes") {
			i := rapid.IntRange(0, len(b)-1).Draw(t, "position")
			b[i] = rapid.Byte().Draw(t, "byte")
		}
		if rapid.Bool().Draw(t, "append") {
			b = append(b, rapid.SampledFrom(seeds).Draw(t, "second")...)
		}
		checkAgainstReference(t, b)
	})
}

// sampleMessages returns one message of each kind, with lists of n entries and byte strings of the given size.
func sampleMessages(n, size int) []Message {
	fill := func(seed byte, size int) []byte {
		b := make([]byte, size)
		for i := range b {
			b[i] = seed + byte(i)*7
		}
		return b
	}
	signed := SignedObservation{Observation: fill(1, size), Signature: fill(2, 64)}
	reportReq := &ReportReq{Epoch: 300, Round: 9, Query: fill(3, size)}
	final := Final{Epoch: 300, Round: 9, H: [32]byte(fill(4, 32)), AttestedReport: AttestedReportMany{Report: fill(5, size)}}
	for i := range n {
		id := commontypes.OracleID(i)
		reportReq.Observations = append(reportReq.Observations, AttributedSignedObservation{signed, id})
		final.AttestedReport.AttributedSignatures = append(final.AttestedReport.AttributedSignatures,
			types.AttributedOnchainSignature{Signature: fill(6, 65), Signer: id})
	}
	return []Message{
		&NewEpoch{Epoch: 300},
		&ObserveReq{Epoch: 300, Round: 9, Query: fill(3, size)},
		&Observe{Epoch: 300, Round: 9, SignedObservation: signed},
		reportReq,
		&Report{Epoch: 300, Round: 9, AttestedReport: AttestedReportOne{Report: fill(5, size), Signature: fill(6, 65)}},
		&Report{Epoch: 300, Round: 9, AttestedReport: AttestedReportOne{Skip: true}},
		&final,
		&FinalEcho{Final: final},
	}
}

func TestDecodedMessageAliasesInputOnly(t *testing.T) {
	for _, m := range sampleMessages(4, 20) {
		b, err := Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		if m, ok := decoded.(*ReportReq); ok {
			// Appending to one field must not reach the next one.
			before := bytes.Clone(b)
			_ = append(m.Query, 0xff)
			_ = append(m.Observations[0].Observation, 0xff)
			if !bytes.Equal(before, b) {
				t.Error("append to a field of a decoded message wrote to the buffer")
			}
		}
	}
}

func TestEncodeRefusesNil(t *testing.T) {
	for _, m := range []Message{
		nil, (*NewEpoch)(nil), (*ObserveReq)(nil), (*Observe)(nil), (*ReportReq)(nil), (*Report)(nil), (*Final)(nil), (*FinalEcho)(nil),
	} {
		if b, err := Encode(m); err == nil {
			t.Errorf("%T: got %x, want an error", m, b)
		}
		if size := EncodedSize(m); size != 0 {
			t.Errorf("%T: got size %d", m, size)
		}
	}
	if err := CheckSize(nil, types.ReportingPluginLimits{}); err == nil {
		t.Error("CheckSize(nil): got no error")
	}
}

func TestErrorsSayWhatIsWrong(t *testing.T) {
	many := &ReportReq{Observations: make([]AttributedSignedObservation, 32)}
	tooMany, err := Encode(many)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		b    []byte
		want string
	}{
		"nothing":      {nil, "no known kind"},
		"garbage":      {[]byte{0xff}, "malformed"},
		"no part":      {[]byte{0x22, 0}, "Observe: signed_observation"},
		"no final":     {[]byte{0x42, 0}, "FinalEcho: final"},
		"short h":      {[]byte{0x3a, 5, 0x22, 1, 0, 0x2a, 0}, "Final: h has 1 bytes, want 32"},
		"list too big": {tooMany, "ReportReq: a list has more than 31"},
	} {
		if _, err := Decode(test.b); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, test.want)
		}
	}
	if err := CheckSize(many, types.ReportingPluginLimits{}); err == nil || !strings.Contains(err.Error(), "32 observations") {
		t.Errorf("CheckSize: got %v", err)
	}
	final := &Final{AttestedReport: AttestedReportMany{AttributedSignatures: make([]types.AttributedOnchainSignature, 32)}}
	for _, m := range []Message{final, &FinalEcho{Final: *final}} {
		if err := CheckSize(m, types.ReportingPluginLimits{}); err == nil || !strings.Contains(err.Error(), "32 signatures") {
			t.Errorf("CheckSize: got %v", err)
		}
	}
}

func TestStrings(t *testing.T) {
	want := []string{
		"NewEpoch epoch=300",
		"ObserveReq epoch=300 round=9 query=030a11",
		"Observe epoch=300 round=9 observation=01080f signature=02091017..(64)",
		"ReportReq epoch=300 round=9 query=030a11 observations=[0:01080f 1:01080f]",
		"Report epoch=300 round=9 report=050c13 signature=060d141b..(65)",
		"Report epoch=300 round=9 skip",
		"Final epoch=300 round=9 h=040b1219..(32) report=050c13 signers=[0 1]",
		"FinalEcho epoch=300 round=9 h=040b1219..(32) report=050c13 signers=[0 1]",
	}
	for i, m := range sampleMessages(2, 3) {
		if got := fmt.Sprint(m); got != want[i] {
			t.Errorf("got  %q\nwant %q", got, want[i])
		}
	}
	if got := Kind(99).String(); got != "unknown message kind" {
		t.Errorf("got %q", got)
	}
}

var (
	sinkBytes   []byte
	sinkMessage Message
)

func BenchmarkEncode(b *testing.B) {
	forEachBenchmark(b, func(b *testing.B, m Message, encoded []byte) {
		for b.Loop() {
			out, err := Encode(m)
			if err != nil {
				b.Fatal(err)
			}
			sinkBytes = out
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	forEachBenchmark(b, func(b *testing.B, m Message, encoded []byte) {
		for b.Loop() {
			out, err := Decode(encoded)
			if err != nil {
				b.Fatal(err)
			}
			sinkMessage = out
		}
	})
}

// BenchmarkDecodeGenerated is the baseline for BenchmarkDecode: the generated code.
func BenchmarkDecodeGenerated(b *testing.B) {
	forEachBenchmark(b, func(b *testing.B, m Message, encoded []byte) {
		for b.Loop() {
			out, err := referenceDecode(encoded)
			if err != nil {
				b.Fatal(err)
			}
			sinkMessage = out
		}
	})
}

func BenchmarkEncodeGenerated(b *testing.B) {
	forEachBenchmark(b, func(b *testing.B, m Message, encoded []byte) {
		for b.Loop() {
			out, err := referenceEncode(m)
			if err != nil {
				b.Fatal(err)
			}
			sinkBytes = out
		}
	})
}

func forEachBenchmark(b *testing.B, f func(b *testing.B, m Message, encoded []byte)) {
	seen := map[Kind]bool{}
	for _, m := range sampleMessages(31, 92) {
		if seen[m.Kind()] {
			continue
		}
		seen[m.Kind()] = true
		encoded, err := Encode(m)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(m.Kind().String(), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(encoded)))
			f(b, m, encoded)
		})
	}
}

func BenchmarkExtraHash(b *testing.B) {
	req := sampleMessages(31, 92)[3].(*ReportReq)
	b.ReportAllocs()
	for b.Loop() {
		h := ExtraHash(req.Query, req.Observations)
		_ = h
	}
}

func BenchmarkObservationDigest(b *testing.B) {
	req := sampleMessages(31, 92)[3].(*ReportReq)
	b.ReportAllocs()
	for b.Loop() {
		h := ObservationDigest(types.ReportTimestamp{}, req.Query, req.Observations[0].Observation)
		_ = h
	}
}
