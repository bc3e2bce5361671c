package model

import (
	"sort"
	"strings"

	"github.com/ocrkit/ocrkit/codegen/artifact"
)

// Tags that contracts mark with what the offchain side must agree with.
const (
	tagReport        = "ocr-report"
	tagPacked        = "ocr-packed"
	tagOnchainConfig = "ocr-onchain-config" // a packed struct under its older name
	tagDigest        = "ocr-config-digest"
	tagHash          = "ocr-hash"
	tagPrefix        = "ocr-digest-prefix"
	tagConstant      = "ocr-constant"
	tagSetConfig     = "ocr-set-config"
	tagTransmit      = "ocr-transmit"
	tagCall          = "ocr-call"
)

// tags says what each is written above.
var tags = map[string]string{
	tagReport:        "StructDefinition",
	tagPacked:        "StructDefinition",
	tagOnchainConfig: "StructDefinition",
	tagDigest:        "FunctionDefinition",
	tagHash:          "FunctionDefinition",
	tagPrefix:        "VariableDeclaration",
	tagConstant:      "VariableDeclaration",
	tagSetConfig:     "FunctionDefinition",
	tagTransmit:      "FunctionDefinition",
	tagCall:          "FunctionDefinition",
}

// kinds names the declarations for messages.
var kinds = map[string]string{
	"StructDefinition":    "a struct",
	"FunctionDefinition":  "a function",
	"VariableDeclaration": "a constant",
}

func knownTags() string {
	names := make([]string, 0, len(tags))
	for name := range tags {
		names = append(names, "@custom:"+name)
	}
	sort.Strings(names)
	return strings.Join(names, ", ")
}

// natspec is a parsed documentation comment.
type natspec struct {
	notice, dev string
	params      map[string]*string
	tags        []tag
}

// tag is one @custom:ocr-... line.
type tag struct {
	name string // without @custom:
	args []string
	line int // of the comment, counted from 0
}

// text is what a Go comment should say.
func (n *natspec) text() string {
	if n.notice != "" {
		return n.notice
	}
	return n.dev
}

// param is the text of a parameter or a member.
func (n *natspec) param(name string) string {
	if text := n.params[name]; text != nil {
		return *text
	}
	return ""
}

func parseNatspec(d *artifact.Documentation) *natspec {
	n := &natspec{params: map[string]*string{}}
	if d == nil {
		return n
	}
	into := &n.notice // where the text of the current line goes; nil if nowhere
	for i, line := range strings.Split(d.Text, "\n") {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "@") {
			appendText(into, line)
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		rest = strings.TrimSpace(rest)
		into = nil
		switch name, custom := strings.CutPrefix(word, "@custom:"); {
		case word == "@notice":
			into = &n.notice
		case word == "@dev":
			into = &n.dev
		case word == "@param":
			var name string
			name, rest, _ = strings.Cut(rest, " ")
			into = new(string)
			n.params[name] = into
		case custom && strings.HasPrefix(name, "ocr-"):
			n.tags = append(n.tags, tag{name, strings.Fields(rest), i})
		}
		appendText(into, rest)
	}
	return n
}

func appendText(into *string, line string) {
	if into == nil || line == "" {
		return
	}
	if *into != "" {
		*into += " "
	}
	*into += strings.TrimSpace(line)
}
