package engine

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
)

// Traitors who need to know nothing of the protocol. H is a pointer to what the traitors of a simulator have in hand.

// Obedient is a Traitor that follows the protocol, but for its name. Embed it and change what is to be changed.
type Obedient[H Holder[M], M any] struct{}

// Outgoing sends the message.
func (Obedient[H, M]) Outgoing(h H, to commontypes.OracleID, m M) { h.hand().Send(to, m) }

// Incoming lets the message pass.
func (Obedient[H, M]) Incoming(H, commontypes.OracleID, M) bool { return true }

// Tick does nothing.
func (Obedient[H, M]) Tick(H) {}

// Silent sends nothing at all: it tries to stop the network by not being there, above all in the epochs that it leads.
type Silent[H Holder[M], M any] struct{ Obedient[H, M] }

// Name is "silent".
func (*Silent[H, M]) Name() string { return "silent" }

// Outgoing keeps the message back.
func (*Silent[H, M]) Outgoing(H, commontypes.OracleID, M) {}

// Selective follows the protocol towards some oracles and is silent towards the others: it tries to let only some of them
// make progress, so that they do not agree on when to leave an epoch.
type Selective[H Holder[M], M any] struct {
	Obedient[H, M]
	chosen map[commontypes.OracleID]bool
}

// Name is "selective".
func (*Selective[H, M]) Name() string { return "selective" }

// Outgoing sends to those chosen.
func (t *Selective[H, M]) Outgoing(holder H, to commontypes.OracleID, m M) {
	h := holder.hand()
	if t.chosen == nil {
		t.chosen = map[commontypes.OracleID]bool{}
		for i := range h.N() {
			t.chosen[commontypes.OracleID(i)] = h.Random.IntN(2) == 0
		}
	}
	if t.chosen[to] || to == h.ID() {
		h.Send(to, m)
	}
}

// Delayer sends everything, but late, some of it very late: it tries to slow the network down as much as it can without being
// left behind, and to be heard in rounds and epochs that are over.
type Delayer[H Holder[M], M any] struct{ Obedient[H, M] }

// Name is "delayer".
func (*Delayer[H, M]) Name() string { return "delayer" }

// Outgoing sends later.
func (*Delayer[H, M]) Outgoing(holder H, to commontypes.OracleID, m M) {
	h := holder.hand()
	late := Between(h.Random, 0, 100*time.Millisecond)
	if h.Random.IntN(10) == 0 {
		late = Between(h.Random, 0, 5*time.Second)
	}
	h.SendAfter(late, to, m)
}

// Garbage sends bytes: random ones, its own messages with some bits changed or their ends cut off, and messages that are too
// large. It tries to make the others fail while they read.
type Garbage[H Holder[M], M any] struct{ Obedient[H, M] }

// Name is "garbage".
func (*Garbage[H, M]) Name() string { return "garbage" }

// Outgoing damages every other message.
func (*Garbage[H, M]) Outgoing(holder H, to commontypes.OracleID, m M) {
	h := holder.hand()
	b, err := h.node.World.Encode(m)
	if err != nil || to == h.ID() || h.Random.IntN(2) == 0 {
		h.Send(to, m)
		return
	}
	switch h.Random.IntN(3) {
	case 0:
		b = b[:h.Random.IntN(len(b)+1)]
	case 1:
		for range 1 + h.Random.IntN(4) {
			b[h.Random.IntN(len(b))] ^= 1 << h.Random.IntN(8)
		}
	case 2:
		b = append(b, h.RandomBytes(1+h.Random.IntN(40))...)
	}
	h.SendBytes(to, b)
}

// Tick sends noise.
func (*Garbage[H, M]) Tick(holder H) {
	h := holder.hand()
	for i := range h.N() {
		h.SendBytes(commontypes.OracleID(i), h.RandomBytes(h.Random.IntN(300)))
	}
}

// Replays sends again what it has heard, honest oracles' words included: old messages as they were, and old signatures and
// contents in messages of another round. It tries to have something counted where it was not meant.
type Replays[H Holder[M], M any] struct {
	Obedient[H, M]
	Seen []M // the latest few
}

const replaysRemembers = 64

// Name is "replayer".
func (*Replays[H, M]) Name() string { return "replayer" }

