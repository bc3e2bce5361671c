package ocr1wire

import (
	"fmt"
	"math/big"

	"github.com/ocrkit/ocrkit/gen/ocr1"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
)

// ReportContext returns the first word of a report, which all signatures of a round cover, so that none is good for another
// configuration or round.
//
// Source: docs/protocol/ocr1.md, "Signatures and hashes".
func ReportContext(ts ocr1types.ReportTimestamp) [32]byte {
	return [32]byte(appendReportContext(make([]byte, 0, ocr1.ReportContextSize), ts))
}

func appendReportContext(b []byte, ts ocr1types.ReportTimestamp) []byte {
	b, err := ocr1.AppendReportContext(b, &ocr1.ReportContext{ConfigDigest: ts.ConfigDigest, Epoch: ts.Epoch, Round: ts.Round})
	if err != nil { // not for any context
		panic(err)
	}
	return b
}

// SignedMessage returns the bytes that an observer signs with its offchain key: the report context and the observation.
//
// Source: docs/protocol/ocr1.md, "Signatures and hashes".
func SignedMessage(ts ocr1types.ReportTimestamp, o Observation) []byte {
	b := make([]byte, 0, ocr1.ReportContextSize+len(o))
	return append(appendReportContext(b, ts), o[:]...)
}

// OnchainReport returns the report as the contract takes it, and of which oracles sign the Keccak-256 hash with their onchain
// keys. The observations are in the order of the list. It fails if there are more than 32 of them.
//
// Source: docs/protocol/ocr1.md, "Signatures and hashes".
func OnchainReport(ts ocr1types.ReportTimestamp, list []AttributedObservation) ([]byte, error) {
	report := ocr1.Report{RawReportContext: ReportContext(ts), Observations: make([]*big.Int, len(list))}
	if len(list) > len(report.RawObservers) {
		return nil, fmt.Errorf("ocr1wire: a report of %d observations, at most %d are possible", len(list), len(report.RawObservers))
	}
	for i, o := range list {
		report.RawObservers[i] = byte(o.Observer)
		report.Observations[i] = o.Observation.Int()
	}
	return ocr1.AppendReport(nil, &report)
}

// Median returns the answer of a report: the element in the middle of the list, the upper one of two. The list is ascending
// and not empty.
func Median(list []AttributedObservation) *big.Int { return list[len(list)/2].Observation.Int() }

// SplitSignatures returns signatures (r, s, and v of 0 or 1; 65 bytes) in the form in which the contract takes them; vs[i] is
// v of the i-th. It fails if one has another length, or if there are more than 32.
func SplitSignatures(signatures [][]byte) (rs, ss [][32]byte, vs [32]byte, err error) {
	if len(signatures) > len(vs) {
		return nil, nil, vs, fmt.Errorf("ocr1wire: %d signatures, at most %d are possible", len(signatures), len(vs))
	}
	rs, ss = make([][32]byte, 0, len(signatures)), make([][32]byte, 0, len(signatures))
	for i, signature := range signatures {
		if len(signature) != 65 {
			return nil, nil, [32]byte{}, fmt.Errorf("ocr1wire: signature %d has %d bytes, want 65", i, len(signature))
		}
		rs = append(rs, [32]byte(signature))
		ss = append(ss, [32]byte(signature[32:]))
		vs[i] = signature[64]
	}
	return rs, ss, vs, nil
}
