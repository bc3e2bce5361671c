package ocr3config_test

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"golang.org/x/crypto/curve25519"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr3config"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/vectors"
)

type contractConfigJSON struct {
	ConfigCount           vectors.U64
	ConfigDigest          vectors.Hex
	F                     uint8
	OffchainConfig        vectors.Hex
	OffchainConfigVersion vectors.U64
	OnchainConfig         vectors.Hex
	Signers               []vectors.Hex
	Transmitters          []types.Account
}

func (c contractConfigJSON) contractConfig(t testing.TB) types.ContractConfig {
	cc := types.ContractConfig{
		ConfigDigest:          c.ConfigDigest.Array32(t),
		ConfigCount:           uint64(c.ConfigCount),
		Transmitters:          c.Transmitters,
		F:                     c.F,
		OnchainConfig:         c.OnchainConfig,
		OffchainConfigVersion: uint64(c.OffchainConfigVersion),
		OffchainConfig:        c.OffchainConfig,
	}
	for _, signer := range c.Signers {
		cc.Signers = append(cc.Signers, types.OnchainPublicKey(signer))
	}
	return cc
}

type publicConfigJSON struct {
	DeltaProgress, DeltaResend, DeltaInitial, DeltaRound, DeltaGrace, DeltaCertifiedCommitRequest, DeltaStage vectors.Ns
	RMax                                                                                                      vectors.U64
	S                                                                                                         []int
	ReportingPluginConfig                                                                                     vectors.Hex
	MaxDurationInitialization                                                                                 *vectors.Ns
	MaxDurationQuery, MaxDurationObservation                                                                  vectors.Ns
	MaxDurationShouldAcceptAttestedReport, MaxDurationShouldTransmitAcceptedReport                            vectors.Ns
	F                                                                                                         int
	OnchainConfig, ConfigDigest                                                                               vectors.Hex
	OracleIdentities                                                                                          []struct {
		OffchainPublicKey, OnchainPublicKey vectors.Hex
		PeerID                              string
		TransmitAccount                     types.Account
	}
}

func checkPublicConfig(t *testing.T, got ocr3config.PublicConfig, want publicConfigJSON) {
	t.Helper()
	expect := ocr3config.PublicConfig{
		DeltaProgress:                           want.DeltaProgress.D(),
		DeltaResend:                             want.DeltaResend.D(),
		DeltaInitial:                            want.DeltaInitial.D(),
		DeltaCertifiedCommitRequest:             want.DeltaCertifiedCommitRequest.D(),
		DeltaRound:                              want.DeltaRound.D(),
		DeltaGrace:                              want.DeltaGrace.D(),
		DeltaStage:                              want.DeltaStage.D(),
		RMax:                                    uint64(want.RMax),
		S:                                       want.S,
		ReportingPluginConfig:                   got.ReportingPluginConfig, // compared below: nil and empty are equal
		MaxDurationQuery:                        want.MaxDurationQuery.D(),
		MaxDurationObservation:                  want.MaxDurationObservation.D(),
		MaxDurationShouldAcceptAttestedReport:   want.MaxDurationShouldAcceptAttestedReport.D(),
		MaxDurationShouldTransmitAcceptedReport: want.MaxDurationShouldTransmitAcceptedReport.D(),
		F:                                       want.F,
		OnchainConfig:                           got.OnchainConfig,
		ConfigDigest:                            want.ConfigDigest.Array32(t),
	}
	if want.MaxDurationInitialization != nil {
		d := want.MaxDurationInitialization.D()
		expect.MaxDurationInitialization = &d
	}
	for _, identity := range want.OracleIdentities {
		expect.OracleIdentities = append(expect.OracleIdentities, config.OracleIdentity{
			OffchainPublicKey: identity.OffchainPublicKey.Array32(t),
			OnchainPublicKey:  types.OnchainPublicKey(identity.OnchainPublicKey),
			PeerID:            identity.PeerID,
			TransmitAccount:   identity.TransmitAccount,
		})
	}
	if !reflect.DeepEqual(got, expect) {
		t.Errorf("got  %+v\nwant %+v", got, expect)
	}
	if !bytes.Equal(got.ReportingPluginConfig, want.ReportingPluginConfig) || !bytes.Equal(got.OnchainConfig, want.OnchainConfig) {
		t.Errorf("plugin config %x, want %v; onchain config %x, want %v",
			got.ReportingPluginConfig, want.ReportingPluginConfig, got.OnchainConfig, want.OnchainConfig)
	}
}

func TestConfigVectors(t *testing.T) {
	vectors.EachKind(t, "../testdata", []string{"config-ocr3.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"decode":       runDecode,
			"sharedConfig": runSharedConfig,
		},
		Elsewhere: map[string]string{"setConfigEndToEnd": "offchain/ocr3confighelper"},
	})
}

