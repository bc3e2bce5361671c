package ocr2net

import (
	"time"

	"github.com/ocrkit/ocrkit/offchain/runtime"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/oraclenet"
)

// Log keeps what an oracle logs.
type Log = oraclenet.Log

// Database is a types.Database and runtime.SignedRoundDatabase in memory.
type Database = oraclenet.Database[types.ContractConfig, types.ConfigDigest, types.ReportTimestamp, types.PendingTransmission]

var (
	_ types.Database              = (*Database)(nil)
	_ runtime.SignedRoundDatabase = (*Database)(nil)
)

// NewDatabase returns an empty database.
func NewDatabase() *Database {
	return oraclenet.NewDatabase[types.ContractConfig](
		func(ts types.ReportTimestamp) types.ConfigDigest { return ts.ConfigDigest },
		func(p types.PendingTransmission) time.Time { return p.Time })
}

// PlainDatabase is a Database that does not keep the signed round.
type PlainDatabase struct{ types.Database }
