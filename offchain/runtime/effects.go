package runtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr2"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

var errNotDurable = errors.New("not transmitted: the database does not take the signed round")

// perform carries out an effect of the machine. Everything that the machine can ask for is here.
func (in *instance) perform(effect kernel.Effect) {
	switch e := any(effect).(type) {
	case ocr2.Send, ocr2.Broadcast, ocr2.CallTransmit:
		in.outbox.leave(e)

	case ocr2.PersistRound:
		in.outbox.require(ticket(e.Round))
		if in.keeper.persistRound(e.Round) {
			in.outbox.becameDurable(ticket(e.Round))
		}
	case ocr2.PersistState:
		in.keeper.persistState(e.State)
	case ocr2.StorePending:
		in.keeper.writePending(pendingWrite{e.Timestamp, &e.Pending})
	case ocr2.DeletePending:
		in.keeper.writePending(pendingWrite{e.Timestamp, nil})

	case kernel.SetTimer:
		in.timers.set(e.Timer, e.After)
	case kernel.CancelTimer:
		in.timers.cancel(e.Timer)

	case kernel.Verify:
		in.verify(e)
	case kernel.SignOffchain:
		in.sign(e.ID, func() ([]byte, error) { return in.args.OffchainKeyring.OffchainSign(e.Message) })
	case ocr2.SignReport:
		in.sign(e.ID, func() ([]byte, error) { return in.args.OnchainKeyring.Sign(e.Context, e.Report) })
	case kernel.Abandon:
		if !in.outbox.abandon(func(held any) bool {
			transmit, ok := held.(ocr2.CallTransmit)
			return ok && transmit.ID == e.ID
		}) {
			in.calls.abandon(e.ID)
		}

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

	case ocr2.EpochStarted:
		in.metrics.epoch.Store(int64(e.Epoch))
		in.metrics.leader.Store(int64(e.Leader))
		in.tell(func(now time.Time) []byte { return in.events.EpochStarted(now, e.Epoch, e.Leader) })
	case ocr2.RoundStarted:
		in.tell(func(now time.Time) []byte { return in.events.RoundStarted(now, e.Epoch, e.Round, e.Leader) })
	case ocr2.ScheduleComputed:
		in.tellTransmission(func(now time.Time) []byte {
			return in.events.ScheduleComputed(now, e.Timestamp.Epoch, e.Timestamp.Round, e.At, e.Delays)
		})
	case ocr2.AcceptComputed:
		in.tellTransmission(func(now time.Time) []byte {
			return in.events.ShouldAcceptComputed(now, e.Timestamp.Epoch, e.Timestamp.Round, e.Result, e.OK)
		})
	case ocr2.TransmitComputed:
		in.tellTransmission(func(now time.Time) []byte {
			return in.events.ShouldTransmitComputed(now, e.Timestamp.Epoch, e.Timestamp.Round, e.Result, e.OK)
		})
	case ocr2.Count:
		in.metrics.counters[e.Counter].Add(1)
	case kernel.Dropped:
		in.droppedMessage(e)
	case kernel.Log:
		logEffect(in.logger, e)

	default:
		panic(fmt.Sprintf("%s: the machine asks for an unknown effect %T", in, e))
	}
}

// release carries out an effect that may leave the oracle now.
func (in *instance) release(effect any) {
	switch e := effect.(type) {
	case ocr2.Send:
		if b := in.encode(e.Message); b != nil {
			in.endpoint.SendTo(b, e.To)
			in.tellMessage(func(now time.Time) []byte { return in.events.MessageSent(now, b, e.To) })
		}
	case ocr2.Broadcast:
		if b := in.encode(e.Message); b != nil {
			in.endpoint.Broadcast(b)
			in.tellMessage(func(now time.Time) []byte { return in.events.MessageBroadcast(now, b) })
		}
	case ocr2.CallTransmit:
		in.callTransmit(e)
	default:
		panic(fmt.Sprintf("%s: unknown effect %T in the outbox", in, e))
	}
}

