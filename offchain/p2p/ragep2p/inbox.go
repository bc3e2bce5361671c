package ragep2p

import "github.com/ocrkit/ocrkit/offchain/p2p/link"

// inbox holds the messages that wait for the reader of a stream. Its owner locks around all methods.
//
// Until somebody asks for the channel, messages wait in a ring. From then on the channel itself is the ring: there is one
// producer at a time, so when the channel is full the producer takes the oldest message out. A goroutine is needed only if the
// capacity grows above that of the channel, which must stay the same.
type inbox[T any] struct {
	capacity int
	ring     link.Ring[T]
	ch       chan T
	pump     *pump[T]
	closed   bool
}

// pump moves messages from the ring to the channel.
type pump[T any] struct {
	wake chan struct{} // has one element if the ring may have messages
	stop chan struct{}
	done chan struct{}
}

func newInbox[T any](capacity int) inbox[T] {
	return inbox[T]{capacity: capacity, ring: link.NewRing[T](capacity)}
}

// channel returns the channel.
func (b *inbox[T]) channel() <-chan T {
	if b.ch == nil {
		b.ch = make(chan T, b.capacity)
		for {
			v, ok := b.ring.Pop()
			if !ok {
				break
			}
			b.ch <- v
		}
		if b.closed {
			close(b.ch)
		}
	}
	return b.ch
}

// push appends a message and returns how many gave way to it. There must be a receiver of dropped messages: a closed inbox drops
// what it is given.
func (b *inbox[T]) push(v T) (dropped int) {
	switch {
	case b.closed:
		return 1
	case b.ch == nil:
		if _, full := b.ring.Push(v); full {
			dropped = 1
		}
		return dropped
	case b.pump != nil:
		if _, full := b.ring.Push(v); full {
			dropped = 1
		}
		select {
		case b.pump.wake <- struct{}{}:
		default:
		}
		return dropped
	}
	dropped = b.shrink(b.capacity - 1)
	b.ch <- v // there is room: nobody else puts messages in
	return dropped
}

// shrink takes the oldest messages out of the channel until there are at most n.
func (b *inbox[T]) shrink(n int) (dropped int) {
	for len(b.ch) > n {
		select {
		case <-b.ch:
			dropped++
		default: // the reader was faster
		}
	}
	return dropped
}

// drain takes all waiting messages out of the ring, before there is a channel.
func (b *inbox[T]) drain(f func(T)) {
	for {
		v, ok := b.ring.Pop()
		if !ok {
			return
		}
		f(v)
	}
}

// setCapacity changes how many messages may wait, and returns how many of the oldest gave way. lock is what protects the inbox.
func (b *inbox[T]) setCapacity(capacity int, lock interface {
	Lock()
	Unlock()
}) (dropped int) {
	b.capacity = capacity
	dropped = b.ring.SetCapacity(capacity)
	if b.closed || b.ch == nil || b.pump != nil {
		return dropped
	}
	if capacity <= cap(b.ch) {
		return dropped + b.shrink(capacity)
	}
	b.pump = &pump[T]{make(chan struct{}, 1), make(chan struct{}), make(chan struct{})}
	go b.run(b.pump, lock)
	return dropped
}

func (b *inbox[T]) run(p *pump[T], lock interface {
	Lock()
	Unlock()
}) {
	defer close(p.done)
	for {
		lock.Lock()
		v, ok := b.ring.Pop()
		lock.Unlock()
		if ok {
			select {
			case b.ch <- v:
				continue
			case <-p.stop:
				return
			}
		}
		select {
		case <-p.wake:
		case <-p.stop:
			return
		}
	}
}

// close closes the channel. The caller calls what it returns without the lock, to wait for the end of the goroutine.
func (b *inbox[T]) close() (finish func()) {
	b.closed = true
	b.ring = link.Ring[T]{}
	if p := b.pump; p != nil {
		close(p.stop)
		return func() { <-p.done; close(b.ch) }
	}
	if b.ch != nil {
		close(b.ch)
	}
	return func() {}
}
