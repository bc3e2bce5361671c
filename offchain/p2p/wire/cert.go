package wire

import (
	"crypto/ed25519"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

// The parts of a certificate around key and signature, in DER: version 3, serial number 0, empty names, year 1 as the begin
// and the end of validity. Nobody looks at these; the key is what counts.
const (
	certOuter     = "\x30\x81\xaf"
	certBeforeKey = "\x30\x63" + // to be signed
		"\xa0\x03\x02\x01\x02" + // version 3
		"\x02\x01\x00" + // serial number
		oidEd25519 +
		"\x30\x00" + // issuer
		"\x30\x22\x18\x0f00010101000000Z\x18\x0f00010101000000Z" + // validity
		"\x30\x00" + // subject
		"\x30\x2a" + oidEd25519 + "\x03\x21\x00" // the key follows
	certBeforeSignature = oidEd25519 + "\x03\x41\x00"
	oidEd25519          = "\x30\x05\x06\x03\x2b\x65\x70"

	// CertificateLength is the length in bytes of the certificates that NewCertificate makes.
	CertificateLength = len(certOuter) + len(certBeforeKey) + ed25519.PublicKeySize + len(certBeforeSignature) + ed25519.SignatureSize
)

// NewCertificate returns the self-signed X.509 certificate of a peer in DER, which its key determines entirely. It fails when
// the keyring does.
func NewCertificate(keyring p2ptypes.PeerKeyring) ([]byte, error) {
	key := keyring.PublicKey()
	der := make([]byte, 0, CertificateLength)
	der = append(der, certOuter...)
	der = append(der, certBeforeKey...)
	der = append(der, key[:]...)
	signature, err := keyring.Sign(der[len(certOuter):])
	if err != nil {
		return nil, fmt.Errorf("sign certificate: %w", err)
	}
	if len(signature) != ed25519.SignatureSize {
		return nil, fmt.Errorf("sign certificate: keyring returned %d bytes, want %d", len(signature), ed25519.SignatureSize)
	}
	der = append(der, certBeforeSignature...)
	return append(der, signature...), nil
}

// MaxCertificateLength bounds what CheckCertificates parses, in bytes. TLS bounds a whole handshake message by 64 KiB.
const MaxCertificateLength = 1 << 16

// CheckCertificates tells whether the certificates that a peer presented, in DER, are the one of expected: exactly one, with
// the Ed25519 key of expected. Names, dates, extensions and the signature on it are of no interest: the pinned key is proven by
// the handshake itself.
func CheckCertificates(chain [][]byte, expected p2ptypes.PeerID) error {
	if len(chain) != 1 {
		return fmt.Errorf("peer presents %d certificates, want 1", len(chain))
	}
	if len(chain[0]) > MaxCertificateLength {
		return fmt.Errorf("certificate has %d bytes, at most %d are allowed", len(chain[0]), MaxCertificateLength)
	}
	certificate, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return fmt.Errorf("certificate does not parse: %w", err)
	}
	if certificate.PublicKeyAlgorithm != x509.Ed25519 {
		return fmt.Errorf("certificate has a key of type %v, want Ed25519", certificate.PublicKeyAlgorithm)
	}
	key, ok := certificate.PublicKey.(ed25519.PublicKey)
	if !ok || len(key) != ed25519.PublicKeySize {
		return errors.New("certificate has no Ed25519 key of 32 bytes")
	}
	if got := p2ptypes.PeerID(key); got != expected {
		return fmt.Errorf("certificate is that of %v, want %v", got, expected)
	}
	return nil
}
