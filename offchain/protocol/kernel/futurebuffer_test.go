package kernel_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	. "github.com/ocrkit/ocrkit/offchain/protocol/kernel"
)

func flush(b *FutureBuffer[string], epoch uint64) (got []string) {
	b.Flush(epoch, func(sender commontypes.OracleID, m string) { got = append(got, fmt.Sprintf("%d:%s", sender, m)) })
	return got
}

func TestFutureBuffer(t *testing.T) {
	b := NewFutureBuffer[string](3)
	b.Add(2, 5, "e")
	b.Add(1, 4, "a")
	b.Add(1, 5, "b")
	b.Add(1, 7, "c")
	b.Add(1, 5, "d") // behind a message of a later epoch: waits, and is discarded in the end
	if got, want := flush(b, 5), []string{"1:b", "2:e"}; !slices.Equal(got, want) {
		t.Errorf("epoch 5: got %v, want %v", got, want)
	}
	if b.Len() != 2 {
		t.Errorf("%d messages are left, want 2", b.Len())
	}
	if got := flush(b, 6); got != nil {
		t.Errorf("epoch 6: got %v", got)
	}
	if got, want := flush(b, 7), []string{"1:c"}; !slices.Equal(got, want) || b.Len() != 0 {
		t.Errorf("epoch 7: got %v, want %v, and %d are left", got, want, b.Len())
	}
}

func TestFutureBufferDropsOldest(t *testing.T) {
	b := NewFutureBuffer[string](2)
	for i := range FutureMessagesPerSender {
		if _, dropped := b.Add(0, 2, fmt.Sprint(i)); dropped {
			t.Fatalf("message %d displaced another", i)
		}
	}
	if oldest, dropped := b.Add(0, 2, "last"); !dropped || oldest != "0" {
		t.Errorf("got %q, %v, want the oldest message, 0", oldest, dropped)
	}
	if _, dropped := b.Add(1, 2, "other"); dropped {
		t.Error("one sender's messages displaced another's")
	}
	if got := flush(b, 2); len(got) != FutureMessagesPerSender+1 || got[0] != "0:1" || got[9] != "0:last" {
		t.Errorf("got %v", got)
	}
}

// TestFutureBufferModel compares with a plain rendering of the rules.
func TestFutureBufferModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const n = 3
		b := NewFutureBuffer[string](n)
		type item struct {
			epoch uint64
			text  string
		}
		var model [n][]item
		epoch := uint64(0)
		for i := range rapid.IntRange(0, 80).Draw(t, "events") {
			if rapid.IntRange(0, 5).Draw(t, "kind") > 0 {
				sender, e := rapid.IntRange(0, n-1).Draw(t, "sender"), epoch+rapid.Uint64Range(1, 4).Draw(t, "ahead")
				b.Add(commontypes.OracleID(sender), e, fmt.Sprint(i))
				model[sender] = append(model[sender], item{e, fmt.Sprint(i)})
				model[sender] = model[sender][max(0, len(model[sender])-FutureMessagesPerSender):]
				continue
			}
			epoch += rapid.Uint64Range(1, 3).Draw(t, "step")
			var want []string
			for sender := range model {
				for len(model[sender]) > 0 && model[sender][0].epoch <= epoch {
					if model[sender][0].epoch == epoch {
						want = append(want, fmt.Sprintf("%d:%s", sender, model[sender][0].text))
					}
					model[sender] = model[sender][1:]
				}
			}
			if got := flush(b, epoch); !slices.Equal(got, want) {
				t.Fatalf("epoch %d: got %v, want %v", epoch, got, want)
			}
		}
		if b.Len() > n*FutureMessagesPerSender {
			t.Fatalf("%d messages are kept", b.Len())
		}
	})
}
