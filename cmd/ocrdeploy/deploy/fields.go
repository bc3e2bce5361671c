package deploy

import (
	"bytes"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr2config"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
)

// Field is one value of a config, named by its place in the network file, as text.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// FieldsOf takes a config apart into readable values. It never fails: what does not decode is shown in hexadecimal.
func FieldsOf(call *ocr2.SetConfigCall) []Field {
	var fields []Field
	add := func(name, value string) { fields = append(fields, Field{name, value}) }
	add("config.f", fmt.Sprint(call.F))
	var onchain ocr2.MedianOnchainConfig
	if err := ocr2.DecodeMedianOnchainConfig(call.OnchainConfig, &onchain); err == nil {
		add("contract.minAnswer", onchain.MinAnswer.String())
		add("contract.maxAnswer", onchain.MaxAnswer.String())
	} else {
		add("onchainConfig", hexText(call.OnchainConfig))
	}
	add("offchainConfigVersion", fmt.Sprint(call.OffchainConfigVersion))
	var parsed ocr2config.Parsed
	err := fmt.Errorf("version %d", call.OffchainConfigVersion)
	if call.OffchainConfigVersion == config.OCR2Version {
		parsed, err = ocr2config.Parse(call.OffchainConfig)
	}
	if err != nil {
		add("offchainConfig", hexText(call.OffchainConfig))
	} else {
		fields = append(fields, offchainFields(&parsed)...)
	}
	for i := range max(len(call.Signers), len(call.Transmitters), len(parsed.OffchainPublicKeys), len(parsed.PeerIDs)) {
		oracle := func(name, value string) { add(fmt.Sprintf("oracles[%d].%s", i, name), value) }
		if i < len(call.Signers) {
			oracle("onchainAddress", call.Signers[i].Hex())
		}
		if i < len(call.Transmitters) {
			oracle("transmitAccount", call.Transmitters[i].Hex())
		}
		if i < len(parsed.OffchainPublicKeys) {
			oracle("offchainPublicKey", hexText(parsed.OffchainPublicKeys[i][:]))
		}
		if i < len(parsed.PeerIDs) {
			oracle("peerID", parsed.PeerIDs[i])
		}
	}
	return fields
}

func offchainFields(parsed *ocr2config.Parsed) []Field {
	c := parsed.Config
	fields := []Field{
		{"config.deltaProgress", c.DeltaProgress.String()},
		{"config.deltaResend", c.DeltaResend.String()},
		{"config.deltaRound", c.DeltaRound.String()},
		{"config.deltaGrace", c.DeltaGrace.String()},
		{"config.deltaStage", c.DeltaStage.String()},
		{"config.rMax", fmt.Sprint(c.RMax)},
		{"config.s", scheduleText(c.S)},
	}
	if c.MaxDurationInitialization != nil {
		fields = append(fields, Field{"config.maxDurationInitialization", c.MaxDurationInitialization.String()})
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"maxDurationQuery", c.MaxDurationQuery},
		{"maxDurationObservation", c.MaxDurationObservation},
		{"maxDurationReport", c.MaxDurationReport},
		{"maxDurationShouldAcceptFinalizedReport", c.MaxDurationShouldAcceptFinalizedReport},
		{"maxDurationShouldTransmitAcceptedReport", c.MaxDurationShouldTransmitAcceptedReport},
	} {
		fields = append(fields, Field{"config." + d.name, d.value.String()})
	}
	return append(fields, pluginFields(c.ReportingPluginConfig)...)
}

// pluginFields shows a median plugin's config as such, and any other in hexadecimal. Protobuf would read almost anything; what
// does not encode to the same bytes again is not one.
func pluginFields(b []byte) []Field {
	c, err := median.DecodeOffchainConfig(b)
	if err != nil || !bytes.Equal(c.Encode(), b) {
		return []Field{{"config.plugin.raw", hexText(b)}}
	}
	alpha := func(infinite bool, ppb uint64) string {
		if infinite {
			return "infinite"
		}
		return fmt.Sprintf("%d ppb", ppb)
	}
	return []Field{
		{"config.plugin.median.alphaReport", alpha(c.AlphaReportInfinite, c.AlphaReportPPB)},
		{"config.plugin.median.alphaAccept", alpha(c.AlphaAcceptInfinite, c.AlphaAcceptPPB)},
		{"config.plugin.median.deltaC", c.DeltaC.String()},
	}
}

func scheduleText(s []int) string {
	// Zero stages and many stages are both possible in what somebody else wrote.
	text := fmt.Sprint(s)
	if len(text) > 200 {
		return fmt.Sprintf("%s... (%d stages)", text[:200], len(s))
	}
	return text
}

func hexText(b []byte) string { return fmt.Sprintf("0x%x", b) }

func addressText(a common.Address) string {
	if a == (common.Address{}) {
		return "none"
	}
	return a.Hex()
}

// Change is a field of the network file that differs from what is on chain.
type Change struct {
	Field string `json:"field"`
	Old   string `json:"old"` // on chain; empty: nothing
	New   string `json:"new"` // in the network file; empty: nothing
	// Blocked says why ocrdeploy cannot make the change and what to do; empty where it can.
	Blocked string `json:"blocked,omitempty"`
}

// diff compares fields by name, in the order of the new ones, then of those that are gone.
func diff(oldFields, newFields []Field) []Change {
	olds := make(map[string]string, len(oldFields))
	for _, f := range oldFields {
		olds[f.Name] = f.Value
	}
	var changes []Change
	seen := make(map[string]bool, len(newFields))
	for _, f := range newFields {
		seen[f.Name] = true
		if old, ok := olds[f.Name]; !ok || old != f.Value {
			changes = append(changes, Change{Field: f.Name, Old: old, New: f.Value})
		}
	}
	for _, f := range oldFields {
		if !seen[f.Name] {
			changes = append(changes, Change{Field: f.Name, Old: f.Value})
		}
	}
	return changes
}
