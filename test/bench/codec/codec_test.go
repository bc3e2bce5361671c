package codec

import (
	"bytes"
	"math/big"
	"reflect"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/codegen/prove"
	weather "github.com/ocrkit/ocrkit/codegen/testdata/types/want"
	"github.com/ocrkit/ocrkit/gen/ocr2"
)

// median is a report of 31 oracles: prices of an asset with 18 decimals.
func median() *ocr2.MedianReport {
	price := big.NewInt(3_500_123_456)
	price.Mul(price, big.NewInt(1_000_000_000_000))
	observations := make([]*big.Int, 31)
	for i := range observations {
		observations[i] = new(big.Int).Add(price, big.NewInt(int64(i)*1_000_003))
	}
	var observers [32]byte
	for i := range observations {
		observers[i] = byte(30 - i)
	}
	return ocr2.NewMedianReport(1_700_000_000, observers, observations, new(big.Int).Mul(price, big.NewInt(2)))
}

var medianABI = prove.ABI(`[{"name":"ObservationsTimestamp","type":"uint32"},{"name":"RawObservers","type":"bytes32"},
	{"name":"Observations","type":"int192[]"},{"name":"JuelsPerFeeCoin","type":"int192"}]`)

// nested is a report with a bit of everything that has a length of its own: 8 stations with names and places, 16 pairs, 3
// series of 16 numbers.
func nested() *weather.WeatherReport {
	r := &weather.WeatherReport{
		Time: 1_700_000_000, Sky: 2, Low: -1234, Region: [4]byte{1, 2, 3, 4}, Pair: weather.Pair{First: 7, Second: true},
		Totals: [3]*big.Int{big.NewInt(1), big.NewInt(1 << 62), new(big.Int).Lsh(big.NewInt(3), 200)},
		Notes:  [2]string{"a note of some length, so that it takes two words", "short"},
		Final:  true,
	}
	for i := range 8 {
		r.Stations = append(r.Stations, weather.Station{
			Name: "station of the weather service", At: [2]int64{47_376_900, -8_541_700}, Keeper: common.Address{byte(i), 19: 1},
		})
	}
	for i := range 16 {
		r.Pairs = append(r.Pairs, weather.Pair{First: uint64(i), Second: i%2 == 0})
		r.Grid = append(r.Grid, [2]uint16{uint16(i), uint16(2 * i)})
	}
	for i := range 3 {
		r.Attachments = append(r.Attachments, bytes.Repeat([]byte{byte(i)}, 100))
		series := make([]*big.Int, 16)
		for j := range series {
			series[j] = new(big.Int).Lsh(big.NewInt(int64(1000*i-j)), 60)
		}
		r.Series = append(r.Series, series)
	}
	return r
}

const pairABI = `[{"name":"First","type":"uint64"},{"name":"Second","type":"bool"}]`

var nestedABI = prove.ABI(`[{"name":"Time","type":"uint40"},{"name":"Sky","type":"uint8"},{"name":"Low","type":"int24"},{"name":"Region","type":"bytes4"},
	{"name":"Stations","type":"tuple[]","components":[{"name":"Name","type":"string"},{"name":"At","type":"int40[2]"},{"name":"Keeper","type":"address"}]},
	{"name":"Pair","type":"tuple","components":` + pairABI + `},{"name":"Pairs","type":"tuple[]","components":` + pairABI + `},
	{"name":"Corners","type":"tuple[2]","components":` + pairABI + `},{"name":"Totals","type":"uint256[3]"},{"name":"Notes","type":"string[2]"},
	{"name":"Attachments","type":"bytes[]"},{"name":"Grid","type":"uint16[2][]"},{"name":"Series","type":"int256[][]"},{"name":"Final","type":"bool"}]`)

// codec is one way to encode and to decode a report.
type codec struct {
	name   string
	encode func() ([]byte, error)
	decode func([]byte) error
}

func medianCodecs(tb testing.TB) []codec {
	report, values := median(), packable(tb, medianABI, median())
	var used ocr2.MedianReport
	buffer := make([]byte, 0, 4096)
	return []codec{
		{"ocrgen", func() ([]byte, error) { return ocr2.AppendMedianReport(nil, report) },
			func(data []byte) error {
				var r ocr2.MedianReport
				return ocr2.DecodeMedianReport(data, &r)
			}},
		{"ocrgen-reused", func() ([]byte, error) { return ocr2.AppendMedianReport(buffer, report) },
			func(data []byte) error { return ocr2.DecodeMedianReportInto(data, &used) }},
		{"plain", func() ([]byte, error) { return plainEncode(report), nil },
			func(data []byte) error {
				var r ocr2.MedianReport
				return plainDecode(data, &r)
			}},
		byReflection(medianABI, values),
	}
}

