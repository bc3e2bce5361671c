package store

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/ethereum/go-ethereum/common"
	"pgregory.net/rapid"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/types"
)

func openMem(t testing.TB, fs vfs.FS) *Store {
	t.Helper()
	s, err := Open("store", Options{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func digestOf(i byte) types.ConfigDigest { return types.ConfigDigest{0, 1, 31: i} }

func genBytes(min, max int) *rapid.Generator[[]byte] {
	return rapid.SliceOfN(rapid.Byte(), min, max)
}

var genTime = rapid.Custom(func(t *rapid.T) time.Time {
	return time.Unix(rapid.Int64Range(-1e10, 1e10).Draw(t, "seconds"), rapid.Int64Range(0, 1e9-1).Draw(t, "nanoseconds")).UTC()
})

var genPending = rapid.Custom(func(t *rapid.T) types.PendingTransmission {
	p := types.PendingTransmission{
		Time:                 genTime.Draw(t, "time"),
		ExtraHash:            [32]byte(genBytes(32, 32).Draw(t, "extraHash")),
		Report:               genBytes(0, 300).Draw(t, "report"),
		AttributedSignatures: []types.AttributedOnchainSignature{},
	}
	for range rapid.IntRange(0, 31).Draw(t, "signatures") {
		p.AttributedSignatures = append(p.AttributedSignatures, types.AttributedOnchainSignature{
			Signature: genBytes(0, 65).Draw(t, "signature"), Signer: commontypes.OracleID(rapid.Byte().Draw(t, "signer")),
		})
	}
	return p
})

var genConfig = rapid.Custom(func(t *rapid.T) types.ContractConfig {
	c := types.ContractConfig{
		ConfigDigest:          types.ConfigDigest(genBytes(32, 32).Draw(t, "digest")),
		ConfigCount:           rapid.Uint64().Draw(t, "count"),
		Signers:               []types.OnchainPublicKey{},
		Transmitters:          []types.Account{},
		F:                     rapid.Byte().Draw(t, "f"),
		OnchainConfig:         genBytes(0, 100).Draw(t, "onchainConfig"),
		OffchainConfigVersion: rapid.Uint64().Draw(t, "version"),
		OffchainConfig:        genBytes(0, 1000).Draw(t, "offchainConfig"),
	}
	for range rapid.IntRange(0, 31).Draw(t, "oracles") {
		c.Signers = append(c.Signers, genBytes(0, 40).Draw(t, "signer"))
		c.Transmitters = append(c.Transmitters, types.Account(rapid.String().Draw(t, "transmitter")))
	}
	return c
})

// TestOnDisk reopens a store on a real disk, and tries to open it twice.
func TestOnDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "store")
	ctx := context.Background()
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), dir) {
		t.Fatalf("opening a directory twice: got error %v, want one that names %s", err, dir)
	}
	if err := s.Job("x").WriteSignedRound(ctx, digestOf(1), 7, 8); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatalf("second Close: %v", err)
	}
	if err := s.Job("x").WriteSignedRound(ctx, digestOf(1), 7, 9); !errors.Is(err, ErrClosed) {
		t.Fatalf("write after Close: got %v, want ErrClosed", err)
	}
	if s, err = Open(dir, Options{}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	epoch, round, ok, err := s.Job("x").ReadSignedRound(ctx, digestOf(1))
	if epoch != 7 || round != 8 || !ok || err != nil {
		t.Fatalf("got (%d, %d), %v, %v", epoch, round, ok, err)
	}
}

func TestUnknownFormat(t *testing.T) {
	fs := vfs.NewMem()
	s := openMem(t, fs)
	if err := s.db.Set([]byte(formatKey), []byte{2}, pebble.Sync); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open("store", Options{FS: fs}); err == nil || !strings.Contains(err.Error(), "format 02") {
		t.Fatalf("got error %v, want one about format 02", err)
	}
}

