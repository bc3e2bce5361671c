// Package typescript writes a model as TypeScript, for those who read reports and configs in browsers and on servers: the same
// codecs as package golang's, as strict, on viem's types. The text is in the templates beside it; solabi.ts.tmpl is what the
// generated code stands on, and it goes into every package, so that a generated folder needs nothing but viem.
package typescript

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"github.com/ocrkit/ocrkit/codegen/model"
)

//go:embed templates
var templateFiles embed.FS

// Input is what the templates see.
type Input struct {
	Version string // of ocrgen
	Inputs  string // hash of what the package was made of
	Model   *model.Package
	ABIs    []ABI // of the contracts that clients call
}

// ABI is the interface of a contract.
type ABI struct {
	Contract string
	ABI      json.RawMessage
}

// File is a generated file.
type File struct {
	Name string
	Text []byte
}

// Render writes a package: its files by name. A file that would have nothing in it is left out.
func Render(in Input) ([]File, error) {
	m := in.Model
	r := &renderer{model: m}
	r.collect()
	if err := r.checkNames(); err != nil {
		return nil, err
	}
	wanted := []struct {
		name string
		ok   bool
	}{
		{"constants", len(m.Constants) > 0},
		{"structs", len(r.structs) > 0},
		{"reports", len(m.Reports) > 0},
		{"packed", len(m.Packed) > 0},
		{"digests", len(m.Digests) > 0},
		{"abis", len(in.ABIs) > 0},
	}
	templates, err := template.New("").Funcs(sprig.TxtFuncMap()).Funcs(r.functions()).ParseFS(templateFiles, "templates/*.tmpl")
	if err != nil {
		return nil, err
	}
	var files []File
	var names []string
	add := func(name string, data any) error {
		var text bytes.Buffer
		if err := templates.ExecuteTemplate(&text, name, data); err != nil {
			return fmt.Errorf("template of %s: %w", name, err)
		}
		files = append(files, File{name, tidy(r.importing(name, text.Bytes()))})
		return nil
	}
	for _, w := range wanted {
		if w.ok {
			names = append(names, w.name)
			if err := add(w.name+".ts", in); err != nil {
				return nil, err
			}
		}
	}
	if err := add("solabi.ts", in); err != nil {
		return nil, err
	}
	index := struct {
		Input
		Files []string
	}{in, names}
	return files, add("index.ts", index)
}

// renderer is what the functions of the templates share.
type renderer struct {
	model   *model.Package
	structs []*model.Struct // those that others have as fields, each after those that it has as fields
}

func (r *renderer) functions() template.FuncMap {
	return template.FuncMap{
		"imports":      func() string { return importsHere },
		"structs":      func() []*model.Struct { return r.structs },
		"nested":       r.nested,
		"defined":      r.defined,
		"jsdoc":        jsdoc,
		"property":     property,
		"tstype":       func(f model.Field) string { return tsType(onChain(f)) },
		"codec":        func(f model.Field) string { return codec(onChain(f)) },
		"codecname":    codecName,
		"reportcodec":  reportCodec,
		"packedname":   func(p *model.Packed) string { return lowerFirst(p.Name) + "Layout" },
		"packedsuffix": r.packedSuffix,
		"only":         only,
		"digestname":   digestName,
		"digestdoc":    digestDoc,
		"linecomment":  lineComment,
		"article":      article,
		"prefix":       func(c *model.Constant) string { return fmt.Sprintf("%#0*x", 2+c.Type.Bits/4, c.Value) },
		"constname":    constName,
		"constvalue":   constValue,
		"abiname":      func(contract string) string { return lowerFirst(contract) + "Abi" },
		"abi":          abiLiteral,
	}
}

// collect finds the structs that fields refer to.
func (r *renderer) collect() {
	seen := map[*model.Struct]bool{}
	var visit func(s *model.Struct)
	visit = func(s *model.Struct) {
		for _, f := range s.Fields {
			t := f.Type
			for t.Kind == model.Array || t.Kind == model.Slice {
				t = t.Elem
			}
			if t.Kind == model.Tuple && !seen[t.Struct] {
				seen[t.Struct] = true
				visit(t.Struct)
				r.structs = append(r.structs, t.Struct)
			}
		}
	}
	for _, p := range r.model.Reports {
		visit(p.Struct)
	}
	for _, p := range r.model.Packed {
		visit(p.Struct)
	}
	for _, d := range r.model.Digests {
		visit(d.Struct)
	}
}

