package processes

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// knockLength and the place of the key in a knock: the first thing that a dialer sends. See docs/protocol/transport.md.
const (
	knockLength = 97
	keyAt       = 1
	keyLength   = 32
)

// partition stands between processes: each node announces an address at which the partition listens for it, and so sees
// every connection. Who dials is in the knock. It can cut a node off from all others, in both directions.
type partition struct {
	t *testing.T

	mu      sync.Mutex
	cut     map[[keyLength]byte]bool
	links   map[*link]struct{}
	refused int

	closing sync.WaitGroup
	doors   []net.Listener
}

// link is a connection through the partition.
type link struct {
	from, to [keyLength]byte
	a, b     net.Conn
}

func newPartition(t *testing.T) *partition {
	p := &partition{t: t, cut: map[[keyLength]byte]bool{}, links: map[*link]struct{}{}}
	t.Cleanup(func() {
		for _, door := range p.doors {
			_ = door.Close()
		}
		p.mu.Lock()
		for l := range p.links {
			_ = l.a.Close()
			_ = l.b.Close()
		}
		p.mu.Unlock()
		p.closing.Wait()
	})
	return p
}

// door opens an address that leads to the node with that key, which listens at target. It returns the address.
func (p *partition) door(key [keyLength]byte, target string) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		p.t.Fatal(err)
	}
	p.doors = append(p.doors, listener)
	p.closing.Go(func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			p.closing.Go(func() { p.pass(in, key, target) })
		}
	})
	return listener.Addr().String()
}

// pass carries one connection.
func (p *partition) pass(in net.Conn, to [keyLength]byte, target string) {
	defer in.Close()
	knock := make([]byte, knockLength)
	if err := in.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return
	}
	if _, err := io.ReadFull(in, knock); err != nil {
		return
	}
	if err := in.SetReadDeadline(time.Time{}); err != nil {
		return
	}
	out, err := net.Dial("tcp", target)
	if err != nil {
		return // the node is not up
	}
	defer out.Close()
	l := &link{from: [keyLength]byte(knock[keyAt:]), to: to, a: in, b: out}
	p.mu.Lock()
	refused := p.cut[l.from] || p.cut[l.to]
	if refused {
		p.refused++
	} else {
		p.links[l] = struct{}{}
	}
	p.mu.Unlock()
	if refused {
		return
	}
	defer func() {
		p.mu.Lock()
		delete(p.links, l)
		p.mu.Unlock()
	}()
	if _, err := out.Write(knock); err != nil {
		return
	}
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
		both.Go(func() {
			_, _ = io.Copy(way[1], way[0])
			_ = way[0].Close()
			_ = way[1].Close()
		})
	}
	both.Wait()
}

// cutOff ends all connections of a node and lets none through any more, until heal.
func (p *partition) cutOff(key [keyLength]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut[key] = true
	for l := range p.links {
		if l.from == key || l.to == key {
			if err := errors.Join(l.a.Close(), l.b.Close()); err != nil && !errors.Is(err, net.ErrClosed) {
				p.t.Logf("cutting a connection: %v", err)
			}
		}
	}
}

func (p *partition) heal(key [keyLength]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.cut, key)
}

// refusals is how many connections were refused so far.
func (p *partition) refusals() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refused
}

// connections is how many connections of a node there are.
func (p *partition) connections(key [keyLength]byte) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for l := range p.links {
		if l.from == key || l.to == key {
			n++
		}
	}
	return n
}
