package kernel

import (
	"slices"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
)

// Desk collects the effects of an event, and keeps the calls under way with what is to be done with their results. It is for
// machines whose steps are best read in one place: what follows a call is written where the call is made. The zero value
// is ready.
type Desk struct {
	effects []Effect
	calls   map[CallID]waiting
	last    CallID
}

// waiting is a call under way.
type waiting struct {
	scope *Scope
	done  handler
}

// handler takes the result of a call. (Handlers are functions, which fit into an interface as they are.)
type handler interface{ handle(result any) }

type handlerOf[R any] func(R)

// handle takes a result of another type as none.
func (h handlerOf[R]) handle(result any) {
	if r, ok := result.(R); ok {
		h(r)
	}
}

// Scope is a set of calls that end together, for example those of one epoch.
type Scope struct {
	calls  []CallID // ascending; those that are done may still be among them
	closed bool
}

// Begin starts an event.
func (d *Desk) Begin() {
	clear(d.effects) // lets go of what they refer to
	d.effects = d.effects[:0]
}

// Effects returns what the event asks for. It is valid until the next Begin.
func (d *Desk) Effects() []Effect { return d.effects }

// Emit asks for something.
func (d *Desk) Emit(effect Effect) { d.effects = append(d.effects, effect) }

func (d *Desk) open(scope *Scope, done handler) CallID {
	d.last++
	if scope != nil {
		if scope.closed {
			return d.last
		}
		scope.calls = append(scope.calls, d.last)
		if len(scope.calls) > 2*len(d.calls)+16 { // most are done
			scope.calls = slices.DeleteFunc(scope.calls, func(id CallID) bool { return id != d.last && d.calls[id].done == nil })
		}
	}
	if d.calls == nil {
		d.calls = map[CallID]waiting{}
	}
	d.calls[d.last] = waiting{scope, done}
	return d.last
}

// CallIn registers a call of a scope (nil: one that never ends before its result) and returns its id; done is called with the
// result, an R, unless the scope was closed before. In a closed scope nothing is ever done. A result of another type is taken
// as none.
func CallIn[R any](d *Desk, scope *Scope, done func(R)) CallID {
	return d.open(scope, handlerOf[R](done))
}

// Call registers a call that never ends before its result.
func Call[R any](d *Desk, done func(R)) CallID { return d.open(nil, handlerOf[R](done)) }

// Abandon gives up a call, if it is under way. 0 is no call.
func (d *Desk) Abandon(id CallID) {
	if _, ok := d.calls[id]; ok {
		delete(d.calls, id)
		d.Emit(Abandon{ID: id})
	}
}

// Finish hands in the result of a call. It is false if nobody waits for it any more.
func (d *Desk) Finish(id CallID, result any) bool {
	call, ok := d.calls[id]
	if !ok {
		return false
	}
	delete(d.calls, id)
	call.done.handle(result)
	return true
}

// Close ends a scope: its calls are abandoned, in the order in which they were opened.
func (d *Desk) Close(scope *Scope) {
	scope.closed = true
	for _, id := range scope.calls {
		d.Abandon(id)
	}
	scope.calls = nil
}

// Pending is the number of calls under way.
func (d *Desk) Pending() int { return len(d.calls) }

// Log tells the operator something; fields are keys and values in turn.
func (d *Desk) Log(level LogLevel, message string, fields ...any) {
	d.Emit(Log{Level: level, Message: message, Fields: fields})
}

// DropReason is why a message is not processed. Reasons double as values of a metric's label.
type DropReason struct {
	Text string
	// Suspicious: honest oracles do not send such messages, not even when some are lost or late.
	Suspicious bool
}

// Drop says that a message is not processed.
func (d *Desk) Drop(sender commontypes.OracleID, what string, why DropReason) {
	d.Emit(Dropped{Sender: sender, What: what, Why: why.Text, Suspicious: why.Suspicious})
}
