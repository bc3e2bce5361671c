package ocr3sim

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// mutant is a defect of the protocol, put into the source of the machine: its texts replace others. In what is built from the
// changed source, each defect is there only if mutantVariable says so; production code has no place for any.
type mutant struct {
	name string
	file string // below offchain
	// old is there exactly once; new takes its place, with IS for a condition that is true where the defect is on.
	old, new string
	// The scenario of seed finds the defect, as a violation of invariant.
	seed      uint64
	invariant string
}

const mutantVariable = "OCRKIT_OCR3_MUTANT"

// mutantSource is added to each package that is changed.
const mutantSource = `package PACKAGE

import "os"

var mutant = os.Getenv("` + mutantVariable + `")

func isMutant(name string) bool { return mutant == name }
func mutantOne(name string) int { if mutant == name { return 1 }; return 0 }
`

// buildMutants builds the tests of this package with all defects in the source, and returns the program.
func buildMutants(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	sources := map[string]string{}
	for _, m := range mutants {
		path, err := filepath.Abs(filepath.Join("..", "..", m.file))
		if err != nil {
			t.Fatal(err)
		}
		source, ok := sources[path]
		if !ok {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			source = string(b)
			extra := filepath.Join(filepath.Dir(path), "mutant.go")
			if sources[extra] == "" {
				sources[extra] = strings.Replace(mutantSource, "PACKAGE", filepath.Base(filepath.Dir(path)), 1)
			}
		}
		if strings.Count(source, m.old) != 1 {
			t.Fatalf("%q: %s has %d times\n%s", m.name, m.file, strings.Count(source, m.old), m.old)
		}
		quoted := strconv.Quote(m.name)
		text := strings.ReplaceAll(strings.ReplaceAll(m.new, "ONE", "mutantOne("+quoted+")"), "IS", "isMutant("+quoted+")")
		sources[path] = strings.Replace(source, m.old, text, 1)
	}
	overlay := map[string]string{}
	for path, source := range sources {
		changed := filepath.Join(dir, strconv.Itoa(len(overlay))+"_"+filepath.Base(path))
		if err := os.WriteFile(changed, []byte(source), 0o644); err != nil {
			t.Fatal(err)
		}
		overlay[path] = changed
	}
	list, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	overlayFile, program := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "mutants.test")
	if err := os.WriteFile(overlayFile, list, 0o644); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "test", "-c", "-overlay", overlayFile, "-o", program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
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

// TestMutantsAreFound puts defects into the protocol, one at a time, and wants each to be found, in the run of one seed, by the
// checker that is there for it. The same runs without a defect are fine.
func TestMutantsAreFound(t *testing.T) {
	program := buildMutants(t)
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var running sync.WaitGroup
	for _, m := range mutants {
		running.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			seed := strconv.FormatUint(m.seed, 10)
			if out, passed := runMutant(t, program, "none", "-test.run", "^TestSeed$", "-seed", seed); !passed {
				t.Errorf("%s: seed %s fails without a defect: %s", m.name, seed, out)
			}
			out, passed := runMutant(t, program, m.name, "-test.run", "^TestSeed$", "-seed", seed)
			switch {
			case passed:
				t.Errorf("%s: seed %s finds nothing, want a violation of %q", m.name, seed, m.invariant)
			case !strings.Contains(out, " violates "+m.invariant+" at "):
				t.Errorf("%s: want a violation of %q, got: %s", m.name, m.invariant, out)
			}
		})
	}
	running.Wait()
	t.Logf("%d defects", len(mutants))
}

// TestHuntMutants looks for seeds that find defects; run it when scenarios or machines have changed:
// OCRKIT_HUNT=all go test ./offchain/sim/ocr3sim -run TestHuntMutants -v. Instead of all, a part of a name will do. Without the variable it looks at one defect and few seeds.
func TestHuntMutants(t *testing.T) {
	list, seeds := mutants[:1], "300"
	if os.Getenv("OCRKIT_HUNT") != "" {
		list, seeds = mutants, "3000"
	}
	program := buildMutants(t)
	for _, m := range list {
		if hunted := os.Getenv("OCRKIT_HUNT"); hunted != "" && hunted != "all" && !strings.Contains(m.name, hunted) {
			continue
		}
		out, passed := runMutant(t, program, m.name, "-test.run", "^TestSeeds$", "-seeds", seeds)
		found := 0
		for line := range strings.Lines(out) {
			if _, text, ok := strings.Cut(line, ": seed "); ok {
				found++
				t.Logf("%s | %.120s", m.name, strings.TrimSpace(text))
			}
		}
		if passed || found == 0 {
			t.Errorf("%s: no seed finds it", m.name)
		}
	}
}