// encode returns the bytes of a message, nil if it cannot be sent.
func (in *instance) encode(m ocr2wire.Message) []byte {
	err := ocr2wire.CheckSize(m, in.info.Limits)
	var b []byte
	if err == nil {
		b, err = ocr2wire.Encode(m)
	}
	if err == nil && len(b) > in.limits.MaxMessageLength {
		err = fmt.Errorf("it has %d bytes, more than the %d that the limits of the plugin leave for a message", len(b), in.limits.MaxMessageLength)
	}
	if err != nil {
		in.oversized.Trigger(func(count uint64) {
			in.logger.Error("a message cannot be sent", commontypes.LogFields{"kind": m.Kind().String(), "error": err, "droppedCount": count})
		})
		return nil
	}
	return b
}

// verify checks signatures on the shared workers.
func (in *instance) verify(e kernel.Verify) {
	in.running.Add()
	sharedWorkers.firstBad(len(e.Checks), func(i int) bool { return in.isGood(&e.Checks[i]) }, func(bad int) {
		defer in.running.Done()
		in.box.post(mail{event: kernel.Verified{ID: e.ID, Bad: bad}})
	})
}

func (in *instance) isGood(c *kernel.SignatureCheck) bool {
	if int(c.Signer) >= len(in.offchainKeys) {
		return false
	}
	switch c.Kind {
	case kernel.OffchainSignature:
		return in.offchainKeys[c.Signer].Verify(c.Message, c.Signature)
	case kernel.OnchainSignature:
		return in.args.OnchainKeyring.Verify(in.onchainKeys[c.Signer], *c.Context, c.Report, c.Signature)
	}
	return false
}

// sign has a keyring sign. It is given a goroutine because the key may be far away.
func (in *instance) sign(id kernel.CallID, sign func() ([]byte, error)) {
	in.running.Go(func() {
		signature, err := sign()
		in.box.post(mail{event: kernel.Signed{ID: id, Signature: signature, Err: err}})
	})
}

func (in *instance) callQuery(e ocr2.CallQuery) {
	in.calls.invoke(&in.methods.query, e.ID, e.Timeout, func(ctx context.Context) any {
		query, err := in.plugin.Query(ctx, e.Timestamp)
		if err == nil {
			err = checkLength("query", len(query), in.info.Limits.MaxQueryLength)
		}
		return ocr2.QueryDone{ID: e.ID, Query: query, Err: err}
	}, func(err error) any { return ocr2.QueryDone{ID: e.ID, Err: err} })
}

func (in *instance) callObservation(e ocr2.CallObservation) {
	in.calls.invoke(&in.methods.observation, e.ID, e.Timeout, func(ctx context.Context) any {
		observation, err := in.plugin.Observation(ctx, e.Timestamp, e.Query)
		if err == nil {
			err = checkLength("observation", len(observation), in.info.Limits.MaxObservationLength)
		}
		return ocr2.ObservationDone{ID: e.ID, Observation: observation, Err: err}
	}, func(err error) any { return ocr2.ObservationDone{ID: e.ID, Err: err} })
}

func (in *instance) callReport(e ocr2.CallReport) {
	in.calls.invoke(&in.methods.report, e.ID, e.Timeout, func(ctx context.Context) any {
		should, report, err := in.plugin.Report(ctx, e.Timestamp, e.Query, e.Observations)
		if err == nil {
			err = checkLength("report", len(report), in.info.Limits.MaxReportLength)
		}
		return ocr2.ReportDone{ID: e.ID, ShouldReport: should, Report: report, Err: err}
	}, func(err error) any { return ocr2.ReportDone{ID: e.ID, Err: err} })
}

func (in *instance) callShouldAccept(e ocr2.CallShouldAccept) {
	in.calls.invoke(&in.methods.shouldAccept, e.ID, e.Timeout, func(ctx context.Context) any {
		accept, err := in.plugin.ShouldAcceptFinalizedReport(ctx, e.Timestamp, e.Report)
		return ocr2.ShouldAcceptDone{ID: e.ID, Accept: accept, Err: err}
	}, func(err error) any { return ocr2.ShouldAcceptDone{ID: e.ID, Err: err} })
}

