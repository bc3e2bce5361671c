package ocr1wire_test

import (
	"bytes"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	. "github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
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
	if err != nil || len(encoded) != cap(encoded) || len(encoded) != EncodedSize(got) {
		t.Fatalf("encode %#v: %d bytes in a slice of capacity %d, EncodedSize says %d, error %v",
			got, len(encoded), cap(encoded), EncodedSize(got), err)
	}
	wantEncoded, err := referenceEncode(want)
	if err != nil {
		t.Fatalf("generated code: encode %#v: %v", want, err)
	}
	if !bytes.Equal(encoded, wantEncoded) {
		t.Fatalf("encode %#v:\ngot  %x\nwant %x", got, encoded, wantEncoded)
	}
	_ = got.String()
}

func encodeAll(t testing.TB, messages []Message) (all [][]byte) {
	for _, m := range messages {
		b, err := Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

func FuzzDecode(f *testing.F) {
	for _, b := range append(encodeAll(f, sampleMessages(4)), decodeVectors(f)...) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { checkAgainstReference(t, b) })
}

// TestArbitraryProtobuf feeds well-formed protobuf with the schema's numbers in unusual places: repeated, reordered,
// nested where they do not belong, with wrong wire types.
func TestArbitraryProtobuf(t *testing.T) {
	var fields func(t *rapid.T, depth int) []byte
	fields = func(t *rapid.T, depth int) (b []byte) {
		for range rapid.IntRange(0, 5).Draw(t, "fields") {
			num := protowire.Number(rapid.SampledFrom([]int{1, 2, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9}).Draw(t, "number"))
			switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
			case kind == 0:
				b = protowire.AppendFixed64(protowire.AppendTag(b, num, protowire.Fixed64Type), 7)
			case kind <= 3:
				b = protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), rapid.Uint64().Draw(t, "value"))
			case kind == 4 || depth == 0:
				size := rapid.SampledFrom([]int{24, 24, 24, 0, 23}).Draw(t, "size")
				b = protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), bytes.Repeat([]byte{byte(num)}, size))
			default:
				b = protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), fields(t, depth-1))
			}
		}
		return b
	}
	rapid.Check(t, func(t *rapid.T) { checkAgainstReference(t, fields(t, 5)) })
}

// TestMutatedMessages changes valid messages a little, which reaches deeper than arbitrary bytes.
func TestMutatedMessages(t *testing.T) {
	seeds := encodeAll(t, append(sampleMessages(2), sampleMessages(31)...))
	rapid.Check(t, func(t *rapid.T) {
		b := bytes.Clone(rapid.SampledFrom(seeds).Draw(t, "message"))
		for range rapid.IntRange(0, 4).Draw(t, "changes") {
			b[rapid.IntRange(0, len(b)-1).Draw(t, "position")] = rapid.Byte().Draw(t, "byte")
		}
		if rapid.Bool().Draw(t, "append") {
			b = append(b, rapid.SampledFrom(seeds).Draw(t, "second")...)
		}
		checkAgainstReference(t, b)
	})
}

func observation(v int64) Observation {
	o, err := NewObservation(big.NewInt(v))
	if err != nil {
		panic(err)
	}
	return o
}

// sampleMessages returns one message of each kind, with lists of n entries.
func sampleMessages(n int) []Message {
	signature := func(seed byte, size int) []byte { return bytes.Repeat([]byte{seed}, size) }
	reportReq := &ReportReq{Epoch: 300, Round: 9}
	report := &Report{Epoch: 300, Round: 9, AttestedReport: AttestedReportOne{Signature: signature(3, 65)}}
	final := Final{Epoch: 300, Round: 9}
	for i := range n {
		o := AttributedObservation{Observation: observation(int64(i - 1)), Observer: commontypes.OracleID(i)}
		reportReq.Observations = append(reportReq.Observations,
			AttributedSignedObservation{SignedObservation: SignedObservation{o.Observation, signature(1, 64)}, Observer: o.Observer})
		report.AttestedReport.Observations = append(report.AttestedReport.Observations, o)
		final.AttestedReport.Signatures = append(final.AttestedReport.Signatures, signature(byte(4+i), 65))
	}
	final.AttestedReport.Observations = report.AttestedReport.Observations
	return []Message{
		&NewEpoch{Epoch: 300},
		&ObserveReq{Epoch: 300, Round: 9},
		&Observe{Epoch: 300, Round: 9, SignedObservation: SignedObservation{observation(-7), signature(2, 64)}},
		reportReq, report, &final, &FinalEcho{Final: final},
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
}

func TestErrorsSayWhatIsWrong(t *testing.T) {
	tooMany := encodeAll(t, []Message{
		&ReportReq{Observations: make([]AttributedSignedObservation, 32)},
		&Final{AttestedReport: AttestedReportMany{Signatures: make([][]byte, 32)}},
	})
	for name, test := range map[string]struct {
		b    []byte
		want string
	}{
		"nothing":             {nil, "no known kind"},
		"garbage":             {[]byte{0xff}, "malformed"},
		"no part":             {[]byte{0x22, 0}, "Observe: signedObservation"},
		"no observation":      {[]byte{0x22, 2, 0x1a, 0}, "Observe: an observation is absent"},
		"no signed entry":     {[]byte{0x2a, 2, 0x1a, 0}, "ReportReq: an entry lacks"},
		"short observation":   {[]byte{0x22, 7, 0x1a, 5, 0x0a, 3, 0x0a, 1, 0}, "an observation has 1 bytes, want 24"},
		"no report":           {[]byte{0x32, 0}, "Report: report"},
		"no final":            {[]byte{0x42, 0}, "FinalEcho: final"},
		"too many":            {tooMany[0], "ReportReq: a list has more than 31"},
		"too many signatures": {tooMany[1], "Final: a list has more than 31"},
	} {
		if _, err := Decode(test.b); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, test.want)
		}
	}
}

