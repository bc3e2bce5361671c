package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// stage is all that a supervisor deals with: contract, digester, database and the thing that it starts.
type stage struct {
	mu      sync.Mutex
	notify  chan struct{}
	height  uint64
	block   uint64
	latest  types.ContractConfig
	stored  *types.ContractConfig
	startBy func(ctx context.Context, attempt int) error
	writeBy func(ctx context.Context) error
	attempt int
	active  int
	events  []string // with the time since the start of the test
	polls   []time.Duration
	start   time.Time
	log     logRecorder
}

func newStage() *stage {
	return &stage{notify: make(chan struct{}, 1), height: 100, start: time.Now()}
}

// named returns a config with its digest.
func named(name byte) types.ContractConfig {
	return types.ContractConfig{ConfigDigest: types.ConfigDigest{0, 1, name}, OnchainConfig: []byte{name}}
}

func (s *stage) event(format string, args ...any) {
	s.events = append(s.events, fmt.Sprintf("%v ", time.Since(s.start).Round(time.Second))+fmt.Sprintf(format, args...))
}

func (s *stage) locked(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *stage) set(name byte) {
	s.locked(func() { s.latest, s.block = named(name), s.height })
}

func (s *stage) Notify() <-chan struct{} { return s.notify }

func (s *stage) LatestConfigDetails(context.Context) (uint64, types.ConfigDigest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.block, s.latest.ConfigDigest, nil
}

func (s *stage) LatestConfig(context.Context, uint64) (types.ContractConfig, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.latest, nil
}

func (s *stage) LatestBlockHeight(context.Context) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.polls = append(s.polls, time.Since(s.start))
	return s.height, nil
}

func (s *stage) ConfigDigestPrefix(context.Context) (types.ConfigDigestPrefix, error) { return 1, nil }

func (s *stage) ConfigDigest(_ context.Context, cc types.ContractConfig) (types.ConfigDigest, error) {
	return named(cc.OnchainConfig[0]).ConfigDigest, nil
}

func (s *stage) ReadConfig(context.Context) (*types.ContractConfig, error) { return s.stored, nil }

func (s *stage) WriteConfig(ctx context.Context, cc types.ContractConfig) error {
	s.mu.Lock()
	by := s.writeBy
	s.event("write %c", cc.OnchainConfig[0])
	s.mu.Unlock()
	if by != nil {
		return by(ctx)
	}
	return nil
}

// played is a thing that runs.
type played struct {
	s    *stage
	name byte
}

func (p *played) report(*Status) {}

func (p *played) stop() {
	p.s.locked(func() {
		p.s.active--
		p.s.event("stop %c", p.name)
	})
}

func (s *stage) startOne(ctx context.Context, cc types.ContractConfig) (running, error) {
	s.mu.Lock()
	s.attempt++
	by, attempt := s.startBy, s.attempt
	s.mu.Unlock()
	if by != nil {
		if err := by(ctx, attempt); err != nil {
			s.locked(func() { s.event("fail %c", cc.OnchainConfig[0]) })
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active++
	if s.active != 1 {
		s.event("TWO ARE RUNNING")
	}
	s.event("start %c", cc.OnchainConfig[0])
	return &played{s, cc.OnchainConfig[0]}, nil
}

type starterFunc func(context.Context, types.ContractConfig) (running, error)

func (f starterFunc) start(ctx context.Context, cc types.ContractConfig, _ logging.Logger) (running, error) {
	return f(ctx, cc)
}

func (s *stage) process() *Process {
	return newProcess(&supervisor{
		starter: starterFunc(s.startOne), tracker: s, check: checkedBy(s), database: s, logger: logging.New(&s.log),
		localConfig: types.LocalConfig{
			ContractConfigConfirmations: 3, ContractConfigTrackerPollInterval: time.Minute,
			ContractConfigLoadTimeout: time.Minute, DatabaseTimeout: time.Second,
		},
	}, nil)
}

func (s *stage) expect(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	writesLast(s.events)
	if !slices.Equal(s.events, want) {
		t.Errorf("got\n %q, want\n %q", s.events, want)
	}
	s.events = nil
}

func start(t *testing.T, p *Process) {
	t.Helper()
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
}

func closeNow(t *testing.T, p *Process) {
	t.Helper()
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestSupervisorPollsAndSwitches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage()
		p := s.process()
		start(t, p)
		synctest.Wait()
		if phase := p.Status().Phase; phase != PhaseNoConfig {
			t.Errorf("without a config: phase %q", phase)
		}
		s.set('a')                   // found by the poll after a minute; has one confirmation of three
		time.Sleep(62 * time.Second) // virtual time, as all below
		s.expect(t)
		if !p.Status().AwaitingConfirmations {
			t.Error("the status does not say that a config waits for confirmations")
		}
		s.locked(func() { s.height += 2 })
		time.Sleep(15 * time.Second)
		s.expect(t, "1m15s start a", "1m15s write a")
		// A hint, and a way back to an earlier config.
		s.locked(func() { s.block -= 50; s.latest = named('b') })
		s.notify <- struct{}{}
		s.expect(t, "1m17s stop a", "1m17s start b", "1m17s write b")
		s.locked(func() { s.latest = named('a') })
		s.notify <- struct{}{}
		s.expect(t, "1m17s stop b", "1m17s start a", "1m17s write a")
		if got := p.Status(); got.Phase != PhaseRunning || got.ConfigDigest != named('a').ConfigDigest {
			t.Errorf("status %+v", got)
		}
		close(s.notify)
		time.Sleep(3 * time.Minute)
		s.expect(t)
		if s.log.count("error tracker: the notify channel was closed") != 1 {
			t.Errorf("log: %q", s.log.lines)
		}
		closeNow(t, p)
		s.expect(t, "4m17s stop a")
		if got, want := fmt.Sprint(s.polls), "[0s 1m0s 1m15s 1m17s 1m17s 2m17s 3m17s 4m17s]"; got != want {
			t.Errorf("polls at %s, want %s", got, want)
		}
	})
}

