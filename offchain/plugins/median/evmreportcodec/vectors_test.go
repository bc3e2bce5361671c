package evmreportcodec

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/vectors"
)

func TestVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"contracts-report-encoding.json"}, vectors.Kinds{
		Of: func(_ vectors.File, c vectors.Case) string {
			family, rest, _ := strings.Cut(c.Name, "-")
			if family == "ocr2" && strings.HasPrefix(rest, "median-") {
				return "ocr2 decode"
			}
			return family
		},
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"ocr2":        buildVector,
			"ocr2 decode": decodeVector,
		},
		Elsewhere: map[string]string{
			"ocr1": "OCR1 has reports of its own",
			"ocr3": "OCR3 has reports of its own",
		},
	})
}

func buildVector(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.Decode[struct {
		Observations []struct {
			Observer               commontypes.OracleID
			Timestamp              uint32
			Value, JuelsPerFeeCoin vectors.Dec
		}
	}](t, c.Input)
	out := vectors.Decode[struct {
		Error           string
		Report          vectors.Hex
		Median          *vectors.Dec
		MaxReportLength *int
	}](t, c.Output)

	var paos []median.ParsedAttributedObservation
	for _, o := range in.Observations {
		paos = append(paos, median.ParsedAttributedObservation{Timestamp: o.Timestamp, Value: o.Value.Int, JuelsPerFeeCoin: o.JuelsPerFeeCoin.Int, Observer: o.Observer})
	}
	codec := ReportCodec{}
	report, err := codec.BuildReport(t.Context(), paos)
	if out.Error != "" {
		if err == nil {
			t.Errorf("built %x, want an error: %s", report, out.Error)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(report, out.Report) {
		t.Errorf("report:\n got %x\nwant %v", []byte(report), out.Report)
	}
	if out.Median != nil {
		if m, err := codec.MedianFromReport(t.Context(), report); err != nil || m.Cmp(out.Median.Int) != 0 {
			t.Errorf("median %v, %v; want %v", m, err, out.Median)
		}
	}
	if out.MaxReportLength != nil {
		if l, err := codec.MaxReportLength(t.Context(), len(paos)); err != nil || l != *out.MaxReportLength {
			t.Errorf("longest report %d, %v; want %d", l, err, *out.MaxReportLength)
		}
	}
}

func decodeVector(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Family, Op string
		Report     vectors.Hex
	}](t, c.Input)
	out := vectors.DecodeStrict[struct {
		Error  string
		Median vectors.Dec
	}](t, c.Output)
	m, err := ReportCodec{}.MedianFromReport(t.Context(), types.Report(in.Report))
	switch {
	case out.Error != "" && err == nil:
		t.Errorf("median %v, want an error: %s", m, out.Error)
	case out.Error == "" && (err != nil || m.Cmp(out.Median.Int) != 0):
		t.Errorf("median %v, %v; want %v", m, err, out.Median)
	}
}
