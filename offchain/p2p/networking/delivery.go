package networking

import (
	"sync"

	"github.com/ocrkit/ocrkit/offchain/p2p/link"
)

// selfQueueSize is the number of messages to oneself that wait. Unlike in other buffers the newest gives way.
const selfQueueSize = 20

// delivery passes the messages of several sources to one receiver: a function, or else a channel. Messages of one source stay in
// order, and for the channel each source has a buffer of its own, so that none can displace the messages of another. It has a
// goroutine only once somebody has asked for the channel.
type delivery[T any] struct {
	mu       sync.Mutex // guards what follows
	quiet    sync.Cond  // signals the end of draining
	sources  []link.Ring[T]
	self     link.Ring[T]
	receiver func(T)
	ch       chan T
	next     int // the source whose turn it is in the channel
	draining bool
	closed   bool

	wake chan struct{} // has room for one
	stop chan struct{}
	done sync.WaitGroup
}

// newDelivery makes a delivery with as many sources as there are capacities, beside oneself.
func newDelivery[T any](capacities []int) *delivery[T] {
	d := &delivery[T]{self: link.NewRing[T](selfQueueSize), wake: make(chan struct{}, 1), stop: make(chan struct{})}
	d.quiet.L = &d.mu
	for _, capacity := range capacities {
		d.sources = append(d.sources, link.NewRing[T](capacity))
	}
	return d
}

// setReceiver makes f get all messages, those that wait first. f does not block.
func (d *delivery[T]) setReceiver(f func(T)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	if d.draining { // to the receiver before: nothing waits
		d.receiver = f
		return
	}
	// What waits is passed on without the lock, as f may send to oneself. Until all of it is, what arrives waits, too.
	d.draining = true
	for !d.closed {
		m, ok := d.pop()
		if !ok {
			d.receiver = f
			break
		}
		d.mu.Unlock()
		f(m)
		d.mu.Lock()
	}
	d.draining = false
	d.quiet.Broadcast()
}

// arrive takes a message from a source. Calls for one source do not overlap.
func (d *delivery[T]) arrive(source int, m T) (dropped bool) {
	d.mu.Lock()
	receiver := d.receiver
	if d.closed || receiver != nil {
		d.mu.Unlock()
		if receiver != nil {
			receiver(m)
		}
		return false
	}
	_, dropped = d.sources[source].Push(m)
	d.mu.Unlock()
	d.wakeUp()
	return dropped
}

// arriveSelf takes a message from oneself, from any number of goroutines, also from within the receiver. It is dropped where
// too many wait.
func (d *delivery[T]) arriveSelf(m T) (dropped bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	if d.self.Len() == selfQueueSize {
		return true
	}
	d.self.Push(m)
	if d.receiver == nil {
		d.wakeUp()
		return false
	}
	if d.draining {
		return false // whoever drains will find it
	}
	d.draining = true
	receiver := d.receiver
	for !d.closed {
		m, ok := d.self.Pop()
		if !ok {
			break
		}
		d.mu.Unlock()
		receiver(m)
		d.mu.Lock()
	}
	d.draining = false
	d.quiet.Broadcast()
	return false
}

func (d *delivery[T]) wakeUp() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// channel returns the channel, always the same one.
func (d *delivery[T]) channel() <-chan T {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ch == nil {
		d.ch = make(chan T)
		if d.closed {
			close(d.ch)
		} else {
			d.done.Go(d.feed)
		}
	}
	return d.ch
}

// feed moves messages into the channel, one source after the other.
func (d *delivery[T]) feed() {
	defer close(d.ch)
	for {
		d.mu.Lock()
		m, ok := d.pop()
		d.mu.Unlock()
		if !ok {
			select {
			case <-d.wake:
				continue
			case <-d.stop:
				return
			}
		}
		select {
		case d.ch <- m:
		case <-d.stop:
			return
		}
	}
}

// pop takes the oldest message of the source whose turn it is.
func (d *delivery[T]) pop() (m T, ok bool) {
	n := len(d.sources) + 1
	for range n {
		i := d.next
		d.next = (d.next + 1) % n
		if i == len(d.sources) {
			m, ok = d.self.Pop()
		} else {
			m, ok = d.sources[i].Pop()
		}
		if ok {
			return m, true
		}
	}
	return m, false
}

// close ends deliveries; the sources have ended before. When it returns, the receiver is not running and will not run again, and
// the channel is closed. It must not be called by the receiver.
func (d *delivery[T]) close() {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return
	}
	d.closed = true
	d.receiver = nil
	for d.draining {
		d.quiet.Wait()
	}
	close(d.stop)
	d.mu.Unlock()
	d.done.Wait()
}
