package ocr2net

import (
	"bytes"
	"encoding/binary"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// evmKeyring signs reports as EVM contracts want it: a secp256k1 signature over the hashes of report and context.
type evmKeyring struct{ key *keys.EVMKey }

var _ types.OnchainKeyring = evmKeyring{}

func (k evmKeyring) PublicKey() types.OnchainPublicKey {
	address := k.key.Address()
	return address[:]
}

func (k evmKeyring) MaxSignatureLength() int { return 65 }

func signedHash(rc types.ReportContext, report types.Report) [32]byte {
	var b [4 * 32]byte
	copy(b[:], crypto.Keccak256(report))
	copy(b[32:], rc.ConfigDigest[:])
	binary.BigEndian.PutUint32(b[64+27:], rc.Epoch)
	b[64+31] = rc.Round
	copy(b[96:], rc.ExtraHash[:])
	return crypto.Keccak256Hash(b[:])
}

func (k evmKeyring) Sign(rc types.ReportContext, report types.Report) ([]byte, error) {
	return k.key.SignHash(signedHash(rc, report))
}

func (k evmKeyring) Verify(public types.OnchainPublicKey, rc types.ReportContext, report types.Report, signature []byte) bool {
	if len(signature) != 65 || len(public) != 20 {
		return false
	}
	hash := signedHash(rc, report)
	signer, err := crypto.Ecrecover(hash[:], signature)
	if err != nil {
		return false
	}
	return bytes.Equal(crypto.Keccak256(signer[1:])[12:], public)
}
