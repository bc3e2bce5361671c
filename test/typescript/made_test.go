// Package typescript_test makes vectors for the generated TypeScript out of what the generated Go says: random values and
// their bytes, mutations of these bytes with the Go decoder's verdict, digests. The vitest tests beside this file read them.
//
//	go test ./test/typescript -update
package typescript_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/rogpeppe/go-internal/diff"

	"github.com/ocrkit/ocrkit/codegen/prove"
	"github.com/ocrkit/ocrkit/codegen/solabi"
	hard "github.com/ocrkit/ocrkit/codegen/testdata/hard/want"
	plain "github.com/ocrkit/ocrkit/codegen/testdata/hard/want-abi"
	layouts "github.com/ocrkit/ocrkit/codegen/testdata/layouts/want"
	weather "github.com/ocrkit/ocrkit/codegen/testdata/types/want"
	"github.com/ocrkit/ocrkit/gen/ocr1"
	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/gen/ocr3"
)

var update = flag.Bool("update", false, "write the vectors instead of comparing them")

const (
	rounds    = 12     // random values of each codec
	mutations = 3      // of each of them
	limits    = 100    // mutations of the shortest value
	maxSize   = 1400   // bytes of an encoding, and
	maxFile   = 50_000 // of all encodings of a codec, so that the files stay small
)

