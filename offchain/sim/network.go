package sim

import (
	"math/rand/v2"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// network carries messages. Without faults, each link has a latency of its own with some jitter, and keeps the order.
type network struct {
	sim    *simulation
	random *rand.Rand
	n      int
	faults NetworkFaults
	links  []link // by sender*n + receiver

	// side tells the part of the network in which each oracle is, while it is partitioned.
	partitioned bool
	side        []bool
}

type link struct {
	latency     time.Duration
	jitter      time.Duration
	lastArrival instant
}

func newNetwork(s *simulation, faults NetworkFaults) *network {
	n := &network{sim: s, random: s.stream("network"), n: s.options.N, faults: faults, side: make([]bool, s.options.N)}
	n.links = make([]link, n.n*n.n)
	for i := range n.links {
		if i/n.n == i%n.n {
			n.links[i] = link{latency: maxSelfLatency / 2, jitter: maxSelfLatency / 2}
			continue
		}
		latency := between(n.random, time.Millisecond, maxLatency/2)
		n.links[i] = link{latency: latency, jitter: between(n.random, 0, maxLatency-latency)}
	}
	return n
}

// schedulePartitions plans when the network falls apart.
func (n *network) schedulePartitions(until instant) {
	for range n.faults.Partitions {
		begin := between(n.random, 0, until)
		end := min(until, begin+between(n.random, 0, n.faults.PartitionFor))
		n.sim.at(begin, func() {
			for i := range n.side {
				n.side[i] = n.random.IntN(2) == 0
			}
			n.partitioned = true
			n.sim.stats.Partitions++
		})
		n.sim.at(end, func() { n.partitioned = false })
	}
}

// send puts a message on a link, either as a value or as bytes.
func (n *network) send(from, to commontypes.OracleID, message ocr2wire.Message, bytes []byte) {
	n.sim.stats.Messages++
	l := &n.links[int(from)*n.n+int(to)]
	arrival := n.sim.now + l.latency
	if l.jitter > 0 {
		arrival += time.Duration(n.random.Int64N(int64(l.jitter)))
	}
	h := happening{kind: happeningMessage, node: to, from: from, message: message, bytes: bytes}
	if n.sim.healed || from == to {
		n.deliver(l, max(arrival, l.lastArrival), h)
		return
	}
	faults := &n.faults
	if own, ok := n.faults.Links[[2]commontypes.OracleID{from, to}]; ok {
		faults = &own
	}
	if n.partitioned && n.side[from] != n.side[to] || n.chance(faults.Loss) {
		n.sim.stats.Lost++
		return
	}
	if n.chance(faults.Slow) {
		arrival += between(n.random, 0, faults.SlowBy)
		n.sim.stats.Faults++
	}
	if n.chance(faults.Duplicate) {
		n.sim.stats.Faults++
		n.sim.queue.add(arrival+between(n.random, 0, maxLatency), h)
	}
	if n.chance(faults.Reorder) {
		n.sim.stats.Faults++
		n.sim.queue.add(arrival+between(n.random, 0, maxLatency), h)
		return
	}
	n.deliver(l, max(arrival, l.lastArrival), h)
}

func (n *network) deliver(l *link, at instant, h happening) {
	l.lastArrival = at
	n.sim.queue.add(at, h)
}

// heal ends all delays: what is still far from its arrival arrives soon.
func (n *network) heal() {
	n.partitioned = false
	soon := n.sim.now + maxLatency
	for i := range n.links {
		n.links[i].lastArrival = min(n.links[i].lastArrival, soon)
	}
	n.sim.queue.hurry(soon)
}

func (n *network) chance(p float64) bool { return chance(n.random, p) }

// chance is true with probability p.
func chance(random *rand.Rand, p float64) bool { return p > 0 && random.Float64() < p }

// between returns a duration from low to high, both included.
func between(random *rand.Rand, low, high time.Duration) time.Duration {
	if high <= low {
		return low
	}
	return low + time.Duration(random.Int64N(int64(high-low+1)))
}
