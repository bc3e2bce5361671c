package ocr1config_test

import (
	"bytes"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"golang.org/x/crypto/curve25519"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config/ocr1config"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/test/vectors"
)

type contractConfigJSON struct {
	ConfigDigest          vectors.Hex
	Signers, Transmitters []common.Address
	Threshold             uint8
	EncodedConfigVersion  vectors.U64
	Encoded               vectors.Hex
}

func (c contractConfigJSON) contractConfig(t testing.TB) ocr1types.ContractConfig {
	return ocr1types.ContractConfig{
		ConfigDigest:         c.ConfigDigest.Array16(t),
		Signers:              c.Signers,
		Transmitters:         c.Transmitters,
		Threshold:            c.Threshold,
		EncodedConfigVersion: uint64(c.EncodedConfigVersion),
		Encoded:              c.Encoded,
	}
}

type publicConfigJSON struct {
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

func (want publicConfigJSON) config(t *testing.T) ocr1config.PublicConfig {
	cfg := ocr1config.PublicConfig{
		DeltaProgress: want.DeltaProgress.D(),
		DeltaResend:   want.DeltaResend.D(),
		DeltaRound:    want.DeltaRound.D(),
		DeltaGrace:    want.DeltaGrace.D(),
		DeltaC:        want.DeltaC.D(),
		AlphaPPB:      uint64(want.AlphaPPB),
		DeltaStage:    want.DeltaStage.D(),
		RMax:          want.RMax,
		S:             want.S,
		F:             want.F,
		ConfigDigest:  want.ConfigDigest.Array16(t),
	}
	for _, identity := range want.OracleIdentities {
		cfg.OracleIdentities = append(cfg.OracleIdentities, ocr1config.OracleIdentity{
			OnChainSigningAddress: ocr1types.OnChainSigningAddress(identity.OnChainSigningAddress),
			TransmitAddress:       identity.TransmitAddress,
			OffchainPublicKey:     ocr1types.OffchainPublicKey(identity.OffchainPublicKey),
			PeerID:                identity.PeerID,
		})
	}
	return cfg
}

func TestConfigVectors(t *testing.T) {
	vectors.EachKind(t, "../testdata", []string{"config-ocr1.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"decode":       runDecode,
			"sharedConfig": runSharedConfig,
			"chainClasses": runChainClasses,
		},
		Elsewhere: map[string]string{
			"setConfigEndToEnd":     "offchain/ocr1confighelper",
			"integrationTestHelper": "offchain/ocr1confighelper",
			"onchainSign":           "offchain/evm",
		},
	})
}

func runDecode(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind                     string
		ChainID                  vectors.Dec
		ContractConfig           contractConfigJSON
		SkipChainSpecificChecks  bool
		AppendZeroBytesToEncoded int
	}](t, c.Input)
	want := vectors.DecodeStrict[struct {
		Accepted     bool
		Reason       string
		PublicConfig *publicConfigJSON
		F            *int
		S            []int
		PeerIDs      []string
	}](t, c.Output)
	cc := in.ContractConfig.contractConfig(t)
	cc.Encoded = append(cc.Encoded, make([]byte, in.AppendZeroBytesToEncoded)...)

	got, err := ocr1config.PublicConfigFromContractConfig(in.ChainID.Int, in.SkipChainSpecificChecks, cc)
	if (err == nil) != want.Accepted {
		t.Fatalf("got %v, want accepted = %v (%s)", err, want.Accepted, want.Reason)
	}
	if err != nil {
		if !reflect.DeepEqual(got, ocr1config.PublicConfig{}) {
			t.Error("a config comes with the error")
		}
		return
	}
	if want.PublicConfig != nil {
		if expect := want.PublicConfig.config(t); !reflect.DeepEqual(got, expect) {
			t.Errorf("got  %+v\nwant %+v", got, expect)
		}
	}
	if want.F != nil && got.F != *want.F {
		t.Errorf("F %d, want %d", got.F, *want.F)
	}
	if want.S != nil && !slices.Equal(got.S, want.S) {
		t.Errorf("S %v, want %v", got.S, want.S)
	}
	if want.PeerIDs != nil && !slices.Equal(got.PeerIDs(), want.PeerIDs) {
		t.Errorf("peer ids %v, want %v", got.PeerIDs(), want.PeerIDs)
	}
}