// packages are those that have TypeScript; each has a file of vectors of its name. A vitest test asserts that no codec is missing.
var packages = map[string][]codec{
	"ocr2": {
		coded("MedianReport", "(uint32 observationsTimestamp, bytes32 rawObservers, int192[] observations, int192 juelsPerFeeCoin)",
			ocr2.AppendMedianReport, ocr2.DecodeMedianReport),
		coded("MedianOnchainConfig", "(int192 minAnswer, int192 maxAnswer)",
			ocr2.AppendMedianOnchainConfig, ocr2.DecodeMedianOnchainConfig),
		hashed("EVMSimplePreimage", "digestEVMSimple", `(uint256 chainId, address contractAddress, uint64 configCount, address[] signers,
			address[] transmitters, uint8 f, bytes onchainConfig, uint64 offchainConfigVersion, bytes offchainConfig)`,
			func(p *ocr2.EVMSimplePreimage) ([]byte, []byte, error) {
				d := p.Digest()
				return p.Append(nil), d[:], nil
			}),
	},
	"ocr1": {
		coded("Report", "(bytes32 rawReportContext, bytes32 rawObservers, int192[] observations)", ocr1.AppendReport, ocr1.DecodeReport),
		coded("EncodedConfig", `(int64 deltaProgress, int64 deltaResend, int64 deltaRound, int64 deltaGrace, int64 deltaC, uint64 alphaPPB,
			int64 deltaStage, uint8 rMax, uint8[] s, bytes32[] offchainPublicKeys, string peerIDs,
			(bytes32 diffieHellmanPoint, bytes32 sharedSecretHash, bytes16[] encryptions) sharedSecretEncryptions)`,
			ocr1.AppendEncodedConfig, ocr1.DecodeEncodedConfig),
		coded("ReportContext", "(bytes16 configDigest, uint32 epoch, uint8 round)", ocr1.AppendReportContext, ocr1.DecodeReportContext),
		hashed("ConfigPreimage", "digestConfig", `(address contractAddress, uint64 configCount, address[] signers, address[] transmitters,
			uint8 threshold, uint64 encodedConfigVersion, bytes encoded)`,
			func(p *ocr1.ConfigPreimage) ([]byte, []byte, error) { d := p.Digest(); return p.Append(nil), d[:], nil }),
	},
	"ocr3": {
		coded("ECDSAAttestation", "(uint32 signers, (bytes32 r, bytes32 s)[] signatures)", ocr3.AppendECDSAAttestation, ocr3.DecodeECDSAAttestation),
		coded("ECDSAKeys", "(address[] keys)", ocr3.AppendECDSAKeys, ocr3.DecodeECDSAKeys),
		coded("BLSAttestation", "(uint32 signers, bytes32 signature, uint8 counter)", ocr3.AppendBLSAttestation, ocr3.DecodeBLSAttestation),
		coded("BLSKey", blsKey, ocr3.AppendBLSKey, ocr3.DecodeBLSKey),
		coded("BLSKeys", "("+blsKey+"[] keys)", ocr3.AppendBLSKeys, ocr3.DecodeBLSKeys),
		hashed("ReportHashPreimage", "hashReport", "(bytes32 configDigest, uint64 seqNr, bytes32 hashOfReport)",
			func(p *ocr3.ReportHashPreimage) ([]byte, []byte, error) {
				d := p.Digest()
				return p.Append(nil), d[:], nil
			}),
		coded("FeedReport", "(uint32 observationsTimestamp, int192 answer)", ocr3.AppendFeedReport, ocr3.DecodeFeedReport),
		coded("MedianOnchainConfig", "(int192 minAnswer, int192 maxAnswer)",
			ocr3.AppendMedianOnchainConfig, ocr3.DecodeMedianOnchainConfig),
		hashed("OCR3FeedPreimage", "digestOCR3Feed", `(uint256 chainId, address contractAddress, uint64 configCount, bytes keys,
			address[] transmitters, uint8 f, bytes onchainConfig, uint64 offchainConfigVersion, bytes offchainConfig)`,
			func(p *ocr3.OCR3FeedPreimage) ([]byte, []byte, error) {
				d := p.Digest()
				return p.Append(nil), d[:], nil
			}),
	},
	"types": {
		coded("WeatherReport", `(uint40 time, uint8 sky, int24 low, bytes4 region, (string name, int40[2] at, address keeper)[] stations,
			(uint64 first, bool second) pair, (uint64 first, bool second)[] pairs, (uint64 first, bool second)[2] corners, uint256[3] totals,
			string[2] notes, bytes[] attachments, uint16[2][] grid, int256[][] series, bool final_)`,
			weather.AppendWeatherReport, weather.DecodeWeatherReport),
		coded("TickReport", "(uint32 time, int192 price)", weather.AppendTickReport, weather.DecodeTickReport),
		coded("Limits", "(int24 lowest, uint96 budget, bool strict, address keeper, bytes3 tag, uint8 worst)",
			weather.AppendLimits, weather.DecodeLimits),
		hashed("WeatherPreimage", "digestWeather", "(uint256 chainId, (string name, int40[2] at, address keeper)[] stations, bytes limits)",
			func(p *weather.WeatherPreimage) ([]byte, []byte, error) {
				preimage, err := p.Append(nil)
				if err != nil {
					return nil, nil, err
				}
				d, err := p.Digest()
				return preimage, d[:], err
			}),
	},
	"hard": {
		coded("Deep", `(uint8 r, uint256 i, uint256[] a, int136 aLen, string len, `+tree+` tree, uint8[] levels, address[2][][2] owners,
			bytes32[2][3][] words, bytes[2][] parts, string[2][2] names, uint104[2][2][] prices, `+cell+`[][2] cells, bool[1] one, function callback)`,
			hard.AppendDeep, hard.DecodeDeep),
		coded("Wrapped", "("+tree+" tree, uint16[3][2] fixed_, bytes1[] small)", hard.AppendWrapped, hard.DecodeWrapped),
		coded("Record", "(uint104 price, uint256 total, "+cell+" cell, address owner, uint8[] levels)", hard.AppendRecord, hard.DecodeRecord),
		hashed("HardPreimage", "digestHard", "(uint256 id, "+leaf+" leaf, uint104[] prices)",
			func(p *hard.HardPreimage) ([]byte, []byte, error) {
				preimage, err := p.Append(nil)
				if err != nil {
					return nil, nil, err
				}
				d, err := p.Digest()
				return preimage, d[:], err
			}),
	},
	"plain": {
		coded("Wrapped", "("+tree+" tree, uint16[3][2] fixed_, bytes1[] small)", plain.AppendWrapped, plain.DecodeWrapped),
		coded("Box", cell, plain.AppendBox, plain.DecodeBox),
	},
	"layouts": {
		coded("Settings", `(int64 delta, uint64 alpha, uint8[] schedule, bytes32[] keys, string peers, string[] names,
			(bytes32 point, bytes32 hash, bytes16[] encryptions) secret)`, layouts.AppendSettings, layouts.DecodeSettings),
		coded("Point", "(uint128 x, int128 y)", layouts.AppendPoint, layouts.DecodePoint),
		coded("Key", key, layouts.AppendKey, layouts.DecodeKey),
		coded("Keys", "("+key+"[] keys)", layouts.AppendKeys, layouts.DecodeKeys),
		coded("Addresses", "(address[] list)", layouts.AppendAddresses, layouts.DecodeAddresses),
		coded("Attestation", "(uint32 mask, bytes32[2][] signatures)", layouts.AppendAttestation, layouts.DecodeAttestation),
		coded("Message", "(uint40 time, int136 price, bytes content)", layouts.AppendMessage, layouts.DecodeMessage),
		hashed("HalfPreimage", "digestHalf", "(address where, uint64 count, address[] signers, bytes encoded)",
			func(p *layouts.HalfPreimage) ([]byte, []byte, error) {
				d := p.Digest()
				return p.Append(nil), d[:], nil
			}),
		hashed("ReportPreimage", "hashReport", "(bytes32 digest, uint64 number, bytes32 report)",
			func(p *layouts.ReportPreimage) ([]byte, []byte, error) {
				d := p.Digest()
				return p.Append(nil), d[:], nil
			}),
	},
}

