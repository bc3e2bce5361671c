package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTablesAreWhatTheSnapshotsSay fails when somebody committed snapshots without the tables, or the other way round.
func TestTablesAreWhatTheSnapshotsSay(t *testing.T) {
	if err := run(io.Discard, filepath.Join("..", "..", ".."), true); err != nil {
		t.Error(err)
	}
}

const someReference = `{"source": "somewhere", "gas": {"ocr9": {
	"transmit, n=4 f=1, 4 observations, cold": 1000, "transmit, n=4 f=1, 4 observations, warm": 900,
	"dynamic setConfig, n=4 f=1, first": 3000000, "setConfig, n=4 f=1, first": 2000, "setConfig, n=16 f=5, first": 4000, "latestAnswer": 100}},
	"limits": [{"family": "ocr9", "figure": "transmit, .*, cold", "percent": {"4": 80}},
		{"family": "ocr9", "figure": "(dynamic )?setConfig, .*", "percent": {"4": 50, "16": 45}},
		{"family": "ocr9", "figure": "latest.*", "percent": {"": 100}}],
	"floors": [{"family": "ocr9", "figure": "dynamic setConfig, n=4 f=1, first", "text": "it is a slot more."}]}`

const someFigures = `{"transmit, n=4 f=1, 4 observations, cold": "800", "transmit, n=4 f=1, 4 observations, warm": "700",
	"transmit, n=16 f=5, 16 observations, cold": "1234567", "dynamic setConfig, n=4 f=1, first": "1500001",
	"setConfig, n=4 f=1, first": "1000", "setConfig, n=16 f=5, first": "1001", "dynamic setConfig, n=4 f=1, Osaka, first": "1500002", "latestAnswer": 100,
	"deploy Thing": "30", "size of Thing": "20", "something else": "7"}`

const someDocs = `# Gas
<!-- gas: ocr9 transmit -->
old
<!-- end of gas -->
between
<!-- gas: ocr9 config --><!-- end of gas -->
<!-- gas: ocr9 reads -->
<!-- end of gas -->
<!-- gas: ocr9 deploy --><!-- end of gas -->
<!-- gas: ocr9 other --><!-- end of gas -->
end
`

const wantDocs = `# Gas
<!-- gas: ocr9 transmit -->

| transmit, f+1 signatures | cold | warm | reference cold | reference warm | share (cold) | limit |
|---|---|---|---|---|---|---|
| n=4 f=1, 4 observations | 800 | 700 | 1,000 | 900 | 80.0 % | 80 % |
| n=16 f=5, 16 observations | 1,234,567 |  |  |  |  |  |

<!-- end of gas -->
between
<!-- gas: ocr9 config -->

| call | n=4 | n=16 | reference n=4 | n=16 | share | limit |
|---|---|---|---|---|---|---|
| setConfig, first | 1,000 | 1,001 | 2,000 | 4,000 | 50.0 / 25.0 % | 50 / 45 % |
| dynamic setConfig, first | 1,500,001 |  | 3,000,000 |  | 50.0 % (see below) | 50 % |
| dynamic (Osaka) setConfig, first | 1,500,002 |  |  |  |  |  |

Dynamic setConfig, n=4 f=1, first: it is a slot more.

<!-- end of gas -->
<!-- gas: ocr9 reads -->

| call | ours | reference | share | limit |
|---|---|---|---|---|
| latestAnswer | 100 | 100 | 100.0 % | 100 % |

<!-- end of gas -->
<!-- gas: ocr9 deploy -->

| contract | deployment | bytes (24,576 at most) |
|---|---|---|
| Thing | 30 | 20 |

<!-- end of gas -->
<!-- gas: ocr9 other -->

| call | ours |
|---|---|
| something else | 7 |

<!-- end of gas -->
end
`

// repository makes a folder with what the command reads.
func repository(t *testing.T, replace ...string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"snapshots/ocr9.json": someFigures, "docs/gas-reference.json": someReference, "docs/gas.md": someDocs,
	} {
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(strings.NewReplacer(replace...).Replace(text)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestTables(t *testing.T) {
	root := repository(t)
	docs := filepath.Join(root, "docs", "gas.md")
	if err := run(io.Discard, root, true); err == nil || !strings.Contains(err.Error(), "docs/gas.md is not what snapshots/ says") {
		t.Errorf("error: %v", err)
	}
	if text, _ := os.ReadFile(docs); string(text) != someDocs {
		t.Error("-check wrote something")
	}
	for range 2 {
		if err := run(io.Discard, root, false); err != nil {
			t.Fatal(err)
		}
		if text, _ := os.ReadFile(docs); string(text) != wantDocs {
			t.Fatalf("%s", text)
		}
	}
	if err := run(io.Discard, root, true); err != nil {
		t.Error(err)
	}
}

func TestProblems(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"over the limit", `"800"`, `"801"`, "transmit, n=4 f=1, 4 observations, cold costs 801, more than its limit"},
		{"a read that costs more", `"latestAnswer": 100,`, `"latestAnswer": 101,`, "latestAnswer costs 101, more than its limit"},
		{"a floor for nothing", `"1500001"`, `"1500000"`, "does not exceed its limit: its text in floors says otherwise"},
		{"no place", "<!-- gas: ocr9 other --><!-- end of gas -->", "", `there is no place for the table "ocr9 other"`},
		{"no figures", "end\n", "<!-- gas: ocr7 reads --><!-- end of gas -->", `there are no figures for the table "ocr7 reads"`},
		{"no end", "<!-- gas: ocr9 other --><!-- end of gas -->", "<!-- gas: ocr9 other -->", "there is no <!-- end of gas -->"},
		{"no number", `"800"`, `"-800"`, "which is no gas"},
		{"no figures at all", someFigures, "[]", "cannot unmarshal"},
		{"unknown field", `"source"`, `"sauce"`, `unknown field "sauce"`},
		{"bad pattern", `transmit, .*, cold`, `transmit(`, "limit of ocr9"},
		{"floor without text", "it is a slot more.", "", "has no text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := repository(t, c.old, c.new)
			before, err := os.ReadFile(filepath.Join(root, "docs", "gas.md"))
			if err != nil {
				t.Fatal(err)
			}
			if err := run(io.Discard, root, false); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error: %v", err)
			}
			if after, _ := os.ReadFile(filepath.Join(root, "docs", "gas.md")); string(after) != string(before) {
				t.Error("something was written")
			}
		})
	}
	if err := run(io.Discard, t.TempDir(), true); err == nil || !strings.Contains(err.Error(), "run make gas") {
		t.Errorf("no snapshots: %v", err)
	}
}

func TestNaturalOrder(t *testing.T) {
	for _, pair := range [][2]string{{"n=4", "n=16"}, {"4 observations", "11 observations"}, {"a", "a1"}, {"a", "b"}, {"", "a"}} {
		if natural(pair[0], pair[1]) >= 0 || natural(pair[1], pair[0]) <= 0 || natural(pair[0], pair[0]) != 0 {
			t.Errorf("%q and %q", pair[0], pair[1])
		}
	}
}
