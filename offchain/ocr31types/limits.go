// Package ocr31types holds words that OCR3.1 and its plugins share. So far these are the limits of a plugin.
package ocr31types

// The greatest values that a plugin may declare in its ReportingPluginLimits, and the greatest keys and values of its state.
const (
	MaxMaxQueryBytes                          = 512 << 10
	MaxMaxObservationBytes                    = 512 << 10
	MaxMaxReportsPlusPrecursorBytes           = 5 << 20
	MaxMaxReportBytes                         = 5 << 20
	MaxMaxReportCount                         = 2000
	MaxMaxKeyValueKeyBytes                    = 1 << 20
	MaxMaxKeyValueValueBytes                  = 2 << 20
	MaxMaxKeyValueModifiedKeys                = 10_000
	MaxMaxKeyValueModifiedKeysPlusValuesBytes = 10 << 20
	MaxMaxBlobPayloadBytes                    = 5 << 20
)

// ReportingPluginLimits are the bounds that a plugin declares on what it makes; in bytes unless the name says otherwise. They
// must be equal on all oracles, since the network's own limits follow from them.
type ReportingPluginLimits struct {
	MaxQueryBytes                          int
	MaxObservationBytes                    int
	MaxReportsPlusPrecursorBytes           int
	MaxReportBytes                         int
	MaxReportCount                         int
	MaxKeyValueModifiedKeys                int
	MaxKeyValueModifiedKeysPlusValuesBytes int
	MaxBlobPayloadBytes                    int
	// The last two bound the blobs of one oracle that have not expired, taken together. No value of them is refused; below 1
	// no blob is ever accepted.
	MaxPerOracleUnexpiredBlobCumulativePayloadBytes int
	MaxPerOracleUnexpiredBlobCount                  int
}
