// Package keys holds the secret keys of an oracle and keeps them in encrypted files.
//
// An oracle has five or six keys, together a [Bundle]:
//
//   - off-chain signing (Ed25519): signs messages among oracles
//   - config encryption (X25519): the setter of a config encrypts the shared secret to it
//   - on-chain signing (secp256k1): signs reports; the contract knows its address as the oracle's signer
//   - transmitting (secp256k1): pays for and signs transactions; its address is the oracle's transmitter
//   - peer (Ed25519): identifies the node on the network
//   - BLS (BN254), where the oracle serves a contract that verifies BLS attestations (OCR3): signs reports instead of the
//     on-chain signing key
//
// [Bundle.Public] is what the others must know: it goes into network files and configs.
//
// Secrets do not show: printing a key in any format, logging it or marshalling it gives a placeholder. They leave through
// [Bundle.Encrypt] and the methods named after it only.
package keys
