package ocr1config

import (
	"fmt"
	"strings"

	"github.com/ocrkit/ocrkit/gen/ocr1"
	"github.com/ocrkit/ocrkit/offchain/config"
)

// Encode returns the encoded config of cfg. Everyone who encodes the same values gets the same bytes. F, ConfigDigest and the
// identities' addresses are not in it; the contract carries them separately.
//
// It does not check the rules of a config (Check does), only what cannot be written: it fails on elements of S beyond 8 bits,
// on offchain keys that have not 32 bytes, on peer ids with a comma, on an empty peer id of the only oracle, and when the
// result is longer than 20,000 bytes.
func Encode(cfg PublicConfig, encryptions config.SharedSecretEncryptions) ([]byte, error) {
	var r config.Report
	for i, element := range cfg.S {
		if element < 0 || element > 255 {
			r.Add(fmt.Sprintf("S[%d]", i), element, "must fit into 8 bits")
		}
	}
	checkIdentities(&r, cfg)
	if err := r.Err(); err != nil {
		return nil, err
	}
	m := message(cfg, encryptions)
	for _, identity := range cfg.OracleIdentities {
		m.OffchainPublicKeys = append(m.OffchainPublicKeys, [32]byte(identity.OffchainPublicKey))
	}
	m.PeerIDs = strings.Join(cfg.PeerIDs(), peerIDSeparator)
	if size := m.Size(); size > MaxEncodedLength {
		return nil, tooLong(size)
	}
	return ocr1.AppendEncodedConfig(nil, m)
}

// message returns the values in the form of the contract, without what belongs to single oracles.
func message(cfg PublicConfig, encryptions config.SharedSecretEncryptions) *ocr1.EncodedConfig {
	m := &ocr1.EncodedConfig{
		DeltaProgress:           int64(cfg.DeltaProgress),
		DeltaResend:             int64(cfg.DeltaResend),
		DeltaRound:              int64(cfg.DeltaRound),
		DeltaGrace:              int64(cfg.DeltaGrace),
		DeltaC:                  int64(cfg.DeltaC),
		AlphaPPB:                cfg.AlphaPPB,
		DeltaStage:              int64(cfg.DeltaStage),
		RMax:                    cfg.RMax,
		SharedSecretEncryptions: ocr1.SharedSecretEncryptions(encryptions),
	}
	for _, element := range cfg.S {
		m.S = append(m.S, uint8(element))
	}
	return m
}
