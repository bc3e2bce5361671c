package ocr3keyring

import (
	"errors"

	"github.com/ocrkit/ocrkit/offchain/crypto/bn254bls"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// Keyring holds an oracle's on-chain key and signs reports with it. It is safe for concurrent use.
type Keyring[RI any] struct {
	scheme    Scheme
	publicKey types.OnchainPublicKey
	sign      func(reportHash [32]byte) ([]byte, error)
	hashes    memo
}

var _ ocr3types.OnchainKeyring[struct{}] = (*Keyring[struct{}])(nil)

// NewECDSA makes a key ring of the scheme ECDSA.
func NewECDSA[RI any](key *keys.EVMKey) (*Keyring[RI], error) {
	if key == nil {
		return nil, errors.New("ocr3keyring: no key")
	}
	return &Keyring[RI]{scheme: ECDSA, publicKey: key.Address().Bytes(), sign: key.SignHash}, nil
}

// NewBLS makes a key ring of the scheme BLS. It fails if the key was erased.
func NewBLS[RI any](key *bn254bls.SecretKey) (*Keyring[RI], error) {
	if key == nil {
		return nil, errors.New("ocr3keyring: no key")
	}
	entry, err := key.KeyEntry()
	if err != nil {
		return nil, err
	}
	public := entry.Bytes()
	return &Keyring[RI]{scheme: BLS, publicKey: public[:], sign: func(reportHash [32]byte) ([]byte, error) {
		signature, err := key.Sign(reportHash)
		return signature[:], err
	}}, nil
}

// Scheme returns the signature scheme of the key.
func (k *Keyring[RI]) Scheme() Scheme { return k.scheme }

// PublicKey implements ocr3types.OnchainKeyring: what the contract's key list holds of the oracle.
func (k *Keyring[RI]) PublicKey() types.OnchainPublicKey {
	return append(types.OnchainPublicKey(nil), k.publicKey...)
}

// Sign implements ocr3types.OnchainKeyring. Signatures are deterministic.
func (k *Keyring[RI]) Sign(configDigest types.ConfigDigest, seqNr uint64, r ocr3types.ReportWithInfo[RI]) ([]byte, error) {
	signature, err := k.sign(k.reportHash(configDigest, seqNr, r.Report))
	if err != nil {
		return nil, errors.New("ocr3keyring: cannot sign the report") // the cause could show the key
	}
	return signature, nil
}

// Verify implements ocr3types.OnchainKeyring.
func (k *Keyring[RI]) Verify(publicKey types.OnchainPublicKey, configDigest types.ConfigDigest, seqNr uint64, r ocr3types.ReportWithInfo[RI], signature []byte) bool {
	return k.scheme.Verify(publicKey, k.reportHash(configDigest, seqNr, r.Report), signature)
}

func (k *Keyring[RI]) reportHash(configDigest types.ConfigDigest, seqNr uint64, report types.Report) [32]byte {
	hash, _ := k.hashes.of(configDigest, seqNr, report, func(configDigest types.ConfigDigest, seqNr uint64, report types.Report) ([32]byte, error) {
		return ReportHash(configDigest, seqNr, report), nil
	})
	return hash
}

// MaxSignatureLength implements ocr3types.OnchainKeyring: the length of every signature.
func (k *Keyring[RI]) MaxSignatureLength() int { return k.scheme.SignatureLength() }
