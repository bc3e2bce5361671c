package ocr3feed_test

import (
	"bytes"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/plugins/ocr3feed"
)

// What is accepted is what the encoder writes: one encoding for one meaning.

func FuzzDecodeObservation(f *testing.F) {
	for _, seqNr := range []uint64{0, 1, 1 << 63, ocr3feed.Unread} {
		f.Add([]byte(observations(f, ocr3feed.Observation{Price: price(now, -1), OnChain: seqNr})[0].Observation))
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ocr3feed.DecodeObservation(b)
		if (err == nil) != (len(b) == ocr3feed.ObservationSize) {
			t.Fatalf("%d bytes: %v", len(b), err)
		}
		if err != nil {
			return
		}
		if again, err := ocr3feed.EncodeObservation(p); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x was decoded as %+v and encoded as %x, %v", b, p, again, err)
		}
	})
}

func FuzzDecodeOutcome(f *testing.F) {
	before := price(now-1, 1<<40)
	for _, o := range []ocr3feed.Outcome{{Median: price(now, -1)}, {Median: price(now, 7), Report: true, LastSeqNr: 1}, {Median: price(now, 7), Report: true, Before: &before, LastSeqNr: 9}, {Median: price(now, 7), Before: &before, LastSeqNr: ocr3feed.Unread}} {
		f.Add([]byte(encoded(f, o)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := ocr3feed.DecodeOutcome(b)
		if err != nil {
			if _, err := newPlugin(t, setting{}).Reports(t.Context(), 1, b); err == nil {
				t.Fatalf("%x is no outcome, but has reports", b)
			}
			return
		}
		if again, err := o.Encode(); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x was decoded as %+v and encoded as %x, %v", b, o, again, err)
		}
		next, err := newPlugin(t, setting{}).Outcome(t.Context(), ocr3types.OutcomeContext{SeqNr: 2, PreviousOutcome: b}, nil, observations(t, ocr3feed.Observation{Price: price(1, 1)}, ocr3feed.Observation{Price: price(1, 1)}, ocr3feed.Observation{Price: price(1, 1)}))
		if err != nil || len(next) != ocr3feed.OutcomeSize {
			t.Fatalf("the outcome after %x is %x, %v", b, next, err)
		}
		after, err := ocr3feed.DecodeOutcome(next)
		if err != nil || !equal(after.Before, o.Reported()) || after.LastSeqNr != 2 && (after.Report || after.LastSeqNr != o.LastSeqNr) {
			t.Fatalf("the outcome after %+v is %+v, %v", o, after, err)
		}
	})
}

func FuzzDecodeReport(f *testing.F) {
	report, err := ocr3feed.EncodeReport(price(now, -1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(report))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ocr3feed.DecodeReport(b)
		if err != nil {
			return
		}
		if again, err := ocr3feed.EncodeReport(p); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x was decoded as %+v and encoded as %x, %v", b, p, again, err)
		}
	})
}
