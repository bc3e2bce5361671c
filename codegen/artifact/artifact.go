// Package artifact reads what the compiler left behind: forge's output folder, Hardhat's artifacts, or a plain ABI. It is the
// first of the generator's three stages and interprets nothing: it finds the artifact of a contract by name, and the syntax
// tree that belongs to a source file.
package artifact

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// maxFileSize bounds what is read of one artifact: forge's are a few megabytes with their syntax trees.
const maxFileSize = 64 << 20

// An Artifact is one contract as forge or Hardhat compiled it, or what its ABI says alone.
type Artifact struct {
	Contract      string          // name of the contract
	File          string          // the artifact itself, for messages
	Source        string          // path of the Solidity file, relative to the project
	ABI           json.RawMessage // as the compiler wrote it
	Bytecode      []byte          // creation code; empty for interfaces and abstract contracts
	AST           *Node           // tree of the whole source file; nil if only the ABI is known
	StorageLayout json.RawMessage // nil if forge was not asked for it
	Unlinked      []string        // libraries that the bytecode must be linked with
}

// Project is a Solidity project with its compiled artifacts.
type Project struct {
	Root string // folder of foundry.toml or hardhat.config: source paths are relative to it
	Out  string // forge's output folder, or Hardhat's artifacts

	byContract map[string][]string
	plain      map[string]*Artifact      // contracts of which there is only an ABI
	loaded     map[string]*Artifact      // by file
	builds     map[string]*hardhatOutput // by file
	sources    map[string][]byte
}

// Empty is a project without compiled artifacts, for contracts that are added by their ABI.
func Empty(root, out string) *Project {
	if !filepath.IsAbs(out) {
		out = filepath.Join(root, out)
	}
	return &Project{
		Root: root, Out: out,
		byContract: map[string][]string{},
		plain:      map[string]*Artifact{},
		loaded:     map[string]*Artifact{},
		builds:     map[string]*hardhatOutput{},
		sources:    map[string][]byte{},
	}
}

// Open lists the artifacts in out, which is relative to root unless absolute.
func Open(root, out string) (*Project, error) {
	p := Empty(root, out)
	out = p.Out
	err := filepath.WalkDir(out, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == "build-info":
			return fs.SkipDir
		case entry.IsDir() || filepath.Ext(path) != ".json" || strings.HasSuffix(path, debugSuffix) || !strings.HasSuffix(filepath.Dir(path), ".sol"):
			return nil
		}
		name := strings.TrimSuffix(entry.Name(), ".json")
		p.byContract[name] = append(p.byContract[name], path)
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no artifacts in %s: run `forge build` or `npx hardhat compile` first (ocrgen.yaml's `artifacts` names the folder): %w", out, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("read artifacts: %w", err)
	}
	return p, nil
}

// Contract loads the artifact of the named contract. If several source files have a contract of that name, the name
// must be written with its file: `Feed.sol:Feed`.
func (p *Project) Contract(name string) (*Artifact, error) {
	if a, ok := p.plain[name]; ok {
		return a, nil
	}
	file, contract, qualified := strings.Cut(name, ":")
	if !qualified {
		contract = name
	}
	var candidates []string
	for _, path := range p.byContract[contract] {
		if !qualified || filepath.Base(filepath.Dir(path)) == filepath.Base(file) {
			candidates = append(candidates, path)
		}
	}
	switch len(candidates) {
	case 0:
		return nil, fmt.Errorf("no contract %s in %s%s: is it compiled (`forge build`), is it spelt right?",
			name, p.Out, p.similar(contract))
	case 1:
		return p.load(contract, candidates[0])
	}
	sort.Strings(candidates)
	return nil, fmt.Errorf("contract %s is ambiguous, write it as FILE.sol:%s: it is in %s", name, contract,
		strings.Join(candidates, " and "))
}

// similar names contracts that may have been meant.
func (p *Project) similar(name string) string {
	var names []string
	for n := range p.byContract {
		lower, want := strings.ToLower(n), strings.ToLower(name)
		if strings.Contains(lower, want) || strings.Contains(want, lower) {
			names = append(names, n)
		}
	}
	if len(names) == 0 {
		return ""
	}
	sort.Strings(names)
	return " (there is " + strings.Join(names[:min(len(names), 3)], ", ") + ")"
}

