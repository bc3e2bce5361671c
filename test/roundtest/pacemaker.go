package roundtest

import (
	"encoding/json"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/roundwire"
	"github.com/ocrkit/ocrkit/test/vectors"
)

// CheckPacemaker plays the step vectors of the pacemaker to whole machines. frame makes the frame of one, start its first
// event.
func CheckPacemaker[M rounds.Message](
	t *testing.T, encode func(M) ([]byte, error), frame func(Pacemaker) *rounds.Machine[M],
	start func(state *types.PersistentState, contract uint32, known bool) rounds.Event,
) {
	vectors.Each(t, "testdata", []string{"ocr12-ocr2-pacemaker-steps.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.DecodeStrict[pacemakerInput](t, c.Input)
		m := frame(Pacemaker{in.N, in.F, in.OracleID, in.LeaderSelectionKey.Array16(t)})
		for i, s := range vectors.DecodeStrict[struct{ Steps []pacemakerStep }](t, c.Output).Steps {
			var effects []kernel.Effect
			inside := func(f func()) {
				m.Begin(Epoch)
				f()
				effects = m.End()
			}
			switch s.Event.Event {
			case "start":
				stored := (*types.PersistentState)(in.PersistedState)
				if in.DatabaseError {
					stored = nil
				}
				effects = m.Step(Epoch, start(stored, in.ContractEpoch, in.ContractDigestMatches && !in.ContractError))
			case "newEpoch":
				inside(func() { m.Pacemaker.NewEpoch(s.Event.From, s.Event.Epoch) })
			case "tResend":
				effects = m.Step(Epoch, rounds.TimerFired{Timer: rounds.TimerResend})
			case "tProgress":
				effects = m.Step(Epoch, rounds.TimerFired{Timer: rounds.TimerProgress})
			case "eventProgress":
				inside(m.Pacemaker.Progress)
			case "eventChangeLeader":
				inside(m.Pacemaker.ChangeLeader)
			default:
				t.Fatalf("step %d: unknown event %q", i, s.Event.Event)
			}
			got, want := pacemakerEffects(t, effects, encode), wantedOfPacemaker(t, s)
			if got != want {
				t.Fatalf("step %d, %+v:\ngot  %s\nwant %s", i, s.Event, got, want)
			}
			now := m.Pacemaker.State()
			state := pacemakerState{m.Pacemaker.Epoch(), m.Pacemaker.Wish(), m.Pacemaker.Leader(), now.HighestReceivedEpoch, m.Pacemaker.ProgressArmed()}
			if got, want := asJSON(t, state), asJSON(t, s.State); got != want {
				t.Fatalf("step %d, %+v: state\n%s\nwant\n%s", i, s.Event, got, want)
			}
		}
	})
}

// Pacemaker is what the vectors say of a pacemaker's configuration.
type Pacemaker struct {
	N, F      int
	OracleID  commontypes.OracleID
	LeaderKey config.Key
}

type persisted struct {
	Epoch, HighestSentEpoch uint32
	HighestReceivedEpoch    []uint32
}

type pacemakerInput struct {
	Component, Protocol              string
	N, F                             int
	OracleID                         commontypes.OracleID
	ContractDigestMatches            bool
	ContractEpoch                    uint32
	ContractError, DatabaseError     bool
	LeaderSelectionKey, SharedSecret vectors.Hex
	PersistedState                   *persisted
}

type pacemakerState struct {
	Epoch, Ne      uint32
	Leader         commontypes.OracleID
	Newepoch       []uint32
	TProgressArmed bool
}

type pacemakerStep struct {
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
	State pacemakerState
}

// pacemakerSummary is what a pacemaker does in one event. Of what is persisted in one event the last one counts.
type pacemakerSummary struct {
	Broadcasts []string
	Resend     bool
	Started    []rounds.EpochStarted
	Persisted  *persisted
}

func asJSON(t *testing.T, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func pacemakerEffects[M rounds.Message](t *testing.T, effects []kernel.Effect, encode func(M) ([]byte, error)) string {
	var s pacemakerSummary
	for _, effect := range effects {
		switch e := effect.(type) {
		case rounds.Broadcast[M]:
			if e.Message.Kind() != roundwire.KindNewEpoch {
				continue // the leader's
			}
			b, err := encode(e.Message)
			if err != nil {
				t.Fatal(err)
			}
			s.Broadcasts = append(s.Broadcasts, vectors.Hex(b).String())
		case kernel.SetTimer:
			s.Resend = s.Resend || e.Timer == rounds.TimerResend
		case rounds.EpochStarted:
			s.Started = append(s.Started, e)
		case rounds.PersistState:
			p := persisted(e.State)
			s.Persisted = &p
		}
	}
	return asJSON(t, s)
}

func wantedOfPacemaker(t *testing.T, step pacemakerStep) string {
	var s pacemakerSummary
	for _, e := range step.Effects {
		switch e.Effect {
		case "broadcast":
			s.Broadcasts = append(s.Broadcasts, e.Bytes.String())
		case "setTimerResend":
			s.Resend = true
		case "persist":
			p := e.persisted
			s.Persisted = &p
		case "telemetryEpochStarted":
			s.Started = append(s.Started, rounds.EpochStarted{Epoch: e.Epoch, Leader: e.Leader})
		default:
			t.Fatalf("unknown effect %q", e.Effect)
		}
	}
	return asJSON(t, s)
}
