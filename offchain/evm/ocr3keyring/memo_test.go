package ocr3keyring

import (
	"errors"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/types"
)

// TestMemo: the hash is that of the arguments, whatever came before and whatever becomes of the report's bytes.
func TestMemo(t *testing.T) {
	var m memo
	computed := 0
	fails := errors.New("fails")
	hash := func(d types.ConfigDigest, seqNr uint64, r types.Report) ([32]byte, error) {
		computed++
		if len(r) == 0 {
			return [32]byte{}, fails
		}
		return ReportHash(d, seqNr, r), nil
	}
	report, large := types.Report("report"), make(types.Report, maxRemembered+1)
	for i, step := range []struct {
		digest   byte
		seqNr    uint64
		report   types.Report
		computes bool
	}{
		{1, 7, report, true}, {1, 7, report, false}, {1, 7, types.Report("report"), false},
		{2, 7, report, true}, {2, 8, report, true}, {2, 8, types.Report("repor"), true}, {2, 8, report, true}, {2, 8, nil, true},
		{2, 8, report, false}, {2, 8, large, true}, {2, 8, large, true}, {2, 8, report, false},
	} {
		computed = 0
		got, err := m.of(types.ConfigDigest{step.digest}, step.seqNr, step.report, hash)
		if len(step.report) == 0 {
			if err != fails {
				t.Errorf("step %d: error %v", i, err)
			}
		} else if want := ReportHash(types.ConfigDigest{step.digest}, step.seqNr, step.report); err != nil || got != want {
			t.Errorf("step %d: %x, %v, want %x", i, got, err, want)
		}
		if (computed > 0) != step.computes {
			t.Errorf("step %d: computed %d times", i, computed)
		}
	}
	report[0]++
	if got, _ := m.of(types.ConfigDigest{2}, 8, report, hash); got != ReportHash(types.ConfigDigest{2}, 8, report) {
		t.Error("the hash of a report that was changed is that of what it was")
	}
}
