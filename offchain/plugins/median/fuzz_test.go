package median_test

import (
	"bytes"
	"math/big"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/types"
)

func FuzzDecodeValue(f *testing.F) {
	f.Add(make([]byte, 24))
	f.Add(bytes.Repeat([]byte{0xff}, 24))
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, b []byte) {
		i, err := median.DecodeValue(b)
		if (err == nil) != (len(b) == 24) {
			t.Fatalf("%d bytes: %v", len(b), err)
		}
		if err != nil {
			return
		}
		if again, err := median.EncodeValue(i); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x was decoded as %d and encoded as %x, %v", b, i, again, err)
		}
	})
}

func FuzzDecodeOffchainConfig(f *testing.F) {
	f.Add(median.OffchainConfig{AlphaReportInfinite: true, AlphaAcceptPPB: 7, DeltaC: 9}.Encode())
	f.Add([]byte{0x28, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := median.DecodeOffchainConfig(b)
		if err != nil {
			return
		}
		if c.DeltaC < 0 {
			t.Fatalf("negative DeltaC in %+v", c)
		}
		if again, err := median.DecodeOffchainConfig(c.Encode()); err != nil || again != c {
			t.Fatalf("%+v was decoded again as %+v, %v", c, again, err)
		}
	})
}

func FuzzDecodeOnchainConfig(f *testing.F) {
	b, err := median.StandardOnchainConfigCodec{}.Encode(f.Context(), median.OnchainConfig{Min: big.NewInt(-1), Max: big.NewInt(1)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[1:])
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := median.StandardOnchainConfigCodec{}.Decode(t.Context(), b)
		if err != nil {
			return
		}
		if c.Min.Cmp(c.Max) > 0 {
			t.Fatalf("decoded bounds %d to %d", c.Min, c.Max)
		}
		if again, err := (median.StandardOnchainConfigCodec{}).Encode(t.Context(), c); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x was encoded again as %x, %v", b, again, err)
		}
	})
}

func FuzzParseObservation(f *testing.F) {
	b, err := median.EncodeObservation(1, big.NewInt(2), big.NewInt(-3), big.NewInt(4), true)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(b))
	f.Add([]byte(b[:60]))
	f.Fuzz(func(t *testing.T, b []byte) {
		pao, err := median.ParseObservation(types.AttributedObservation{Observation: b})
		if err != nil {
			return
		}
		// What was accepted can be encoded, so it is in range, and means the same.
		again, err := median.EncodeObservation(pao.Timestamp, pao.Value, pao.JuelsPerFeeCoin, pao.GasPriceSubunits, true)
		if err != nil {
			t.Fatal(err)
		}
		p2, err := median.ParseObservation(types.AttributedObservation{Observation: again})
		if err != nil || p2.Timestamp != pao.Timestamp || p2.Value.Cmp(pao.Value) != 0 ||
			p2.JuelsPerFeeCoin.Cmp(pao.JuelsPerFeeCoin) != 0 || p2.GasPriceSubunits.Cmp(pao.GasPriceSubunits) != 0 {
			t.Fatalf("%+v became %+v, %v", pao, p2, err)
		}
	})
}
