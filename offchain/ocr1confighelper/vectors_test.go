package ocr1confighelper

import (
	"bytes"
	"crypto/ed25519"
	"math/big"
	"reflect"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"golang.org/x/crypto/curve25519"

	"github.com/ocrkit/ocrkit/gen/ocr1"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/config/ocr1config"
	"github.com/ocrkit/ocrkit/offchain/confighelper"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/test/vectors"
)

type oracleJSON struct {
	ConfigEncryptionPublicKey, ConfigEncryptionSecretKey vectors.Hex
	OffchainPublicKey, OffchainSeed                      vectors.Hex
	OnchainPublicKey, TransmitAccount                    common.Address
	PeerID                                               string
	PeerSeed                                             vectors.Hex
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
		converted = append(converted, OracleIdentityExtra{
			OracleIdentity: OracleIdentity{
				OnChainSigningAddress: ocr1types.OnChainSigningAddress(o.OnchainPublicKey),
				TransmitAddress:       o.TransmitAccount,
				OffchainPublicKey:     ocr1types.OffchainPublicKey(o.OffchainPublicKey),
				PeerID:                o.PeerID,
			},
			SharedSecretEncryptionPublicKey: o.ConfigEncryptionPublicKey.Array32(t),
		})
	}
	return converted
}

// keyring is that of an oracle as far as configs need it.
type keyring struct {
	ocr1types.PrivateKeys
	oracleJSON
}

func (k keyring) PublicKeyAddressOnChain() ocr1types.OnChainSigningAddress {
	return ocr1types.OnChainSigningAddress(k.OnchainPublicKey)
}

func (k keyring) PublicKeyOffChain() ocr1types.OffchainPublicKey {
	return ocr1types.OffchainPublicKey(k.OffchainPublicKey)
}

func (k keyring) ConfigDiffieHellman(point *[32]byte) (*[32]byte, error) {
	shared, err := curve25519.X25519(k.ConfigEncryptionSecretKey, point[:])
	if err != nil {
		return nil, err
	}
	return (*[32]byte)(shared), nil
}

type configJSON struct {
	DeltaProgress, DeltaResend, DeltaRound, DeltaGrace, DeltaC, DeltaStage vectors.Ns
	AlphaPPB                                                               vectors.U64
	RMax                                                                   uint8
	S                                                                      []int
	F                                                                      int
	ConfigDigest                                                           vectors.Hex
	OracleIdentities                                                       []struct {
		OffchainPublicKey                      vectors.Hex
		OnChainSigningAddress, TransmitAddress common.Address
		PeerID                                 string
	}
}

func (p configJSON) config() PublicConfig {
	return PublicConfig{
		DeltaProgress: p.DeltaProgress.D(),
		DeltaResend:   p.DeltaResend.D(),
		DeltaRound:    p.DeltaRound.D(),
		DeltaGrace:    p.DeltaGrace.D(),
		DeltaC:        p.DeltaC.D(),
		AlphaPPB:      uint64(p.AlphaPPB),
		DeltaStage:    p.DeltaStage.D(),
		RMax:          p.RMax,
		S:             p.S,
		F:             p.F,
	}
}

type network struct {
	ContractAddress common.Address
	ConfigCount     vectors.U64
	Oracles         []oracleJSON
}

