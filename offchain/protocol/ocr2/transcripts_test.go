package ocr2

import (
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
	"github.com/ocrkit/ocrkit/test/roundtest"
)

// TestTranscripts runs the files of testdata/transcripts; see [roundtest.Transcript]. The kinds of calls are query,
// observation, report, should-accept, should-transmit, transmit, sign, verify. Commands of OCR2 (epoch defaults to the
// machine's epoch):
//
//	new [n=4] [f=1] [rmax=3] [quorum=2] [stages=(1,3)]
//	skip            the plugin decides for no report from now on
//	new-epoch from=.. epoch=..
//	observe-req from=.. round=.. [query=hex]
//	observe from=.. round=.. [query=hex] [bad]
//	report-req from=.. round=.. observers=(..) [query=hex] [bad=(..)]
//	report from=.. round=.. [report=hex] [skip] [bad]
//	final from=.. round=.. signers=(..) [report=hex] [bad=(..)]
//	final-echo    as final
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata/transcripts", func(t *testing.T, path string) {
		rig := &transcriptRig{}
		rig.Transcript = roundtest.Transcript[ocr2wire.Message]{
			Now: epochStart, New: rig.create, Start: rig.start, Command: rig.command, Message: rig.message,
			CallName: callName, Answer: rig.answer, Describe: describe, Noted: rig.noted,
		}
		datadriven.RunTest(t, path, rig.Run)
	})
}

type transcriptRig struct {
	roundtest.Transcript[ocr2wire.Message]
	m      *Machine
	plugin fakePlugin
	// request is the last ReportReq that the machine sent or got: what reports and finals are about.
	request *ocr2wire.ReportReq
}

func (rig *transcriptRig) command() bool {
	if rig.D.Cmd == "skip" {
		rig.plugin.skip = func(Round) bool { return true }
		return true
	}
	return false
}

func (rig *transcriptRig) noted(m ocr2wire.Message) {
	if req, ok := m.(*ocr2wire.ReportReq); ok {
		rig.request = req
	}
}

func (rig *transcriptRig) create() roundtest.Machine {
	n, f := rig.Number("n", 4), rig.Number("f", 1)
	cfg := testConfig(n, f)
	cfg.OracleID = rig.Own
	cfg.RMax = uint8(rig.Number("rmax", 3))
	cfg.ReportQuorum = rig.Number("quorum", f+1)
	cfg.DeltaStage = 10 * time.Second
	if stages := rig.List("stages"); stages != nil {
		cfg.S = stages
	}
	cfg.LeaderSelectionKey = rig.LeaderKey(n)
	rig.m = New(cfg)
	rig.plugin.transmit = true
	return rig.m
}

func (rig *transcriptRig) start(
	state *types.PersistentState, contract uint32, signed *Round, pending map[Round]time.Time,
) Event {
	ev := Start{State: state, ContractEpoch: contract, ContractKnown: true, SignedRound: signed}
	if pending != nil {
		ev.Pending = map[Round]types.PendingTransmission{}
		for r, due := range pending {
			ev.Pending[r] = types.PendingTransmission{Time: due, Report: types.Report{byte(r.Epoch), r.Round}}
		}
	}
	return ev
}

