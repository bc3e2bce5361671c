package runtime

import (
	"time"

	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
)

// timers are the machine's timers. All methods but the callbacks are called on the instance's turn.
type timers struct {
	fire  func(kernel.TimerID) // called on any goroutine when a timer may be due, also by set; it comes back to isDue later
	timer []machineTimer
}

type machineTimer struct {
	armed bool
	due   time.Time
	timer *time.Timer
}

func (t *timers) set(id kernel.TimerID, after time.Duration) {
	for len(t.timer) <= int(id) {
		t.timer = append(t.timer, machineTimer{})
	}
	after = max(after, 0)
	m := &t.timer[id]
	m.armed = true
	m.due = time.Now().Add(after)
	if after == 0 { // the clock need not be asked
		if m.timer != nil {
			m.timer.Stop()
		}
		t.fire(id)
		return
	}
	if m.timer == nil {
		m.timer = time.AfterFunc(after, func() { t.fire(id) })
	} else {
		m.timer.Reset(after)
	}
}

func (t *timers) cancel(id kernel.TimerID) {
	if int(id) >= len(t.timer) {
		return
	}
	m := &t.timer[id]
	m.armed = false
	if m.timer != nil {
		m.timer.Stop()
	}
}

// isDue tells, after fire, whether the timer is really due, and disarms it then. It is not if it was canceled or set anew
// since.
func (t *timers) isDue(id kernel.TimerID, now time.Time) bool {
	m := &t.timer[id]
	if !m.armed || now.Before(m.due) {
		return false
	}
	m.armed = false
	return true
}

func (t *timers) stopAll() {
	for id := range t.timer {
		t.cancel(kernel.TimerID(id))
	}
}
