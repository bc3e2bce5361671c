package artifact

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// debugSuffix is that of the files in which Hardhat 2 says which build an artifact is of.
const debugSuffix = ".dbg.json"

// maxBuildSize bounds what is read of a Hardhat build: it has the sources and the trees of all files.
const maxBuildSize = 512 << 20

// hardhat completes an artifact that Hardhat wrote: its tree is in the output of the build that it is of.
func (p *Project) hardhat(a *Artifact, data []byte) error {
	var file struct {
		Source         string         `json:"sourceName"`
		Input          string         `json:"inputSourceName"` // Hardhat 3: what the compiler calls the source
		BuildID        string         `json:"buildInfoId"`     // Hardhat 3
		Bytecode       string         `json:"bytecode"`
		LinkReferences linkReferences `json:"linkReferences"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return fmt.Errorf("%s is no artifact of Hardhat: %w", a.File, err)
	}
	a.Source = file.Source
	if err := a.setCode(file.Bytecode, file.LinkReferences); err != nil {
		return err
	}
	build, err := p.buildOf(a, file.BuildID)
	if err != nil || build == "" {
		return err
	}
	output, err := p.outputOf(build)
	if err != nil {
		return err
	}
	for _, source := range []string{file.Source, file.Input} {
		if tree := output.Sources[source].AST; tree != nil {
			a.AST = tree
		}
		if c, ok := output.Contracts[source][a.Contract]; ok {
			a.StorageLayout = c.StorageLayout
		}
	}
	return nil
}

// buildOf is the file of the build that an artifact is of; empty if it is not there, as in published packages.
func (p *Project) buildOf(a *Artifact, id string) (string, error) {
	build := filepath.Join(p.Out, "build-info", id+".output.json")
	if id == "" {
		debug := strings.TrimSuffix(a.File, ".json") + debugSuffix
		data, err := readFile(debug, maxFileSize)
		if os.IsNotExist(err) {
			return "", nil
		}
		var file struct {
			BuildInfo string `json:"buildInfo"`
		}
		if err == nil {
			err = json.Unmarshal(data, &file)
		}
		if err != nil {
			return "", fmt.Errorf("%s: %w", debug, err)
		}
		build = filepath.Join(filepath.Dir(a.File), filepath.FromSlash(file.BuildInfo))
	}
	if _, err := os.Stat(build); os.IsNotExist(err) {
		return "", nil
	}
	return filepath.Clean(build), nil
}

// hardhatOutput is what the compiler gave in a build.
type hardhatOutput struct {
	Sources map[string]struct {
		AST *Node `json:"ast"`
	} `json:"sources"`
	Contracts map[string]map[string]struct {
		StorageLayout json.RawMessage `json:"storageLayout"` // if the configuration asks for it
	} `json:"contracts"`
}

// outputOf reads a build, once.
func (p *Project) outputOf(build string) (*hardhatOutput, error) {
	if output, ok := p.builds[build]; ok {
		return output, nil
	}
	data, err := readFile(build, maxBuildSize)
	if err != nil {
		return nil, err
	}
	var file struct {
		Output *hardhatOutput `json:"output"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("%s is no build of Hardhat: %w", build, err)
	}
	if file.Output == nil {
		return nil, fmt.Errorf("%s is no build of Hardhat: it has no `output`", build)
	}
	p.builds[build] = file.Output
	return file.Output, nil
}

// Add adds a contract of which there is an ABI only, and its bytecode if bin is not empty. Both files are relative to the
// root unless absolute. The ABI is a JSON array, or an object that has one under "abi"; the bytecode is in hexadecimal.
func (p *Project) Add(name, abi, bin string) error {
	if len(p.byContract[name]) > 0 || p.plain[name] != nil {
		return fmt.Errorf("there are two contracts %s: give the one of %s another name", name, abi)
	}
	a := &Artifact{Contract: name, File: p.path(abi), Source: abi}
	data, err := readFile(a.File, maxFileSize)
	if err != nil {
		return fmt.Errorf("ABI of %s: %w", name, err)
	}
	var whole struct {
		ABI json.RawMessage `json:"abi"`
	}
	if json.Unmarshal(data, &whole) == nil && len(whole.ABI) > 0 {
		data = whole.ABI
	}
	var entries []json.RawMessage
	if err := json.Unmarshal(data, &entries); err != nil {
		return fmt.Errorf("%s is no ABI, which is a JSON array: %w", abi, err)
	}
	if err := a.setABI(data); err != nil {
		return err
	}
	if bin != "" {
		code, err := readFile(p.path(bin), maxFileSize)
		if err != nil {
			return fmt.Errorf("bytecode of %s: %w", name, err)
		}
		text := strings.TrimSpace(string(code))
		if at := strings.Index(text, "__"); at >= 0 {
			return fmt.Errorf("%s: the bytecode must be linked with a library (%.40s): link it first, or leave `bin` out", bin, text[at:])
		}
		if err := a.setCode(text, nil); err != nil {
			return fmt.Errorf("%s is no bytecode in hexadecimal: %w", bin, err)
		}
	}
	p.plain[name] = a
	return nil
}

func (p *Project) path(file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(p.Root, filepath.FromSlash(file))
}