func nestedCodecs(tb testing.TB) []codec {
	report, values := nested(), packable(tb, nestedABI, nested())
	var used weather.WeatherReport
	buffer := make([]byte, 0, 16384)
	return []codec{
		{"ocrgen", func() ([]byte, error) { return weather.AppendWeatherReport(nil, report) },
			func(data []byte) error {
				var r weather.WeatherReport
				return weather.DecodeWeatherReport(data, &r)
			}},
		{"ocrgen-reused", func() ([]byte, error) { return weather.AppendWeatherReport(buffer, report) },
			func(data []byte) error { return weather.DecodeWeatherReportInto(data, &used) }},
		byReflection(nestedABI, values),
	}
}

func byReflection(args abi.Arguments, values []any) codec {
	return codec{"go-ethereum-abi", func() ([]byte, error) { return args.Pack(values...) },
		func(data []byte) error {
			_, err := args.Unpack(data)
			return err
		}}
}

// packable are the fields of a report as go-ethereum wants them.
func packable(tb testing.TB, args abi.Arguments, report any) []any {
	tb.Helper()
	v := reflect.ValueOf(report).Elem()
	fields := make([]any, v.NumField())
	for i := range fields {
		fields[i] = v.Field(i).Interface()
	}
	return prove.Values(args, fields...)
}

var reports = []struct {
	name   string
	codecs func(testing.TB) []codec
}{{"median", medianCodecs}, {"nested", nestedCodecs}}

// TestTheSame asserts that all codecs that are compared write the same bytes, and read them.
func TestTheSame(t *testing.T) {
	for _, r := range reports {
		var want []byte
		for _, c := range r.codecs(t) {
			got, err := c.encode()
			if err != nil {
				t.Fatalf("%s: %s: %v", r.name, c.name, err)
			}
			if want == nil {
				want = got
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s: %s encodes to %x, not to %x", r.name, c.name, got, want)
			}
			if err := c.decode(want); err != nil {
				t.Errorf("%s: %s: %v", r.name, c.name, err)
			}
		}
	}
	report := median()
	var plain ocr2.MedianReport
	if err := plainDecode(plainEncode(report), &plain); err != nil || !reflect.DeepEqual(report, &plain) {
		t.Errorf("%v, %+v", err, plain)
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, r := range reports {
		for _, c := range r.codecs(b) {
			b.Run(r.name+"/"+c.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := c.encode(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, r := range reports {
		codecs := r.codecs(b)
		data, err := codecs[0].encode()
		if err != nil {
			b.Fatal(err)
		}
		for _, c := range codecs {
			b.Run(r.name+"/"+c.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := c.decode(data); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkRatio says how many times as long the other ways take as the generated code. They take turns, and of each
// the fastest of many short runs counts: so the figures are good on a busy machine as well.
func BenchmarkRatio(b *testing.B) {
	const calls = 50 // in a run
	for _, r := range reports {
		codecs := r.codecs(b)
		data, err := codecs[0].encode()
		if err != nil {
			b.Fatal(err)
		}
		for _, direction := range []struct {
			name string
			call func(codec) error
		}{
			{"encode", func(c codec) error { _, err := c.encode(); return err }},
			{"decode", func(c codec) error { return c.decode(data) }},
		} {
			b.Run(direction.name+"/"+r.name, func(b *testing.B) {
				fastest := make([]time.Duration, len(codecs))
				for b.Loop() {
					for i, c := range codecs {
						start := time.Now()
						for range calls {
							if err := direction.call(c); err != nil {
								b.Fatal(err)
							}
						}
						if took := time.Since(start); fastest[i] == 0 || took < fastest[i] {
							fastest[i] = took
						}
					}
				}
				for i, c := range codecs[:2] {
					for j, other := range codecs[2:] {
						b.ReportMetric(float64(fastest[2+j])/float64(fastest[i]), other.name+"/"+c.name)
					}
				}
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
