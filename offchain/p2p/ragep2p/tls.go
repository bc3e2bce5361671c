package ragep2p

import (
	"crypto"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"

	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

// signer lets TLS sign with a peer keyring.
type signer struct{ keyring p2ptypes.PeerKeyring }

func (s signer) Public() crypto.PublicKey {
	key := s.keyring.PublicKey()
	return ed25519.PublicKey(key[:])
}

func (s signer) Sign(_ io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts.HashFunc() != 0 {
		return nil, errors.New("peer keys sign whole messages, not hashes")
	}
	return s.keyring.Sign(message)
}

// newCertificate makes the certificate that a host presents.
func newCertificate(keyring p2ptypes.PeerKeyring) (tls.Certificate, error) {
	der, err := wire.NewCertificate(keyring)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("own certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: signer{keyring}, Leaf: leaf}, nil
}

// tlsConfig returns the configuration of a connection with peer, for either side: TLS 1.3, both sides authenticated by pinned
// keys, no resumption.
func tlsConfig(certificate tls.Certificate, peer p2ptypes.PeerID) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{certificate},
		MinVersion:   tls.VersionTLS13,
		MaxVersion:   tls.VersionTLS13,
		ClientAuth:   tls.RequireAnyClientCert,
		// The usual chain of trust is replaced by the pinned key.
		InsecureSkipVerify:     true,
		SessionTicketsDisabled: true,
		VerifyPeerCertificate: func(chain [][]byte, _ [][]*x509.Certificate) error {
			return wire.CheckCertificates(chain, peer)
		},
		// Called also if the certificate was not looked at, which cannot be without resumption.
		VerifyConnection: func(state tls.ConnectionState) error {
			if state.DidResume {
				return errors.New("session was resumed")
			}
			return nil
		},
		// Small records help browsers to show the beginning of a page; here they would only cost.
		DynamicRecordSizingDisabled: true,
	}
}
