package ocr1

import (
	"crypto/ed25519"
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
	"github.com/ocrkit/ocrkit/test/roundtest"
	"github.com/ocrkit/ocrkit/test/vectors"
)

var errOutside = errors.New("no answer")

// recoverSigners tells which of the addresses made signatures.
func recoverSigners(report []byte, signatures [][]byte, addresses []common.Address) []int {
	signers := make([]int, len(signatures))
	for i, signature := range signatures {
		signers[i] = -1
		if len(signature) != 65 {
			continue
		}
		if key, err := crypto.SigToPub(crypto.Keccak256(report), signature); err == nil {
			signers[i] = slices.Index(addresses, crypto.PubkeyToAddress(*key))
		}
	}
	return signers
}

type stepsContract struct {
	ConfigDigest         vectors.Hex
	Epoch                uint32
	Round                uint8
	LatestAnswer         vectors.Dec
	LatestTimestampAgeNs vectors.Ns
}

type stepsInput struct {
	AlphaPPB            vectors.U64
	Component, Protocol string
	ConfigDigest        vectors.Hex
	DeltaCNs            vectors.Ns
	DeltaStageNs        vectors.Ns
	Environment         struct {
		Contract          *stepsContract
		Datasource        vectors.Dec
		PendingInDatabase []struct {
			AgeNs  vectors.Ns
			Epoch  uint32
			Round  uint8
			Report vectors.Hex
		}
	}
	Epoch            uint32
	N, F             int
	Keys             []roundtest.Key
	Leader, OracleID commontypes.OracleID
	RMax             uint8
	S                []int
	SharedSecret     vectors.Hex
}

// stepsRig runs one case: it feeds events to a machine, of which it looks at one part, and answers the calls as the case says.
type stepsRig struct {
	roundtest.Recorder[ocr1wire.Message]
	in  stepsInput
	cfg Config
	m   *Machine

	contract    ContractState // the age of the answer is in answerAge
	answerAge   time.Duration
	contractErr error
	value       *big.Int
	valueErr    error
	restoring   bool
}

func newStepsRig(t *testing.T, in stepsInput) *stepsRig {
	rig := &stepsRig{in: in, value: in.Environment.Datasource.Int}
	rig.Recorder = roundtest.Recorder[ocr1wire.Message]{
		T: t, Keys: in.Keys, Encode: ocr1wire.Encode, Decode: ocr1wire.Decode, Now: time.Unix(1_700_000_000, 0),
	}
	keys := config.KeysV1(config.SharedSecret(in.SharedSecret.Array16(t)))
	rig.cfg = Config{
		ConfigDigest: in.ConfigDigest.Array16(t),
		Config: rounds.Config{
			OracleID: in.OracleID, N: in.N, F: in.F,
			DeltaProgress: time.Minute, DeltaResend: time.Minute, DeltaRound: time.Second, DeltaGrace: time.Second,
			DeltaStage: in.DeltaStageNs.D(), RMax: in.RMax, S: in.S,
			LeaderSelectionKey: keys.LeaderSelection, TransmissionOrderKey: keys.TransmissionOrder,
		},
		DeltaC: in.DeltaCNs.D(), AlphaPPB: uint64(in.AlphaPPB),
	}
	if c := in.Environment.Contract; c != nil {
		rig.contract = ContractState{
			ConfigDigest: c.ConfigDigest.Array16(t), Round: Round{Epoch: c.Epoch, Round: c.Round}, LatestAnswer: c.LatestAnswer.Int,
		}
		rig.answerAge = c.LatestTimestampAgeNs.D()
	}
	rig.m = New(rig.cfg)
	rig.m.frame.Started = true
	rig.m.transmission.MaxAttempts = 1
	switch in.Component {
	case "reportGeneration":
		rig.m.frame.Epoch = in.Epoch
		rig.m.generation = newGeneration(rig.m.core, in.Epoch, in.Leader, &rig.m.valid, rig,
			func(f *ocr1wire.Final) { rig.NoteMessage("eventTransmit", f) })
		rig.m.frame.Generation = rig.m.generation
	case "transmission":
	default:
		t.Fatalf("unknown component %q", in.Component)
	}
	return rig
}

// What report generation tells the rest of the machine.

