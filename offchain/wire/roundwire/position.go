package roundwire

import "github.com/ocrkit/ocrkit/offchain/wire/wirefield"

// SizePosition is the size of the fields that messages of a round begin with.
func SizePosition(epoch uint32, round uint8) int {
	return wirefield.SizeUint(uint64(epoch)) + wirefield.SizeUint(uint64(round))
}

// AppendPosition appends the fields that messages of a round begin with: epoch 1, round 2.
func AppendPosition(b []byte, epoch uint32, round uint8) []byte {
	return wirefield.AppendUint(wirefield.AppendUint(b, 1, uint64(epoch)), 2, uint64(round))
}

// ReadPosition reads the fields that messages of a round begin with; it tells whether f was one of them.
func ReadPosition(f *wirefield.Field, epoch *uint32, round *uint8) bool {
	switch {
	case f.Num == 1 && f.IsUint:
		*epoch = uint32(f.Uint)
	case f.Num == 2 && f.IsUint:
		*round = uint8(f.Uint)
	default:
		return false
	}
	return true
}
