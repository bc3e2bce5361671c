package ocr3confighelper_test

import (
	"bytes"
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/curve25519"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/netconfig"
	"github.com/ocrkit/ocrkit/offchain/config/ocr3config"
	"github.com/ocrkit/ocrkit/offchain/confighelper"
	"github.com/ocrkit/ocrkit/offchain/evm/evmutil"
	. "github.com/ocrkit/ocrkit/offchain/ocr3confighelper"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/vectors"
)

type identityJSON struct {
	OffchainPublicKey, OnchainPublicKey vectors.Hex
	PeerID                              string
	TransmitAccount                     types.Account
}

func (o identityJSON) identity(t *testing.T) confighelper.OracleIdentity {
	return confighelper.OracleIdentity{
		OffchainPublicKey: o.OffchainPublicKey.Array32(t), OnchainPublicKey: types.OnchainPublicKey(o.OnchainPublicKey),
		PeerID: o.PeerID, TransmitAccount: o.TransmitAccount,
	}
}

type oracleJSON struct {
	identityJSON
	ConfigEncryptionPublicKey, ConfigEncryptionSecretKey, OffchainSeed, PeerSeed vectors.Hex
}

type configJSON struct {
	DeltaProgress, DeltaResend, DeltaInitial, DeltaRound, DeltaGrace, DeltaCertifiedCommitRequest, DeltaStage vectors.Ns
	RMax                                                                                                      vectors.U64
	S                                                                                                         []int
	ReportingPluginConfig, OnchainConfig                                                                      vectors.Hex
	MaxDurationInitialization                                                                                 *vectors.Ns
	MaxDurationQuery, MaxDurationObservation                                                                  vectors.Ns
	MaxDurationShouldAcceptAttestedReport, MaxDurationShouldTransmitAcceptedReport                            vectors.Ns
	F                                                                                                         int
	ConfigDigest                                                                                              vectors.Hex
	OracleIdentities                                                                                          []identityJSON
}

func (p configJSON) initialization() *time.Duration {
	if p.MaxDurationInitialization == nil {
		return nil
	}
	d := p.MaxDurationInitialization.D()
	return &d
}

func (p configJSON) public(t *testing.T) PublicConfig {
	cfg := PublicConfig{
		DeltaProgress: p.DeltaProgress.D(), DeltaResend: p.DeltaResend.D(), DeltaInitial: p.DeltaInitial.D(), DeltaRound: p.DeltaRound.D(),
		DeltaGrace: p.DeltaGrace.D(), DeltaCertifiedCommitRequest: p.DeltaCertifiedCommitRequest.D(), DeltaStage: p.DeltaStage.D(),
		RMax: uint64(p.RMax), S: p.S, ReportingPluginConfig: p.ReportingPluginConfig, OnchainConfig: p.OnchainConfig,
		MaxDurationInitialization: p.initialization(), MaxDurationQuery: p.MaxDurationQuery.D(), MaxDurationObservation: p.MaxDurationObservation.D(),
		MaxDurationShouldAcceptAttestedReport:   p.MaxDurationShouldAcceptAttestedReport.D(),
		MaxDurationShouldTransmitAcceptedReport: p.MaxDurationShouldTransmitAcceptedReport.D(), F: p.F,
	}
	for _, o := range p.OracleIdentities {
		cfg.OracleIdentities = append(cfg.OracleIdentities, o.identity(t))
	}
	return cfg
}

func TestSetConfigVectors(t *testing.T) {
	vectors.EachKind(t, "../config/testdata", []string{"config-ocr3.json"}, vectors.Kinds{
		Run:       map[string]func(*testing.T, vectors.File, vectors.Case){"setConfigEndToEnd": endToEnd},
		Elsewhere: map[string]string{"decode": "offchain/config/ocr3config", "sharedConfig": "offchain/config/ocr3config"},
	})
}