func runDecode(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind                            string
		ContractConfig                  contractConfigJSON
		AppendZeroBytesToOffchainConfig int
	}](t, c.Input)
	want := vectors.DecodeStrict[struct {
		Accepted, AcceptedWhenSkippingChecks bool
		Reason                               string
		PublicConfig                         *publicConfigJSON
		F                                    *int
		RMax                                 *vectors.U64
		S                                    []int
		PeerIDs                              []string
		ReportingPluginConfig                vectors.Hex
	}](t, c.Output)
	cc := in.ContractConfig.contractConfig(t)
	cc.OffchainConfig = append(cc.OffchainConfig, make([]byte, in.AppendZeroBytesToOffchainConfig)...)

	strict, strictErr := ocr3config.PublicConfigFromContractConfig(false, cc)
	lenient, lenientErr := ocr3config.PublicConfigFromContractConfig(true, cc)
	if (strictErr == nil) != want.Accepted {
		t.Errorf("with all checks: %v, want accepted = %v (%s)", strictErr, want.Accepted, want.Reason)
	}
	if (lenientErr == nil) != want.AcceptedWhenSkippingChecks {
		t.Errorf("skipping checks: %v, want accepted = %v (%s)", lenientErr, want.AcceptedWhenSkippingChecks, want.Reason)
	}
	if strictErr != nil && lenientErr != nil {
		if !reflect.DeepEqual(strict, ocr3config.PublicConfig{}) {
			t.Error("a config comes with the error")
		}
		return
	}
	if strictErr == nil && !reflect.DeepEqual(strict, lenient) {
		t.Error("skipping checks changes the config")
	}
	if want.PublicConfig != nil {
		checkPublicConfig(t, lenient, *want.PublicConfig)
	}
	if want.F != nil && lenient.F != *want.F {
		t.Errorf("F %d, want %d", lenient.F, *want.F)
	}
	if want.RMax != nil && lenient.RMax != uint64(*want.RMax) {
		t.Errorf("RMax %d, want %d", lenient.RMax, *want.RMax)
	}
	if want.S != nil && !slices.Equal(lenient.S, want.S) {
		t.Errorf("S %v, want %v", lenient.S, want.S)
	}
	if want.PeerIDs != nil && !slices.Equal(config.PeerIDs(lenient.OracleIdentities), want.PeerIDs) {
		t.Errorf("peer ids %v, want %v", config.PeerIDs(lenient.OracleIdentities), want.PeerIDs)
	}
	if want.ReportingPluginConfig != nil && !bytes.Equal(lenient.ReportingPluginConfig, want.ReportingPluginConfig) {
		t.Errorf("plugin config %x, want %v", lenient.ReportingPluginConfig, want.ReportingPluginConfig)
	}
}

func runSharedConfig(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind           string
		ContractConfig contractConfigJSON
		Self           struct {
			ConfigEncryptionPublicKey, ConfigEncryptionSecretKey vectors.Hex
			OffchainPublicKey, OnchainPublicKey                  vectors.Hex
			OffchainSeed, PeerSeed                               vectors.Hex
			PeerID                                               string
			TransmitAccount                                      types.Account
		}
	}](t, c.Input)
	secretKey := in.Self.ConfigEncryptionSecretKey.Array32(t)
	got, err := ocr3config.SharedConfigFromContractConfig(false, in.ContractConfig.contractConfig(t), config.Self{
		OffchainPublicKey: in.Self.OffchainPublicKey.Array32(t),
		OnchainPublicKey:  types.OnchainPublicKey(in.Self.OnchainPublicKey),
		PeerID:            in.Self.PeerID,
		TransmitAccount:   in.Self.TransmitAccount,
	}, diffieHellman(secretKey))
	if c.Rejected() {
		if err == nil {
			t.Errorf("accepted as oracle %d, want an error: %s", got.OracleID, c.Output)
		}
		return
	}
	want := vectors.DecodeStrict[struct {
		Accepted     bool
		OracleID     commontypes.OracleID
		SharedSecret vectors.Hex
	}](t, c.Output)
	if err != nil {
		t.Fatal(err)
	}
	if got.OracleID != want.OracleID || got.SharedSecret != want.SharedSecret.Array16(t) {
		t.Errorf("oracle %d with secret %x, want %d with %v", got.OracleID, got.SharedSecret[:], want.OracleID, want.SharedSecret)
	}
}

func diffieHellman(secretKey [32]byte) func([32]byte) ([32]byte, error) {
	return func(point [32]byte) ([32]byte, error) {
		shared, err := curve25519.X25519(secretKey[:], point[:])
		if err != nil {
			return [32]byte{}, err
		}
		return [32]byte(shared), nil
	}
}

func TestAPILimitsVectors(t *testing.T) {
	elsewhere := map[string]string{
		"ocr2 endpoint": "offchain/config/ocr2config", "ocr2 plugin": "offchain/config/ocr2config",
		"ocr3 endpoint": "offchain/p2p/limits", "ocr3_1 endpoint": "offchain/p2p/limits",
		"ocr3_1 plugin": "offchain/config/ocr31config", "mercury plugin": "offchain/mercury",
	}
	vectors.EachKind(t, "../testdata", []string{"api-limits.json"}, vectors.Kinds{
		Of: vectors.LimitsKind,
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"ocr3 plugin": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Protocol string
					Limits   ocr3types.ReportingPluginLimits
				}](t, c.Input)
				want := vectors.DecodeStrict[struct {
					Accept     bool
					Violations int
				}](t, c.Output)
				err := ocr3config.CheckPluginLimits(in.Limits)
				if (err == nil) != want.Accept || len(config.Violations(err)) != want.Violations {
					t.Errorf("got %v, want %+v", err, want)
				}
			},
		},
		Elsewhere: elsewhere,
	})
}
