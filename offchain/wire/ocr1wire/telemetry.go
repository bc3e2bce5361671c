package ocr1wire

import (
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/wire/roundwire"
)

// Telemetry makes the events of one instance for its monitoring endpoint: those about messages and about rounds that start.
//
// Source: docs/protocol/ocr1.md, "Telemetry and metrics".
type Telemetry = roundwire.Telemetry[ocr1types.ConfigDigest]
