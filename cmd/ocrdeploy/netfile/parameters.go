package netfile

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ocrkit/ocrkit/offchain/plugins/median"
)

// Field is one value of a network file, by its place there, as text.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// parameter is one entry of the config section. What is said here once serves for reading files, for taking configs apart and for
// comparing them.
type parameter struct {
	name string
	read func(m *mapping, name string, c *Config)
	// fields shows it; empty where it is not there.
	fields func(c *Config) []Field
	isSet  func(c *Config) bool
}

// duration is a parameter that must be there.
func duration(name string, at func(c *Config) *time.Duration) parameter {
	return parameter{
		name:   name,
		read:   func(m *mapping, name string, c *Config) { *at(c), _ = m.duration(name, true) },
		fields: func(c *Config) []Field { return []Field{{"config." + name, at(c).String()}} },
		isSet:  func(c *Config) bool { return *at(c) != 0 },
	}
}

// roundsAnEpoch is rMax, with the most that a protocol can have.
func roundsAnEpoch(most uint64) parameter {
	return parameter{
		name:   "rMax",
		read:   func(m *mapping, name string, c *Config) { c.RMax = m.number(name, true, most) },
		fields: func(c *Config) []Field { return []Field{{"config.rMax", fmt.Sprint(c.RMax)}} },
		isSet:  func(c *Config) bool { return c.RMax != 0 },
	}
}

// The parameters of all protocols.
var (
	deltaProgress              = duration("deltaProgress", func(c *Config) *time.Duration { return &c.DeltaProgress })
	deltaResend                = duration("deltaResend", func(c *Config) *time.Duration { return &c.DeltaResend })
	deltaRound                 = duration("deltaRound", func(c *Config) *time.Duration { return &c.DeltaRound })
	deltaGrace                 = duration("deltaGrace", func(c *Config) *time.Duration { return &c.DeltaGrace })
	deltaStage                 = duration("deltaStage", func(c *Config) *time.Duration { return &c.DeltaStage })
	maxDurationQuery           = duration("maxDurationQuery", func(c *Config) *time.Duration { return &c.MaxDurationQuery })
	maxDurationObservation     = duration("maxDurationObservation", func(c *Config) *time.Duration { return &c.MaxDurationObservation })
	maxDurationReport          = duration("maxDurationReport", func(c *Config) *time.Duration { return &c.MaxDurationReport })
	maxDurationShouldAcceptFin = duration("maxDurationShouldAcceptFinalizedReport", func(c *Config) *time.Duration { return &c.MaxDurationShouldAcceptFinalizedReport })
	maxDurationShouldTransmit  = duration("maxDurationShouldTransmitAcceptedReport", func(c *Config) *time.Duration { return &c.MaxDurationShouldTransmitAcceptedReport })
	schedule                   = parameter{
		name:   "s",
		read:   func(m *mapping, name string, c *Config) { c.S = m.schedule(name) },
		fields: func(c *Config) []Field { return []Field{{"config.s", scheduleText(c.S)}} },
		isSet:  func(c *Config) bool { return len(c.S) > 0 },
	}
	maxDurationInitialization = parameter{
		name: "maxDurationInitialization",
		read: func(m *mapping, name string, c *Config) {
			if d, ok := m.duration(name, false); ok {
				c.MaxDurationInitialization = &d
			}
		},
		fields: func(c *Config) []Field {
			if c.MaxDurationInitialization == nil {
				return nil
			}
			return []Field{{"config.maxDurationInitialization", c.MaxDurationInitialization.String()}}
		},
		isSet: func(c *Config) bool { return c.MaxDurationInitialization != nil },
	}
	plugin = parameter{
		name: "plugin",
		read: func(m *mapping, name string, c *Config) {
			m.section(name, true, func(m *mapping) {
				isMedian := m.section("median", false, func(m *mapping) { c.Plugin.Median = readMedian(m) })
				c.Plugin.Raw = m.bytes("raw", !isMedian)
			})
		},
		fields: func(c *Config) []Field { return c.Plugin.Fields() },
		isSet:  func(c *Config) bool { return c.Plugin.Median != nil || len(c.Plugin.Raw) > 0 },
	}
)

// allParameters returns those of all protocols, by name.
func allParameters() []parameter {
	byName := make(map[string]parameter)
	for _, list := range parameters {
		for _, p := range list {
			byName[p.name] = p
		}
	}
	var all []parameter
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		all = append(all, byName[name])
	}
	return all
}

// Fields takes the config of a protocol apart, f left out.
func (c *Config) Fields(protocol Protocol) []Field {
	var fields []Field
	for _, p := range parameters[protocol] {
		fields = append(fields, p.fields(c)...)
	}
	return fields
}

// Fields shows a median plugin's config as such, and any other in hexadecimal.
func (p Plugin) Fields() []Field {
	c := p.Median
	if c == nil {
		return []Field{{"config.plugin.raw", fmt.Sprintf("0x%x", p.Raw)}}
	}
	return []Field{
		{"config.plugin.median.alphaReport", alphaText(c.AlphaReportInfinite, c.AlphaReportPPB)},
		{"config.plugin.median.alphaAccept", alphaText(c.AlphaAcceptInfinite, c.AlphaAcceptPPB)},
		{"config.plugin.median.deltaC", c.DeltaC.String()},
	}
}

// PluginOf finds out what a plugin's config is. Protobuf would read almost anything as one of the median plugin; what does not encode to
// the same bytes again is not one.
func PluginOf(b []byte) Plugin {
	c, err := median.DecodeOffchainConfig(b)
	if err != nil || string(c.Encode()) != string(b) {
		return Plugin{Raw: b}
	}
	return Plugin{Median: &c}
}

func alphaText(infinite bool, ppb uint64) string {
	if infinite {
		return "infinite"
	}
	return fmt.Sprintf("%d ppb", ppb)
}

func scheduleText(s []int) string {
	// Zero stages and many stages are both possible in what somebody else wrote.
	text := fmt.Sprint(s)
	if len(text) > 200 {
		return fmt.Sprintf("%s... (%d stages)", text[:200], len(s))
	}
	return text
}
