package ocr31config_test

import (
	"testing"

	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr31config"
	"github.com/ocrkit/ocrkit/offchain/ocr31types"
	"github.com/ocrkit/ocrkit/test/vectors"
)

func TestAPILimitsVectors(t *testing.T) {
	vectors.EachKind(t, "../testdata", []string{"api-limits.json"}, vectors.Kinds{
		Of: vectors.LimitsKind,
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"ocr3_1 plugin": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Protocol string
					Limits   ocr31types.ReportingPluginLimits
				}](t, c.Input)
				want := vectors.DecodeStrict[struct {
					Accept     bool
					Violations int
				}](t, c.Output)
				err := ocr31config.CheckPluginLimits(in.Limits)
				if (err == nil) != want.Accept || len(config.Violations(err)) != want.Violations {
					t.Errorf("got %v, want %+v", err, want)
				}
			},
		},
		Elsewhere: map[string]string{
			"ocr2 endpoint": "offchain/config/ocr2config", "ocr2 plugin": "offchain/config/ocr2config",
			"ocr3 endpoint": "offchain/p2p/limits", "ocr3_1 endpoint": "offchain/p2p/limits",
			"ocr3 plugin": "offchain/config/ocr3config", "mercury plugin": "offchain/mercury",
		},
	})
}
