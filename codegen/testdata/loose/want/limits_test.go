package loose_test

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/holiman/uint256"
	"github.com/ocrkit/ocrkit/codegen/solabi"
	loose "github.com/ocrkit/ocrkit/codegen/testdata/loose/want"
)

// TestOverlappingOffsetsAreBounded decodes a few kilobytes in which every offset leads to the same place, and every length is
// 64: followed to the end they are 64 * 64 * 64 strings of 64 bytes.
func TestOverlappingOffsetsAreBounded(t *testing.T) {
	data := make([]byte, 200*solabi.WordSize)
	for at := 0; at < len(data); at += solabi.WordSize {
		solabi.PutUint64(data[at:], 64)
	}
	var bomb loose.Bomb
	err := loose.DecodeBombLoose(data, &bomb)
	if err == nil || !strings.Contains(err.Error(), "overlapping offsets make too much") {
		t.Fatalf("error: %v", err)
	}
	if err := loose.DecodeBomb(data, &bomb); err == nil {
		t.Fatal("the strict decoder took it")
	}
}

// TestValuesOutOfRange asserts that what the Solidity types do not hold is not encoded, and that the error says where it is.
func TestValuesOutOfRange(t *testing.T) {
	good := func() *loose.Ranges {
		return &loose.Ranges{Kind: 1, Pair: [2]*big.Int{new(big.Int), big.NewInt(-1)}, List: []uint256.Int{{1}, {2}}}
	}
	if _, err := loose.AppendRanges(nil, good()); err != nil {
		t.Fatal(err)
	}
	two96 := new(big.Int).Lsh(big.NewInt(1), 96)
	for _, c := range []struct {
		field, says string
		spoil       func(*loose.Ranges)
	}{
		{"small", "16777216 does not fit uint24", func(r *loose.Ranges) { r.Small = 1 << 24 }},
		{"low", "549755813888 does not fit int40", func(r *loose.Ranges) { r.Low = 1 << 39 }},
		{"low", "-549755813889 does not fit int40", func(r *loose.Ranges) { r.Low = -1<<39 - 1 }},
		{"kind", "2 does not fit uint8", func(r *loose.Ranges) { r.Kind = 2 }},
		{"wide", two96.String() + " does not fit uint96", func(r *loose.Ranges) { r.Wide = *uint256.MustFromBig(two96) }},
		{"list[1]", "does not fit uint128", func(r *loose.Ranges) { r.List[1] = *new(uint256.Int).SetAllOne() }},
		{"pair[0]", "no value for int96", func(r *loose.Ranges) { r.Pair[0] = nil }},
		{"pair[1]", two96.String() + " does not fit int96", func(r *loose.Ranges) { r.Pair[1] = two96 }},
	} {
		r := good()
		c.spoil(r)
		out, err := loose.AppendRanges([]byte("before"), r)
		var encodeError *solabi.EncodeError
		if !errors.As(err, &encodeError) || encodeError.What != "Ranges" || encodeError.Field != c.field || !strings.Contains(encodeError.Reason, c.says) {
			t.Errorf("%s: error %v, wanted %q", c.field, err, c.says)
		}
		if string(out) != "before" {
			t.Errorf("%s: the buffer is %q", c.field, out)
		}
	}
}

// TestDecodeErrorsSayWhere spoils one word at a time.
func TestDecodeErrorsSayWhere(t *testing.T) {
	encoded, err := loose.AppendRanges(nil, &loose.Ranges{
		Pair: [2]*big.Int{new(big.Int), new(big.Int)}, List: []uint256.Int{{1}, {2}}, Names: []string{"a", "bc"},
	})
	if err != nil {
		t.Fatal(err)
	}
	all := *new(uint256.Int).SetAllOne()
	for _, c := range []struct {
		word  int // which becomes all ones
		field string
	}{
		{0, "small"}, {2, "kind"}, {3, "wide"}, {4, "list"}, {7, "names"}, {8, "list"}, {9, "list[0]"}, {10, "list[1]"},
		{11, "names"}, {12, "names[0]"}, {13, "names[1]"}, {14, "names[0]"}, {16, "names[1]"},
	} {
		spoilt := append([]byte(nil), encoded...)
		solabi.PutU256(spoilt[c.word*solabi.WordSize:], &all)
		var r loose.Ranges
		var decodeError *solabi.DecodeError
		if err := loose.DecodeRanges(spoilt, &r); !errors.As(err, &decodeError) || decodeError.Field != c.field ||
			decodeError.Offset != c.word*solabi.WordSize || decodeError.What != "Ranges" {
			t.Errorf("word %d: %v, wanted field %s", c.word, err, c.field)
		}
	}
	spoilt := append([]byte(nil), encoded...)
	spoilt[15*solabi.WordSize+5] = 1 // behind "a"
	var r loose.Ranges
	if err := loose.DecodeRanges(spoilt, &r); err == nil || !strings.Contains(err.Error(), "names[0]") || !strings.Contains(err.Error(), "padding is not zero") {
		t.Errorf("padding: %v", err)
	}
	if err := loose.DecodeRangesLoose(spoilt, &r); err != nil || r.Names[0] != "a" || r.Names[1] != "bc" {
		t.Errorf("loose: %v, %q", err, r.Names)
	}
}
