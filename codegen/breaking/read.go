package breaking

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ocrkit/ocrkit/codegen"
	"github.com/ocrkit/ocrkit/codegen/artifact"
	"github.com/ocrkit/ocrkit/codegen/model"
)

// Options of Read.
type Options struct {
	// Upgradeable names contracts that proxies run, besides those that inherit from Initializable or a contract whose name
	// ends in Upgradeable. "*" is all.
	Upgradeable []string
	// Lenient leaves out contracts that are not among the artifacts, for configurations that are of another time than those.
	Lenient bool
	// SourcesOnly says that tests are not among the artifacts: bindings of contracts that are not there are left out.
	SourcesOnly bool
}

// Read reads what the configuration names: the contracts of its packages and of their bindings. Bindings of contracts that are
// for tests only (in a folder test or tests) and of contracts for proofs are left out: nobody relies on them.
func Read(config *codegen.Config, options Options) (*Surface, error) {
	project, err := config.Project()
	if err != nil {
		return nil, err
	}
	surface := &Surface{Version: SurfaceVersion}
	contracts := map[string]*Contract{}
	for _, p := range config.Packages {
		if options.Lenient {
			if p = existing(project, p); len(p.Contracts) == 0 {
				continue
			}
		}
		from := p.Options()
		from.Proofs = "" // which nobody relies on
		m, err := model.Build(project, from)
		if err != nil {
			return nil, err
		}
		names := slices.Clone(p.Contracts)
		for _, b := range p.Bindings {
			if b.Contract != p.Proofs {
				names = append(names, b.Contract)
			}
		}
		var roots []*artifact.Artifact
		for i, name := range names {
			a, err := project.Contract(name)
			if err != nil && i >= len(p.Contracts) && options.SourcesOnly {
				continue
			}
			if err != nil {
				return nil, err
			}
			if i < len(p.Contracts) {
				roots = append(roots, a)
			} else if forTests(a.Source) {
				continue
			}
			if contracts[a.Contract] != nil {
				continue
			}
			c, err := readContract(project, a, options)
			if err != nil {
				return nil, err
			}
			contracts[a.Contract] = c
			if !c.HasStorage && c.Kind == "contract" {
				surface.Notes = append(surface.Notes, fmt.Sprintf("the storage of %s is not compared: its artifact has no storageLayout "+
					"(write extra_output = [\"storageLayout\"] in foundry.toml)", c.Name))
			}
		}
		pkg, err := readPackage(project, p, m, roots)
		if err != nil {
			return nil, err
		}
		surface.Packages = append(surface.Packages, pkg)
	}
	for _, name := range slices.Sorted(maps.Keys(contracts)) {
		surface.Contracts = append(surface.Contracts, contracts[name])
	}
	slices.SortFunc(surface.Packages, func(x, y *Package) int { return strings.Compare(x.Path, y.Path) })
	return surface, nil
}

// existing is the package without contracts that there are not.
func existing(project *artifact.Project, p codegen.Package) codegen.Package {
	missing := func(name string) bool {
		_, err := project.Contract(name)
		return err != nil
	}
	p.Contracts = slices.DeleteFunc(slices.Clone(p.Contracts), missing)
	p.Bindings = slices.DeleteFunc(slices.Clone(p.Bindings), func(b codegen.Binding) bool { return missing(b.Contract) })
	return p
}

// forTests reports whether a source file is in a folder of tests.
func forTests(source string) bool {
	parts := strings.Split(filepath.ToSlash(source), "/")
	return slices.ContainsFunc(parts[:len(parts)-1], func(p string) bool { return p == "test" || p == "tests" }) ||
		strings.HasSuffix(source, ".t.sol")
}

