package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/ethereum/go-ethereum/common"
	"pgregory.net/rapid"

	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// database is what the databases of OCR1 and OCR2 have in common.
type database[C any, D, T comparable, P any] interface {
	ReadConfig(context.Context) (*C, error)
	WriteConfig(context.Context, C) error
	ReadState(context.Context, D) (*types.PersistentState, error)
	WriteState(context.Context, D, types.PersistentState) error
	ReadSignedRound(context.Context, D) (epoch uint32, round uint8, ok bool, err error)
	WriteSignedRound(context.Context, D, uint32, uint8) error
	StorePendingTransmission(context.Context, T, P) error
	PendingTransmissionsWithConfigDigest(context.Context, D) (map[T]P, error)
	DeletePendingTransmission(context.Context, T) error
	DeletePendingTransmissionsOlderThan(context.Context, time.Time) error
}

// protocol is one of them, with what a test must know to use it: configs, digests, timestamps, pending transmissions.
type protocol[C any, D, T comparable, P any] struct {
	job       func(*DB) database[C, D, T, P]
	digest    func(byte) D
	timestamp func(D, uint32, uint8) T
	digestOf  func(T) D
	config    *rapid.Generator[C]
	pending   *rapid.Generator[P]
	example   func(epoch uint32) P
	due       func(P) time.Time
}

var ocr2Protocol = protocol[types.ContractConfig, types.ConfigDigest, types.ReportTimestamp, types.PendingTransmission]{
	job: func(db *DB) database[types.ContractConfig, types.ConfigDigest, types.ReportTimestamp, types.PendingTransmission] {
		return db
	},
	digest: digestOf,
	timestamp: func(digest types.ConfigDigest, epoch uint32, round uint8) types.ReportTimestamp {
		return types.ReportTimestamp{ConfigDigest: digest, Epoch: epoch, Round: round}
	},
	digestOf: func(t types.ReportTimestamp) types.ConfigDigest { return t.ConfigDigest },
	config:   genConfig,
	pending:  genPending,
	example: func(epoch uint32) types.PendingTransmission {
		return types.PendingTransmission{Time: time.Unix(int64(epoch), 0), Report: make([]byte, 512)}
	},
	due: func(pending types.PendingTransmission) time.Time { return pending.Time },
}

var ocr1Protocol = protocol[ocr1types.ContractConfig, ocr1types.ConfigDigest, ocr1types.ReportTimestamp, ocr1types.PendingTransmission]{
	job: func(db *DB) database[ocr1types.ContractConfig, ocr1types.ConfigDigest, ocr1types.ReportTimestamp, ocr1types.PendingTransmission] {
		return db.OCR1()
	},
	digest: ocr1DigestOf,
	timestamp: func(digest ocr1types.ConfigDigest, epoch uint32, round uint8) ocr1types.ReportTimestamp {
		return ocr1types.ReportTimestamp{ConfigDigest: digest, Epoch: epoch, Round: round}
	},
	digestOf: func(t ocr1types.ReportTimestamp) ocr1types.ConfigDigest { return t.ConfigDigest },
	config:   genOCR1Config,
	pending:  genOCR1Pending,
	example: func(epoch uint32) ocr1types.PendingTransmission {
		return ocr1types.PendingTransmission{Time: time.Unix(int64(epoch), 0), SerializedReport: make([]byte, 512)}
	},
	due: func(pending ocr1types.PendingTransmission) time.Time { return pending.Time },
}

func ocr1DigestOf(i byte) ocr1types.ConfigDigest { return ocr1types.ConfigDigest{1, 15: i} }

var genWords = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) [32]byte { return [32]byte(genBytes(32, 32).Draw(t, "word")) }), 0, 31)

var genOCR1Pending = rapid.Custom(func(t *rapid.T) ocr1types.PendingTransmission {
	median := new(big.Int).SetBytes(genBytes(1, 23).Draw(t, "median"))
	if rapid.Bool().Draw(t, "negative") {
		median.Neg(median)
	}
	return ocr1types.PendingTransmission{
		Time:             genTime.Draw(t, "time"),
		Median:           median,
		SerializedReport: genBytes(0, 300).Draw(t, "report"),
		Rs:               genWords.Draw(t, "rs"),
		Ss:               genWords.Draw(t, "ss"),
		Vs:               [32]byte(genBytes(32, 32).Draw(t, "vs")),
	}
})

var genOCR1Config = rapid.Custom(func(t *rapid.T) ocr1types.ContractConfig {
	addresses := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) common.Address {
		return common.Address(genBytes(20, 20).Draw(t, "address"))
	}), 0, 31)
	return ocr1types.ContractConfig{
		ConfigDigest:         ocr1types.ConfigDigest(genBytes(16, 16).Draw(t, "digest")),
		Signers:              addresses.Draw(t, "signers"),
		Transmitters:         addresses.Draw(t, "transmitters"),
		Threshold:            rapid.Byte().Draw(t, "threshold"),
		EncodedConfigVersion: rapid.Uint64().Draw(t, "version"),
		Encoded:              genBytes(0, 1000).Draw(t, "encoded"),
	}
})

// TestModel runs random operations of several jobs against the store, reopening it now and then, and against plain maps.
func TestModel(t *testing.T) {
	t.Run("OCR1", func(t *testing.T) { testModel(t, ocr1Protocol) })
	t.Run("OCR2", func(t *testing.T) { testModel(t, ocr2Protocol) })
}

