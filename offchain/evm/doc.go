// Package evm connects oracles to EVM chains: the key ring that signs reports for the contract, the tracker that finds the
// contract's config, the transmitter that sends reports, and the reader of a median contract. What has no protocol in its name
// is for OCR2. For OCR1 there are [OCR1ConfigTracker], [OCR1Transmitter], which reads the contract too, and [OCR1PrivateKeys]. For
// OCR3 there are [OCR3ConfigTracker], [OCR3Transmitter] and [FeedContract]; the key rings are in package ocr3keyring.
//
// Everything that a contract states (calldata, events, topics, digests, revert reasons) comes from the generated packages.
// Everything that is asked of a node goes through [Client]; an error says what was asked, of which contract, and a revert is
// a typed error of the generated package that errors.Is finds.
package evm
