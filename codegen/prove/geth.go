package prove

import (
	"bytes"
	"fmt"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/holiman/uint256"
	"github.com/ocrkit/ocrkit/codegen/solabi"
)

// ABI makes go-ethereum's description of an argument list out of its JSON. It panics if that is none.
func ABI(arguments string) abi.Arguments {
	parsed, err := abi.JSON(strings.NewReader(`[{"type":"function","name":"f","inputs":` + arguments + `}]`))
	if err != nil {
		panic(fmt.Sprintf("%v in %s", err, arguments))
	}
	return parsed.Methods["f"].Inputs
}

// Log encodes an event by go-ethereum's abi package.
func Log(t testing.TB, signature, arguments string, values []any) types.Log {
	t.Helper()
	log := types.Log{Topics: []common.Hash{crypto.Keccak256Hash([]byte(signature))}}
	var data abi.Arguments
	var dataValues []any
	for i, a := range ABI(arguments) {
		if !a.Indexed {
			data, dataValues = append(data, a), append(dataValues, asGeth(a.Type, values[i]))
			continue
		}
		if hash, ok := values[i].(common.Hash); ok {
			log.Topics = append(log.Topics, hash)
			continue
		}
		encoded, err := abi.Arguments{{Type: a.Type}}.Pack(asGeth(a.Type, values[i]))
		if err != nil {
			t.Fatal(err)
		}
		if len(encoded) != solabi.WordSize {
			t.Fatalf("%s: indexed %s is not a word", signature, a.Type)
		}
		log.Topics = append(log.Topics, common.Hash(encoded))
	}
	packed, err := data.Pack(dataValues...)
	if err != nil {
		t.Fatalf("%s: %v", signature, err)
	}
	log.Data = packed
	return log
}

// Values are values as go-ethereum's abi package wants them: its own struct types, and *big.Int for integers of unusual
// width.
func Values(arguments abi.Arguments, values ...any) []any {
	converted := make([]any, len(values))
	for i, v := range values {
		converted[i] = asGeth(arguments[i].Type, v)
	}
	return converted
}

func asGeth(t abi.Type, v any) any {
	from := reflect.ValueOf(v)
	switch t.T {
	case abi.IntTy, abi.UintTy:
		if t.GetType() == reflect.TypeFor[*big.Int]() {
			return Big(v)
		}
	case abi.SliceTy:
		to := reflect.MakeSlice(t.GetType(), from.Len(), from.Len())
		for i := range from.Len() {
			to.Index(i).Set(reflect.ValueOf(asGeth(*t.Elem, from.Index(i).Interface())))
		}
		return to.Interface()
	case abi.ArrayTy:
		to := reflect.New(t.GetType()).Elem()
		for i := range from.Len() {
			to.Index(i).Set(reflect.ValueOf(asGeth(*t.Elem, from.Index(i).Interface())))
		}
		return to.Interface()
	case abi.TupleTy:
		to := reflect.New(t.GetType()).Elem()
		for i, elem := range t.TupleElems {
			to.Field(i).Set(reflect.ValueOf(asGeth(*elem, from.Field(i).Interface())))
		}
		return to.Interface()
	}
	return v
}

// Big is any integer as *big.Int.
func Big(v any) *big.Int {
	if x, ok := v.(uint256.Int); ok {
		return x.ToBig()
	}
	switch x := reflect.ValueOf(v); {
	case x.CanInt():
		return big.NewInt(x.Int())
	case x.CanUint():
		return new(big.Int).SetUint64(x.Uint())
	}
	return v.(*big.Int)
}

// Integer is a number given as decimal text. It panics if that is none.
func Integer(text string) *big.Int {
	v, ok := new(big.Int).SetString(text, 10)
	if !ok {
		panic(text + " is no number")
	}
	return v
}

// Canonical reports whether data are the only encoding of values of the given types: go-ethereum decodes them, all integers are
// in range, and go-ethereum encodes them to the same bytes.
func Canonical(arguments abi.Arguments, data []byte) bool {
	values, err := arguments.Unpack(data)
	if err != nil {
		return false
	}
	for i, v := range values {
		if !inRange(arguments[i].Type, reflect.ValueOf(v)) {
			return false
		}
	}
	again, err := arguments.Pack(values...)
	return err == nil && bytes.Equal(again, data)
}