// checkNames refuses structs that are called as something is that the generated code imports.
func (r *renderer) checkNames() error {
	taken := map[string]bool{"DecodeError": true, "EncodeError": true}
	for _, names := range origins {
		for _, n := range names {
			taken[n[strings.LastIndexByte(n, ' ')+1:]] = true
		}
	}
	all := slices.Clone(r.structs)
	for _, p := range r.model.Reports {
		all = append(all, p.Struct)
	}
	for _, p := range r.model.Packed {
		all = append(all, p.Struct)
	}
	for _, s := range all {
		if taken[s.Name] {
			return &model.Problem{Pos: s.Pos, Message: s.Name + " is a name that the generated TypeScript uses itself",
				Advice: "Rename the struct, or leave out `typescript` in ocrgen.yaml."}
		}
	}
	constants := map[string]string{}
	for _, c := range r.model.Constants {
		name := constName(c.Name)
		if other, ok := constants[name]; ok {
			return &model.Problem{Pos: c.Pos, Message: c.Name + " and " + other + " are both " + name + " in TypeScript", Advice: "Rename one of them."}
		}
		constants[name] = c.Name
	}
	return nil
}

// nested reports whether a struct is among those that others have as fields.
func (r *renderer) nested(s *model.Struct) bool { return slices.Contains(r.structs, s) }

// defined reports whether the interface of a packed struct is written elsewhere: for a report, or for what has it as a field.
func (r *renderer) defined(p *model.Packed) bool { return r.nested(p.Struct) || r.reported(p) }

func (r *renderer) reported(p *model.Packed) bool {
	return slices.ContainsFunc(r.model.Reports, func(x *model.Report) bool { return x.Struct == p.Struct })
}

// packedSuffix tells the packed encoding of a report from its other one.
func (r *renderer) packedSuffix(p *model.Packed) string {
	if r.reported(p) {
		return p.Name + "Packed"
	}
	return p.Name
}

// importsHere stands for the imports until it is known which there must be.
const importsHere = "/* imports */"

// origins says where the names come from that generated code may use.
var origins = map[string][]string{
	"viem": {"type Address", "type ByteArray", "type Hex", "keccak256", "slice as sliceHex"},
	"./solabi.js": {"address", "alone", "array", "bool", "bytes", "type Codec", "decode", "encode", "fixedBytes", "type FixedArray", "int", "Only",
		"pack", "packed", "slice", "string", "struct", "uint", "unpack", "withPrefix"},
}

// importing replaces importsHere by the imports that the text needs.
func (r *renderer) importing(name string, text []byte) []byte {
	if !bytes.Contains(text, []byte(importsHere)) {
		return text
	}
	used := words(text)
	from := maps.Clone(origins)
	if name != "structs.ts" {
		for _, s := range r.structs {
			from["./structs.js"] = append(from["./structs.js"], "type "+s.Name, codecName(s))
		}
	}
	if name == "packed.ts" {
		for _, p := range r.model.Packed {
			if r.reported(p) && !r.nested(p.Struct) {
				from["./reports.js"] = append(from["./reports.js"], "type "+p.Name)
			}
		}
	}
	var lines []string
	for _, module := range []string{"viem", "./reports.js", "./solabi.js", "./structs.js"} {
		var names []string
		for _, n := range from[module] {
			if used[n[strings.LastIndexByte(n, ' ')+1:]] {
				names = append(names, n)
			}
		}
		slices.SortFunc(names, func(x, y string) int {
			key := func(n string) string { return strings.ToLower(strings.TrimPrefix(n, "type ")) }
			return strings.Compare(key(x), key(y))
		})
		keyword := "import"
		if !slices.ContainsFunc(names, func(n string) bool { return !strings.HasPrefix(n, "type ") }) {
			keyword = "import type"
			for i, n := range names {
				names[i] = strings.TrimPrefix(n, "type ")
			}
		}
		switch line := fmt.Sprintf("%s { %s } from '%s'", keyword, strings.Join(names, ", "), module); {
		case len(names) == 0:
		case len(line) <= maxLine:
			lines = append(lines, line)
		default:
			lines = append(lines, fmt.Sprintf("%s {\n  %s,\n} from '%s'", keyword, strings.Join(names, ",\n  "), module))
		}
	}
	return bytes.Replace(text, []byte(importsHere), []byte(strings.Join(lines, "\n")), 1)
}

