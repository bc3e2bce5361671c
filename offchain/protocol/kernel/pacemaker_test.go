package kernel_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	. "github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
	"github.com/ocrkit/ocrkit/test/vectors"
)

// recordingHost writes down what the pacemaker does in one event.
type recordingHost struct {
	broadcasts   []uint32
	resendSet    bool
	progressSet  bool
	progressOff  bool
	stateChanged bool
	entered      []string
	epochStarted []string // entered, without the first
	logs         []string
}

func (h *recordingHost) BroadcastNewEpoch(epoch uint32) {
	h.broadcasts = append(h.broadcasts, epoch)
}
func (h *recordingHost) SetResendTimer(time.Duration)   { h.resendSet = true }
func (h *recordingHost) SetProgressTimer(time.Duration) { h.progressSet = true }
func (h *recordingHost) CancelProgressTimer()           { h.progressOff = true }
func (h *recordingHost) StateChanged()                  { h.stateChanged = true }
func (h *recordingHost) EnterEpoch(epoch uint32, leader commontypes.OracleID, first bool) {
	entered := fmt.Sprintf("epoch %d leader %d", epoch, leader)
	h.entered = append(h.entered, entered)
	if !first {
		h.epochStarted = append(h.epochStarted, entered)
	}
}
func (h *recordingHost) Log(level LogLevel, message string, _ ...any) {
	h.logs = append(h.logs, level.String()+": "+message)
}

func (h *recordingHost) reset() { *h = recordingHost{} }

func TestPacemakerVectors(t *testing.T) {
	type state struct {
		Epoch, Ne      uint32
		Leader         commontypes.OracleID
		Newepoch       []uint32
		TProgressArmed bool
	}
	type persisted struct {
		Epoch, HighestSentEpoch uint32
		HighestReceivedEpoch    []uint32
	}
	type step struct {
		Event struct {
			Event string
			Epoch uint32
			From  commontypes.OracleID
		}
		Effects []struct {
			Effect, Type string
			Bytes        vectors.Hex
			Leader       commontypes.OracleID
			persisted
		}
		State state
	}
	vectors.Each(t, "testdata", []string{"ocr12-ocr2-pacemaker-steps.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.DecodeStrict[struct {
			Component, Protocol              string
			N, F                             int
			OracleID                         commontypes.OracleID
			ContractDigestMatches            bool
			ContractEpoch                    uint32
			ContractError, DatabaseError     bool
			LeaderSelectionKey, SharedSecret vectors.Hex
			PersistedState                   *persisted
		}](t, c.Input)
		if in.Component != "pacemaker" {
			t.Fatalf("unknown component %q", in.Component)
		}
		out := vectors.DecodeStrict[struct{ Steps []step }](t, c.Output)
		host := new(recordingHost)
		p := NewPacemaker(PacemakerConfig{
			N: in.N, F: in.F, DeltaProgress: time.Second, DeltaResend: time.Second,
			Leader: config.NewLeadersV1(in.N, in.LeaderSelectionKey.Array16(t)).Leader,
		}, host)
		for i, s := range out.Steps {
			host.reset()
			switch s.Event.Event {
			case "start":
				var stored *types.PersistentState
				if in.PersistedState != nil && !in.DatabaseError {
					stored = (*types.PersistentState)(in.PersistedState)
				}
				p.Start(stored, in.ContractEpoch, in.ContractDigestMatches && !in.ContractError)
			case "newEpoch":
				p.NewEpoch(s.Event.From, s.Event.Epoch)
			case "tResend":
				p.ResendFired()
			case "tProgress":
				p.ProgressFired()
			case "eventProgress":
				p.Progress()
			case "eventChangeLeader":
				p.ChangeLeader()
			default:
				t.Fatalf("step %d: unknown event %q", i, s.Event.Event)
			}
			var want recordingHost
			var wantPersisted *persisted
			for _, e := range s.Effects {
				switch e.Effect {
				case "broadcast":
					m, err := ocr2wire.Decode(e.Bytes)
					if err != nil {
						t.Fatal(err)
					}
					want.broadcasts = append(want.broadcasts, m.(*ocr2wire.NewEpoch).Epoch)
				case "setTimerResend":
					want.resendSet = true
				case "persist":
					wantPersisted = &e.persisted // the last one of a step counts
				case "telemetryEpochStarted":
					want.epochStarted = append(want.epochStarted, fmt.Sprintf("epoch %d leader %d", e.Epoch, e.Leader))
				default:
					t.Fatalf("step %d: unknown effect %q", i, e.Effect)
				}
			}
			if !slices.Equal(host.broadcasts, want.broadcasts) || host.resendSet != want.resendSet ||
				!slices.Equal(host.epochStarted, want.epochStarted) || host.stateChanged != (wantPersisted != nil) {
				t.Fatalf("step %d, %+v:\ngot  %+v\nwant %+v", i, s.Event, *host, want)
			}
			now := p.State()
			if wantPersisted != nil && !now.Equal(types.PersistentState(*wantPersisted)) {
				t.Fatalf("step %d, %+v: persists %+v, want %+v", i, s.Event, now, *wantPersisted)
			}
			got := state{p.Epoch(), p.Wish(), p.Leader(), now.HighestReceivedEpoch, p.ProgressArmed()}
			if fmt.Sprint(got) != fmt.Sprint(s.State) {
				t.Fatalf("step %d, %+v: state %+v, want %+v", i, s.Event, got, s.State)
			}
		}
	})
}

