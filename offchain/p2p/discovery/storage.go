package discovery

import (
	"context"
	"sync"
	"time"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

const (
	// databaseTimeout bounds a call of the database.
	databaseTimeout = 10 * time.Second
	// closeTimeout bounds what is stored when the discoverer closes.
	closeTimeout = 5 * time.Second
)

// storage calls the database, in one goroutine, so that nobody waits for it. Values that were not stored yet give way to newer
// ones, so what waits is bounded by the number of peers.
type storage struct {
	db     DiscovererDatabase
	result func(func()) // where answers go

	mu     sync.Mutex // guards what follows
	stores map[p2ptypes.PeerID]storeCall
	order  []p2ptypes.PeerID // of the keys of stores
	loads  []loadCall
	closed bool

	wake   chan struct{} // has room for one
	done   chan struct{}
	ctx    context.Context // ends soon after the storage was closed
	cancel context.CancelFunc
}

type storeCall struct {
	value  []byte
	failed func(error)
}

type loadCall struct {
	peers  []p2ptypes.PeerID
	answer func(map[string][]byte, error)
}

func newStorage(db DiscovererDatabase, result func(func())) *storage {
	ctx, cancel := context.WithCancel(context.Background())
	return &storage{
		db: db, result: result, stores: map[p2ptypes.PeerID]storeCall{},
		wake: make(chan struct{}, 1), done: make(chan struct{}), ctx: ctx, cancel: cancel,
	}
}

func (s *storage) store(peer p2ptypes.PeerID, value []byte, failed func(error)) {
	s.mu.Lock()
	if _, ok := s.stores[peer]; !ok {
		s.order = append(s.order, peer)
	}
	s.stores[peer] = storeCall{value, failed}
	s.mu.Unlock()
	s.wakeUp()
}

func (s *storage) load(peers []p2ptypes.PeerID, answer func(map[string][]byte, error)) {
	s.mu.Lock()
	s.loads = append(s.loads, loadCall{peers, answer})
	s.mu.Unlock()
	s.wakeUp()
}

func (s *storage) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// close returns when all that waits has been stored, or when that takes too long.
func (s *storage) close() {
	timer := time.AfterFunc(closeTimeout, s.cancel)
	defer timer.Stop()
	defer s.cancel()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.wakeUp()
	<-s.done
}

func (s *storage) run() {
	defer close(s.done)
	for range s.wake {
		for s.one() {
		}
		s.mu.Lock()
		closed := s.closed
		s.mu.Unlock()
		if closed {
			return
		}
	}
}

// one makes a call of the database, if any is due. Stores go first: a load may be for what is still to be stored.
func (s *storage) one() bool {
	s.mu.Lock()
	switch {
	case len(s.order) > 0:
		peer := s.order[0]
		call := s.stores[peer]
		s.order = s.order[1:]
		delete(s.stores, peer)
		s.mu.Unlock()
		ctx, cancel := context.WithTimeout(s.ctx, databaseTimeout)
		defer cancel()
		if err := s.db.StoreAnnouncement(ctx, peer.String(), call.value); err != nil {
			s.result(func() { call.failed(err) })
		}
		return true
	case len(s.loads) > 0 && !s.closed:
		call := s.loads[0]
		s.loads = s.loads[1:]
		s.mu.Unlock()
		keys := make([]string, len(call.peers))
		for i, peer := range call.peers {
			keys[i] = peer.String()
		}
		ctx, cancel := context.WithTimeout(s.ctx, databaseTimeout)
		defer cancel()
		values, err := s.db.ReadAnnouncements(ctx, keys)
		s.result(func() { call.answer(values, err) })
		return true
	}
	s.mu.Unlock()
	return false
}
