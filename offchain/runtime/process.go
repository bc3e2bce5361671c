package runtime

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// Process is an oracle or a bootstrapper: it lasts from Start to Close, through any number of configs. It is safe for
// concurrent use.
type Process struct {
	supervisor *supervisor
	telemetry  *telemetry

	// mu guards phase and is held by Close while it waits.
	mu     sync.Mutex
	phase  processPhase
	cancel context.CancelFunc
	done   chan struct{}
}

type processPhase int

const (
	processUnstarted processPhase = iota
	processStarted
	processClosed
)

// Errors of Start and Close.
var (
	ErrAlreadyStarted = errors.New("Start: already started")
	ErrClosed         = errors.New("already closed")
	ErrNotStarted     = errors.New("Close: not started")
)

// NewOCR2 returns an OCR2 oracle. The arguments are not checked.
func NewOCR2(args OCR2Args) *Process {
	logger := logging.New(args.Logger)
	t := newTelemetry(args.MonitoringEndpoint, logger)
	return newProcess(&supervisor{
		starter:     &ocr2Starter{args, t},
		tracker:     args.ContractConfigTracker,
		check:       checkedBy(args.OffchainConfigDigester),
		database:    args.Database,
		localConfig: args.LocalConfig,
		logger:      logger,
		collect:     args.Database.DeletePendingTransmissionsOlderThan,
	}, t)
}

// NewBootstrapper returns a bootstrapper for OCR2 and later protocols. The arguments are not checked.
func NewBootstrapper(args BootstrapperArgs) *Process {
	return newProcess(&supervisor{
		starter:     &bootstrapperStarter{args},
		tracker:     args.ContractConfigTracker,
		check:       checkedBy(args.OffchainConfigDigester),
		database:    args.Database,
		localConfig: args.LocalConfig,
		logger:      logging.New(args.Logger),
	}, nil)
}

func newProcess(s *supervisor, t *telemetry) *Process {
	p := &Process{supervisor: s, telemetry: t}
	p.supervisor.board.update(func(s *Status) { s.Phase = PhaseUnstarted })
	return p
}

// Start begins the work in the background. What goes wrong there is logged and shows in [Process.Status], and is tried again
// where that can help; it is not reported here. It fails only when called a second time or after Close.
func (p *Process) Start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch p.phase {
	case processStarted:
		return ErrAlreadyStarted
	case processClosed:
		return fmt.Errorf("Start: %w", ErrClosed)
	}
	p.phase = processStarted
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	p.done = make(chan struct{})
	go func() {
		defer close(p.done)
		sharedGoroutines.enter()
		p.supervisor.run(ctx)
		p.telemetry.stop()
		sharedGoroutines.leave()
		p.supervisor.board.update(func(s *Status) { *s = Status{Phase: PhaseClosed} })
	}()
	return nil
}

// Close ends the work and returns when nothing of it goes on any more, which takes as long as the calls into the arguments
// (plugin, database, transmitter, ...) that ignore their contexts. Nothing that was passed in is closed. It fails if the process is not
// running.
func (p *Process) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch p.phase {
	case processUnstarted:
		return ErrNotStarted
	case processClosed:
		return fmt.Errorf("Close: %w", ErrClosed)
	}
	p.phase = processClosed
	p.cancel()
	<-p.done
	return nil
}

// Status returns what the process is doing now. It may be called at any time.
func (p *Process) Status() Status { return p.supervisor.status() }

// running is a protocol instance, or the like, that has started.
type running interface {
	// stop ends it and returns when nothing of it is left.
	stop()
	// report adds what it has to say to the status. It may be called at any time, also after stop.
	report(*Status)
}

// starter makes running things of configs.
type starter interface {
	// start may take long; it ends early when ctx does. When it fails, nothing is left of the attempt. A permanent error says
	// that trying again cannot help.
	start(ctx context.Context, cc types.ContractConfig, logger logging.Logger) (running, error)
}

// permanentError is a failure to start that the same config will always lead to.
type permanentError struct{ error }

func (e permanentError) Unwrap() error { return e.error }

func permanent(err error) error { return permanentError{err} }

func isPermanent(err error) bool {
	var p permanentError
	return errors.As(err, &p)
}