const key = "(bytes32 x, uint256 y, int8 sign, bool even, uint8 kind, uint16 weight, address owner, int24[2] pair)"

const (
	cell = "(uint8[3] levels, uint256[2][2] grid, bytes5 tag)"
	leaf = "(bytes content, uint104[] prices, " + cell + "[2] cells, string[][] words)"
	tree = "(" + leaf + "[] leaves, " + leaf + "[2] pair, (uint256 key, int256 value)[] list)"
)

const blsKey = "(bytes32 xImaginary, bytes32 xReal, bytes32 yImaginary, bytes32 yReal, bytes32 proof, uint8 counter)"

// codec is a struct that Go and TypeScript encode.
type codec struct {
	name   string
	digest string   // name of the function in TypeScript; empty if there is none
	fields abi.Type // a tuple
	random func(prove.Rand, abi.Type) (value any, err error)
	encode func(value any) (data, digest []byte, err error)
	decode func(data []byte) (value any, err error) // nil if there is none
}

func coded[T any](name, fields string, appendTo func([]byte, *T) ([]byte, error), decode func([]byte, *T) error) codec {
	c := hashed(name, "", fields, func(v *T) ([]byte, []byte, error) {
		data, err := appendTo(nil, v)
		return data, nil, err
	})
	c.decode = func(data []byte) (any, error) {
		v := new(T)
		return v, decode(data, v)
	}
	return c
}

func hashed[T any](name, digest, fields string, encode func(*T) (data, digest []byte, err error)) codec {
	return codec{
		name: name, digest: digest, fields: parse(fields),
		random: func(r prove.Rand, t abi.Type) (any, error) {
			v := new(T)
			return v, fill(r, t, reflect.ValueOf(v).Elem(), 0)
		},
		encode: func(v any) ([]byte, []byte, error) { return encode(v.(*T)) },
	}
}

// vector is a case of a made file.
type vector struct {
	Codec   string   `json:"codec"`
	Value   any      `json:"value,omitempty"` // what data is the encoding of
	Data    string   `json:"data"`
	Digest  string   `json:"digest,omitempty"`
	By      string   `json:"by,omitempty"`      // name of the function that computes the digest
	Error   *failure `json:"error,omitempty"`   // what the decoder says
	NotUTF8 bool     `json:"notUTF8,omitempty"` // Go decodes it to strings that TypeScript does not have
}

type failure struct {
	Field  string `json:"field"`
	Offset int    `json:"offset"`
	Reason string `json:"reason"`
}

