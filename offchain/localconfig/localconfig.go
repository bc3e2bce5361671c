// Package localconfig checks what a node sets for itself.
package localconfig

import (
	"errors"
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// SanityCheck returns nil when each field of the local config of an OCR2, OCR3 or OCR3.1 oracle is within its bounds, which
// are those that types.LocalConfig documents. Otherwise the error joins all violations, one per line, each with the field, its
// value and its bounds. In development mode everything is accepted.
func SanityCheck(c types.LocalConfig) error {
	if c.DevelopmentMode == types.EnableDangerousDevelopmentMode {
		return nil
	}
	return errors.Join(
		inRange("BlockchainTimeout", c.BlockchainTimeout, 1*time.Second, 20*time.Second),
		inRange("ContractConfigConfirmations", c.ContractConfigConfirmations, 1, 100),
		inRange("ContractConfigTrackerPollInterval", c.ContractConfigTrackerPollInterval, 1*time.Second, 120*time.Second),
		inRange("ContractConfigLoadTimeout", c.ContractConfigLoadTimeout, 1*time.Second, 1*time.Hour),
		inRange("ContractTransmitterTransmitTimeout", c.ContractTransmitterTransmitTimeout, 1*time.Second, 1*time.Minute),
		inRange("DatabaseTimeout", c.DatabaseTimeout, 100*time.Millisecond, 10*time.Second),
		inRange("DefaultMaxDurationInitialization", c.DefaultMaxDurationInitialization, 1*time.Second, 1*time.Hour),
	)
}

// SanityCheckOCR1 does the same for the local config of an OCR1 oracle.
func SanityCheckOCR1(c ocr1types.LocalConfig) error {
	if c.DevelopmentMode == ocr1types.EnableDangerousDevelopmentMode {
		return nil
	}
	var patience error
	if c.DataSourceGracePeriod > c.DataSourceTimeout {
		patience = fmt.Errorf("local config: DataSourceGracePeriod is %v, must be at most DataSourceTimeout, which is %v",
			c.DataSourceGracePeriod, c.DataSourceTimeout)
	}
	return errors.Join(
		inRange("BlockchainTimeout", c.BlockchainTimeout, 1*time.Second, 20*time.Second),
		inRange("ContractConfigConfirmations", c.ContractConfigConfirmations, 1, 100),
		inRange("ContractConfigTrackerPollInterval", c.ContractConfigTrackerPollInterval, 15*time.Second, 120*time.Second),
		inRange("ContractConfigTrackerSubscribeInterval", c.ContractConfigTrackerSubscribeInterval, 1*time.Minute, 5*time.Minute),
		inRange("ContractTransmitterTransmitTimeout", c.ContractTransmitterTransmitTimeout, 1*time.Second, 1*time.Minute),
		inRange("DatabaseTimeout", c.DatabaseTimeout, 100*time.Millisecond, 10*time.Second),
		inRange("DataSourceTimeout", c.DataSourceTimeout, 1*time.Second, 20*time.Second),
		inRange("DataSourceGracePeriod", c.DataSourceGracePeriod, 10*time.Millisecond, 2*time.Second),
		patience,
	)
}

func inRange[T uint16 | time.Duration](field string, value, low, high T) error {
	if low <= value && value <= high {
		return nil
	}
	return fmt.Errorf("local config: %s is %v, must be between %v and %v", field, value, low, high)
}
