package netconfig_test

import (
	"errors"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/config/netconfig"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/vectors"
)

func TestNetConfigVectors(t *testing.T) {
	vectors.EachKind(t, "../testdata", []string{"config-ocr2.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"netConfig": func(t *testing.T, _ vectors.File, c vectors.Case) {
				cc := contractConfig(t, c)
				got, err := netconfig.FromContractConfig(cc)
				if !c.Rejected() {
					t.Fatalf("this test knows refused cases only, not %s", c.Output)
				}
				if !errors.Is(err, netconfig.ErrUnknownVersion) {
					t.Errorf("version %d: %+v (%v), want ErrUnknownVersion", cc.OffchainConfigVersion, got, err)
				}
			},
			// The network part of a config is accepted as if checks were skipped.
			"decode": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.Decode[struct{ AppendZeroBytesToOffchainConfig int }](t, c.Input)
				want := vectors.Decode[struct {
					AcceptedWhenSkippingChecks bool
					PeerIDs                    []string
				}](t, c.Output)
				cc := contractConfig(t, c)
				cc.OffchainConfig = append(cc.OffchainConfig, make([]byte, in.AppendZeroBytesToOffchainConfig)...)
				got, err := netconfig.FromContractConfig(cc)
				if (err == nil) != want.AcceptedWhenSkippingChecks {
					t.Fatalf("%v, want accepted = %v", err, want.AcceptedWhenSkippingChecks)
				}
				if err != nil {
					return
				}
				if got.ConfigDigest != cc.ConfigDigest || got.F != int(cc.F) || len(got.PeerIDs) != len(cc.Signers) {
					t.Errorf("got %+v for %d signers, F = %d, digest %s", got, len(cc.Signers), cc.F, cc.ConfigDigest)
				}
				for i := range want.PeerIDs {
					if got.PeerIDs[i] != want.PeerIDs[i] {
						t.Errorf("peer id %d is %s, want %s", i, got.PeerIDs[i], want.PeerIDs[i])
					}
				}
			},
		},
		Elsewhere: map[string]string{
			"setConfigEndToEnd":     "offchain/confighelper",
			"integrationTestHelper": "offchain/confighelper",
			"sharedConfig":          "offchain/config/ocr2config",
		},
	})
}

func contractConfig(t *testing.T, c vectors.Case) types.ContractConfig {
	in := vectors.Decode[struct {
		ContractConfig struct {
			ConfigDigest          vectors.Hex
			F                     uint8
			OffchainConfig        vectors.Hex
			OffchainConfigVersion vectors.U64
			Signers               []vectors.Hex
			Transmitters          []types.Account
		}
	}](t, c.Input).ContractConfig
	cc := types.ContractConfig{
		ConfigDigest: in.ConfigDigest.Array32(t), F: in.F, Transmitters: in.Transmitters,
		OffchainConfigVersion: uint64(in.OffchainConfigVersion), OffchainConfig: in.OffchainConfig,
	}
	for _, signer := range in.Signers {
		cc.Signers = append(cc.Signers, types.OnchainPublicKey(signer))
	}
	return cc
}
