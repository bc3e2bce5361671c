package prove

import (
	"math/big"
	"reflect"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common/math"
	"github.com/ocrkit/ocrkit/codegen/solabi"
)

// Packed is the packed encoding of values, field by field and without padding, written by way of reflection: what generated
// code is compared with.
func Packed(t testing.TB, arguments abi.Arguments, values ...any) []byte {
	t.Helper()
	var b []byte
	for i, v := range Values(arguments, values...) {
		b = appendPacked(t, b, arguments[i].Type, reflect.ValueOf(v))
	}
	return b
}

func appendPacked(t testing.TB, b []byte, typ abi.Type, v reflect.Value) []byte {
	t.Helper()
	switch typ.T {
	case abi.IntTy, abi.UintTy:
		word := math.U256Bytes(new(big.Int).Set(Big(v.Interface())))
		return append(b, word[solabi.WordSize-typ.Size/8:]...)
	case abi.BoolTy:
		if v.Bool() {
			return append(b, 1)
		}
		return append(b, 0)
	case abi.AddressTy, abi.FixedBytesTy, abi.FunctionTy:
		for i := range v.Len() {
			b = append(b, byte(v.Index(i).Uint()))
		}
		return b
	case abi.BytesTy:
		return append(b, v.Bytes()...)
	case abi.StringTy:
		return append(b, v.String()...)
	case abi.SliceTy, abi.ArrayTy:
		for i := range v.Len() {
			b = appendPacked(t, b, *typ.Elem, v.Index(i))
		}
		return b
	case abi.TupleTy:
		for i, elem := range typ.TupleElems {
			b = appendPacked(t, b, *elem, v.Field(i))
		}
		return b
	}
	t.Fatalf("%v cannot be packed", typ)
	return nil
}