// Trees returns the syntax trees of all source files that the given artifacts' files import, directly or not, their own
// included, in order of their paths. A file without a contract has no artifact, so no tree; it is left out.
func (p *Project) Trees(roots ...*Artifact) ([]*Node, error) {
	all, err := p.trees()
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var visit func(tree *Node)
	visit = func(tree *Node) {
		if tree == nil || seen[tree.AbsolutePath] {
			return
		}
		seen[tree.AbsolutePath] = true
		for _, n := range tree.Nodes {
			if n.NodeType == "ImportDirective" {
				visit(all[n.AbsolutePath])
			}
		}
	}
	for _, a := range roots {
		visit(a.AST)
	}
	var found []*Node
	for path := range seen {
		if tree := all[path]; tree != nil {
			found = append(found, tree)
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].AbsolutePath < found[j].AbsolutePath })
	return found, nil
}

// trees loads every artifact once and keeps one tree per source file.
func (p *Project) trees() (map[string]*Node, error) {
	all := map[string]*Node{}
	for contract, paths := range p.byContract {
		for _, path := range paths {
			a, err := p.load(contract, path)
			if err != nil {
				return nil, err
			}
			if a.AST != nil {
				all[a.AST.AbsolutePath] = a.AST
			}
		}
	}
	// Hardhat keeps the trees of files without a contract too.
	for _, output := range p.builds {
		for _, source := range output.Sources {
			if source.AST != nil && all[source.AST.AbsolutePath] == nil {
				all[source.AST.AbsolutePath] = source.AST
			}
		}
	}
	return all, nil
}

func (p *Project) load(contract, path string) (*Artifact, error) {
	if a, ok := p.loaded[path]; ok {
		return a, nil
	}
	data, err := readFile(path, maxFileSize)
	if err != nil {
		return nil, err
	}
	a, err := p.parse(contract, path, data)
	if err != nil {
		return nil, err
	}
	p.loaded[path] = a
	return a, nil
}

func readFile(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s has %d bytes, more than such a file can have", path, info.Size())
	}
	return os.ReadFile(path)
}

func (p *Project) parse(contract, path string, data []byte) (*Artifact, error) {
	var file struct {
		Format        string          `json:"_format"` // Hardhat's only
		ABI           json.RawMessage `json:"abi"`
		Bytecode      json.RawMessage `json:"bytecode"`
		AST           *Node           `json:"ast"`
		StorageLayout json.RawMessage `json:"storageLayout"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("%s is no artifact: %w", path, err)
	}
	if len(file.ABI) == 0 {
		return nil, fmt.Errorf("%s is no artifact: it has no `abi`", path)
	}
	a := &Artifact{Contract: contract, File: path}
	if err := a.setABI(file.ABI); err != nil {
		return nil, err
	}
	if file.Format != "" {
		return a, p.hardhat(a, data)
	}
	if file.AST == nil {
		return nil, fmt.Errorf("%s has no syntax tree: set `ast = true` in foundry.toml and build again", path)
	}
	a.Source, a.AST, a.StorageLayout = file.AST.AbsolutePath, file.AST, file.StorageLayout
	var code struct {
		Object         string         `json:"object"`
		LinkReferences linkReferences `json:"linkReferences"`
	}
	if len(file.Bytecode) > 0 {
		if err := json.Unmarshal(file.Bytecode, &code); err != nil {
			return nil, fmt.Errorf("%s: bytecode: %w", path, err)
		}
	}
	return a, a.setCode(code.Object, code.LinkReferences)
}

func (a *Artifact) setABI(abi json.RawMessage) error {
	var compact bytes.Buffer
	if err := json.Compact(&compact, abi); err != nil {
		return fmt.Errorf("%s: abi: %w", a.File, err)
	}
	a.ABI = compact.Bytes()
	return nil
}

// linkReferences are the places of library addresses in bytecode, by source and library.
type linkReferences map[string]map[string]json.RawMessage

func (a *Artifact) setCode(text string, links linkReferences) error {
	for source, libraries := range links {
		for library := range libraries {
			a.Unlinked = append(a.Unlinked, source+":"+library)
		}
	}
	sort.Strings(a.Unlinked)
	if len(a.Unlinked) > 0 {
		return nil
	}
	code, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	if err != nil {
		return fmt.Errorf("%s: bytecode: %w", a.File, err)
	}
	a.Bytecode = code
	return nil
}
