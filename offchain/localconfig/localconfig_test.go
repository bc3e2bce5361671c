package localconfig

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/vectors"
)

// checks are what checks local configs, by the name of the family in the vectors.
var checks = map[string]func(config) error{
	"ocr1":     func(c config) error { return SanityCheckOCR1(c.ocr1()) },
	"ocr2plus": func(c config) error { return SanityCheck(c.local()) },
}

func TestVectors(t *testing.T) {
	configLocal := func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.DecodeStrict[struct {
			Kind, Version string
			Config        config
		}](t, c.Input)
		out := vectors.DecodeStrict[struct {
			Accepted bool
			Reason   string
		}](t, c.Output)
		err := checks[in.Version](in.Config)
		if (err == nil) != out.Accepted {
			t.Errorf("got %v, want accepted: %v (%s)", err, out.Accepted, out.Reason)
		}
		field, _, _ := strings.Cut(out.Reason, " ")
		if err != nil && field != "durations" && !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(field)) {
			t.Errorf("error %q does not name %s", err, field)
		}
	}
	vectors.EachKind(t, "testdata", []string{"config-local.json"}, vectors.Kinds{
		Of: func(_ vectors.File, c vectors.Case) string {
			version, _, _ := strings.Cut(c.Name, " ")
			return c.Kind() + " " + version
		},
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){"localConfig ocr1": configLocal, "localConfig ocr2plus": configLocal},
	})

	apiLocalConfig := func(t *testing.T, _ vectors.File, c vectors.Case) {
		out := vectors.DecodeStrict[struct {
			Accept     bool
			Violations int
		}](t, c.Output)
		in := vectors.DecodeStrict[config](t, c.Input)
		err := checks[in.Family](in)
		if (err == nil) != out.Accept || violations(err) != out.Violations {
			t.Errorf("got %d violations, want %d: %v", violations(err), out.Violations, err)
		}
	}
	vectors.EachKind(t, "testdata", []string{"api-localconfig.json"}, vectors.Kinds{
		Of:  func(_ vectors.File, c vectors.Case) string { return vectors.Decode[config](t, c.Input).Family },
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){"ocr1": apiLocalConfig, "ocr2plus": apiLocalConfig},
	})

	// The names of the fields end with their unit in these files.
	withUnits := func(check func(config) error) func(*testing.T, vectors.File, vectors.Case) {
		return func(t *testing.T, _ vectors.File, c vectors.Case) {
			var fields map[string]json.RawMessage
			if err := json.Unmarshal(c.Input, &fields); err != nil {
				t.Fatal(err)
			}
			delete(fields, "kind")
			plain := map[string]json.RawMessage{}
			for name, value := range fields {
				plain[strings.TrimSuffix(name, "Ns")] = value
			}
			input, err := json.Marshal(plain)
			if err != nil {
				t.Fatal(err)
			}
			out := vectors.DecodeStrict[struct{ Accept bool }](t, c.Output)
			if err := check(vectors.DecodeStrict[config](t, input)); (err == nil) != out.Accept {
				t.Errorf("got %v, want accepted: %v", err, out.Accept)
			}
		}
	}
	vectors.EachKind(t, "testdata", []string{"ocr12-ocr1-misc.json"}, vectors.Kinds{
		Run:       map[string]func(*testing.T, vectors.File, vectors.Case){"ocr1LocalConfig": withUnits(checks["ocr1"])},
		Elsewhere: map[string]string{"ocr1Telemetry": "offchain/wire/ocr1wire"},
	})
	vectors.EachKind(t, "../config/testdata", []string{"ocr12-ocr2-limits.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){"ocr2LocalConfig": withUnits(checks["ocr2plus"])},
		Elsewhere: map[string]string{
			"ocr2EndpointLimits": "offchain/config/ocr2config", "expirationAgeRounds": "offchain/protocol/ocr2",
		},
	})
}

// config is a local config as the vectors write it.
type config struct {
	Family                                 string
	BlockchainTimeout                      vectors.Ns
	ContractConfigConfirmations            uint16
	SkipContractConfigConfirmations        bool
	ContractConfigTrackerPollInterval      vectors.Ns
	ContractConfigTrackerSubscribeInterval vectors.Ns
	ContractConfigLoadTimeout              vectors.Ns
	ContractTransmitterTransmitTimeout     vectors.Ns
	DatabaseTimeout                        vectors.Ns
	DataSourceTimeout                      vectors.Ns
	DataSourceGracePeriod                  vectors.Ns
	DefaultMaxDurationInitialization       vectors.Ns
	MinOCR2MaxDurationQuery                vectors.Ns
	EnableTransmissionTelemetry            bool
	DevelopmentMode                        string
}

func (c config) ocr1() ocr1types.LocalConfig {
	return ocr1types.LocalConfig{
		BlockchainTimeout:                      c.BlockchainTimeout.D(),
		ContractConfigConfirmations:            c.ContractConfigConfirmations,
		SkipContractConfigConfirmations:        c.SkipContractConfigConfirmations,
		ContractConfigTrackerPollInterval:      c.ContractConfigTrackerPollInterval.D(),
		ContractConfigTrackerSubscribeInterval: c.ContractConfigTrackerSubscribeInterval.D(),
		ContractTransmitterTransmitTimeout:     c.ContractTransmitterTransmitTimeout.D(),
		DatabaseTimeout:                        c.DatabaseTimeout.D(),
		DataSourceTimeout:                      c.DataSourceTimeout.D(),
		DataSourceGracePeriod:                  c.DataSourceGracePeriod.D(),
		DevelopmentMode:                        c.DevelopmentMode,
	}
}