func (rig *stepsRig) Progress()     { rig.Note("eventProgress") }
func (rig *stepsRig) ChangeLeader() { rig.Note("eventChangeLeader") }

// set changes what data source and contract say.
func (rig *stepsRig) set(what string) {
	switch what {
	case "contract: latestAnswer 1000, fresh; datasource error":
		rig.contract.LatestAnswer, rig.valueErr = big.NewInt(1000), errOutside
	case "datasource: out of int192 range":
		rig.value, rig.valueErr = new(big.Int).Lsh(big.NewInt(1), 191), nil
	case "contract: epoch 5 round 3":
		rig.contract.ConfigDigest, rig.contract.Round = rig.cfg.ConfigDigest, Round{Epoch: 5, Round: 3}
	case "contract: error":
		rig.contractErr = errOutside
	case "contract: other config digest":
		rig.contractErr, rig.contract.ConfigDigest = nil, ocr1types.ConfigDigest{1}
	case "contract: this config digest, epoch 0 round 0":
		rig.contract.ConfigDigest, rig.contract.Round = rig.cfg.ConfigDigest, Round{}
	default:
		rig.T.Fatalf("unknown environment %q", what)
	}
}

func (rig *stepsRig) contractNow() ContractState {
	c := rig.contract
	c.LatestTimestamp = rig.Now.Add(-rig.answerAge)
	return c
}

// perform writes an effect down, and answers it if it is a call.
func (rig *stepsRig) perform(effect kernel.Effect) Event {
	own := func() roundtest.Key { return rig.Key(rig.in.OracleID) }
	switch e := effect.(type) {
	case StorePending:
		rig.Note("persistStore", "epoch", e.Round.Epoch, "round", e.Round.Round, "median", (*big.Int)(e.Pending.Median).String(),
			"report", vectors.Hex(e.Pending.SerializedReport).String(), "signatures", len(e.Pending.Rs))
	case rounds.DeletePending:
		if !rig.restoring { // what is not taken up is deleted at once, not only after a day
			rig.Note("persistDelete", "epoch", e.Round.Epoch, "round", e.Round.Round)
		}
	case CallObserve:
		return ObserveDone{ID: e.ID, Value: rig.value, Err: rig.valueErr}
	case CallReportInputs:
		if e.Lookback != rig.cfg.DeltaC {
			rig.T.Fatalf("lookback %s", e.Lookback)
		}
		return ReportInputsDone{ID: e.ID, Contract: rig.contractNow(), Err: rig.contractErr}
	case CallContractState:
		return ContractStateDone{ID: e.ID, Contract: rig.contractNow(), Err: rig.contractErr}
	case CallTransmit:
		script := rig.Scripted("contractTransmit")
		rig.Note("contractTransmit", "error", script["error"], "report", vectors.Hex(e.Report).String(), "signatures", len(e.Rs))
		if len(e.Rs) != len(e.Ss) {
			rig.T.Fatalf("%d r, %d s", len(e.Rs), len(e.Ss))
		}
		if script["error"] == true {
			return rounds.TransmitDone{ID: e.ID, Err: errOutside}
		}
		return rounds.TransmitDone{ID: e.ID}
	case kernel.SignOffchain:
		return kernel.Signed{ID: e.ID, Signature: ed25519.Sign(ed25519.NewKeyFromSeed(own().Seed), e.Message)}
	case SignOnchain:
		key, err := crypto.ToECDSA(own().Seed)
		if err != nil {
			rig.T.Fatal(err)
		}
		signature, err := crypto.Sign(crypto.Keccak256(e.Report), key)
		return kernel.Signed{ID: e.ID, Signature: signature, Err: err}
	case kernel.Verify:
		for i, check := range e.Checks {
			key := rig.Key(check.Signer)
			if check.Kind == kernel.OffchainSignature && !ed25519.Verify(ed25519.PublicKey(key.OffchainPublicKey), check.Message, check.Signature) ||
				check.Kind == kernel.OnchainSignature &&
					recoverSigners(check.Report, [][]byte{check.Signature}, []common.Address{common.Address(key.OnchainAddress)})[0] != 0 {
				return kernel.Verified{ID: e.ID, Bad: i}
			}
		}
		return kernel.Verified{ID: e.ID, Bad: -1}
	case RecoverSigners:
		addresses := make([]common.Address, len(rig.in.Keys))
		for i := range addresses {
			addresses[i] = common.Address(rig.Key(commontypes.OracleID(i)).OnchainAddress)
		}
		return SignersRecovered{ID: e.ID, Signers: recoverSigners(e.Report, e.Signatures, addresses)}
	default:
		rig.T.Fatalf("unexpected effect %s", effect)
	}
	return nil
}

