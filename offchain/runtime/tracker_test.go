package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/vectors"
)

// scriptedTracker answers one poll as a vector says, and as digester, too.
type scriptedTracker struct {
	height, changedInBlock           uint64
	details, fetched, computed       types.ConfigDigest
	prefix                           types.ConfigDigestPrefix
	heightErr, detailsErr, configErr error
	calls                            []string
}

func (s *scriptedTracker) Notify() <-chan struct{} { return nil }

func (s *scriptedTracker) LatestBlockHeight(context.Context) (uint64, error) {
	s.calls = append(s.calls, "LatestBlockHeight")
	return s.height, s.heightErr
}

func (s *scriptedTracker) LatestConfigDetails(context.Context) (uint64, types.ConfigDigest, error) {
	s.calls = append(s.calls, "LatestConfigDetails")
	return s.changedInBlock, s.details, s.detailsErr
}

func (s *scriptedTracker) LatestConfig(_ context.Context, changedInBlock uint64) (types.ContractConfig, error) {
	s.calls = append(s.calls, fmt.Sprintf("LatestConfig(%d)", changedInBlock))
	return types.ContractConfig{ConfigDigest: s.fetched}, s.configErr
}

func (s *scriptedTracker) ConfigDigest(context.Context, types.ContractConfig) (types.ConfigDigest, error) {
	return s.computed, nil
}

func (s *scriptedTracker) ConfigDigestPrefix(context.Context) (types.ConfigDigestPrefix, error) {
	return s.prefix, nil
}

func TestPollVectors(t *testing.T) {
	vectors.Each(t, "testdata", []string{"api-trackconfig.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.DecodeStrict[struct {
			BlockHeight, ChangedInBlock                                 vectors.U64
			Confirmations, DigesterPrefix                               uint16
			SkipConfirmations                                           bool
			CurrentDigest, DetailsDigest, FetchedDigest, ComputedDigest vectors.Hex
			Errors                                                      struct{ LatestBlockHeight, LatestConfigDetails, LatestConfig bool }
		}](t, c.Input)
		want := vectors.DecodeStrict[struct {
			AwaitingConfirmation, Change bool
			Calls                        []string
			LogLevel                     string
		}](t, c.Output)

		fail := func(fails bool) error {
			if fails {
				return errors.New("out of order")
			}
			return nil
		}
		tracker := &scriptedTracker{
			height:         uint64(in.BlockHeight),
			changedInBlock: uint64(in.ChangedInBlock),
			details:        in.DetailsDigest.Array32(t),
			fetched:        in.FetchedDigest.Array32(t),
			computed:       in.ComputedDigest.Array32(t),
			prefix:         types.ConfigDigestPrefix(in.DigesterPrefix),
			heightErr:      fail(in.Errors.LatestBlockHeight),
			detailsErr:     fail(in.Errors.LatestConfigDetails),
			configErr:      fail(in.Errors.LatestConfig),
		}
		var log logRecorder
		got := poller{
			tracker: tracker, check: checkedBy(tracker), confirmations: in.Confirmations, skipConfirmations: in.SkipConfirmations,
			logger: logging.New(&log),
		}.poll(t.Context(), in.CurrentDigest.Array32(t))

		if !slices.Equal(tracker.calls, want.Calls) {
			t.Errorf("calls %v, want %v", tracker.calls, want.Calls)
		}
		if (got.change != nil) != want.Change || got.awaiting != want.AwaitingConfirmation {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if worst := log.worst(); worst != want.LogLevel {
			t.Errorf("logged %q, want %q", worst, want.LogLevel)
		}
		if (got.problem != "") != (want.LogLevel != "") {
			t.Errorf("problem %q, but log level %q", got.problem, want.LogLevel)
		}
	})
}

func TestIsDeepEnough(t *testing.T) {
	const top = ^uint64(0)
	for _, c := range []struct {
		height, block uint64
		confirmations uint16
		want          bool
	}{
		{10, 10, 1, true}, {9, 10, 1, false}, {11, 10, 2, true}, {10, 10, 2, false},
		{9, 10, 0, true}, {8, 10, 0, false}, {0, 0, 0, true}, {0, 1, 0, true},
		{top, top, 1, true}, {top, top, 2, false}, {0, top, 100, false}, {top, 0, 100, true},
	} {
		if got := isDeepEnough(c.height, c.block, c.confirmations); got != c.want {
			t.Errorf("height %d, block %d, %d confirmations: got %v", c.height, c.block, c.confirmations, got)
		}
	}
}

func TestPollAfter(t *testing.T) {
	for _, c := range []struct {
		awaiting       bool
		interval, want time.Duration
	}{
		{false, time.Minute, time.Minute},
		{true, time.Minute, 15 * time.Second},
		{true, 5 * time.Second, 5 * time.Second},
		{false, 5 * time.Second, 5 * time.Second},
	} {
		if got := pollAfter(finding{awaiting: c.awaiting}, c.interval); got != c.want {
			t.Errorf("%+v: got %v", c, got)
		}
	}
}

func TestBackoff(t *testing.T) {
	var steady backoff
	for i, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 120, 120} {
		if got := steady.next(0); got != want*time.Second {
			t.Errorf("pause %d without jitter: got %v, want %d s", i, got, want)
		}
	}
	// The jitter is part of what is doubled.
	var jittered backoff
	for i, want := range []time.Duration{1000, 1800, 3240} {
		if got := jittered.next(1).Round(time.Millisecond); got != want*time.Millisecond {
			t.Errorf("pause %d with full jitter: got %v, want %d ms", i, got, want)
		}
	}
	for range 20 {
		jittered.next(1)
	}
	if got := jittered.next(1); got != 108*time.Second {
		t.Errorf("longest pause with full jitter: got %v", got)
	}
	if writeRetry(1) != 100*time.Millisecond || writeRetry(3) != 400*time.Millisecond || writeRetry(1000) != 10*time.Second {
		t.Errorf("pauses between writes: %v %v %v", writeRetry(1), writeRetry(3), writeRetry(1000))
	}
}

func TestNextCollection(t *testing.T) {
	for u, want := range map[float64]time.Duration{0: 600 * time.Second, 0.5: 750 * time.Second, 0.9999: 899 * time.Second} {
		if got := nextCollection(u); got != want {
			t.Errorf("u = %v: got %v, want %v", u, got, want)
		}
	}
}

var _ commontypes.Logger = (*logRecorder)(nil)
