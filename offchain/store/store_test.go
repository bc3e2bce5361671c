package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"pgregory.net/rapid"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
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

// TestModel runs random operations of several jobs against the store, reopening it now and then, and against plain maps.
func TestModel(t *testing.T) {
	type jobModel struct {
		config  *types.ContractConfig
		states  map[types.ConfigDigest]types.PersistentState
		rounds  map[types.ConfigDigest]signedRound
		pending map[types.ReportTimestamp]types.PendingTransmission
	}
	rapid.Check(t, func(rt *rapid.T) {
		ctx := context.Background()
		fs := vfs.NewMem()
		s, err := Open("store", Options{FS: fs})
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { s.Close() }()
		models := map[string]*jobModel{}
		for _, name := range []string{"", "a", "b"} {
			models[name] = &jobModel{
				states: map[types.ConfigDigest]types.PersistentState{}, rounds: map[types.ConfigDigest]signedRound{},
				pending: map[types.ReportTimestamp]types.PendingTransmission{},
			}
		}
		must := func(err error) {
			rt.Helper()
			if err != nil {
				rt.Fatal(err)
			}
		}
		pick := func(rt *rapid.T) (*DB, *jobModel, types.ConfigDigest) {
			name := rapid.SampledFrom([]string{"", "a", "b"}).Draw(rt, "job")
			return s.Job(name), models[name], digestOf(rapid.ByteRange(0, 2).Draw(rt, "digest"))
		}
		timestamp := func(rt *rapid.T, digest types.ConfigDigest) types.ReportTimestamp {
			return types.ReportTimestamp{ConfigDigest: digest, Epoch: rapid.Uint32Range(0, 3).Draw(rt, "epoch"), Round: rapid.ByteRange(0, 3).Draw(rt, "round")}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"config": func(rt *rapid.T) {
				db, m, _ := pick(rt)
				config := genConfig.Draw(rt, "config")
				must(db.WriteConfig(ctx, config))
				m.config = &config
			},
			"state": func(rt *rapid.T) {
				db, m, digest := pick(rt)
				state := types.PersistentState{Epoch: rapid.Uint32().Draw(rt, "epoch"), HighestSentEpoch: rapid.Uint32().Draw(rt, "sent"), HighestReceivedEpoch: rapid.SliceOfN(rapid.Uint32(), 0, 31).Draw(rt, "received")}
				must(db.WriteState(ctx, digest, state))
				m.states[digest] = state
			},
			"round": func(rt *rapid.T) {
				db, m, digest := pick(rt)
				next := signedRound{rapid.Uint32Range(0, 3).Draw(rt, "epoch"), rapid.ByteRange(0, 3).Draw(rt, "round")}
				err := db.WriteSignedRound(ctx, digest, next.epoch, next.round)
				if recorded, ok := m.rounds[digest]; ok && next.before(recorded) {
					if !errors.Is(err, ErrRoundGoesBack) {
						rt.Fatalf("writing %v after %v: got error %v, want ErrRoundGoesBack", next, recorded, err)
					}
					return
				}
				must(err)
				m.rounds[digest] = next
			},
			"store": func(rt *rapid.T) {
				db, m, digest := pick(rt)
				at, pending := timestamp(rt, digest), genPending.Draw(rt, "pending")
				must(db.StorePendingTransmission(ctx, at, pending))
				m.pending[at] = pending
			},
			"delete": func(rt *rapid.T) {
				db, m, digest := pick(rt)
				at := timestamp(rt, digest)
				must(db.DeletePendingTransmission(ctx, at))
				delete(m.pending, at)
			},
			"collect": func(rt *rapid.T) {
				db, m, _ := pick(rt)
				limit := genTime.Draw(rt, "limit")
				must(db.DeletePendingTransmissionsOlderThan(ctx, limit))
				maps.DeleteFunc(m.pending, func(_ types.ReportTimestamp, p types.PendingTransmission) bool { return p.Time.Before(limit) })
			},
			"reopen": func(rt *rapid.T) {
				must(s.Close())
				reopened, err := Open("store", Options{FS: fs})
				must(err)
				s = reopened
			},
			"": func(rt *rapid.T) {
				for name, m := range models {
					db := s.Job(name)
					config, err := db.ReadConfig(ctx)
					must(err)
					if !reflect.DeepEqual(config, m.config) {
						rt.Fatalf("job %q: config is %v, want %v", name, config, m.config)
					}
					for i := range byte(3) {
						digest := digestOf(i)
						state, err := db.ReadState(ctx, digest)
						must(err)
						want, ok := m.states[digest]
						if ok != (state != nil) || ok && !state.Equal(want) {
							rt.Fatalf("job %q: state of %s is %v, want %v (%v)", name, digest, state, want, ok)
						}
						epoch, round, ok, err := db.ReadSignedRound(ctx, digest)
						must(err)
						wantRound, wantOK := m.rounds[digest]
						if ok != wantOK || (signedRound{epoch, round}) != wantRound {
							rt.Fatalf("job %q: signed round of %s is (%d, %d) (%v), want %v (%v)", name, digest, epoch, round, ok, wantRound, wantOK)
						}
						pending, err := db.PendingTransmissionsWithConfigDigest(ctx, digest)
						must(err)
						wantPending := maps.Clone(m.pending)
						maps.DeleteFunc(wantPending, func(t types.ReportTimestamp, _ types.PendingTransmission) bool { return t.ConfigDigest != digest })
						if !reflect.DeepEqual(pending, wantPending) {
							rt.Fatalf("job %q: pending transmissions of %s are %v, want %v", name, digest, pending, wantPending)
						}
					}
				}
			},
		})
	})
}