func TestMadeVectors(t *testing.T) {
	for name, codecs := range packages {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			for i, c := range codecs {
				t.Run(c.name, func(t *testing.T) {
					for j, v := range made(t, c) {
						begin := ",\n"
						if i+j == 0 {
							begin = ""
						}
						line, err := json.Marshal(v)
						if err != nil {
							t.Fatal(err)
						}
						fmt.Fprintf(&b, "%s%s", begin, line)
					}
				})
			}
			compare(t, filepath.Join("testdata", "made", name+".json"), []byte("[\n"+b.String()+"\n]\n"))
		})
	}
}

func compare(t *testing.T, file string, text []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(old, text) {
		t.Errorf("the vectors are stale (go test ./test/typescript -update):\n%.4000s", diff.Diff(file, old, "now", text))
	}
}

// made are the vectors of a codec.
func made(t *testing.T, c codec) []vector {
	rng := prove.NewRand(t)
	var all []vector
	var shortest []byte
	size := 0
	for values, tries := 0, 0; values < rounds && (values < 3 || size < maxFile/2); tries++ {
		v, data, digest := c.value(t, rng)
		if len(data) > maxSize+tries*tries { // until one is short enough
			continue
		}
		values++
		size += (1 + mutations) * len(data)
		valid := vector{Codec: c.name, Value: asJSON(t, c.fields, reflect.ValueOf(v).Elem()), Data: hexadecimal(data)}
		if c.digest != "" {
			valid.Digest, valid.By = hexadecimal(digest), c.digest
		}
		all = append(all, valid)
		if shortest == nil || len(data) < len(shortest) && len(data) > 0 {
			shortest = data
		}
		if c.decode == nil {
			continue
		}
		for range mutations {
			all = append(all, c.verdict(t, rng.Mutate(data)))
		}
	}
	if c.decode == nil {
		return all
	}
	var mutated [][]byte
	prove.EachLimit(shortest, func(data []byte) { mutated = append(mutated, data) })
	for i := 0; i < len(mutated); i += 1 + len(mutated)/min(limits, max(10, maxFile/2/len(shortest))) {
		all = append(all, c.verdict(t, mutated[i]))
	}
	return append(all, c.verdict(t, nil))
}

// value is a random value with its encoding.
func (c codec) value(t *testing.T, rng prove.Rand) (v any, data, digest []byte) {
	t.Helper()
	v, err := c.random(rng, c.fields)
	if err != nil {
		t.Fatal(err)
	}
	if data, digest, err = c.encode(v); err != nil {
		t.Fatal(err)
	}
	return v, data, digest
}

// verdict is what Go says of any bytes.
func (c codec) verdict(t *testing.T, data []byte) vector {
	t.Helper()
	result := vector{Codec: c.name, Data: hexadecimal(data)}
	v, err := c.decode(data)
	var reason *solabi.DecodeError
	switch {
	case errors.As(err, &reason):
		result.Error = &failure{reason.Field, reason.Offset, reason.Reason}
	case err != nil:
		t.Fatalf("%x: %v is no DecodeError", data, err)
	default:
		result.Value = asJSON(t, c.fields, reflect.ValueOf(v).Elem())
		result.NotUTF8 = result.Value == nil
	}
	return result
}

func hexadecimal(b []byte) string { return fmt.Sprintf("0x%x", b) }

// number is an integer that is a bigint in TypeScript; text, a string of Solidity.
type (
	number struct {
		Int string `json:"int"`
	}
	text struct {
		String string `json:"string"`
	}
)

// asJSON is a value as the tests in TypeScript read it: structs as objects, integers of up to 48 bits as numbers, larger ones as
// a number, bytes in hexadecimal. It is nil if a string in it is not UTF-8.
func asJSON(t *testing.T, ty abi.Type, v reflect.Value) any {
	t.Helper()
	switch ty.T {
	case abi.IntTy, abi.UintTy:
		if ty.Size <= 48 {
			return json.Number(fmt.Sprint(v.Interface()))
		}
		return number{fmt.Sprint(v.Interface())}
	case abi.BoolTy:
		return v.Bool()
	case abi.AddressTy:
		return v.Interface().(fmt.Stringer).String()
	case abi.StringTy:
		if !utf8.ValidString(v.String()) {
			return nil
		}
		return text{v.String()}
	case abi.BytesTy:
		return fmt.Sprintf("0x%x", v.Bytes())
	case abi.FixedBytesTy, abi.FunctionTy:
		return fmt.Sprintf("0x%x", v.Slice(0, v.Len()).Bytes())
	case abi.SliceTy, abi.ArrayTy:
		list := []any{}
		for i := range v.Len() {
			item := asJSON(t, *ty.Elem, v.Index(i))
			if item == nil {
				return nil
			}
			list = append(list, item)
		}
		return list
	case abi.TupleTy:
		object := map[string]any{}
		for i, e := range ty.TupleElems {
			item := asJSON(t, *e, v.Field(i))
			if item == nil {
				return nil
			}
			object[ty.TupleRawNames[i]] = item
		}
		return object
	}
	t.Fatalf("a value of type %s", ty)
	return nil
}

