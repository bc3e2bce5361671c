package ocr1

import (
	"fmt"
	"math/big"

	"github.com/ocrkit/ocrkit/offchain/ocr1types"
)

// The String methods of effects give one line each, for transcripts and traces. They are stable and leave times of day out,
// so that a run with the same events gives the same text.

func position(ts ocr1types.ReportTimestamp) string {
	return Round{Epoch: ts.Epoch, Round: ts.Round}.String()
}

func (e CallObserve) String() string {
	return fmt.Sprintf("call=%d observe %s", e.ID, position(e.Timestamp))
}
func (e CallReportInputs) String() string {
	return fmt.Sprintf("call=%d report-inputs %s lookback=%s", e.ID, position(e.Timestamp), e.Lookback)
}
func (e CallContractState) String() string {
	return fmt.Sprintf("call=%d contract-state %s", e.ID, position(e.Timestamp))
}
func (e CallTransmit) String() string {
	return fmt.Sprintf("call=%d transmit %s report=%dB signatures=%d", e.ID, position(e.Timestamp), len(e.Report), len(e.Rs))
}
func (e SignOnchain) String() string {
	return fmt.Sprintf("call=%d sign-onchain %s report=%dB", e.ID, position(e.Timestamp), len(e.Report))
}
func (e RecoverSigners) String() string {
	return fmt.Sprintf("call=%d recover-signers report=%dB signatures=%d", e.ID, len(e.Report), len(e.Signatures))
}
func (e StorePending) String() string {
	return fmt.Sprintf("store-pending %s median=%d", position(e.Timestamp), (*big.Int)(e.Pending.Median))
}
func (e DeletePending) String() string {
	return fmt.Sprintf("delete-pending %s", position(e.Timestamp))
}