// TestCorruptRows damages every byte of a row of each kind in turn.
func TestCorruptRows(t *testing.T) {
	ctx := context.Background()
	s := openMem(t, vfs.NewMem())
	db := s.Job("job")
	digest := digestOf(1)
	at := types.ReportTimestamp{ConfigDigest: digest, Epoch: 3, Round: 4}
	good := types.ReportTimestamp{ConfigDigest: digest, Epoch: 3, Round: 5}
	pending := types.PendingTransmission{Time: time.Unix(100, 0), Report: []byte("report"), AttributedSignatures: []types.AttributedOnchainSignature{{Signature: []byte{1}, Signer: 2}}}
	write := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write(db.WriteConfig(ctx, types.ContractConfig{Signers: []types.OnchainPublicKey{{1}}, Transmitters: []types.Account{"a"}}))
	write(db.WriteState(ctx, digest, types.PersistentState{HighestReceivedEpoch: []uint32{1, 2}}))
	write(db.WriteSignedRound(ctx, digest, 1, 2))
	write(db.StorePendingTransmission(ctx, good, pending))

	old, narrow := db.OCR1(), ocr1DigestOf(1)
	wide := ocr1types.NetworkDigest(narrow)
	write(old.WriteConfig(ctx, ocr1types.ContractConfig{Signers: []common.Address{{1}}, Transmitters: []common.Address{{2}}, Encoded: []byte{3}}))
	write(old.WriteState(ctx, narrow, types.PersistentState{HighestReceivedEpoch: []uint32{1, 2}}))

	kinds := []struct {
		name string
		key  []byte
		read func() error
	}{
		{"config", db.key(kindOCR1Config, nil), func() error { _, err := old.ReadConfig(ctx); return err }},
		{"state", db.key(kindState, &wide), func() error { _, err := old.ReadState(ctx, narrow); return err }},
		{"config", db.key(kindConfig, nil), func() error { _, err := db.ReadConfig(ctx); return err }},
		{"state", db.key(kindState, &digest), func() error { _, err := db.ReadState(ctx, digest); return err }},
		{"signed round", db.key(kindRound, &digest), func() error { _, _, _, err := db.ReadSignedRound(ctx, digest); return err }},
		{"signed round", db.key(kindRound, &digest), func() error { return db.WriteSignedRound(ctx, digest, 9, 9) }},
		{"pending transmission", db.pendingKey(kindPending, at), func() error {
			write(db.StorePendingTransmission(ctx, good, pending))
			rows, err := db.PendingTransmissionsWithConfigDigest(ctx, digest)
			if _, ok := rows[good]; !ok {
				return errors.New("the undamaged row is missing")
			}
			return err
		}},
	}
	for _, kind := range kinds {
		if kind.name == "pending transmission" {
			write(db.StorePendingTransmission(ctx, at, pending))
		}
		value, closer, err := s.db.Get(kind.key)
		if err != nil {
			t.Fatalf("%s: %v", kind.name, err)
		}
		original := append([]byte(nil), value...)
		closer.Close()
		damage := func(what string, damaged []byte) {
			t.Helper()
			if err := s.db.Set(kind.key, damaged, pebble.NoSync); err != nil {
				t.Fatal(err)
			}
			var corrupt *CorruptRowError
			if err := kind.read(); !errors.As(err, &corrupt) || !strings.Contains(corrupt.Row, kind.name) {
				t.Errorf("%s, %s: got error %v, want a CorruptRowError that names the row", kind.name, what, err)
			}
		}
		for i := range original {
			damaged := append([]byte(nil), original...)
			damaged[i] ^= 0x10
			damage(fmt.Sprintf("byte %d flipped", i), damaged)
			damage(fmt.Sprintf("cut to %d bytes", i), original[:i])
		}
		damage("one byte more", append(append([]byte(nil), original...), 0))
		if kind.name == "pending transmission" {
			// Collecting takes the damaged row away, and says so.
			var corrupt *CorruptRowError
			if err := db.DeletePendingTransmissionsOlderThan(ctx, time.Unix(50, 0)); !errors.As(err, &corrupt) {
				t.Errorf("collecting a corrupt row: got error %v, want a CorruptRowError", err)
			}
			if rows, err := db.PendingTransmissionsWithConfigDigest(ctx, digest); err != nil || len(rows) != 1 {
				t.Errorf("after collecting: %d rows, error %v; want the good row alone", len(rows), err)
			}
		} else {
			write(s.db.Set(kind.key, original, pebble.NoSync))
		}
	}
	// A good value under the key of another row is corrupt as well.
	other := digestOf(2)
	value, closer, err := s.db.Get(db.key(kindState, &digest))
	if err != nil {
		t.Fatal(err)
	}
	write(s.db.Set(db.key(kindState, &other), value, pebble.NoSync))
	closer.Close()
	var corrupt *CorruptRowError
	if _, err := db.ReadState(ctx, other); !errors.As(err, &corrupt) {
		t.Errorf("row under a wrong key: got error %v, want a CorruptRowError", err)
	}
}

