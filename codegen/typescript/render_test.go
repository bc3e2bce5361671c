package typescript

import (
	"math/big"
	"strings"
	"testing"

	"github.com/ocrkit/ocrkit/codegen/model"
)

func TestNamesOfValues(t *testing.T) {
	for name, want := range map[string]string{
		"OCR2Aggregator": "ocr2Aggregator", "AccessControlledOCR2Aggregator": "accessControlledOCR2Aggregator",
		"OCRConfigurationStoreEVMSimple": "ocrConfigurationStoreEVMSimple", "MedianReport": "medianReport", "F": "f",
		"EVMSimplePreimage": "evmSimplePreimage", "URL": "url", "Ab": "ab", "already": "already",
	} {
		if got := lowerFirst(name); got != want {
			t.Errorf("%s becomes %s, not %s", name, got, want)
		}
	}
}

func TestConstants(t *testing.T) {
	number := &model.Type{Kind: model.Uint, Bits: 256}
	large, _ := new(big.Int).SetString("9007199254740992", 10)
	for _, c := range []struct {
		constant   model.Constant
		name, text string
	}{
		{model.Constant{Name: "Default", Value: big.NewInt(-7), Type: number}, "default_", "-7"},
		{model.Constant{Name: "Exact", Value: new(big.Int).Sub(large, big.NewInt(1)), Type: number}, "exact", "9007199254740991"},
		{model.Constant{Name: "Large", Value: large, Type: number}, "large", "9007199254740992n"},
		{model.Constant{Name: "Tag", Value: big.NewInt(0xab), Type: &model.Type{Kind: model.FixedBytes, Size: 4}}, "tag", "'0x000000ab'"},
		{model.Constant{Name: "Prefix", Value: big.NewInt(1), Type: &model.Type{Kind: model.Uint, Bits: 16}, Prefix: true}, "prefix", "0x0001"},
	} {
		if name, text := constName(c.constant.Name), constValue(&c.constant); name != c.name || text != c.text {
			t.Errorf("%s = %s, not %s = %s", name, text, c.name, c.text)
		}
	}
	same := &model.Package{Constants: []*model.Constant{{Name: "OCRMax", Value: large, Type: number}, {Name: "OcrMax", Value: large, Type: number}}}
	if _, err := Render(Input{Model: same}); err == nil || !strings.Contains(err.Error(), "OcrMax and OCRMax are both ocrMax in TypeScript") {
		t.Error(err)
	}
}

func TestTypes(t *testing.T) {
	u8 := &model.Type{Kind: model.Uint, Bits: 8}
	array := func(t *model.Type, n int) *model.Type { return &model.Type{Kind: model.Array, Elem: t, Size: n} }
	slice := func(t *model.Type) *model.Type { return &model.Type{Kind: model.Slice, Elem: t} }
	for _, c := range []struct {
		t           *model.Type
		text, codec string
	}{
		{u8, "number", "uint(8)"},
		{&model.Type{Kind: model.Int, Bits: 48}, "number", "int(48)"},
		{&model.Type{Kind: model.Int, Bits: 56}, "bigint", "int(56)"},
		{slice(slice(u8)), "readonly (readonly number[])[]", "slice(slice(uint(8)))"},
		{array(slice(u8), 2), "FixedArray<readonly number[], 2>", "array(slice(uint(8)), 2)"},
		{slice(array(slice(u8), 2)), "readonly FixedArray<readonly number[], 2>[]", "slice(array(slice(uint(8)), 2))"},
		{array(u8, 257), "FixedArray<number, number>", "array(uint(8), 257 as number)"},
	} {
		if text, codec := tsType(c.t), codec(c.t); text != c.text || codec != c.codec {
			t.Errorf("%s is %s, %s", c.t.Solidity(), text, codec)
		}
	}
}

func TestABILiteral(t *testing.T) {
	got, err := abiLiteral([]byte(`[{"type":"error","name":"It's","inputs":[]},
		{"inputs":[{"name":"aVeryLongNameOfAnArgument","type":"uint256","internalType":"uint256"},{"name":"another","type":"bool","internalType":"bool"}],"anonymous":false}]`))
	const want = `[
  { type: 'error', name: 'It\'s', inputs: [] },
  {
    inputs: [
      { name: 'aVeryLongNameOfAnArgument', type: 'uint256', internalType: 'uint256' },
      { name: 'another', type: 'bool', internalType: 'bool' },
    ],
    anonymous: false,
  },
]`
	if err != nil || got != want {
		t.Errorf("%v\n%s", err, got)
	}
	for _, bad := range []string{"", "{}", "[", `[{"a":`, "7"} {
		if got, err := abiLiteral([]byte(bad)); err == nil {
			t.Errorf("%q gives %s", bad, got)
		}
	}
}

func TestCommentsCannotEnd(t *testing.T) {
	if got := jsdoc("", "a */ b"); strings.Count(got, "*/") != 1 {
		t.Error(got)
	}
	if got := jsdoc("  ", strings.Repeat("word ", 40)); len(strings.Split(got, "\n")) != 4 {
		t.Error(got)
	}
}

func TestNamesThatTheCodeUsesItself(t *testing.T) {
	s := &model.Struct{Name: "Codec", Pos: "Feed.sol:3", Fields: []model.Field{{Solidity: "x", Type: &model.Type{Kind: model.Bool}}}}
	_, err := Render(Input{Model: &model.Package{Name: "feed", Reports: []*model.Report{{Struct: s}}}})
	if err == nil || !strings.Contains(err.Error(), "Feed.sol:3: Codec is a name that the generated TypeScript uses itself") {
		t.Error(err)
	}
}
