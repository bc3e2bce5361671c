package runtime

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/types"
)

const (
	// maxQueuedConfigs is the number of configs that may wait to be activated; while there are as many, the contract is not
	// asked for more.
	maxQueuedConfigs = 5

	// Old pending transmissions are deleted at intervals of between 10 and 15 minutes.
	collectInterval       = 10 * time.Minute
	collectIntervalSpread = 300 // seconds
	collectOlderThan      = 24 * time.Hour
)

// supervisor keeps one instance running for the newest config. It is a loop on one goroutine, to which everything else
// belongs; what may take long is done on other goroutines, whose results come back as functions that the loop calls.
//
// Source: docs/protocol/ocr2.md, "Runtime".
type supervisor struct {
	starter starter
	tracker types.ContractConfigTracker
	// check tells whether a config is what its digest says.
	check    func(context.Context, types.ContractConfig) error
	database types.ConfigDatabase
	// subscriber is told of new configs by the contract, beside what the tracker notifies of; nil if there is none.
	subscriber  *subscriber
	localConfig types.LocalConfig
	logger      logging.Logger
	// collect deletes old pending transmissions; nil if there are none.
	collect func(context.Context, time.Time) error

	board statusBoard

	// What follows belongs to the loop.

	ctx     context.Context
	results chan func()
	// awaited is the number of functions that will yet come through results.
	awaited int

	current types.ConfigDigest // of the newest config known
	queue   []types.ContractConfig
	polling bool
	// pollAgain tells that a poll is wanted as soon as possible.
	pollAgain    bool
	tracking     bool
	pollTimer    *time.Timer
	restoreTimer *time.Timer
	// restoreTooLong is called when restoreTimer fires.
	restoreTooLong func()
	collectTimer   *time.Timer

	slot    slot
	writing bool // the active config is being written to the database
}

// slot is where the instance is.
type slot struct {
	state  slotState
	config types.ContractConfig
	logger logging.Logger

	ctx     context.Context
	cancel  context.CancelFunc
	running running
	backoff backoff
	retry   *time.Timer
}

type slotState int

const (
	slotEmpty    slotState = iota // nothing runs, and nothing will under the config in the slot
	slotStarting                  // the starter is at work
	slotRunning
	slotRetrying // until slot.retry
	slotStopping // the instance is being stopped
)

// run does everything until ctx ends, and returns when nothing goes on any more.
func (s *supervisor) run(ctx context.Context) {
	s.ctx = ctx
	s.results = make(chan func())
	s.pollTimer = stoppedTimer()
	s.collectTimer = stoppedTimer()
	s.restoreTimer = stoppedTimer()
	s.slot.retry = stoppedTimer()
	defer s.pollTimer.Stop()
	defer s.collectTimer.Stop()
	defer s.restoreTimer.Stop()
	defer s.slot.retry.Stop()

	if s.collect != nil {
		s.collectTimer.Reset(nextCollection(rand.Float64()))
	}
	s.setPhase(PhaseRestoring, "")
	s.restore()

	var notify <-chan struct{}
	canceled := ctx.Done()
	for {
		if s.tracking && notify == nil && canceled != nil {
			notify = s.notifications()
			s.subscriber.begin(s)
		}
		select {
		case result := <-s.results:
			s.awaited--
			result()
		case <-canceled:
			canceled, notify = nil, nil
			s.pollTimer.Stop()
			s.collectTimer.Stop()
			s.restoreTimer.Stop()
			s.subscriber.end(s)
		case _, ok := <-notify:
			if !ok {
				s.logger.Error("tracker: the notify channel was closed; from now on the contract is only polled", nil)
				notify = make(chan struct{}) // never again
				continue
			}
			s.pollNow()
		case _, ok := <-s.subscriber.configs():
			s.subscriber.received(s, ok)
		case <-s.subscriber.retryTimer():
			s.subscriber.subscribe(s)
		case <-s.pollTimer.C:
			s.pollNow()
		case <-s.restoreTimer.C:
			s.restoreTooLong()
		case <-s.collectTimer.C:
			s.collectGarbage()
		case <-s.slot.retry.C:
			s.launch()
		}
		s.advance()
		if canceled == nil && s.awaited == 0 && s.slot.state == slotEmpty {
			return
		}
	}
}

func stoppedTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// notifications asks the tracker for its channel, once. A nil channel becomes one on which nothing comes.
func (s *supervisor) notifications() <-chan struct{} {
	if notify := s.tracker.Notify(); notify != nil {
		return notify
	}
	return make(chan struct{})
}

// async has call made on another goroutine; the loop then calls the function that it returns.
func (s *supervisor) async(call func() func()) {
	s.awaited++
	go func() {
		result := call()
		s.results <- result
	}()
}

// restore begins with the config that was last in force, so that the oracle can run while the chain cannot be reached. A config
// that is not what its digest says is not trusted; it will be read from the contract again.
func (s *supervisor) restore() {
	timeout := s.localConfig.DatabaseTimeout
	over := false // the loop does not wait for it any more
	s.async(func() func() {
		ctx, cancel := context.WithTimeout(s.ctx, timeout)
		defer cancel()
		cc, err := s.database.ReadConfig(ctx)
		if err == nil && cc != nil {
			err = s.check(ctx, *cc)
		}
		return func() {
			switch {
			case over:
				return
			case err != nil:
				s.logger.ErrorUnlessCanceled(s.ctx, "could not restore the last config from the database; waiting for the contract", commontypes.LogFields{"error": err})
			case cc == nil:
				s.logger.Info("the database has no config; waiting for the contract", nil)
			default:
				s.logger.Info("restored the last config from the database", commontypes.LogFields{"configDigest": cc.ConfigDigest})
				s.accept(*cc)
			}
			over = true
			s.restoreTimer.Stop()
			s.track()
		}
	})
	s.restoreTimer.Reset(timeout)
	s.restoreTooLong = func() {
		if !over {
			over = true
			s.logger.Error("reading the last config from the database is taking too long; going on without", commontypes.LogFields{
				"timeout": timeout.String(),
			})
			s.track()
		}
	}
}

// track begins to look for configs on the contract.
func (s *supervisor) track() {
	if s.slot.state == slotEmpty && len(s.queue) == 0 {
		s.setPhase(PhaseNoConfig, "no config has been found yet")
	}
	s.tracking = true
	s.pollNow()
}

// pollNow asks the contract for a new config, unless that is being done.
func (s *supervisor) pollNow() {
	if s.polling || len(s.queue) >= maxQueuedConfigs {
		s.pollAgain = true
		return
	}
	if s.ctx.Err() != nil {
		return
	}
	s.polling, s.pollAgain = true, false
	s.pollTimer.Stop()
	current := s.current
	p := poller{
		tracker:           s.tracker,
		check:             s.check,
		confirmations:     s.localConfig.ContractConfigConfirmations,
		skipConfirmations: s.localConfig.SkipContractConfigConfirmations,
		logger:            s.logger,
	}
	s.async(func() func() {
		ctx, cancel := context.WithTimeout(s.ctx, s.localConfig.ContractConfigLoadTimeout)
		defer cancel()
		found := p.poll(ctx, current)
		return func() { s.polled(found) }
	})
}

func (s *supervisor) polled(found finding) {
	s.polling = false
	s.board.update(func(b *Status) {
		b.LastPoll, b.PollProblem, b.AwaitingConfirmations = time.Now(), found.problem, found.awaiting
	})
	if s.ctx.Err() != nil {
		return
	}
	if found.awaiting {
		s.logger.Info("tracker: a new config waits for its confirmations", nil)
	}
	if found.change != nil {
		s.logger.Info("tracker: the contract has a new config", commontypes.LogFields{
			"oldConfigDigest": s.current, "newConfigDigest": found.change.ConfigDigest,
		})
		s.accept(*found.change)
	}
	if s.pollAgain {
		s.pollNow()
		return
	}
	s.pollTimer.Reset(pollAfter(found, s.localConfig.ContractConfigTrackerPollInterval))
}

// accept queues a config to be activated.
func (s *supervisor) accept(cc types.ContractConfig) {
	s.current = cc.ConfigDigest
	s.queue = append(s.queue, cc)
}

// advance does the next step on the way to the newest config, or to the end. It is called after everything that happens.
func (s *supervisor) advance() {
	ending := s.ctx.Err() != nil
	if !ending && len(s.queue) == 0 {
		return
	}
	switch s.slot.state {
	case slotStarting:
		s.slot.cancel() // launched takes care of the rest
	case slotRunning:
		s.stopInstance()
	case slotRetrying:
		s.slot.retry.Stop()
		s.vacate()
	case slotStopping:
	}
	if s.slot.state != slotEmpty || ending || s.writing {
		return
	}
	cc := s.queue[0]
	s.queue = s.queue[1:]
	s.activate(cc)
	if s.pollAgain {
		s.pollNow()
	}
}

