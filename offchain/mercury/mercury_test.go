package mercury

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/vectors"
)

type runCase = func(*testing.T, vectors.File, vectors.Case)

// scripted is a Mercury plugin that says what it is told to, and keeps what it is asked.
type scripted struct {
	observation types.Observation
	should      bool
	report      types.Report
	err         error

	called   bool
	saw      types.ReportTimestamp
	previous types.Report
	aos      []types.AttributedObservation
	deadline bool
	closed   bool
}

func (p *scripted) Observation(ctx context.Context, ts types.ReportTimestamp, previous types.Report) (types.Observation, error) {
	p.called, p.saw, p.previous = true, ts, previous
	_, p.deadline = ctx.Deadline()
	return p.observation, p.err
}

func (p *scripted) Report(_ context.Context, ts types.ReportTimestamp, previous types.Report, aos []types.AttributedObservation) (bool, types.Report, error) {
	p.called, p.saw, p.previous, p.aos = true, ts, previous, aos
	return p.should, p.report, p.err
}

func (p *scripted) Close() error {
	p.closed = true
	return nil
}

type factory struct {
	plugin *scripted
	limits ocr3types.MercuryPluginLimits
	err    error
	config ocr3types.MercuryPluginConfig
}

func (f *factory) NewMercuryPlugin(_ context.Context, cfg ocr3types.MercuryPluginConfig) (ocr3types.MercuryPlugin, ocr3types.MercuryPluginInfo, error) {
	f.config = cfg
	if f.err != nil {
		return nil, ocr3types.MercuryPluginInfo{}, f.err
	}
	return f.plugin, ocr3types.MercuryPluginInfo{Name: "scripted", Limits: f.limits}, nil
}

var pluginConfig = ocr3types.ReportingPluginConfig{
	ConfigDigest: types.ConfigDigest{1, 2, 3}, OracleID: 2, N: 4, F: 1, OnchainConfig: []byte{4}, OffchainConfig: []byte{5},
	EstimatedRoundInterval: time.Second, MaxDurationObservation: time.Minute,
}

func newPlugin(t *testing.T, f *factory) (ocr3types.ReportingPlugin[ReportInfo], ocr3types.ReportingPluginInfo) {
	t.Helper()
	plugin, info, err := Factory{f}.NewReportingPlugin(context.Background(), pluginConfig)
	if err != nil {
		t.Fatal(err)
	}
	return plugin, info
}

// seen is what a case says that the Mercury plugin was asked.
type seen struct {
	Epoch             uint32
	Round             uint8
	PreviousReport    vectors.Hex
	PreviousReportNil bool
}

func (p *scripted) check(t *testing.T, want seen) {
	t.Helper()
	if p.saw != (types.ReportTimestamp{ConfigDigest: pluginConfig.ConfigDigest, Epoch: want.Epoch, Round: want.Round}) ||
		!bytes.Equal(p.previous, want.PreviousReport) || (p.previous == nil) != want.PreviousReportNil {
		t.Errorf("the plugin saw %+v and the report %#v, want %+v", p.saw, p.previous, want)
	}
}

