package typescript

import (
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
