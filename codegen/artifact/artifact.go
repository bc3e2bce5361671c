// Package artifact reads what forge leaves in its output folder: the first of the generator's three stages. It
// interprets nothing: it finds the artifact of a contract by name, and the syntax tree that belongs to a source file.
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

// An Artifact is one contract as forge compiled it.
type Artifact struct {
	Contract      string          // name of the contract
	File          string          // the artifact itself, for messages
	Source        string          // path of the Solidity file, relative to the project
	ABI           json.RawMessage // as the compiler wrote it
	Bytecode      []byte          // creation code; empty for interfaces and abstract contracts
	AST           *Node           // tree of the whole source file
	StorageLayout json.RawMessage // nil if forge was not asked for it
	Unlinked      []string        // libraries that the bytecode must be linked with
}

// Project is a Solidity project with its compiled artifacts.
type Project struct {
	Root string // folder of foundry.toml: source paths are relative to it
	Out  string // forge's output folder

	byContract map[string][]string
	loaded     map[string]*Artifact
	sources    map[string][]byte
}

// Open lists the artifacts in out, which is relative to root unless absolute.
func Open(root, out string) (*Project, error) {
	if !filepath.IsAbs(out) {
		out = filepath.Join(root, out)
	}
	p := &Project{
		Root: root, Out: out,
		byContract: map[string][]string{},
		loaded:     map[string]*Artifact{},
		sources:    map[string][]byte{},
	}
	err := filepath.WalkDir(out, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == "build-info":
			return fs.SkipDir
		case entry.IsDir() || filepath.Ext(path) != ".json" || !strings.HasSuffix(filepath.Dir(path), ".sol"):
			return nil
		}
		name := strings.TrimSuffix(entry.Name(), ".json")
		p.byContract[name] = append(p.byContract[name], path)
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no artifacts in %s: run `forge build` first (ocrgen.yaml's `artifacts` names the folder)", out)
	}
	if err != nil {
		return nil, fmt.Errorf("read artifacts: %w", err)
	}
	return p, nil
}

// Contract loads the artifact of the named contract. If several source files have a contract of that name, the name
// must be written with its file: `Feed.sol:Feed`.
func (p *Project) Contract(name string) (*Artifact, error) {
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
				all[a.Source] = a.AST
			}
		}
	}
	return all, nil
}

func (p *Project) load(contract, path string) (*Artifact, error) {
	if a, ok := p.loaded[path]; ok {
		return a, nil
	}
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if info.Size() > maxFileSize {
		return nil, fmt.Errorf("%s has %d bytes, more than an artifact can have", path, info.Size())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	a, err := parse(contract, path, data)
	if err != nil {
		return nil, err
	}
	p.loaded[path] = a
	return a, nil
}

func parse(contract, path string, data []byte) (*Artifact, error) {
	var file struct {
		ABI      json.RawMessage `json:"abi"`
		Bytecode struct {
			Object         string                                `json:"object"`
			LinkReferences map[string]map[string]json.RawMessage `json:"linkReferences"`
		} `json:"bytecode"`
		AST           *Node           `json:"ast"`
		StorageLayout json.RawMessage `json:"storageLayout"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("%s is not a forge artifact: %w", path, err)
	}
	if len(file.ABI) == 0 {
		return nil, fmt.Errorf("%s is not a forge artifact: it has no `abi`", path)
	}
	if file.AST == nil {
		return nil, fmt.Errorf("%s has no syntax tree: set `ast = true` in foundry.toml and build again", path)
	}
	a := &Artifact{
		Contract: contract, File: path, Source: file.AST.AbsolutePath,
		AST: file.AST, StorageLayout: file.StorageLayout,
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, file.ABI); err != nil {
		return nil, fmt.Errorf("%s: abi: %w", path, err)
	}
	a.ABI = compact.Bytes()
	for source, libraries := range file.Bytecode.LinkReferences {
		for library := range libraries {
			a.Unlinked = append(a.Unlinked, source+":"+library)
		}
	}
	sort.Strings(a.Unlinked)
	if len(a.Unlinked) == 0 {
		code, err := hex.DecodeString(strings.TrimPrefix(file.Bytecode.Object, "0x"))
		if err != nil {
			return nil, fmt.Errorf("%s: bytecode: %w", path, err)
		}
		a.Bytecode = code
	}
	return a, nil
}
