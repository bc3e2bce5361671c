package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestInit(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for _, args := range [][]string{
		{"init", "--replace", root, "gas-price"},
		{"init", "other", "--replace", root, "--dir", "feeds/other", "--module", "example.com/other"}, // flags behind the name
	} {
		out, err := ocrgen(t, args...)
		if err != nil {
			t.Fatal(err)
		}
		dir := "gas-price"
		if args[1] == "other" {
			dir = filepath.Join("feeds", "other")
		}
		if !strings.Contains(out, dir+" is there. Now:\n\n  cd "+dir+"\n") {
			t.Errorf("it says\n%s", out)
		}
		if _, err := os.Stat(filepath.Join(dir, "Makefile")); err != nil {
			t.Error(err)
		}
	}
	if text, err := os.ReadFile("feeds/other/go.mod"); err != nil || !strings.HasPrefix(string(text), "module example.com/other\n") {
		t.Errorf("%v\n%s", err, text)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"init"}, "init needs the name"},
		{[]string{"init", "a", "b"}, "takes one name"},
		{[]string{"init", "weather"}, "--replace PATH"},
		{[]string{"init", "gas-price", "--replace", root}, "exists and is not empty"},
		{[]string{"init", "weather", "--replcae", root}, "replcae"},
	} {
		if _, err := ocrgen(t, c.args...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v, not %q", c.args, err, c.want)
		}
	}
}
