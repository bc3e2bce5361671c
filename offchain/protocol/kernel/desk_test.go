package kernel_test

import (
	"fmt"
	"testing"

	. "github.com/ocrkit/ocrkit/offchain/protocol/kernel"
)

func TestDeskCalls(t *testing.T) {
	var desk Desk
	var got []string
	note := func(what string) func(Signed) {
		return func(ev Signed) { got = append(got, fmt.Sprintf("%s=%s", what, ev.Signature)) }
	}
	desk.Begin()
	first, second, third := Call(&desk, note("first")), Call(&desk, note("second")), Call(&desk, note("third"))
	if first == 0 || first >= second || second >= third || desk.Pending() != 3 {
		t.Fatalf("ids %d, %d, %d; %d pending", first, second, third, desk.Pending())
	}
	desk.Finish(second, Signed{ID: second, Signature: []byte("b")})
	if desk.Finish(second, Signed{ID: second, Signature: []byte("again")}) {
		t.Error("a call was finished twice")
	}
	desk.Finish(third, Verified{ID: third}) // of another type: as if there was none
	desk.Abandon(first)
	desk.Abandon(first)
	desk.Abandon(0)
	if desk.Finish(first, Signed{ID: first}) {
		t.Error("an abandoned call was finished")
	}
	if fmt.Sprint(got) != "[second=b]" || desk.Pending() != 0 {
		t.Errorf("results %v, %d pending", got, desk.Pending())
	}
	if want := fmt.Sprintf("[abandon call=%d]", first); fmt.Sprint(desk.Effects()) != want {
		t.Errorf("effects %v, want %s", desk.Effects(), want)
	}
}

func TestDeskScopes(t *testing.T) {
	var desk Desk
	var scope Scope
	var done []any
	open := func() CallID { return CallIn(&desk, &scope, func(result any) { done = append(done, result) }) }
	desk.Begin()
	ids := []CallID{open(), open(), open()}
	outside := CallIn(&desk, nil, func(result any) { done = append(done, result) })
	desk.Finish(ids[1], "middle")
	desk.Close(&scope)
	if want := fmt.Sprintf("[abandon call=%d abandon call=%d]", ids[0], ids[2]); fmt.Sprint(desk.Effects()) != want {
		t.Errorf("effects %v, want %s", desk.Effects(), want)
	}
	late := open()
	if late == 0 || desk.Finish(late, "late") || desk.Finish(ids[0], "late") || !desk.Finish(outside, "outside") {
		t.Error("a closed scope takes calls, or took others with it")
	}
	if fmt.Sprint(done) != "[middle outside]" {
		t.Errorf("results %v", done)
	}
}
