package evmreportcodec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
)

const (
	wordLength = 32
	headLength = 4 * wordLength // of the four arguments; the array follows
)

// loose is a report that was decoded without the contract's strictness.
type loose struct {
	juelsPerFeeCoin *big.Int
	elements        []byte // of the array, 32 bytes each
	count           int    // of elements, at least 1
}

// observation returns element i, 0 <= i < count.
func (d loose) observation(i int) *big.Int {
	return signed(d.elements[wordLength*i:][:wordLength])
}

// decode reads a report as leniently as oracles have always done when they
// decide about accepting it: all of them must decide alike, also about a report
// that a faulty quorum signed. So the array may be at any offset, may overlap
// the rest and may be followed by more bytes; and numbers are taken as 256-bit
// signed. A timestamp of more than 32 bits and an array that is empty or that
// does not fit are refused.
func decode(report []byte) (loose, error) {
	if len(report) < headLength {
		return loose{}, fmt.Errorf("evmreportcodec: report has %d bytes, its head alone takes %d", len(report), headLength)
	}
	if ts, ok := unsigned(report[:wordLength]); !ok || ts > math.MaxUint32 {
		return loose{}, fmt.Errorf("evmreportcodec: report at 0: timestamp 0x%x has more than 32 bits", report[:wordLength])
	}
	at, ok := unsigned(report[2*wordLength : 3*wordLength])
	if !ok || at > uint64(len(report)-wordLength) {
		return loose{}, fmt.Errorf("evmreportcodec: report at %d: the observations are at 0x%x, but the report has only %d bytes",
			2*wordLength, report[2*wordLength:3*wordLength], len(report))
	}
	elements := report[at+wordLength:]
	count, ok := unsigned(report[at : at+wordLength])
	if !ok || count > uint64(len(elements)/wordLength) {
		return loose{}, fmt.Errorf("evmreportcodec: report at %d: 0x%x observations do not fit into the %d bytes left",
			at, report[at:at+wordLength], len(elements))
	}
	if count == 0 {
		return loose{}, errors.New("evmreportcodec: report has no observations")
	}
	return loose{
		juelsPerFeeCoin: signed(report[3*wordLength : 4*wordLength]),
		elements:        elements[:wordLength*count],
		count:           int(count),
	}, nil
}

// unsigned reads a word; ok says that it fits into 64 bits.
func unsigned(word []byte) (v uint64, ok bool) {
	for _, b := range word[:wordLength-8] {
		if b != 0 {
			return 0, false
		}
	}
	return binary.BigEndian.Uint64(word[wordLength-8:]), true
}

// signed reads a word as 256-bit two's complement.
func signed(word []byte) *big.Int {
	i := new(big.Int).SetBytes(word)
	if word[0]&0x80 != 0 {
		i.Sub(i, new(big.Int).Lsh(big.NewInt(1), 8*wordLength))
	}
	return i
}
