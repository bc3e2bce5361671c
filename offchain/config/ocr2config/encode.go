package ocr2config

import (
	"fmt"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr2config/ocr2configpb"
)

//go:generate go run ../../../internal/cmd/genproto ocr2configpb

// Encode returns the offchain config of cfg: the protobuf encoding with ascending field numbers, without the fields that
// are zero, and with S packed. Everyone who encodes the same values gets the same bytes. F, OnchainConfig, ConfigDigest and
// the identities' onchain keys and accounts are not in it; the contract carries them separately.
//
// It does not check the rules of a config (Check does), only what cannot be written: it fails when a peer id is not valid
// UTF-8, when an element of S does not fit into 32 bits or when the result is longer than 2,000,000 bytes.
func Encode(cfg PublicConfig, encryptions config.SharedSecretEncryptions) ([]byte, error) {
	m := &ocr2configpb.OffchainConfigProto{
		DeltaProgressNanoseconds:                           uint64(cfg.DeltaProgress),
		DeltaResendNanoseconds:                             uint64(cfg.DeltaResend),
		DeltaRoundNanoseconds:                              uint64(cfg.DeltaRound),
		DeltaGraceNanoseconds:                              uint64(cfg.DeltaGrace),
		DeltaStageNanoseconds:                              uint64(cfg.DeltaStage),
		RMax:                                               uint32(cfg.RMax),
		ReportingPluginConfig:                              cfg.ReportingPluginConfig,
		MaxDurationQueryNanoseconds:                        uint64(cfg.MaxDurationQuery),
		MaxDurationObservationNanoseconds:                  uint64(cfg.MaxDurationObservation),
		MaxDurationReportNanoseconds:                       uint64(cfg.MaxDurationReport),
		MaxDurationShouldAcceptFinalizedReportNanoseconds:  uint64(cfg.MaxDurationShouldAcceptFinalizedReport),
		MaxDurationShouldTransmitAcceptedReportNanoseconds: uint64(cfg.MaxDurationShouldTransmitAcceptedReport),
		SharedSecretEncryptions: &ocr2configpb.SharedSecretEncryptionsProto{
			DiffieHellmanPoint: encryptions.DiffieHellmanPoint[:],
			SharedSecretHash:   encryptions.SharedSecretHash[:],
		},
	}
	if cfg.MaxDurationInitialization != nil {
		m.MaxDurationInitializationNanoseconds = proto.Uint64(uint64(*cfg.MaxDurationInitialization))
	}
	for i, element := range cfg.S {
		if int64(element) != int64(uint32(element)) {
			return nil, &config.Violation{Field: fmt.Sprintf("S[%d]", i), Value: element, Rule: "must fit into 32 bits"}
		}
		m.S = append(m.S, uint32(element))
	}
	for i := range cfg.OracleIdentities {
		identity := &cfg.OracleIdentities[i]
		if !utf8.ValidString(identity.PeerID) {
			return nil, &config.Violation{
				Field: fmt.Sprintf("OracleIdentities[%d].PeerID", i), Value: identity.PeerID, Rule: "must be valid UTF-8",
			}
		}
		m.OffchainPublicKeys = append(m.OffchainPublicKeys, identity.OffchainPublicKey[:])
		m.PeerIds = append(m.PeerIds, identity.PeerID)
	}
	for i := range encryptions.Encryptions {
		m.SharedSecretEncryptions.Encryptions = append(m.SharedSecretEncryptions.Encryptions, encryptions.Encryptions[i][:])
	}
	if size := proto.Size(m); size > config.MaxOffchainConfigLength {
		return nil, tooLong(size)
	}
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encoding the offchain config: %w", err)
	}
	return b, nil
}

func tooLong(size int) error {
	return &config.Violation{
		Field: "len(OffchainConfig)", Value: size, Rule: fmt.Sprintf("must be at most %d bytes", config.MaxOffchainConfigLength),
	}
}

// duration reads a duration: a signed count in the bits of an unsigned one.
func duration(nanoseconds uint64) time.Duration {
	return time.Duration(int64(nanoseconds))
}
