package ocr2

import "github.com/ocrkit/ocrkit/offchain/protocol/kernel"

// Why messages are dropped in OCR2 only; see package rounds for the others.
var (
	dropSkipWithContent = kernel.DropReason{Text: "skip comes with a report or a signature", Suspicious: true}

	dropExpired         = kernel.DropReason{Text: "round is too old to be finalized"}
	dropFinalized       = kernel.DropReason{Text: "round is finalized already"}
	dropTooManyToVerify = kernel.DropReason{Text: "too many messages of this sender wait to be verified", Suspicious: true}
	dropBeingVerified   = kernel.DropReason{Text: "an equal message is being verified"}
)
