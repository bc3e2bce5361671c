package solabi

import "github.com/holiman/uint256"

// PutU256 writes v.
func PutU256(w []byte, v *uint256.Int) {
	limbs{v[3], v[2], v[1], v[0]}.put(w)
}

// FitsU256 reports whether v is an unsigned integer of the given width, 8 to 256 bits.
func FitsU256(v *uint256.Int, width int) bool {
	return limbs{v[3], v[2], v[1], v[0]}.within(&outsideUint[width/8])
}

// U256 reads an unsigned integer of the given width, 8 to 256 bits, into v; it returns false if the word holds a larger one.
func U256(v *uint256.Int, w []byte, width int) bool {
	l := limbsOf(w)
	if !l.within(&outsideUint[width/8]) {
		return false
	}
	*v = uint256.Int{l.d, l.c, l.b, l.a}
	return true
}

// PackU256 writes v as an unsigned integer of len(b) bytes, 1 to 32. It returns false, and writes nothing, if v is too large.
func PackU256(b []byte, v *uint256.Int) bool {
	if !FitsU256(v, 8*len(b)) {
		return false
	}
	w := v.Bytes32()
	copy(b, w[WordSize-len(b):])
	return true
}
