// Package roundwire holds what the messages of OCR1 and OCR2 have in common: both protocols go through the same rounds, with
// messages of the same names and numbers, and report the same events to monitoring.
//
// Source: docs/protocol/ocr2.md, "Wire messages".
package roundwire

// Kind names a message type. The values are the field numbers of the wrapper's oneof.
type Kind uint8

const (
	KindNewEpoch   Kind = 2
	KindObserveReq Kind = 3
	KindObserve    Kind = 4
	KindReportReq  Kind = 5
	KindReport     Kind = 6
	KindFinal      Kind = 7
	KindFinalEcho  Kind = 8
)

// String returns the name used in logs and transcripts, for example "ObserveReq".
func (k Kind) String() string {
	switch k {
	case KindNewEpoch:
		return "NewEpoch"
	case KindObserveReq:
		return "ObserveReq"
	case KindObserve:
		return "Observe"
	case KindReportReq:
		return "ReportReq"
	case KindReport:
		return "Report"
	case KindFinal:
		return "Final"
	case KindFinalEcho:
		return "FinalEcho"
	}
	return "unknown message kind"
}
