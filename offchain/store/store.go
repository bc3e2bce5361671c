package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	// DefaultCacheBytes is the size of the block cache when Options does not say. What oracles store is small and read at
	// start only, so a cache hardly matters.
	DefaultCacheBytes = 1 << 20
	// DefaultMemTableBytes is the size of a memtable when Options does not say. Pebble keeps one or two.
	DefaultMemTableBytes = 1 << 20
	// DefaultMaxOpenFiles bounds the open files when Options does not say.
	DefaultMaxOpenFiles = 64

	// maxQueuedWrites bounds the writes that wait; further callers wait for a place until their context ends.
	maxQueuedWrites = 256
	// maxWritesPerSync and maxBytesPerSync bound what is committed together.
	maxWritesPerSync = 128
	maxBytesPerSync  = 4 << 20
)

var (
	// ErrClosed is returned by every call after Close.
	ErrClosed = errors.New("store: closed")
	// ErrFailed is returned, wrapped with the reason, by every call after an error that the database cannot survive.
	ErrFailed = errors.New("store: failed, must be opened anew")
	// ErrOutcomeUnknown is returned, together with the error of the context, by a write whose context ended after it had
	// begun: it may or may not become durable.
	ErrOutcomeUnknown = errors.New("store: write was under way, its outcome is unknown")
	// ErrRoundGoesBack is returned by DB.WriteSignedRound for a round that is before the recorded one.
	ErrRoundGoesBack = errors.New("store: signed round must not go back")
)

// Options of Open. The zero value is fine for production.
type Options struct {
	// FS is the file system; nil is the disk. vfs.NewMem() keeps everything in memory.
	FS vfs.FS
	// CacheBytes, MemTableBytes, MaxOpenFiles bound memory and files of the whole store; 0 takes the default.
	CacheBytes    int64
	MemTableBytes uint64
	MaxOpenFiles  int
	// Logger takes errors of the database (and, at debug level, what it does). Nil discards them.
	Logger *slog.Logger
}

// Store is an open database. All its methods are safe for concurrent use.
type Store struct {
	dir string
	db  *pebble.DB

	queue      chan *write
	writerDone chan struct{}

	failed   chan struct{} // closed once failure is set
	failOnce sync.Once
	failure  error

	mu      sync.Mutex
	closed  bool
	closing chan struct{}
	jobs    map[string]*DB

	callers sync.WaitGroup // calls that may touch the queue
	reads   sync.WaitGroup // reads under way, including those whose caller has gone
}

// Open opens the store in a directory, creating it where it does not exist. It fails when another Store, of this process or
// another, has the directory open, and when the directory was written by a newer format.
func Open(dir string, opts Options) (*Store, error) {
	s := &Store{
		dir:        dir,
		queue:      make(chan *write, maxQueuedWrites),
		writerDone: make(chan struct{}),
		failed:     make(chan struct{}),
		closing:    make(chan struct{}),
		jobs:       map[string]*DB{},
	}
	log := opts.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	cache := pebble.NewCache(orDefault(opts.CacheBytes, DefaultCacheBytes))
	defer cache.Unref() // the database holds its own reference
	pebbleOptions := &pebble.Options{
		FS:                 opts.FS,
		Cache:              cache,
		MemTableSize:       orDefault(opts.MemTableBytes, DefaultMemTableBytes),
		MaxOpenFiles:       orDefault(opts.MaxOpenFiles, DefaultMaxOpenFiles),
		FormatMajorVersion: pebble.FormatNewest,
		Logger:             &pebbleLogger{store: s, log: log.With("store", dir)},
	}
	db, err := pebble.Open(dir, pebbleOptions)
	if err != nil {
		return nil, fmt.Errorf("store: cannot open %q (each directory belongs to one process at a time): %w", dir, err)
	}
	s.db = db
	if err := s.checkFormat(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	go s.runWriter()
	return s, nil
}

// OpenInMemory opens a store that lives in memory only, for tests and networks that are thrown away.
func OpenInMemory(opts Options) (*Store, error) {
	opts.FS = vfs.NewMem()
	return Open("store", opts)
}

// Job returns the part of the store that belongs to a job: one oracle on one contract. Any name will do; equal names give
// the same part. Two oracles must never share one.
func (s *Store) Job(name string) *DB {
	s.mu.Lock()
	defer s.mu.Unlock()
	db, ok := s.jobs[name]
	if !ok {
		db = newDB(s, name)
		s.jobs[name] = db
	}
	return db
}

// Close waits for the calls under way, which their contexts bound, and closes the database. Further calls return ErrClosed.
// Closing twice is fine.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		<-s.writerDone
		return nil
	}
	s.closed = true
	close(s.closing)
	s.mu.Unlock()

	s.callers.Wait()
	close(s.queue)
	select {
	case <-s.writerDone:
	case <-s.failed:
		// The writer, or whoever holds the database's locks, is stuck where it failed: what is left cannot be closed.
		return s.failedError()
	}
	s.reads.Wait()
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("store: close %q: %w", s.dir, err)
	}
	return nil
}

// checkFormat reads the format of the rows, or writes it into a new database.
func (s *Store) checkFormat() error {
	value, closer, err := s.db.Get([]byte(formatKey))
	if errors.Is(err, pebble.ErrNotFound) {
		if err := s.db.Set([]byte(formatKey), []byte{formatVersion}, pebble.Sync); err != nil {
			return fmt.Errorf("store: cannot write to %q: %w", s.dir, err)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("store: cannot read the format of %q: %w", s.dir, err)
	}
	defer closer.Close()
	if len(value) != 1 || value[0] != formatVersion {
		return fmt.Errorf("store: %q has format %x, this program knows %02x only", s.dir, value, formatVersion)
	}
	return nil
}

// begin registers a call, so that Close waits for it. The caller must call s.callers.Done.
func (s *Store) begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-s.failed:
		return s.failedError()
	default:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.callers.Add(1)
	return nil
}

// read runs f, which reads from the database, until the context ends. After that f still runs to its end, its result unseen.
func read[T any](ctx context.Context, s *Store, f func() (T, error)) (T, error) {
	var zero T
	if err := s.begin(ctx); err != nil {
		return zero, err
	}
	defer s.callers.Done()
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	s.reads.Go(func() {
		value, err := f()
		done <- result{value, err}
	})
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		return zero, ctx.Err()
	case <-s.failed:
		return zero, s.failedError()
	}
}

// fail records the first error that the database cannot survive.
func (s *Store) fail(err error) {
	s.failOnce.Do(func() {
		s.failure = err
		close(s.failed)
	})
}

// failedError is to be called only after s.failed was closed.
func (s *Store) failedError() error {
	return fmt.Errorf("%w: %w", ErrFailed, s.failure)
}

// pebbleLogger hands Pebble's messages to a slog.Logger and its fatal errors to the store.
type pebbleLogger struct {
	store *Store
	log   *slog.Logger
}

func (l *pebbleLogger) Infof(format string, args ...any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug(fmt.Sprintf(format, args...))
	}
}

func (l *pebbleLogger) Errorf(format string, args ...any) {
	l.log.Error(fmt.Sprintf(format, args...))
}

// Fatalf must not return: Pebble would go on in a state that it holds to be impossible, and could acknowledge a write that
// failed. Ending the process would take hundreds of oracles down for one directory. So the store is declared failed and the
// goroutine stays here for good.
func (l *pebbleLogger) Fatalf(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	l.log.Error("store failed", "error", err)
	l.store.fail(err)
	select {}
}

func orDefault[T comparable](value, standard T) T {
	var zero T
	if value == zero {
		return standard
	}
	return value
}
