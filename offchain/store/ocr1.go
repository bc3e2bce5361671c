package store

import (
	"context"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/offchain/bigbigendian"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// OCR1DB is the part of a Store that belongs to one job of OCR1. It implements ocr1types.Database and keeps the last signed
// round. All its methods are safe for concurrent use; writes take effect in the order in which they were called.
type OCR1DB struct {
	db *DB
}

var _ ocr1types.Database = OCR1DB{}

// OCR1 returns the job's part for OCR1. A job may move from OCR1 to another protocol: they leave each other's rows alone.
func (db *DB) OCR1() OCR1DB { return OCR1DB{db} }

// Name returns the name of the job.
func (o OCR1DB) Name() string { return o.db.name }

// ReadConfig implements ocr1types.Database.
func (o OCR1DB) ReadConfig(ctx context.Context) (*ocr1types.ContractConfig, error) {
	return readRow(ctx, o.db, o.db.key(kindOCR1Config, nil), "config", decodeOCR1Config)
}

// WriteConfig implements ocr1types.Database.
func (o OCR1DB) WriteConfig(ctx context.Context, config ocr1types.ContractConfig) error {
	return o.db.writeRow(ctx, o.db.key(kindOCR1Config, nil), func(e *encoder) { encodeOCR1Config(e, config) })
}

// ReadState implements ocr1types.Database.
func (o OCR1DB) ReadState(ctx context.Context, configDigest ocr1types.ConfigDigest) (*ocr1types.PersistentState, error) {
	return o.db.ReadState(ctx, ocr1types.NetworkDigest(configDigest))
}

// WriteState implements ocr1types.Database.
func (o OCR1DB) WriteState(ctx context.Context, configDigest ocr1types.ConfigDigest, state ocr1types.PersistentState) error {
	return o.db.WriteState(ctx, ocr1types.NetworkDigest(configDigest), state)
}

// ReadSignedRound is DB.ReadSignedRound for digests of OCR1.
func (o OCR1DB) ReadSignedRound(ctx context.Context, configDigest ocr1types.ConfigDigest) (epoch uint32, round uint8, ok bool, err error) {
	return o.db.ReadSignedRound(ctx, ocr1types.NetworkDigest(configDigest))
}

// WriteSignedRound is DB.WriteSignedRound for digests of OCR1.
func (o OCR1DB) WriteSignedRound(ctx context.Context, configDigest ocr1types.ConfigDigest, epoch uint32, round uint8) error {
	return o.db.WriteSignedRound(ctx, ocr1types.NetworkDigest(configDigest), epoch, round)
}

// StorePendingTransmission implements ocr1types.Database. It fails where the median is no int192.
func (o OCR1DB) StorePendingTransmission(ctx context.Context, t ocr1types.ReportTimestamp, pending ocr1types.PendingTransmission) error {
	return o.pending().store(ctx, widen(t), pending)
}

// PendingTransmissionsWithConfigDigest implements ocr1types.Database, with the bound and the errors that that of DB has.
func (o OCR1DB) PendingTransmissionsWithConfigDigest(
	ctx context.Context, configDigest ocr1types.ConfigDigest,
) (map[ocr1types.ReportTimestamp]ocr1types.PendingTransmission, error) {
	rows, err := o.pending().withDigest(ctx, ocr1types.NetworkDigest(configDigest))
	result := make(map[ocr1types.ReportTimestamp]ocr1types.PendingTransmission, len(rows))
	for t, pending := range rows {
		result[ocr1types.ReportTimestamp{ConfigDigest: configDigest, Epoch: t.Epoch, Round: t.Round}] = pending
	}
	return result, err
}

// DeletePendingTransmission implements ocr1types.Database.
func (o OCR1DB) DeletePendingTransmission(ctx context.Context, t ocr1types.ReportTimestamp) error {
	return o.pending().delete(ctx, widen(t))
}

// DeletePendingTransmissionsOlderThan implements ocr1types.Database. It also deletes rows that are corrupt, since they can never
// be transmitted, and returns an error that names them.
func (o OCR1DB) DeletePendingTransmissionsOlderThan(ctx context.Context, limit time.Time) error {
	return o.pending().deleteOlderThan(ctx, limit)
}

func (o OCR1DB) pending() pendingRows[ocr1types.PendingTransmission] {
	return pendingRows[ocr1types.PendingTransmission]{
		db: o.db, kind: kindOCR1Pending, encode: encodeOCR1Pending, decode: decodeOCR1Pending,
		due: func(pending ocr1types.PendingTransmission) time.Time { return pending.Time },
	}
}

func widen(t ocr1types.ReportTimestamp) types.ReportTimestamp {
	return types.ReportTimestamp{ConfigDigest: ocr1types.NetworkDigest(t.ConfigDigest), Epoch: t.Epoch, Round: t.Round}
}

func encodeOCR1Config(e *encoder, config ocr1types.ContractConfig) {
	e.fixed(config.ConfigDigest[:])
	for _, list := range [][]common.Address{config.Signers, config.Transmitters} {
		e.length("list of addresses", len(list))
		for _, address := range list {
			e.fixed(address[:])
		}
	}
	e.uint8(config.Threshold)
	e.uint64(config.EncodedConfigVersion)
	e.bytes("Encoded", config.Encoded)
}

func decodeOCR1Config(d *decoder) ocr1types.ContractConfig {
	var config ocr1types.ContractConfig
	copy(config.ConfigDigest[:], d.fixed(len(config.ConfigDigest)))
	for _, list := range []*[]common.Address{&config.Signers, &config.Transmitters} {
		*list = make([]common.Address, d.length(common.AddressLength))
		for i := range *list {
			copy((*list)[i][:], d.fixed(common.AddressLength))
		}
	}
	config.Threshold = d.uint8()
	config.EncodedConfigVersion = d.uint64()
	config.Encoded = d.bytes()
	return config
}

// observationSize is the length of an int192.
const observationSize = 24

// encodeOCR1Pending puts the time first: collecting old rows looks at nothing else.
func encodeOCR1Pending(e *encoder, pending ocr1types.PendingTransmission) {
	e.time(pending.Time)
	median := (*big.Int)(pending.Median)
	if median == nil {
		median = new(big.Int)
	}
	value, err := bigbigendian.SerializeSigned(observationSize, median)
	if err != nil {
		e.fail("Median: %w", err)
	}
	e.fixed(value)
	e.bytes("SerializedReport", pending.SerializedReport)
	for _, list := range [][][32]byte{pending.Rs, pending.Ss} {
		e.length("list of halves of signatures", len(list))
		for _, half := range list {
			e.fixed(half[:])
		}
	}
	e.fixed(pending.Vs[:])
}

func decodeOCR1Pending(d *decoder) ocr1types.PendingTransmission {
	var pending ocr1types.PendingTransmission
	pending.Time = d.time()
	if value := d.fixed(observationSize); value != nil {
		median, err := bigbigendian.DeserializeSigned(observationSize, value)
		if err != nil {
			d.fail("Median: %w", err)
		}
		pending.Median = median
	}
	pending.SerializedReport = d.bytes()
	for _, list := range []*[][32]byte{&pending.Rs, &pending.Ss} {
		*list = make([][32]byte, d.length(32))
		for i := range *list {
			copy((*list)[i][:], d.fixed(32))
		}
	}
	copy(pending.Vs[:], d.fixed(len(pending.Vs)))
	return pending
}