func TestSupervisorRestores(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage()
		stored := named('r')
		s.stored = &stored
		s.set('r')
		p := s.process()
		start(t, p)
		time.Sleep(5 * time.Minute)
		s.expect(t, "0s start r", "0s write r") // the contract has the same: nothing more happens
		closeNow(t, p)
		s.expect(t, "5m0s stop r")
	})
	synctest.Test(t, func(t *testing.T) {
		s := newStage()
		forged := named('r')
		forged.OnchainConfig = []byte("f")
		s.stored = &forged
		p := s.process()
		start(t, p)
		s.expect(t)
		if s.log.count("error could not restore") != 1 {
			t.Errorf("log: %q", s.log.lines)
		}
		closeNow(t, p)
	})
}

func TestSupervisorTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage()
		stored := named('a')
		s.stored = &stored
		s.startBy = func(_ context.Context, attempt int) error {
			switch {
			case attempt <= 3:
				return errors.New("not yet")
			case attempt == 5:
				return permanent(errors.New("never"))
			}
			return nil
		}
		p := s.process()
		start(t, p)
		time.Sleep(time.Minute)
		synctest.Wait()
		s.locked(func() {
			if len(s.events) != 5 || s.events[4] < "6s start a" {
				t.Errorf("events: %q", s.events)
			}
			s.events = nil
			s.latest, s.block = named('b'), 1
		})
		s.notify <- struct{}{}
		s.expect(t, "1m0s stop a", "1m0s fail b", "1m0s write b")
		if got := p.Status(); got.Phase != PhaseNotRunning || got.Reason != "never" {
			t.Errorf("status %+v", got)
		}
		time.Sleep(time.Hour)
		s.expect(t)
		s.locked(func() { s.latest = named('c') })
		s.notify <- struct{}{}
		s.expect(t, "1h1m0s start c", "1h1m0s write c")
		closeNow(t, p)
	})
}

// A config that is overtaken while its instance is being started, or waits to be tried again, gives way at once.
func TestSupervisorInterruptsTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage()
		s.set('a')
		s.locked(func() { s.block = 1 })
		s.startBy = func(ctx context.Context, attempt int) error {
			switch attempt {
			case 1:
				<-ctx.Done()
				return ctx.Err()
			case 2:
				return errors.New("not yet")
			}
			return nil
		}
		p := s.process()
		start(t, p)
		s.expect(t, "0s write a")
		for _, name := range []byte{'b', 'c'} {
			s.locked(func() { s.latest = named(name) })
			s.notify <- struct{}{}
			synctest.Wait()
		}
		s.expect(t, "0s fail a", "0s fail b", "0s write b", "0s start c", "0s write c")
		closeNow(t, p)
	})
}

// Configs that come while the database holds up the switch are all activated, in order, and no more than five wait.
func TestSupervisorSkipsNoConfig(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage()
		release := make(chan struct{})
		s.writeBy = func(context.Context) error { <-release; return nil }
		p := s.process()
		start(t, p)
		synctest.Wait()
		for i := range byte(9) {
			s.locked(func() { s.latest, s.block = named('a'+i), 1 })
			s.notify <- struct{}{}
			synctest.Wait()
		}
		s.expect(t, "0s start a", "0s write a", "0s stop a")
		var written int
		s.locked(func() {
			s.writeBy = func(context.Context) error {
				s.locked(func() {
					written++
					s.events = slices.DeleteFunc(s.events, func(e string) bool { return strings.HasPrefix(e, "0s write") })
				})
				return nil
			}
		})
		close(release)
		// a is followed by the five that waited, and those by the one that the contract then has.
		var want []string
		for _, name := range "bcdef" {
			want = append(want, fmt.Sprintf("0s start %c", name), fmt.Sprintf("0s stop %c", name))
		}
		s.expect(t, append(want, "0s start i")...)
		s.locked(func() {
			if written != 6 {
				t.Errorf("%d configs were written, want 6", written)
			}
		})
		closeNow(t, p)
	})
}

// writesLast brings the start of a config's instance and the write of the config, which happen at the same time, into one order.
func writesLast(events []string) {
	for i := 1; i < len(events); i++ {
		a, b := strings.Fields(events[i-1]), strings.Fields(events[i])
		if a[1] == "write" && b[1] != "stop" && a[2] == b[2] && a[0] == b[0] {
			events[i-1], events[i] = events[i], events[i-1]
		}
	}
}
