package engine

import (
	"fmt"
	"reflect"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
)

// Checkers watch a run. A checker is a value with some of the methods of the same names as those below; they are called about
// honest oracles alone, except Landed and Ended. N is the simulator's oracle; the others are types of its protocol.
type Checkers[N interface{ Honest() bool }, M, Start, Status, Report any] struct {
	started   []func(N, *Start)
	delivered []func(N, commontypes.OracleID, M)
	stepped   []func(n N, ev any, before, after *Status)
	called    []func(N, kernel.Effect)
	left      []func(N, kernel.Effect)
	landed    []func(*Report)
	ended     []func()
}

// Add adds a checker.
func (c *Checkers[N, M, Start, Status, Report]) Add(checker any) {
	used := 0
	if h, ok := checker.(interface{ Started(N, *Start) }); ok {
		c.started, used = append(c.started, h.Started), used+1
	}
	if h, ok := checker.(interface {
		Delivered(N, commontypes.OracleID, M)
	}); ok {
		c.delivered, used = append(c.delivered, h.Delivered), used+1
	}
	if h, ok := checker.(interface {
		Stepped(n N, ev any, before, after *Status)
	}); ok {
		c.stepped, used = append(c.stepped, h.Stepped), used+1
	}
	if h, ok := checker.(interface{ Called(N, kernel.Effect) }); ok {
		c.called, used = append(c.called, h.Called), used+1
	}
	if h, ok := checker.(interface{ Left(N, kernel.Effect) }); ok {
		c.left, used = append(c.left, h.Left), used+1
	}
	if h, ok := checker.(interface{ Landed(*Report) }); ok {
		c.landed, used = append(c.landed, h.Landed), used+1
	}
	if h, ok := checker.(interface{ Ended() }); ok {
		c.ended, used = append(c.ended, h.Ended), used+1
	}
	// A method with a wrong type would never be called.
	if of := reflect.TypeOf(checker); used == 0 || of.NumMethod() != used {
		panic(fmt.Sprintf("sim: checker %s has %d exported methods, of which %d are known", of, of.NumMethod(), used))
	}
}

// Started tells of an oracle that begins a life, with what it is given.
func (c *Checkers[N, M, Start, Status, Report]) Started(n N, start *Start) {
	if n.Honest() {
		for _, f := range c.started {
			f(n, start)
		}
	}
}

// Delivered tells of a message that is about to be handed to a machine, with its true sender.
func (c *Checkers[N, M, Start, Status, Report]) Delivered(n N, from commontypes.OracleID, m M) {
	if n.Honest() {
		for _, f := range c.delivered {
			f(n, from, m)
		}
	}
}

// Stepped tells of an event that a machine was given.
func (c *Checkers[N, M, Start, Status, Report]) Stepped(n N, ev any, before, after *Status) {
	if n.Honest() {
		for _, f := range c.stepped {
			f(n, ev, before, after)
		}
	}
}

// Called tells of calls that a machine asks for, and of what it says to its operator.
func (c *Checkers[N, M, Start, Status, Report]) Called(n N, effect kernel.Effect) {
	if n.Honest() {
		for _, f := range c.called {
			f(n, effect)
		}
	}
}

// Left tells of what leaves an oracle.
func (c *Checkers[N, M, Start, Status, Report]) Left(n N, effect kernel.Effect) {
	if n.Honest() {
		for _, f := range c.left {
			f(n, effect)
		}
	}
}

// Landed tells of a report that the contract took.
func (c *Checkers[N, M, Start, Status, Report]) Landed(r *Report) {
	for _, f := range c.landed {
		f(r)
	}
}

// Ended tells that the run is over.
func (c *Checkers[N, M, Start, Status, Report]) Ended() {
	for _, f := range c.ended {
		f()
	}
}

// Wishing counts the oracles that are known to wish for an epoch or a later one.
func Wishing[E uint32 | uint64](wishes []E, epoch E) int {
	count := 0
	for _, w := range wishes {
		if w >= epoch {
			count++
		}
	}
	return count
}