// keyring is that of an oracle as far as configs need it.
type keyring struct {
	ocr1types.PrivateKeys
	address    common.Address
	offchain   []byte
	encryption [32]byte
}

func (k keyring) PublicKeyAddressOnChain() ocr1types.OnChainSigningAddress {
	return ocr1types.OnChainSigningAddress(k.address)
}

func (k keyring) PublicKeyOffChain() ocr1types.OffchainPublicKey { return k.offchain }

func (k keyring) ConfigDiffieHellman(point *[32]byte) (*[32]byte, error) {
	shared, err := curve25519.X25519(k.encryption[:], point[:])
	if err != nil {
		return nil, err
	}
	return (*[32]byte)(shared), nil
}

func runSharedConfig(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind                    string
		ChainID                 vectors.Dec
		ContractConfig          contractConfigJSON
		SkipChainSpecificChecks bool
		Self                    struct {
			ConfigEncryptionPublicKey, ConfigEncryptionSecretKey vectors.Hex
			OffchainPublicKey                                    vectors.Hex
			OnchainPublicKey, TransmitAccount                    common.Address
			OffchainSeed, PeerSeed                               vectors.Hex
			PeerID                                               string
		}
	}](t, c.Input)
	keys := keyring{
		address: in.Self.OnchainPublicKey, offchain: in.Self.OffchainPublicKey, encryption: in.Self.ConfigEncryptionSecretKey.Array32(t),
	}
	got, err := ocr1config.SharedConfigFromContractConfig(in.ChainID.Int, in.SkipChainSpecificChecks, in.ContractConfig.contractConfig(t),
		keys, in.Self.PeerID, in.Self.TransmitAccount)
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

func runChainClasses(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind, Note string
		ChainIDs   []string
	}](t, c.Input)
	want := vectors.DecodeStrict[struct {
		ClassOf  map[string]string
		MinimaNs map[string][]vectors.Ns
	}](t, c.Output)
	if len(in.ChainIDs) == 0 || len(want.ClassOf) != len(in.ChainIDs) {
		t.Fatalf("%d chains, %d classes", len(in.ChainIDs), len(want.ClassOf))
	}
	for text, class := range want.ClassOf {
		id, ok := new(big.Int).SetString(text, 10)
		if !ok {
			t.Fatalf("chain id %q", text)
		}
		if got := ocr1config.ClassOf(id).String(); !strings.Contains(got, class) {
			t.Errorf("chain %s is %s, want %s", id, got, class)
		}
		least := ocr1config.MinimaOf(id)
		var minima []vectors.Ns
		for _, d := range []int64{int64(least.DeltaC), int64(least.DeltaStage), int64(least.DeltaRound), int64(least.DeltaProgress), int64(least.DeltaResend)} {
			minima = append(minima, vectors.Ns(d))
		}
		if !slices.Equal(minima, want.MinimaNs[class]) {
			t.Errorf("least durations of chain %s: %v, want %v", id, minima, want.MinimaNs[class])
		}
	}
}

// What a composer in another place wrote is what this one writes.
func TestCanonicalVectors(t *testing.T) {
	for _, f := range vectors.Files(t, "../testdata", "config-ocr1.json") {
		canonical := 0
		for _, c := range f.Cases {
			if c.Kind() != "setConfigEndToEnd" {
				continue
			}
			want := vectors.Decode[struct {
				SetConfigArgs struct{ Encoded vectors.Hex }
			}](t, c.Output).SetConfigArgs.Encoded
			got, same, err := ocr1config.Canonical(want)
			if err != nil || !same || !bytes.Equal(got, want) {
				t.Errorf("%s: %v (%v)", c.Name, same, err)
			}
			canonical++
		}
		if canonical == 0 {
			t.Error("no cases")
		}
	}
}

// keyOf is the address of a key given in hexadecimal.
func keyOf(t *testing.T, i int) common.Address {
	key, err := crypto.ToECDSA(common.BigToHash(big.NewInt(int64(i + 1))).Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return crypto.PubkeyToAddress(key.PublicKey)
}