// words are the identifiers of a text, outside of its comments; those within quotes count too, and do no harm: the names of
// properties are not among them, since "name:" is left out.
func words(text []byte) map[string]bool {
	found := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		bare := strings.TrimSpace(line)
		if strings.HasPrefix(bare, "//") || strings.HasPrefix(bare, "/*") || strings.HasPrefix(bare, "*") {
			continue
		}
		for i := 0; i < len(bare); {
			end := i
			for end < len(bare) && identifier(bare[end]) {
				end++
			}
			if end == i {
				i++
				continue
			}
			if i > 0 || end == len(bare) || bare[end] != ':' {
				found[bare[i:end]] = true
			}
			i = end
		}
	}
	return found
}

func identifier(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$'
}

// maxLine is the length that lines should not have more than.
const maxLine = 120

// tidy takes out the blank lines that templates leave.
func tidy(text []byte) []byte {
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
		blank = strings.HasSuffix(bare, "{")
		b.WriteString(strings.TrimRight(line, " \t\n") + "\n")
	}
	out := bytes.ReplaceAll(b.Bytes(), []byte("\n\n}\n"), []byte("\n}\n"))
	return append(bytes.TrimRight(out, "\n"), '\n')
}

// jsdoc is a documentation comment, wrapped; nothing if there is nothing to say.
func jsdoc(indent, doc string) string {
	if doc == "" {
		return ""
	}
	fields := strings.Fields(strings.ReplaceAll(doc, "*/", "* /"))
	if line := indent + "/** " + strings.Join(fields, " ") + " */"; len(line) <= maxLine {
		return line
	}
	return indent + "/**\n" + wrap(indent+" *", fields) + "\n" + indent + " */"
}

// article is a name with the article before it.
func article(name string) string {
	if strings.ContainsAny(name[:1], "AEIO") || len(name) > 1 && name[1] >= 'A' && name[1] <= 'Z' && strings.ContainsAny(name[:1], "FHLMNRSX") {
		return "an " + name
	}
	return "a " + name
}

// lineComment is a comment of whole lines, wrapped.
func lineComment(text string) string { return wrap("//", strings.Fields(text)) }

// wrap writes words in lines that begin alike.
func wrap(begin string, fields []string) string {
	var b strings.Builder
	line := begin
	for _, word := range fields {
		if len(line)+1+len(word) > maxLine {
			b.WriteString(line + "\n")
			line = begin
		}
		line += " " + word
	}
	return b.String() + line
}

// digestName is what comes behind "digest" or "hash" in the name of the function.
func digestName(d *model.Digest) string {
	name, again := strings.TrimSuffix(d.Name, "Preimage"), "Digest"
	if d.Hash {
		again = "Hash"
	}
	if short := strings.TrimSuffix(name, again); short != "" {
		return short
	}
	return name
}

func digestDoc(d *model.Digest) string {
	text := "The config digest " + digestName(d) + ": keccak256 over the preimage"
	switch {
	case d.Prefix != nil:
		text += fmt.Sprintf(", with %s over its first %d bytes", constName(d.Prefix.Name), d.Prefix.Type.Bits/8)
	case d.Size < 32:
		text += fmt.Sprintf(", of which it is the first %d bytes", d.Size)
	}
	return text + "."
}

// onChain is the type of a field in the contract, which Go may have narrowed.
func onChain(f model.Field) *model.Type {
	digits := strings.TrimLeft(f.OnChain, "uint")
	bits, err := strconv.Atoi(digits)
	if f.OnChain == "" || err != nil {
		return f.Type
	}
	return &model.Type{Kind: f.Type.Kind, Bits: bits}
}

// property is the name of a field in TypeScript, which is that in Solidity: so viem's values of the same struct fit.
func property(f model.Field) string {
	if f.Solidity == "" {
		return f.Param
	}
	return f.Solidity
}

