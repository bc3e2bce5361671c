package ocr3types

import "github.com/ocrkit/ocrkit/offchain/types"

// OnchainKeyring holds the key with which an OCR3 oracle signs reports for the contract, and knows the contract's signature
// scheme.
//
// What is signed must bind the config digest, the sequence number and the report, so that a signature serves one report of one
// instance only. It may depend on the info of the report, which is never sent: for example on which chain the report is for.
type OnchainKeyring[RI any] interface {
	// PublicKey returns the public key of Sign, in the form in which the config lists it.
	PublicKey() types.OnchainPublicKey

	// Sign signs a report of a sequence number. The signature must not be empty. Neither the error nor any log line may give away
	// the report.
	Sign(types.ConfigDigest, uint64, ReportWithInfo[RI]) (signature []byte, err error)

	// Verify tells whether the signature on the report of that sequence number is by the given key. All arguments but the report
	// may come from an adversary: it must return false on whatever is malformed, and never panic.
	Verify(_ types.OnchainPublicKey, _ types.ConfigDigest, seqNr uint64, _ ReportWithInfo[RI], signature []byte) bool

	// MaxSignatureLength returns the length in bytes of the longest signature that Sign returns. It must be the same on all
	// oracles: limits on message sizes follow from it, and longer signatures are refused unseen.
	MaxSignatureLength() int
}