func (in *instance) callShouldTransmit(e ocr2.CallShouldTransmit) {
	in.calls.invoke(&in.methods.shouldTransmit, e.ID, e.Timeout, func(ctx context.Context) any {
		transmit, err := in.plugin.ShouldTransmitAcceptedReport(ctx, e.Timestamp, e.Report)
		return ocr2.ShouldTransmitDone{ID: e.ID, Transmit: transmit, Err: err}
	}, func(err error) any { return ocr2.ShouldTransmitDone{ID: e.ID, Err: err} })
}

func (in *instance) callTransmit(e ocr2.CallTransmit) {
	in.calls.invoke(&in.methods.transmit, e.ID, e.Timeout, func(ctx context.Context) any {
		err := in.args.ContractTransmitter.Transmit(ctx, e.Context, e.Report, e.Signatures)
		if err == nil {
			in.setStatus(func(s *InstanceStatus) {
				s.LastTransmit, s.LastTransmitted, s.LastTransmitError = time.Now(), e.Context.ReportTimestamp, ""
			})
		}
		return ocr2.TransmitDone{ID: e.ID, Err: err}
	}, func(err error) any { return ocr2.TransmitDone{ID: e.ID, Err: err} })
}

// checkLength holds the plugin to what it declared.
func checkLength(what string, length, most int) error {
	if length <= most {
		return nil
	}
	return fmt.Errorf("the plugin's %s has %d bytes, but its ReportingPluginLimits allow at most %d", what, length, most)
}

// tell offers a telemetry event.
func (in *instance) tell(event func(now time.Time) []byte) bool {
	return in.telemetry.wanted() && in.telemetry.offer(func() []byte { return event(time.Now()) })
}

// tellMessage offers a telemetry event about a message, which is counted.
func (in *instance) tellMessage(event func(now time.Time) []byte) {
	if in.telemetry.wanted() {
		in.metrics.telemetry.count(in.tell(event))
	}
}

// tellTransmission offers a telemetry event about a transmission, if the operator wants those.
func (in *instance) tellTransmission(event func(now time.Time) []byte) {
	if in.args.LocalConfig.EnableTransmissionTelemetry {
		in.tell(event)
	}
}

// droppedMessage counts a message that the machine had no use for, and logs the first, second, fourth, ... of its kind.
func (in *instance) droppedMessage(e kernel.Dropped) {
	in.setStatus(func(s *InstanceStatus) { s.Dropped++ })
	reason := dropReason{e.What, e.Why}
	taper, ok := in.droppedTapers[reason]
	if !ok {
		taper = new(logging.Taper)
		in.droppedTapers[reason] = taper
	}
	logDropped(in.logger, taper, e)
}

// logDropped logs the first, second, fourth, ... message dropped for one reason.
func logDropped(logger logging.Logger, taper *logging.Taper, e kernel.Dropped) {
	taper.Trigger(func(count uint64) {
		log := logger.Debug
		if e.Suspicious {
			log = logger.Warn
		}
		log("dropping message: "+e.Why, commontypes.LogFields{"message": e.What, "sender": e.Sender, "droppedCount": count})
	})
}

// logEffect writes a line for a machine.
func logEffect(logger logging.Logger, e kernel.Log) {
	fields := make(commontypes.LogFields, len(e.Fields)/2)
	for i := 0; i+1 < len(e.Fields); i += 2 {
		fields[fmt.Sprint(e.Fields[i])] = e.Fields[i+1]
	}
	switch e.Level {
	case kernel.LogDebug:
		logger.Debug(e.Message, fields)
	case kernel.LogInfo:
		logger.Info(e.Message, fields)
	case kernel.LogWarn:
		logger.Warn(e.Message, fields)
	case kernel.LogError:
		logger.Error(e.Message, fields)
	default:
		logger.Critical(e.Message, fields)
	}
}