// message makes the message that a command describes, with the signatures of its sender.
func (rig *transcriptRig) message() ocr2wire.Message {
	from := commontypes.OracleID(rig.Number("from", 0))
	r := Round{Epoch: uint32(rig.Number("epoch", int(rig.m.Status().Epoch))), Round: uint8(rig.Number("round", 0))}
	ts := rig.m.core.timestamp(r)
	query := rig.Hex("query", []byte{r.Round})
	report := rig.Hex("report", []byte{byte(r.Epoch), r.Round})
	signed := func(id commontypes.OracleID) ocr2wire.SignedObservation {
		observation := types.Observation{byte(r.Epoch), r.Round, byte(id)}
		digest := ocr2wire.ObservationDigest(ts, query, observation)
		return ocr2wire.SignedObservation{Observation: observation, Signature: rig.Signature(id, digest[:])}
	}
	ctx := types.ReportContext{ReportTimestamp: ts}
	if rig.request != nil {
		ctx.ExtraHash = ocr2wire.ExtraHash(rig.request.Query, rig.request.Observations)
	}
	final := func() ocr2wire.Final {
		m := ocr2wire.Final{Epoch: r.Epoch, Round: r.Round, H: ctx.ExtraHash}
		m.AttestedReport.Report = report
		for _, i := range rig.List("signers") {
			id := commontypes.OracleID(i)
			m.AttestedReport.AttributedSignatures = append(m.AttestedReport.AttributedSignatures,
				types.AttributedOnchainSignature{Signature: rig.Signature(id, reportMessage(ctx, report)), Signer: id})
		}
		return m
	}
	switch rig.D.Cmd {
	case "new-epoch":
		return &ocr2wire.NewEpoch{Epoch: r.Epoch}
	case "observe-req":
		return &ocr2wire.ObserveReq{Epoch: r.Epoch, Round: r.Round, Query: query}
	case "observe":
		return &ocr2wire.Observe{Epoch: r.Epoch, Round: r.Round, SignedObservation: signed(from)}
	case "report-req":
		m := &ocr2wire.ReportReq{Epoch: r.Epoch, Round: r.Round, Query: query}
		for _, i := range rig.List("observers") {
			id := commontypes.OracleID(i)
			m.Observations = append(m.Observations, ocr2wire.AttributedSignedObservation{SignedObservation: signed(id), Observer: id})
		}
		return m
	case "report":
		m := &ocr2wire.Report{Epoch: r.Epoch, Round: r.Round}
		if m.AttestedReport.Skip = rig.D.HasArg("skip"); !m.AttestedReport.Skip {
			m.AttestedReport.Report = report
			m.AttestedReport.Signature = rig.Signature(from, reportMessage(ctx, report))
		}
		return m
	case "final":
		m := final()
		return &m
	case "final-echo":
		return &ocr2wire.FinalEcho{Final: final()}
	}
	rig.D.Fatalf(rig.T, "unknown command %q", rig.D.Cmd)
	return nil
}

func callName(effect kernel.Effect) string {
	switch effect.(type) {
	case CallQuery:
		return "query"
	case CallObservation:
		return "observation"
	case CallReport:
		return "report"
	case CallShouldAccept:
		return "should-accept"
	case CallShouldTransmit:
		return "should-transmit"
	case CallTransmit:
		return "transmit"
	case kernel.SignOffchain, SignReport:
		return "sign"
	case kernel.Verify:
		return "verify"
	}
	return ""
}

func (rig *transcriptRig) answer(effect kernel.Effect, fail bool) Event {
	if fail {
		switch e := effect.(type) {
		case CallQuery:
			return QueryDone{ID: e.ID, Err: errPlugin}
		case CallObservation:
			return ObservationDone{ID: e.ID, Err: errPlugin}
		case CallReport:
			return ReportDone{ID: e.ID, Err: errPlugin}
		case CallShouldAccept:
			return ShouldAcceptDone{ID: e.ID, Err: errPlugin}
		case CallShouldTransmit:
			return ShouldTransmitDone{ID: e.ID, Err: errPlugin}
		case CallTransmit:
			return rounds.TransmitDone{ID: e.ID, Err: errPlugin}
		case kernel.SignOffchain:
			return kernel.Signed{ID: e.ID, Err: errPlugin}
		case SignReport:
			return kernel.Signed{ID: e.ID, Err: errPlugin}
		}
	}
	return rig.plugin.answer(rig.Own, effect)
}

// describe writes an answer for the transcript.
func describe(ev Event) (id kernel.CallID, what string, err error) {
	switch e := ev.(type) {
	case QueryDone:
		return e.ID, fmt.Sprintf("query=%x", []byte(e.Query)), e.Err
	case ObservationDone:
		return e.ID, fmt.Sprintf("observation=%x", []byte(e.Observation)), e.Err
	case ReportDone:
		if !e.ShouldReport {
			return e.ID, "no report", e.Err
		}
		return e.ID, fmt.Sprintf("report=%x", []byte(e.Report)), e.Err
	case ShouldAcceptDone:
		return e.ID, fmt.Sprintf("accept=%t", e.Accept), e.Err
	case ShouldTransmitDone:
		return e.ID, fmt.Sprintf("transmit=%t", e.Transmit), e.Err
	case rounds.TransmitDone:
		return e.ID, "transmitted", e.Err
	}
	return 0, fmt.Sprintf("%T", ev), nil
}
