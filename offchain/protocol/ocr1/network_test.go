package ocr1

import (
	"bytes"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
	"github.com/ocrkit/ocrkit/test/roundtest"
)

var epochStart = roundtest.Epoch

// signedBy is the signature that a check is to find.
func signedBy(check *kernel.SignatureCheck) []byte {
	if check.Kind == kernel.OnchainSignature {
		return reportSignature(check.Signer, check.Report)
	}
	return roundtest.Sign(check.Signer, check.Message)
}

// outside is what is around the machines: data sources, which differ a little, and a contract.
type outside struct {
	n        int
	value    func(own commontypes.OracleID, r Round) *big.Int
	contract ContractState
	asked    RequestedRound
	override *ocr1types.ConfigOverride
	// transmitted counts the reports that the contract took.
	transmitted map[Round]int
}

// newOutside has a value that rises with each round, so that there is always something to report.
func newOutside(n int) *outside {
	return &outside{
		n: n, transmitted: map[Round]int{},
		contract: ContractState{ConfigDigest: testDigest, LatestTimestamp: epochStart},
		value: func(own commontypes.OracleID, r Round) *big.Int {
			return big.NewInt(1000*(300*int64(r.Epoch)+int64(r.Round)) + int64(own))
		},
	}
}

// answer returns the result of a call effect, or nil if the effect is none.
func (w *outside) answer(own commontypes.OracleID, effect kernel.Effect) Event {
	switch e := effect.(type) {
	case kernel.Verify:
		return roundtest.Verify(e, signedBy)
	case kernel.SignOffchain:
		return kernel.Signed{ID: e.ID, Signature: roundtest.Sign(own, e.Message)}
	case SignOnchain:
		return kernel.Signed{ID: e.ID, Signature: reportSignature(own, e.Report)}
	case RecoverSigners:
		done := SignersRecovered{ID: e.ID, Signers: make([]int, len(e.Signatures))}
		for i, signature := range e.Signatures {
			done.Signers[i] = -1
			if len(signature) == 65 {
				signer := commontypes.OracleID(signature[63])
				if int(signer) < w.n && bytes.Equal(signature, reportSignature(signer, e.Report)) {
					done.Signers[i] = int(signer)
				}
			}
		}
		return done
	case CallObserve:
		return ObserveDone{ID: e.ID, Value: w.value(own, e.Round)}
	case CallReportInputs:
		return ReportInputsDone{ID: e.ID, Contract: w.contract, Requested: w.asked, Override: w.override}
	case CallContractState:
		return ContractStateDone{ID: e.ID, Contract: w.contract, Override: w.override}
	case CallTransmit:
		if w.contract.Round.Less(e.Round) {
			w.contract.Round = e.Round
			w.transmitted[e.Round]++
		}
		return rounds.TransmitDone{ID: e.ID}
	}
	return nil
}

// reportSignature is an oracle's signature of a report, as long as a real one. It tells the signer.
func reportSignature(signer commontypes.OracleID, report []byte) []byte {
	signature := append(roundtest.Sign(signer, report), make([]byte, 57)...)
	signature[63] = byte(signer)
	return signature
}

var testDigest = ocr1types.ConfigDigest{1, 2, 3}

func testConfig(n, f int) Config {
	return Config{
		ConfigDigest: testDigest,
		Config: rounds.Config{
			N: n, F: f,
			DeltaProgress: 2 * time.Second, DeltaResend: 10 * time.Second, DeltaRound: 100 * time.Millisecond,
			DeltaGrace: 20 * time.Millisecond, DeltaStage: 20 * time.Millisecond, RMax: 3, S: []int{1, n},
		},
		DeltaC: time.Hour, AlphaPPB: 10_000_000,
	}
}

func newNetwork(cfg Config, answer func(commontypes.OracleID, kernel.Effect) Event) *roundtest.Network[ocr1wire.Message] {
	net := roundtest.NewNetwork[ocr1wire.Message](cfg.N, func(own commontypes.OracleID) roundtest.Machine {
		cfg.OracleID = own
		return New(cfg)
	})
	net.Answer = answer
	return net
}

func TestNetworkMakesReports(t *testing.T) {
	for _, size := range []struct{ n, f int }{{1, 0}, {2, 0}, {4, 1}, {7, 2}, {16, 5}, {31, 10}} {
		t.Run(fmt.Sprintf("n=%d", size.n), func(t *testing.T) {
			world := newOutside(size.n)
			net := newNetwork(testConfig(size.n, size.f), world.answer)
			stored, deleted := 0, 0
			net.Seen = func(own commontypes.OracleID, effect kernel.Effect) {
				if complaint := roundtest.Complaint(own, effect); complaint != "" {
					t.Error(complaint)
				}
				switch effect.(type) {
				case StorePending:
					stored++
				case rounds.DeletePending:
					deleted++
				}
			}
			net.Start(Start{ContractKnown: true})
			net.Run(2 * time.Second)
			for epoch := uint32(1); epoch <= 4; epoch++ {
				for round := uint8(1); round <= 3; round++ {
					if got := world.transmitted[Round{Epoch: epoch, Round: round}]; got != 1 {
						t.Errorf("the contract took %d/%d %d times, want once", epoch, round, got)
					}
				}
			}
			if stored < 12*size.n || deleted < 12*size.n {
				t.Errorf("%d reports were stored, %d deleted; want one for each oracle and round", stored, deleted)
			}
			if t.Failed() {
				t.Log(net.Machines[0])
			}
		})
	}
}