// activate puts a config into the empty slot.
func (s *supervisor) activate(cc types.ContractConfig) {
	ctx, cancel := context.WithCancel(s.ctx)
	s.slot.config, s.slot.ctx, s.slot.cancel = cc, ctx, cancel
	s.slot.logger = s.logger.Child(commontypes.LogFields{"configDigest": cc.ConfigDigest})
	s.slot.backoff = backoff{}
	s.launch()

	s.writing = true
	s.async(func() func() {
		ctx, cancel := context.WithTimeout(s.ctx, s.localConfig.DatabaseTimeout)
		defer cancel()
		err := s.database.WriteConfig(ctx, cc)
		return func() {
			s.writing = false
			if err != nil {
				s.logger.ErrorUnlessCanceled(s.ctx, "could not write the config to the database", commontypes.LogFields{
					"error": err, "configDigest": cc.ConfigDigest,
				})
			}
		}
	})
}

// launch tries to start the instance of the slot's config.
func (s *supervisor) launch() {
	s.slot.state = slotStarting
	s.setPhase(PhaseStarting, "")
	ctx, cc, logger := s.slot.ctx, s.slot.config, s.slot.logger
	s.async(func() func() {
		r, err := s.starter.start(ctx, cc, logger)
		return func() { s.launched(r, err) }
	})
}

func (s *supervisor) launched(r running, err error) {
	switch {
	case err == nil:
		s.slot.running = r
		s.slot.state = slotRunning
		s.setPhase(PhaseRunning, "")
	case s.slot.ctx.Err() != nil: // canceled by advance
		s.vacate()
	case isPermanent(err):
		s.slot.logger.Error("the instance cannot run under this config; waiting for another one", commontypes.LogFields{"error": err})
		s.vacate()
		s.setPhase(PhaseNotRunning, err.Error())
	default:
		sleep := s.slot.backoff.nextRandom()
		s.slot.logger.Error("the instance failed to start; trying again", commontypes.LogFields{"error": err, "sleep": sleep.String()})
		s.slot.state = slotRetrying
		s.slot.retry.Reset(sleep)
		s.setPhase(PhaseRetrying, err.Error())
		s.board.update(func(b *Status) { b.NextAttempt = time.Now().Add(sleep) })
	}
}

// stopInstance begins to stop the running instance.
func (s *supervisor) stopInstance() {
	s.slot.state = slotStopping
	s.setPhase(PhaseStopping, "")
	r := s.slot.running
	s.async(func() func() {
		r.stop()
		return func() {
			s.slot.logger.Info("the instance has ended", nil)
			s.vacate()
		}
	})
}

// vacate makes the slot empty.
func (s *supervisor) vacate() {
	s.slot.cancel()
	s.slot.state = slotEmpty
	s.slot.running = nil
}

// collectGarbage deletes pending transmissions that are too old to be of use.
func (s *supervisor) collectGarbage() {
	s.async(func() func() {
		ctx, cancel := context.WithTimeout(s.ctx, s.localConfig.DatabaseTimeout)
		defer cancel()
		err := s.collect(ctx, time.Now().Add(-collectOlderThan))
		return func() {
			if err != nil {
				s.logger.ErrorUnlessCanceled(s.ctx, "could not delete old pending transmissions from the database", commontypes.LogFields{"error": err})
			}
			if s.ctx.Err() == nil {
				s.collectTimer.Reset(nextCollection(rand.Float64()))
			}
		}
	})
}

// nextCollection returns the time until the next collection; u is uniform in [0, 1).
func nextCollection(u float64) time.Duration {
	return collectInterval + time.Duration(u*collectIntervalSpread)*time.Second
}

func (s *supervisor) setPhase(phase Phase, reason string) {
	r, digest := s.slot.running, s.slot.config.ConfigDigest
	s.board.update(func(b *Status) {
		b.Phase, b.Reason, b.NextAttempt, b.ConfigDigest = phase, reason, time.Time{}, digest
	})
	s.board.setRunning(r)
}

// status returns the status of now.
func (s *supervisor) status() Status {
	status := s.board.read()
	if r := s.board.getRunning(); r != nil && status.Phase == PhaseRunning {
		r.report(&status)
	}
	return status
}
