package config

import (
	"encoding/binary"
	"math/bits"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/permutation"
)

// LeadersV1 tells the leader of each epoch in OCR1 and OCR2. Each epoch's leader is drawn independently, so one oracle may
// lead several epochs in a row.
type LeadersV1 struct {
	key Key
	n   int
}

// NewLeadersV1 makes the leader function for n oracles, n > 0. The key is Keys.LeaderSelection of KeysV1.
func NewLeadersV1(n int, key Key) LeadersV1 {
	return LeadersV1{key, n}
}

// Leader returns the leader of the epoch. Every epoch has one, 0 included.
//
// Source: docs/protocol/ocr2.md, section "Keys, leaders and schedules".
func (l LeadersV1) Leader(epoch uint32) commontypes.OracleID {
	var e [8]byte
	binary.LittleEndian.PutUint64(e[:], uint64(epoch))
	sum := keccak256(l.key[:], e[:])
	// The hash is a 256-bit number, reduced word by word.
	rem := uint64(0)
	for i := 0; i < len(sum); i += 8 {
		_, rem = bits.Div64(rem, binary.BigEndian.Uint64(sum[i:]), uint64(l.n))
	}
	return commontypes.OracleID(rem)
}

// LeadersV3 tells the leader of each epoch in OCR3 and OCR3.1, where each oracle leads exactly once in every span of n epochs.
// It remembers the order of the last span asked for, so it is not safe for concurrent use.
type LeadersV3 struct {
	key   Key
	span  uint64
	order []int // leaders of the epochs of the span; nil before the first call
	n     int
}

// NewLeadersV3 makes the leader function for n oracles, n > 0. The key is Keys.LeaderSelection of KeysV3.
func NewLeadersV3(n int, key Key) *LeadersV3 {
	return &LeadersV3{key: key, n: n}
}

// Leader returns the leader of the epoch.
func (l *LeadersV3) Leader(epoch uint64) commontypes.OracleID {
	span, position := epoch/uint64(l.n), epoch%uint64(l.n)
	if l.order == nil || span != l.span {
		if l.order == nil {
			l.order = make([]int, l.n)
		}
		var s [8]byte
		binary.BigEndian.PutUint64(s[:], span)
		permutation.Into(l.order, hmac128(l.key[:], s[:]))
		l.span = span
	}
	return commontypes.OracleID(l.order[position])
}
