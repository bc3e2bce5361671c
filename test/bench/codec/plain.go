package codec

import (
	"encoding/binary"
	"errors"
	"math/big"

	"github.com/ocrkit/ocrkit/gen/ocr2"
)

// two256 turns negative numbers into their two's complement.
var two256 = new(big.Int).Lsh(big.NewInt(1), 256)

var errPlain = errors.New("too short")

// plainEncode writes a median report with no check but what math/big makes anyway: a number of more than 256 bits panics, one of more
// than 192 is written as it is.
func plainEncode(r *ocr2.MedianReport) []byte {
	b := make([]byte, 160+32*len(r.Observations))
	binary.BigEndian.PutUint32(b[28:], r.ObservationsTimestamp)
	copy(b[32:], r.RawObservers[:])
	b[95] = 128
	plainPut(b[96:128], r.JuelsPerFeeCoin)
	binary.BigEndian.PutUint64(b[152:], uint64(len(r.Observations)))
	for i, v := range r.Observations {
		plainPut(b[160+32*i:192+32*i], v)
	}
	return b
}

func plainPut(w []byte, v *big.Int) {
	if v.Sign() < 0 {
		v = new(big.Int).Add(two256, v)
	}
	v.FillBytes(w)
}

// plainDecode reads a median report with no check but that nothing is outside of the data.
func plainDecode(data []byte, r *ocr2.MedianReport) error {
	if len(data) < 128 {
		return errPlain
	}
	r.ObservationsTimestamp = binary.BigEndian.Uint32(data[28:])
	copy(r.RawObservers[:], data[32:])
	at := binary.BigEndian.Uint64(data[88:])
	r.JuelsPerFeeCoin = plainGet(data[96:128])
	if at > uint64(len(data)-32) {
		return errPlain
	}
	n := binary.BigEndian.Uint64(data[at+24:])
	data = data[at+32:]
	if n > uint64(len(data)/32) {
		return errPlain
	}
	r.Observations = make([]*big.Int, n)
	for i := range r.Observations {
		r.Observations[i] = plainGet(data[32*i : 32*i+32])
	}
	return nil
}

func plainGet(w []byte) *big.Int {
	v := new(big.Int).SetBytes(w)
	if w[0] >= 0x80 {
		v.Sub(v, two256)
	}
	return v
}
