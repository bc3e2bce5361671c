package ocr3keyring

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/offchain/evm/evmutil"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// Format says what secp256k1 keys sign of a report, for contracts that are no attestation verifiers: they take a context of some
// words beside the report, and signatures as r, s and v, as contracts of OCR2 do. All oracles of a network must use the same one.
// Formats are comparable values, and safe for concurrent use.
type Format interface {
	// RawReportContext returns the words that the contract takes as the context of a report; none if it takes no context. It
	// fails if the format cannot express the sequence number.
	RawReportContext(configDigest types.ConfigDigest, seqNr uint64) ([][32]byte, error)

	// ReportHash returns what is signed. It fails where RawReportContext does.
	ReportHash(configDigest types.ConfigDigest, seqNr uint64, report types.Report) ([32]byte, error)
}

// EpochFormat is for contracts of OCR2's shape: the context of OCR2, with the low 32 bits of the sequence number as epoch, round 0
// and extra hash 0. A sequence number of 2^32 or more has the context of a lower one, so a contract must not rely on this format for
// as many rounds.
type EpochFormat struct{}

// RawReportContext implements Format: three words. It does not fail.
func (EpochFormat) RawReportContext(configDigest types.ConfigDigest, seqNr uint64) ([][32]byte, error) {
	words := evmutil.RawReportContext(contextOf(configDigest, seqNr))
	return words[:], nil
}

// ReportHash implements Format: keccak256 over the hash of the report and the words.
func (f EpochFormat) ReportHash(configDigest types.ConfigDigest, seqNr uint64, report types.Report) ([32]byte, error) {
	return hashWithContext(f, configDigest, seqNr, report)
}

// SequenceNumberFormat is for contracts with a context of two words: the config digest and the sequence number.
type SequenceNumberFormat struct{}

// RawReportContext implements Format: two words. It does not fail.
func (SequenceNumberFormat) RawReportContext(configDigest types.ConfigDigest, seqNr uint64) ([][32]byte, error) {
	var word [32]byte
	binary.BigEndian.PutUint64(word[24:], seqNr)
	return [][32]byte{configDigest, word}, nil
}

// ReportHash implements Format: keccak256 over the hash of the report and the words.
func (f SequenceNumberFormat) ReportHash(configDigest types.ConfigDigest, seqNr uint64, report types.Report) ([32]byte, error) {
	return hashWithContext(f, configDigest, seqNr, report)
}

// LegacyStreamFormat is for data streams whose verifiers know the context of OCR2: 256 sequence numbers to an epoch, and the network's
// id with the version of the plugin as extra hash.
type LegacyStreamFormat struct {
	DonID         uint32
	PluginVersion uint32 // 1
}

// RawReportContext implements Format: three words. It fails for sequence numbers of 2^40 and more.
func (f LegacyStreamFormat) RawReportContext(configDigest types.ConfigDigest, seqNr uint64) ([][32]byte, error) {
	epoch := seqNr / 256
	if epoch > math.MaxUint32 {
		return nil, fmt.Errorf("ocr3keyring: sequence number %d is too large for the context of OCR2, whose epochs have 32 bits", seqNr)
	}
	context := types.ReportContext{ReportTimestamp: types.ReportTimestamp{ConfigDigest: configDigest, Epoch: uint32(epoch), Round: uint8(seqNr)}}
	binary.BigEndian.PutUint32(context.ExtraHash[24:], f.DonID)
	binary.BigEndian.PutUint32(context.ExtraHash[28:], f.PluginVersion)
	words := evmutil.RawReportContext(context)
	return words[:], nil
}

// ReportHash implements Format: keccak256 over the hash of the report and the words.
func (f LegacyStreamFormat) ReportHash(configDigest types.ConfigDigest, seqNr uint64, report types.Report) ([32]byte, error) {
	return hashWithContext(f, configDigest, seqNr, report)
}

// StreamlinedStreamFormat is for data streams whose reports say themselves when they were made: the sequence number is not signed, so
// a report must hold something that no other report of the config has.
type StreamlinedStreamFormat struct{}

// RawReportContext implements Format: no words. It does not fail.
func (StreamlinedStreamFormat) RawReportContext(types.ConfigDigest, uint64) ([][32]byte, error) {
	return nil, nil
}

// ReportHash implements Format: keccak256 over the config digest and the report.
func (StreamlinedStreamFormat) ReportHash(configDigest types.ConfigDigest, _ uint64, report types.Report) ([32]byte, error) {
	return crypto.Keccak256Hash(configDigest[:], report), nil
}

// hashWithContext is the hash of the formats that hash their context's words behind the hash of the report.
func hashWithContext(f Format, configDigest types.ConfigDigest, seqNr uint64, report types.Report) ([32]byte, error) {
	words, err := f.RawReportContext(configDigest, seqNr)
	if err != nil {
		return [32]byte{}, err
	}
	return evmutil.ReportHash(report, words...), nil
}

// FormatKeyring holds an oracle's secp256k1 key and signs reports in a Format. The info of a report is not signed. It is safe for
// concurrent use.
type FormatKeyring[RI any] struct {
	format Format
	key    *keys.EVMKey
	hashes memo
}

var _ ocr3types.OnchainKeyring[struct{}] = (*FormatKeyring[struct{}])(nil)

// NewInFormat makes a key ring that signs in a format.
func NewInFormat[RI any](key *keys.EVMKey, format Format) (*FormatKeyring[RI], error) {
	if key == nil || format == nil {
		return nil, errors.New("ocr3keyring: no key or no format")
	}
	return &FormatKeyring[RI]{format: format, key: key}, nil
}

// Format returns the format that reports are signed in.
func (k *FormatKeyring[RI]) Format() Format { return k.format }

// PublicKey implements ocr3types.OnchainKeyring: the 20 bytes of the key's address.
func (k *FormatKeyring[RI]) PublicKey() types.OnchainPublicKey { return k.key.Address().Bytes() }

// Sign implements ocr3types.OnchainKeyring: 65 bytes r, s and v, with v of 0 or 1 and a low s. Signatures are deterministic.
func (k *FormatKeyring[RI]) Sign(configDigest types.ConfigDigest, seqNr uint64, r ocr3types.ReportWithInfo[RI]) ([]byte, error) {
	hash, err := k.hashes.of(configDigest, seqNr, r.Report, k.format.ReportHash)
	if err != nil {
		return nil, err
	}
	signature, err := k.key.SignHash(hash)
	if err != nil {
		return nil, errors.New("ocr3keyring: cannot sign the report") // the cause could show the key
	}
	return signature, nil
}

// Verify implements ocr3types.OnchainKeyring. It accepts both twins of a signature (low and high s), as contracts do.
func (k *FormatKeyring[RI]) Verify(publicKey types.OnchainPublicKey, configDigest types.ConfigDigest, seqNr uint64, r ocr3types.ReportWithInfo[RI], signature []byte) bool {
	hash, err := k.hashes.of(configDigest, seqNr, r.Report, k.format.ReportHash)
	return err == nil && ECDSA.Verify(publicKey, hash, signature)
}

// MaxSignatureLength implements ocr3types.OnchainKeyring: 65.
func (k *FormatKeyring[RI]) MaxSignatureLength() int { return evmutil.SignatureLength }
