package confighelper

import (
	"bytes"
	"crypto/ed25519"
	"math/big"
	"reflect"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"golang.org/x/crypto/curve25519"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/netconfig"
	"github.com/ocrkit/ocrkit/offchain/config/ocr2config"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/vectors"
)

type oracleJSON struct {
	ConfigEncryptionPublicKey, ConfigEncryptionSecretKey vectors.Hex
	OffchainPublicKey, OffchainSeed                      vectors.Hex
	OnchainPublicKey                                     vectors.Hex
	PeerID                                               string
	PeerSeed                                             vectors.Hex
	TransmitAccount                                      types.Account
}

func (o oracleJSON) identity(t *testing.T) OracleIdentity {
	return OracleIdentity{
		OffchainPublicKey: o.OffchainPublicKey.Array32(t),
		OnchainPublicKey:  types.OnchainPublicKey(o.OnchainPublicKey),
		PeerID:            o.PeerID,
		TransmitAccount:   o.TransmitAccount,
	}
}

// extras converts the oracles, and checks that their public keys belong to their secret ones.
func extras(t *testing.T, oracles []oracleJSON) []OracleIdentityExtra {
	var converted []OracleIdentityExtra
	for i, o := range oracles {
		if public := ed25519.NewKeyFromSeed(o.OffchainSeed).Public().(ed25519.PublicKey); !bytes.Equal(public, o.OffchainPublicKey) {
			t.Errorf("oracle %d: offchain key %x, want %v", i, public, o.OffchainPublicKey)
		}
		if id, err := peerid.PeerIDFromPrivateKey(ed25519.NewKeyFromSeed(o.PeerSeed)); err != nil || id.String() != o.PeerID {
			t.Errorf("oracle %d: peer id %s (%v), want %s", i, id, err, o.PeerID)
		}
		converted = append(converted, OracleIdentityExtra{OracleIdentity: o.identity(t), ConfigEncryptionPublicKey: o.ConfigEncryptionPublicKey.Array32(t)})
	}
	return converted
}

// configJSON is a public config, or the parameters of one.
type configJSON struct {
	DeltaProgress, DeltaResend, DeltaRound, DeltaGrace, DeltaStage                  vectors.Ns
	RMax                                                                            uint8
	S                                                                               []int
	ReportingPluginConfig                                                           vectors.Hex
	MaxDurationInitialization                                                       *vectors.Ns
	MaxDurationQuery, MaxDurationObservation, MaxDurationReport                     vectors.Ns
	MaxDurationShouldAcceptFinalizedReport, MaxDurationShouldTransmitAcceptedReport vectors.Ns
	F                                                                               int
	OnchainConfig                                                                   vectors.Hex

	ConfigDigest     vectors.Hex
	OracleIdentities []oracleJSON
}

func (p configJSON) input(oracles []OracleIdentityExtra) SetConfigInput {
	in := SetConfigInput{
		DeltaProgress:                           p.DeltaProgress.D(),
		DeltaResend:                             p.DeltaResend.D(),
		DeltaRound:                              p.DeltaRound.D(),
		DeltaGrace:                              p.DeltaGrace.D(),
		DeltaStage:                              p.DeltaStage.D(),
		RMax:                                    p.RMax,
		S:                                       p.S,
		ReportingPluginConfig:                   p.ReportingPluginConfig,
		MaxDurationQuery:                        p.MaxDurationQuery.D(),
		MaxDurationObservation:                  p.MaxDurationObservation.D(),
		MaxDurationReport:                       p.MaxDurationReport.D(),
		MaxDurationShouldAcceptFinalizedReport:  p.MaxDurationShouldAcceptFinalizedReport.D(),
		MaxDurationShouldTransmitAcceptedReport: p.MaxDurationShouldTransmitAcceptedReport.D(),
		F:                                       p.F,
		OnchainConfig:                           p.OnchainConfig,
		Oracles:                                 oracles,
	}
	if p.MaxDurationInitialization != nil {
		d := p.MaxDurationInitialization.D()
		in.MaxDurationInitialization = &d
	}
	return in
}

