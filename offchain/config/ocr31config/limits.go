// Package ocr31config checks what an OCR3.1 instance is configured with. So far this is what its plugin declares.
package ocr31config

import (
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/ocr31types"
)

// CheckPluginLimits reports limits out of range. A plugin that declares such limits does not run.
func CheckPluginLimits(l ocr31types.ReportingPluginLimits) error {
	var r config.Report
	r.AtMost("MaxQueryBytes", l.MaxQueryBytes, ocr31types.MaxMaxQueryBytes)
	r.AtMost("MaxObservationBytes", l.MaxObservationBytes, ocr31types.MaxMaxObservationBytes)
	r.AtMost("MaxReportsPlusPrecursorBytes", l.MaxReportsPlusPrecursorBytes, ocr31types.MaxMaxReportsPlusPrecursorBytes)
	r.AtMost("MaxReportBytes", l.MaxReportBytes, ocr31types.MaxMaxReportBytes)
	r.AtMost("MaxReportCount", l.MaxReportCount, ocr31types.MaxMaxReportCount)
	r.AtMost("MaxKeyValueModifiedKeys", l.MaxKeyValueModifiedKeys, ocr31types.MaxMaxKeyValueModifiedKeys)
	r.AtMost("MaxKeyValueModifiedKeysPlusValuesBytes", l.MaxKeyValueModifiedKeysPlusValuesBytes, ocr31types.MaxMaxKeyValueModifiedKeysPlusValuesBytes)
	r.AtMost("MaxBlobPayloadBytes", l.MaxBlobPayloadBytes, ocr31types.MaxMaxBlobPayloadBytes)
	return r.Err()
}
