package engine

import (
	"math/rand/v2"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
)

// Latencies of links.
const (
	MaxLatency     = 40 * time.Millisecond // of a message
	MaxSelfLatency = 100 * time.Microsecond
)

// NetworkFaults are faults of the links between oracles. A link of an oracle to itself has none. Probabilities are from 0 to 1.
type NetworkFaults struct {
	Loss, Duplicate, Reorder float64
	// Slow is for each message: that it takes up to SlowBy longer (and, as long as it is not reordered, all behind it).
	Slow   float64
	SlowBy time.Duration
	// Partitions is how often the network falls into two parts, for at most PartitionFor (1 s if that is 0).
	Partitions   int
	PartitionFor time.Duration
	// Links overrides the above for single links, by sender and receiver; its Partitions and Links have no effect.
	Links map[[2]commontypes.OracleID]NetworkFaults
}

// Network carries messages. Without faults, each link has a latency of its own with some jitter, and keeps the order.
type Network[M any] struct {
	world  *World[M]
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
	lastArrival Instant
}

// NewNetwork returns the network of n oracles.
func NewNetwork[M any](w *World[M], oracles int, faults NetworkFaults) *Network[M] {
	n := &Network[M]{world: w, random: w.Stream("network"), n: oracles, faults: faults, side: make([]bool, oracles)}
	n.links = make([]link, n.n*n.n)
	for i := range n.links {
		if i/n.n == i%n.n {
			n.links[i] = link{latency: MaxSelfLatency / 2, jitter: MaxSelfLatency / 2}
			continue
		}
		latency := Between(n.random, time.Millisecond, MaxLatency/2)
		n.links[i] = link{latency: latency, jitter: Between(n.random, 0, MaxLatency-latency)}
	}
	return n
}

// SchedulePartitions plans when the network falls apart.
func (n *Network[M]) SchedulePartitions(until Instant) {
	for range n.faults.Partitions {
		begin := Between(n.random, 0, until)
		end := min(until, begin+Between(n.random, 0, n.faults.PartitionFor))
		n.world.At(begin, func() {
			for i := range n.side {
				n.side[i] = n.random.IntN(2) == 0
			}
			n.partitioned = true
			n.world.Traffic.Partitions++
		})
		n.world.At(end, func() { n.partitioned = false })
	}
}

// Send puts a message on a link, either as a value or as bytes.
func (n *Network[M]) Send(from, to commontypes.OracleID, message M, bytes []byte) {
	n.world.Traffic.Messages++
	l := &n.links[int(from)*n.n+int(to)]
	arrival := n.world.Now + l.latency
	if l.jitter > 0 {
		arrival += time.Duration(n.random.Int64N(int64(l.jitter)))
	}
	h := Happening[M]{Kind: Message, Node: to, From: from, Message: message, Bytes: bytes}
	if n.world.Healed || from == to {
		n.deliver(l, max(arrival, l.lastArrival), h)
		return
	}
	faults := &n.faults
	if own, ok := n.faults.Links[[2]commontypes.OracleID{from, to}]; ok {
		faults = &own
	}
	if n.partitioned && n.side[from] != n.side[to] || Chance(n.random, faults.Loss) {
		n.world.Traffic.Lost++
		return
	}
	if Chance(n.random, faults.Slow) {
		arrival += Between(n.random, 0, faults.SlowBy)
		n.world.Traffic.Faults++
	}
	if Chance(n.random, faults.Duplicate) {
		n.world.Traffic.Faults++
		n.world.Queue.Add(arrival+Between(n.random, 0, MaxLatency), h)
	}
	if Chance(n.random, faults.Reorder) {
		n.world.Traffic.Faults++
		n.world.Queue.Add(arrival+Between(n.random, 0, MaxLatency), h)
		return
	}
	n.deliver(l, max(arrival, l.lastArrival), h)
}

func (n *Network[M]) deliver(l *link, at Instant, h Happening[M]) {
	l.lastArrival = at
	n.world.Queue.Add(at, h)
}

// Heal ends all delays: what is still far from its arrival arrives soon.
func (n *Network[M]) Heal() {
	n.partitioned = false
	soon := n.world.Now + MaxLatency
	for i := range n.links {
		n.links[i].lastArrival = min(n.links[i].lastArrival, soon)
	}
	n.world.Queue.Hurry(soon)
}
