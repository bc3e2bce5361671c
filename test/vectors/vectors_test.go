package vectors

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFiles(t *testing.T) {
	t.Setenv(Env, "")
	files := Files(t, "testdata", "*.json", "sample.json")
	if len(files) != 1 {
		t.Fatalf("got %d files, want 1: a file that matches two patterns counts once", len(files))
	}
	f := files[0]
	if f.Name() != "sample" || f.Area != "sample" || len(f.Cases) != 4 || string(f.Raw["seed"]) != `"0x01"` || f.Raw["cases"] != nil {
		t.Errorf("got %+v", f)
	}
	for i, want := range []struct {
		kind     string
		rejected bool
	}{{"a", false}, {"a", true}, {"b", true}, {"", true}} {
		if c := f.Cases[i]; c.Kind() != want.kind || c.Rejected() != want.rejected {
			t.Errorf("%s: got kind %q, rejected %v, want %v", c.Name, c.Kind(), c.Rejected(), want)
		}
	}
}

func TestFilesFromEnvironment(t *testing.T) {
	abs, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(Env, abs)
	if files := Files(t, "nowhere", "sample.json"); len(files) != 1 || filepath.Dir(files[0].Path) != abs {
		t.Errorf("got %+v", files)
	}
}

// recorder stands in for a test that is expected to fail.
type recorder struct {
	testing.TB
	failed string
}

func (r *recorder) Helper()                   {}
func (r *recorder) Fatal(args ...any)         { r.failed = "fatal"; panic(r) }
func (r *recorder) Fatalf(f string, a ...any) { r.failed = f; panic(r) }

func fails(t *testing.T, what string, f func(t testing.TB)) {
	t.Helper()
	r := &recorder{TB: t}
	defer func() {
		t.Helper()
		if e := recover(); e != nil && e != any(r) {
			panic(e)
		}
		if r.failed == "" {
			t.Errorf("%s: did not fail", what)
		}
	}()
	f(r)
}

func TestFailures(t *testing.T) {
	t.Setenv(Env, "")
	fails(t, "no match", func(t testing.TB) { Files(t, "testdata", "sample.json", "none-*.json") })
	fails(t, "no such folder", func(t testing.TB) { Files(t, "nowhere", "*.json") })
	fails(t, "wrong type", func(t testing.TB) { Decode[int](t, []byte(`"1"`)) })
	fails(t, "unknown member", func(t testing.TB) { DecodeStrict[struct{ A int }](t, []byte(`{"a": 1, "b": 2}`)) })
	fails(t, "15 bytes", func(t testing.TB) { make(Hex, 15).Array16(t) })
	fails(t, "33 bytes", func(t testing.TB) { make(Hex, 33).Array32(t) })
	t.Setenv(Env, "testdata")
	fails(t, "relative path", func(t testing.TB) { Files(t, "testdata", "*.json") })
}

func TestParseRefuses(t *testing.T) {
	for _, content := range []string{
		``, `[]`, `{}`, `{"cases": []}`, `{"cases": {}}`, `{"area": 1, "cases": [{"name": "a", "input": 1, "output": 2}]}`,
		`{"cases": [{"input": 1, "output": 2}]}`, `{"cases": [{"name": "a", "output": 2}]}`, `{"cases": [{"name": "a", "input": 1}]}`,
		`{"cases": [{"name": "a", "input": 1, "output": 2, "note": 3}]}`,
	} {
		if _, err := parse("x.json", []byte(content)); err == nil {
			t.Errorf("%s: accepted", content)
		} else if !strings.Contains(err.Error(), "x.json") {
			t.Errorf("%s: error %q does not name the file", content, err)
		}
	}
}

func TestEachKind(t *testing.T) {
	t.Setenv(Env, "")
	var names []string
	EachKind(t, "testdata", []string{"sample.json"}, Kinds{
		Run:       map[string]func(*testing.T, File, Case){"a": func(_ *testing.T, _ File, c Case) { names = append(names, c.Name) }},
		Elsewhere: map[string]string{"b": "another package", "": "another package"},
	})
	if strings.Join(names, ",") != "accepted,refused" {
		t.Errorf("ran %v", names)
	}
}

func TestValues(t *testing.T) {
	t.Setenv(Env, "")
	type input struct {
		Kind  string
		Bytes Hex
		Int   Dec
		Ns    Ns
	}
	var seen int
	Each(t, "testdata", []string{"sample.json"}, func(t *testing.T, f File, c Case) {
		in := DecodeStrict[input](t, c.Input)
		switch c.Name {
		case "accepted":
			if in.Bytes.String() != "0x00ff" || in.Int.String() != "-340282366920938463463374607431768211456" || in.Ns.D() != 1500*time.Millisecond {
				t.Errorf("got %+v", in)
			}
			seen++
		case "refused":
			if in.Bytes != nil || in.Int.Int64() != 7 || in.Ns.D() != 1500*time.Millisecond {
				t.Errorf("got %+v", in)
			}
			seen++
		}
	})
	if seen != 2 {
		t.Errorf("saw %d of 2 cases", seen)
	}
	if b, _ := Hex(nil).MarshalJSON(); string(b) != "null" {
		t.Errorf("nil marshals to %s", b)
	}
	if b, _ := (Hex{1}).MarshalJSON(); string(b) != `"0x01"` {
		t.Errorf("marshals to %s", b)
	}
	if u := Decode[U64](t, []byte(`"18446744073709551615"`)); u != 1<<64-1 {
		t.Errorf("got %d", u)
	}
	for _, bad := range []string{`"1"`, `"0x1"`, `"0xgg"`, `1`} {
		if new(Hex).UnmarshalJSON([]byte(bad)) == nil {
			t.Errorf("Hex accepts %s", bad)
		}
	}
	for _, bad := range []string{`"0x1"`, `1.5`, `""`, `"18446744073709551616"`} {
		if new(U64).UnmarshalJSON([]byte(bad)) == nil {
			t.Errorf("U64 accepts %s", bad)
		}
		if new(Ns).UnmarshalJSON([]byte(bad)) == nil {
			t.Errorf("Ns accepts %s", bad)
		}
	}
	if new(Dec).UnmarshalJSON([]byte(`1.5`)) == nil {
		t.Errorf("Dec accepts 1.5")
	}
}
