package ocr1

import "fmt"

// The String methods of effects give one line each, for transcripts and traces. They are stable and leave times of day out,
// so that a run with the same events gives the same text.

func (e CallObserve) String() string {
	return fmt.Sprintf("call=%d observe %s", e.ID, e.Round)
}
func (e CallReportInputs) String() string {
	return fmt.Sprintf("call=%d report-inputs %s lookback=%s", e.ID, e.Round, e.Lookback)
}
func (e CallContractState) String() string {
	return fmt.Sprintf("call=%d contract-state %s", e.ID, e.Round)
}
func (e CallTransmit) String() string {
	return fmt.Sprintf("call=%d transmit %s report=%dB signatures=%d", e.ID, e.Round, len(e.Report), len(e.Rs))
}
func (e SignOnchain) String() string {
	return fmt.Sprintf("call=%d sign-onchain %s report=%dB", e.ID, e.Round, len(e.Report))
}
func (e RecoverSigners) String() string {
	return fmt.Sprintf("call=%d recover-signers report=%dB signatures=%d", e.ID, len(e.Report), len(e.Signatures))
}