func TestPacemakerSaysWhyStateIsIgnored(t *testing.T) {
	for name, test := range map[string]struct {
		state *types.PersistentState
		want  string
	}{
		"none":    {nil, "info: no persisted state"},
		"corrupt": {&types.PersistentState{Epoch: 2, HighestSentEpoch: 1, HighestReceivedEpoch: make([]uint32, 4)}, "error: the persisted state is corrupt"},
		"stale":   {&types.PersistentState{HighestReceivedEpoch: make([]uint32, 4)}, "info: the persisted state is from before"},
	} {
		host := new(recordingHost)
		p := NewPacemaker(PacemakerConfig{N: 4, F: 1, Leader: func(uint32) commontypes.OracleID { return 0 }}, host)
		p.Start(test.state, 0, false)
		if len(host.logs) != 1 || !strings.HasPrefix(host.logs[0], test.want) {
			t.Errorf("%s: logs %q, want one that begins with %q", name, host.logs, test.want)
		}
		if p.Epoch() != 1 {
			t.Errorf("%s: starts in epoch %d, want 1", name, p.Epoch())
		}
	}
}

// TestPacemakerInvariants drives a pacemaker with random events and checks what must always hold.
func TestPacemakerInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.IntRange(0, 3).Draw(t, "f")
		n := 3*f + rapid.IntRange(1, 3).Draw(t, "spare")
		host := new(recordingHost)
		p := NewPacemaker(PacemakerConfig{N: n, F: f, Leader: func(e uint32) commontypes.OracleID {
			return commontypes.OracleID(int(e) % n)
		}}, host)
		p.Start(nil, rapid.Uint32Range(0, 3).Draw(t, "contract"), rapid.Bool().Draw(t, "known"))
		for range rapid.IntRange(0, 60).Draw(t, "events") {
			before, wishBefore := p.State(), p.Wish()
			host.reset()
			timeout := false
			switch rapid.IntRange(0, 6).Draw(t, "event") {
			case 0:
				p.ResendFired()
			case 1:
				p.ProgressFired()
				timeout = true
			case 2:
				p.Progress()
			case 3:
				p.ChangeLeader()
				timeout = true
			default:
				p.NewEpoch(commontypes.OracleID(rapid.IntRange(0, n).Draw(t, "from")), rapid.Uint32Range(0, 12).Draw(t, "epoch"))
			}
			now := p.State()
			if now.Epoch < before.Epoch || now.HighestSentEpoch < before.HighestSentEpoch {
				t.Fatalf("went back from %+v to %+v", before, now)
			}
			reached := func(epoch uint32) (count int) {
				for _, x := range now.HighestReceivedEpoch {
					if x >= epoch {
						count++
					}
				}
				return count
			}
			for i, x := range now.HighestReceivedEpoch {
				if x < before.HighestReceivedEpoch[i] {
					t.Fatalf("the wish of oracle %d went back from %d to %d", i, before.HighestReceivedEpoch[i], x)
				}
			}
			if now.Epoch > before.Epoch && reached(now.Epoch) <= 2*f {
				t.Fatalf("entered epoch %d, which only %d oracles wish for", now.Epoch, reached(now.Epoch))
			}
			if now.Epoch > before.Epoch && (len(host.entered) != 1 || !p.ProgressArmed() || p.Leader() != commontypes.OracleID(int(now.Epoch)%n)) {
				t.Fatalf("entered epoch %d: %+v, leader %d", now.Epoch, *host, p.Leader())
			}
			for _, x := range host.broadcasts {
				if x > wishBefore && !timeout && reached(x) <= f {
					t.Fatalf("announced epoch %d out of its own wish without a timeout", x)
				}
				if x > wishBefore && timeout && x != max(wishBefore, before.Epoch+1) {
					t.Fatalf("announced epoch %d after a timeout in epoch %d", x, before.Epoch)
				}
			}
			if now.HighestSentEpoch > 1 && now.HighestSentEpoch < now.Epoch {
				t.Fatalf("wish %d is below epoch %d", now.HighestSentEpoch, now.Epoch)
			}
			if !now.Equal(before) && !host.stateChanged {
				t.Fatalf("state went from %+v to %+v without a notice", before, now)
			}
		}
	})
}
