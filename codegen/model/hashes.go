package model

import (
	"math/big"
	"strings"
)

func (b *builder) constant(d *declaration, name, pos string, prefix bool) {
	t := parseElementary(d.node.TypeName.Name)
	if !d.node.Constant || t == nil || t.Kind != Uint && t.Kind != Int && (t.Kind != FixedBytes || prefix) {
		b.problems.add(pos, "Write for example: uint256 internal constant "+d.node.Name+" = 31;",
			"%s is no integer constant", d.node.Name)
		return
	}
	value := b.constantValue(d, 0)
	if value == nil {
		b.problems.add(pos, "Give it a literal or the name of another constant.",
			"the value of %s cannot be read", d.node.Name)
		return
	}
	if prefix && (t.Kind != Uint || t.Bits > 64) {
		b.problems.add(pos, "A prefix is an unsigned integer of its own width, like uint16 for two bytes.",
			"%s is %s", d.node.Name, t.Solidity())
		return
	}
	for _, other := range b.pkg.Constants {
		if other.Name == name {
			if other.Value.Cmp(value) != 0 || other.Type.Solidity() != t.Solidity() && (t.Kind == FixedBytes || other.Type.Kind == FixedBytes) {
				b.problems.add(pos, "Keep one of them.", "%s is %v here and %v at %s", name, value, other.Value, other.Pos)
			}
			return
		}
	}
	if b.claim(pos, name, "constant "+name) {
		b.pkg.Constants = append(b.pkg.Constants, &Constant{
			Name: name, Doc: d.doc.text(), Pos: b.position(d), Value: value, Type: t, Prefix: prefix,
		})
	}
}

// digest adds a hash over a function's parameters: a config digest, or another.
func (b *builder) digest(d *declaration, tag tag, name string) {
	pos := b.position(d)
	size := b.digestSize(d, tag)
	if size == 0 {
		return
	}
	var fields []Field
	for _, p := range d.node.Parameters.Members {
		t := b.typeOf(d, p)
		if t == nil {
			return
		}
		fields = append(fields, newField(p.Name, d.doc.param(p.Name), t))
	}
	b.name(fields, "Append", "Digest")
	name += "Preimage"
	doc := strings.TrimSpace("What a config digest is the hash of. " + d.doc.text())
	if tag.name == tagHash {
		doc = strings.TrimSpace("What is hashed. " + d.doc.text())
	}
	s := &Struct{Name: name, Doc: doc, Pos: pos, Fields: fields}
	for _, other := range b.pkg.Digests {
		if other.Name == name {
			if other.Types() != s.Types() || other.Size != size || other.Hash != (tag.name == tagHash) {
				b.problems.add(pos, "Keep one, or give each a name of its own.", "digest %s is over (%s) here and over (%s) at %s",
					name, s.Types(), other.Types(), other.Pos)
			}
			return
		}
	}
	var wide []*Type
	for i := range fields {
		wide = append(wide, fields[i].Type)
		goType, ok := b.options.Narrow[fields[i].Solidity]
		if !ok {
			continue
		}
		t := parseElementary(goType)
		if t == nil || t.Kind != fields[i].Type.Kind || t.Bits > fields[i].Type.Bits {
			b.problems.add(pos, "Name a narrower integer in `narrow` of ocrgen.yaml.", "%s is a %s and cannot be a Go %s",
				fields[i].Solidity, fields[i].Type.Solidity(), goType)
			return
		}
		fields[i].Type, fields[i].OnChain = t, fields[i].Type.Solidity()
	}
	if b.claim(pos, name, "digest "+name) {
		digest := &Digest{Struct: s, Size: size, Hash: tag.name == tagHash}
		if size == 32 && !digest.Hash {
			digest.Prefix = b.prefixOf(d)
		}
		b.wide[digest] = wide
		b.pkg.Digests = append(b.pkg.Digests, digest)
	}
}

// digestSize is the number of bytes of the only result of a function that computes a digest; 0 if that is none.
func (b *builder) digestSize(d *declaration, tag tag) int {
	if d.node.Returns == nil || len(d.node.Returns.Members) != 1 {
		b.problems.add(b.position(d), "Let it return bytes32.", "%s does not return one value, as the digest", d.node.Name)
		return 0
	}
	result := d.node.Returns.Members[0]
	t := b.typeOf(d, result)
	switch {
	case t == nil:
		return 0
	case t.Kind != FixedBytes:
		b.problems.add(b.position(d), "Let it return bytes32, or bytesN for the first N bytes of the hash.",
			"%s returns %s, which is no digest", d.node.Name, t.Solidity())
		return 0
	case t.Size != 32 && tag.name == tagHash:
		b.problems.add(b.position(d), "Let it return bytes32; @custom:ocr-config-digest is for the first bytes of a hash.",
			"%s returns %s, not a whole hash", d.node.Name, t.Solidity())
		return 0
	}
	return t.Size
}

// prefixOf finds the prefix of a digest: the one in the same contract, or else the only one there is.
func (b *builder) prefixOf(digest *declaration) *Constant {
	var all []*Constant
	for _, d := range b.declarations {
		for _, t := range d.doc.tags {
			if t.name != tagPrefix || d.node.NodeType != "VariableDeclaration" {
				continue
			}
			value := b.constantValue(d, 0)
			if value == nil {
				continue // reported where the constant is
			}
			name := exported(d.node.Name)
			if len(t.args) > 0 {
				name = t.args[0]
			}
			c := &Constant{Name: name, Value: value, Type: parseElementary(d.node.TypeName.Name), Prefix: true}
			if d.parent == digest.parent {
				return c
			}
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		return nil
	}
	for _, c := range all[1:] {
		if c.Name != all[0].Name {
			b.problems.add(b.position(digest), "Put the function and its prefix into the same contract or library.",
				"it is not clear which of %s and %s is the prefix of the digest", all[0].Name, c.Name)
			return nil
		}
	}
	return all[0]
}

// number reads a literal or the value of a constant.
func (b *builder) number(near *declaration, text string) *big.Int {
	if v, ok := new(big.Int).SetString(text, 0); ok {
		return v
	}
	for _, d := range b.declarations {
		if d.node.NodeType == "VariableDeclaration" && d.node.Name == text && (d.parent == near.parent || d.source == near.source) {
			return b.constantValue(d, 0)
		}
	}
	return nil
}
