package runtime

import (
	"context"
	"time"

	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
)

// perform carries out an effect that is OCR2's own.
func (in *ocr2Instance) perform(effect kernel.Effect) bool {
	switch e := any(effect).(type) {
	case ocr2.CallTransmit:
		in.outbox.leaveCall(e.ID, e)

	case ocr2.SignReport:
		in.sign(e.ID, func() ([]byte, error) { return in.args.OnchainKeyring.Sign(e.Context, e.Report) })

	case ocr2.CallQuery:
		in.callQuery(e)
	case ocr2.CallObservation:
		in.callObservation(e)
	case ocr2.CallReport:
		in.callReport(e)
	case ocr2.CallShouldAccept:
		in.callShouldAccept(e)
	case ocr2.CallShouldTransmit:
		in.callShouldTransmit(e)

	case ocr2.ScheduleComputed:
		in.tellTransmission(func(now time.Time) []byte {
			return in.told.ScheduleComputed(now, e.Timestamp.Epoch, e.Timestamp.Round, e.At, e.Delays)
		})
	case ocr2.AcceptComputed:
		in.tellTransmission(func(now time.Time) []byte {
			return in.told.ShouldAcceptComputed(now, e.Timestamp.Epoch, e.Timestamp.Round, e.Result, e.OK)
		})
	case ocr2.TransmitComputed:
		in.tellTransmission(func(now time.Time) []byte {
			return in.told.ShouldTransmitComputed(now, e.Timestamp.Epoch, e.Timestamp.Round, e.Result, e.OK)
		})

	default:
		return in.roundsInstance.perform(effect)
	}
	return true
}

// release carries out an effect that may leave the oracle now.
func (in *ocr2Instance) release(effect any) {
	if e, ok := effect.(ocr2.CallTransmit); ok {
		in.callTransmit(e)
		return
	}
	in.roundsInstance.release(effect)
}

// tellTransmission offers a telemetry event about a transmission, if the operator wants those.
func (in *ocr2Instance) tellTransmission(event func(now time.Time) []byte) {
	if in.args.LocalConfig.EnableTransmissionTelemetry {
		in.tell(event)
	}
}

func (in *ocr2Instance) callQuery(e ocr2.CallQuery) {
	in.calls.invoke(&in.methods.query, e.ID, e.Timeout, func(ctx context.Context) any {
		query, err := in.plugin.Query(ctx, e.Timestamp)
		if err == nil {
			err = checkLength("query", len(query), in.info.Limits.MaxQueryLength)
		}
		return ocr2.QueryDone{ID: e.ID, Query: query, Err: err}
	}, func(err error) any { return ocr2.QueryDone{ID: e.ID, Err: err} })
}

func (in *ocr2Instance) callObservation(e ocr2.CallObservation) {
	in.calls.invoke(&in.methods.observation, e.ID, e.Timeout, func(ctx context.Context) any {
		observation, err := in.plugin.Observation(ctx, e.Timestamp, e.Query)
		if err == nil {
			err = checkLength("observation", len(observation), in.info.Limits.MaxObservationLength)
		}
		return ocr2.ObservationDone{ID: e.ID, Observation: observation, Err: err}
	}, func(err error) any { return ocr2.ObservationDone{ID: e.ID, Err: err} })
}

func (in *ocr2Instance) callReport(e ocr2.CallReport) {
	in.calls.invoke(&in.methods.report, e.ID, e.Timeout, func(ctx context.Context) any {
		should, report, err := in.plugin.Report(ctx, e.Timestamp, e.Query, e.Observations)
		if err == nil {
			err = checkLength("report", len(report), in.info.Limits.MaxReportLength)
		}
		return ocr2.ReportDone{ID: e.ID, ShouldReport: should, Report: report, Err: err}
	}, func(err error) any { return ocr2.ReportDone{ID: e.ID, Err: err} })
}

func (in *ocr2Instance) callShouldAccept(e ocr2.CallShouldAccept) {
	in.calls.invoke(&in.methods.shouldAccept, e.ID, e.Timeout, func(ctx context.Context) any {
		accept, err := in.plugin.ShouldAcceptFinalizedReport(ctx, e.Timestamp, e.Report)
		return ocr2.ShouldAcceptDone{ID: e.ID, Accept: accept, Err: err}
	}, func(err error) any { return ocr2.ShouldAcceptDone{ID: e.ID, Err: err} })
}

func (in *ocr2Instance) callShouldTransmit(e ocr2.CallShouldTransmit) {
	in.calls.invoke(&in.methods.shouldTransmit, e.ID, e.Timeout, func(ctx context.Context) any {
		transmit, err := in.plugin.ShouldTransmitAcceptedReport(ctx, e.Timestamp, e.Report)
		return ocr2.ShouldTransmitDone{ID: e.ID, Transmit: transmit, Err: err}
	}, func(err error) any { return ocr2.ShouldTransmitDone{ID: e.ID, Err: err} })
}

func (in *ocr2Instance) callTransmit(e ocr2.CallTransmit) {
	in.calls.invoke(&in.methods.transmit, e.ID, e.Timeout, func(ctx context.Context) any {
		err := in.args.ContractTransmitter.Transmit(ctx, e.Context, e.Report, e.Signatures)
		if err == nil {
			in.transmitted(func() { in.shown.LastTransmitted = e.Context.ReportTimestamp })
		}
		return rounds.TransmitDone{ID: e.ID, Err: err}
	}, func(err error) any { return rounds.TransmitDone{ID: e.ID, Err: err} })
}
