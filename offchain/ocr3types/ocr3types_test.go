package ocr3types_test

import (
	"context"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// plugin, keyring and so on are what existing user code looks like: if a method changes its shape, this does not compile.
type plugin struct{}

func (plugin) Query(context.Context, ocr3types.OutcomeContext) (types.Query, error) { return nil, nil }
func (plugin) Observation(context.Context, ocr3types.OutcomeContext, types.Query) (types.Observation, error) {
	return nil, nil
}
func (plugin) ValidateObservation(context.Context, ocr3types.OutcomeContext, types.Query, types.AttributedObservation) error {
	return nil
}
func (plugin) ObservationQuorum(context.Context, ocr3types.OutcomeContext, types.Query, []types.AttributedObservation) (bool, error) {
	return true, nil
}
func (plugin) Outcome(context.Context, ocr3types.OutcomeContext, types.Query, []types.AttributedObservation) (ocr3types.Outcome, error) {
	return ocr3types.Outcome{1}, nil
}
func (plugin) Reports(_ context.Context, _ uint64, outcome ocr3types.Outcome) ([]ocr3types.ReportPlus[string], error) {
	return []ocr3types.ReportPlus[string]{{
		ReportWithInfo: ocr3types.ReportWithInfo[string]{Report: types.Report(outcome), Info: "chain"},
		TransmissionScheduleOverride: &ocr3types.TransmissionSchedule{
			Transmitters:       []commontypes.OracleID{3},
			TransmissionDelays: []time.Duration{time.Second},
		},
	}}, nil
}
func (plugin) ShouldAcceptAttestedReport(context.Context, uint64, ocr3types.ReportWithInfo[string]) (bool, error) {
	return true, nil
}
func (plugin) ShouldTransmitAcceptedReport(context.Context, uint64, ocr3types.ReportWithInfo[string]) (bool, error) {
	return true, nil
}
func (plugin) Close() error { return nil }

type mercuryPlugin struct{}

func (mercuryPlugin) Observation(context.Context, types.ReportTimestamp, types.Report) (types.Observation, error) {
	return nil, nil
}
func (mercuryPlugin) Report(context.Context, types.ReportTimestamp, types.Report, []types.AttributedObservation) (bool, types.Report, error) {
	return false, nil, nil
}
func (mercuryPlugin) Close() error { return nil }

type factory struct{}

func (factory) NewReportingPlugin(_ context.Context, c ocr3types.ReportingPluginConfig) (ocr3types.ReportingPlugin[string], ocr3types.ReportingPluginInfo, error) {
	return plugin{}, ocr3types.ReportingPluginInfo{Name: c.ConfigDigest.Hex(), Limits: ocr3types.ReportingPluginLimits{MaxReportCount: 1}}, nil
}

func (factory) NewMercuryPlugin(_ context.Context, c ocr3types.MercuryPluginConfig) (ocr3types.MercuryPlugin, ocr3types.MercuryPluginInfo, error) {
	return mercuryPlugin{}, ocr3types.MercuryPluginInfo{Name: c.ConfigDigest.Hex(), Limits: ocr3types.MercuryPluginLimits{MaxReportLength: 1}}, nil
}

type keyring struct{}

func (keyring) PublicKey() types.OnchainPublicKey { return nil }
func (keyring) Sign(types.ConfigDigest, uint64, ocr3types.ReportWithInfo[string]) ([]byte, error) {
	return nil, nil
}
func (keyring) Verify(types.OnchainPublicKey, types.ConfigDigest, uint64, ocr3types.ReportWithInfo[string], []byte) bool {
	return false
}
func (keyring) MaxSignatureLength() int { return 0 }

type transmitter struct{}

func (transmitter) Transmit(context.Context, types.ConfigDigest, uint64, ocr3types.ReportWithInfo[string], []types.AttributedOnchainSignature) error {
	return nil
}
func (transmitter) FromAccount(context.Context) (types.Account, error) { return "", nil }

type database struct{}

func (database) ReadConfig(context.Context) (*types.ContractConfig, error) { return nil, nil }
func (database) WriteConfig(context.Context, types.ContractConfig) error   { return nil }
func (database) ReadProtocolState(context.Context, types.ConfigDigest, string) ([]byte, error) {
	return nil, nil
}
func (database) WriteProtocolState(context.Context, types.ConfigDigest, string, []byte) error {
	return nil
}

var (
	_ ocr3types.ReportingPluginFactory[string] = factory{}
	_ ocr3types.MercuryPluginFactory           = factory{}
	_ ocr3types.OnchainKeyring[string]         = keyring{}
	_ ocr3types.ContractTransmitter[string]    = transmitter{}
	_ ocr3types.Database                       = database{}
)

// TestLimits: plugins of a network must be refused or accepted alike everywhere.
func TestLimits(t *testing.T) {
	for name, c := range map[string][2]int{
		"MaxMaxQueryLength":              {ocr3types.MaxMaxQueryLength, 5242880},
		"MaxMaxObservationLength":        {ocr3types.MaxMaxObservationLength, 1048576},
		"MaxMaxOutcomeLength":            {ocr3types.MaxMaxOutcomeLength, 5242880},
		"MaxMaxReportLength":             {ocr3types.MaxMaxReportLength, 5242880},
		"MaxMaxReportCount":              {ocr3types.MaxMaxReportCount, 2000},
		"MaxMaxMercuryObservationLength": {ocr3types.MaxMaxMercuryObservationLength, 16384},
		"MaxMaxMercuryReportLength":      {ocr3types.MaxMaxMercuryReportLength, 2097152},
	} {
		if c[0] != c[1] {
			t.Errorf("%s is %d, want %d", name, c[0], c[1])
		}
	}
}