// TestCorruptOCR1Pending damages every byte of a pending transmission of OCR1 in turn.
func TestCorruptOCR1Pending(t *testing.T) {
	ctx := context.Background()
	s := openMem(t, vfs.NewMem())
	db := s.Job("job").OCR1()
	at := ocr1types.ReportTimestamp{ConfigDigest: ocr1DigestOf(1), Epoch: 3, Round: 4}
	good := ocr1types.ReportTimestamp{ConfigDigest: ocr1DigestOf(1), Epoch: 3, Round: 5}
	pending := ocr1types.PendingTransmission{
		Time: time.Unix(100, 0), Median: big.NewInt(-7), SerializedReport: []byte("report"), Rs: [][32]byte{{1}}, Ss: [][32]byte{{2}}, Vs: [32]byte{1},
	}
	for _, t1 := range []ocr1types.ReportTimestamp{at, good} {
		if err := db.StorePendingTransmission(ctx, t1, pending); err != nil {
			t.Fatal(err)
		}
	}
	key := db.db.pendingKey(kindOCR1Pending, widen(at))
	value, closer, err := s.db.Get(key)
	if err != nil {
		t.Fatal(err)
	}
	original := append([]byte(nil), value...)
	closer.Close()
	for i := range original {
		flipped := append([]byte(nil), original...)
		flipped[i] ^= 0x10
		for _, damaged := range [][]byte{flipped, original[:i]} {
			if err := s.db.Set(key, damaged, pebble.NoSync); err != nil {
				t.Fatal(err)
			}
			rows, err := db.PendingTransmissionsWithConfigDigest(ctx, ocr1DigestOf(1))
			var corrupt *CorruptRowError
			if _, ok := rows[good]; !ok || len(rows) != 1 || !errors.As(err, &corrupt) {
				t.Fatalf("byte %d: rows %v, error %v; want the undamaged one, and an error about the other", i, rows, err)
			}
		}
	}
	var corrupt *CorruptRowError
	if err := db.DeletePendingTransmissionsOlderThan(ctx, time.Unix(50, 0)); !errors.As(err, &corrupt) {
		t.Errorf("collecting a corrupt row: got error %v, want a CorruptRowError", err)
	}
	if rows, err := db.PendingTransmissionsWithConfigDigest(ctx, ocr1DigestOf(1)); err != nil || len(rows) != 1 {
		t.Errorf("after collecting: %d rows, error %v; want the good row alone", len(rows), err)
	}
}

