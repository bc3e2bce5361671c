// Package golang is the generator's third stage: it writes a model as Go. The text is in the templates beside it.
package golang

import (
	"bytes"
	"embed"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ocrkit/ocrkit/codegen/model"
)

//go:embed templates
var templateFiles embed.FS

// Input is what the templates see.
type Input struct {
	Version string // of ocrgen
	Inputs  string // hash of what the package was made of
	Module  string // path of the Go module
	Path    string // import path of the package
	Model   *model.Package
	Proofs  string // import path of the proof contract's bindings
}

// File is a generated file.
type File struct {
	Name string
	Text []byte
}

// Render writes the codecs of a package: its files by name, formatted. A file that would have nothing in it is left out.
func Render(in Input) ([]File, error) {
	m := in.Model
	wanted := []struct {
		name string
		ok   bool
	}{
		{"doc.go", true},
		{"constants.go", len(m.Constants) > 0},
		{"structs.go", len(m.Structs) > 0},
		{"reports.go", len(m.Reports) > 0},
		{"packed.go", len(m.Packed) > 0},
		{"digests.go", len(m.Digests) > 0},
		{"calls.go", len(m.Calls) > 0},
		{"events.go", len(m.Events) > 0},
		{"errors.go", true},
		{"codec_test.go", len(m.Reports)+len(m.Packed)+len(m.Calls)+len(m.Events) > 0},
		{"proof_test.go", m.Proofs != nil && in.Proofs != ""},
	}
	templates, err := parse(m)
	if err != nil {
		return nil, err
	}
	var files []File
	for _, w := range wanted {
		if !w.ok {
			continue
		}
		var text bytes.Buffer
		if err := templates.ExecuteTemplate(&text, w.name, in); err != nil {
			return nil, fmt.Errorf("template of %s: %w", w.name, err)
		}
		formatted, err := Format(text.Bytes())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
		files = append(files, File{w.name, formatted})
	}
	return files, nil
}

func parse(m *model.Package) (*template.Template, error) {
	functions, budget := sprig.TxtFuncMap(), budgeted(m)
	own := template.FuncMap{
		"site":       newSite,
		"decoder":    func(s *model.Struct, loose bool) decoder { return decoder{s, loose, loose && budget[s]} },
		"budgeted":   func(s *model.Struct) bool { return budget[s] },
		"gotype":     goType,
		"convert":    convert,
		"unconvert":  unconvert,
		"outofrange": outOfRange,
		"bigof":      bigOf,
		"needsloose": func(s *model.Struct) bool { return inAny(s, reports(m)) },
		"needsput":   func(s *model.Struct) bool { return inAny(s, encoded(m)) },
		"needsget":   func(s *model.Struct) bool { return inAny(s, decoded(m)) },
		"random":     random,
		"standard":   standard,
		"bigfields":  bigFields,
		"bigelem":    bigElem,
		"abijson":    abiJSON,
		"exported":   abi.ToCamelCase,
		"param":      parameterOf,
		"flat":       flat,
		"dynamic": func(s *model.Struct) (fields []model.Field) {
			return slices.DeleteFunc(slices.Clone(s.Fields), func(f model.Field) bool { return !f.Type.Dynamic() })
		},
		"reportabi":       reportABI,
		"reportarguments": reportArguments,
		"reportreturn":    reportReturn,
		"flatsize":        flatSize,
		"free":            free,
		"packer":          func(p *model.Packed, s *model.Struct) packer { return packer{s, inAny(s, packed(m)), p} },
		"ispacked":        func(s *model.Struct) bool { return slices.Contains(packed(m), s) },
		"unsigned":        unsigned,
		"needspacked":     func(s *model.Struct) bool { return inAny(s, packed(m)) },
		"hexbytes":        hexBytes,
		"fixedexpression": fixedExpression,
		"title":           func(k model.Kind) string { return strings.ToUpper(string(k[:1])) + string(k[1:]) },
		"prefix":          func(c *model.Constant) string { return fmt.Sprintf("%#0*x", 2+c.Type.Bits/4, c.Value) },
		"constants": func(array bool) []*model.Constant {
			return slices.DeleteFunc(slices.Clone(m.Constants), func(c *model.Constant) bool { return (c.Type.Kind == model.FixedBytes) != array })
		},
		"constantbytes": func(c *model.Constant) string { return hexBytes(c.Value.FillBytes(make([]byte, c.Type.Size))) },
		"comment":       comment,
		"oneline":       oneLine,
		"bytes":         byteList,
		"word":          isWord,
		"fieldtype":     fieldType,
		"hasenum":       hasEnum,
		"randomfield":   randomField,
	}
	maps.Copy(functions, own)
	return template.New("").Funcs(functions).ParseFS(templateFiles, "templates/*.tmpl")
}

