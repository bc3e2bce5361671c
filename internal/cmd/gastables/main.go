// Command gastables puts the gas figures in snapshots/ into the tables of docs/gas.md, beside those of the reference in
// docs/gas-reference.json, and prints them.
//
//	go run ./internal/cmd/gastables          # rewrites the tables and prints them
//	go run ./internal/cmd/gastables -check   # writes nothing; fails, with a diff, if they are not what the snapshots say
//
// A table stands between <!-- gas: FAMILY KIND --> and <!-- end of gas -->; FAMILY is a file in snapshots/, KIND one of those in
// tables.go. Each figure is in some table, and each table has its place, or there is an error: so nothing is left out. A figure
// above its limit is an error too, unless the reference file has a text that says what cannot be saved.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

func main() {
	check := flag.Bool("check", false, "write nothing; fail if the tables are not what the snapshots say")
	root := flag.String("root", ".", "folder of the repository")
	flag.Parse()
	if err := run(os.Stdout, *root, *check); err != nil {
		fmt.Fprintln(os.Stderr, "gastables: "+err.Error())
		os.Exit(1)
	}
}

func run(out io.Writer, root string, check bool) error {
	families, err := readSnapshots(filepath.Join(root, "snapshots"))
	if err != nil {
		return err
	}
	reference, err := readReference(filepath.Join(root, "docs", "gas-reference.json"))
	if err != nil {
		return err
	}
	file := filepath.Join(root, "docs", "gas.md")
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text, err := fillIn(string(old), families, reference)
	if err != nil {
		return fmt.Errorf("docs/gas.md: %w", err)
	}
	if !check {
		for _, family := range slices.Sorted(maps.Keys(families)) {
			for _, t := range tablesOf(family, families[family], reference) {
				fmt.Fprintf(out, "%s, %s\n\n%s\n", family, t.kind, t.text)
			}
		}
		return os.WriteFile(file, []byte(text), 0o644)
	}
	if text != string(old) {
		return fmt.Errorf("docs/gas.md is not what snapshots/ says (make gas, and commit both):\n%s",
			diff.Diff("docs/gas.md", old, "from the snapshots", []byte(text)))
	}
	return nil
}

// readSnapshots reads the figures: the files' names without their ending -> names of figures -> gas, or bytes of a size.
func readSnapshots(dir string) (map[string]map[string]int, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("there is no snapshot in %s: run make gas", dir)
	}
	families := map[string]map[string]int{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		figures := map[string]int{}
		var texts map[string]json.Number
		if err := json.Unmarshal(data, &texts); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for figure, number := range texts {
			n, err := number.Int64()
			if err != nil || n < 0 {
				return nil, fmt.Errorf("%s: %s is %q, which is no gas", name, figure, number)
			}
			figures[figure] = int(n)
		}
		families[strings.TrimSuffix(filepath.Base(name), ".json")] = figures
	}
	return families, nil
}

const (
	beginMark = "<!-- gas: "
	endMark   = "<!-- end of gas -->"
)

// fillIn puts the tables into their places in the text, and complains about each figure that has none.
func fillIn(text string, families map[string]map[string]int, reference *reference) (string, error) {
	places := map[string]string{}
	var problems []error
	for _, family := range slices.Sorted(maps.Keys(families)) {
		for _, t := range tablesOf(family, families[family], reference) {
			places[family+" "+t.kind] = t.text
			problems = append(problems, t.problems...)
		}
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, beginMark)
		b.WriteString(before)
		if !found {
			break
		}
		name, rest, ok := strings.Cut(rest, " -->")
		if !ok {
			return "", fmt.Errorf("%q has no end", beginMark)
		}
		_, after, ok := strings.Cut(rest, endMark)
		if !ok {
			return "", fmt.Errorf("behind %s%s --> there is no %s", beginMark, name, endMark)
		}
		table, ok := places[name]
		if !ok {
			problems = append(problems, fmt.Errorf("there are no figures for the table %q: run make gas, or take it out", name))
		}
		delete(places, name)
		b.WriteString(beginMark + name + " -->\n\n" + table + "\n" + endMark)
		text = after
	}
	for _, name := range slices.Sorted(maps.Keys(places)) {
		problems = append(problems, fmt.Errorf("there is no place for the table %q: write %s%s --> and %s", name, beginMark, name, endMark))
	}
	return b.String(), errors.Join(problems...)
}

func readReference(name string) (*reference, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	r := new(reference)
	if err := decoder.Decode(r); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, r.check()
}