type jobModel[C any, D, T comparable, P any] struct {
	config  *C
	states  map[D]types.PersistentState
	rounds  map[D]signedRound
	pending map[T]P
}

func testModel[C any, D, T comparable, P any](t *testing.T, p protocol[C, D, T, P]) {
	rapid.Check(t, func(rt *rapid.T) {
		ctx := context.Background()
		fs := vfs.NewMem()
		s, err := Open("store", Options{FS: fs})
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { s.Close() }()
		models := map[string]*jobModel[C, D, T, P]{}
		for _, name := range []string{"", "a", "b"} {
			models[name] = &jobModel[C, D, T, P]{states: map[D]types.PersistentState{}, rounds: map[D]signedRound{}, pending: map[T]P{}}
		}
		must := func(err error) {
			rt.Helper()
			if err != nil {
				rt.Fatal(err)
			}
		}
		pick := func(rt *rapid.T) (database[C, D, T, P], *jobModel[C, D, T, P], D) {
			name := rapid.SampledFrom([]string{"", "a", "b"}).Draw(rt, "job")
			return p.job(s.Job(name)), models[name], p.digest(rapid.ByteRange(0, 2).Draw(rt, "digest"))
		}
		timestamp := func(rt *rapid.T, digest D) T {
			return p.timestamp(digest, rapid.Uint32Range(0, 3).Draw(rt, "epoch"), rapid.ByteRange(0, 3).Draw(rt, "round"))
		}
		rt.Repeat(map[string]func(*rapid.T){
			"config": func(rt *rapid.T) {
				db, m, _ := pick(rt)
				config := p.config.Draw(rt, "config")
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
				at, pending := timestamp(rt, digest), p.pending.Draw(rt, "pending")
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
				maps.DeleteFunc(m.pending, func(_ T, pending P) bool { return p.due(pending).Before(limit) })
			},
			"reopen": func(rt *rapid.T) {
				must(s.Close())
				reopened, err := Open("store", Options{FS: fs})
				must(err)
				s = reopened
			},
			"": func(rt *rapid.T) {
				for name, m := range models {
					db := p.job(s.Job(name))
					config, err := db.ReadConfig(ctx)
					must(err)
					if !reflect.DeepEqual(config, m.config) {
						rt.Fatalf("job %q: config is %v, want %v", name, config, m.config)
					}
					for i := range byte(3) {
						digest := p.digest(i)
						state, err := db.ReadState(ctx, digest)
						must(err)
						want, ok := m.states[digest]
						if ok != (state != nil) || ok && !state.Equal(want) {
							rt.Fatalf("job %q: state of %v is %v, want %v (%v)", name, digest, state, want, ok)
						}
						epoch, round, ok, err := db.ReadSignedRound(ctx, digest)
						must(err)
						wantRound, wantOK := m.rounds[digest]
						if ok != wantOK || (signedRound{epoch, round}) != wantRound {
							rt.Fatalf("job %q: signed round of %v is (%d, %d) (%v), want %v (%v)", name, digest, epoch, round, ok, wantRound, wantOK)
						}
						pending, err := db.PendingTransmissionsWithConfigDigest(ctx, digest)
						must(err)
						wantPending := maps.Clone(m.pending)
						maps.DeleteFunc(wantPending, func(at T, _ P) bool { return p.digestOf(at) != digest })
						if !reflect.DeepEqual(pending, wantPending) {
							rt.Fatalf("job %q: pending transmissions of %v are %v, want %v", name, digest, pending, wantPending)
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
	t.Run("OCR1", func(t *testing.T) { testCrash(t, ocr1Protocol) })
	t.Run("OCR2", func(t *testing.T) { testCrash(t, ocr2Protocol) })
}

func testCrash[C any, D, T comparable, P any](t *testing.T, p protocol[C, D, T, P]) {
	const jobs, writes = 4, 150
	fs := vfs.NewCrashableMem()
	s, err := Open("store", Options{FS: fs, MemTableBytes: 64 << 10}) // small, so that memtables are flushed too
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	digest := p.digest(1)

	type acknowledged struct {
		sync.Mutex
		rounds [jobs]uint32 // the last epoch acknowledged
		stored [jobs]uint32
	}
	var acks acknowledged
	var wg sync.WaitGroup
	for j := range jobs {
		db := p.job(s.Job(fmt.Sprint(j)))
		wg.Go(func() {
			for i := uint32(1); i <= writes; i++ {
				if err := db.WriteSignedRound(ctx, digest, i, 1); err != nil {
					t.Errorf("job %d: %v", j, err)
					return
				}
				acks.Lock()
				acks.rounds[j] = i
				acks.Unlock()
				if err := db.StorePendingTransmission(ctx, p.timestamp(digest, i, 0), p.example(i)); err != nil {
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
			db := p.job(after.Job(fmt.Sprint(j)))
			epoch, _, ok, err := db.ReadSignedRound(ctx, digest)
			if err != nil || epoch < rounds[j] || ok != (epoch > 0) {
				t.Fatalf("crash %d: job %d: signed round is of epoch %d (%v, %v), had acknowledged %d", crash, j, epoch, ok, err, rounds[j])
			}
			pending, err := db.PendingTransmissionsWithConfigDigest(ctx, digest)
			if err != nil {
				t.Fatal(err)
			}
			for i := uint32(1); i <= stored[j]; i++ {
				if _, ok := pending[p.timestamp(digest, i, 0)]; !ok {
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
