package ocr2config

import (
	"fmt"

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
			Encryptions:        encryptions.EncryptionsProto(),
		},
	}
	if cfg.MaxDurationInitialization != nil {
		m.MaxDurationInitializationNanoseconds = proto.Uint64(uint64(*cfg.MaxDurationInitialization))
	}
	var err error
	if m.S, err = config.ScheduleProto(cfg.S); err != nil {
		return nil, err
	}
	if m.OffchainPublicKeys, m.PeerIds, err = config.IdentitiesProto(cfg.OracleIdentities); err != nil {
		return nil, err
	}
	if size := proto.Size(m); size > config.MaxOffchainConfigLength {
		return nil, config.TooLong(size)
	}
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encoding the offchain config: %w", err)
	}
	return b, nil
}
