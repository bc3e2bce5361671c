package ocr2

// Why messages are dropped. See docs/protocol/ocr2.md for the rules behind them.
var (
	dropNotStarted     = dropReason{"the instance has not started", false}
	dropUnknownSender  = dropReason{"sender is not an oracle of this instance", true}
	dropPastEpoch      = dropReason{"epoch is over", false}
	dropBufferFull     = dropReason{"too many messages of later epochs", false}
	dropNotFromLeader  = dropReason{"sender does not lead this epoch", true}
	dropNotLeading     = dropReason{"this oracle does not lead this epoch", true}
	dropWrongRound     = dropReason{"not the current round", false}
	dropPastRoundMax   = dropReason{"round is above the maximum", true}
	dropQueueFull      = dropReason{"too many messages of the leader wait", false}
	dropSuperseded     = dropReason{"the leader has gone on to a later round", false}
	dropBelowFloor     = dropReason{"round was worked in before a restart", false}
	dropReportSent     = dropReason{"report was sent already", true}
	dropRoundCompleted = dropReason{"round is completed already", true}

	dropBadObserver     = dropReason{"observer is not an oracle of this instance", true}
	dropRepeated        = dropReason{"observer or signer appears twice", true}
	dropTooFew          = dropReason{"too few observations", true}
	dropBadSignature    = dropReason{"a signature is not valid", true}
	dropWrongPhase      = dropReason{"not the phase for this message", false}
	dropDuplicate       = dropReason{"sender's message of this round is here already", true}
	dropSkipWithContent = dropReason{"skip comes with a report or a signature", true}
	dropSignatureCount  = dropReason{"number of signatures is not the report quorum", true}
	dropBadSigner       = dropReason{"signer is not an oracle of this instance", true}

	dropExpired         = dropReason{"round is too old to be finalized", false}
	dropFinalized       = dropReason{"round is finalized already", false}
	dropTooManyToVerify = dropReason{"too many messages of this sender wait to be verified", true}
	dropBeingVerified   = dropReason{"an equal message is being verified", false}
)
