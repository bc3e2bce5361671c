package ocr3

import (
	"fmt"
	"strings"

	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// The String methods of effects give one line each, for transcripts and traces. They are stable and leave times of day out,
// so that a run with the same events gives the same text.

func (c OutcomeContext) String() string {
	return fmt.Sprintf("seqNr=%d epoch=%d round=%d previous=%x", c.SeqNr, c.Epoch, c.Round, c.PreviousOutcome)
}

func observationList(list []types.AttributedObservation) string {
	var b strings.Builder
	for i, o := range list {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%d:%x", o.Observer, []byte(o.Observation))
	}
	return b.String()
}

func (e Send) String() string      { return fmt.Sprintf("send to=%d %s", e.To, e.Message) }
func (e Broadcast) String() string { return fmt.Sprintf("broadcast %s", e.Message) }

func (e PersistPacemaker) String() string {
	return fmt.Sprintf("persist-pacemaker epoch=%d wish=%d", e.State.Epoch, e.State.HighestSentNewEpochWish)
}
func (e WriteCertificate) String() string {
	return fmt.Sprintf("call=%d write-certificate %s", e.ID, ocr3wire.CertificateString(e.Certificate))
}
func (e CallQuery) String() string { return fmt.Sprintf("call=%d query %s", e.ID, e.Context) }
func (e CallObservation) String() string {
	return fmt.Sprintf("call=%d observation %s query=%x", e.ID, e.Context, []byte(e.Query))
}
func (e CallValidateObservations) String() string {
	return fmt.Sprintf("call=%d validate-observations seqNr=%d [%s]", e.ID, e.Context.SeqNr, observationList(e.Observations))
}
func (e CallObservationQuorum) String() string {
	return fmt.Sprintf("call=%d observation-quorum seqNr=%d count=%d", e.ID, e.Context.SeqNr, len(e.Observations))
}
func (e CallOutcome) String() string {
	return fmt.Sprintf("call=%d outcome %s query=%x observations=[%s]", e.ID, e.Context, []byte(e.Query), observationList(e.Observations))
}
func (e CallReports) String() string {
	return fmt.Sprintf("call=%d reports seqNr=%d outcome=%x", e.ID, e.SeqNr, e.Outcome)
}
func (e SignReports) String() string {
	return fmt.Sprintf("call=%d sign-reports seqNr=%d", e.ID, e.SeqNr)
}
func (e VerifyReports) String() string {
	var b strings.Builder
	for _, list := range e.Lists {
		fmt.Fprintf(&b, " %d:%d", list.Signer, len(list.Signatures))
	}
	return fmt.Sprintf("call=%d verify-reports seqNr=%d lists=[%s]", e.ID, e.SeqNr, strings.TrimSpace(b.String()))
}
func (e ForgetReports) String() string { return fmt.Sprintf("forget-reports seqNr=%d", e.SeqNr) }
func (e CallShouldAccept) String() string {
	return fmt.Sprintf("call=%d should-accept seqNr=%d index=%d", e.ID, e.SeqNr, e.Index)
}
func (e CallShouldTransmit) String() string {
	return fmt.Sprintf("call=%d should-transmit seqNr=%d index=%d", e.ID, e.SeqNr, e.Index)
}
func (e CallTransmit) String() string {
	signers := make([]string, len(e.Signatures))
	for i, s := range e.Signatures {
		signers[i] = fmt.Sprint(s.Signer)
	}
	return fmt.Sprintf("call=%d transmit seqNr=%d index=%d signers=%s", e.ID, e.SeqNr, e.Index, strings.Join(signers, ","))
}
func (e EpochStarted) String() string {
	return fmt.Sprintf("telemetry epoch-started epoch=%d leader=%d", e.Epoch, e.Leader)
}
func (e RoundStarted) String() string {
	return fmt.Sprintf("telemetry round-started epoch=%d seqNr=%d round=%d leader=%d", e.Epoch, e.SeqNr, e.Round, e.Leader)
}
func (e ScheduleComputed) String() string {
	var b strings.Builder
	for id, d := range e.Delays {
		if d.Transmits {
			fmt.Fprintf(&b, " %d:%s", id, d.Delay)
		}
	}
	return fmt.Sprintf("telemetry schedule seqNr=%d index=%d override=%t ok=%t delays=[%s]", e.SeqNr, e.Index, e.Override, e.OK, strings.TrimSpace(b.String()))
}
func (e AcceptComputed) String() string {
	return fmt.Sprintf("telemetry should-accept seqNr=%d index=%d result=%t ok=%t", e.SeqNr, e.Index, e.Result, e.OK)
}
func (e TransmitComputed) String() string {
	return fmt.Sprintf("telemetry should-transmit seqNr=%d index=%d result=%t ok=%t", e.SeqNr, e.Index, e.Result, e.OK)
}
func (e CommittedSeqNr) String() string { return fmt.Sprintf("committed seqNr=%d", e.SeqNr) }
func (e Count) String() string          { return fmt.Sprintf("count %s", e.Counter) }

// String returns a short name.
func (c Counter) String() string {
	switch c {
	case CountSentObservations:
		return "sent-observations"
	case CountIncludedObservations:
		return "included-observations"
	case CountLedCommittedRounds:
		return "led-committed-rounds"
	}
	return "unknown counter"
}