func TestStrings(t *testing.T) {
	want := []string{
		"NewEpoch epoch=300",
		"ObserveReq epoch=300 round=9",
		"Observe epoch=300 round=9 observation=-7 signature=02020202..(64)",
		"ReportReq epoch=300 round=9 observations=[0:-1 1:0]",
		"Report epoch=300 round=9 observations=[0:-1 1:0] signature=03030303..(65)",
		"Final epoch=300 round=9 observations=[0:-1 1:0] signatures=[04040404..(65) 05050505..(65)]",
		"FinalEcho epoch=300 round=9 observations=[0:-1 1:0] signatures=[04040404..(65) 05050505..(65)]",
	}
	for i, m := range sampleMessages(2) {
		if got := fmt.Sprint(m); got != want[i] {
			t.Errorf("got  %q\nwant %q", got, want[i])
		}
	}
}

func TestObservationOrder(t *testing.T) {
	values := rapid.Custom(func(t *rapid.T) *big.Int {
		b := rapid.SliceOfN(rapid.Byte(), 0, 23).Draw(t, "bytes")
		v := new(big.Int).SetBytes(b)
		if rapid.Bool().Draw(t, "negative") {
			v.Neg(v)
		}
		return v
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := values.Draw(t, "a"), values.Draw(t, "b")
		x, errX := NewObservation(a)
		y, errY := NewObservation(b)
		if errX != nil || errY != nil {
			t.Fatalf("%v, %v", errX, errY)
		}
		if x.Int().Cmp(a) != 0 || x.Compare(y) != a.Cmp(b) {
			t.Fatalf("%s and %s compare as %d, want %d; %s", a, b, x.Compare(y), a.Cmp(b), x)
		}
	})
}

func TestLimitsOfTheContract(t *testing.T) {
	list := make([]AttributedObservation, 33)
	if _, err := OnchainReport(timestampOfTests, list[:32]); err != nil {
		t.Errorf("32 observations: %v", err)
	}
	if _, err := OnchainReport(timestampOfTests, list); err == nil {
		t.Error("33 observations: no error")
	}
	signatures := make([][]byte, 33)
	for i := range signatures {
		signatures[i] = make([]byte, 65)
	}
	if _, _, _, err := SplitSignatures(signatures[:32]); err != nil {
		t.Errorf("32 signatures: %v", err)
	}
	if _, _, _, err := SplitSignatures(signatures); err == nil {
		t.Error("33 signatures: no error")
	}
	signatures[1] = make([]byte, 64)
	if _, _, _, err := SplitSignatures(signatures[:2]); err == nil || !strings.Contains(err.Error(), "signature 1 has 64 bytes") {
		t.Errorf("a short signature: %v", err)
	}
}

var (
	sinkBytes   []byte
	sinkMessage Message
)

func BenchmarkCodec(b *testing.B) {
	messages := sampleMessages(31)
	for i, encoded := range encodeAll(b, messages) {
		m := messages[i]
		b.Run("encode/"+m.Kind().String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				out, err := Encode(m)
				if err != nil {
					b.Fatal(err)
				}
				sinkBytes = out
			}
		})
		b.Run("decode/"+m.Kind().String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				out, err := Decode(encoded)
				if err != nil {
					b.Fatal(err)
				}
				sinkMessage = out
			}
		})
	}
}
