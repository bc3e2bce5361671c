// Package mercury runs Mercury plugins, whose reports are verified like those of OCR2, on OCR3: the outcome of a round is the
// latest report with the epoch and round in which it was made.
//
// Source: docs/protocol/ocr3.md, "Plugin".
package mercury

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr3config"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/quorumhelper"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// ReportInfo is where a report was made; its signatures cover it.
type ReportInfo struct {
	Epoch uint32
	Round uint8
}

// Outcome is what oracles agree on. Its bytes are JSON, and the hash of the bytes is signed: names, order and the difference
// between no report (null) and an empty one ("") are part of the format.
type Outcome struct {
	Epoch        uint32
	Round        uint8
	ShouldReport bool
	Report       types.Report
}

// Encode returns the bytes of an outcome.
func (o Outcome) Encode() (ocr3types.Outcome, error) { return json.Marshal(o) }

// DecodeOutcome reads an outcome; nothing at all is the one before the first.
func DecodeOutcome(b ocr3types.Outcome) (o Outcome, err error) {
	if len(b) == 0 {
		return o, nil
	}
	if err := json.Unmarshal(b, &o); err != nil {
		return Outcome{}, fmt.Errorf("mercury: outcome: %w", err)
	}
	return o, nil
}

// Limits returns the limits that a plugin of OCR3 has which runs a Mercury plugin with the given ones.
func Limits(l ocr3types.MercuryPluginLimits) ocr3types.ReportingPluginLimits {
	const jsonOverhead = 100 // bytes of an outcome beside the report, whose base64 is half as long again, at most
	return ocr3types.ReportingPluginLimits{
		MaxObservationLength: l.MaxObservationLength,
		MaxOutcomeLength:     jsonOverhead + l.MaxReportLength + l.MaxReportLength/2,
		MaxReportLength:      l.MaxReportLength,
		MaxReportCount:       1,
	}
}

// CheckLimits reports limits out of range. A plugin that declares such limits does not run.
func CheckLimits(l ocr3types.MercuryPluginLimits) error {
	var r config.Report
	if l.MaxObservationLength < 0 || l.MaxObservationLength > ocr3types.MaxMaxMercuryObservationLength {
		r.Add("MaxObservationLength", l.MaxObservationLength, "must be 0 to %d bytes", ocr3types.MaxMaxMercuryObservationLength)
	}
	if l.MaxReportLength < 0 || l.MaxReportLength > ocr3types.MaxMaxMercuryReportLength {
		r.Add("MaxReportLength", l.MaxReportLength, "must be 0 to %d bytes", ocr3types.MaxMaxMercuryReportLength)
	}
	return r.Err()
}

// EstimatedRoundInterval is what Mercury plugins are told about the length of rounds.
func EstimatedRoundInterval(cfg ocr3config.PublicConfig) time.Duration { return cfg.MinRoundInterval() }

// Factory makes plugins of OCR3 that run Mercury plugins.
type Factory struct {
	Mercury ocr3types.MercuryPluginFactory
}

var _ ocr3types.ReportingPluginFactory[ReportInfo] = Factory{}

// NewReportingPlugin implements ocr3types.ReportingPluginFactory.
func (f Factory) NewReportingPlugin(ctx context.Context, cfg ocr3types.ReportingPluginConfig) (ocr3types.ReportingPlugin[ReportInfo], ocr3types.ReportingPluginInfo, error) {
	mercury, info, err := f.Mercury.NewMercuryPlugin(ctx, ocr3types.MercuryPluginConfig{
		ConfigDigest: cfg.ConfigDigest, OracleID: cfg.OracleID, N: cfg.N, F: cfg.F, OnchainConfig: cfg.OnchainConfig, OffchainConfig: cfg.OffchainConfig,
		EstimatedRoundInterval: cfg.EstimatedRoundInterval, MaxDurationObservation: cfg.MaxDurationObservation,
	})
	if err != nil {
		return nil, ocr3types.ReportingPluginInfo{}, err
	}
	limits := Limits(info.Limits)
	if err := CheckLimits(info.Limits); err != nil {
		// Limits that OCR3 refuses for good, whatever the Mercury plugin says the next time.
		limits.MaxReportCount = -1
	}
	return &Plugin{cfg, mercury, info.Limits}, ocr3types.ReportingPluginInfo{Name: info.Name, Limits: limits}, nil
}

// Plugin runs a Mercury plugin.
type Plugin struct {
	config  ocr3types.ReportingPluginConfig
	mercury ocr3types.MercuryPlugin
	limits  ocr3types.MercuryPluginLimits
}

var _ ocr3types.ReportingPlugin[ReportInfo] = (*Plugin)(nil)

// timestamp is where a round is for OCR2: in fewer bits.
func (p *Plugin) timestamp(outctx ocr3types.OutcomeContext) types.ReportTimestamp {
	return types.ReportTimestamp{ConfigDigest: p.config.ConfigDigest, Epoch: uint32(outctx.Epoch), Round: uint8(outctx.Round)}
}

// Query implements ocr3types.ReportingPlugin: there is none.
func (p *Plugin) Query(context.Context, ocr3types.OutcomeContext) (types.Query, error) {
	return nil, nil
}

