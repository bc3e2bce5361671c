// Package oraclenet is what networks of oracles in one process have in common, whatever their protocol: how they are started and
// stopped, what they log, what the contract accepted, and a database in memory. Packages ocr1net, ocr2net and ocr3net build on it.
package oraclenet

import (
	"context"
	"sync"
	"testing"

	"github.com/ocrkit/ocrkit/offchain"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/runtime"
)

// Node is the part of an oracle that is the same for all protocols; to be embedded.
type Node struct {
	Index  int
	Log    *Log
	Oracle offchain.Oracle // nil unless running

	args func() offchain.OracleArgs
}

// NewNode returns an oracle that does not run. args returns what it is made with, when it is started.
func NewNode(index int, args func() offchain.OracleArgs) Node {
	return Node{Index: index, Log: &Log{}, args: args}
}

// ID returns the oracle's id in configs of all oracles.
func (node *Node) ID() commontypes.OracleID { return commontypes.OracleID(node.Index) }

// Status returns what the oracle is doing.
func (node *Node) Status() runtime.Status {
	return node.Oracle.(offchain.StatusReporter).Status()
}

func (node *Node) node() *Node { return node }

// Group is a number of oracles; N embeds [Node].
type Group[N interface{ node() *Node }] struct {
	TB    testing.TB
	Nodes []N
}

// Start starts an oracle.
func (g *Group[N]) Start(n N) {
	g.TB.Helper()
	node := n.node()
	oracle, err := offchain.NewOracle(node.args())
	if err != nil {
		g.TB.Fatal(err)
	}
	if err := oracle.Start(); err != nil {
		g.TB.Fatal(err)
	}
	node.Oracle = oracle
}

// Stop closes an oracle, so that it can be started again with what its database holds.
func (g *Group[N]) Stop(n N) {
	g.TB.Helper()
	node := n.node()
	if err := node.Oracle.Close(); err != nil {
		g.TB.Error(err)
	}
	node.Oracle = nil
}

// StartAll starts all oracles that do not run.
func (g *Group[N]) StartAll() {
	g.TB.Helper()
	for _, node := range g.Nodes {
		if node.node().Oracle == nil {
			g.Start(node)
		}
	}
}

// StopAll closes all oracles that run.
func (g *Group[N]) StopAll() {
	for _, node := range g.Nodes {
		if node.node().Oracle != nil {
			g.Stop(node)
		}
	}
}

// Ledger holds the reports that a contract accepted, which are Ts. It is part of a contract, whose state its lock guards as well.
type Ledger[T any] struct {
	sync.Mutex
	accepted []T
	changed  chan struct{} // closed and replaced with each report; nil if nobody waits
}

// Accept adds a report. The lock is held.
func (l *Ledger[T]) Accept(t T) {
	l.accepted = append(l.accepted, t)
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

// Accepted returns the accepted reports, in order; they must not be changed. The lock is held.
func (l *Ledger[T]) Accepted() []T { return l.accepted[:len(l.accepted):len(l.accepted)] }

// Transmissions returns the accepted reports, in order.
func (l *Ledger[T]) Transmissions() []T {
	l.Lock()
	defer l.Unlock()
	return l.Accepted()
}

// WaitFor blocks until the accepted reports satisfy a condition, or ctx ends; it reports whether they do.
func (l *Ledger[T]) WaitFor(ctx context.Context, condition func([]T) bool) bool {
	for {
		l.Lock()
		if l.changed == nil {
			l.changed = make(chan struct{})
		}
		changed, accepted := l.changed, l.Accepted()
		l.Unlock()
		if condition(accepted) {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}
