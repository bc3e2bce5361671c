package ocr1

import "github.com/ocrkit/ocrkit/offchain/protocol/kernel"

// Why messages are dropped in OCR1 only; see package rounds for the others.
var (
	dropUnsorted = kernel.DropReason{Text: "observations are not in ascending order", Suspicious: true}
	dropEchoed   = kernel.DropReason{Text: "a report of this round was echoed already"}
	dropRepeated = kernel.DropReason{Text: "sender's echo of this round is here already"} // it may have been restarted
	dropComplete = kernel.DropReason{Text: "round is complete without this message"}
)
