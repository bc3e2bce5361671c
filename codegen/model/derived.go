package model

import "strings"

// general are names that a generated package has whatever its contracts are.
var general = map[string]string{
	"Event":        "the interface of all events",
	"DecodeLog":    "the decoder of all events",
	"DecodeRevert": "the decoder of all errors",
}

// derived claims the names that follow from others: AppendX, DecodeX and so on.
func (b *builder) derived() {
	claim := func(s *Struct, owner string, names ...string) {
		for _, name := range names {
			if what, ok := general[name]; ok {
				b.problems.add(s.Pos, "Rename it, or give it another name by a tag.", "%s and %s are both %s in Go", owner, what, name)
				continue
			}
			b.claim(s.Pos, name, owner)
		}
	}
	for _, r := range b.pkg.Reports {
		claim(r.Struct, "the codec of report "+r.Name, "New"+r.Name, "Append"+r.Name, "Decode"+r.Name, "Decode"+r.Name+"Into",
			"Decode"+r.Name+"Loose", r.Name+"Size")
	}
	for _, p := range b.pkg.Packed {
		claim(p.Struct, "the codec of packed struct "+p.Name, "Append"+p.Name, "Decode"+p.Name, p.Name+"Size")
		for _, f := range p.Fixed {
			claim(p.Struct, "field "+f.Solidity+" of packed struct "+p.Name, strings.ToLower(p.Name[:1])+p.Name[1:]+f.Name)
		}
	}
	for _, c := range b.pkg.Calls {
		claim(c.Struct, "the codec of function "+c.Signature, "Append"+c.Method, "Decode"+c.Method, c.Method+"Selector")
		if c.Results != nil {
			claim(c.Results, "the codec of what "+c.Signature+" returns", "Append"+c.Results.Name, "Decode"+c.Results.Name)
		}
	}
	for _, e := range b.pkg.Events {
		claim(e.Struct, "event "+e.Event, "Decode"+e.Name, e.Name+"Topic")
	}
}
