package ocr3

import (
	"encoding/json"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

func TestStatusIsReadable(t *testing.T) {
	for _, ts := range []ocr3wire.HighestCertifiedTimestamp{{}, {SeqNr: 7, CommittedElsePrepared: true, Epoch: 3}, {SeqNr: 1<<64 - 1, Epoch: 1<<64 - 1}} {
		text, err := json.Marshal(Status{HighestCertified: Certified{ts}})
		if err != nil {
			t.Fatal(err)
		}
		var read Status
		if err := json.Unmarshal(text, &read); err != nil || read.HighestCertified.HighestCertifiedTimestamp != ts {
			t.Errorf("%s is read as %s, %v", text, read.HighestCertified, err)
		}
	}
	for _, bad := range []string{"", "7", "7/commit", "7/commit/3/", "7/commit/3 ", "+7/commit/3", "07/commit/3", "7/COMMIT/3", "/commit/3", "7/prepare/-1", "7/prepare/18446744073709551616"} {
		read := Certified{ocr3wire.HighestCertifiedTimestamp{SeqNr: 9}}
		if err := read.UnmarshalText([]byte(bad)); err == nil || read.SeqNr != 9 {
			t.Errorf("%q is read as %s, %v", bad, read, err)
		}
	}
}
