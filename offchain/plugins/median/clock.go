package median

import (
	"context"
	"time"

	"github.com/ocrkit/ocrkit/offchain/types"
)

// WithClock returns a factory of the same plugins, which take the time from now instead of the system's clock: for
// simulations. now must be safe for concurrent use.
func (fac NumericalMedianFactory) WithClock(now func() time.Time) types.ReportingPluginFactory {
	return clockedFactory{fac, now}
}

type clockedFactory struct {
	NumericalMedianFactory
	now func() time.Time
}

// NewReportingPlugin is that of the factory without a clock, but for the clock.
func (fac clockedFactory) NewReportingPlugin(ctx context.Context, configuration types.ReportingPluginConfig) (types.ReportingPlugin, types.ReportingPluginInfo, error) {
	made, info, err := fac.NumericalMedianFactory.NewReportingPlugin(ctx, configuration)
	if err != nil {
		return nil, info, err
	}
	made.(*plugin).now = fac.now
	return made, info, nil
}
