package model

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/common"
)

// Package is everything that a generated package says about a family of contracts.
type Package struct {
	Name      string // of the Go package
	Contracts []string

	Structs   []*Struct // those that fields of others refer to
	Reports   []*Report
	Packed    []*Packed
	Digests   []*Digest
	Constants []*Constant
	Calls     []*Call
	Events    []*Event
	Errors    []*CustomError
	Reverts   []*Revert
	Proofs    *Proofs // nil without a proof contract
}

// structs are all that have fields.
func (p *Package) structs() []*Struct {
	all := slices.Clone(p.Structs)
	for _, x := range p.Reports {
		all = append(all, x.Struct)
	}
	for _, x := range p.Packed {
		all = append(all, x.Struct)
	}
	for _, x := range p.Digests {
		all = append(all, x.Struct)
	}
	for _, x := range p.Calls {
		all = append(all, x.Struct)
		if x.Results != nil {
			all = append(all, x.Results)
		}
	}
	for _, x := range p.Events {
		all = append(all, x.Struct)
	}
	for _, x := range p.Errors {
		all = append(all, x.Struct)
	}
	return all
}

// eachType visits the types of all fields and of the elements of arrays.
func (p *Package) eachType(visit func(*Type)) {
	for _, s := range p.structs() {
		for _, f := range s.Fields {
			for t := f.Type; t != nil; t = t.Elem {
				visit(t)
			}
		}
	}
}

// Report is a struct whose fields, ABI-encoded as an argument list, oracles sign and send.
type Report struct {
	*Struct
	Tuple bool // encoded as one struct: if it is dynamic, behind the offset word that abi.encode(aStruct) begins with
}

// Start is where the heads of the fields are in the encoding: behind the offset word if there is one.
func (r *Report) Start() int {
	if r.Tuple && r.Dynamic() {
		return 32
	}
	return 0
}

// Packed is a struct whose fields follow each other without padding. The last may be `bytes`, a `string` or an array
// without a fixed length; it takes what is left of the data.
type Packed struct {
	*Struct
	Fixed         []FixedField // fields that have one value only, and so are none in Go
	OnchainConfig bool         // it was tagged as one
}

// Rest is the field that takes what is left of the data; nil if all fields have a fixed size.
func (p *Packed) Rest() *Field {
	if last := &p.Fields[len(p.Fields)-1]; last.Type.PackedSize() == 0 {
		return last
	}
	return nil
}

// RestSize is the number of bytes of one element of the rest: 1 if that is `bytes` or a `string`.
func (p *Packed) RestSize() int {
	rest := p.Rest()
	if rest == nil || rest.Type.Kind != Slice {
		return 1
	}
	return rest.Type.Elem.PackedSize()
}

// FixedOf is the entry in Fixed of a field; nil if the field is free.
func (p *Packed) FixedOf(f Field) *FixedField {
	for i := range p.Fixed {
		if p.Fixed[i].Solidity == f.Solidity {
			return &p.Fixed[i]
		}
	}
	return nil
}

// FixedField is a field of a packed struct that has always the same value.
type FixedField struct {
	Field
	Offset int
	Value  *big.Int // of bytesN the number that its bytes are
}

// Bytes is the value as it is encoded.
func (f FixedField) Bytes() []byte {
	size := f.Type.PackedSize()
	v := f.Value
	if v.Sign() < 0 {
		v = new(big.Int).Add(v, new(big.Int).Lsh(big.NewInt(1), uint(8*size)))
	}
	return v.FillBytes(make([]byte, size))
}

// Digest is a hash over an ABI-encoded argument list whose first bytes are overwritten with a prefix.
type Digest struct {
	*Struct
	Prefix *Constant // nil if it is the plain hash, or its first bytes
	Size   int       // in bytes: 32, or the number of the hash's first bytes that the digest is
	Hash   bool      // no config digest but another hash (@custom:ocr-hash), and always the whole of it
}

// Constant is a number, or a bytesN, that both sides must agree on.
type Constant struct {
	Name   string
	Doc    string
	Pos    string   `json:"-"`
	Value  *big.Int // of bytesN the number that its bytes are
	Type   *Type
	Prefix bool // of config digests
}

// Call is a function whose calldata the offchain side makes.
type Call struct {
	*Struct          // its arguments
	Function  string // name in Solidity
	Signature string // canonical
	Selector  [4]byte
	Method    string  // name in Go
	Results   *Struct // what it returns; nil if that is nothing
}

// Event is an event of the contracts.
type Event struct {
	*Struct
	Event     string // name in Solidity
	Signature string
	Topic     common.Hash
}

// Data are the fields that are in the data of the log.
func (e *Event) Data() *Struct {
	data := &Struct{Name: e.Name, Doc: e.Doc, Pos: e.Pos}
	for _, f := range e.Fields {
		if !f.Indexed {
			data.Fields = append(data.Fields, f)
		}
	}
	return data
}

// Indexed are the fields that are in the topics.
func (e *Event) Indexed() []Field {
	var fields []Field
	for _, f := range e.Fields {
		if f.Indexed {
			fields = append(fields, f)
		}
	}
	return fields
}

// CustomError is a Solidity error with its arguments.
type CustomError struct {
	*Struct
	Error     string // name in Solidity
	Signature string
	Selector  [4]byte
}

// Variable is the Go variable of an error without arguments.
func (e *CustomError) Variable() string { return "Err" + strings.TrimSuffix(e.Name, "Error") }

// Revert is a reason string that the source gives.
type Revert struct {
	Name   string // of the variable in Go
	Reason string
	Where  []string `json:"-"` // sources that give it
}

// Proofs says which functions of a deployable contract show what the contracts do.
type Proofs struct {
	Contract string // to be deployed without arguments
	Reports  []ReportProof
	Packed   []PackedProof
	Digests  []DigestProof
}

// Method is a function of the proof contract.
type Method struct {
	Name     string
	Selector [4]byte
	Tuple    bool // the fields are one struct, not a list of arguments
}

// ReportProof proves the codec of a report.
type ReportProof struct {
	Report *Report
	Encode Method
	Decode Method
}

// PackedProof proves the codec of a packed struct.
type PackedProof struct {
	Packed *Packed
	Encode Method
	Decode Method // without a name if the contract has none
}

// DigestProof proves a digest.
type DigestProof struct {
	Digest *Digest
	Method Method
}

// A Problem is something in the contracts that the generator cannot work with.
type Problem struct {
	Pos     string // file:line
	Message string // what is wrong
	Advice  string // what to write instead
}

// Error implements error.
func (p *Problem) Error() string {
	text := p.Message
	if p.Pos != "" {
		text = p.Pos + ": " + text
	}
	if p.Advice != "" {
		text += "\n\t" + strings.ReplaceAll(p.Advice, "\n", "\n\t")
	}
	return text
}

// problems collects what is wrong, so that a user sees all of it at once.
type problems []error

func (p *problems) add(pos, advice, format string, args ...any) {
	*p = append(*p, &Problem{pos, fmt.Sprintf(format, args...), advice})
}

func (p problems) err() error { return errors.Join(p...) }
