package ocr2wire

import (
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/roundwire"
)

// Telemetry makes the events of one instance for its monitoring endpoint.
//
// Source: docs/protocol/ocr2.md, "Telemetry and metrics".
type Telemetry = roundwire.Telemetry[types.ConfigDigest]