func (c config) local() types.LocalConfig {
	return types.LocalConfig{
		BlockchainTimeout:                  c.BlockchainTimeout.D(),
		ContractConfigConfirmations:        c.ContractConfigConfirmations,
		SkipContractConfigConfirmations:    c.SkipContractConfigConfirmations,
		ContractConfigTrackerPollInterval:  c.ContractConfigTrackerPollInterval.D(),
		ContractConfigLoadTimeout:          c.ContractConfigLoadTimeout.D(),
		ContractTransmitterTransmitTimeout: c.ContractTransmitterTransmitTimeout.D(),
		DatabaseTimeout:                    c.DatabaseTimeout.D(),
		DefaultMaxDurationInitialization:   c.DefaultMaxDurationInitialization.D(),
		MinOCR2MaxDurationQuery:            c.MinOCR2MaxDurationQuery.D(),
		EnableTransmissionTelemetry:        c.EnableTransmissionTelemetry,
		DevelopmentMode:                    c.DevelopmentMode,
	}
}

func violations(err error) int {
	if err == nil {
		return 0
	}
	return len(strings.Split(err.Error(), "\n"))
}

// TestErrorNamesFieldValueAndBounds breaks one rule after the other.
func TestErrorNamesFieldValueAndBounds(t *testing.T) {
	breakEach(t, SanityCheck, types.LocalConfig{
		BlockchainTimeout:                  10 * time.Second,
		ContractConfigConfirmations:        3,
		ContractConfigTrackerPollInterval:  15 * time.Second,
		ContractConfigLoadTimeout:          30 * time.Second,
		ContractTransmitterTransmitTimeout: 10 * time.Second,
		DatabaseTimeout:                    2 * time.Second,
		DefaultMaxDurationInitialization:   30 * time.Second,
	}, map[string]string{
		"BlockchainTimeout":                  "2h0m0s, must be between 1s and 20s",
		"ContractConfigConfirmations":        "101, must be between 1 and 100",
		"ContractConfigTrackerPollInterval":  "2h0m0s, must be between 1s and 2m0s",
		"ContractConfigLoadTimeout":          "2h0m0s, must be between 1s and 1h0m0s",
		"ContractTransmitterTransmitTimeout": "2h0m0s, must be between 1s and 1m0s",
		"DatabaseTimeout":                    "2h0m0s, must be between 100ms and 10s",
		"DefaultMaxDurationInitialization":   "2h0m0s, must be between 1s and 1h0m0s",
	})
	breakEach(t, SanityCheckOCR1, ocr1types.LocalConfig{
		BlockchainTimeout:                      10 * time.Second,
		ContractConfigConfirmations:            3,
		ContractConfigTrackerPollInterval:      15 * time.Second,
		ContractConfigTrackerSubscribeInterval: 2 * time.Minute,
		ContractTransmitterTransmitTimeout:     10 * time.Second,
		DatabaseTimeout:                        2 * time.Second,
		DataSourceTimeout:                      10 * time.Second,
		DataSourceGracePeriod:                  1 * time.Second,
	}, map[string]string{
		"BlockchainTimeout":                      "2h0m0s, must be between 1s and 20s",
		"ContractConfigConfirmations":            "101, must be between 1 and 100",
		"ContractConfigTrackerPollInterval":      "2h0m0s, must be between 15s and 2m0s",
		"ContractConfigTrackerSubscribeInterval": "2h0m0s, must be between 1m0s and 5m0s",
		"ContractTransmitterTransmitTimeout":     "2h0m0s, must be between 1s and 1m0s",
		"DatabaseTimeout":                        "2h0m0s, must be between 100ms and 10s",
		"DataSourceTimeout":                      "2h0m0s, must be between 1s and 20s",
	})
	err := SanityCheckOCR1(ocr1types.LocalConfig{DataSourceGracePeriod: 1500 * time.Millisecond, DataSourceTimeout: 1200 * time.Millisecond})
	if want := "DataSourceGracePeriod is 1.5s, must be at most DataSourceTimeout, which is 1.2s"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want it to say that %s", err, want)
	}
}

// breakEach sets one field after the other of a config that is good (the durations to two hours, the number to 101), and expects that
// the error says what is wrong, and that development mode makes it go away.
func breakEach[C any](t *testing.T, check func(C) error, good C, wants map[string]string) {
	t.Helper()
	if err := check(good); err != nil {
		t.Fatal(err)
	}
	for field, want := range wants {
		bad := good
		fields := reflect.ValueOf(&bad).Elem()
		switch v := fields.FieldByName(field); v.Kind() {
		case reflect.Uint16:
			v.SetUint(101)
		default:
			v.SetInt(int64(2 * time.Hour))
		}
		err := check(bad)
		if err == nil || violations(err) != 1 || !strings.Contains(err.Error(), field+" is "+want) {
			t.Errorf("%s: got %v", field, err)
		}
		mode := fields.FieldByName("DevelopmentMode")
		mode.SetString(types.EnableDangerousDevelopmentMode)
		if err := check(bad); err != nil {
			t.Errorf("%s in development mode: %v", field, err)
		}
		mode.SetString(strings.ToUpper(types.EnableDangerousDevelopmentMode))
		if check(bad) == nil {
			t.Errorf("%s: development mode was turned on by %q", field, mode.String())
		}
	}
}
