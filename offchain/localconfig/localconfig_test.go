package localconfig

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/vectors"
)

func TestVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"config-local.json"}, vectors.Kinds{
		Of: func(_ vectors.File, c vectors.Case) string {
			version, _, _ := strings.Cut(c.Name, " ")
			return c.Kind() + " " + version
		},
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"localConfig ocr2plus": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind, Version string
					Config        config
				}](t, c.Input)
				out := vectors.DecodeStrict[struct {
					Accepted bool
					Reason   string
				}](t, c.Output)
				err := SanityCheck(in.Config.local())
				if (err == nil) != out.Accepted {
					t.Errorf("got %v, want accepted: %v (%s)", err, out.Accepted, out.Reason)
				}
				if field, _, _ := strings.Cut(out.Reason, " "); err != nil && !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(field)) {
					t.Errorf("error %q does not name %s", err, field)
				}
			},
		},
		Elsewhere: map[string]string{"localConfig ocr1": "not built yet (OCR1)"},
	})
	vectors.EachKind(t, "testdata", []string{"api-localconfig.json"}, vectors.Kinds{
		Of: func(_ vectors.File, c vectors.Case) string { return vectors.Decode[config](t, c.Input).Family },
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"ocr2plus": func(t *testing.T, _ vectors.File, c vectors.Case) {
				out := vectors.DecodeStrict[struct {
					Accept     bool
					Violations int
				}](t, c.Output)
				err := SanityCheck(vectors.DecodeStrict[config](t, c.Input).local())
				if (err == nil) != out.Accept || violations(err) != out.Violations {
					t.Errorf("got %d violations, want %d: %v", violations(err), out.Violations, err)
				}
			},
		},
		Elsewhere: map[string]string{"ocr1": "not built yet (OCR1)"},
	})
}

// config is a local config as the vectors write it.
type config struct {
	Family                             string
	BlockchainTimeout                  vectors.Ns
	ContractConfigConfirmations        uint16
	SkipContractConfigConfirmations    bool
	ContractConfigTrackerPollInterval  vectors.Ns
	ContractConfigLoadTimeout          vectors.Ns
	ContractTransmitterTransmitTimeout vectors.Ns
	DatabaseTimeout                    vectors.Ns
	DefaultMaxDurationInitialization   vectors.Ns
	MinOCR2MaxDurationQuery            vectors.Ns
	EnableTransmissionTelemetry        bool
	DevelopmentMode                    string
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
	good := types.LocalConfig{
		BlockchainTimeout:                  10 * time.Second,
		ContractConfigConfirmations:        3,
		ContractConfigTrackerPollInterval:  15 * time.Second,
		ContractConfigLoadTimeout:          30 * time.Second,
		ContractTransmitterTransmitTimeout: 10 * time.Second,
		DatabaseTimeout:                    2 * time.Second,
		DefaultMaxDurationInitialization:   30 * time.Second,
	}
	if err := SanityCheck(good); err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]string{
		"BlockchainTimeout":                  "2h0m0s, must be between 1s and 20s",
		"ContractConfigConfirmations":        "101, must be between 1 and 100",
		"ContractConfigTrackerPollInterval":  "2h0m0s, must be between 1s and 2m0s",
		"ContractConfigLoadTimeout":          "2h0m0s, must be between 1s and 1h0m0s",
		"ContractTransmitterTransmitTimeout": "2h0m0s, must be between 1s and 1m0s",
		"DatabaseTimeout":                    "2h0m0s, must be between 100ms and 10s",
		"DefaultMaxDurationInitialization":   "2h0m0s, must be between 1s and 1h0m0s",
	} {
		bad := good
		switch v := reflect.ValueOf(&bad).Elem().FieldByName(field); v.Kind() {
		case reflect.Uint16:
			v.SetUint(101)
		default:
			v.SetInt(int64(2 * time.Hour))
		}
		err := SanityCheck(bad)
		if err == nil || violations(err) != 1 || !strings.Contains(err.Error(), field+" is "+want) {
			t.Errorf("%s: got %v", field, err)
		}
		bad.DevelopmentMode = types.EnableDangerousDevelopmentMode
		if err := SanityCheck(bad); err != nil {
			t.Errorf("%s in development mode: %v", field, err)
		}
		bad.DevelopmentMode = strings.ToUpper(types.EnableDangerousDevelopmentMode)
		if SanityCheck(bad) == nil {
			t.Errorf("%s: development mode was turned on by %q", field, bad.DevelopmentMode)
		}
	}
}
