// Package gen_test holds the generated packages against golden vectors and against contracts at work.
package gen_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/test/vectors"
)

func TestReportVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"contracts-report-encoding.json"}, vectors.Kinds{
		Of: func(_ vectors.File, c vectors.Case) string {
			for _, kind := range []string{"ocr1", "ocr2-median", "ocr2-reject", "ocr2", "ocr3"} {
				if strings.HasPrefix(c.Name, kind+"-") {
					return kind
				}
			}
			return c.Name
		},
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"ocr1":        ocr1ReportVector,
			"ocr2":        reportVector,
			"ocr2-median": looseReportVector,
			"ocr3":        ocr3ReportVector,
		},
		Elsewhere: map[string]string{
			"ocr2-reject": "building a report of observations is offchain/plugins/median/evmreportcodec's",
		},
	})
}

// reportVector reads a report and writes it again; what it holds is compared with what it was built of.
func reportVector(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.Decode[struct {
		Observations []struct {
			Observer byte
			Value    vectors.Dec
		}
	}](t, c.Input)
	out := vectors.Decode[struct {
		Report          vectors.Hex
		MaxReportLength *int
		ReportContext   []vectors.Hex
		SignedHash      vectors.Hex
	}](t, c.Output)

	var report ocr2.MedianReport
	if err := ocr2.DecodeMedianReport(out.Report, &report); err != nil {
		t.Fatal(err)
	}
	again, err := ocr2.AppendMedianReport(nil, &report)
	if err != nil || !bytes.Equal(again, out.Report) {
		t.Fatalf("encodes to %x (%v), not to %v", again, err, out.Report)
	}
	if out.MaxReportLength != nil && ocr2.MedianReportSize(len(in.Observations)) != *out.MaxReportLength {
		t.Fatalf("size of %d observations is %d", len(in.Observations), ocr2.MedianReportSize(len(in.Observations)))
	}
	if len(report.Observations) != len(in.Observations) {
		t.Fatalf("%d observations, not %d", len(report.Observations), len(in.Observations))
	}
	for i, value := range report.Observations {
		found := false
		for _, o := range in.Observations {
			found = found || o.Observer == report.RawObservers[i] && o.Value.Int.Cmp(value) == 0
		}
		if !found {
			t.Fatalf("observation %d, %v by oracle %d, was not made", i, value, report.RawObservers[i])
		}
	}
	if len(out.SignedHash) == 0 {
		return
	}
	signed := crypto.Keccak256(crypto.Keccak256(again), out.ReportContext[0], out.ReportContext[1], out.ReportContext[2])
	if !bytes.Equal(signed, out.SignedHash) {
		t.Fatalf("signed hash is %x", signed)
	}
}

// looseReportVector reads reports that are not quite what an encoder writes.
func looseReportVector(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.Decode[struct{ Report vectors.Hex }](t, c.Input)
	out := vectors.Decode[struct {
		Median vectors.Dec
		Error  string
	}](t, c.Output)

	var report ocr2.MedianReport
	err := ocr2.DecodeMedianReportLoose(in.Report, &report)
	rejected := err != nil || len(report.Observations) == 0
	if rejected != (out.Error != "") {
		t.Fatalf("rejected: %v (%v)", rejected, err)
	}
	if !rejected && report.Observations[len(report.Observations)/2].Cmp(out.Median.Int) != 0 {
		t.Fatalf("median is %v", report.Observations[len(report.Observations)/2])
	}
	if ocr2.DecodeMedianReport(in.Report, &report) == nil {
		if again, _ := ocr2.AppendMedianReport(nil, &report); !bytes.Equal(again, in.Report) {
			t.Fatalf("the strict decoder accepts a report that encodes to %x", again)
		}
	}
}

func TestConfigDigestVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"contracts-config-digest.json"}, vectors.Kinds{
		Of: func(_ vectors.File, c vectors.Case) string {
			return strings.TrimRight(strings.TrimSuffix(c.Name, "-0"), "0123456789-")
		},
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){"ocr1-dg": ocr1DigestVector, "ocr2-dg": digestVector},
		Elsewhere: map[string]string{
			"ocr2-digester-reject-signer":      "generated Go has addresses only; offchain/evm/evmutil makes them of bytes",
			"ocr2-digester-reject-transmitter": "generated Go has addresses only; offchain/evm/evmutil makes them of strings",
		},
	})
}

func digestVector(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.Decode[struct {
		ChainID               vectors.U64
		ContractAddress       common.Address
		ConfigCount           vectors.U64
		Signers               []common.Address
		Transmitters          []common.Address
		F                     uint8
		OnchainConfig         vectors.Hex
		OffchainConfigVersion vectors.U64
		OffchainConfig        vectors.Hex
	}](t, c.Input)
	out := vectors.Decode[struct{ ConfigDigest, Preimage vectors.Hex }](t, c.Output)

	preimage := ocr2.EVMSimplePreimage{
		ChainId: uint64(in.ChainID), ContractAddress: in.ContractAddress, ConfigCount: uint64(in.ConfigCount),
		Signers: in.Signers, Transmitters: in.Transmitters, F: in.F, OnchainConfig: in.OnchainConfig,
		OffchainConfigVersion: uint64(in.OffchainConfigVersion), OffchainConfig: in.OffchainConfig,
	}
	if got := preimage.Append(nil); !bytes.Equal(got, out.Preimage) {
		t.Errorf("preimage is %x", got)
	}
	if got := preimage.Digest(); !bytes.Equal(got[:], out.ConfigDigest) {
		t.Errorf("digest is %x, not %v", got, out.ConfigDigest)
	}
}