func TestVectors(t *testing.T) {
	ctx := context.Background()
	vectors.EachKind(t, "testdata", []string{"ocr3-mercury.json"}, vectors.Kinds{Run: map[string]runCase{
		"outcome": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[struct {
				Kind            string
				Epoch, Round    vectors.U64
				MaxReportLength int
				PreviousOutcome vectors.Hex
				Plugin          struct {
					Error, ShouldReport, ReportNil bool
					Report                         vectors.Hex
				}
			}](t, c.Input)
			want := vectors.DecodeStrict[struct {
				Ok           bool
				PluginCalled *bool
				Outcome      vectors.Hex
				OutcomeText  string
				PluginSaw    seen
				Reports      []struct {
					Epoch  uint32
					Round  uint8
					Report vectors.Hex
				}
			}](t, c.Output)
			mercury := &scripted{should: in.Plugin.ShouldReport, report: types.Report(in.Plugin.Report)}
			if in.Plugin.ReportNil {
				mercury.report = nil
			}
			if in.Plugin.Error {
				mercury.err = errors.New("no")
			}
			plugin, _ := newPlugin(t, &factory{plugin: mercury, limits: ocr3types.MercuryPluginLimits{MaxObservationLength: 30, MaxReportLength: in.MaxReportLength}})
			aos := []types.AttributedObservation{
				{Observation: []byte("a"), Observer: 0}, {Observation: []byte("b"), Observer: 1}, {Observation: []byte("c"), Observer: 2},
			}
			outctx := ocr3types.OutcomeContext{SeqNr: 5, PreviousOutcome: ocr3types.Outcome(in.PreviousOutcome), Epoch: uint64(in.Epoch), Round: uint64(in.Round)}
			outcome, err := plugin.Outcome(ctx, outctx, nil, aos)
			if (err == nil) != want.Ok {
				t.Fatalf("error %v, want ok = %v", err, want.Ok)
			}
			if want.PluginCalled != nil && mercury.called != *want.PluginCalled {
				t.Errorf("the plugin was called: %v, want %v", mercury.called, *want.PluginCalled)
			}
			if !want.Ok {
				return
			}
			if string(outcome) != want.OutcomeText || !bytes.Equal(outcome, want.Outcome) {
				t.Errorf("outcome\ngot  %s\nwant %s", outcome, want.OutcomeText)
			}
			mercury.check(t, want.PluginSaw)
			if len(mercury.aos) != len(aos) {
				t.Errorf("the plugin saw %d observations", len(mercury.aos))
			}
			reports, err := plugin.Reports(ctx, 5, outcome)
			if err != nil || len(reports) != len(want.Reports) {
				t.Fatalf("%d reports, %v; want %d", len(reports), err, len(want.Reports))
			}
			for i, r := range reports {
				w := want.Reports[i]
				if r.TransmissionScheduleOverride != nil || r.ReportWithInfo.Info != (ReportInfo{w.Epoch, w.Round}) || !bytes.Equal(r.ReportWithInfo.Report, w.Report) {
					t.Errorf("report %d: got %+v, want %+v", i, r, w)
				}
			}
		},
		"observation": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[struct {
				Kind                               string
				Epoch, Round                       vectors.U64
				PluginObservation, PreviousOutcome vectors.Hex
			}](t, c.Input)
			want := vectors.DecodeStrict[struct {
				Ok          bool
				Observation vectors.Hex
				PluginSaw   seen
			}](t, c.Output)
			mercury := &scripted{observation: types.Observation(in.PluginObservation)}
			plugin, _ := newPlugin(t, &factory{plugin: mercury, limits: ocr3types.MercuryPluginLimits{MaxObservationLength: 30, MaxReportLength: 60}})
			outctx := ocr3types.OutcomeContext{SeqNr: 5, PreviousOutcome: ocr3types.Outcome(in.PreviousOutcome), Epoch: uint64(in.Epoch), Round: uint64(in.Round)}
			observation, err := plugin.Observation(ctx, outctx, nil)
			if (err == nil) != want.Ok || !bytes.Equal(observation, want.Observation) {
				t.Fatalf("got %#v, %v; want %+v", observation, err, want)
			}
			if want.Ok {
				mercury.check(t, want.PluginSaw)
			} else if mercury.called {
				t.Error("the plugin was called though the previous outcome is unreadable")
			}
		},
		"limits": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[struct {
				Kind                                  string
				MaxObservationLength, MaxReportLength int
			}](t, c.Input)
			want := vectors.DecodeStrict[ocr3types.ReportingPluginLimits](t, c.Output)
			if got := Limits(ocr3types.MercuryPluginLimits{MaxObservationLength: in.MaxObservationLength, MaxReportLength: in.MaxReportLength}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		},
	}})
}

func TestAPIVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"api-mercury.json"}, vectors.Kinds{
		Of: func(_ vectors.File, c vectors.Case) string { return strings.TrimRight(c.Name, "-0123456789") },
		Run: map[string]runCase{
			"encode": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Epoch        uint32
					Round        uint8
					ShouldReport bool
					Report       vectors.Hex
					ReportIsNil  bool
				}](t, c.Input)
				want := vectors.DecodeStrict[struct {
					Outcome     vectors.Hex
					OutcomeText string
				}](t, c.Output)
				o := Outcome{in.Epoch, in.Round, in.ShouldReport, types.Report(in.Report)}
				if in.ReportIsNil {
					o.Report = nil
				}
				got, err := o.Encode()
				if err != nil || string(got) != want.OutcomeText || !bytes.Equal(got, want.Outcome) {
					t.Errorf("got %s, %v; want %s", got, err, want.OutcomeText)
				}
			},
			"decode": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct{ OutcomeText string }](t, c.Input)
				got, err := DecodeOutcome(ocr3types.Outcome(in.OutcomeText))
				if c.Rejected() {
					if err == nil {
						t.Errorf("got %+v, want an error", got)
					}
					return
				}
				want := vectors.DecodeStrict[struct {
					Epoch        uint32
					Round        uint8
					ShouldReport bool
					Report       vectors.Hex
				}](t, c.Output)
				if err != nil || got.Epoch != want.Epoch || got.Round != want.Round || got.ShouldReport != want.ShouldReport || !bytes.Equal(got.Report, want.Report) {
					t.Errorf("got %+v, %v; want %+v", got, err, want)
				}
			},
		},
	})
	elsewhere := map[string]string{"ocr3_1 plugin": "offchain/config/ocr31config", "ocr3 plugin": "offchain/config/ocr3config"}
	for _, protocol := range []string{"ocr2 endpoint", "ocr2 plugin"} {
		elsewhere[protocol] = "offchain/config/ocr2config"
	}
	for _, protocol := range []string{"ocr3 endpoint", "ocr3_1 endpoint"} {
		elsewhere[protocol] = "offchain/p2p/limits"
	}
	vectors.EachKind(t, "testdata", []string{"api-limits.json"}, vectors.Kinds{
		Of: vectors.LimitsKind,
		Run: map[string]runCase{
			"mercury plugin": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Protocol string
					Limits   ocr3types.MercuryPluginLimits
				}](t, c.Input)
				want := vectors.DecodeStrict[struct {
					Accept     bool
					OCR3Limits ocr3types.ReportingPluginLimits
					Violations int
				}](t, c.Output)
				err := CheckLimits(in.Limits)
				if (err == nil) != want.Accept || len(config.Violations(err)) != want.Violations {
					t.Errorf("got %v, want %+v", err, want)
				}
				if got := Limits(in.Limits); got != want.OCR3Limits {
					t.Errorf("limits of OCR3: got %+v, want %+v", got, want.OCR3Limits)
				}
			},
		},
		Elsewhere: elsewhere,
	})
}

// TestPlugin shows what the vectors do not.
func TestPlugin(t *testing.T) {
	ctx := context.Background()
	limits := ocr3types.MercuryPluginLimits{MaxObservationLength: 3, MaxReportLength: 5}
	mercury := &scripted{observation: types.Observation("abcd"), should: true, report: types.Report("abcdef")}
	f := &factory{plugin: mercury, limits: limits}
	plugin, info := newPlugin(t, f)
	if info.Name != "scripted" || info.Limits != Limits(limits) {
		t.Errorf("info %+v", info)
	}
	if want := (ocr3types.MercuryPluginConfig{
		ConfigDigest: pluginConfig.ConfigDigest, OracleID: 2, N: 4, F: 1, OnchainConfig: []byte{4}, OffchainConfig: []byte{5},
		EstimatedRoundInterval: time.Second, MaxDurationObservation: time.Minute,
	}); f.config.ConfigDigest != want.ConfigDigest || f.config.OracleID != 2 || f.config.N != 4 || f.config.F != 1 || f.config.EstimatedRoundInterval != time.Second ||
		f.config.MaxDurationObservation != time.Minute || !bytes.Equal(f.config.OnchainConfig, want.OnchainConfig) || !bytes.Equal(f.config.OffchainConfig, want.OffchainConfig) {
		t.Errorf("config %+v, want %+v", f.config, want)
	}
	if _, err := plugin.Observation(ctx, ocr3types.OutcomeContext{}, nil); err == nil || !strings.Contains(err.Error(), "4 bytes") {
		t.Errorf("an observation that is too long: %v", err)
	}
	if !mercury.deadline {
		t.Error("the plugin observed without a deadline")
	}
	if _, err := plugin.Outcome(ctx, ocr3types.OutcomeContext{}, nil, nil); err == nil || !strings.Contains(err.Error(), "6 bytes") {
		t.Errorf("a report that is too long: %v", err)
	}
	if query, err := plugin.Query(ctx, ocr3types.OutcomeContext{}); query != nil || err != nil {
		t.Errorf("query %v, %v", query, err)
	}
	three := make([]types.AttributedObservation, 3)
	for count, want := range []bool{false, false, false, true} {
		if got, err := plugin.ObservationQuorum(ctx, ocr3types.OutcomeContext{}, nil, three[:count]); got != want || err != nil {
			t.Errorf("%d observations are a quorum: %v, %v", count, got, err)
		}
	}
	if _, err := plugin.Reports(ctx, 1, ocr3types.Outcome("[]")); err == nil {
		t.Error("reports of an outcome that is none")
	}
	if err := plugin.Close(); err != nil || !mercury.closed {
		t.Error("not closed")
	}

	f.err = errors.New("not today")
	if _, _, err := (Factory{f}).NewReportingPlugin(ctx, pluginConfig); !errors.Is(err, f.err) {
		t.Errorf("got %v", err)
	}
}

