package median

import (
	"time"

	"github.com/ocrkit/ocrkit/offchain/types"
)

// SetClock makes a plugin of this package take the time from now.
func SetClock(p types.ReportingPlugin, now func() time.Time) { p.(*plugin).now = now }

// ParseObservation is parseObservation.
var ParseObservation = parseObservation

// EncodeObservation is encodeObservation.
var EncodeObservation = encodeObservation