// maxTuple is the length of the longest array whose length is in its type: the compiler's recursion has a limit.
const maxTuple = 256

// tsType is the type in TypeScript: as viem has it.
func tsType(t *model.Type) string {
	switch t.Kind {
	case model.Uint, model.Int:
		if t.Bits <= 48 {
			return "number"
		}
		return "bigint"
	case model.Bool:
		return "boolean"
	case model.Address:
		return "Address"
	case model.FixedBytes, model.Bytes:
		return "Hex"
	case model.Array:
		if t.Size > maxTuple {
			return fmt.Sprintf("FixedArray<%s, number>", tsType(t.Elem))
		}
		return fmt.Sprintf("FixedArray<%s, %d>", tsType(t.Elem), t.Size)
	case model.Slice:
		if element := tsType(t.Elem); !strings.Contains(element, " ") || strings.HasSuffix(element, ">") {
			return "readonly " + element + "[]"
		}
		return "readonly (" + tsType(t.Elem) + ")[]"
	case model.Tuple:
		return t.Struct.Name
	}
	return string(t.Kind)
}

// codec is the expression of the type's codec.
func codec(t *model.Type) string {
	switch t.Kind {
	case model.Uint, model.Int:
		if t.Members > 0 {
			return fmt.Sprintf("uint(%d, %d)", t.Bits, t.Members)
		}
		return fmt.Sprintf("%s(%d)", t.Kind, t.Bits)
	case model.FixedBytes:
		if t.Function {
			return fmt.Sprintf("fixedBytes(%d, 'function')", t.Size)
		}
		return fmt.Sprintf("fixedBytes(%d)", t.Size)
	case model.Array:
		if t.Size > maxTuple {
			return fmt.Sprintf("array(%s, %d as number)", codec(t.Elem), t.Size)
		}
		return fmt.Sprintf("array(%s, %d)", codec(t.Elem), t.Size)
	case model.Slice:
		return fmt.Sprintf("slice(%s)", codec(t.Elem))
	case model.Tuple:
		return codecName(t.Struct)
	}
	return string(t.Kind)
}

// codecName is the constant that is the codec of a struct.
func codecName(s *model.Struct) string { return lowerFirst(s.Name) + "Codec" }

// reportCodec is the codec of a report: of its fields, or of an argument list that has the struct as its only argument.
func reportCodec(r *model.Report) string {
	if r.Start() > 0 {
		return "alone(" + codecName(r.Struct) + ")"
	}
	return codecName(r.Struct)
}

// only is the expression of a field that has one value.
func only(f *model.FixedField) string {
	return fmt.Sprintf("new Only('0x%x')", f.Bytes())
}

// constValue is a constant: a number as long as that is exact, else a bigint; bytesN are hexadecimal digits.
func constValue(c *model.Constant) string {
	switch {
	case c.Type.Kind == model.FixedBytes:
		return fmt.Sprintf("'0x%0*x'", 2*c.Type.Size, c.Value)
	case c.Prefix:
		return fmt.Sprintf("%#0*x", 2+c.Type.Bits/4, c.Value)
	case c.Value.BitLen() <= 53:
		return c.Value.String()
	}
	return c.Value.String() + "n"
}

// keywords are words of JavaScript that a constant cannot be called.
var keywords = strings.Fields(`arguments await break case catch class const continue debugger default delete do else enum eval export
	extends false finally for function if implements import in instanceof interface let new null package private protected public
	return static super switch this throw true try typeof var void while with yield undefined`)

// constName is the name of a constant.
func constName(name string) string {
	name = lowerFirst(name)
	if slices.Contains(keywords, name) {
		return name + "_"
	}
	return name
}

// lowerFirst makes the name of a value of that of a type: OCR2Aggregator is ocr2Aggregator.
func lowerFirst(name string) string {
	upper := func(i int) bool { return i < len(name) && name[i] >= 'A' && name[i] <= 'Z' }
	lower := func(i int) bool { return i < len(name) && name[i] >= 'a' && name[i] <= 'z' }
	end := 0
	for upper(end) && (end == 0 || !lower(end+1)) {
		end++
	}
	return strings.ToLower(name[:end]) + name[end:]
}
