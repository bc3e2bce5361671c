package store

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/types"
)

// The layout of keys:
//
//	"format"                                                    version of the layout, one byte, no checksum
//	'j' job(16) 'c'                                             config
//	'j' job(16) 's' digest(32)                                  pacemaker state
//	'j' job(16) 'r' digest(32)                                  last signed round
//	'j' job(16) 'p' digest(32) epoch(4, big-endian) round(1)    pending transmission
//	'j' job(16) 't' digest(32) key (text)                       protocol state of OCR3
//	'j' job(16) 'C'                                             config of OCR1
//	'j' job(16) 'P' digest(32) epoch(4, big-endian) round(1)    pending transmission of OCR1
//	'a' peer(16) peer id (text)                                 announcement of the peer with this id
//
// Digests of OCR1 are there as ocr1types.NetworkDigest widens them. job is the first half of SHA-256 over the job's name, peer that over the id of the peer whose store it is: names of any
// length make keys of one length.
const (
	formatKey          = "format"
	formatVersion byte = 1

	jobIDSize              = 16
	kindConfig        byte = 'c'
	kindState         byte = 's'
	kindRound         byte = 'r'
	kindPending       byte = 'p'
	kindProtocolState byte = 't'
	kindOCR1Config    byte = 'C'
	kindOCR1Pending   byte = 'P'
	kindAnnouncement  byte = 'a' // the first byte of a key, instead of 'j'
	pendingKeyLen          = 1 + jobIDSize + 1 + 32 + 4 + 1
)

func jobPrefix(name string) []byte {
	sum := sha256.Sum256([]byte(name))
	return append([]byte{'j'}, sum[:jobIDSize]...)
}

func (db *DB) key(kind byte, digest *types.ConfigDigest) []byte {
	key := make([]byte, 0, pendingKeyLen)
	key = append(key, db.prefix...)
	key = append(key, kind)
	if digest != nil {
		key = append(key, digest[:]...)
	}
	return key
}

func (db *DB) pendingKey(kind byte, t types.ReportTimestamp) []byte {
	key := db.key(kind, &t.ConfigDigest)
	key = binary.BigEndian.AppendUint32(key, t.Epoch)
	return append(key, t.Round)
}

// parsePendingKey is the inverse of pendingKey.
func parsePendingKey(key []byte) (types.ReportTimestamp, error) {
	if len(key) != pendingKeyLen {
		return types.ReportTimestamp{}, fmt.Errorf("key has %d bytes, want %d", len(key), pendingKeyLen)
	}
	rest := key[1+jobIDSize+1:]
	return types.ReportTimestamp{
		ConfigDigest: types.ConfigDigest(rest[:32]),
		Epoch:        binary.BigEndian.Uint32(rest[32:36]),
		Round:        rest[36],
	}, nil
}

// prefixEnd returns the first key that is greater than all keys with the prefix. The prefix must not be all 0xff; ours begin
// with 'j'.
func prefixEnd(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}
