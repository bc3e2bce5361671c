package store

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// write is a change on its way through the queue.
type write struct {
	// apply puts the change into the batch; reading from the batch it sees the database with all earlier changes. Whether it
	// returns an error or not, what it put there is committed; the error goes to the caller.
	apply func(batch *pebble.Batch) error
	// state goes from queued to either begun or abandoned.
	state atomic.Int32
	done  chan error
}

const (
	queued int32 = iota
	begun
	abandoned
)

// write runs apply on the writer's goroutine and waits until its effect is durable, or the context has ended.
func (s *Store) write(ctx context.Context, apply func(batch *pebble.Batch) error) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.callers.Done()
	w := &write{apply: apply, done: make(chan error, 1)}
	select {
	case s.queue <- w:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.failed:
		return s.failedError()
	}
	select {
	case err := <-w.done:
		return err
	case <-s.failed:
		return s.failedError()
	case <-ctx.Done():
	}
	if w.state.CompareAndSwap(queued, abandoned) {
		return ctx.Err()
	}
	select {
	case err := <-w.done: // both were ready
		return err
	default:
		return fmt.Errorf("%w: %w", ErrOutcomeUnknown, ctx.Err())
	}
}

// runWriter commits what comes through the queue, in order, several changes with one sync where several wait.
func (s *Store) runWriter() {
	defer close(s.writerDone)
	var group []*write
	var results []error
	for first := range s.queue {
		group, results = group[:0], results[:0]
		batch := s.db.NewIndexedBatch()
		for w := first; w != nil; {
			if w.state.CompareAndSwap(queued, begun) {
				group = append(group, w)
				results = append(results, w.apply(batch))
			}
			w = nil
			if len(group) < maxWritesPerSync && batch.Len() < maxBytesPerSync {
				select {
				case w = <-s.queue: // nil when the queue was closed
				default:
				}
			}
		}
		var commitErr error
		if !batch.Empty() {
			if commitErr = batch.Commit(pebble.Sync); commitErr != nil {
				commitErr = fmt.Errorf("store: cannot write to %q: %w", s.dir, commitErr)
			}
		}
		closeErr := batch.Close()
		for i, w := range group {
			w.done <- errors.Join(results[i], commitErr, closeErr)
		}
		clear(group)
	}
}