// Observation implements ocr3types.ReportingPlugin.
func (p *Plugin) Observation(ctx context.Context, outctx ocr3types.OutcomeContext, _ types.Query) (types.Observation, error) {
	previous, err := DecodeOutcome(outctx.PreviousOutcome)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, p.config.MaxDurationObservation)
	defer cancel()
	observation, err := p.mercury.Observation(ctx, p.timestamp(outctx), previous.Report)
	if err != nil {
		return nil, err
	}
	if len(observation) > p.limits.MaxObservationLength {
		return nil, fmt.Errorf("mercury: the observation has %d bytes, but the plugin's limits allow at most %d", len(observation), p.limits.MaxObservationLength)
	}
	return observation, nil
}

// ValidateObservation implements ocr3types.ReportingPlugin: all are taken.
func (p *Plugin) ValidateObservation(context.Context, ocr3types.OutcomeContext, types.Query, types.AttributedObservation) error {
	return nil
}

// ObservationQuorum implements ocr3types.ReportingPlugin: 2f+1 are enough.
func (p *Plugin) ObservationQuorum(_ context.Context, _ ocr3types.OutcomeContext, _ types.Query, aos []types.AttributedObservation) (bool, error) {
	return quorumhelper.ObservationCountReachesObservationQuorum(quorumhelper.QuorumTwoFPlusOne, p.config.N, p.config.F, aos), nil
}

// Outcome implements ocr3types.ReportingPlugin.
func (p *Plugin) Outcome(ctx context.Context, outctx ocr3types.OutcomeContext, _ types.Query, aos []types.AttributedObservation) (ocr3types.Outcome, error) {
	previous, err := DecodeOutcome(outctx.PreviousOutcome)
	if err != nil {
		return nil, err
	}
	ts := p.timestamp(outctx)
	should, report, err := p.mercury.Report(ctx, ts, previous.Report, aos)
	if err != nil {
		return nil, err
	}
	if len(report) > p.limits.MaxReportLength {
		return nil, fmt.Errorf("mercury: the report has %d bytes, but the plugin's limits allow at most %d", len(report), p.limits.MaxReportLength)
	}
	if !should {
		report = previous.Report
	}
	return Outcome{ts.Epoch, ts.Round, should, report}.Encode()
}

// Reports implements ocr3types.ReportingPlugin. Epoch and round of the report are those of the outcome: if it was proposed again
// later, they are still those in which it was made.
func (p *Plugin) Reports(_ context.Context, _ uint64, outcome ocr3types.Outcome) ([]ocr3types.ReportPlus[ReportInfo], error) {
	o, err := DecodeOutcome(outcome)
	if err != nil || !o.ShouldReport {
		return nil, err
	}
	return []ocr3types.ReportPlus[ReportInfo]{{ReportWithInfo: ocr3types.ReportWithInfo[ReportInfo]{Report: o.Report, Info: ReportInfo{o.Epoch, o.Round}}}}, nil
}

// ShouldAcceptAttestedReport implements ocr3types.ReportingPlugin: always.
func (p *Plugin) ShouldAcceptAttestedReport(context.Context, uint64, ocr3types.ReportWithInfo[ReportInfo]) (bool, error) {
	return true, nil
}

// ShouldTransmitAcceptedReport implements ocr3types.ReportingPlugin: always.
func (p *Plugin) ShouldTransmitAcceptedReport(context.Context, uint64, ocr3types.ReportWithInfo[ReportInfo]) (bool, error) {
	return true, nil
}

// Close implements ocr3types.ReportingPlugin.
func (p *Plugin) Close() error { return p.mercury.Close() }

// reportContext is what the signatures of OCR2 cover beside a report. The sequence number is not part of it.
func reportContext(digest types.ConfigDigest, info ReportInfo) types.ReportContext {
	return types.ReportContext{ReportTimestamp: types.ReportTimestamp{ConfigDigest: digest, Epoch: info.Epoch, Round: info.Round}}
}

// Keyring signs reports with a key ring of OCR2.
type Keyring struct{ types.OnchainKeyring }

var _ ocr3types.OnchainKeyring[ReportInfo] = Keyring{}

// Sign implements ocr3types.OnchainKeyring.
func (k Keyring) Sign(digest types.ConfigDigest, _ uint64, r ocr3types.ReportWithInfo[ReportInfo]) ([]byte, error) {
	return k.OnchainKeyring.Sign(reportContext(digest, r.Info), r.Report)
}

// Verify implements ocr3types.OnchainKeyring.
func (k Keyring) Verify(key types.OnchainPublicKey, digest types.ConfigDigest, _ uint64, r ocr3types.ReportWithInfo[ReportInfo], signature []byte) bool {
	return k.OnchainKeyring.Verify(key, reportContext(digest, r.Info), r.Report, signature)
}

// Transmitter sends reports with a transmitter of OCR2.
type Transmitter struct{ types.ContractTransmitter }

var _ ocr3types.ContractTransmitter[ReportInfo] = Transmitter{}

// Transmit implements ocr3types.ContractTransmitter.
func (t Transmitter) Transmit(ctx context.Context, digest types.ConfigDigest, _ uint64, r ocr3types.ReportWithInfo[ReportInfo], signatures []types.AttributedOnchainSignature) error {
	return t.ContractTransmitter.Transmit(ctx, reportContext(digest, r.Info), r.Report, signatures)
}
