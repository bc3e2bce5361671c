package runtime

import "sync"

// mail is either an event for the machine or something else to do on the instance's turn.
type mail struct {
	event  any
	sender *senderState // of the message that event is, as the decoder has read it; nil if it is something else
	do     turn
}

// turn is something to do on an instance's turn: a pointer to what that takes, or a turnFunc.
type turn interface{ take() }

type turnFunc func()

func (f turnFunc) take() { f() }

// mailbox serializes the work of an instance. While there is mail a goroutine, borrowed for that time, hands it to handle in
// the order of arrival. The zero value is closed to handling until open is called, but takes mail.
//
// There is no bound here: who posts what arrives from outside must bound it (see inbox); timers and results of calls are
// bounded by what the machine asked for.
type mailbox struct {
	handle func(mail)
	// rest is called after a batch, before the goroutine looks for more.
	rest func()

	mu      sync.Mutex
	queue   []mail
	spare   []mail // emptied queue, to be used again
	opened  bool
	running bool
	closed  bool
	idle    sync.Cond // running became false
}

// keepCapacity is the capacity up to which an emptied queue is kept for reuse; beyond it a burst would cost memory for ever.
const keepCapacity = 64

// open begins handling; first comes ahead of what was posted before.
func (b *mailbox) open(first mail) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queue = append([]mail{first}, b.queue...)
	b.opened = true
	b.schedule()
}

// post appends mail; it reports false if the mailbox is closed.
func (b *mailbox) post(m mail) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.queue = append(b.queue, m)
	b.schedule()
	return true
}

// schedule makes sure that somebody handles the mail. The lock is held.
func (b *mailbox) schedule() {
	if b.opened && !b.running && !b.closed {
		b.running = true
		sharedGoroutines.run(b)
	}
}

func (b *mailbox) run() {
	for {
		b.mu.Lock()
		if b.closed || len(b.queue) == 0 {
			b.running = false
			if b.idle.L != nil {
				b.idle.Broadcast()
			}
			b.mu.Unlock()
			return
		}
		batch := b.queue
		b.queue, b.spare = b.spare[:0], nil
		b.mu.Unlock()

		for i := range batch {
			m := batch[i]
			batch[i] = mail{}
			b.handle(m)
		}
		b.rest()
		if cap(batch) <= keepCapacity {
			b.mu.Lock()
			b.spare = batch[:0]
			b.mu.Unlock()
		}
	}
}

// close refuses further mail, throws away what is not yet being handled and returns when nothing is being handled any more.
// It must not be called from handle.
func (b *mailbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.queue = nil
	b.idle.L = &b.mu
	for b.running {
		b.idle.Wait()
	}
}