// checkResult compares everything that follows from the arguments of setConfig.
func checkResult(t *testing.T, net network, call *ocr1.SetConfigCall, c vectors.Case) {
	t.Helper()
	want := vectors.DecodeStrict[struct {
		SetConfigArgs struct {
			Encoded               vectors.Hex
			EncodedConfigVersion  vectors.U64
			Signers, Transmitters []common.Address
			Threshold             uint8
		}
		ConfigDigest                             vectors.Hex
		PublicConfig                             configJSON
		LeaderSelectionKey, TransmissionOrderKey vectors.Hex
		SharedSecretByOracle                     []vectors.Hex
	}](t, c.Output)
	if expect := (&ocr1.SetConfigCall{
		Signers: want.SetConfigArgs.Signers, Transmitters: want.SetConfigArgs.Transmitters, Threshold: want.SetConfigArgs.Threshold,
		EncodedConfigVersion: uint64(want.SetConfigArgs.EncodedConfigVersion), Encoded: want.SetConfigArgs.Encoded,
	}); !reflect.DeepEqual(call, expect) {
		t.Fatalf("arguments\n%x, want\n%x", call, expect)
	}
	cc := ContractConfigFromEvent(net.ContractAddress, &ocr1.ConfigSet{
		ConfigCount: uint64(net.ConfigCount), Signers: call.Signers, Transmitters: call.Transmitters, Threshold: call.Threshold,
		EncodedConfigVersion: call.EncodedConfigVersion, Encoded: call.Encoded,
	})
	if cc.ConfigDigest != want.ConfigDigest.Array16(t) {
		t.Errorf("digest %s, want %v", cc.ConfigDigest, want.ConfigDigest)
	}

	public, err := PublicConfigFromContractConfig(nil, true, cc)
	if err != nil {
		t.Fatal(err)
	}
	expect := SetConfigInput{want.PublicConfig.config(), extras(t, net.Oracles)}.Complete()
	expect.ConfigDigest = cc.ConfigDigest
	if !reflect.DeepEqual(public, expect) {
		t.Errorf("public config\n%+v, want\n%+v", public, expect)
	}
	for i, identity := range want.PublicConfig.OracleIdentities {
		if got := public.OracleIdentities[i]; !bytes.Equal(got.OffchainPublicKey, identity.OffchainPublicKey) || got.PeerID != identity.PeerID ||
			common.Address(got.OnChainSigningAddress) != identity.OnChainSigningAddress || got.TransmitAddress != identity.TransmitAddress {
			t.Errorf("oracle %d: %+v, want %+v", i, got, identity)
		}
	}

	if len(want.SharedSecretByOracle) != len(net.Oracles) {
		t.Fatalf("%d secrets for %d oracles", len(want.SharedSecretByOracle), len(net.Oracles))
	}
	for i, o := range net.Oracles {
		shared, err := ocr1config.SharedConfigFromContractConfig(nil, true, cc, keyring{oracleJSON: o}, o.PeerID, o.TransmitAccount)
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
	vectors.EachKind(t, "../config/testdata", []string{"config-ocr1.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"setConfigEndToEnd": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind                                  string
					ContractAddress                       common.Address
					ConfigCount                           vectors.U64
					Oracles                               []oracleJSON
					EphemeralSecretKey, SharedSecret, RNG vectors.Hex
					Params                                configJSON
				}](t, c.Input)
				input := SetConfigInput{in.Params.config(), extras(t, in.Oracles)}
				secrets := confighelper.Secrets{SharedSecret: in.SharedSecret.Array16(t), EphemeralSecretKey: in.EphemeralSecretKey.Array32(t)}
				call, err := NewSetConfigArgs(big.NewInt(1337), confighelper.LevelProduction, input, secrets)
				if err != nil {
					t.Fatal(err)
				}
				checkResult(t, network{in.ContractAddress, in.ConfigCount, in.Oracles}, call, c)
				again, err := compose(input, bytes.NewReader(in.RNG))
				if err != nil || !reflect.DeepEqual(again, call) {
					t.Errorf("drawn from one source: %+v (%v)", again, err)
				}
			},
			"integrationTestHelper": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind                    string
					AlphaPPB                vectors.U64
					ConfigCount             vectors.U64
					ContractAddress         common.Address
					EphemeralSecretKey, RNG vectors.Hex
					F                       int
					Oracles                 []oracleJSON
				}](t, c.Input)
				oracles := extras(t, in.Oracles)
				signers, transmitters, threshold, version, encoded, err := integrationTestArgs(oracles, in.F, uint64(in.AlphaPPB), bytes.NewReader(in.RNG))
				if err != nil {
					t.Fatal(err)
				}
				checkResult(t, network{in.ContractAddress, in.ConfigCount, in.Oracles}, &ocr1.SetConfigCall{
					Signers: signers, Transmitters: transmitters, Threshold: threshold, EncodedConfigVersion: version, Encoded: encoded,
				}, c)

				// The public function differs in the ephemeral key alone.
				_, _, _, _, other, err := ContractSetConfigArgsForIntegrationTest(oracles, in.F, uint64(in.AlphaPPB))
				if err != nil || len(other) != len(encoded) || bytes.Equal(other, encoded) {
					t.Errorf("with a random key: %x (%v)", other, err)
				}
			},
		},
		Elsewhere: map[string]string{
			"decode":       "offchain/config/ocr1config",
			"sharedConfig": "offchain/config/ocr1config",
			"chainClasses": "offchain/config/ocr1config",
			"onchainSign":  "offchain/evm",
		},
	})
}
