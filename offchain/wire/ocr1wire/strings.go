package ocr1wire

import (
	"fmt"
	"strings"

	"github.com/ocrkit/ocrkit/offchain/wire/roundwire"
)

// The String methods give one line for logs, transcripts and traces; long byte strings are cut. They are stable.

func (m *NewEpoch) String() string { return fmt.Sprintf("NewEpoch epoch=%d", m.Epoch) }

func (m *ObserveReq) String() string {
	return fmt.Sprintf("ObserveReq epoch=%d round=%d", m.Epoch, m.Round)
}

func (m *Observe) String() string {
	return fmt.Sprintf("Observe epoch=%d round=%d observation=%s signature=%s",
		m.Epoch, m.Round, m.SignedObservation.Observation, roundwire.ShortHex(m.SignedObservation.Signature))
}

func (m *ReportReq) String() string {
	list := make([]AttributedObservation, len(m.Observations))
	for i := range m.Observations {
		list[i] = m.Observations[i].Attributed()
	}
	return fmt.Sprintf("ReportReq epoch=%d round=%d observations=%s", m.Epoch, m.Round, observationList(list))
}

func (m *Report) String() string {
	return fmt.Sprintf("Report epoch=%d round=%d observations=%s signature=%s",
		m.Epoch, m.Round, observationList(m.AttestedReport.Observations), roundwire.ShortHex(m.AttestedReport.Signature))
}

func (m *Final) String() string { return "Final " + m.fields() }

func (m *FinalEcho) String() string { return "FinalEcho " + m.Final.fields() }

func (m *Final) fields() string {
	signatures := make([]string, len(m.AttestedReport.Signatures))
	for i, signature := range m.AttestedReport.Signatures {
		signatures[i] = roundwire.ShortHex(signature)
	}
	return fmt.Sprintf("epoch=%d round=%d observations=%s signatures=%v",
		m.Epoch, m.Round, observationList(m.AttestedReport.Observations), signatures)
}

// observationList writes observer and value of each observation.
func observationList(list []AttributedObservation) string {
	entries := make([]string, len(list))
	for i, o := range list {
		entries[i] = fmt.Sprintf("%d:%s", o.Observer, o.Observation)
	}
	return "[" + strings.Join(entries, " ") + "]"
}
