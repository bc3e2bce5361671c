package evm

import (
	"crypto/ecdsa"
	"errors"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/offchain/crypto/secp256k1prep"
	"github.com/ocrkit/ocrkit/offchain/evm/evmutil"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// OnchainKeyring signs reports for OCR2 contracts on EVM chains and verifies such signatures. See Signatures and hashes in
// docs/protocol/ocr2.md. It is safe for concurrent use.
type OnchainKeyring struct {
	key *keys.EVMKey
}

var _ types.OnchainKeyring = (*OnchainKeyring)(nil)

// NewOnchainKeyring makes a key ring of an oracle's on-chain signing key.
func NewOnchainKeyring(key *keys.EVMKey) (*OnchainKeyring, error) {
	if key == nil {
		return nil, errors.New("evm: on-chain key ring: no key")
	}
	return &OnchainKeyring{key}, nil
}

// NewOnchainKeyringFromECDSA makes a key ring of a bare key.
func NewOnchainKeyringFromECDSA(private *ecdsa.PrivateKey) (*OnchainKeyring, error) {
	key, err := keys.NewEVMKey(private)
	if err != nil {
		return nil, err
	}
	return NewOnchainKeyring(key)
}

// PublicKey implements types.OnchainKeyring: the 20-byte address.
func (k *OnchainKeyring) PublicKey() types.OnchainPublicKey {
	return k.key.Address().Bytes()
}

// Sign implements types.OnchainKeyring. The signature is r, s and v of 65 bytes, with v 0 or 1, a low s and a deterministic
// nonce.
func (k *OnchainKeyring) Sign(repctx types.ReportContext, report types.Report) ([]byte, error) {
	signature, err := k.key.SignHash(ReportHash(repctx, report))
	if err != nil {
		return nil, errors.New("evm: cannot sign the report") // the cause could show the key
	}
	return signature, nil
}

// Verify implements types.OnchainKeyring. Like the contract it accepts both twins of a signature (low and high s).
func (k *OnchainKeyring) Verify(publicKey types.OnchainPublicKey, repctx types.ReportContext, report types.Report, signature []byte) bool {
	return VerifyReportSignature(publicKey, repctx, report, signature)
}

// MaxSignatureLength implements types.OnchainKeyring: 65.
func (k *OnchainKeyring) MaxSignatureLength() int { return evmutil.SignatureLength }

// ReportHash returns what is signed: keccak256 over the hash of the report and the three words of its context.
func ReportHash(repctx types.ReportContext, report types.Report) [32]byte {
	words := evmutil.RawReportContext(repctx)
	return evmutil.ReportHash(report, words[:]...)
}

// VerifyReportSignature tells whether the signature on the report in its context is by the key of the address publicKey.
// All arguments may come from an adversary. From the second signature of a signer on it takes a fraction of the time of a key
// recovery.
func VerifyReportSignature(publicKey types.OnchainPublicKey, repctx types.ReportContext, report types.Report, signature []byte) bool {
	if len(publicKey) != common.AddressLength || len(signature) != evmutil.SignatureLength || signature[64] > 1 {
		return false
	}
	return secp256k1prep.Verify([common.AddressLength]byte(publicKey), ReportHash(repctx, report), signature)
}
