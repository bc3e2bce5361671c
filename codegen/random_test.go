package codegen

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var (
	randomSeeds = flag.Int("seeds", seedsFromEnvironment(), "how many random ABIs TestRandomABIs generates code for")
	randomFirst = flag.Uint64("seed", 1, "the first of them")
)

// seedsFromEnvironment lets a soak run, which cannot give a flag to one package alone, look at more.
func seedsFromEnvironment() int {
	if n, err := strconv.Atoi(os.Getenv("OCRGEN_SEEDS")); err == nil && n > 0 {
		return n
	}
	return 3
}

// TestRandomABIs makes up ABIs, generates Go for them, and runs the generated tests: they hold encoding, strict and loose
// decoding against go-ethereum's abi package, on random values and on mutations of their encodings.
func TestRandomABIs(t *testing.T) {
	dir, err := os.MkdirTemp("testdata", "random-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	var config strings.Builder
	config.WriteString("version: 1\npackages:\n")
	for i := range *randomSeeds {
		seed := *randomFirst + uint64(i)
		m := newRandomABI(seed)
		text, err := json.MarshalIndent(m.entries, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, fmt.Sprintf("seed%d.abi", seed)), string(text))
		fmt.Fprintf(&config, "  - path: seed%d\n    contracts: [{name: Random%d, abi: seed%d.abi}]\n    calls: [all]\n", seed, seed, seed)
		fmt.Fprintf(&config, "    uint256: %s\n    enums: {E: 3, F: 256}\n", []string{uint256Big, uint256Holiman}[seed%2])
		if len(m.structs) > 0 && m.named {
			config.WriteString("    reports:\n")
			for i, s := range m.structs {
				fmt.Fprintf(&config, "      - {struct: %s, layout: %q}\n", s.name, []string{"", "tuple"}[i%2])
			}
		}
	}
	write(t, filepath.Join(dir, ConfigFile), config.String())
	c, files := generate(t, dir)
	if _, err := Write(c, files); err != nil {
		t.Fatal(err)
	}
	// Few values each: it is the number of types that matters.
	command := exec.Command("go", "test", "./"+dir+"/...")
	command.Env = append(os.Environ(), "OCRGEN_ROUNDS=12")
	if out, err := command.CombinedOutput(); err != nil {
		if len(out) > 4000 {
			out = out[:4000]
		}
		t.Errorf("%v\n%s", err, out)
		keep := filepath.Join(os.TempDir(), filepath.Base(dir))
		if err := os.CopyFS(keep, os.DirFS(dir)); err == nil {
			t.Logf("what was generated is in %s; go test ./codegen -run TestRandomABIs -seed N -seeds 1 makes it again", keep)
		}
	}
}

// randomABI makes up an ABI. The same seed makes the same one.
type randomABI struct {
	*rand.Rand
	entries []map[string]any
	structs []randomStruct
	named   bool // the ABI says what structs are called, as compilers since 0.5.11 do
}

// randomArgument is an argument in an ABI.
type randomArgument struct {
	Name         string           `json:"name"`
	Type         string           `json:"type"`
	InternalType string           `json:"internalType,omitempty"`
	Components   []randomArgument `json:"components,omitempty"`
	Indexed      *bool            `json:"indexed,omitempty"`
	words        int              // in the head, at most: static arrays of static arrays grow fast
}

type randomStruct struct {
	name   string
	fields []randomArgument
	words  int
}