// enums are the fields that are enums, or arrays of them, with the number of their members: the ABI says uint8 only.
var enums = map[string]int{"levels": 4, "sky": 3, "worst": 3, "kind": 3}

// fill makes a random value of a Solidity type, which v is a Go type for; if it has members, of an enum.
func fill(r prove.Rand, ty abi.Type, v reflect.Value, members int) error {
	switch ty.T {
	case abi.IntTy, abi.UintTy:
		signed := ty.T == abi.IntTy
		switch {
		case members > 0:
			v.SetUint(uint64(r.IntN(members)))
		case v.Kind() == reflect.Pointer && signed:
			v.Set(reflect.ValueOf(r.BigInt(ty.Size)))
		case v.Kind() == reflect.Pointer:
			v.Set(reflect.ValueOf(r.BigUint(ty.Size)))
		case signed:
			v.SetInt(r.Int(min(ty.Size, v.Type().Bits())))
		default:
			v.SetUint(r.Uint(min(ty.Size, v.Type().Bits())))
		}
	case abi.BoolTy:
		v.SetBool(r.Bool())
	case abi.StringTy:
		v.SetString(strings.ToValidUTF8(string(r.Bytes(r.Len())), "ß"))
	case abi.BytesTy:
		v.SetBytes(r.Bytes(r.Len()))
	case abi.AddressTy, abi.FixedBytesTy, abi.FunctionTy:
		reflect.Copy(v, reflect.ValueOf(r.Bytes(v.Len())))
	case abi.SliceTy, abi.ArrayTy:
		if ty.T == abi.SliceTy {
			n := r.IntN(4)
			if ty.Elem.Elem == nil && ty.Elem.T != abi.TupleTy {
				n = r.Len()
			}
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		for i := range v.Len() {
			if err := fill(r, *ty.Elem, v.Index(i), members); err != nil {
				return err
			}
		}
	case abi.TupleTy:
		if v.NumField() != len(ty.TupleElems) {
			return fmt.Errorf("%s has %d fields, not %d", v.Type(), v.NumField(), len(ty.TupleElems))
		}
		for i, e := range ty.TupleElems {
			if err := fill(r, *e, v.Field(i), enums[ty.TupleRawNames[i]]); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("a value of type %s", ty)
	}
	return nil
}

// parse reads a struct as Solidity writes the parameters of a function: "(uint8 f, (bytes32 x, bool even)[2] points)".
func parse(s string) abi.Type {
	argument := parseArgument(strings.Join(strings.Fields(s), " ") + " all")
	t, err := abi.NewType(argument.Type, "", argument.Components)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", s, err))
	}
	return t
}

func parseArgument(s string) abi.ArgumentMarshaling {
	s = strings.TrimSpace(s)
	before, name := s[:strings.LastIndexByte(s, ' ')], s[strings.LastIndexByte(s, ' ')+1:]
	if !strings.HasPrefix(before, "(") {
		return abi.ArgumentMarshaling{Name: name, Type: before}
	}
	end := strings.LastIndexByte(before, ')')
	argument := abi.ArgumentMarshaling{Name: name, Type: "tuple" + before[end+1:]}
	depth, start := 0, 1
	for i, c := range before[:end+1] {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		}
		if depth == 1 && c == ',' || depth == 0 {
			argument.Components = append(argument.Components, parseArgument(before[start:i]))
			start = i + 1
		}
	}
	return argument
}
