package codegen

import (
	"cmp"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/ocrkit/ocrkit/codegen/model"
)

// Item is one thing that Go and the contracts agree about, as `inspect` shows it.
type Item struct {
	Package  string  `json:"package"`
	Kind     string  `json:"kind"` // report, packed, onchain-config, config-digest, hash, constant, function, result, event, error, revert
	Name     string  `json:"name"` // in Go
	Solidity string  `json:"solidity,omitempty"`
	ID       string  `json:"id,omitempty"`     // selector of a function or an error, topic of an event, prefix of a digest
	Value    string  `json:"value,omitempty"`  // of a constant
	Source   string  `json:"source,omitempty"` // file:line
	Fields   []Place `json:"fields,omitempty"`
}

// Place is a field and where it is in the encoding.
type Place struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Offset  *int   `json:"offset,omitempty"` // in bytes; none if it is in a topic
	Size    int    `json:"size,omitempty"`   // in bytes at that place
	Dynamic bool   `json:"dynamic,omitempty"`
	Indexed bool   `json:"indexed,omitempty"`
	Value   string `json:"value,omitempty"` // the only one that it has
}

// Inspect reads what the configuration names and lists what crosses the border between contracts and Go.
func Inspect(config *Config) ([]Item, error) {
	project, err := config.Project()
	if err != nil {
		return nil, err
	}
	var items []Item
	for _, p := range config.Packages {
		m, err := model.Build(project, p.Options())
		if err != nil {
			return nil, err
		}
		for _, item := range describe(m) {
			item.Package = p.Path
			items = append(items, item)
		}
	}
	return items, nil
}

func describe(m *model.Package) []Item {
	var items []Item
	for _, r := range m.Reports {
		items = append(items, Item{Kind: "report", Name: r.Name, Solidity: "(" + r.Types() + ")", Source: r.Pos, Fields: places(r.Struct, r.Start())})
	}
	for _, p := range m.Packed {
		kind := "packed"
		if p.OnchainConfig {
			kind = "onchain-config"
		}
		items = append(items, Item{Kind: kind, Name: p.Name, Solidity: "(" + p.Types() + ")", Source: p.Pos, Fields: packedPlaces(p)})
	}
	for _, d := range m.Digests {
		item := Item{Kind: "config-digest", Name: d.Name, Source: d.Pos, Fields: places(d.Struct, 0)}
		if d.Hash {
			item.Kind = "hash"
		}
		if d.Size < 32 {
			item.Solidity = fmt.Sprintf("bytes%d", d.Size)
		}
		if d.Prefix != nil {
			item.ID = fmt.Sprintf("%#0*x", 2+d.Prefix.Type.Bits/4, d.Prefix.Value)
		}
		items = append(items, item)
	}
	for _, c := range m.Constants {
		items = append(items, Item{Kind: "constant", Name: c.Name, Solidity: c.Type.Solidity(), Value: constantText(c), Source: c.Pos})
	}
	for _, c := range m.Calls {
		items = append(items, Item{
			Kind: "function", Name: c.Name, Solidity: c.Signature, ID: fmt.Sprintf("0x%x", c.Selector), Source: c.Pos, Fields: places(c.Struct, 0),
		})
	}
	for _, c := range m.Calls {
		if c.Results != nil {
			items = append(items, Item{
				Kind: "result", Name: c.Results.Name, Solidity: "(" + c.Results.Types() + ")", Source: c.Results.Pos, Fields: places(c.Results, 0),
			})
		}
	}
	for _, e := range m.Events {
		items = append(items, Item{
			Kind: "event", Name: e.Name, Solidity: e.Signature, ID: e.Topic.Hex(), Source: e.Pos, Fields: eventPlaces(e),
		})
	}
	for _, e := range m.Errors {
		items = append(items, Item{
			Kind: "error", Name: e.Name, Solidity: e.Signature, ID: fmt.Sprintf("0x%x", e.Selector), Source: e.Pos, Fields: places(e.Struct, 0),
		})
	}
	for _, r := range m.Reverts {
		items = append(items, Item{Kind: "revert", Name: r.Name, Solidity: r.Reason, Source: r.Where[0]})
	}
	return items
}

func constantText(c *model.Constant) string {
	if c.Type.Kind == model.FixedBytes {
		return fmt.Sprintf("%#0*x", 2+2*c.Type.Size, c.Value)
	}
	return c.Value.String()
}

// places are the fields of a struct whose heads begin at the given offset.
func places(s *model.Struct, start int) []Place {
	var ps []Place
	for i, f := range s.Fields {
		offset := start + s.Offset(i)
		ps = append(ps, Place{
			Name: f.Solidity, Type: cmp.Or(f.OnChain, f.Type.Solidity()), Offset: &offset,
			Size: f.Type.HeadSize(), Dynamic: f.Type.Dynamic(),
		})
	}
	return ps
}

func packedPlaces(p *model.Packed) []Place {
	var ps []Place
	for i, f := range p.Fields {
		offset := p.PackedOffset(i)
		place := Place{Name: f.Solidity, Type: f.Type.Solidity(), Offset: &offset, Size: f.Type.PackedSize()}
		if fixed := p.FixedOf(f); fixed != nil {
			place.Value = fixed.Value.String()
			if f.Type.Kind == model.FixedBytes {
				place.Value = fmt.Sprintf("0x%x", fixed.Bytes())
			}
		}
		if place.Size == 0 {
			place.Dynamic = true
		}
		ps = append(ps, place)
	}
	return ps
}

func eventPlaces(e *model.Event) []Place {
	data, next := places(e.Data(), 0), 0
	var ps []Place
	for _, f := range e.Fields {
		if f.Indexed {
			ps = append(ps, Place{Name: f.Solidity, Type: f.Type.Solidity(), Indexed: true})
			continue
		}
		ps = append(ps, data[next])
		next++
	}
	return ps
}

// Print writes the items for people.
func Print(w io.Writer, items []Item) error {
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	pkg, kind := "", ""
	for _, item := range items {
		if item.Package != pkg {
			fmt.Fprintf(table, "package %s\n", item.Package)
			pkg, kind = item.Package, ""
		}
		if item.Kind != kind {
			fmt.Fprintf(table, "\n%s\n", item.Kind)
			kind = item.Kind
		}
		switch item.Kind {
		case "constant":
			fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", item.Name, item.Value, item.Solidity, item.Source)
			continue
		case "revert":
			fmt.Fprintf(table, "  %s\t%q\t%s\n", item.Name, item.Solidity, item.Source)
			continue
		}
		fmt.Fprintf(table, "  %s  %s  %s\n", item.Name, item.ID, item.Source)
		for _, f := range item.Fields {
			where := "topic"
			if f.Offset != nil {
				where = fmt.Sprintf("byte %d", *f.Offset)
			}
			note := ""
			if f.Dynamic {
				note = "offset of the tail"
			}
			if f.Dynamic && f.Size == 0 {
				note = "the rest"
			}
			if f.Value != "" {
				note = "always " + f.Value
			}
			fmt.Fprintf(table, "    %s\t%s\t%s\t%s\n", where, f.Type, f.Name, note)
		}
	}
	return table.Flush()
}
