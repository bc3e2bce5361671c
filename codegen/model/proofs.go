package model

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ocrkit/ocrkit/codegen/artifact"
)

// proofs finds the functions of the proof contract that do in Solidity what the codecs do in Go. They are found by
// what they take and give; their names are free.
func (b *builder) proofs() error {
	a, err := b.project.Contract(b.options.Proofs)
	if err != nil {
		return err
	}
	if len(a.Bytecode) == 0 {
		b.problems.add(b.contractPosition(a), "Name a contract that can be deployed.", "proof contract %s has no bytecode", a.Contract)
		return nil
	}
	entries, err := parseABI(a)
	if err != nil {
		return err
	}
	p := &Proofs{Contract: a.Contract}
	for _, e := range entries {
		if e.Type == "constructor" && len(e.Inputs) > 0 {
			b.problems.add(b.contractPosition(a), "Derive a contract from it that gives them.",
				"the constructor of proof contract %s has arguments", a.Contract)
		}
	}
	find := func(what string, s *Struct, fieldsIn bool, other string) Method {
		m := b.method(a, entries, what, s, fieldsIn, other)
		if m == nil {
			from, to := s.Types(), other
			if !fieldsIn {
				from, to = to, from
			}
			b.problems.add(b.contractPosition(a), fmt.Sprintf("Add to it:\n  function %s(%s) external pure returns (%s)", what, from, to),
				"proof contract %s has no function from (%s) to (%s)", a.Contract, from, to)
			return Method{}
		}
		return *m
	}
	for _, r := range b.pkg.Reports {
		p.Reports = append(p.Reports, ReportProof{
			r, find("encode"+r.Name, r.Struct, true, "bytes"), find("decode"+r.Name, r.Struct, false, "bytes"),
		})
	}
	for _, packed := range b.pkg.Packed {
		proof := PackedProof{Packed: packed, Encode: find("encode"+packed.Name, packed.Struct, true, "bytes")}
		if m := b.method(a, entries, "decode"+packed.Name, packed.Struct, false, "bytes"); m != nil {
			proof.Decode = *m
		}
		p.Packed = append(p.Packed, proof)
	}
	for _, d := range b.pkg.Digests {
		wide := &Struct{Fields: append([]Field(nil), d.Fields...)}
		for i, t := range b.wide[d] {
			wide.Fields[i].Type = t
		}
		p.Digests = append(p.Digests, DigestProof{d, find("digest"+strings.TrimSuffix(d.Name, "Preimage"), wide, true, "bytes"+strconv.Itoa(d.Size))})
	}
	b.pkg.Proofs = p
	return nil
}

// contractPosition is the line on which a contract begins.
func (b *builder) contractPosition(a *artifact.Artifact) string {
	if a.AST != nil {
		for _, n := range a.AST.Nodes {
			if n.NodeType == "ContractDefinition" && n.Name == a.Contract {
				return b.project.Position(a.AST.AbsolutePath, n.Src)
			}
		}
	}
	return a.Source
}

// method finds the function between the fields of s and another type, in either direction. If there are several, it is the
// one with the given name.
func (b *builder) method(a *artifact.Artifact, entries []entry, name string, s *Struct, fieldsIn bool, other string) *Method {
	var found []*Method
	for _, e := range entries {
		if e.Type != "function" {
			continue
		}
		fields, rest := e.Inputs, e.Outputs
		if !fieldsIn {
			fields, rest = e.Outputs, e.Inputs
		}
		if len(rest) != 1 || rest[0].Type != other {
			continue
		}
		list := canonicals(fields)
		if list == s.Types() || list == "("+s.Types()+")" {
			found = append(found, &Method{
				Name:     e.Name,
				Selector: selector(e.Name + "(" + canonicals(e.Inputs) + ")"),
				Tuple:    list != s.Types(),
			})
		}
	}
	for _, m := range found {
		if len(found) == 1 || strings.EqualFold(m.Name, name) {
			return m
		}
	}
	if len(found) > 1 {
		b.problems.add(b.contractPosition(a), "Call the right one "+name+".", "proof contract %s has several functions that could be %s: %s and %s",
			a.Contract, name, found[0].Name, found[1].Name)
		return &Method{}
	}
	return nil
}

// canonicals is a list of arguments as in a signature.
func canonicals(args []arg) string {
	types := make([]string, len(args))
	for i, a := range args {
		types[i] = canonical(a)
	}
	return strings.Join(types, ",")
}