// evmDigest is the digest of an EVM contract, straight from its definition.
func evmDigest(t *testing.T, chainID uint64, contract common.Address, count uint64, a EVMSetConfigArgs) types.ConfigDigest {
	var args abi.Arguments
	for _, name := range []string{"uint256", "address", "uint64", "address[]", "address[]", "uint8", "bytes", "uint64", "bytes"} {
		typ, err := abi.NewType(name, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		args = append(args, abi.Argument{Type: typ})
	}
	encoded, err := args.Pack(new(big.Int).SetUint64(chainID), contract, count, a.Signers, a.Transmitters, a.F, a.OnchainConfig,
		a.OffchainConfigVersion, a.OffchainConfig)
	if err != nil {
		t.Fatal(err)
	}
	digest := types.ConfigDigest(crypto.Keccak256(encoded))
	digest[0], digest[1] = 0, 1
	return digest
}

type network struct {
	ChainID         vectors.U64
	ContractAddress vectors.Hex
	ConfigCount     vectors.U64
	Oracles         []oracleJSON
}

// checkResult compares everything that follows from the arguments of setConfig.
func checkResult(t *testing.T, net network, args SetConfigArgs, c vectors.Case) {
	t.Helper()
	want := vectors.DecodeStrict[struct {
		SetConfigArgs struct {
			F                     uint8
			OffchainConfig        vectors.Hex
			OffchainConfigVersion vectors.U64
			OnchainConfig         vectors.Hex
			Signers               []vectors.Hex
			Transmitters          []types.Account
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

	var signers []types.OnchainPublicKey
	for _, signer := range want.SetConfigArgs.Signers {
		signers = append(signers, types.OnchainPublicKey(signer))
	}
	if !reflect.DeepEqual(args.Signers, signers) || !slices.Equal(args.Transmitters, want.SetConfigArgs.Transmitters) ||
		args.F != want.SetConfigArgs.F || !bytes.Equal(args.OnchainConfig, want.SetConfigArgs.OnchainConfig) ||
		args.OffchainConfigVersion != uint64(want.SetConfigArgs.OffchainConfigVersion) {
		t.Errorf("arguments %+v, want %+v", args, want.SetConfigArgs)
	}
	if !bytes.Equal(args.OffchainConfig, want.SetConfigArgs.OffchainConfig) {
		t.Fatalf("offchain config\n%x, want\n%x", args.OffchainConfig, []byte(want.SetConfigArgs.OffchainConfig))
	}
	if canonical, same, err := ocr2config.Canonical(args.OffchainConfig); err != nil || !same {
		t.Errorf("not canonical (%v): %x", err, canonical)
	}

	evm, err := args.EVM()
	if err != nil {
		t.Fatal(err)
	}
	digest := evmDigest(t, uint64(net.ChainID), common.BytesToAddress(net.ContractAddress), uint64(net.ConfigCount), evm)
	if digest != want.ConfigDigest.Array32(t) {
		t.Errorf("digest %s, want %v", digest, want.ConfigDigest)
	}

	cc := args.ContractConfig(digest, uint64(net.ConfigCount))
	public, err := PublicConfigFromContractConfig(false, cc)
	if err != nil {
		// Fast configs are for development mode.
		if public, err = PublicConfigFromContractConfig(true, cc); err != nil {
			t.Fatal(err)
		}
	}
	expect := want.PublicConfig.input(extras(t, net.Oracles)).PublicConfig()
	expect.ConfigDigest = digest
	var identities []OracleIdentity
	for _, o := range want.PublicConfig.OracleIdentities {
		identities = append(identities, o.identity(t))
	}
	if !bytes.Equal(public.OnchainConfig, expect.OnchainConfig) || !bytes.Equal(public.ReportingPluginConfig, expect.ReportingPluginConfig) {
		t.Errorf("opaque parts %x %x, want %x %x",
			public.OnchainConfig, public.ReportingPluginConfig, expect.OnchainConfig, expect.ReportingPluginConfig)
	}
	expect.OnchainConfig, expect.ReportingPluginConfig = public.OnchainConfig, public.ReportingPluginConfig // nil or empty
	if !reflect.DeepEqual(public, expect) || !reflect.DeepEqual(public.OracleIdentities, identities) {
		t.Errorf("public config\n%+v, want\n%+v", public, expect)
	}

	netCfg, err := netconfig.FromContractConfig(cc)
	if err != nil || netCfg.ConfigDigest != want.NetConfig.ConfigDigest.Array32(t) || netCfg.F != want.NetConfig.F ||
		!slices.Equal(netCfg.PeerIDs, want.NetConfig.PeerIDs) {
		t.Errorf("net config %+v (%v), want %+v", netCfg, err, want.NetConfig)
	}

	if len(want.SharedSecretByOracle) != len(net.Oracles) {
		t.Fatalf("%d secrets for %d oracles", len(want.SharedSecretByOracle), len(net.Oracles))
	}
	for i, o := range net.Oracles {
		shared, err := ocr2config.SharedConfigFromContractConfig(true, cc, o.identity(t), func(point [32]byte) ([32]byte, error) {
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
			t.Errorf("oracle %d: id %d, secret %x, want %v", i, shared.OracleID, shared.SharedSecret[:], want.SharedSecretByOracle[i])
		}
		if shared.Keys.LeaderSelection != want.LeaderSelectionKey.Array16(t) || shared.Keys.TransmissionOrder != want.TransmissionOrderKey.Array16(t) {
			t.Errorf("oracle %d: keys %x %x", i, shared.Keys.LeaderSelection[:], shared.Keys.TransmissionOrder[:])
		}
	}
}

func TestSetConfigVectors(t *testing.T) {
	vectors.EachKind(t, "../config/testdata", []string{"config-ocr2.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"setConfigEndToEnd": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.Decode[struct {
					network
					EphemeralSecretKey, SharedSecret, RNG vectors.Hex
					Params                                configJSON
				}](t, c.Input)
				input := in.Params.input(extras(t, in.Oracles))
				secrets := Secrets{config.SharedSecret(in.SharedSecret.Array16(t)), in.EphemeralSecretKey.Array32(t)}
				args, err := NewSetConfigArgs(LevelProduction, input, secrets)
				if c.Rejected() {
					if err == nil {
						t.Error("accepted, want an error")
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				checkResult(t, in.network, args, c)
				if in.RNG != nil {
					source := bytes.NewReader(in.RNG)
					again, err := composeForTests(input, source, source)
					if err != nil || !reflect.DeepEqual(again, args) {
						t.Errorf("drawn from one source: %+v (%v)", again, err)
					}
				}
			},
			"integrationTestHelper": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind               string
					AlphaPPB           vectors.U64
					ChainID            vectors.U64
					ConfigCount        vectors.U64
					ContractAddress    vectors.Hex
					EphemeralSecretKey vectors.Hex
					F                  int
					Oracles            []oracleJSON
				}](t, c.Input)
				oracles := extras(t, in.Oracles)
				signers, transmitters, f, onchainConfig, version, offchainConfig, err :=
					integrationTestArgs(oracles, in.F, uint64(in.AlphaPPB), bytes.NewReader(in.EphemeralSecretKey))
				if err != nil {
					t.Fatal(err)
				}
				args := SetConfigArgs{F: f, OnchainConfig: onchainConfig, OffchainConfigVersion: version, OffchainConfig: offchainConfig}
				for i := range signers {
					args.Signers = append(args.Signers, signers[i].Bytes())
					args.Transmitters = append(args.Transmitters, types.Account(transmitters[i].Hex()))
				}
				checkResult(t, network{in.ChainID, in.ContractAddress, in.ConfigCount, in.Oracles}, args, c)

				// The public function differs in the ephemeral key alone.
				_, _, _, _, _, other, err := ContractSetConfigArgsForEthereumIntegrationTest(oracles, in.F, uint64(in.AlphaPPB))
				if err != nil || len(other) != len(offchainConfig) || bytes.Equal(other, offchainConfig) {
					t.Errorf("with a random key: %x (%v)", other, err)
				}
			},
		},
		Elsewhere: map[string]string{
			"decode":       "offchain/config/ocr2config",
			"sharedConfig": "offchain/config/ocr2config",
			"netConfig":    "offchain/config/netconfig",
		},
	})
}
