package ocr1

import (
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
	"github.com/ocrkit/ocrkit/test/roundtest"
)

// TestTranscripts runs the files of testdata/transcripts; see [roundtest.Transcript]. The kinds of calls are observe,
// report-inputs, contract-state, transmit, recover, sign, verify. Commands of OCR1 (epoch defaults to the machine's epoch;
// oracle i observes 1000 + i, also in messages made up for it):
//
//	new [n=4] [f=1] [rmax=3] [stages=(1,3)]
//	contract [epoch=..] [round=..] [answer=..] [age=seconds] [other]
//	                what the contract says from now on: where it is, and under which digest (other than one's own)
//	override alpha=.. deltac=seconds
//	value ..        what the own data source says from now on
//	new-epoch from=.. epoch=..
//	observe-req from=.. round=..
//	observe from=.. round=.. [bad]
//	report-req from=.. round=.. observers=(..) [bad=(..)]
//	report from=.. round=.. observers=(..) [bad]
//	final from=.. round=.. observers=(..) signers=(..) [bad=(..)]
//	final-echo    as final
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata/transcripts", func(t *testing.T, path string) {
		rig := &transcriptRig{}
		rig.Transcript = roundtest.Transcript[ocr1wire.Message]{
			Now: epochStart, New: rig.create, Start: rig.start, Command: rig.command, Message: rig.message,
			CallName: callName, Answer: rig.answer, Describe: describe, Noted: func(ocr1wire.Message) {},
		}
		datadriven.RunTest(t, path, rig.Run)
	})
}

type transcriptRig struct {
	roundtest.Transcript[ocr1wire.Message]
	m     *Machine
	world *outside
}

func (rig *transcriptRig) create() roundtest.Machine {
	n := rig.Number("n", 4)
	cfg := testConfig(n, rig.Number("f", 1))
	cfg.OracleID = rig.Own
	cfg.RMax = uint8(rig.Number("rmax", 3))
	cfg.DeltaStage = 10 * time.Second
	if stages := rig.List("stages"); stages != nil {
		cfg.S = stages
	}
	cfg.LeaderSelectionKey = rig.LeaderKey(n)
	rig.m = New(cfg)
	rig.world = newOutside(n)
	rig.world.value = func(own commontypes.OracleID, _ Round) *big.Int {
		return big.NewInt(1000 + int64(own))
	}
	return rig.m
}

func (rig *transcriptRig) start(
	state *types.PersistentState, contract uint32, signed *Round, pending map[Round]time.Time,
) Event {
	ev := Start{State: state, ContractEpoch: contract, ContractKnown: true, SignedRound: signed}
	if pending != nil {
		ev.Pending = map[Round]ocr1types.PendingTransmission{}
		for r, due := range pending {
			ev.Pending[r] = ocr1types.PendingTransmission{Time: due, SerializedReport: []byte{byte(r.Epoch), r.Round}}
		}
	}
	return ev
}

func (rig *transcriptRig) command() bool {
	switch rig.D.Cmd {
	case "contract":
		c := &rig.world.contract
		c.ConfigDigest = testDigest
		if rig.D.HasArg("other") {
			c.ConfigDigest = ocr1types.ConfigDigest{9}
		}
		c.Round = Round{Epoch: uint32(rig.Number("epoch", int(c.Round.Epoch))), Round: uint8(rig.Number("round", int(c.Round.Round)))}
		c.LatestTimestamp = rig.Now.Add(-time.Duration(rig.Number("age", 0)) * time.Second)
		if rig.D.HasArg("answer") {
			c.LatestAnswer = big.NewInt(int64(rig.Number("answer", 0)))
		}
	case "override":
		rig.world.override = &ocr1types.ConfigOverride{
			AlphaPPB: uint64(rig.Number("alpha", 0)), DeltaC: time.Duration(rig.Number("deltac", 0)) * time.Second,
		}
	case "value":
		value, ok := new(big.Int).SetString(rig.Words()[0], 0)
		if !ok {
			rig.D.Fatalf(rig.T, "no number")
		}
		rig.world.value = func(commontypes.OracleID, Round) *big.Int { return value }
	default:
		return false
	}
	return true
}

