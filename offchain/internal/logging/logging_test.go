package logging

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/test/vectors"
)

func TestVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"api-logging.json"}, vectors.Kinds{
		Of: func(_ vectors.File, c vectors.Case) string {
			kind, _, _ := strings.Cut(c.Name, "-")
			return kind
		},
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"taper": testTaper,
			"merge": testMerge,
			"error": testErrorUnlessCanceled,
		},
	})
}

func testTaper(t *testing.T, _ vectors.File, c vectors.Case) {
	type callback struct {
		Op             int
		Trigger, Reset uint64
	}
	in := vectors.DecodeStrict[struct{ Ops string }](t, c.Input)
	want := vectors.DecodeStrict[struct {
		Callbacks  []callback
		FinalCount uint64
	}](t, c.Output)

	var taper Taper
	var got []callback
	for i, op := range strings.Split(in.Ops, ",") {
		before := len(got)
		var called bool
		switch op {
		case "trigger":
			called = taper.Trigger(func(count uint64) { got = append(got, callback{Op: i, Trigger: count}) })
		case "reset":
			called = taper.Reset(func(count uint64) { got = append(got, callback{Op: i, Reset: count}) })
		default:
			t.Fatalf("unknown op %q", op)
		}
		if called != (len(got) > before) {
			t.Errorf("op %d: reported %v about the callback", i, called)
		}
	}
	if len(got) != len(want.Callbacks) {
		t.Fatalf("got %d callbacks, want %d", len(got), len(want.Callbacks))
	}
	for i := range got {
		if got[i] != want.Callbacks[i] {
			t.Errorf("callback %d: got %+v, want %+v", i, got[i], want.Callbacks[i])
		}
	}
	if taper.Count() != want.FinalCount {
		t.Errorf("final count %d, want %d", taper.Count(), want.FinalCount)
	}
}

func testMerge(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct{ Layers []commontypes.LogFields }](t, c.Input)
	want := vectors.DecodeStrict[struct{ Preserve, Overwrite commontypes.LogFields }](t, c.Output)
	copies := make([]commontypes.LogFields, len(in.Layers))
	for i, layer := range in.Layers {
		copies[i] = maps.Clone(layer)
	}
	if got := MergePreserve(in.Layers...); !maps.Equal(got, want.Preserve) {
		t.Errorf("preserve: got %v, want %v", got, want.Preserve)
	}
	if got := MergeOverwrite(in.Layers...); !maps.Equal(got, want.Overwrite) {
		t.Errorf("overwrite: got %v, want %v", got, want.Overwrite)
	}
	// The same, layer by layer, as loggers are made.
	var sink recorder
	preserving, overwriting := New(&sink), New(&sink)
	for i, layer := range in.Layers {
		preserving, overwriting = preserving.Child(layer), overwriting.Updated(layer)
		if !maps.Equal(layer, copies[i]) {
			t.Errorf("layer %d was changed", i)
		}
	}
	preserving.Info("", nil)
	overwriting.Info("", nil)
	if !maps.Equal(sink.lines[0].fields, want.Preserve) || !maps.Equal(sink.lines[1].fields, want.Overwrite) {
		t.Errorf("loggers: got %v, want %v", sink.lines, want)
	}
}

func testErrorUnlessCanceled(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		ChildFields, Fields commontypes.LogFields
		Context, Message    string
	}](t, c.Input)
	want := vectors.DecodeStrict[struct {
		Level, Msg string
		Fields     commontypes.LogFields
	}](t, c.Output)

	ctx := context.Background()
	switch in.Context {
	case "live":
	case "canceled":
		canceled, cancel := context.WithCancel(ctx)
		cancel()
		ctx = canceled
	case "deadline-exceeded":
		exceeded, cancel := context.WithDeadline(ctx, time.Unix(0, 0))
		defer cancel()
		ctx = exceeded
	default:
		t.Fatalf("unknown state %q of the context", in.Context)
	}
	var sink recorder
	New(&sink).Child(in.ChildFields).ErrorUnlessCanceled(ctx, in.Message, in.Fields)
	if len(sink.lines) != 1 {
		t.Fatalf("got %d lines, want 1", len(sink.lines))
	}
	if got := sink.lines[0]; got.level != want.Level || got.msg != want.Msg || !maps.Equal(got.fields, want.Fields) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestLevelsAndNilRoot(t *testing.T) {
	var sink recorder
	for _, l := range []Logger{New(&sink), New(New(&sink)), {}, New(nil)} {
		l.Trace("t", nil)
		l.Debug("d", nil)
		l.Info("i", nil)
		l.Warn("w", nil)
		l.Error("e", nil)
		l.Critical("c", nil)
	}
	var got string
	for _, l := range sink.lines {
		got += l.level + ":" + l.msg + " "
	}
	const once = "trace:t debug:d info:i warn:w error:e critical:c "
	if got != once+once {
		t.Errorf("got %q, want two times %q", got, once)
	}
}

type line struct {
	level, msg string
	fields     commontypes.LogFields
}

// recorder keeps what is logged.
type recorder struct{ lines []line }

func (r *recorder) log(level, msg string, fields commontypes.LogFields) {
	r.lines = append(r.lines, line{level, msg, fields})
}

func (r *recorder) Trace(msg string, f commontypes.LogFields)    { r.log("trace", msg, f) }
func (r *recorder) Debug(msg string, f commontypes.LogFields)    { r.log("debug", msg, f) }
func (r *recorder) Info(msg string, f commontypes.LogFields)     { r.log("info", msg, f) }
func (r *recorder) Warn(msg string, f commontypes.LogFields)     { r.log("warn", msg, f) }
func (r *recorder) Error(msg string, f commontypes.LogFields)    { r.log("error", msg, f) }
func (r *recorder) Critical(msg string, f commontypes.LogFields) { r.log("critical", msg, f) }
