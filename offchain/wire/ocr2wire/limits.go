package ocr2wire

import (
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/types"
)

// CheckSize tells whether the parts of a message are within the plugin's limits and its lists within the number of oracles
// that an instance can have; the error names the first part that is not. It applies to messages received and to messages
// to be sent alike. Lengths of signatures are not checked: a signature that is too long does not verify.
//
// Source: docs/protocol/ocr2.md, "Limits".
func CheckSize(m Message, limits types.ReportingPluginLimits) error {
	switch m := m.(type) {
	case *NewEpoch:
		return nil
	case *ObserveReq:
		return checkLength(m, "query", len(m.Query), limits.MaxQueryLength)
	case *Observe:
		return checkLength(m, "observation", len(m.SignedObservation.Observation), limits.MaxObservationLength)
	case *ReportReq:
		if err := checkLength(m, "query", len(m.Query), limits.MaxQueryLength); err != nil {
			return err
		}
		if err := checkCount(m, "observations", len(m.Observations)); err != nil {
			return err
		}
		for i := range m.Observations {
			if err := checkLength(m, "observation", len(m.Observations[i].Observation), limits.MaxObservationLength); err != nil {
				return err
			}
		}
		return nil
	case *Report:
		return checkLength(m, "report", len(m.AttestedReport.Report), limits.MaxReportLength)
	case *Final:
		return checkFinal(m, &m.AttestedReport, limits)
	case *FinalEcho:
		return checkFinal(m, &m.Final.AttestedReport, limits)
	}
	return fmt.Errorf("ocr2wire: no size limits for a message of type %T", m)
}

func checkFinal(m Message, r *AttestedReportMany, limits types.ReportingPluginLimits) error {
	if err := checkCount(m, "signatures", len(r.AttributedSignatures)); err != nil {
		return err
	}
	return checkLength(m, "report", len(r.Report), limits.MaxReportLength)
}

func checkLength(m Message, what string, length, limit int) error {
	if length > limit {
		return fmt.Errorf("ocr2wire: %s: %s has %d bytes, the plugin's limit is %d", m.Kind(), what, length, limit)
	}
	return nil
}

func checkCount(m Message, what string, count int) error {
	if count > maxListEntries {
		return fmt.Errorf("ocr2wire: %s: %d %s, at most %d are allowed", m.Kind(), count, what, maxListEntries)
	}
	return nil
}