// inRange reports whether all integers in a value, as go-ethereum decodes it, are of their types.
func inRange(t abi.Type, v reflect.Value) bool {
	switch t.T {
	case abi.IntTy, abi.UintTy:
		n := Big(v.Interface())
		if t.T == abi.UintTy {
			return n.Sign() >= 0 && n.BitLen() <= t.Size
		}
		if n.Sign() < 0 {
			n = new(big.Int).Not(n)
		}
		return n.BitLen() < t.Size
	case abi.SliceTy, abi.ArrayTy:
		for i := range v.Len() {
			if !inRange(*t.Elem, v.Index(i)) {
				return false
			}
		}
	case abi.TupleTy:
		for i, elem := range t.TupleElems {
			if !inRange(*elem, v.Field(i)) {
				return false
			}
		}
	}
	return true
}

// Topics are the topics of a log but for the first.
func Topics(log *types.Log) [][]byte {
	var topics [][]byte
	for _, t := range log.Topics[1:] {
		topics = append(topics, t.Bytes())
	}
	return topics
}

// Same asserts that two values say the same. Their types may differ in name.
func Same(t testing.TB, field string, got, want any) {
	t.Helper()
	if a, b := text(reflect.ValueOf(got)), text(reflect.ValueOf(want)); a != b {
		t.Fatalf("%s is %s, not %s", field, a, b)
	}
}

// text writes a value so that two that say the same are written alike, whatever their types are called.
func text(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case *big.Int:
		return x.String()
	case uint256.Int:
		return x.Dec()
	}
	switch v.Kind() {
	case reflect.Pointer:
		return text(v.Elem())
	case reflect.Interface:
		return text(v.Elem())
	case reflect.String:
		return strconv.Quote(v.String())
	case reflect.Slice, reflect.Array:
		var b strings.Builder
		for i := range v.Len() {
			b.WriteString(text(v.Index(i)) + " ")
		}
		return "[" + strings.TrimSpace(b.String()) + "]"
	case reflect.Struct:
		var b strings.Builder
		for i := range v.NumField() {
			b.WriteString(text(v.Field(i)) + " ")
		}
		return "{" + strings.TrimSpace(b.String()) + "}"
	}
	return fmt.Sprint(v.Interface())
}

// SameFields asserts that a pointer to a struct has the given fields.
func SameFields(t testing.TB, got any, want map[string]any) {
	t.Helper()
	s := reflect.ValueOf(got).Elem()
	if s.NumField() != len(want) {
		t.Fatalf("%T has %d fields, not %d", got, s.NumField(), len(want))
	}
	for name, value := range want {
		Same(t, fmt.Sprintf("%T.%s", got, name), s.FieldByName(name).Interface(), value)
	}
}

// Longest is the value of many random ones that has the longest encoding: for benchmarks.
func Longest[T any](r Rand, value func(Rand) *T, size func(*T) int) *T {
	longest := value(r)
	for range 100 {
		if v := value(r); size(v) > size(longest) {
			longest = v
		}
	}
	return longest
}

// Shortest is the value of many random ones that has the shortest encoding that is at least a word longer than the empty.
func Shortest[T any](r Rand, value func(Rand) *T, size func(*T) int) *T {
	least := size(new(T))
	shortest := value(r)
	for range 300 {
		v := value(r)
		if n := size(v); n > least && n < size(shortest) || size(shortest) == least {
			shortest = v
		}
	}
	return shortest
}

// Reverts are reverts of all kinds, as seeds for fuzzing.
func Reverts() [][]byte {
	return [][]byte{
		solabi.AppendRevert(nil, ""),
		solabi.AppendRevert(nil, "only callable by owner"),
		append([]byte{0x4e, 0x48, 0x7b, 0x71}, word(solabi.PanicOverflow)...),
		{0x4e, 0x48, 0x7b, 0x71},
		{0x01, 0x02, 0x03, 0x04, 0x05},
		{0x01},
	}
}

// SameNamed asserts that the fields of one struct are, by name, the same in another, which may have more. Both are
// pointers.
func SameNamed(t testing.TB, got, want any) {
	t.Helper()
	s, w := reflect.ValueOf(got).Elem(), reflect.ValueOf(want).Elem()
	for i := range s.NumField() {
		name := s.Type().Field(i).Name
		if !w.FieldByName(name).IsValid() {
			t.Fatalf("%T has no field %s", want, name)
		}
		Same(t, fmt.Sprintf("%T.%s", got, name), s.Field(i).Interface(), w.FieldByName(name).Interface())
	}
}
