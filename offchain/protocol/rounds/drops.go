package rounds

import "github.com/ocrkit/ocrkit/offchain/protocol/kernel"

// Why messages are dropped in both protocols. See docs/protocol/ocr2.md for the rules behind them.
var (
	DropNotStarted     = kernel.DropReason{Text: "the instance has not started"}
	DropUnknownSender  = kernel.DropReason{Text: "sender is not an oracle of this instance", Suspicious: true}
	DropPastEpoch      = kernel.DropReason{Text: "epoch is over"}
	DropBufferFull     = kernel.DropReason{Text: "too many messages of later epochs"}
	DropNotFromLeader  = kernel.DropReason{Text: "sender does not lead this epoch", Suspicious: true}
	DropNotLeading     = kernel.DropReason{Text: "this oracle does not lead this epoch", Suspicious: true}
	DropWrongRound     = kernel.DropReason{Text: "not the current round"}
	DropPastRoundMax   = kernel.DropReason{Text: "round is above the maximum", Suspicious: true}
	DropQueueFull      = kernel.DropReason{Text: "too many messages of the sender wait"}
	DropSuperseded     = kernel.DropReason{Text: "the leader has gone on to a later round"}
	DropBelowFloor     = kernel.DropReason{Text: "round was worked in before a restart"}
	DropReportSent     = kernel.DropReason{Text: "report was sent already", Suspicious: true}
	DropRoundCompleted = kernel.DropReason{Text: "round is completed already", Suspicious: true}

	DropBadObserver    = kernel.DropReason{Text: "observer is not an oracle of this instance", Suspicious: true}
	DropRepeated       = kernel.DropReason{Text: "observer or signer appears twice", Suspicious: true}
	DropTooFew         = kernel.DropReason{Text: "too few observations", Suspicious: true}
	DropBadSignature   = kernel.DropReason{Text: "a signature is not valid", Suspicious: true}
	DropSignatureCount = kernel.DropReason{Text: "number of signatures is not the report quorum", Suspicious: true}
	DropBadSigner      = kernel.DropReason{Text: "signer is not an oracle of this instance", Suspicious: true}
	DropWrongPhase     = kernel.DropReason{Text: "not the phase for this message"}
	DropDuplicate      = kernel.DropReason{Text: "sender's message of this round is here already", Suspicious: true}
)