// Incoming remembers.
func (t *Replays[H, M]) Incoming(holder H, _ commontypes.OracleID, m M) bool {
	if len(t.Seen) < replaysRemembers {
		t.Seen = append(t.Seen, m)
	} else {
		t.Seen[holder.hand().Random.IntN(len(t.Seen))] = m
	}
	return true
}

// Replay sends everybody an old message; every other one as moved makes it.
func (t *Replays[H, M]) Replay(h *Hand[M], moved func(M) M) {
	if len(t.Seen) == 0 {
		return
	}
	for i := range h.N() {
		m := t.Seen[h.Random.IntN(len(t.Seen))]
		if h.Random.IntN(2) == 0 {
			m = moved(m)
		}
		h.Send(commontypes.OracleID(i), m)
	}
}

// Moved returns a message as if it were of another place: a copy, with fields (of a struct within, too) set where it has them.
// The message must be a pointer to a struct.
func Moved[M any](m M, fields map[string]uint64) M {
	c := reflect.New(reflect.TypeOf(m).Elem())
	c.Elem().Set(reflect.ValueOf(m).Elem())
	set(c.Elem(), fields)
	return c.Interface().(M)
}

func set(v reflect.Value, fields map[string]uint64) {
	for i := range v.NumField() {
		f := v.Field(i)
		if value, ok := fields[v.Type().Field(i).Name]; ok && f.CanUint() {
			f.SetUint(value)
		} else if f.Kind() == reflect.Struct && v.NumField() == 1 {
			set(f, fields)
		}
	}
}

// Fickle behaves like one traitor for a while and then like another: it tries to combine what each of them achieves.
type Fickle[H Holder[M], M any] struct {
	Faces []Traitor[H, M]
	now   int
}

// Name is that of the traitor whose turn it is.
func (t *Fickle[H, M]) Name() string { return "fickle, now " + t.Faces[t.now].Name() }

// Outgoing is that of the traitor whose turn it is.
func (t *Fickle[H, M]) Outgoing(h H, to commontypes.OracleID, m M) { t.Faces[t.now].Outgoing(h, to, m) }

// Incoming shows all of them what arrives.
func (t *Fickle[H, M]) Incoming(h H, from commontypes.OracleID, m M) bool {
	pass := true
	for i, face := range t.Faces {
		if !face.Incoming(h, from, m) && i == t.now {
			pass = false
		}
	}
	return pass
}

// Tick now and then gives the turn to another.
func (t *Fickle[H, M]) Tick(h H) {
	random := h.hand().Random
	if random.IntN(4) == 0 {
		t.now = random.IntN(len(t.Faces))
	}
	t.Faces[t.now].Tick(h)
}

// RandomTraitors draws traitors, some of them fickle.
func RandomTraitors[H Holder[M], M any](random *rand.Rand, count int, all func() []Traitor[H, M]) []Traitor[H, M] {
	traitors := make([]Traitor[H, M], count)
	for i := range traitors {
		if random.IntN(4) == 0 {
			traitors[i] = &Fickle[H, M]{Faces: all()}
		} else {
			traitors[i] = Either(random, all()...)
		}
	}
	return traitors
}

// Forgery makes what looks like signatures.
type Forgery struct {
	seen [][]byte // signatures of honest oracles, the latest few
}

const forgeryRemembers = 32

// Remember takes up a signature of an honest oracle.
func (f *Forgery) Remember(signature []byte) {
	if len(f.seen) == forgeryRemembers {
		f.seen = f.seen[1:]
	}
	f.seen = append(f.seen, signature)
}

// Seen are the signatures that are remembered.
func (f *Forgery) Seen() [][]byte { return f.seen }

// Signature is something that looks like one: nothing, random bytes, one of somebody else for something else, one with a
// byte changed.
func (f *Forgery) Signature(random *rand.Rand, made func() []byte) []byte {
	switch {
	case random.IntN(8) == 0:
		return nil
	case len(f.seen) == 0 || random.IntN(2) == 0:
		return made()
	}
	signature := bytes.Clone(f.seen[random.IntN(len(f.seen))])
	if len(signature) > 0 && random.IntN(2) == 0 {
		signature[random.IntN(len(signature))]++
	}
	return signature
}
