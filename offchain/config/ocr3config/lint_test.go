package ocr3config

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// soundConfig is a config that nobody objects to.
func soundConfig() PublicConfig {
	c := PublicConfig{
		DeltaProgress: 5 * time.Second, DeltaResend: time.Second, DeltaInitial: 500 * time.Millisecond, DeltaRound: time.Second,
		DeltaGrace: 100 * time.Millisecond, DeltaCertifiedCommitRequest: time.Second, DeltaStage: 5 * time.Second, RMax: 100, S: []int{1, 1, 1, 1},
		MaxDurationQuery: 50 * time.Millisecond, MaxDurationObservation: time.Second,
		MaxDurationShouldAcceptAttestedReport: 50 * time.Millisecond, MaxDurationShouldTransmitAcceptedReport: 50 * time.Millisecond,
		F: 1,
	}
	for i := range byte(4) {
		c.OracleIdentities = append(c.OracleIdentities, config.OracleIdentity{
			OffchainPublicKey: types.OffchainPublicKey{i + 1}, OnchainPublicKey: types.OnchainPublicKey{i + 1}, PeerID: peerid.PeerID{i + 1}.String(),
			TransmitAccount: types.Account(rune('a' + i)),
		})
	}
	return c
}

func TestLint(t *testing.T) {
	const e, w = config.SeverityError, config.SeverityWarning
	type finding struct {
		severity config.Severity
		field    string
	}
	negative := -time.Second
	for name, test := range map[string]struct {
		change func(*PublicConfig)
		want   []finding
	}{
		"nothing":             {func(*PublicConfig) {}, nil},
		"rule of the oracles": {func(c *PublicConfig) { c.DeltaCertifiedCommitRequest = 1 }, []finding{{e, "DeltaCertifiedCommitRequest"}}},
		"peer id":             {func(c *PublicConfig) { c.OracleIdentities[1].PeerID = "x" }, []finding{{e, "OracleIdentities[1].PeerID"}}},
		"negative init":       {func(c *PublicConfig) { c.MaxDurationInitialization = &negative }, []finding{{e, "MaxDurationInitialization"}}},
		"nobody transmits":    {func(c *PublicConfig) { c.S = []int{0, 0} }, []finding{{e, "S"}}},
		"not everybody does":  {func(c *PublicConfig) { c.S = []int{1, 2} }, []finding{{w, "S"}}},
		"f is 0":              {func(c *PublicConfig) { c.F = 0 }, []finding{{w, "F"}, {w, "F"}}},
		"no time to observe":  {func(c *PublicConfig) { c.MaxDurationObservation = 0 }, []finding{{e, "MaxDurationObservation"}}},
		"no time to accept":   {func(c *PublicConfig) { c.MaxDurationShouldAcceptAttestedReport = 0 }, []finding{{e, "MaxDurationShouldAcceptAttestedReport"}}},
		"no time to query":    {func(c *PublicConfig) { c.MaxDurationQuery = 0 }, []finding{{w, "MaxDurationQuery"}}},
		"no pause":            {func(c *PublicConfig) { c.DeltaRound, c.DeltaGrace = 0, 0 }, []finding{{e, "DeltaRound"}}},
		"stages at once":      {func(c *PublicConfig) { c.DeltaStage = 0 }, []finding{{w, "DeltaStage"}}},
		"long grace":          {func(c *PublicConfig) { c.DeltaGrace = c.DeltaRound }, []finding{{w, "DeltaGrace"}}},
		"late epochs":         {func(c *PublicConfig) { c.DeltaInitial = c.DeltaProgress }, []finding{{w, "DeltaInitial"}}},
		"slow plugin": {func(c *PublicConfig) { c.MaxDurationObservation = c.DeltaProgress - c.MaxDurationQuery },
			[]finding{{w, "MaxDurationQuery + MaxDurationObservation"}}},
		"wrapping sum": {func(c *PublicConfig) { c.MaxDurationQuery, c.MaxDurationObservation = math.MaxInt64, math.MaxInt64 },
			[]finding{{w, "MaxDurationQuery + MaxDurationObservation"}}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := soundConfig()
			test.change(&cfg)
			var got []finding
			for _, f := range Lint(cfg) {
				got = append(got, finding{f.Severity, f.Field})
				if f.Message == "" {
					t.Errorf("%s has no message", f)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
	if len(Lint(PublicConfig{})) == 0 {
		t.Error("the empty config is fine")
	}
}