// TestNothingToReport: while the value stays where it is, rounds are completed without a report.
func TestNothingToReport(t *testing.T) {
	world := newOutside(4)
	world.value = func(commontypes.OracleID, Round) *big.Int { return big.NewInt(500) }
	world.contract.Round, world.contract.LatestAnswer = Round{Epoch: 1, Round: 1}, big.NewInt(500)
	net := newNetwork(testConfig(4, 1), world.answer)
	counts := map[string]int{}
	net.Seen = func(own commontypes.OracleID, effect kernel.Effect) {
		switch e := effect.(type) {
		case Send:
			counts[e.Message.Kind().String()]++
		case Broadcast:
			counts[e.Message.Kind().String()]++
		case rounds.Count:
			counts[e.Counter.String()]++
		}
	}
	net.Start(Start{})
	net.Run(2 * time.Second)
	if counts["Report"]+counts["Final"]+counts["FinalEcho"] > 0 || counts["completed rounds"] < 40 || counts["ReportReq"] < 10 {
		t.Errorf("%v", counts)
	}
	// Each reason to report.
	for name, change := range map[string]func(){
		"an old answer":     func() { world.contract.LatestTimestamp = epochStart.Add(-2 * time.Hour) },
		"a requested round": func() { world.asked = RequestedRound{testDigest, Round{Epoch: 1, Round: 1}} },
		"another digest":    func() { world.contract.ConfigDigest = ocr1types.ConfigDigest{9} },
		"an override":       func() { world.override = &ocr1types.ConfigOverride{AlphaPPB: 0, DeltaC: time.Hour} },
	} {
		saved := *world
		change()
		counts["Report"] = 0
		net.Run(time.Second)
		if got := counts["Report"] > 0; got != (name != "another digest") {
			t.Errorf("%s: %d reports", name, counts["Report"])
		}
		*world = saved
	}
}

// TestMachinesFollowSilentLeaders: with a leader that sends nothing, the oracles go on to the next one.
func TestMachinesFollowSilentLeaders(t *testing.T) {
	world := newOutside(4)
	net := newNetwork(testConfig(4, 1), world.answer)
	silent := net.Machines[0].(*Machine).core.Leaders.Leader(1)
	net.Lost = func(from, _ commontypes.OracleID, _ ocr1wire.Message) bool { return from == silent }
	net.Start(Start{})
	net.Run(30 * time.Second)
	if len(world.transmitted) < 20 || world.transmitted[Round{Epoch: 1, Round: 1}] > 0 {
		t.Errorf("transmitted: %v", world.transmitted)
	}
}

// BenchmarkRound measures whole rounds of n machines, from ObserveReq to the end of transmission, with calls that are
// answered at once: what the machines themselves cost, without keys, codec, disk or network. One operation is one round of
// the whole network.
func BenchmarkRound(b *testing.B) {
	for _, size := range []struct{ n, f int }{{4, 1}, {16, 5}, {31, 10}} {
		b.Run(fmt.Sprintf("n=%d", size.n), func(b *testing.B) {
			cfg := testConfig(size.n, size.f)
			cfg.RMax = 254
			world := newOutside(size.n)
			signers := make([]int, size.f+1)
			for i := range signers {
				signers[i] = i
			}
			signature := make([]byte, 65)
			net := newNetwork(cfg, func(own commontypes.OracleID, effect kernel.Effect) Event {
				switch e := effect.(type) {
				case kernel.Verify:
					return kernel.Verified{ID: e.ID, Bad: -1}
				case RecoverSigners:
					return SignersRecovered{ID: e.ID, Signers: signers}
				case kernel.SignOffchain:
					return kernel.Signed{ID: e.ID, Signature: signature[:64]}
				case SignOnchain:
					return kernel.Signed{ID: e.ID, Signature: signature}
				}
				return world.answer(own, effect)
			})
			done := 0
			net.Seen = func(own commontypes.OracleID, effect kernel.Effect) {
				if e, ok := effect.(Broadcast); ok && e.Message.Kind() == ocr1wire.KindObserveReq {
					done++
				}
			}
			net.Start(Start{ContractKnown: true})
			net.Run(time.Second)
			done, net.Steps = 0, 0
			b.ReportAllocs()
			b.ResetTimer()
			for done < b.N {
				net.Run(cfg.DeltaRound / 10)
			}
			b.StopTimer()
			b.ReportMetric(float64(net.Steps)/float64(done), "steps/op")
		})
	}
}
