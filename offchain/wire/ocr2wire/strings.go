package ocr2wire

import (
	"fmt"
	"strings"

	"github.com/ocrkit/ocrkit/offchain/wire/roundwire"
)

// The String methods give one line for logs, transcripts and traces; long byte strings are cut. They are stable.

func (m *NewEpoch) String() string { return fmt.Sprintf("NewEpoch epoch=%d", m.Epoch) }

func (m *ObserveReq) String() string {
	return fmt.Sprintf("ObserveReq epoch=%d round=%d query=%s", m.Epoch, m.Round, roundwire.ShortHex(m.Query))
}

func (m *Observe) String() string {
	return fmt.Sprintf("Observe epoch=%d round=%d observation=%s signature=%s",
		m.Epoch, m.Round, roundwire.ShortHex(m.SignedObservation.Observation), roundwire.ShortHex(m.SignedObservation.Signature))
}

func (m *ReportReq) String() string {
	var list strings.Builder
	for i := range m.Observations {
		if i > 0 {
			list.WriteByte(' ')
		}
		fmt.Fprintf(&list, "%d:%s", m.Observations[i].Observer, roundwire.ShortHex(m.Observations[i].Observation))
	}
	return fmt.Sprintf("ReportReq epoch=%d round=%d query=%s observations=[%s]", m.Epoch, m.Round, roundwire.ShortHex(m.Query), &list)
}

func (m *Report) String() string {
	if m.AttestedReport.Skip {
		return fmt.Sprintf("Report epoch=%d round=%d skip", m.Epoch, m.Round)
	}
	return fmt.Sprintf("Report epoch=%d round=%d report=%s signature=%s",
		m.Epoch, m.Round, roundwire.ShortHex(m.AttestedReport.Report), roundwire.ShortHex(m.AttestedReport.Signature))
}

func (m *Final) String() string { return "Final " + m.fields() }

func (m *FinalEcho) String() string { return "FinalEcho " + m.Final.fields() }

func (m *Final) fields() string {
	signers := make([]int, len(m.AttestedReport.AttributedSignatures))
	for i, s := range m.AttestedReport.AttributedSignatures {
		signers[i] = int(s.Signer)
	}
	return fmt.Sprintf("epoch=%d round=%d h=%s report=%s signers=%v",
		m.Epoch, m.Round, roundwire.ShortHex(m.H[:]), roundwire.ShortHex(m.AttestedReport.Report), signers)
}
