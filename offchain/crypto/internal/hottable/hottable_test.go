package hottable

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

type tableOfTest struct{ of [1 << 10]int }

// uses uses the slot n times and returns how often it had to build its table
// and how often it had none.
func uses(b *Budget[tableOfTest], s *Slot[tableOfTest], spread uint32, n int) (built, none int) {
	for range n {
		if s.Get(b, spread, func() *tableOfTest { built++; return new(tableOfTest) }) == nil {
			none++
		}
	}
	return built, none
}

// collect runs the garbage collector until at most n tables are left.
func collect(b *Budget[tableOfTest], n int64) {
	for b.live.Load() > n {
		runtime.GC()
		runtime.Gosched()
	}
}

func TestTableComesAfterSomeUses(t *testing.T) {
	for spread := range uint32(40) {
		b, s := &Budget[tableOfTest]{Max: 1, After: 10}, new(Slot[tableOfTest])
		built, none := uses(b, s, spread, 50)
		if want := 9 + int(spread%10); built != 1 || none != want {
			t.Errorf("spread %d: built %d times after %d uses, want once after %d", spread, built, none, want)
		}
	}
}

func TestBound(t *testing.T) {
	b := &Budget[tableOfTest]{Max: 3, After: 10}
	slots := make([]*Slot[tableOfTest], 8)
	holders := 0
	for i := range slots {
		slots[i] = new(Slot[tableOfTest])
		built, _ := uses(b, slots[i], 0, 15)
		holders += built
		if want := min(i+1, 3); holders != want || b.live.Load() != int64(want) {
			t.Fatalf("%d tables, %d counted, want %d", holders, b.live.Load(), want)
		}
	}
	// All in use, by turns: those who have one keep it.
	for range 100 {
		for i, s := range slots {
			if built, none := uses(b, s, 0, 1); built != 0 || (none == 0) != (i < 3) {
				t.Fatalf("slot %d: built %d, none %d", i, built, none)
			}
		}
	}
	runtime.KeepAlive(slots)
}

// TestShareComesBack lets go of slots, after which others get tables.
func TestShareComesBack(t *testing.T) {
	b := &Budget[tableOfTest]{Max: 2, After: 10}
	for range 5 {
		slots := []*Slot[tableOfTest]{new(Slot[tableOfTest]), new(Slot[tableOfTest])}
		for _, s := range slots {
			if built, _ := uses(b, s, 0, 10); built != 1 {
				t.Fatal("no table although the budget is not used")
			}
		}
		runtime.KeepAlive(slots)
		slots = nil
		collect(b, 0)
	}
}

// TestIdleTablesAreGivenUp has a slot that is used without a table take the
// place of one that has a table and is not used.
func TestIdleTablesAreGivenUp(t *testing.T) {
	b := &Budget[tableOfTest]{Max: 2, After: 10}
	idle, busy, late := new(Slot[tableOfTest]), new(Slot[tableOfTest]), new(Slot[tableOfTest])
	uses(b, idle, 0, 10)
	uses(b, busy, 0, 10)
	for range 20 { // until its third refusal at the latest
		uses(b, late, 0, 1)
		uses(b, busy, 0, 1)
		if idle.table.Load() == nil {
			break
		}
	}
	if idle.table.Load() != nil || busy.table.Load() == nil || late.table.Load() != nil {
		t.Fatalf("idle has one: %v, busy: %v, late: %v", idle.table.Load() != nil, busy.table.Load() != nil, late.table.Load() != nil)
	}
	collect(b, 1)
	if built, _ := uses(b, late, 0, 10); built != 1 {
		t.Error("late got no table although a share came back")
	}
	if built, none := uses(b, idle, 0, 9); built != 0 || none != 9 {
		t.Error("idle should have to wait for its turn again")
	}
	if len(b.holders) != 2 {
		t.Errorf("%d holders on the list, want 2", len(b.holders))
	}
	runtime.KeepAlive([]any{idle, busy, late})
}

// TestConcurrentUse has slots come and go in many goroutines.
func TestConcurrentUse(t *testing.T) {
	b := &Budget[tableOfTest]{Max: 3, After: 10}
	slots := make([]Slot[tableOfTest], 6)
	var built [6]atomic.Int32
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for n := range 3000 {
				i := (n/1000 + (n+g)%3) % len(slots) // three slots in use, others later
				if n%50 == 0 {
					runtime.GC() // as else no share comes back
				}
				got := slots[i].Get(b, uint32(i), func() *tableOfTest {
					built[i].Add(1)
					return &tableOfTest{of: [1 << 10]int{i}}
				})
				if got != nil && got.of[0] != i {
					t.Errorf("slot %d got the table of %d", i, got.of[0])
				}
				if b.live.Load() > 3 {
					t.Error("more tables than there may be")
				}
			}
		})
	}
	wg.Wait()
	builds := int32(0)
	for i := range slots {
		builds += built[i].Load()
	}
	collect(b, 3)
	if builds < 4 {
		t.Errorf("%d tables were made: no place changed hands", builds)
	}
}

// TestOneBuildsAtATime has turns come up while a table is being made.
func TestOneBuildsAtATime(t *testing.T) {
	b, s := &Budget[tableOfTest]{Max: 2, After: 10}, new(Slot[tableOfTest])
	builds := 0
	got := make([]*tableOfTest, 10)
	for i := range got {
		got[i] = s.Get(b, 0, func() *tableOfTest {
			builds++
			if _, none := uses(b, s, 0, 35); none != 35 {
				t.Error("a table before one was made")
			}
			return new(tableOfTest)
		})
	}
	if builds != 1 || got[8] != nil || got[9] == nil || s.table.Load() != got[9] || b.live.Load() != 1 {
		t.Errorf("%d tables made, %d counted", builds, b.live.Load())
	}
}
