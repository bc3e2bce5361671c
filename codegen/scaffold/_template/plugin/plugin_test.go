package plugin

import (
	"context"
	"errors"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/types"

	"weather/gen/feed"
)

type fixed struct {
	report *feed.Report
	err    error
}

func (f fixed) Observe(context.Context) (*feed.Report, error)      { return f.report, f.err }
func (f fixed) LatestReport(context.Context) (*feed.Report, error) { return f.report, f.err }

func newPlugin(t *testing.T, f Factory, config types.ReportingPluginConfig) types.ReportingPlugin {
	t.Helper()
	p, _, err := f.NewReportingPlugin(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func encode(t *testing.T, r *feed.Report) []byte {
	t.Helper()
	b, err := feed.AppendReport(nil, r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestReport gives four observations, one of them by a faulty oracle.
func TestReport(t *testing.T) {
	honest := [][]byte{
		encode(t, feed.NewReport(1000, -1500, 60_000)),
		encode(t, feed.NewReport(1001, -1400, 61_000)),
		encode(t, feed.NewReport(1002, -1300, 62_000)),
	}
	p := newPlugin(t, Factory{}, types.ReportingPluginConfig{N: 4, F: 1})
	for name, c := range map[string]struct {
		faulty []byte
		want   *feed.Report
	}{
		"garbage":        {[]byte("garbage"), feed.NewReport(1001, -1400, 61_000)},
		"too high":       {encode(t, feed.NewReport(4_000_000_000, 2_000_000_000, 100_000)), feed.NewReport(1002, -1300, 62_000)},
		"too low":        {encode(t, feed.NewReport(0, -2_000_000_000, 0)), feed.NewReport(1001, -1400, 61_000)},
		"cannot be":      {encode(t, feed.NewReport(1001, -1400, 100_001)), feed.NewReport(1001, -1400, 61_000)},
		"one byte extra": {append(encode(t, feed.NewReport(9999, 9999, 99)), 0), feed.NewReport(1001, -1400, 61_000)},
	} {
		var aos []types.AttributedObservation
		for _, o := range append([][]byte{c.faulty}, honest...) {
			aos = append(aos, types.AttributedObservation{Observation: o})
		}
		ok, report, err := p.Report(t.Context(), types.ReportTimestamp{}, nil, aos)
		if err != nil || !ok {
			t.Fatalf("%s: %v, %v", name, ok, err)
		}
		var got feed.Report
		if err := feed.DecodeReport(report, &got); err != nil || got != *c.want {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, *c.want)
		}
	}
}

func TestTooFewObservations(t *testing.T) {
	p := newPlugin(t, Factory{}, types.ReportingPluginConfig{N: 4, F: 1})
	one := []types.AttributedObservation{{Observation: encode(t, feed.NewReport(1, 2, 3))}, {Observation: nil}, {Observation: []byte{1}}}
	if ok, _, err := p.Report(t.Context(), types.ReportTimestamp{}, nil, one); ok || err == nil {
		t.Errorf("reported %v, error %v", ok, err)
	}
}

func TestTransmitsWhatIsNewer(t *testing.T) {
	p := newPlugin(t, Factory{Contract: fixed{report: feed.NewReport(1000, 0, 0)}}, types.ReportingPluginConfig{})
	for observedAt, want := range map[uint32]bool{999: false, 1000: false, 1001: true} {
		report := encode(t, feed.NewReport(observedAt, 0, 0))
		if ok, err := p.ShouldTransmitAcceptedReport(t.Context(), types.ReportTimestamp{}, report); err != nil || ok != want {
			t.Errorf("observed at %d: %v, %v; want %v", observedAt, ok, err, want)
		}
	}
	if _, err := p.ShouldAcceptFinalizedReport(t.Context(), types.ReportTimestamp{}, []byte("garbage")); err == nil {
		t.Error("garbage is no error")
	}
}

func TestErrorsSayWhat(t *testing.T) {
	broken := fixed{err: errors.New("no connection")}
	p := newPlugin(t, Factory{broken, broken}, types.ReportingPluginConfig{})
	if _, err := p.Observation(t.Context(), types.ReportTimestamp{}, nil); err == nil || err.Error() != "observing: no connection" {
		t.Errorf("%v", err)
	}
	report := encode(t, feed.NewReport(1, 2, 3))
	if _, err := p.ShouldTransmitAcceptedReport(t.Context(), types.ReportTimestamp{}, report); err == nil || err.Error() != "reading the contract: no connection" {
		t.Errorf("%v", err)
	}
	if _, _, err := (Factory{}).NewReportingPlugin(t.Context(), types.ReportingPluginConfig{OffchainConfig: []byte{1}}); err == nil {
		t.Error("a config that the plugin does not know is no error")
	}
}
