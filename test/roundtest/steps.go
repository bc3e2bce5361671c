// Package roundtest has what the tests of the machines of OCR1 and OCR2 share: the recorder for step vectors, checks of recorded
// traces, a signature scheme for tests, dice.
package roundtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/test/vectors"
)

// Key is the keys of an oracle in a case of steps.
type Key struct {
	Oracle                                  commontypes.OracleID
	Seed, OffchainPublicKey, OnchainAddress vectors.Hex
}

// Step is one step of a case: an event, its effects, and the state after it.
type Step struct {
	Event struct {
		Event, Type, Set string
		From             commontypes.OracleID
		Bytes            vectors.Hex
	}
	Effects []map[string]any
	State   map[string]any
}

// Recorder writes effects down in the form of the step vectors. M is the protocol's message.
type Recorder[M rounds.Message] struct {
	T      *testing.T
	Keys   []Key
	Encode func(M) ([]byte, error)
	Decode func([]byte) (M, error)
	Now    time.Time
	Got    []map[string]any
	Want   []map[string]any // effects of the current step
}

// Note writes an effect down; fields are names and values in turn.
func (r *Recorder[M]) Note(effect string, fields ...any) {
	entry := map[string]any{"effect": effect}
	for i := 0; i < len(fields); i += 2 {
		entry[fields[i].(string)] = fields[i+1]
	}
	r.Got = append(r.Got, entry)
}

// NoteMessage writes an effect with a message down.
func (r *Recorder[M]) NoteMessage(effect string, m M, fields ...any) {
	b, err := r.Encode(m)
	if err != nil {
		r.T.Fatal(err)
	}
	r.Note(effect, append(fields, "type", "Message"+m.Kind().String(), "bytes", vectors.Hex(b).String())...)
}

// Common writes down the effects that both protocols have; it is false if the effect is none of them.
func (r *Recorder[M]) Common(effect kernel.Effect) bool {
	switch e := effect.(type) {
	case rounds.Broadcast[M]:
		r.NoteMessage("broadcast", e.Message)
	case rounds.Send[M]:
		r.NoteMessage("send", e.Message, "to", e.To)
	case kernel.SetTimer:
		name := rounds.TimerName(e.Timer)
		name = "setTimer" + strings.ToUpper(name[:1]) + name[1:]
		if !slices.ContainsFunc(r.Got, func(g map[string]any) bool { return g["effect"] == name }) {
			r.Note(name)
		}
	case rounds.RoundStarted:
		r.Note("telemetryRoundStarted", "epoch", e.Epoch, "round", e.Round, "leader", e.Leader)
	case rounds.PersistRound, rounds.Count, kernel.CancelTimer, kernel.Abandon, kernel.Dropped, kernel.Log:
		// What the vectors do not record.
	default:
		return false
	}
	return true
}

// Scripted returns the effect of the current step that records a call.
func (r *Recorder[M]) Scripted(effect string) map[string]any {
	for _, e := range r.Want {
		if e["effect"] == effect {
			return e
		}
	}
	r.T.Fatalf("the case has no %s in this step: %v", effect, r.Want)
	return nil
}

// Sent returns the message of a type that the case has in the current step.
func (r *Recorder[M]) Sent(kind fmt.Stringer) M {
	for _, e := range r.Want {
		if e["type"] == "Message"+kind.String() {
			var b vectors.Hex
			if err := json.Unmarshal(fmt.Appendf(nil, "%q", e["bytes"]), &b); err != nil {
				r.T.Fatal(err)
			}
			return r.Read(b)
		}
	}
	r.T.Fatalf("the case has no %s in this step: %v", kind, r.Want)
	panic("unreachable")
}

// Read decodes a message.
func (r *Recorder[M]) Read(b []byte) M {
	m, err := r.Decode(b)
	if err != nil {
		r.T.Fatal(err)
	}
	return m
}

// Key returns the keys of an oracle.
func (r *Recorder[M]) Key(id commontypes.OracleID) Key {
	for _, k := range r.Keys {
		if k.Oracle == id {
			return k
		}
	}
	r.T.Fatalf("the case has no keys of oracle %d", id)
	return Key{}
}

// Settle performs effects, and those of the answers that perform gives.
func (r *Recorder[M]) Settle(effects []kernel.Effect, perform func(kernel.Effect) rounds.Event, step func(rounds.Event) []kernel.Effect) {
	var answers []rounds.Event
	do := func(effects []kernel.Effect) {
		for _, e := range effects {
			if r.Common(e) {
				continue
			}
			if answer := perform(e); answer != nil {
				answers = append(answers, answer)
			}
		}
	}
	do(effects)
	for len(answers) > 0 {
		next := answers[0]
		answers = answers[1:]
		do(step(next))
	}
}

// Play plays the steps of a case, and compares after each of them. event handles a step's event; it is false where the case
// ends for us. state is the state after it, of which the fields that the case lists are compared.
func (r *Recorder[M]) Play(steps []Step, event func(Step) bool, state func() map[string]any) {
	for i, s := range steps {
		r.Got, r.Want = nil, s.Effects
		r.Now = r.Now.Add(time.Millisecond)
		goOn := event(s)
		if got, want := byKind(r.T, r.Got), byKind(r.T, s.Effects); got != want {
			r.T.Fatalf("step %d, %s %s: effects\n%s\nwant\n%s", i, s.Event.Event, s.Event.Type, got, want)
		}
		if s.Event.Event != "environment" {
			got, _ := json.Marshal(state())
			want, _ := json.Marshal(s.State)
			if string(got) != string(want) {
				r.T.Fatalf("step %d, %s %s: state\n%s\nwant\n%s", i, s.Event.Event, s.Event.Type, got, want)
			}
		}
		if !goOn {
			return
		}
	}
}

// byKind writes effects as text, grouped by kind: the order of different kinds is not recorded in the vectors.
func byKind(t *testing.T, effects []map[string]any) string {
	lines := make([]string, len(effects))
	for i, e := range effects {
		if e["error"] == true {
			delete(e, "result")
			delete(e, "shouldReport")
		}
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		lines[i] = fmt.Sprintf("%s %s", e["effect"], b)
	}
	slices.SortStableFunc(lines, func(a, b string) int {
		kindA, _, _ := strings.Cut(a, " ")
		kindB, _, _ := strings.Cut(b, " ")
		return strings.Compare(kindA, kindB)
	})
	return strings.Join(lines, "\n")
}
