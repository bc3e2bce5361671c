package ocr2config_test

import (
	"bytes"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"golang.org/x/crypto/curve25519"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr2config"
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
	DeltaProgress, DeltaResend, DeltaRound, DeltaGrace, DeltaStage                  vectors.Ns
	RMax                                                                            uint8
	S                                                                               []int
	ReportingPluginConfig                                                           vectors.Hex
	MaxDurationInitialization                                                       *vectors.Ns
	MaxDurationQuery, MaxDurationObservation, MaxDurationReport                     vectors.Ns
	MaxDurationShouldAcceptFinalizedReport, MaxDurationShouldTransmitAcceptedReport vectors.Ns
	F                                                                               int
	OnchainConfig, ConfigDigest                                                     vectors.Hex
	OracleIdentities                                                                []struct {
		OffchainPublicKey, OnchainPublicKey vectors.Hex
		PeerID                              string
		TransmitAccount                     types.Account
	}
}

func checkPublicConfig(t *testing.T, got ocr2config.PublicConfig, want publicConfigJSON) {
	t.Helper()
	expect := ocr2config.PublicConfig{
		DeltaProgress:                           want.DeltaProgress.D(),
		DeltaResend:                             want.DeltaResend.D(),
		DeltaRound:                              want.DeltaRound.D(),
		DeltaGrace:                              want.DeltaGrace.D(),
		DeltaStage:                              want.DeltaStage.D(),
		RMax:                                    want.RMax,
		S:                                       want.S,
		ReportingPluginConfig:                   got.ReportingPluginConfig, // compared below: nil and empty are equal
		MaxDurationQuery:                        want.MaxDurationQuery.D(),
		MaxDurationObservation:                  want.MaxDurationObservation.D(),
		MaxDurationReport:                       want.MaxDurationReport.D(),
		MaxDurationShouldAcceptFinalizedReport:  want.MaxDurationShouldAcceptFinalizedReport.D(),
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
	vectors.EachKind(t, "../testdata", []string{"config-ocr2.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"decode":       runDecode,
			"sharedConfig": runSharedConfig,
		},
		Elsewhere: map[string]string{
			"setConfigEndToEnd":     "offchain/confighelper",
			"integrationTestHelper": "offchain/confighelper",
			"netConfig":             "offchain/config/netconfig",
		},
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
		RMax                                 *uint8
		S                                    []int
		PeerIDs                              []string
		ReportingPluginConfig                vectors.Hex
	}](t, c.Output)
	cc := in.ContractConfig.contractConfig(t)
	cc.OffchainConfig = append(cc.OffchainConfig, make([]byte, in.AppendZeroBytesToOffchainConfig)...)

	strict, strictErr := ocr2config.PublicConfigFromContractConfig(false, cc)
	lenient, lenientErr := ocr2config.PublicConfigFromContractConfig(true, cc)
	if (strictErr == nil) != want.Accepted {
		t.Errorf("with all checks: %v, want accepted = %v (%s)", strictErr, want.Accepted, want.Reason)
	}
	if (lenientErr == nil) != want.AcceptedWhenSkippingChecks {
		t.Errorf("skipping checks: %v, want accepted = %v (%s)", lenientErr, want.AcceptedWhenSkippingChecks, want.Reason)
	}
	if strictErr != nil && lenientErr != nil {
		if !reflect.DeepEqual(strict, ocr2config.PublicConfig{}) {
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
	if want.RMax != nil && lenient.RMax != *want.RMax {
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
	got, err := ocr2config.SharedConfigFromContractConfig(false, in.ContractConfig.contractConfig(t), config.Self{
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

func identities(n int) []config.OracleIdentity {
	return make([]config.OracleIdentity, n)
}

func TestLimitsVectors(t *testing.T) {
	vectors.EachKind(t, "../testdata", []string{"ocr12-ocr2-limits.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"ocr2EndpointLimits": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind                                                  string
					N                                                     int
					DeltaProgressNs, DeltaResendNs, DeltaRoundNs          vectors.Ns
					MaxObservationLength, MaxQueryLength, MaxReportLength int
					MaxSignatureLength                                    int
				}](t, c.Input)
				got, _, err := ocr2config.EndpointLimits(ocr2config.PublicConfig{
					DeltaProgress: in.DeltaProgressNs.D(), DeltaResend: in.DeltaResendNs.D(), DeltaRound: in.DeltaRoundNs.D(),
					OracleIdentities: identities(in.N),
				}, types.ReportingPluginLimits{
					MaxQueryLength: in.MaxQueryLength, MaxObservationLength: in.MaxObservationLength, MaxReportLength: in.MaxReportLength,
				}, in.MaxSignatureLength)
				want := vectors.DecodeStrict[struct {
					types.BinaryNetworkEndpointLimits
					Reject string
				}](t, c.Output)
				if (err != nil) != (want.Reject != "") || got != want.BinaryNetworkEndpointLimits {
					t.Errorf("got  %+v (%v)\nwant %+v", got, err, want)
				}
			},
			"expirationAgeRounds": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind         string
					DeltaRoundNs vectors.Ns
				}](t, c.Input)
				want := vectors.DecodeStrict[struct{ Rounds int }](t, c.Output)
				if got := ocr2config.FinalizationWindowRounds(in.DeltaRoundNs.D()); got != want.Rounds {
					t.Errorf("%d rounds, want %d", got, want.Rounds)
				}
			},
		},
		Elsewhere: map[string]string{"ocr2LocalConfig": "offchain/localconfig"},
	})
}