// A job that moved from OCR1 to OCR2 has both, and neither sees the other's.
func TestOCR1BesideOCR2(t *testing.T) {
	ctx := context.Background()
	db := openMem(t, vfs.NewMem()).Job("job")
	if db.OCR1().Name() != "job" {
		t.Errorf("name %q", db.OCR1().Name())
	}
	narrow := ocr1DigestOf(1)
	for _, err := range []error{
		db.OCR1().WriteConfig(ctx, ocr1types.ContractConfig{ConfigDigest: narrow}),
		db.WriteConfig(ctx, types.ContractConfig{ConfigDigest: digestOf(1)}),
		db.OCR1().StorePendingTransmission(ctx, ocr1types.ReportTimestamp{ConfigDigest: narrow}, ocr1types.PendingTransmission{Time: time.Unix(1, 0)}),
		db.StorePendingTransmission(ctx, types.ReportTimestamp{ConfigDigest: digestOf(1)}, types.PendingTransmission{Time: time.Unix(1, 0)}),
		db.OCR1().DeletePendingTransmissionsOlderThan(ctx, time.Unix(2, 0)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	old, err := db.OCR1().ReadConfig(ctx)
	if err != nil || old == nil || old.ConfigDigest != narrow {
		t.Errorf("config of OCR1 is %v (%v)", old, err)
	}
	config, err := db.ReadConfig(ctx)
	if err != nil || config == nil || config.ConfigDigest != digestOf(1) {
		t.Errorf("config of OCR2 is %v (%v)", config, err)
	}
	if rows, err := db.OCR1().PendingTransmissionsWithConfigDigest(ctx, narrow); err != nil || len(rows) != 0 {
		t.Errorf("OCR1 has %v (%v) after collecting", rows, err)
	}
	if rows, err := db.PendingTransmissionsWithConfigDigest(ctx, digestOf(1)); err != nil || len(rows) != 1 {
		t.Errorf("OCR2 has %v (%v)", rows, err)
	}
}

func TestBounds(t *testing.T) {
	ctx := context.Background()
	db := openMem(t, vfs.NewMem()).Job("job")
	for what, err := range map[string]error{
		"report":   db.StorePendingTransmission(ctx, types.ReportTimestamp{}, types.PendingTransmission{Report: make([]byte, maxRowBytes+1)}),
		"sum":      db.StorePendingTransmission(ctx, types.ReportTimestamp{}, types.PendingTransmission{Report: make([]byte, maxRowBytes)}),
		"epochs":   db.WriteState(ctx, types.ConfigDigest{}, types.PersistentState{HighestReceivedEpoch: make([]uint32, maxListLength+1)}),
		"signers":  db.WriteConfig(ctx, types.ContractConfig{Signers: make([]types.OnchainPublicKey, maxListLength+1)}),
		"encoded":  db.OCR1().WriteConfig(ctx, ocr1types.ContractConfig{Encoded: make([]byte, maxRowBytes+1)}),
		"oracles":  db.OCR1().WriteConfig(ctx, ocr1types.ContractConfig{Signers: make([]common.Address, maxListLength+1)}),
		"accounts": db.WriteConfig(ctx, types.ContractConfig{Transmitters: make([]types.Account, maxListLength+1)}),
	} {
		if err == nil || !strings.Contains(err.Error(), "at most") {
			t.Errorf("%s: got error %v, want one that says what is allowed", what, err)
		}
	}
	if config, err := db.ReadConfig(ctx); config != nil || err != nil {
		t.Errorf("a refused write left %v, %v", config, err)
	}
	wide := ocr1types.PendingTransmission{Median: new(big.Int).Lsh(big.NewInt(1), 191)}
	if err := db.OCR1().StorePendingTransmission(ctx, ocr1types.ReportTimestamp{}, wide); err == nil || !strings.Contains(err.Error(), "Median") {
		t.Errorf("a median of 192 bits and a sign: got error %v", err)
	}
}

// gate holds back syncs of the write-ahead log.
type gate struct {
	mu     sync.Mutex
	opened *sync.Cond
	closed bool
	held   chan struct{} // gets a value when a sync is held back
	fail   error
}

func newGate() *gate {
	g := &gate{held: make(chan struct{}, 100)}
	g.opened = sync.NewCond(&g.mu)
	return g
}

func (g *gate) set(closed bool, fail error) {
	g.mu.Lock()
	g.closed, g.fail = closed, fail
	g.opened.Broadcast()
	g.mu.Unlock()
}

func (g *gate) String() string { return "gate" }

func (g *gate) MaybeError(op errorfs.Op) error {
	switch op.Kind {
	case errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo:
	default:
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		g.held <- struct{}{}
	}
	for g.closed {
		g.opened.Wait()
	}
	return g.fail
}

// TestDeadlines holds back the disk: calls return when their contexts end, what had not begun never happens, what had begun
// lands, and the order of writes is kept.
func TestDeadlines(t *testing.T) {
	g := newGate()
	s := openMem(t, errorfs.Wrap(vfs.NewMem(), g))
	db := s.Job("job")
	ctx := context.Background()
	digest := digestOf(1)

	g.set(true, nil)
	first, cancelFirst := context.WithCancel(ctx)
	results := make(chan error, 2)
	go func() { results <- db.WriteSignedRound(first, digest, 1, 1) }()
	<-g.held
	cancelFirst()
	if err := <-results; !errors.Is(err, ErrOutcomeUnknown) || !errors.Is(err, context.Canceled) {
		t.Fatalf("write under way: got %v, want ErrOutcomeUnknown and the context's error", err)
	}
	second, cancelSecond := context.WithTimeout(ctx, time.Millisecond)
	defer cancelSecond()
	if err := db.WriteState(second, digest, types.PersistentState{Epoch: 5}); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrOutcomeUnknown) {
		t.Fatalf("write that had not begun: got %v, want only the context's error", err)
	}
	third := make(chan error, 1)
	go func() { third <- db.WriteSignedRound(ctx, digest, 2, 0) }()
	g.set(false, nil)
	if err := <-third; err != nil {
		t.Fatal(err)
	}
	if epoch, round, ok, err := db.ReadSignedRound(ctx, digest); epoch != 2 || round != 0 || !ok || err != nil {
		t.Errorf("signed round: got (%d, %d), %v, %v; want (2, 0)", epoch, round, ok, err)
	}
	if state, err := db.ReadState(ctx, digest); state != nil || err != nil {
		t.Errorf("the write that had not begun happened: %v, %v", state, err)
	}
	if err := db.WriteState(first, digest, types.PersistentState{}); !errors.Is(err, context.Canceled) {
		t.Errorf("write with an ended context: got %v", err)
	}
	if _, err := db.ReadState(first, digest); !errors.Is(err, context.Canceled) {
		t.Errorf("read with an ended context: got %v", err)
	}
}

// TestFailure breaks the disk: nothing is acknowledged any more, calls return at once, and so does Close.
func TestFailure(t *testing.T) {
	g := newGate()
	s, err := Open("store", Options{FS: errorfs.Wrap(vfs.NewMem(), g)})
	if err != nil {
		t.Fatal(err)
	}
	db := s.Job("job")
	ctx := context.Background()
	broken := errors.New("the disk is gone")
	g.set(false, broken)
	if err := db.WriteSignedRound(ctx, digestOf(1), 1, 1); err == nil || !strings.Contains(err.Error(), broken.Error()) {
		t.Fatalf("write to a broken disk: got %v", err)
	}
	if err := db.WriteSignedRound(ctx, digestOf(1), 1, 2); err == nil {
		t.Fatal("second write to a broken disk succeeded")
	}
	if _, err := db.ReadState(ctx, digestOf(1)); !errors.Is(err, ErrFailed) {
		t.Fatalf("read after a failure: got %v, want ErrFailed", err)
	}
	if err := s.Close(); !errors.Is(err, ErrFailed) {
		t.Fatalf("Close after a failure: got %v, want ErrFailed", err)
	}
}

// FuzzRows feeds arbitrary bytes, with a good checksum, to all decoders.
func FuzzRows(f *testing.F) {
	key := []byte("key")
	for _, encode := range []func(*encoder){
		func(e *encoder) {
			encodeState(e, types.PersistentState{Epoch: 1, HighestReceivedEpoch: []uint32{1, 2}})
		},
		func(e *encoder) { encodeSignedRound(e, signedRound{1, 2}) },
		func(e *encoder) {
			encodeConfig(e, types.ContractConfig{Signers: []types.OnchainPublicKey{{1}}, Transmitters: []types.Account{"0x"}})
		},
		func(e *encoder) {
			encodePending(e, types.PendingTransmission{Report: []byte{1}, AttributedSignatures: []types.AttributedOnchainSignature{{Signature: []byte{1}}}})
		},
		func(e *encoder) {
			encodeOCR1Config(e, ocr1types.ContractConfig{Signers: []common.Address{{1}}, Transmitters: []common.Address{{2}}, Encoded: []byte{3}})
		},
		func(e *encoder) {
			encodeOCR1Pending(e, ocr1types.PendingTransmission{Median: big.NewInt(-1), SerializedReport: []byte{1}, Rs: [][32]byte{{1}}, Ss: [][32]byte{{2}}})
		},
	} {
		e := encoder{}
		encode(&e)
		f.Add(e.b)
	}
	f.Fuzz(func(t *testing.T, fields []byte) {
		value, err := seal(key, func(e *encoder) { e.fixed(fields) })
		if err != nil {
			t.Fatal(err)
		}
		// Whatever decodes must encode to the same bytes.
		check := func(what string, decode func(*decoder) func(*encoder)) {
			var encode func(*encoder)
			if err := unseal(what, key, value, func(d *decoder) { encode = decode(d) }); err != nil {
				return
			}
			again, err := seal(key, encode)
			if err != nil || string(again) != string(value) {
				t.Errorf("%s: %x decodes and encodes to %x, %v", what, value, again, err)
			}
		}
		check("state", func(d *decoder) func(*encoder) { v := decodeState(d); return func(e *encoder) { encodeState(e, v) } })
		check("signed round", func(d *decoder) func(*encoder) {
			v := decodeSignedRound(d)
			return func(e *encoder) { encodeSignedRound(e, v) }
		})
		check("config", func(d *decoder) func(*encoder) { v := decodeConfig(d); return func(e *encoder) { encodeConfig(e, v) } })
		check("pending", func(d *decoder) func(*encoder) {
			v := decodePending(d)
			return func(e *encoder) { encodePending(e, v) }
		})
		check("config of OCR1", func(d *decoder) func(*encoder) {
			v := decodeOCR1Config(d)
			return func(e *encoder) { encodeOCR1Config(e, v) }
		})
		check("pending of OCR1", func(d *decoder) func(*encoder) {
			v := decodeOCR1Pending(d)
			return func(e *encoder) { encodeOCR1Pending(e, v) }
		})
		check("announcement", func(d *decoder) func(*encoder) {
			v := decodeAnnouncement(d)
			return func(e *encoder) { encodeAnnouncement(e, v) }
		})
		_ = unseal("raw", key, fields, func(d *decoder) { decodeConfig(d) })
	})
}

// BenchmarkWriteSignedRound measures synced writes of many jobs at once on a real disk.
func BenchmarkWriteSignedRound(b *testing.B) {
	for _, jobs := range []int{1, 100} {
		b.Run(fmt.Sprintf("jobs=%d", jobs), func(b *testing.B) {
			s, err := Open(b.TempDir(), Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			var wg sync.WaitGroup
			for j := range jobs {
				db := s.Job(fmt.Sprint(j))
				wg.Go(func() {
					for i := range b.N / jobs {
						if err := db.WriteSignedRound(context.Background(), digestOf(1), uint32(i), 0); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
		})
	}
}
