package evmreportcodec

import (
	"bytes"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
)

// arguments is the report in the terms of go-ethereum's codec.
var arguments = func() abi.Arguments {
	var args abi.Arguments
	for _, name := range []string{"uint32", "bytes32", "int192[]", "int192"} {
		typ, err := abi.NewType(name, "", nil)
		if err != nil {
			panic(err)
		}
		args = append(args, abi.Argument{Type: typ})
	}
	return args
}()

func pao(observer commontypes.OracleID, timestamp uint32, value, juels int64) median.ParsedAttributedObservation {
	return median.ParsedAttributedObservation{Timestamp: timestamp, Value: big.NewInt(value), JuelsPerFeeCoin: big.NewInt(juels), Observer: observer}
}

func TestBuildReport(t *testing.T) {
	paos := []median.ParsedAttributedObservation{pao(7, 30, 5, -1), pao(2, 10, -5, -3), pao(0, 20, 9, -2), pao(3, 40, 1, 8)}
	before := slices.Clone(paos)
	report, err := ReportCodec{}.BuildReport(t.Context(), paos)
	if err != nil {
		t.Fatal(err)
	}
	want, err := arguments.Pack(uint32(30), [32]byte{2, 3, 7, 0}, []*big.Int{big.NewInt(-5), big.NewInt(1), big.NewInt(5), big.NewInt(9)}, big.NewInt(-1))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(report, want) {
		t.Errorf("report:\n got %x\nwant %x", []byte(report), want)
	}
	for i := range paos {
		if paos[i] != before[i] {
			t.Fatal("BuildReport changed its argument")
		}
	}
}

func TestBuildReportRefuses(t *testing.T) {
	ok := pao(0, 1, 2, 3)
	tooBig := new(big.Int).Add(median.MaxValue(), big.NewInt(1))
	tooSmall := new(big.Int).Sub(median.MinValue(), big.NewInt(1))
	with := func(change func(*median.ParsedAttributedObservation)) []median.ParsedAttributedObservation {
		p := ok
		change(&p)
		return []median.ParsedAttributedObservation{ok, p}
	}
	for name, paos := range map[string][]median.ParsedAttributedObservation{
		"none":            nil,
		"33":              slices.Repeat([]median.ParsedAttributedObservation{ok}, 33),
		"nil value":       with(func(p *median.ParsedAttributedObservation) { p.Value = nil }),
		"nil juels":       with(func(p *median.ParsedAttributedObservation) { p.JuelsPerFeeCoin = nil }),
		"value too big":   with(func(p *median.ParsedAttributedObservation) { p.Value = tooBig }),
		"value too small": with(func(p *median.ParsedAttributedObservation) { p.Value = tooSmall }),
		"juels too big":   with(func(p *median.ParsedAttributedObservation) { p.JuelsPerFeeCoin = tooBig }),
	} {
		t.Run(name, func(t *testing.T) {
			if report, err := (ReportCodec{}).BuildReport(t.Context(), paos); err == nil {
				t.Errorf("built %x, want an error", []byte(report))
			}
		})
	}
	if _, err := (ReportCodec{}).BuildReport(t.Context(), slices.Repeat([]median.ParsedAttributedObservation{ok}, 32)); err != nil {
		t.Errorf("32 observations: %v", err)
	}
	if l, err := (ReportCodec{}).MaxReportLength(t.Context(), -1); err == nil {
		t.Errorf("-1 oracles make reports of %d bytes, want an error", l)
	}
}

// TestDecodeErrorsSayWhere changes single words of a report.
func TestDecodeErrorsSayWhere(t *testing.T) {
	report, err := ReportCodec{}.BuildReport(t.Context(), []median.ParsedAttributedObservation{pao(0, 1, 2, 3)})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		at   int
		b    byte
		says string
	}{
		{"timestamp", 27, 1, "observationsTimestamp at byte 0"},
		{"far offset", 64, 1, "observations at byte 64"},
		{"offset at the end", 95, 192, "observations at byte 192"},
		{"huge count", 128, 0x80, "observations at byte 128"},
		{"one too many", 159, 2, "observations at byte 128"},
		{"none", 159, 0, "no observations"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bad := slices.Clone(report)
			bad[tc.at] = tc.b
			if _, err := (ReportCodec{}).MedianFromReport(t.Context(), bad); err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("error %v, want one that says %q", err, tc.says)
			}
			if _, err := (ReportCodec{}).XXXJuelsPerFeeCoinFromReport(bad); err == nil {
				t.Error("the juels per fee coin were read all the same")
			}
		})
	}
}

// FuzzMedianFromReport compares with go-ethereum's decoder, whose laxity defines
// what oracles accept.
func FuzzMedianFromReport(f *testing.F) {
	for _, n := range []int{1, 2, 5} {
		var paos []median.ParsedAttributedObservation
		for i := range n {
			paos = append(paos, pao(commontypes.OracleID(i), uint32(i), int64(-i), int64(i)))
		}
		report, err := ReportCodec{}.BuildReport(f.Context(), paos)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(report))
		f.Add(append([]byte(report), 1, 2, 3))
		shifted := slices.Clone([]byte(report))
		shifted[95]++
		f.Add(shifted)
	}
	f.Fuzz(func(t *testing.T, report []byte) {
		m, err := ReportCodec{}.MedianFromReport(t.Context(), report)
		juels, errJuels := ReportCodec{}.XXXJuelsPerFeeCoinFromReport(report)
		if (err == nil) != (errJuels == nil) {
			t.Fatalf("median: %v, juels per fee coin: %v", err, errJuels)
		}
		args, errABI := arguments.Unpack(report)
		if errABI != nil || len(args[2].([]*big.Int)) == 0 {
			if err == nil {
				t.Fatalf("median %v of what go-ethereum refuses (%v)", m, errABI)
			}
			return
		}
		if err != nil {
			t.Fatalf("go-ethereum takes what was refused: %v", err)
		}
		observations := args[2].([]*big.Int)
		if want := observations[len(observations)/2]; m.Cmp(want) != 0 {
			t.Fatalf("median %v, go-ethereum has %v", m, want)
		}
		if want := args[3].(*big.Int); juels.Cmp(want) != 0 {
			t.Fatalf("juels per fee coin %v, go-ethereum has %v", juels, want)
		}
	})
}
