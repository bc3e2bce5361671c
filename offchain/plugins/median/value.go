package median

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/ocrkit/ocrkit/offchain/bigbigendian"
)

// valueLength is the length in bytes of an encoded number: Solidity's int192.
const valueLength = 24

var (
	minValue = new(big.Int).Neg(new(big.Int).Lsh(big.NewInt(1), 8*valueLength-1))
	maxValue = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 8*valueLength-1), big.NewInt(1))
)

// MinValue returns the smallest number that can be observed or reported, -2^191.
func MinValue() *big.Int { return new(big.Int).Set(minValue) }

// MaxValue returns the largest number that can be observed or reported, 2^191-1.
func MaxValue() *big.Int { return new(big.Int).Set(maxValue) }

// EncodeValue returns i as 24 bytes, big-endian two's complement. It fails if i
// is nil or not from MinValue to MaxValue. It does not change i.
func EncodeValue(i *big.Int) ([]byte, error) {
	if err := checkValue(i); err != nil {
		return nil, err
	}
	return bigbigendian.SerializeSigned(valueLength, i)
}

// DecodeValue is the inverse of [EncodeValue]. It fails if s is not 24 bytes
// long.
func DecodeValue(s []byte) (*big.Int, error) {
	return bigbigendian.DeserializeSigned(valueLength, s)
}

func checkValue(i *big.Int) error {
	if i == nil {
		return errors.New("value is nil")
	}
	if i.Cmp(minValue) < 0 || i.Cmp(maxValue) > 0 {
		return fmt.Errorf("value of %d bits is outside of the range from -2^191 to 2^191-1", i.BitLen())
	}
	return nil
}