func TestAPILimitsVectors(t *testing.T) {
	vectors.EachKind(t, "../testdata", []string{"api-limits.json"}, vectors.Kinds{
		Of: vectors.LimitsKind,
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"ocr2 endpoint": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Protocol                               string
					N, F                                   int
					DeltaProgress, DeltaResend, DeltaRound vectors.Ns
					Limits                                 types.ReportingPluginLimits
					MaxSigLen                              int
				}](t, c.Input)
				got, _, err := ocr2config.EndpointLimits(ocr2config.PublicConfig{
					DeltaProgress: in.DeltaProgress.D(), DeltaResend: in.DeltaResend.D(), DeltaRound: in.DeltaRound.D(),
					OracleIdentities: identities(in.N), F: in.F,
				}, in.Limits, in.MaxSigLen)
				if c.Rejected() {
					if err == nil {
						t.Errorf("got %+v, want an error: %s", got, c.Output)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				want := vectors.DecodeStrict[struct {
					MaxMessageLength, MessagesCapacityPerOracle, BytesCapacityPerOracle int
					MessagesRatePerOracle, BytesRatePerOracle                           string
				}](t, c.Output)
				messages, err1 := strconv.ParseFloat(want.MessagesRatePerOracle, 64)
				bytes, err2 := strconv.ParseFloat(want.BytesRatePerOracle, 64)
				if err1 != nil || err2 != nil {
					t.Fatal(err1, err2)
				}
				if expect := (types.BinaryNetworkEndpointLimits{
					MaxMessageLength:          want.MaxMessageLength,
					MessagesRatePerOracle:     messages,
					MessagesCapacityPerOracle: want.MessagesCapacityPerOracle,
					BytesRatePerOracle:        bytes,
					BytesCapacityPerOracle:    want.BytesCapacityPerOracle,
				}); got != expect {
					t.Errorf("got  %+v\nwant %+v", got, expect)
				}
			},
			"ocr2 plugin": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Protocol string
					Limits   types.ReportingPluginLimits
				}](t, c.Input)
				want := vectors.DecodeStrict[struct {
					Accept     bool
					Violations int
				}](t, c.Output)
				err := ocr2config.CheckPluginLimits(in.Limits)
				if (err == nil) != want.Accept || len(config.Violations(err)) != want.Violations {
					t.Errorf("got %v, want %+v", err, want)
				}
			},
		},
		Elsewhere: map[string]string{
			"ocr3 endpoint":   "offchain/p2p/limits",
			"ocr3 plugin":     "offchain/config/ocr3config",
			"ocr3_1 endpoint": "offchain/p2p/limits",
			"ocr3_1 plugin":   "offchain/config/ocr31config",
			"mercury plugin":  "offchain/mercury",
		},
	})
}