// Stale names the Solidity files that are not what was compiled, of all contracts of the configuration's packages. Artifacts that do
// not say what they were made of are believed.
func Stale(config *codegen.Config) ([]string, error) {
	project, err := config.Project()
	if err != nil {
		return nil, err
	}
	stale := map[string]bool{}
	for _, p := range config.Packages {
		for _, name := range p.Contracts {
			a, err := project.Contract(name)
			if err != nil {
				return nil, err
			}
			data, err := os.ReadFile(a.File)
			if err != nil {
				return nil, err
			}
			var file struct {
				Metadata struct {
					Sources map[string]struct {
						Hash string `json:"keccak256"`
					} `json:"sources"`
				} `json:"metadata"`
			}
			// Hardhat has no metadata here, or text: then there is nothing to compare with.
			if json.Unmarshal(data, &file) != nil {
				continue
			}
			for source, made := range file.Metadata.Sources {
				path := source
				if !filepath.IsAbs(path) {
					path = filepath.Join(config.Root, filepath.FromSlash(source))
				}
				text, err := os.ReadFile(path)
				if errors.Is(err, os.ErrNotExist) || err == nil && made.Hash != "0x"+hex.EncodeToString(crypto.Keccak256(text)) {
					stale[source] = true
				} else if err != nil {
					return nil, err
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(stale)), nil
}

// sources are the syntax trees around a contract, to find declarations in.
type sources struct {
	project *artifact.Project
	trees   []*artifact.Node
	bases   map[string]bool // names of the contract and of all that it inherits from
	name    string          // of the contract
}

func newSources(project *artifact.Project, a *artifact.Artifact) (*sources, error) {
	s := &sources{project: project, bases: map[string]bool{}, name: a.Contract}
	if a.AST == nil {
		return s, nil
	}
	var err error
	if s.trees, err = project.Trees(a); err != nil {
		return nil, err
	}
	s.inherit(a.Contract)
	return s, nil
}

func (s *sources) inherit(name string) {
	if s.bases[name] {
		return
	}
	s.bases[name] = true
	s.each(func(_ string, parent, n *artifact.Node) {
		if n.NodeType == "ContractDefinition" && n.Name == name {
			for _, base := range n.BaseContracts {
				full := base.BaseName.Name
				s.inherit(full[strings.LastIndex(full, ".")+1:])
			}
		}
	})
}

// each visits the declarations: those of files, and those of contracts.
func (s *sources) each(visit func(source string, parent, n *artifact.Node)) {
	for _, tree := range s.trees {
		for _, n := range tree.Nodes {
			visit(tree.AbsolutePath, tree, n)
			if n.NodeType == "ContractDefinition" {
				for _, member := range n.Nodes {
					visit(tree.AbsolutePath, n, member)
				}
			}
		}
	}
}

// find returns the place of the best declaration that match likes: the contract's own, then one of a base, then any.
func (s *sources) find(match func(n *artifact.Node) bool) (pos string, node *artifact.Node) {
	best := 0
	s.each(func(source string, parent, n *artifact.Node) {
		if !match(n) {
			return
		}
		rank := 1
		switch {
		case parent.Name == s.name && parent.NodeType == "ContractDefinition":
			rank = 4
		case s.bases[parent.Name] && parent.ContractKind != "interface":
			rank = 3
		case s.bases[parent.Name]:
			rank = 2
		}
		if rank > best {
			best, pos, node = rank, s.project.Position(source, n.Src), n
		}
	})
	return pos, node
}

// enum resolves "enum Feed.Status".
func (s *sources) enum(name string) *Enum {
	canonical, ok := strings.CutPrefix(name, "enum ")
	if !ok {
		return nil
	}
	_, n := s.find(func(n *artifact.Node) bool {
		return n.NodeType == "EnumDefinition" && (n.CanonicalName == canonical || n.CanonicalName == "" && n.Name == canonical)
	})
	if n == nil {
		return nil
	}
	e := &Enum{Size: len(n.Members)}
	for _, m := range n.Members {
		e.Members = append(e.Members, m.Name)
	}
	return e
}

// entry is one item of an ABI.
type entry struct {
	Type       string `json:"type"`
	Name       string `json:"name"`
	Mutability string `json:"stateMutability"`
	Inputs     []arg  `json:"inputs"`
	Outputs    []arg  `json:"outputs"`
	Anonymous  bool   `json:"anonymous"`
}

type arg struct {
	Name         string `json:"name"`
	Type         string `json:"type"`
	InternalType string `json:"internalType"`
	Components   []arg  `json:"components"`
	Indexed      bool   `json:"indexed"`
}

func readContract(project *artifact.Project, a *artifact.Artifact, options Options) (*Contract, error) {
	s, err := newSources(project, a)
	if err != nil {
		return nil, err
	}
	c := &Contract{Name: a.Contract, Pos: a.Source, Kind: "contract"}
	c.Upgradeable = slices.Contains(options.Upgradeable, a.Contract) || slices.Contains(options.Upgradeable, "*")
	pos, n := s.find(func(n *artifact.Node) bool { return n.NodeType == "ContractDefinition" && n.Name == a.Contract })
	if n != nil {
		c.Pos = pos
		if n.ContractKind != "" {
			c.Kind = n.ContractKind
		}
		if n.Documentation != nil && strings.Contains(n.Documentation.Text, "@custom:oz-upgrades") {
			c.Upgradeable = true
		}
	}
	if c.Kind == "contract" && len(a.Bytecode) == 0 && len(a.Unlinked) == 0 {
		c.Kind = "abstract"
	}
	for base := range s.bases {
		if base == "Initializable" || base != a.Contract && strings.HasSuffix(base, "Upgradeable") {
			c.Upgradeable = true
		}
	}
	var entries []entry
	if err := json.Unmarshal(a.ABI, &entries); err != nil {
		return nil, fmt.Errorf("%s: abi: %w", a.File, err)
	}
	for _, e := range entries {
		if err := c.add(s, a, e); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(c.Functions, func(x, y *Function) int { return strings.Compare(x.Signature, y.Signature) })
	slices.SortFunc(c.Events, func(x, y *Event) int { return strings.Compare(x.Signature, y.Signature) })
	slices.SortFunc(c.Errors, func(x, y *Event) int { return strings.Compare(x.Signature, y.Signature) })
	c.HasStorage = len(a.StorageLayout) > 0 && string(a.StorageLayout) != "null"
	if c.HasStorage {
		if c.Storage, err = readStorage(s, a); err != nil {
			return nil, fmt.Errorf("%s: storageLayout: %w", a.File, err)
		}
	}
	return c, nil
}

func (c *Contract) add(s *sources, a *artifact.Artifact, e entry) error {
	inputs, err := s.fields(e.Inputs)
	if err != nil {
		return fmt.Errorf("%s: abi of %s: %w", a.File, e.Name, err)
	}
	switch e.Type {
	case "event", "error":
		kind := map[string]string{"event": "EventDefinition", "error": "ErrorDefinition"}[e.Type]
		event := &Event{Name: e.Name, Signature: e.Name + "(" + types(inputs) + ")", Anonymous: e.Anonymous, Fields: inputs}
		event.Pos, _ = s.declaration(kind, e)
		if event.Pos == "" {
			event.Pos = a.Source
		}
		if e.Type == "event" {
			c.Events = append(c.Events, event)
		} else {
			c.Errors = append(c.Errors, event)
		}
		return nil
	}
	outputs, err := s.fields(e.Outputs)
	if err != nil {
		return fmt.Errorf("%s: abi of %s: %w", a.File, e.Name, err)
	}
	f := &Function{Name: e.Name, Mutability: e.Mutability, Inputs: inputs, Outputs: outputs, Pos: a.Source}
	switch e.Type {
	case "constructor", "receive", "fallback":
		f.Name = e.Type
		f.Signature = e.Type + "(" + types(inputs) + ")"
		if pos, _ := s.find(func(n *artifact.Node) bool { return n.NodeType == "FunctionDefinition" && n.Kind == e.Type }); pos != "" {
			f.Pos = pos
		}
		if e.Type == "constructor" {
			c.Constructor = f
			return nil
		}
	case "function":
		f.Signature = e.Name + "(" + types(inputs) + ")"
		f.Selector = "0x" + hex.EncodeToString(crypto.Keccak256([]byte(f.Signature))[:4])
		if pos, _ := s.declaration("FunctionDefinition", e); pos != "" {
			f.Pos = pos
		} else if pos, _ := s.find(func(n *artifact.Node) bool {
			return n.NodeType == "VariableDeclaration" && n.Name == e.Name && n.Visibility == "public"
		}); pos != "" {
			f.Pos = pos
		}
		f.Tags = s.tags(e)
	default:
		return fmt.Errorf("%s: abi: an entry is a %q, which is not known", a.File, e.Type)
	}
	c.Functions = append(c.Functions, f)
	return nil
}

// declaration finds the declaration behind an entry of the ABI.
func (s *sources) declaration(nodeType string, e entry) (string, *artifact.Node) {
	return s.find(func(n *artifact.Node) bool {
		return n.NodeType == nodeType && n.Name == e.Name && sameParameters(n, e.Inputs)
	})
}

// sameParameters compares by the compiler's names of the types.
func sameParameters(n *artifact.Node, inputs []arg) bool {
	if n.Parameters == nil || len(n.Parameters.Members) != len(inputs) {
		return false
	}
	for i, p := range n.Parameters.Members {
		if p.TypeDescription.TypeString != inputs[i].InternalType {
			return false
		}
	}
	return true
}

// tags are the tags of a function on any of its declarations, an interface's included.
func (s *sources) tags(e entry) []string {
	found := map[string]bool{}
	s.each(func(_ string, _, n *artifact.Node) {
		if n.NodeType != "FunctionDefinition" || n.Name != e.Name || n.Documentation == nil || !sameParameters(n, e.Inputs) {
			return
		}
		for line := range strings.Lines(n.Documentation.Text) {
			tag, ok := strings.CutPrefix(strings.TrimSpace(line), "@custom:ocr-")
			if ok {
				switch tag, _, _ = strings.Cut(tag, " "); tag {
				case "set-config", "transmit", "call":
					found["ocr-"+tag] = true
				}
			}
		}
	})
	return slices.Sorted(maps.Keys(found))
}

func (s *sources) fields(args []arg) ([]Field, error) {
	var fields []Field
	for _, a := range args {
		t, err := s.typeOf(a)
		if err != nil {
			return nil, err
		}
		fields = append(fields, Field{Name: a.Name, Type: t, Indexed: a.Indexed})
	}
	return fields, nil
}

// readPackage flattens what the model says of the tags.
func readPackage(project *artifact.Project, p codegen.Package, m *model.Package, roots []*artifact.Artifact) (*Package, error) {
	pkg := &Package{Path: p.Path, Contracts: p.Contracts}
	trees, err := project.Trees(roots...)
	if err != nil {
		return nil, err
	}
	members := memberPositions(project, trees)
	add := func(kind, name string, s *model.Struct) *Layout {
		l := &Layout{Kind: kind, Name: name, Pos: s.Pos, Fields: modelFields(s, members)}
		pkg.Layouts = append(pkg.Layouts, l)
		return l
	}
	for _, r := range m.Reports {
		add("report", r.Name, r.Struct).Tuple = r.Tuple
	}
	for _, packed := range m.Packed {
		kind := "packed"
		if packed.OnchainConfig {
			kind = "onchain-config"
		}
		l := add(kind, packed.Name, packed.Struct)
		for i := range l.Fields {
			for _, fixed := range packed.Fixed {
				if fixed.Solidity == l.Fields[i].Name {
					l.Fields[i].Only = fixed.Value.String()
				}
			}
		}
	}
	for _, d := range m.Digests {
		kind := "digest"
		if d.Hash {
			kind = "hash"
		}
		l := add(kind, strings.TrimSuffix(d.Name, "Preimage"), d.Struct)
		l.Bytes = d.Size
		if d.Prefix != nil {
			l.Prefix = &Prefix{Name: d.Prefix.Name, Value: fmt.Sprintf("%#0*x", 2+d.Prefix.Type.Bits/4, d.Prefix.Value), Bytes: d.Prefix.Type.Bits / 8}
		}
	}
	for _, c := range m.Constants {
		value := c.Value.String()
		if c.Prefix {
			value = fmt.Sprintf("%#0*x", 2+c.Type.Bits/4, c.Value)
		}
		pkg.Constants = append(pkg.Constants, &Constant{Name: c.Name, Type: c.Type.Solidity(), Value: value, Pos: c.Pos, Prefix: c.Prefix})
	}
	pkg.Reasons = readReasons(project, trees)
	return pkg, nil
}

// memberPositions says where the members of structs and the parameters of functions are, by the place of what they are in.
func memberPositions(project *artifact.Project, trees []*artifact.Node) map[string]map[string]string {
	all := map[string]map[string]string{}
	s := &sources{project: project, trees: trees}
	s.each(func(source string, _, n *artifact.Node) {
		members := n.Members
		if n.NodeType == "FunctionDefinition" && n.Parameters != nil {
			members = n.Parameters.Members
		}
		if len(members) == 0 {
			return
		}
		places := map[string]string{}
		for _, m := range members {
			places[m.Name] = project.Position(source, m.Src)
		}
		all[project.Position(source, n.Src)] = places
	})
	return all
}

// readReasons lists the reasons of require and revert with the functions that they are in.
func readReasons(project *artifact.Project, trees []*artifact.Node) []*Reason {
	type key struct{ text, in string }
	found := map[key]*Reason{}
	read := func(source, in string, n *artifact.Node) {
		literals := n.StringArguments()
		slices.SortFunc(literals, func(x, y artifact.Literal) int { return position(x.Src) - position(y.Src) })
		for _, l := range literals {
			gives := l.Callee == "require" && l.Index == 1 || l.Callee == "revert" && l.Index == 0
			if !gives || l.Text == "" {
				continue
			}
			k := key{l.Text, in}
			if found[k] == nil {
				found[k] = &Reason{Text: l.Text, In: in}
			}
			found[k].Where = append(found[k].Where, project.Position(source, l.Src))
		}
	}
	s := &sources{project: project, trees: trees}
	s.each(func(source string, parent, n *artifact.Node) {
		switch n.NodeType {
		case "FunctionDefinition", "ModifierDefinition":
			name := n.Name
			if name == "" {
				name = n.Kind // constructor, receive, fallback
			}
			if parent.NodeType == "ContractDefinition" {
				name = parent.Name + "." + name
			}
			read(source, name, n)
		}
	})
	var reasons []*Reason
	for _, r := range found {
		reasons = append(reasons, r)
	}
	slices.SortFunc(reasons, func(x, y *Reason) int {
		return strings.Compare(x.In+"\x00"+x.Text, y.In+"\x00"+y.Text)
	})
	return reasons
}

func position(src string) int {
	n := &artifact.Node{Src: src}
	return n.Offset()
}