// message makes the message that a command describes, with the signatures of its sender.
func (rig *transcriptRig) message() ocr1wire.Message {
	from := commontypes.OracleID(rig.Number("from", 0))
	r := Round{Epoch: uint32(rig.Number("epoch", int(rig.m.Status().Epoch))), Round: uint8(rig.Number("round", 0))}
	ts := rig.m.core.timestamp(r)
	signed := func(id commontypes.OracleID) ocr1wire.SignedObservation {
		s := signedObservation(fatalf{rig.T}, ts, id, big.NewInt(1000+int64(id)))
		s.Signature = rig.Signature(id, ocr1wire.SignedMessage(ts, s.Observation))
		return s
	}
	request := &ocr1wire.ReportReq{Epoch: r.Epoch, Round: r.Round}
	for _, i := range rig.List("observers") {
		id := commontypes.OracleID(i)
		request.Observations = append(request.Observations, ocr1wire.AttributedSignedObservation{SignedObservation: signed(id), Observer: id})
	}
	reported := func(id commontypes.OracleID) *ocr1wire.Report {
		m := report(fatalf{rig.T}, ts, id, attributed(request))
		if string(rig.Signature(id, nil)) == "forged" {
			m.AttestedReport.Signature = []byte("forged")
		}
		return m
	}
	final := &ocr1wire.Final{Epoch: r.Epoch, Round: r.Round}
	final.AttestedReport.Observations = attributed(request)
	for _, signer := range rig.List("signers") {
		final.AttestedReport.Signatures = append(final.AttestedReport.Signatures, reported(commontypes.OracleID(signer)).AttestedReport.Signature)
	}
	switch rig.D.Cmd {
	case "new-epoch":
		return &ocr1wire.NewEpoch{Epoch: r.Epoch}
	case "observe-req":
		return &ocr1wire.ObserveReq{Epoch: r.Epoch, Round: r.Round}
	case "observe":
		return &ocr1wire.Observe{Epoch: r.Epoch, Round: r.Round, SignedObservation: signed(from)}
	case "report-req":
		return request
	case "report":
		return reported(from)
	case "final":
		return final
	case "final-echo":
		return &ocr1wire.FinalEcho{Final: *final}
	}
	rig.D.Fatalf(rig.T, "unknown command %q", rig.D.Cmd)
	return nil
}

func callName(effect kernel.Effect) string {
	switch effect.(type) {
	case CallObserve:
		return "observe"
	case CallReportInputs:
		return "report-inputs"
	case CallContractState:
		return "contract-state"
	case CallTransmit:
		return "transmit"
	case RecoverSigners:
		return "recover"
	case kernel.SignOffchain, SignOnchain:
		return "sign"
	case kernel.Verify:
		return "verify"
	}
	return ""
}

func (rig *transcriptRig) answer(effect kernel.Effect, fail bool) Event {
	if fail {
		switch e := effect.(type) {
		case CallObserve:
			return ObserveDone{ID: e.ID, Err: roundtest.ErrOutside}
		case CallReportInputs:
			return ReportInputsDone{ID: e.ID, Err: roundtest.ErrOutside}
		case CallContractState:
			return ContractStateDone{ID: e.ID, Err: roundtest.ErrOutside}
		case CallTransmit:
			return rounds.TransmitDone{ID: e.ID, Err: roundtest.ErrOutside}
		case kernel.SignOffchain:
			return kernel.Signed{ID: e.ID, Err: roundtest.ErrOutside}
		case SignOnchain:
			return kernel.Signed{ID: e.ID, Err: roundtest.ErrOutside}
		}
	}
	return rig.world.answer(rig.Own, effect)
}

// describe writes an answer for the transcript.
func describe(ev Event) (id kernel.CallID, what string, err error) {
	at := func(c ContractState) string {
		return fmt.Sprintf("contract=%s answer=%d", c.Round, c.LatestAnswer)
	}
	switch e := ev.(type) {
	case ObserveDone:
		return e.ID, fmt.Sprintf("value=%d", e.Value), e.Err
	case ReportInputsDone:
		return e.ID, at(e.Contract), e.Err
	case ContractStateDone:
		return e.ID, at(e.Contract), e.Err
	case SignersRecovered:
		return e.ID, fmt.Sprintf("signers=%v", e.Signers), nil
	case rounds.TransmitDone:
		return e.ID, "transmitted", e.Err
	}
	return 0, fmt.Sprintf("%T", ev), nil
}
