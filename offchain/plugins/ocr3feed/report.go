package ocr3feed

import (
	"fmt"

	"github.com/ocrkit/ocrkit/gen/ocr3"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// ReportSize is the length of every report in bytes.
const ReportSize = ocr3.FeedReportSize

// EncodeReport returns the report of a price, as feed contracts read it. It fails if the value is nil or out of range.
func EncodeReport(p Price) (types.Report, error) {
	report, err := ocr3.AppendFeedReport(make([]byte, 0, ReportSize), &ocr3.FeedReport{ObservationsTimestamp: p.Time, Answer: p.Value})
	if err != nil {
		return nil, fmt.Errorf("ocr3feed: report: %w", err)
	}
	return report, nil
}

// DecodeReport is the inverse of EncodeReport. It fails on whatever EncodeReport does not return.
func DecodeReport(report types.Report) (Price, error) {
	var r ocr3.FeedReport
	if err := ocr3.DecodeFeedReport(report, &r); err != nil {
		return Price{}, fmt.Errorf("ocr3feed: report: %w", err)
	}
	return Price{r.ObservationsTimestamp, r.Answer}, nil
}
