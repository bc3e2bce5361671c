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
		seqNr        = "0102030405060708"
		none         = "0000000000000000"
		leading      = "00000000000000000000000000000000000000000000000000000000" // of a uint32 in a word
		sign         = "ffffffffffffffff"                                         // of an int192 in a word
	)
	now, before := price(1_700_000_000, -2), price(1_699_999_999, 1000)
	report, err := ocr3feed.EncodeReport(now)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		got  []byte
		want string
	}{
		"observation":           {observations(t, ocr3feed.Observation{Price: now, OnChain: 0x0102030405060708})[0].Observation, time1 + minusTwo + seqNr},
		"nothing on chain":      {observations(t, ocr3feed.Observation{Price: now})[0].Observation, time1 + minusTwo + none},
		"contract not read":     {observations(t, ocr3feed.Observation{Price: now, OnChain: ocr3feed.Unread})[0].Observation, time1 + minusTwo + "ffffffffffffffff"},
		"first, not reported":   {encoded(t, ocr3feed.Outcome{Median: now}), "00" + time1 + minusTwo + nothing + none},
		"first, reported":       {encoded(t, ocr3feed.Outcome{Median: now, Report: true, LastSeqNr: 0x0102030405060708}), "02" + time1 + minusTwo + nothing + seqNr},
		"another, not reported": {encoded(t, ocr3feed.Outcome{Median: now, Before: &before, LastSeqNr: 0x0102030405060708}), "01" + time1 + minusTwo + time2 + thousand + seqNr},
		"another, reported":     {encoded(t, ocr3feed.Outcome{Median: now, Report: true, Before: &before, LastSeqNr: 0x0102030405060708}), "03" + time1 + minusTwo + time2 + thousand + seqNr},
		"report":                {report, leading + time1 + sign + minusTwo},
	} {
		if got := hex.EncodeToString(test.got); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
