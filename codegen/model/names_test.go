package model

import (
	"testing"

	"github.com/ocrkit/ocrkit/codegen/artifact"
)

func TestNames(t *testing.T) {
	for _, c := range []struct{ solidity, exported, parameter string }{
		{"observationsTimestamp", "ObservationsTimestamp", "observationsTimestamp"},
		{"f", "F", "f"},
		{"_value", "Value", "value"},
		{"type", "Type", "type_"},
		{"data", "Data", "data_"},
		{"URL", "URL", "url"},
		{"URLText", "URLText", "urlText"},
		{"max_answer", "MaxAnswer", "maxAnswer"},
	} {
		if got := exported(c.solidity); got != c.exported {
			t.Errorf("exported %s: %s, not %s", c.solidity, got, c.exported)
		}
		if got := parameter(c.solidity); got != c.parameter {
			t.Errorf("parameter %s: %s, not %s", c.solidity, got, c.parameter)
		}
	}
	for reason, want := range map[string]string{
		"stale report":                     "ErrStaleReport",
		"transmitters.size != payees.size": "ErrTransmittersSizeNotPayeesSize",
		"Only owner&billingAdmin can call": "ErrOnlyOwnerAndBillingAdminCanCall",
		"f too high: 3f >= n":              "ErrFTooHigh3fN",
		"größer":                           "ErrGrEr",
	} {
		if got := sentinel(reason); got != want {
			t.Errorf("%q is %s, not %s", reason, got, want)
		}
	}
}

func TestNatspec(t *testing.T) {
	n := parseNatspec(&artifact.Documentation{Text: `@notice Takes a report
 of many lines.
 @dev Not so easy.
 @param report what was
 observed
 @param other
 @return nothing
 at all
 @custom:security nobody
 @custom:ocr-call Take It
 @custom:ocr-transmit`})
	if n.text() != "Takes a report of many lines." || n.dev != "Not so easy." {
		t.Errorf("notice %q, dev %q", n.notice, n.dev)
	}
	if n.param("report") != "what was observed" || n.param("other") != "" || n.param("missing") != "" {
		t.Errorf("params %q, %q", n.param("report"), n.param("other"))
	}
	if len(n.tags) != 2 || n.tags[0].name != tagCall || len(n.tags[0].args) != 2 || n.tags[0].line != 9 || n.tags[1].name != tagTransmit {
		t.Errorf("tags %+v", n.tags)
	}
	if empty := parseNatspec(nil); empty.text() != "" || len(empty.tags) != 0 {
		t.Errorf("nothing is %+v", empty)
	}
	if plain := parseNatspec(&artifact.Documentation{Text: "Just text."}); plain.text() != "Just text." {
		t.Errorf("text without a tag is %q", plain.text())
	}
}

func TestElementaryTypes(t *testing.T) {
	for _, name := range []string{"bool", "address", "bytes", "string", "uint8", "uint256", "int24", "bytes1", "bytes32"} {
		if got := parseElementary(name); got == nil || got.Solidity() != name {
			t.Errorf("%s is %+v", name, got)
		}
	}
	if got := parseElementary("uint").Solidity(); got != "uint256" {
		t.Errorf("uint is %s", got)
	}
	for _, name := range []string{"", "uint7", "uint0", "uint264", "int-8", "bytes0", "bytes33", "bytesX", "fixed", "Uint8", "uint8[]"} {
		if got := parseElementary(name); got != nil {
			t.Errorf("%s is %+v", name, got)
		}
	}
}
