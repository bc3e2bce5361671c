package prove

import (
	"math/big"
	"reflect"
	"testing"

	"github.com/holiman/uint256"
	"github.com/ocrkit/ocrkit/codegen/solabi"
)

func TestCanonical(t *testing.T) {
	args := ABI(`[{"name":"A","type":"uint24"},{"name":"B","type":"tuple","components":[{"name":"C","type":"int96[]"},{"name":"D","type":"bytes3"}]}]`)
	encoded, err := args.Pack(big.NewInt(5), struct {
		C []*big.Int
		D [3]byte
	}{[]*big.Int{big.NewInt(-1)}, [3]byte{1}})
	if err != nil {
		t.Fatal(err)
	}
	if !Canonical(args, encoded) {
		t.Fatal("what go-ethereum encodes is not canonical")
	}
	for word := range len(encoded) / solabi.WordSize {
		spoilt := append([]byte(nil), encoded...)
		spoilt[word*solabi.WordSize] ^= 0x40
		// The first byte of a bytes3 is part of the value.
		if Canonical(args, spoilt) != (word == 3) {
			t.Errorf("word %d: canonical %v", word, word != 3)
		}
	}
	if Canonical(args, append(encoded, 0)) || Canonical(args, encoded[:len(encoded)-1]) {
		t.Error("another length")
	}
}

func TestTextIsOfTheValue(t *testing.T) {
	type a struct {
		X *big.Int
		Y []uint8
	}
	type b struct {
		P uint256.Int
		Q []byte
	}
	x := text(reflect.ValueOf(a{big.NewInt(7), []uint8{1, 2}}))
	y := text(reflect.ValueOf(&b{*uint256.NewInt(7), []byte{1, 2}}))
	if x != y || x == text(reflect.ValueOf(a{big.NewInt(8), []uint8{1, 2}})) || x == text(reflect.ValueOf(a{big.NewInt(7), []uint8{12}})) {
		t.Errorf("%s and %s", x, y)
	}
}
