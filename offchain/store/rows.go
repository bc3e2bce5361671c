package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// Bounds on what a row may hold. They are far above what the protocol produces; they keep a caller's mistake or a damaged
// row from taking the memory of the process.
const (
	maxRowBytes        = 16 << 20
	maxListLength      = 1024
	rowVersion    byte = 1
	checksumSize       = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// CorruptRowError says that a row of the database does not decode.
type CorruptRowError struct {
	// Row says what the row is, for example `state of digest 0001…`.
	Row string
	// Key is the row's key in the database.
	Key []byte
	// Reason says what is wrong with it.
	Reason string
}

func (e *CorruptRowError) Error() string {
	return fmt.Sprintf("store: corrupt row (%s, key %x): %s", e.Row, e.Key, e.Reason)
}

// seal makes a row's value of its encoded fields: version, fields, checksum.
func seal(key []byte, encode func(*encoder)) ([]byte, error) {
	e := encoder{b: []byte{rowVersion}}
	encode(&e)
	if e.err == nil && len(e.b)+checksumSize > maxRowBytes {
		e.err = fmt.Errorf("row has %d bytes, at most %d are allowed", len(e.b)+checksumSize, maxRowBytes)
	}
	if e.err != nil {
		return nil, fmt.Errorf("store: cannot encode: %w", e.err)
	}
	return binary.BigEndian.AppendUint32(e.b, checksum(key, e.b)), nil
}

// unseal checks version and checksum of a row's value and decodes its fields, which must make up the whole of it.
func unseal(row string, key, value []byte, decode func(*decoder)) error {
	corrupt := func(format string, args ...any) error {
		return &CorruptRowError{Row: row, Key: append([]byte(nil), key...), Reason: fmt.Sprintf(format, args...)}
	}
	switch {
	case len(value) < 1+checksumSize:
		return corrupt("only %d bytes", len(value))
	case len(value) > maxRowBytes:
		return corrupt("%d bytes, more than %d", len(value), maxRowBytes)
	}
	body, sum := value[:len(value)-checksumSize], binary.BigEndian.Uint32(value[len(value)-checksumSize:])
	if got := checksum(key, body); got != sum {
		return corrupt("checksum is %08x, should be %08x", sum, got)
	}
	if body[0] != rowVersion {
		return corrupt("version %d, this program knows version %d only", body[0], rowVersion)
	}
	d := decoder{b: body[1:]}
	decode(&d)
	if d.err == nil && len(d.b) != 0 {
		d.err = fmt.Errorf("%d bytes too many", len(d.b))
	}
	if d.err != nil {
		return corrupt("%v", d.err)
	}
	return nil
}

// checksum covers the key too, so that a row under a wrong key is found out.
func checksum(key, body []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, body)
}

type encoder struct {
	b   []byte
	err error
}

func (e *encoder) uint8(v uint8)   { e.b = append(e.b, v) }
func (e *encoder) uint32(v uint32) { e.b = binary.BigEndian.AppendUint32(e.b, v) }
func (e *encoder) uint64(v uint64) { e.b = binary.BigEndian.AppendUint64(e.b, v) }
func (e *encoder) fixed(v []byte)  { e.b = append(e.b, v...) }

func (e *encoder) bytes(what string, v []byte) {
	if len(v) > maxRowBytes {
		e.fail("%s has %d bytes, at most %d are allowed", what, len(v), maxRowBytes)
		return
	}
	e.uint32(uint32(len(v)))
	e.fixed(v)
}

func (e *encoder) length(what string, n int) {
	if n > maxListLength {
		e.fail("%s has %d elements, at most %d are allowed", what, n, maxListLength)
		return
	}
	e.uint32(uint32(n))
}

// time keeps the instant to the nanosecond, not the time zone.
func (e *encoder) time(t time.Time) {
	e.uint64(uint64(t.Unix()))
	e.uint32(uint32(t.Nanosecond()))
}

func (e *encoder) fail(format string, args ...any) {
	if e.err == nil {
		e.err = fmt.Errorf(format, args...)
	}
}

// decoder reads fields until the first error; after that it returns zero values.
type decoder struct {
	b   []byte
	err error
}

var errShort = errors.New("ends too early")

func (d *decoder) fixed(n int) []byte {
	if d.err != nil || n > len(d.b) {
		if d.err == nil {
			d.err = errShort
		}
		return nil
	}
	v := d.b[:n]
	d.b = d.b[n:]
	return v
}

func (d *decoder) uint8() uint8 {
	if v := d.fixed(1); v != nil {
		return v[0]
	}
	return 0
}

func (d *decoder) uint32() uint32 {
	if v := d.fixed(4); v != nil {
		return binary.BigEndian.Uint32(v)
	}
	return 0
}

