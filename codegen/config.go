package codegen

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ocrkit/ocrkit/codegen/artifact"
	"github.com/ocrkit/ocrkit/codegen/model"
	"go.yaml.in/yaml/v3"
)

// ConfigFile is the name of the generator's configuration, in the root of a project.
const ConfigFile = "ocrgen.yaml"

// maxConfigSize bounds what is read of a configuration file.
const maxConfigSize = 1 << 20

// Values of Package.Uint256.
const (
	uint256Big     = "big"
	uint256Holiman = "holiman"
)

// Config is ocrgen.yaml: which packages to make of which contracts.
type Config struct {
	Version   int       `yaml:"version"`   // of this format: 1
	Artifacts string    `yaml:"artifacts"` // forge's output folder, relative to the file; "out" if empty
	Packages  []Package `yaml:"packages"`

	Root   string `yaml:"-"` // folder of the file
	Module string `yaml:"-"` // path of the Go module that Root is in
	prefix string // of Root within the module, with a slash behind it unless empty
}

// Package is one generated package of codecs, and the bindings beside it.
type Package struct {
	Path      string            `yaml:"path"`      // folder, relative to the file
	Name      string            `yaml:"name"`      // of the Go package; the last part of Path if empty
	Contracts []string          `yaml:"-"`         // what the codecs are of
	Sources   []Contract        `yaml:"contracts"` // the same as it is in the file
	Proofs    string            `yaml:"proofs"`    // contract that the generated tests run; none if empty
	Narrow    map[string]string `yaml:"narrow"`    // Go integers for arguments of digests that are wider on chain
	Uint256   string            `yaml:"uint256"`   // Go type of unsigned integers above 64 bits: "big" (*big.Int, the default) or "holiman" (uint256.Int)
	Bindings  []Binding         `yaml:"bindings"`
	Calls     []string          `yaml:"calls"`   // functions that get codecs beside those that are tagged: names, signatures, or "all"
	Reports   []Report          `yaml:"reports"` // structs that get codecs beside those that are tagged
	Enums     map[string]int    `yaml:"enums"`   // number of members of enums whose declaration is in no artifact

	TypeScript *TypeScript `yaml:"typescript"` // nil if it is not wanted
}

// Contract is a contract that codecs are of: its name, or its ABI and bytecode.
type Contract struct {
	Name string `yaml:"name"`
	ABI  string `yaml:"abi"` // file, relative to the configuration; empty if the contract is among the artifacts
	Bin  string `yaml:"bin"` // file with the bytecode in hexadecimal; may be empty
}

// UnmarshalYAML implements yaml.Unmarshaler: a name alone, or a mapping.
func (c *Contract) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		return node.Decode(&c.Name)
	}
	if err := onlyKeys(node, "name", "abi", "bin"); err != nil {
		return err
	}
	type plain Contract
	return node.Decode((*plain)(c))
}

// Report is a struct that gets the codec of a report without a tag.
type Report struct {
	Struct string `yaml:"struct"` // its name in Solidity, with that of its contract if need be: Feed.Price
	Name   string `yaml:"name"`   // in Go; the name of the struct if empty
	Layout string `yaml:"layout"` // empty, or "tuple" for what abi.encode(aStruct) gives
}

// UnmarshalYAML implements yaml.Unmarshaler: a name alone, or a mapping.
func (r *Report) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		return node.Decode(&r.Struct)
	}
	if err := onlyKeys(node, "struct", "name", "layout"); err != nil {
		return err
	}
	type plain Report
	return node.Decode((*plain)(r))
}

// onlyKeys refuses a mapping that has other keys.
func onlyKeys(node *yaml.Node, keys ...string) error {
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: neither a name nor a mapping of %s", node.Line, strings.Join(keys, ", "))
	}
	for i := 0; i < len(node.Content); i += 2 {
		if key := node.Content[i]; !slices.Contains(keys, key.Value) {
			return fmt.Errorf("line %d: field %s not found; there are %s", key.Line, key.Value, strings.Join(keys, ", "))
		}
	}
	return nil
}

// Binding is one package of bindings.
type Binding struct {
	Contract string `yaml:"contract"`
	Path     string `yaml:"path"` // relative to the file; the contract's name in lower case in the package's folder if empty
}

// LoadConfig reads a configuration file.
func LoadConfig(file string) (*Config, error) {
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s: it says which packages to generate of which contracts (docs/contracts-and-generator.md)", file)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxConfigSize+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(data) > maxConfigSize {
		return nil, fmt.Errorf("%s has more than %d bytes", file, maxConfigSize)
	}
	config := &Config{Artifacts: "out"}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(config); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if config.Root, err = filepath.Abs(filepath.Dir(file)); err != nil {
		return nil, err
	}
	if err := config.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if config.Module, config.prefix, err = findModule(config.Root); err != nil {
		return nil, err
	}
	return config, nil
}

