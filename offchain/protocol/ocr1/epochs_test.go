package ocr1

import (
	"testing"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
	"github.com/ocrkit/ocrkit/test/roundtest"
	"github.com/ocrkit/ocrkit/test/vectors"
)

func TestPacemakerVectors(t *testing.T) {
	roundtest.CheckPacemaker(t, ocr1wire.Encode, func(in roundtest.Pacemaker) *rounds.Machine[ocr1wire.Message] {
		cfg := testConfig(in.N, in.F)
		cfg.OracleID, cfg.LeaderSelectionKey = in.OracleID, in.LeaderKey
		return New(cfg).frame
	}, func(state *types.PersistentState, contract uint32, known bool) Event {
		return Start{State: state, ContractEpoch: contract, ContractKnown: known}
	})
}

func TestLeaderVectors(t *testing.T) {
	vectors.Each(t, "testdata", []string{"ocr12-leaders.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.DecodeStrict[struct {
			N            int
			SharedSecret vectors.Hex
		}](t, c.Input)
		want := vectors.DecodeStrict[struct {
			LeaderSelectionKey, TransmissionOrderKey vectors.Hex
			LeadersEpoch0To63                        []commontypes.OracleID
			OtherEpochs                              []struct {
				Epoch  uint32
				Leader commontypes.OracleID
			}
		}](t, c.Output)
		cfg := testConfig(in.N, 0)
		cfg.LeaderSelectionKey = config.KeysV1(config.SharedSecret(in.SharedSecret.Array16(t))).LeaderSelection
		check := func(epoch uint32, leader commontypes.OracleID) {
			// The machine is put into the epoch, and says itself who leads it.
			wishes := make([]uint32, in.N)
			m := New(cfg)
			m.Step(epochStart, Start{State: &types.PersistentState{Epoch: epoch, HighestSentEpoch: epoch, HighestReceivedEpoch: wishes}})
			if s := m.Status(); s.Epoch != epoch || s.Leader != leader {
				t.Errorf("epoch %d is led by %d, want %d in %d", s.Epoch, s.Leader, leader, epoch)
			}
		}
		for epoch, leader := range want.LeadersEpoch0To63 {
			if epoch > 0 { // in which no machine ever is
				check(uint32(epoch), leader)
			}
		}
		for _, e := range want.OtherEpochs {
			check(e.Epoch, e.Leader)
		}
	})
}