func (d *decoder) uint64() uint64 {
	if v := d.fixed(8); v != nil {
		return binary.BigEndian.Uint64(v)
	}
	return 0
}

// bytes returns a copy, never nil: rows live in memory of the database.
func (d *decoder) bytes() []byte {
	n := d.uint32()
	if uint64(n) > uint64(len(d.b)) {
		d.fail("field of %d bytes where %d are left", n, len(d.b))
	}
	return append([]byte{}, d.fixed(int(min(n, math.MaxInt32)))...)
}

// length reads the length of a list whose elements have at least elementSize bytes each.
func (d *decoder) length(elementSize int) int {
	n := d.uint32()
	if n > maxListLength || int(n)*elementSize > len(d.b) {
		d.fail("list of %d elements where %d bytes are left", n, len(d.b))
		return 0
	}
	return int(n)
}

func (d *decoder) time() time.Time {
	seconds, nanoseconds := int64(d.uint64()), d.uint32()
	if nanoseconds >= 1e9 {
		d.fail("%d nanoseconds in a second", nanoseconds)
		return time.Time{}
	}
	return time.Unix(seconds, int64(nanoseconds)).UTC()
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf(format, args...)
	}
}

func encodeState(e *encoder, state types.PersistentState) {
	e.uint32(state.Epoch)
	e.uint32(state.HighestSentEpoch)
	e.length("HighestReceivedEpoch", len(state.HighestReceivedEpoch))
	for _, epoch := range state.HighestReceivedEpoch {
		e.uint32(epoch)
	}
}

func decodeState(d *decoder) types.PersistentState {
	state := types.PersistentState{Epoch: d.uint32(), HighestSentEpoch: d.uint32()}
	state.HighestReceivedEpoch = make([]uint32, d.length(4))
	for i := range state.HighestReceivedEpoch {
		state.HighestReceivedEpoch[i] = d.uint32()
	}
	return state
}

type signedRound struct {
	epoch uint32
	round uint8
}

func (r signedRound) before(other signedRound) bool {
	return r.epoch < other.epoch || r.epoch == other.epoch && r.round < other.round
}

func encodeSignedRound(e *encoder, r signedRound) {
	e.uint32(r.epoch)
	e.uint8(r.round)
}

func decodeSignedRound(d *decoder) signedRound {
	return signedRound{epoch: d.uint32(), round: d.uint8()}
}

func encodeConfig(e *encoder, config types.ContractConfig) {
	e.fixed(config.ConfigDigest[:])
	e.uint64(config.ConfigCount)
	e.length("Signers", len(config.Signers))
	for _, signer := range config.Signers {
		e.bytes("signer", signer)
	}
	e.length("Transmitters", len(config.Transmitters))
	for _, transmitter := range config.Transmitters {
		e.bytes("transmitter", []byte(transmitter))
	}
	e.uint8(config.F)
	e.bytes("OnchainConfig", config.OnchainConfig)
	e.uint64(config.OffchainConfigVersion)
	e.bytes("OffchainConfig", config.OffchainConfig)
}

func decodeConfig(d *decoder) types.ContractConfig {
	var config types.ContractConfig
	copy(config.ConfigDigest[:], d.fixed(len(config.ConfigDigest)))
	config.ConfigCount = d.uint64()
	config.Signers = make([]types.OnchainPublicKey, d.length(4))
	for i := range config.Signers {
		config.Signers[i] = d.bytes()
	}
	config.Transmitters = make([]types.Account, d.length(4))
	for i := range config.Transmitters {
		config.Transmitters[i] = types.Account(d.bytes())
	}
	config.F = d.uint8()
	config.OnchainConfig = d.bytes()
	config.OffchainConfigVersion = d.uint64()
	config.OffchainConfig = d.bytes()
	return config
}

// encodePending puts the time first: collecting old rows looks at nothing else.
func encodePending(e *encoder, pending types.PendingTransmission) {
	e.time(pending.Time)
	e.fixed(pending.ExtraHash[:])
	e.bytes("Report", pending.Report)
	e.length("AttributedSignatures", len(pending.AttributedSignatures))
	for _, signature := range pending.AttributedSignatures {
		e.uint8(uint8(signature.Signer))
		e.bytes("signature", signature.Signature)
	}
}

func decodePending(d *decoder) types.PendingTransmission {
	var pending types.PendingTransmission
	pending.Time = d.time()
	copy(pending.ExtraHash[:], d.fixed(len(pending.ExtraHash)))
	pending.Report = d.bytes()
	pending.AttributedSignatures = make([]types.AttributedOnchainSignature, d.length(5))
	for i := range pending.AttributedSignatures {
		pending.AttributedSignatures[i] = types.AttributedOnchainSignature{
			Signer:    commontypes.OracleID(d.uint8()),
			Signature: d.bytes(),
		}
	}
	return pending
}
