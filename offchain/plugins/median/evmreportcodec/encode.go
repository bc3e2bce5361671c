package evmreportcodec

import (
	"encoding/binary"
	"fmt"
	"math/big"

	"github.com/ocrkit/ocrkit/offchain/bigbigendian"
)

func encodedLength(n int) int { return 160 + 32*n }

func encode(timestamp uint32, observers [32]byte, observations []*big.Int, juelsPerFeeCoin *big.Int) ([]byte, error) {
	out := make([]byte, encodedLength(len(observations)))
	binary.BigEndian.PutUint32(out[28:], timestamp)
	copy(out[32:], observers[:])
	out[95] = 0x80
	put := func(at int, i *big.Int) error {
		b, err := bigbigendian.SerializeSigned(24, i)
		if err != nil {
			return fmt.Errorf("evmreportcodec: %w", err)
		}
		for k := at; k < at+8 && i.Sign() < 0; k++ {
			out[k] = 0xff
		}
		copy(out[at+8:], b)
		return nil
	}
	if err := put(96, juelsPerFeeCoin); err != nil {
		return nil, err
	}
	out[159] = byte(len(observations))
	for i, o := range observations {
		if err := put(160+32*i, o); err != nil {
			return nil, err
		}
	}
	return out, nil
}
