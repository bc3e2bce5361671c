package contracts

import (
	"bytes"
	"fmt"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/gen/ocr1"
	"github.com/ocrkit/ocrkit/gen/ocr1/offchainaggregator"
)

// ocr1Feed is a feed whose oracles speak OCR1.
type ocr1Feed struct{ *feed }

func newOCR1Feed(t *testing.T, n int, f uint8) ocr1Feed {
	t.Helper()
	return ocr1Feed{newFeed(t, "OffchainAggregator", n, f, func(link common.Address) []any {
		return []any{
			uint32(2000), uint32(100), uint32(500_000_000), uint32(500), uint32(300), link, big.NewInt(minAnswer), big.NewInt(maxAnswer),
			common.Address{}, common.Address{}, uint8(8), "gas / USD",
		}
	})}
}

func (d ocr1Feed) setConfig() uint64 {
	d.t.Helper()
	encoded := make([]byte, 500)
	for i := range encoded {
		encoded[i] = byte(1 + i%255)
	}
	return d.call(d.owner, "setConfig", d.signers, d.transmitters, d.f, uint64(1), encoded)
}

func (d ocr1Feed) transmit(observations int) uint64 {
	d.t.Helper()
	r := d.send(observations, defaultGasLimit)
	if r.err != nil {
		d.t.Fatalf("transmit: %v %s", r.err, describe(r.ret))
	}
	return r.gas
}

// send transmits the next report, with that gas at the entry of the contract.
func (d ocr1Feed) send(observations int, gasLimit uint64) result {
	d.t.Helper()
	d.epoch++
	binding := offchainaggregator.NewOffchainAggregator()
	r := d.chain.view(d.owner, d.address, binding.PackLatestConfigDetails())
	details, err := binding.UnpackLatestConfigDetails(r.ret)
	if err != nil {
		d.t.Fatal(err)
	}
	context, err := ocr1.AppendReportContext(nil, &ocr1.ReportContext{ConfigDigest: details.ConfigDigest, Epoch: d.epoch, Round: 1})
	if err != nil {
		d.t.Fatal(err)
	}
	report := &ocr1.Report{RawReportContext: [32]byte(context)}
	for i := range observations {
		report.RawObservers[i] = byte(i)
		report.Observations = append(report.Observations, big.NewInt(350_000_000_000+1000*int64(i)))
	}
	encoded, err := ocr1.AppendReport(nil, report)
	if err != nil {
		d.t.Fatal(err)
	}
	var rs, ss [][32]byte
	var vs [32]byte
	for i := range int(d.f) + 1 {
		sig, err := crypto.Sign(crypto.Keccak256(encoded), d.keys[i])
		if err != nil {
			d.t.Fatal(err)
		}
		rs, ss = append(rs, [32]byte(sig[:32])), append(ss, [32]byte(sig[32:64]))
		vs[i] = sig[64]
	}
	calldata := ocr1.AppendTransmit(nil, &ocr1.TransmitCall{Report: encoded, Rs: rs, Ss: ss, RawVs: vs})
	return d.chain.call(d.transmitters[len(d.transmitters)-1], d.address, calldata, gasLimit)
}

// TestOCR1Gas is TestGas for the OCR1 contracts.
func TestOCR1Gas(t *testing.T) {
	for _, c := range []struct {
		n               int
		f               uint8
		transmit, share uint64
		config, share2  uint64
	}{
		{4, 1, 103_526, 80, 475_581, 60},
		{16, 5, 144_447, 75, 1_599_253, 45},
		{31, 10, 198_401, 70, 3_003_893, 40},
	} {
		t.Run(fmt.Sprintf("n=%d f=%d", c.n, c.f), func(t *testing.T) {
			d := newOCR1Feed(t, c.n, c.f)
			checkGas(t, "deploy", d.deploy.gas, 5_061_121, 100)
			checkGas(t, "setConfig, first", d.setConfig(), c.config, c.share2)
			checkGas(t, "transmit, first", d.transmit(c.n), c.transmit, c.share)
			checkGas(t, "transmit, second", d.transmit(c.n), c.transmit, c.share)
			d.call(d.owner, "setBilling", uint32(0), uint32(0), uint32(0), uint32(0), uint32(0))
			checkGas(t, "setConfig, nothing owed", d.setConfig(), c.config, c.share2)
		})
	}
}

// TestOCR1RefusesAbsurdGas calls transmit with more gas than the contract reckons with. What the contract sees is a little less than
// it is called with.
func TestOCR1RefusesAbsurdGas(t *testing.T) {
	d := newOCR1Feed(t, 4, 1)
	d.setConfig()
	if r := d.send(4, 1<<32-1); r.err != nil {
		t.Errorf("gas of nearly 32 bits: %v %s", r.err, describe(r.ret))
	}
	for _, gas := range []uint64{1<<32 + 1000, 1 << 33, 1 << 62} {
		r := d.send(4, gas)
		if !r.reverted() || !bytes.Equal(r.ret, revertString(ocr1.ErrGasLimitTooHigh.Reason)) {
			t.Errorf("%d gas: %v %s", gas, r.err, describe(r.ret))
		}
		if r.gas > 200_000 {
			t.Errorf("%d gas: %d of it are gone", gas, r.gas)
		}
	}
}
