package simtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Mutant is a defect of the protocol, put into the source of the machine: its texts replace others. In what is built from the
// changed source, each defect is there only if mutantVariable says so; production code has no place for any.
type Mutant struct {
	Name string
	File string // below offchain
	// Old is there exactly once; New takes its place, with IS for a condition that is true where the defect is on, and ONE for a
	// number that is 1 there and 0 otherwise.
	Old, New string
	// The scenario of Seed finds the defect, as a violation of Invariant.
	Seed      uint64
	Invariant string
}

const mutantVariable = "OCRKIT_MUTANT"

// mutantSource is added to each package that is changed.
const mutantSource = `package PACKAGE

import "os"

var mutant = os.Getenv("` + mutantVariable + `")

func isMutant(name string) bool { return mutant == name }
func mutantOne(name string) int { if mutant == name { return 1 }; return 0 }
`

// program is the program with the defects, built once for all tests of a package.
var program struct {
	once sync.Once
	dir  string
	path string
	err  error
}

// Main runs the tests of a package that has mutants.
func Main(m *testing.M) {
	code := m.Run()
	if program.dir != "" {
		if err := os.RemoveAll(program.dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// build returns the program.
func build(t *testing.T, mutants []Mutant) string {
	t.Helper()
	program.once.Do(func() {
		if program.dir, program.err = os.MkdirTemp("", "mutants"); program.err == nil {
			program.path, program.err = buildMutants(program.dir, mutants)
		}
	})
	if program.err != nil {
		t.Fatal(program.err)
	}
	return program.path
}

// buildMutants builds the tests of the package under test with all defects in the source, in a folder, and returns the program.
func buildMutants(dir string, mutants []Mutant) (string, error) {
	sources := map[string]string{}
	for _, m := range mutants {
		path, err := filepath.Abs(filepath.Join("..", "..", m.File))
		if err != nil {
			return "", err
		}
		source, ok := sources[path]
		if !ok {
			b, err := os.ReadFile(path)
			if err != nil {
				return "", err
			}
			source = string(b)
			extra := filepath.Join(filepath.Dir(path), "mutant.go")
			if sources[extra] == "" {
				sources[extra] = strings.Replace(mutantSource, "PACKAGE", filepath.Base(filepath.Dir(path)), 1)
			}
		}
		if strings.Count(source, m.Old) != 1 {
			return "", fmt.Errorf("%q: %s has %d times\n%s", m.Name, m.File, strings.Count(source, m.Old), m.Old)
		}
		quoted := strconv.Quote(m.Name)
		text := strings.ReplaceAll(strings.ReplaceAll(m.New, "ONE", "mutantOne("+quoted+")"), "IS", "isMutant("+quoted+")")
		sources[path] = strings.Replace(source, m.Old, text, 1)
	}
	overlay := map[string]string{}
	for path, source := range sources {
		changed := filepath.Join(dir, strconv.Itoa(len(overlay))+"_"+filepath.Base(path))
		if err := os.WriteFile(changed, []byte(source), 0o644); err != nil {
			return "", err
		}
		overlay[path] = changed
	}
	list, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		return "", err
	}
	overlayFile, program := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "mutants.test")
	if err := os.WriteFile(overlayFile, list, 0o644); err != nil {
		return "", err
	}
	build := exec.Command("go", "test", "-c", "-overlay", overlayFile, "-o", program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%v\n%s", err, out)
	}
	return program, nil
}

// runMutant runs a seed with a defect on, and returns what the test says; passed tells that it found nothing.
func runMutant(t *testing.T, program, name string, args ...string) (output string, passed bool) {
	t.Helper()
	command := exec.Command(program, args...)
	command.Env = append(os.Environ(), mutantVariable+"="+name)
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	err := command.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), err == nil
}

// MutantsAreFound puts defects into the protocol, one at a time, and wants each to be found, in the run of one seed, by the
// checker that is there for it. The same runs without a defect are fine.
func MutantsAreFound(t *testing.T, mutants []Mutant) {
	program := build(t, mutants)
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var running sync.WaitGroup
	for _, m := range mutants {
		running.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			seed := strconv.FormatUint(m.Seed, 10)
			if out, passed := runMutant(t, program, "none", "-test.run", "^TestSeed$", "-seed", seed); !passed {
				t.Errorf("%s: seed %s fails without a defect: %s", m.Name, seed, out)
			}
			out, passed := runMutant(t, program, m.Name, "-test.run", "^TestSeed$", "-seed", seed)
			switch {
			case passed:
				t.Errorf("%s: seed %s finds nothing, want a violation of %q", m.Name, seed, m.Invariant)
			case !strings.Contains(out, " violates "+m.Invariant+" at "):
				t.Errorf("%s: want a violation of %q, got: %s", m.Name, m.Invariant, out)
			}
		})
	}
	running.Wait()
	t.Logf("%d defects", len(mutants))
}

// HuntMutants looks for seeds that find defects; run it when scenarios or machines have changed:
// OCRKIT_HUNT=all go test ./offchain/sim/ocr3sim -run TestHuntMutants -v. Instead of all, a part of a name will do. Without the variable it looks at one defect and few seeds.
func HuntMutants(t *testing.T, mutants []Mutant) {
	list, seeds := mutants[:1], "300"
	if os.Getenv("OCRKIT_HUNT") != "" {
		list, seeds = mutants, "3000"
	}
	program := build(t, mutants)
	for _, m := range list {
		if hunted := os.Getenv("OCRKIT_HUNT"); hunted != "" && hunted != "all" && !strings.Contains(m.Name, hunted) {
			continue
		}
		out, passed := runMutant(t, program, m.Name, "-test.run", "^TestSeeds$", "-seeds", seeds)
		found := 0
		for line := range strings.Lines(out) {
			if _, text, ok := strings.Cut(line, ": seed "); ok {
				found++
				t.Logf("%s | %.120s", m.Name, strings.TrimSpace(text))
			}
		}
		if passed || found == 0 {
			t.Errorf("%s: no seed finds it", m.Name)
		}
	}
}
