// Package permutation derives permutations from keys. All oracles of an instance derive the same ones: they decide who leads
// an epoch and who transmits a report, and when.
package permutation

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
)

// Permutation returns the permutation of 0..n-1 that belongs to the key. It returns nil when n is 0, and panics when n is
// negative or too large for 31 bits.
func Permutation(n int, key [16]byte) []int {
	if n == 0 {
		return nil
	}
	if n < 0 {
		panic(fmt.Sprintf("permutation: length %d is negative", n))
	}
	a := make([]int, n)
	Into(a, key)
	return a
}

// Into writes the permutation of 0..len(dst)-1 that belongs to the key into dst. It is Permutation for callers that have a
// buffer of their own: it allocates the AES cipher and nothing that grows with the length. It panics when the length does not fit
// into 31 bits.
//
// The permutation is a Fisher-Yates shuffle. Its source of randomness is the keystream of AES-128 in counter mode with a
// counter that starts at zero, read in pieces of eight bytes, each a little-endian number of which bits 31 to 62 count. (The
// shuffle of math/rand with a Source of just these numbers gives the same.)
func Into(dst []int, key [16]byte) {
	if int64(len(dst)) > 1<<31-1 {
		panic(fmt.Sprintf("permutation: length %d does not fit into 31 bits", len(dst)))
	}
	for i := range dst {
		dst[i] = i
	}
	if len(dst) < 2 {
		return
	}
	s := newStream(&key)
	for i := len(dst) - 1; i > 0; i-- {
		j := s.below(uint32(i) + 1)
		dst[i], dst[j] = dst[j], dst[i]
	}
}

// stream yields the keystream, block by block.
type stream struct {
	block   cipher.Block
	counter uint64 // the next block; the upper half of the 16-byte counter stays 0 within any length that Into accepts
	buf     [aes.BlockSize]byte
	left    int // how many bytes of buf are still to be used
}

func newStream(key *[16]byte) *stream {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // the only error is a wrong length of the key
	}
	return &stream{block: block}
}

func (s *stream) next() uint64 {
	if s.left == 0 {
		clear(s.buf[:8])
		binary.BigEndian.PutUint64(s.buf[8:], s.counter)
		s.counter++
		s.block.Encrypt(s.buf[:], s.buf[:])
		s.left = len(s.buf)
	}
	u := binary.LittleEndian.Uint64(s.buf[len(s.buf)-s.left:])
	s.left -= 8
	return u
}

// draw returns the next 32 bits.
func (s *stream) draw() uint32 {
	return uint32(s.next() >> 31)
}

// below returns a uniformly distributed number in [0, m), for m > 0.
func (s *stream) below(m uint32) uint32 {
	p := uint64(s.draw()) * uint64(m)
	if low := uint32(p); low < m {
		// 2^32 is no multiple of m: the numbers whose low part is under the remainder are one too many.
		remainder := -m % m
		for low < remainder {
			p = uint64(s.draw()) * uint64(m)
			low = uint32(p)
		}
	}
	return uint32(p >> 32)
}