// TestKeyringAndTransmitter show that a report goes by the epoch and round in which it was made, whatever its sequence number.
func TestKeyringAndTransmitter(t *testing.T) {
	digest := types.ConfigDigest{9}
	info := ReportInfo{Epoch: 7, Round: 3}
	want := types.ReportContext{ReportTimestamp: types.ReportTimestamp{ConfigDigest: digest, Epoch: 7, Round: 3}}
	r := ocr3types.ReportWithInfo[ReportInfo]{Report: types.Report("report"), Info: info}

	ring := &keyring{}
	signature, err := Keyring{ring}.Sign(digest, 99, r)
	if err != nil || ring.signed != want {
		t.Errorf("signed %+v, %v; want %+v", ring.signed, err, want)
	}
	if !(Keyring{ring}).Verify(nil, digest, 98, r, signature) {
		t.Error("the sequence number is signed")
	}
	r.Info.Round++
	if (Keyring{ring}).Verify(nil, digest, 98, r, signature) {
		t.Error("the round is not signed")
	}
	r.Info.Round--
	tx := &transmitter{}
	signatures := []types.AttributedOnchainSignature{{Signature: signature, Signer: commontypes.OracleID(3)}}
	if err := (Transmitter{tx}).Transmit(context.Background(), digest, 99, r, signatures); err != nil || tx.sent != want || string(tx.report) != "report" || len(tx.signatures) != 1 {
		t.Errorf("sent %+v, %v", tx, err)
	}
}

type keyring struct {
	types.OnchainKeyring
	signed types.ReportContext
}

func (k *keyring) Sign(repctx types.ReportContext, _ types.Report) ([]byte, error) {
	k.signed = repctx
	return []byte("signature"), nil
}

func (k *keyring) Verify(_ types.OnchainPublicKey, repctx types.ReportContext, _ types.Report, signature []byte) bool {
	return repctx == k.signed && string(signature) == "signature"
}

type transmitter struct {
	types.ContractTransmitter
	sent       types.ReportContext
	report     types.Report
	signatures []types.AttributedOnchainSignature
}

func (tx *transmitter) Transmit(_ context.Context, repctx types.ReportContext, report types.Report, signatures []types.AttributedOnchainSignature) error {
	tx.sent, tx.report, tx.signatures = repctx, report, signatures
	return nil
}

func FuzzDecodeOutcome(f *testing.F) {
	f.Add([]byte(`{"Epoch":7,"Round":3,"ShouldReport":true,"Report":"AQI="}`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := DecodeOutcome(b)
		if err != nil {
			return
		}
		again, err := o.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if o2, err := DecodeOutcome(again); err != nil || o2.Epoch != o.Epoch || o2.Round != o.Round || o2.ShouldReport != o.ShouldReport || !bytes.Equal(o2.Report, o.Report) {
			t.Errorf("%s became %+v, %v", again, o2, err)
		}
	})
}
