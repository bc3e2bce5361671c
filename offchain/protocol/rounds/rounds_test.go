package rounds

import (
	"testing"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/wire/roundwire"
)

// The parts as a whole are tested by the packages that are made of them.

func TestRoundOrder(t *testing.T) {
	ascending := []Round{{}, {0, 1}, {0, 255}, {1, 0}, {1, 1}, {2, 0}}
	for i, a := range ascending {
		for j, b := range ascending {
			if a.Less(b) != (i < j) || (a.Compare(b) == 0) != (i == j) {
				t.Errorf("%s and %s: less %t, compare %d", a, b, a.Less(b), a.Compare(b))
			}
		}
	}
}

func TestValidSetForgetsTheOldest(t *testing.T) {
	var set ValidSet
	for i := range byte(20) {
		set.Add([32]byte{i + 1})
	}
	for i := range byte(20) {
		if got, want := set.Has([32]byte{i + 1}), i >= 20-validRemembered; got != want {
			t.Errorf("hash %d: %t, want %t", i, got, want)
		}
	}
}

func TestCheckObservers(t *testing.T) {
	c := NewCore(Config{N: 4, F: 1}, nil)
	for _, test := range []struct {
		observers []commontypes.OracleID
		want      kernel.DropReason
	}{
		{[]commontypes.OracleID{3, 0, 1}, kernel.DropReason{}},
		{[]commontypes.OracleID{3, 0}, DropTooFew},
		{nil, DropTooFew},
		{[]commontypes.OracleID{3, 0, 3}, DropRepeated},
		{[]commontypes.OracleID{0, 1, 2, 4}, DropBadObserver},
		{[]commontypes.OracleID{0, 1, 255}, DropBadObserver},
	} {
		why, ok := c.CheckObservers(len(test.observers), func(i int) commontypes.OracleID { return test.observers[i] })
		if why != test.want || ok != (test.want == kernel.DropReason{}) {
			t.Errorf("%v: %t, %q", test.observers, ok, why.Text)
		}
	}
}

func TestCheckDistinct(t *testing.T) {
	c := NewCore(Config{N: 4, F: 1}, nil)
	for _, test := range []struct {
		indices []int
		want    kernel.DropReason
	}{
		{nil, kernel.DropReason{}},
		{[]int{3, 0, 2, 1}, kernel.DropReason{}},
		{[]int{0, 3, 0, 4}, DropRepeated},
		{[]int{0, 4, 0}, DropBadSigner},
		{[]int{-1}, DropBadSigner},
		{[]int{0, 1, 256}, DropBadSigner}, // which is no byte
	} {
		why, ok := c.CheckDistinct(len(test.indices), func(i int) int { return test.indices[i] }, DropBadSigner)
		if why != test.want || ok != (test.want == kernel.DropReason{}) {
			t.Errorf("%v: %t, %q", test.indices, ok, why.Text)
		}
	}
}

func TestMembers(t *testing.T) {
	var set Members
	for i, id := range []commontypes.OracleID{30, 0, 7} {
		if set.Has(id) || set.Add(id) || !set.Has(id) || !set.Add(id) || set.Len() != i+1 {
			t.Errorf("after %d: %b, %d members", id, set, set.Len())
		}
	}
	if set.Has(1) || set.Has(31) {
		t.Errorf("%b has others", set)
	}
}

// TestCollection follows one item of each oracle through a collection.
func TestCollection(t *testing.T) {
	core := NewCore(Config{N: 4, F: 1}, nil)
	open := true
	var added []commontypes.OracleID
	c := newCollection[string](core, roundwire.KindReport, func() bool { return open }, func(from commontypes.OracleID) {
		added = append(added, from)
	})
	verify := func(from commontypes.OracleID, value string) kernel.CallID {
		core.Begin()
		c.Verify(from, value, kernel.SignatureCheck{Signer: from})
		return core.Effects()[0].(kernel.Verify).ID
	}
	finish := func(id kernel.CallID, bad int) { core.Finish(id, kernel.Verified{ID: id, Bad: bad}) }
	c.Add(0, "a")
	good, bad, late := verify(1, "b"), verify(2, "c"), verify(3, "d")
	if got := c.String(); got != "x???" {
		t.Errorf("collection is %s", got)
	}
	finish(good, -1)
	finish(bad, 0)
	if why := core.Effects()[len(core.Effects())-1].(kernel.Dropped); why.Sender != 2 || why.Why != DropBadSignature.Text {
		t.Errorf("dropped %s", why)
	}
	open = false
	finish(late, -1) // in vain: nobody needs it any more
	if got := c.String(); got != "xx.." || c.Count() != 2 || len(added) != 2 {
		t.Errorf("collection is %s, %d items, added %v", got, c.Count(), added)
	}
	text := ""
	for from, value := range c.All() {
		text += value
		if got, ok := c.Get(from); !ok || got != value {
			t.Errorf("oracle %d: %q, %t", from, got, ok)
		}
	}
	if _, ok := c.Get(3); ok || text != "ab" {
		t.Errorf("collected %q, item of 3: %t", text, ok)
	}
}