// TestCrash lets several jobs write at once, takes copies of the file system as a crash would leave it, and looks whether a
// store opened on each copy has everything that had been acknowledged when the copy was taken.
func TestCrash(t *testing.T) {
	const jobs, writes = 4, 150
	fs := vfs.NewCrashableMem()
	s, err := Open("store", Options{FS: fs, MemTableBytes: 64 << 10}) // small, so that memtables are flushed too
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	digest := digestOf(1)

	type acknowledged struct {
		sync.Mutex
		rounds [jobs]uint32 // the last epoch acknowledged
		stored [jobs]uint32
	}
	var acks acknowledged
	var wg sync.WaitGroup
	for j := range jobs {
		db := s.Job(fmt.Sprint(j))
		wg.Go(func() {
			for i := uint32(1); i <= writes; i++ {
				if err := db.WriteSignedRound(ctx, digest, i, 1); err != nil {
					t.Errorf("job %d: %v", j, err)
					return
				}
				acks.Lock()
				acks.rounds[j] = i
				acks.Unlock()
				pending := types.PendingTransmission{Time: time.Unix(int64(i), 0), Report: make([]byte, 512)}
				if err := db.StorePendingTransmission(ctx, types.ReportTimestamp{ConfigDigest: digest, Epoch: i}, pending); err != nil {
					t.Errorf("job %d: %v", j, err)
					return
				}
				acks.Lock()
				acks.stored[j] = i
				acks.Unlock()
			}
		})
	}
	finished := make(chan struct{})
	go func() { wg.Wait(); close(finished) }()

	rng := rand.New(rand.NewPCG(1, 2))
	for crash := 0; ; crash++ {
		acks.Lock()
		rounds, stored := acks.rounds, acks.stored
		acks.Unlock()
		clone := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: []int{0, 50, 100}[crash%3], RNG: rng})
		after, err := Open("store", Options{FS: clone})
		if err != nil {
			t.Fatalf("crash %d: %v", crash, err)
		}
		for j := range jobs {
			db := after.Job(fmt.Sprint(j))
			epoch, _, ok, err := db.ReadSignedRound(ctx, digest)
			if err != nil || epoch < rounds[j] || ok != (epoch > 0) {
				t.Fatalf("crash %d: job %d: signed round is of epoch %d (%v, %v), had acknowledged %d", crash, j, epoch, ok, err, rounds[j])
			}
			pending, err := db.PendingTransmissionsWithConfigDigest(ctx, digest)
			if err != nil {
				t.Fatal(err)
			}
			for i := uint32(1); i <= stored[j]; i++ {
				if _, ok := pending[types.ReportTimestamp{ConfigDigest: digest, Epoch: i}]; !ok {
					t.Fatalf("crash %d: job %d: pending transmission %d of %d is lost", crash, j, i, stored[j])
				}
			}
		}
		if err := after.Close(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-finished:
			if crash > 5 {
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				return
			}
		default:
		}
	}
}

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

	kinds := []struct {
		name string
		key  []byte
		read func() error
	}{
		{"config", db.key(kindConfig, nil), func() error { _, err := db.ReadConfig(ctx); return err }},
		{"state", db.key(kindState, &digest), func() error { _, err := db.ReadState(ctx, digest); return err }},
		{"signed round", db.key(kindRound, &digest), func() error { _, _, _, err := db.ReadSignedRound(ctx, digest); return err }},
		{"signed round", db.key(kindRound, &digest), func() error { return db.WriteSignedRound(ctx, digest, 9, 9) }},
		{"pending transmission", db.pendingKey(at), func() error {
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

func TestBounds(t *testing.T) {
	ctx := context.Background()
	db := openMem(t, vfs.NewMem()).Job("job")
	for what, err := range map[string]error{
		"report":   db.StorePendingTransmission(ctx, types.ReportTimestamp{}, types.PendingTransmission{Report: make([]byte, maxRowBytes+1)}),
		"sum":      db.StorePendingTransmission(ctx, types.ReportTimestamp{}, types.PendingTransmission{Report: make([]byte, maxRowBytes)}),
		"epochs":   db.WriteState(ctx, types.ConfigDigest{}, types.PersistentState{HighestReceivedEpoch: make([]uint32, maxListLength+1)}),
		"signers":  db.WriteConfig(ctx, types.ContractConfig{Signers: make([]types.OnchainPublicKey, maxListLength+1)}),
		"accounts": db.WriteConfig(ctx, types.ContractConfig{Transmitters: make([]types.Account, maxListLength+1)}),
	} {
		if err == nil || !strings.Contains(err.Error(), "at most") {
			t.Errorf("%s: got error %v, want one that says what is allowed", what, err)
		}
	}
	if config, err := db.ReadConfig(ctx); config != nil || err != nil {
		t.Errorf("a refused write left %v, %v", config, err)
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