// encoded are the structs that are encoded; decoded, those that are decoded.
func encoded(m *model.Package) []*model.Struct {
	all := reports(m)
	for _, d := range m.Digests {
		all = append(all, d.Struct)
	}
	return append(all, calls(m)...)
}

// calls are the arguments and the results of functions.
func calls(m *model.Package) []*model.Struct {
	var all []*model.Struct
	for _, c := range m.Calls {
		all = append(all, c.Struct)
		if c.Results != nil {
			all = append(all, c.Results)
		}
	}
	return all
}

func decoded(m *model.Package) []*model.Struct {
	all := reports(m)
	all = append(all, calls(m)...)
	for _, e := range m.Events {
		all = append(all, e.Data())
	}
	for _, e := range m.Errors {
		all = append(all, e.Struct)
	}
	return all
}

func reports(m *model.Package) []*model.Struct {
	var all []*model.Struct
	for _, r := range m.Reports {
		all = append(all, r.Struct)
	}
	return all
}

func packed(m *model.Package) []*model.Struct {
	var all []*model.Struct
	for _, p := range m.Packed {
		all = append(all, p.Struct)
	}
	return all
}

// inAny reports whether one of the outer structs has s in it, at any depth.
func inAny(s *model.Struct, outer []*model.Struct) bool {
	return slices.ContainsFunc(outer, func(o *model.Struct) bool {
		return slices.ContainsFunc(o.Fields, func(f model.Field) bool {
			t := f.Type
			for t.Kind == model.Array || t.Kind == model.Slice {
				t = t.Elem
			}
			return t.Kind == model.Tuple && (t.Struct == s || inAny(s, []*model.Struct{t.Struct}))
		})
	})
}

// Format removes the imports that the file does not use, and formats it.
func Format(text []byte) ([]byte, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", text, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("generated code does not parse: %w\n%s", err, numbered(text))
	}
	used := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := selector.X.(*ast.Ident); ok {
				used[x.Name] = true
			}
		}
		return true
	})
	lines := strings.Split(string(text), "\n")
	for _, spec := range file.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		name := path[strings.LastIndex(path, "/")+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if !used[name] && name != "_" {
			lines[fset.Position(spec.Pos()).Line-1] = "\x00"
		}
	}
	lines = slices.DeleteFunc(lines, func(line string) bool { return line == "\x00" })
	return tidy([]byte(strings.Join(lines, "\n")))
}

// tidy formats, and takes out the blank lines that templates leave.
func tidy(text []byte) ([]byte, error) {
	var b bytes.Buffer
	blank := true // as if before the first line
	for line := range strings.Lines(string(text)) {
		bare := strings.TrimSpace(line)
		if bare == "" {
			if !blank {
				b.WriteByte('\n')
			}
			blank = true
			continue
		}
		blank = strings.HasSuffix(bare, "{") || bare == "import (" || bare == "const (" || bare == "var ("
		b.WriteString(strings.TrimRight(line, " \t\n") + "\n")
	}
	text = bytes.ReplaceAll(b.Bytes(), []byte("\n\n}\n"), []byte("\n}\n"))
	text = bytes.ReplaceAll(text, []byte("\n\n)\n"), []byte("\n)\n"))
	text = bytes.ReplaceAll(text, []byte("import (\n)\n"), nil)
	formatted, err := format.Source(text)
	if err != nil {
		return nil, fmt.Errorf("generated code does not parse: %w\n%s", err, numbered(text))
	}
	return formatted, nil
}

func numbered(text []byte) string {
	var b strings.Builder
	i := 0
	for line := range strings.Lines(string(text)) {
		i++
		fmt.Fprintf(&b, "%4d %s", i, line)
	}
	return b.String()
}

// comment is the documentation of a declaration, wrapped, beginning with its name.
func comment(name, doc string) string {
	if doc == "" {
		return "// " + name + " has no comment in the contracts."
	}
	text := name + ": " + doc
	if first, rest, ok := strings.Cut(doc, " "); ok && strings.EqualFold(first, name) {
		text = name + " " + rest
	}
	var b strings.Builder
	line := "//"
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > 120 {
			b.WriteString(line + "\n")
			line = "//"
		}
		line += " " + word
	}
	return b.String() + line
}

// oneLine is documentation for the end of a line.
func oneLine(doc string) string {
	return strings.Join(strings.Fields(doc), " ")
}

func byteList(b any) string {
	switch b := b.(type) {
	case [4]byte:
		return hexBytes(b[:])
	case common.Hash:
		return hexBytes(b[:])
	}
	return ""
}