func endToEnd(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.Decode[struct {
		ChainID, ConfigCount             vectors.U64
		ContractAddress                  vectors.Hex
		EphemeralSecretKey, SharedSecret vectors.Hex
		Oracles                          []oracleJSON
		Params                           configJSON
	}](t, c.Input)
	want := vectors.DecodeStrict[struct {
		SetConfigArgs struct {
			F                             uint8
			OffchainConfig, OnchainConfig vectors.Hex
			OffchainConfigVersion         vectors.U64
			Signers                       []vectors.Hex
			Transmitters                  []types.Account
		}
		ConfigDigest vectors.Hex
		PublicConfig configJSON
		NetConfig    struct {
			ConfigDigest vectors.Hex
			F            int
			PeerIDs      []string
		}
		LeaderSelectionKey, TransmissionOrderKey vectors.Hex
		SharedSecretByOracle                     []vectors.Hex
	}](t, c.Output)
	var oracles []confighelper.OracleIdentityExtra
	for _, o := range in.Oracles {
		oracles = append(oracles, confighelper.OracleIdentityExtra{OracleIdentity: o.identity(t), ConfigEncryptionPublicKey: o.ConfigEncryptionPublicKey.Array32(t)})
	}
	p := in.Params
	signers, transmitters, f, onchainConfig, version, offchainConfig, err := ContractSetConfigArgsDeterministic(
		in.EphemeralSecretKey.Array32(t), in.SharedSecret.Array16(t),
		p.DeltaProgress.D(), p.DeltaResend.D(), p.DeltaInitial.D(), p.DeltaRound.D(), p.DeltaGrace.D(), p.DeltaCertifiedCommitRequest.D(),
		p.DeltaStage.D(), uint64(p.RMax), p.S, oracles, p.ReportingPluginConfig, p.initialization(), p.MaxDurationQuery.D(),
		p.MaxDurationObservation.D(), p.MaxDurationShouldAcceptAttestedReport.D(), p.MaxDurationShouldTransmitAcceptedReport.D(), p.F, p.OnchainConfig)
	if err != nil {
		t.Fatal(err)
	}
	for i, signer := range signers {
		if !bytes.Equal(signer, want.SetConfigArgs.Signers[i]) {
			t.Errorf("signer %d: %x", i, signer)
		}
	}
	if !slices.Equal(transmitters, want.SetConfigArgs.Transmitters) || f != want.SetConfigArgs.F || version != uint64(want.SetConfigArgs.OffchainConfigVersion) ||
		!bytes.Equal(onchainConfig, want.SetConfigArgs.OnchainConfig) {
		t.Errorf("%v %d %d %x, want %+v", transmitters, f, version, onchainConfig, want.SetConfigArgs)
	}
	if !bytes.Equal(offchainConfig, want.SetConfigArgs.OffchainConfig) {
		t.Fatalf("offchain config\n%x, want\n%x", offchainConfig, []byte(want.SetConfigArgs.OffchainConfig))
	}
	if canonical, same, err := ocr3config.Canonical(offchainConfig); err != nil || !same {
		t.Errorf("not canonical (%v): %x", err, canonical)
	}
	cc := types.ContractConfig{
		ConfigCount: uint64(in.ConfigCount), Signers: signers, Transmitters: transmitters, F: f, OnchainConfig: onchainConfig,
		OffchainConfigVersion: version, OffchainConfig: offchainConfig,
	}
	cc.ConfigDigest, err = evmutil.EVMOffchainConfigDigester{ChainID: uint64(in.ChainID), ContractAddress: common.BytesToAddress(in.ContractAddress)}.ConfigDigest(context.Background(), cc)
	if err != nil || cc.ConfigDigest != want.ConfigDigest.Array32(t) {
		t.Errorf("digest %s (%v), want %s", cc.ConfigDigest, err, want.ConfigDigest)
	}
	public, err := PublicConfigFromContractConfig(true, cc)
	if err != nil {
		t.Fatal(err)
	}
	expect := want.PublicConfig.public(t)
	expect.ConfigDigest = cc.ConfigDigest
	if !bytes.Equal(public.OnchainConfig, expect.OnchainConfig) || !bytes.Equal(public.ReportingPluginConfig, expect.ReportingPluginConfig) {
		t.Errorf("opaque parts %x %x", public.OnchainConfig, public.ReportingPluginConfig)
	}
	expect.OnchainConfig, expect.ReportingPluginConfig = public.OnchainConfig, public.ReportingPluginConfig // nil or empty
	if !reflect.DeepEqual(public, expect) {
		t.Errorf("public config\n%+v, want\n%+v", public, expect)
	}
	net, err := netconfig.FromContractConfig(cc)
	if err != nil || net.ConfigDigest != want.NetConfig.ConfigDigest.Array32(t) || net.F != want.NetConfig.F || !slices.Equal(net.PeerIDs, want.NetConfig.PeerIDs) {
		t.Errorf("net config %+v (%v), want %+v", net, err, want.NetConfig)
	}
	if len(want.SharedSecretByOracle) != len(in.Oracles) {
		t.Fatalf("%d secrets for %d oracles", len(want.SharedSecretByOracle), len(in.Oracles))
	}
	for i, o := range in.Oracles {
		self := o.identity(t)
		shared, err := ocr3config.SharedConfigFromContractConfig(true, cc, config.Self(self), func(point [32]byte) ([32]byte, error) {
			b, err := curve25519.X25519(o.ConfigEncryptionSecretKey, point[:])
			if err != nil {
				return [32]byte{}, err
			}
			return [32]byte(b), nil
		})
		if err != nil {
			t.Fatalf("oracle %d: %v", i, err)
		}
		if shared.OracleID != commontypes.OracleID(i) || shared.SharedSecret != want.SharedSecretByOracle[i].Array16(t) {
			t.Errorf("oracle %d: id %d, secret %x", i, shared.OracleID, shared.SharedSecret[:])
		}
		if shared.Keys.LeaderSelection != want.LeaderSelectionKey.Array16(t) || shared.Keys.TransmissionOrder != want.TransmissionOrderKey.Array16(t) {
			t.Errorf("oracle %d: keys %x %x", i, shared.Keys.LeaderSelection, shared.Keys.TransmissionOrder)
		}
	}
}

func TestRandomSecrets(t *testing.T) {
	oracle := confighelper.OracleIdentityExtra{OracleIdentity: confighelper.OracleIdentity{
		OnchainPublicKey: make([]byte, 20), PeerID: "p", TransmitAccount: "a",
	}, ConfigEncryptionPublicKey: types.ConfigEncryptionPublicKey{9}}
	var before []byte
	for range 2 {
		_, _, _, _, version, offchainConfig, err := ContractSetConfigArgsForTestsMercuryV02(time.Second, time.Second, time.Second, 0, 0, time.Second, 0, 3,
			[]int{1}, []confighelper.OracleIdentityExtra{oracle}, nil, nil, time.Second, 0, nil)
		if err != nil || version != config.OCR3Version || bytes.Equal(before, offchainConfig) {
			t.Fatalf("version %d, %v, the same secrets twice: %t", version, err, bytes.Equal(before, offchainConfig))
		}
		before = offchainConfig
	}
	if _, _, _, _, _, _, err := ContractSetConfigArgsForTestsMercuryV02(time.Second, time.Second, time.Second, 0, 0, time.Second, 0, 0,
		[]int{1}, []confighelper.OracleIdentityExtra{oracle}, nil, nil, time.Second, 0, nil); len(config.Violations(err)) != 1 {
		t.Errorf("RMax 0: %v", err)
	}
}
