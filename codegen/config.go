package codegen

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

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
	Contracts []string          `yaml:"contracts"` // what the codecs are of
	Proofs    string            `yaml:"proofs"`    // contract that the generated tests run; none if empty
	Narrow    map[string]string `yaml:"narrow"`    // Go integers for arguments of digests that are wider on chain
	Uint256   string            `yaml:"uint256"`   // Go type of unsigned integers above 64 bits: "big" (*big.Int, the default) or "holiman" (uint256.Int)
	Bindings  []Binding         `yaml:"bindings"`

	TypeScript *TypeScript `yaml:"typescript"` // nil if it is not wanted
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