func (c *Config) check() error {
	if c.Version != 1 {
		return fmt.Errorf("version is %d; this ocrgen reads version 1", c.Version)
	}
	if len(c.Packages) == 0 {
		return errors.New("packages is empty: name at least one, with its path and contracts")
	}
	paths := map[string]string{}
	use := func(where, what string) error {
		if !filepath.IsLocal(filepath.FromSlash(where)) {
			return fmt.Errorf("path %q of %s leads out of the project", where, what)
		}
		if other, ok := paths[where]; ok {
			return fmt.Errorf("%s and %s are both in %s", other, what, where)
		}
		paths[where] = what
		return nil
	}
	for i := range c.Packages {
		p := &c.Packages[i]
		if p.Path == "" {
			return fmt.Errorf("packages[%d] has no path", i)
		}
		p.Path = path.Clean(p.Path)
		if p.Name == "" {
			p.Name = packageName(p.Path)
		}
		switch p.Uint256 {
		case "", uint256Big, uint256Holiman:
		default:
			return fmt.Errorf("package %s: uint256 is %q; write %q for *big.Int or %q for uint256.Int of github.com/holiman/uint256",
				p.Path, p.Uint256, uint256Big, uint256Holiman)
		}
		if err := c.sources(p); err != nil {
			return err
		}
		if len(p.Contracts) == 0 {
			return fmt.Errorf("package %s: contracts is empty", p.Path)
		}
		if err := use(p.Path, "package "+p.Name); err != nil {
			return err
		}
		if t := p.TypeScript; t != nil {
			if t.Path == "" {
				return fmt.Errorf("package %s: typescript has no path", p.Path)
			}
			t.Path = path.Clean(t.Path)
			if err := use(t.Path, "the TypeScript of "+p.Name); err != nil {
				return err
			}
		}
		for j := range p.Bindings {
			b := &p.Bindings[j]
			if b.Contract == "" {
				return fmt.Errorf("package %s: bindings[%d] has no contract", p.Path, j)
			}
			if b.Path == "" {
				b.Path = path.Join(p.Path, strings.ToLower(b.Contract[strings.Index(b.Contract, ":")+1:]))
			}
			b.Path = path.Clean(b.Path)
			if err := use(b.Path, "the bindings of "+b.Contract); err != nil {
				return err
			}
		}
	}
	return nil
}

// sources reads the list of contracts of a package.
func (c *Config) sources(p *Package) error {
	if p.Sources == nil {
		return nil // made by a program
	}
	p.Contracts = nil
	for i, s := range p.Sources {
		if s.Name == "" {
			return fmt.Errorf("package %s: contracts[%d] has no name", p.Path, i)
		}
		if s.ABI == "" && s.Bin != "" {
			return fmt.Errorf("package %s: contract %s has bin but no abi", p.Path, s.Name)
		}
		p.Contracts = append(p.Contracts, s.Name)
	}
	for _, r := range p.Reports {
		if r.Layout != "" && r.Layout != model.LayoutTuple {
			return fmt.Errorf("package %s: layout of %s is %q; leave it out for an argument list, or write %q", p.Path, r.Struct, r.Layout, model.LayoutTuple)
		}
	}
	return nil
}

// Project opens the artifacts that the configuration names.
func (c *Config) Project() (*artifact.Project, error) {
	var plain []Contract
	compiled := false
	for _, p := range c.Packages {
		compiled = compiled || len(p.Sources) == 0
		for _, s := range p.Sources {
			if s.ABI == "" {
				compiled = true
			} else if !slices.Contains(plain, s) {
				plain = append(plain, s)
			}
		}
	}
	project, err := artifact.Open(c.Root, c.Artifacts)
	if errors.Is(err, fs.ErrNotExist) && !compiled {
		project, err = artifact.Empty(c.Root, c.Artifacts), nil
	}
	if err != nil {
		return nil, err
	}
	for _, s := range plain {
		if err := project.Add(s.Name, s.ABI, s.Bin); err != nil {
			return nil, err
		}
	}
	return project, nil
}

// Options are what the model of the package is built from.
func (p Package) Options() model.Options {
	options := model.Options{
		Name: p.Name, Contracts: p.Contracts, Proofs: p.Proofs, Narrow: p.Narrow, U256: p.Uint256 == uint256Holiman,
		Calls: p.Calls, Enums: p.Enums,
	}
	for _, r := range p.Reports {
		options.Reports = append(options.Reports, model.ReportOption{Struct: r.Struct, Name: r.Name, Tuple: r.Layout == model.LayoutTuple})
	}
	return options
}

// packageName makes a package name of the last part of a path.
func packageName(p string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return -1
	}, strings.ToLower(path.Base(p)))
}

// findModule finds the Go module of a folder, and the folder's path within it.
func findModule(dir string) (module, prefix string, err error) {
	for d := dir; ; d = filepath.Dir(d) {
		data, err := os.ReadFile(filepath.Join(d, "go.mod"))
		if err == nil {
			for line := range strings.Lines(string(data)) {
				if name, ok := strings.CutPrefix(strings.TrimSpace(line), "module "); ok {
					within, err := filepath.Rel(d, dir)
					if err != nil {
						return "", "", err
					}
					if within = filepath.ToSlash(within); within == "." {
						return strings.Trim(name, `"`), "", nil
					}
					return strings.Trim(name, `"`), within + "/", nil
				}
			}
			return "", "", fmt.Errorf("%s has no module line", filepath.Join(d, "go.mod"))
		}
		if filepath.Dir(d) == d {
			return "", "", fmt.Errorf("%s is in no Go module: run `go mod init` first", dir)
		}
	}
}

// importPath is the import path of a folder of the project.
func (c *Config) importPath(dir string) string {
	return c.Module + "/" + c.prefix + dir
}
