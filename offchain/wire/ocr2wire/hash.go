package ocr2wire

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/ocrkit/ocrkit/offchain/types"
)

// ObservationDigest returns the bytes that an observer signs with its offchain key: a hash of the instance, the round, the
// query that it answered and the observation. The config digest keeps signatures of different instances apart.
//
// Source: docs/protocol/ocr2.md, "Signatures and hashes".
func ObservationDigest(ts types.ReportTimestamp, query, observation []byte) [32]byte {
	var buffer hashBuffer
	b := buffer.start(len(ts.ConfigDigest) + 4 + 1 + 8 + len(query) + 8 + len(observation))
	b = append(b, ts.ConfigDigest[:]...)
	b = binary.BigEndian.AppendUint32(b, ts.Epoch)
	b = append(b, ts.Round)
	b = appendHashed(b, query)
	b = appendHashed(b, observation)
	return sha256.Sum256(b)
}

// ExtraHash returns the hash of the evidence for a report: the query and the observations with their observers, in the
// order given. It is part of the context that report signatures cover, so that signatures on equal reports made from
// different evidence do not mix. The observers' signatures are not part of it.
//
// Source: docs/protocol/ocr2.md, "Signatures and hashes".
func ExtraHash(query []byte, observations []AttributedSignedObservation) [32]byte {
	size := 8 + len(query) + 8
	for i := range observations {
		size += 8 + len(observations[i].Observation) + 1
	}
	var buffer hashBuffer
	b := buffer.start(size)
	b = appendHashed(b, query)
	b = binary.BigEndian.AppendUint64(b, uint64(len(observations)))
	for i := range observations {
		b = appendHashed(b, observations[i].Observation)
		b = append(b, byte(observations[i].Observer))
	}
	return sha256.Sum256(b)
}

// appendHashed appends a byte string with its length before it, so that no two lists of strings look the same.
func appendHashed(b, s []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
	return append(b, s...)
}

// hashBuffer saves the allocation for what is hashed, in the usual case that it is small.
type hashBuffer [4096]byte

func (h *hashBuffer) start(size int) []byte {
	if size > len(h) {
		return make([]byte, 0, size)
	}
	return h[:0]
}
