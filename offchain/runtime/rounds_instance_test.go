package runtime

import (
	"context"
	"errors"
	"maps"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// pendingTable is a database that does not look at digests when it is read, and keeps names for reports.
type pendingTable[D, T comparable] struct {
	rows map[T]string
	err  error
}

func (d *pendingTable[D, T]) StorePendingTransmission(_ context.Context, ts T, p string) error {
	d.rows[ts] = p
	return d.err
}

func (d *pendingTable[D, T]) PendingTransmissionsWithConfigDigest(context.Context, D) (map[T]string, error) {
	return d.rows, d.err
}

func (d *pendingTable[D, T]) DeletePendingTransmission(_ context.Context, ts T) error {
	delete(d.rows, ts)
	return d.err
}

// checkPendingRecords stores, reads and deletes under one of two digests.
func checkPendingRecords[D, T comparable](
	t *testing.T, own, other D, timestamp func(D, rounds.Round) T, parts func(T) (D, rounds.Round),
) {
	t.Helper()
	ctx, first, second := context.Background(), rounds.Round{Epoch: 1 << 31, Round: 255}, rounds.Round{Epoch: 2, Round: 1}
	others := timestamp(other, first)
	db := &pendingTable[D, T]{rows: map[T]string{others: "of another instance"}}
	records := pendingOf(db, own, timestamp, parts)
	for round, name := range map[rounds.Round]string{first: "first", second: "second"} {
		if err := records.store(ctx, round, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := records.delete(ctx, second); err != nil {
		t.Fatal(err)
	}
	if want := (map[T]string{others: "of another instance", timestamp(own, first): "first"}); !maps.Equal(db.rows, want) {
		t.Errorf("the database has %v, want %v", db.rows, want)
	}
	got, err := records.read(ctx)
	if want := (map[rounds.Round]string{first: "first"}); err != nil || !maps.Equal(got, want) {
		t.Errorf("read %v, %v; want %v", got, err, want)
	}
	db.err = errors.New("no connection")
	if _, err := records.read(ctx); !errors.Is(err, db.err) {
		t.Errorf("a read that failed gave %v", err)
	}
}

func TestPendingRecordsAreThoseOfTheInstance(t *testing.T) {
	checkPendingRecords(t, ocr1types.ConfigDigest{1}, ocr1types.ConfigDigest{2}, ocr1Timestamp, ocr1TimestampParts)
	checkPendingRecords(t, types.ConfigDigest{1}, types.ConfigDigest{2}, ocr2Timestamp, ocr2TimestampParts)
}
