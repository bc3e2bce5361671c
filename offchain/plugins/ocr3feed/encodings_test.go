package ocr3feed_test

import (
	"encoding/hex"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/plugins/ocr3feed"
)

// TestEncodings pins the bytes that oracles exchange and sign: oracles of different releases must agree on them.
func TestEncodings(t *testing.T) {
	const (
		time1, time2 = "6553f100", "6553f0ff" // 1,700,000,000 and a second before
		minusTwo     = "fffffffffffffffffffffffffffffffffffffffffffffffe"
		thousand     = "0000000000000000000000000000000000000000000003e8"
		nothing      = "00000000" + "000000000000000000000000000000000000000000000000"
		leading      = "00000000000000000000000000000000000000000000000000000000" // of a uint32 in a word
		sign         = "ffffffffffffffff"                                         // of an int192 in a word
	)
	now, before := price(1_700_000_000, -2), price(1_699_999_999, 1000)
	observation := observations(t, now)[0].Observation
	report, err := ocr3feed.EncodeReport(now)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		got  []byte
		want string
	}{
		"observation":           {observation, time1 + minusTwo},
		"first, not reported":   {encoded(t, ocr3feed.Outcome{Median: now}), "00" + time1 + minusTwo + nothing},
		"first, reported":       {encoded(t, ocr3feed.Outcome{Median: now, Report: true}), "02" + time1 + minusTwo + nothing},
		"another, not reported": {encoded(t, ocr3feed.Outcome{Median: now, Before: &before}), "01" + time1 + minusTwo + time2 + thousand},
		"another, reported":     {encoded(t, ocr3feed.Outcome{Median: now, Report: true, Before: &before}), "03" + time1 + minusTwo + time2 + thousand},
		"report":                {report, leading + time1 + sign + minusTwo},
	} {
		if got := hex.EncodeToString(test.got); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
