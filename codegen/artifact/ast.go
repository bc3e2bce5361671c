package artifact

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A Node is a node of the compiler's syntax tree. It has the union of the members that the generator looks at; which of
// them mean something depends on NodeType.
type Node struct {
	ID           int    `json:"id"`
	NodeType     string `json:"nodeType"`
	Src          string `json:"src"` // "offset:length:file" in bytes
	Name         string `json:"name"`
	AbsolutePath string `json:"absolutePath"` // of a SourceUnit, and of what an ImportDirective imports

	CanonicalName string         `json:"canonicalName"`
	ContractKind  string         `json:"contractKind"`
	Documentation *Documentation `json:"documentation"`

	Nodes      []*Node `json:"nodes"`
	Members    []*Node `json:"members"`
	Parameters *Node   `json:"-"` // ParameterList of a function; other nodes have plain lists there
	Returns    *Node   `json:"-"` // ParameterList of what a function returns
	Arguments  []*Node `json:"-"` // of a FunctionCall

	Constant        bool            `json:"constant"`
	TypeName        *Node           `json:"typeName"`
	BaseType        *Node           `json:"baseType"`
	UnderlyingType  *Node           `json:"underlyingType"`
	Length          *Node           `json:"length"`
	PathNode        *Node           `json:"pathNode"`
	Referenced      int             `json:"referencedDeclaration"`
	Value           json.RawMessage `json:"value"` // a node, or the text of a literal
	Kind            string          `json:"kind"`
	HexValue        string          `json:"hexValue"`
	TypeDescription struct {
		TypeString string `json:"typeString"`
	} `json:"typeDescriptions"`
	BaseContracts []struct {
		BaseName Node `json:"baseName"`
	} `json:"baseContracts"`

	Visibility string `json:"visibility"`

	raw json.RawMessage
}

// Documentation is the NatSpec of a declaration. Old compilers write it as a plain string.
type Documentation struct {
	Text string
	Src  string
}

// UnmarshalJSON implements json.Unmarshaler.
func (d *Documentation) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &d.Text)
	}
	var node struct {
		Text string `json:"text"`
		Src  string `json:"src"`
	}
	if err := json.Unmarshal(data, &node); err != nil {
		return err
	}
	d.Text, d.Src = node.Text, node.Src
	return nil
}

// UnmarshalJSON implements json.Unmarshaler. It keeps the JSON, so that Walk can look into what Node has no member for.
func (n *Node) UnmarshalJSON(data []byte) error {
	type plain Node
	if err := json.Unmarshal(data, (*plain)(n)); err != nil {
		return err
	}
	n.raw = bytes.Clone(data)
	switch n.NodeType {
	case "FunctionDefinition", "EventDefinition", "ErrorDefinition":
		var f struct {
			Parameters *Node `json:"parameters"`
			Returns    *Node `json:"returnParameters"`
		}
		if err := json.Unmarshal(data, &f); err != nil {
			return err
		}
		n.Parameters, n.Returns = f.Parameters, f.Returns
	case "FunctionCall":
		var f struct {
			Arguments []*Node `json:"arguments"`
		}
		if err := json.Unmarshal(data, &f); err != nil {
			return err
		}
		n.Arguments = f.Arguments
	}
	if n.NodeType == "ParameterList" {
		var list struct {
			Parameters []*Node `json:"parameters"`
		}
		if err := json.Unmarshal(data, &list); err != nil {
			return err
		}
		n.Members = list.Parameters
	}
	return nil
}

// Literal is a literal in the source, with what it is an argument of.
type Literal struct {
	Text   string
	Src    string
	Callee string // name of the called function
	Index  int    // which argument of it
}

// StringArguments returns every string literal below the node that is directly an argument of a call.
func (n *Node) StringArguments() []Literal {
	var root any
	if json.Unmarshal(n.raw, &root) != nil {
		return nil
	}
	var found []Literal
	walk(root, func(node map[string]any) {
		if node["nodeType"] != "FunctionCall" {
			return
		}
		callee, _ := node["expression"].(map[string]any)
		name, _ := callee["name"].(string)
		if name == "" {
			name, _ = callee["memberName"].(string)
		}
		arguments, _ := node["arguments"].([]any)
		for i, a := range arguments {
			arg, _ := a.(map[string]any)
			if arg["nodeType"] == "Literal" && arg["kind"] == "string" {
				text, _ := arg["value"].(string)
				src, _ := arg["src"].(string)
				found = append(found, Literal{text, src, name, i})
			}
		}
	})
	return found
}

func walk(x any, visit func(map[string]any)) {
	switch x := x.(type) {
	case map[string]any:
		if _, ok := x["nodeType"]; ok {
			visit(x)
		}
		for _, child := range x {
			walk(child, visit)
		}
	case []any:
		for _, child := range x {
			walk(child, visit)
		}
	}
}

// Offset is the place of the node in its source file, in bytes.
func (n *Node) Offset() int {
	return offset(n.Src)
}

func offset(src string) int {
	first, _, _ := strings.Cut(src, ":")
	at, _ := strconv.Atoi(first)
	return at
}

// Position says where src, a node's, is: "file:line". If the source cannot be read it is the file alone.
func (p *Project) Position(source, src string) string {
	line, ok := p.Line(source, src)
	if !ok {
		return source
	}
	return fmt.Sprintf("%s:%d", source, line)
}

// Line returns the line, counted from 1, on which src begins.
func (p *Project) Line(source, src string) (int, bool) {
	text, ok := p.sources[source]
	if !ok {
		path := source
		if !filepath.IsAbs(path) {
			path = filepath.Join(p.Root, source)
		}
		text, _ = os.ReadFile(path)
		if text == nil { // Hardhat 3 calls the project's own files so
			text, _ = os.ReadFile(filepath.Join(p.Root, strings.TrimPrefix(source, "project/")))
		}
		p.sources[source] = text
	}
	at := offset(src)
	if at > len(text) || text == nil {
		return 0, false
	}
	return 1 + bytes.Count(text[:at], []byte("\n")), true
}