func newRandomABI(seed uint64) *randomABI {
	r := &randomABI{Rand: rand.New(rand.NewPCG(seed, 0x616269)), named: seed%3 != 0}
	for i := range 4 {
		s := randomStruct{name: fmt.Sprintf("S%d", i), fields: r.arguments(1 + r.IntN(5))}
		for _, f := range s.fields {
			s.words += f.words
		}
		r.structs = append(r.structs, s)
	}
	for i := range 6 {
		name := fmt.Sprintf("f%d", i)
		if i == 5 {
			name = "f4" // an overload
		}
		inputs := r.arguments(r.IntN(5))
		if i < len(r.structs) { // so that every struct is in the ABI
			inputs = append(inputs, r.structArgument(i))
		}
		if i == 5 {
			inputs = append(inputs, randomArgument{Name: "more", Type: "bytes21", InternalType: "bytes21"})
		}
		r.entries = append(r.entries, map[string]any{
			"type": "function", "name": name, "inputs": r.distinct(inputs), "outputs": r.arguments(r.IntN(4)), "stateMutability": "view",
		})
	}
	for i := range 3 {
		inputs, indexed := r.arguments(1+r.IntN(5)), 0
		for j := range inputs {
			index := indexed < 3 && r.IntN(3) == 0
			if index {
				indexed++
			}
			inputs[j].Indexed = &index
		}
		r.entries = append(r.entries, map[string]any{"type": "event", "name": fmt.Sprintf("Happened%d", i), "inputs": inputs})
		r.entries = append(r.entries, map[string]any{"type": "error", "name": fmt.Sprintf("Failed%d", i), "inputs": r.arguments(r.IntN(3))})
	}
	return r
}

// nasty are names that generated code uses itself, or that Go would not have.
var nasty = []string{
	"", "_", "r", "b", "data", "base", "tail", "err", "ok", "len", "type", "func", "range", "string", "error", "nil", "size", "values",
	"Size", "Values", "append", "digest", "topic", "eventName", "a", "aLen", "aAt", "aItem", "aItemLen", "x_", "_x", "X", "uint256",
	"common", "big", "solabi", "bytes", "uint8", "Uint8", "i", "j", "at", "bad", "v", "dst", "start", "n", "budget", "init", "main", "$", "x$y",
}

func (r *randomABI) arguments(n int) []randomArgument {
	var args []randomArgument
	for range n {
		name := fmt.Sprintf("field%d", r.IntN(1000))
		if r.IntN(2) == 0 {
			name = nasty[r.IntN(len(nasty))]
		}
		a := r.argument(0)
		a.Name = name
		args = append(args, a)
	}
	return r.distinct(args)
}

// distinct makes the names of arguments different, as Solidity demands.
func (r *randomABI) distinct(args []randomArgument) []randomArgument {
	seen := map[string]bool{}
	for i := range args {
		for args[i].Name != "" && seen[args[i].Name] {
			args[i].Name += "1"
		}
		seen[args[i].Name] = true
	}
	if args == nil {
		return []randomArgument{}
	}
	return args
}

// argument makes up a type; arrays and structs nest up to a depth.
func (r *randomABI) argument(depth int) randomArgument {
	const mostWords = 40
	switch n := r.IntN(10); {
	case n < 3 && depth < 4:
		a := r.argument(depth + 1)
		suffix := "[]"
		if size := 1 + r.IntN(4); r.IntN(2) == 0 && size*a.words <= mostWords {
			suffix = fmt.Sprintf("[%d]", size)
			a.words *= size
		} else {
			a.words = 1
		}
		a.Type += suffix
		if a.InternalType != "" {
			a.InternalType += suffix
		}
		return a
	case n < 5 && len(r.structs) > 0:
		if a := r.structArgument(r.IntN(len(r.structs))); a.words <= mostWords {
			a.Name = ""
			return a
		}
	}
	return r.elementary()
}

func (r *randomABI) structArgument(i int) randomArgument {
	s := r.structs[i]
	a := randomArgument{Name: fmt.Sprintf("struct%d", i), Type: "tuple", Components: s.fields, words: s.words}
	if r.named {
		a.InternalType = "struct Library." + s.name
	}
	return a
}

func (r *randomABI) elementary() randomArgument {
	var t string
	switch r.IntN(9) {
	case 0:
		t = "bool"
	case 1:
		t = "address"
	case 2:
		t = "bytes"
	case 3:
		t = "string"
	case 4:
		t = fmt.Sprintf("bytes%d", 1+r.IntN(32))
	case 5:
		return randomArgument{Type: "uint8", InternalType: []string{"enum E", "enum Library.F"}[r.IntN(2)], words: 1}
	case 6:
		t = "function"
	case 7:
		t = fmt.Sprintf("int%d", 8*(1+r.IntN(32)))
	default:
		t = fmt.Sprintf("uint%d", 8*(1+r.IntN(32)))
	}
	return randomArgument{Type: t, words: 1}
}