func (rig *stepsRig) settle(effects []kernel.Effect) {
	rig.Settle(effects, rig.perform, func(ev Event) []kernel.Effect { return rig.m.Step(rig.Now, ev) })
}

// inside runs something that is no event of the whole machine.
func (rig *stepsRig) inside(f func()) {
	rig.m.frame.Begin(rig.Now)
	f()
	rig.settle(rig.m.frame.End())
}

func (rig *stepsRig) event(s roundtest.Step) bool {
	m := rig.m
	fire := func(timer kernel.TimerID) { rig.settle(m.Step(rig.Now, rounds.TimerFired{Timer: timer})) }
	switch s.Event.Event {
	case "start":
		rig.inside(m.generation.Start)
	case "restore":
		pending := map[Round]ocr1types.PendingTransmission{}
		for _, p := range rig.in.Environment.PendingInDatabase {
			pending[Round{Epoch: p.Epoch, Round: p.Round}] = ocr1types.PendingTransmission{
				Time: rig.Now.Add(-p.AgeNs.D()), SerializedReport: p.Report,
			}
		}
		rig.restoring = true
		rig.inside(func() { m.transmission.Restore(pending) })
		rig.restoring = false
	case "message":
		if message, err := ocr1wire.Decode(s.Event.Bytes); err == nil { // otherwise a drop
			rig.settle(m.Step(rig.Now, MessageReceived{From: s.Event.From, Message: message}))
		}
	case "tRound":
		fire(rounds.TimerRound)
	case "tGrace":
		fire(rounds.TimerGrace)
	case "tTransmit":
		fire(rounds.TimerTransmit)
	case "eventTransmit":
		rig.inside(func() { m.transmission.transmit(rig.Read(s.Event.Bytes).(*ocr1wire.Final)) })
	case "environment":
		rig.set(s.Event.Set)
	default:
		rig.T.Fatalf("unknown event %q", s.Event.Event)
	}
	if n := m.core.Pending(); n > 0 {
		rig.T.Fatalf("%s: %d calls were not answered", s.Event.Event, n)
	}
	return true
}

func (rig *stepsRig) state() map[string]any {
	status := rig.m.Status()
	if rig.in.Component == "reportGeneration" {
		state := map[string]any{
			"followerRound": status.Round, "sentReport": status.SentReport, "completedRound": status.CompletedRound,
			"sentEcho": status.SentEcho, "receivedEchos": status.Echoes,
		}
		if status.Leads {
			state["leaderRound"], state["leaderPhase"] = status.LedRound, status.LeaderPhase
			state["leaderObservations"], state["leaderReports"] = status.Observations, status.Reports
		}
		return state
	}
	transmission := rig.m.transmission
	state := map[string]any{
		"queueLength": status.PendingTransmissions, "latestEpoch": transmission.accepted.Epoch, "latestRound": transmission.accepted.Round,
	}
	if transmission.acceptedMedian != nil {
		state["latestMedian"] = transmission.acceptedMedian.String()
	}
	if queue := transmission.Queue(); len(queue) > 0 {
		state["headEpoch"], state["headRound"] = queue[0].Round.Epoch, queue[0].Round.Round
	}
	return state
}

func TestStepVectors(t *testing.T) {
	vectors.Each(t, "testdata", []string{"ocr12-ocr1-steps.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.DecodeStrict[stepsInput](t, c.Input)
		if in.Protocol != "ocr1" {
			t.Fatalf("unknown protocol %q", in.Protocol)
		}
		rig := newStepsRig(t, in)
		rig.Play(vectors.DecodeStrict[struct{ Steps []roundtest.Step }](t, c.Output).Steps, rig.event, rig.state)
	})
}
