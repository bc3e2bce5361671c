package codegen

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"testing"

	"github.com/ocrkit/ocrkit/codegen/golang"
	"github.com/ocrkit/ocrkit/codegen/model"
)

// TestRandomPacked makes up packed structs, generates Go for them, and runs the generated tests: they hold the encoding against
// one written by way of reflection, and decoding against encoding.
func TestRandomPacked(t *testing.T) {
	dir, err := os.MkdirTemp("testdata", "random-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	r := &packedMaker{Rand: rand.New(rand.NewPCG(*randomFirst, 0x7061636b)), pkg: &model.Package{Name: "packed"}}
	for i := range 12 * *randomSeeds {
		r.structure(i)
	}
	files, err := golang.Render(golang.Input{
		Version: Version, Inputs: "none", Path: "github.com/ocrkit/ocrkit/codegen/" + path.Join("testdata", filepath.Base(dir)), Model: r.pkg,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		write(t, filepath.Join(dir, f.Name), string(f.Text))
	}
	command := exec.Command("go", "test", "./"+dir)
	command.Env = append(os.Environ(), "OCRGEN_ROUNDS=50")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%.4000s", err, out)
	}
}

type packedMaker struct {
	*rand.Rand
	pkg *model.Package
}

// structure adds a packed struct. Some have fixed fields, some a rest; some of the others are parts of later ones.
func (r *packedMaker) structure(i int) {
	p := &model.Packed{Struct: &model.Struct{Name: fmt.Sprintf("P%d", i)}}
	add := func(t *model.Type) model.Field {
		n := len(p.Fields)
		f := model.Field{Solidity: fmt.Sprintf("f%d", n), Name: fmt.Sprintf("F%d", n), Param: fmt.Sprintf("f%d", n), Type: t}
		p.Fields = append(p.Fields, f)
		return f
	}
	for range 1 + r.IntN(4) {
		offset := p.PackedSize()
		f := add(r.valueType(0))
		if fixable := f.Type.Kind == model.FixedBytes || f.Type.Kind == model.Uint && !f.Type.Limited(); fixable && r.IntN(3) == 0 {
			value := new(big.Int).SetUint64(r.Uint64() >> (64 - min(64, 8*f.Type.PackedSize())))
			p.Fixed = append(p.Fixed, model.FixedField{Field: f, Offset: offset, Value: value})
		}
	}
	switch r.IntN(5) {
	case 0:
		add(&model.Type{Kind: model.Bytes})
	case 1:
		add(&model.Type{Kind: model.String})
	case 2:
		add(&model.Type{Kind: model.Slice, Elem: r.valueType(0)})
	}
	if len(p.Fixed) < len(p.Fields) {
		r.pkg.Packed = append(r.pkg.Packed, p)
	}
}

// valueType makes up a type of fixed packed size.
func (r *packedMaker) valueType(depth int) *model.Type {
	switch n := r.IntN(12); {
	case n == 0 && depth < 3:
		return &model.Type{Kind: model.Array, Size: 1 + r.IntN(3), Elem: r.valueType(depth + 1)}
	case n == 1:
		for _, p := range r.pkg.Packed {
			if p.Rest() == nil && len(p.Fixed) == 0 && p.PackedSize() < 200 && r.IntN(3) == 0 {
				return &model.Type{Kind: model.Tuple, Struct: p.Struct}
			}
		}
	case n == 2:
		return &model.Type{Kind: model.Bool}
	case n == 3:
		return &model.Type{Kind: model.Address}
	case n == 4:
		return &model.Type{Kind: model.Uint, Bits: 8, Members: 1 + r.IntN(256)}
	case n < 7:
		return &model.Type{Kind: model.FixedBytes, Size: 1 + r.IntN(32)}
	case n < 9:
		return &model.Type{Kind: model.Int, Bits: 8 * (1 + r.IntN(32))}
	}
	t := &model.Type{Kind: model.Uint, Bits: 8 * (1 + r.IntN(32))}
	t.U256 = t.Bits > 64 && r.IntN(2) == 0
	return t
}
