package deploy

import (
	"context"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/gen/ocr3"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/evm/ocr3keyring"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/types"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// feedKinds are the contracts of OCR3, by the names of their verifiers.
var feedKinds = map[string]netfile.Kind{"ecdsa": netfile.KindOCR3ECDSAFeed, "bls": netfile.KindOCR3BLSFeed}

func eachFeed(t *testing.T, run func(t *testing.T, kind netfile.Kind)) {
	for verifier, kind := range feedKinds {
		t.Run(verifier, func(t *testing.T) { run(t, kind) })
	}
}

func TestFeedIsDeployedAndConfigured(t *testing.T) {
	eachFeed(t, func(t *testing.T, kind netfile.Kind) {
		foreseen, result := deploysAndConfigures(t, testFeed(t, kind, 4))
		if len(foreseen.Findings) > 0 || len(foreseen.Steps) != stepsOfTestFeed {
			t.Errorf("the plan is\n%s", describe(foreseen))
		}
		if !strings.HasPrefix(result.Digest.Hex(), "0c30") || result.Link != (common.Address{}) {
			t.Errorf("the config is %s, link %s", result.Digest, result.Link)
		}
	})
}

// TestLargeFeed has as many oracles as there can be, with the longer keys.
func TestLargeFeed(t *testing.T) {
	network := testFeed(t, netfile.KindOCR3BLSFeed, 31)
	deploysAndConfigures(t, network)
}

func TestFeedInterruptedAnywhere(t *testing.T) {
	interruptedAnywhere(t, 0, stepsOfTestFeed, func() *netfile.Network { return testFeed(t, netfile.KindOCR3ECDSAFeed, 4) })
}

func TestPlanOfChangesToFeed(t *testing.T) {
	eachFeed(t, func(t *testing.T, kind netfile.Kind) {
		fresh := func() *netfile.Network { return testFeed(t, kind, 4) }
		network := fresh()
		c := deploy(t, network)
		prefix := "ocr3-" + kind.Scheme().Name() + "-"
		other := map[netfile.Kind]netfile.Kind{netfile.KindOCR3ECDSAFeed: netfile.KindOCR3BLSFeed, netfile.KindOCR3BLSFeed: netfile.KindOCR3ECDSAFeed}[kind]
		planOfChanges(t, c, network, fresh, []planned{
			{prefix + "timing", func(n *netfile.Network) {
				n.Config.DeltaInitial, n.Config.DeltaCertifiedCommitRequest = 600*time.Millisecond, 2*time.Second
				n.Config.RMax, n.Config.MaxDurationShouldAcceptAttestedReport = 1000, time.Second
			}},
			{prefix + "other-plugin", func(n *netfile.Network) { n.Config.Plugin = netfile.Plugin{Raw: []byte{0xff, 1, 2}} }},
			{prefix + "another-oracle", func(n *netfile.Network) {
				n.Oracles = append(n.Oracles, netfile.Oracle{Name: "new", Public: testBundlesWithBLS(t, 5)[4].Public()})
			}},
			{prefix + "another-signer", func(n *netfile.Network) {
				strange := testBundlesWithBLS(t, 5)[4].Public()
				n.Oracles[2].Public.OnchainAddress, n.Oracles[2].Public.BLSPublicKey = strange.OnchainAddress, strange.BLSPublicKey
			}},
			{prefix + "fixed", func(n *netfile.Network) {
				n.Contract.Decimals, n.Contract.Description, n.Contract.MaxAnswer = 9, "BTC / USD", big.NewInt(5)
			}},
			{prefix + "other-kind", func(n *netfile.Network) { n.Contract.Kind = other }},
			{prefix + "invalid", func(n *netfile.Network) {
				n.Config.DeltaInitial, n.Config.RMax, n.Config.S = time.Minute, 0, []int{1, 1}
				n.Oracles[0].Public.OnchainAddress, n.Oracles[0].Public.BLSPublicKey = keys.Address{}, keys.BLSPublicKey{}
				n.Oracles[1].Payee = common.Address{1}
				n.Oracles[3].Public.OnchainAddress, n.Oracles[3].Public.BLSPublicKey = n.Oracles[2].Public.OnchainAddress, n.Oracles[2].Public.BLSPublicKey
				n.Contract.Billing = &netfile.Billing{}
			}},
		})
	})
}

func TestVerifyFeed(t *testing.T) {
	eachFeed(t, func(t *testing.T, kind netfile.Kind) {
		network := testFeed(t, kind, 4)
		c := deploy(t, network)
		names, bundles := verified(t, c, network, testBundlesWithBLS(t, 4))
		if slices.Contains(names, "payees") || slices.Contains(names, "billing") || len(names) != 10 {
			t.Errorf("verified %q", names)
		}
		verifyDiffers(t, c, network, func() *netfile.Network { return testFeed(t, kind, 4) }, bundles, map[string]func(n *netfile.Network, b map[int]*keys.Bundle){
			"initial":     func(n *netfile.Network, _ map[int]*keys.Bundle) { n.Config.DeltaInitial++ },
			"accept":      func(n *netfile.Network, _ map[int]*keys.Bundle) { n.Config.MaxDurationShouldAcceptAttestedReport++ },
			"many rounds": func(n *netfile.Network, _ map[int]*keys.Bundle) { n.Config.RMax += 256 },
			"signer": func(n *netfile.Network, _ map[int]*keys.Bundle) {
				n.Oracles[0].Public.OnchainAddress, n.Oracles[0].Public.BLSPublicKey = n.Oracles[1].Public.OnchainAddress, n.Oracles[1].Public.BLSPublicKey
			},
			"encryption key": func(n *netfile.Network, _ map[int]*keys.Bundle) { n.Oracles[1].Public.ConfigEncryptionPublicKey[3]++ },
			"decimals":       func(n *netfile.Network, _ map[int]*keys.Bundle) { n.Contract.Decimals++ },
			"bounds":         func(n *netfile.Network, _ map[int]*keys.Bundle) { n.Contract.MaxAnswer = big.NewInt(7) },
			"other keys":     func(_ *netfile.Network, b map[int]*keys.Bundle) { b[0] = testBundlesWithBLS(t, 5)[4] },
			"other signing keys": func(_ *netfile.Network, b map[int]*keys.Bundle) {
				strange := testBundlesWithBLS(t, 5)[4]
				edited := *b[0]
				edited.Onchain, edited.BLS = strange.Onchain, strange.BLS
				b[0] = &edited
			},
		})
	})
}

// attested returns the calldata with which oracles 1 and 3 report an answer.
func attested(t testing.TB, kind netfile.Kind, digest Digest, seqNr uint64, observed time.Time, answer int64) []byte {
	t.Helper()
	report, err := ocr3.AppendFeedReport(nil, ocr3.NewFeedReport(uint32(observed.Unix()), big.NewInt(answer)))
	if err != nil {
		t.Fatal(err)
	}
	var signatures []types.AttributedOnchainSignature
	for i, bundle := range testBundlesWithBLS(t, 4) {
		if i%2 == 0 {
			continue
		}
		makers := map[netfile.Kind]func() (*ocr3keyring.Keyring[struct{}], error){
			netfile.KindOCR3ECDSAFeed: func() (*ocr3keyring.Keyring[struct{}], error) { return ocr3keyring.NewECDSA[struct{}](bundle.Onchain) },
			netfile.KindOCR3BLSFeed: func() (*ocr3keyring.Keyring[struct{}], error) {
				return ocr3keyring.NewBLS[struct{}](bundle.BLS.SecretKey())
			},
		}
		keyring, err := makers[kind]()
		if err != nil {
			t.Fatal(err)
		}
		signature, err := keyring.Sign(digest.ConfigDigest(), seqNr, ocr3types.ReportWithInfo[struct{}]{Report: report})
		if err != nil {
			t.Fatal(err)
		}
		signatures = append(signatures, types.AttributedOnchainSignature{Signature: signature, Signer: commontypes.OracleID(i)})
	}
	attestation, err := kind.Scheme().Attestation(4, 1, signatures)
	if err != nil {
		t.Fatal(err)
	}
	return ocr3.AppendTransmit(nil, &ocr3.TransmitCall{ConfigDigest: digest.ConfigDigest(), SeqNr: seqNr, Report: report, Attestation: attestation})
}

// TestStatusOfFeedAfterReport transmits a report of two oracles, as the network would.
func TestStatusOfFeedAfterReport(t *testing.T) {
	eachFeed(t, func(t *testing.T, kind netfile.Kind) {
		network := testFeed(t, kind, 4)
		c := deploy(t, network)
		ctx := context.Background()
		before, err := ReadStatus(ctx, c, network.Contract.Address, network)
		if err != nil {
			t.Fatal(err)
		}
		if before.Pays || before.RoundID.Sign() != 0 || !slices.Equal(before.Position, []Number{{"seqNr", 0}}) || len(before.Oracles) != 4 || before.Owed().Sign() != 0 {
			t.Errorf("before the first report: %+v", before)
		}
		calldata := attested(t, kind, before.ConfigDigest, 12, before.Time, 200)
		owner := c.owner
		c.owner = testBundlesWithBLS(t, 4)[2].Transmit
		c.sendRaw(t, &network.Contract.Address, calldata)
		c.owner = owner

		s, err := ReadStatus(ctx, c, network.Contract.Address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(s.Position, []Number{{"seqNr", 12}}) || s.Digest != before.ConfigDigest || s.Answer.Int64() != 200 || s.RoundID.Int64() != 1 || !s.Observed.Equal(before.Time) {
			t.Errorf("%v, answer %s, round id %s, observed %s", s.Position, s.Answer, s.RoundID, s.Observed)
		}
		for i, oracle := range s.Oracles {
			if oracle.Transmitter != common.Address(network.Oracles[i].Public.TransmitAccount) || oracle.Balance.Sign() <= 0 || oracle.Owed != nil || oracle.Payee != "" {
				t.Errorf("oracle %d: %+v", i, oracle)
			}
		}
		// The config can be set at any time: nobody has to be paid first.
		network.Config.DeltaRound += time.Second
		if result, err := Apply(ctx, c, network, c.options()); err != nil || result.Count != 2 {
			t.Errorf("%+v, %v", result, err)
		}
	})
}

// TestProtocolsAreNotMixed points network files of one protocol at contracts of another.
func TestProtocolsAreNotMixed(t *testing.T) {
	ctx := context.Background()
	feed := testFeed(t, netfile.KindOCR3ECDSAFeed, 4)
	c := deploy(t, feed)
	wrong := testNetwork(t, 4)
	wrong.Contract.Address = feed.Contract.Address
	if _, err := NewPlan(ctx, c, wrong, Options{Seed: testSeed}); !errors.Is(err, ErrNoContract) ||
		!strings.HasSuffix(err.Error(), `is "OCR3ECDSAFeed 1.0.0", want OCR2Aggregator or AccessControlledOCR2Aggregator`) {
		t.Errorf("an aggregator wanted at a feed: %v", err)
	}
	c, aggregator := deployed(t)
	feed = testFeed(t, netfile.KindOCR3BLSFeed, 4)
	feed.Contract.Address = aggregator.Contract.Address
	if _, err := NewPlan(ctx, c, feed, Options{Seed: testSeed}); !errors.Is(err, ErrNoContract) || !strings.HasSuffix(err.Error(), "want OCR3ECDSAFeed or OCR3BLSFeed") {
		t.Errorf("a feed wanted at an aggregator: %v", err)
	}
	aggregator.Contract.Kind = "OCR9Feed"
	if _, err := NewPlan(ctx, c, aggregator, Options{Seed: testSeed}); !errors.Is(err, ErrNoContract) || !strings.Contains(err.Error(), "OCR9Feed") {
		t.Errorf("an unknown kind: %v", err)
	}
}

// TestUndecodableConfigOfFeed sets what no oracle understands, and repairs it.
func TestUndecodableConfigOfFeed(t *testing.T) {
	eachFeed(t, func(t *testing.T, kind netfile.Kind) {
		network := testFeed(t, kind, 4)
		c := deploy(t, network)
		ctx := context.Background()
		onchainConfig, err := network.OnchainConfig()
		if err != nil {
			t.Fatal(err)
		}
		call := ocr3.SetConfigCall{F: 1, OnchainConfig: onchainConfig, OffchainConfigVersion: 31, OffchainConfig: []byte("garbage")}
		if call.Keys, err = network.KeyList(); err != nil {
			t.Fatal(err)
		}
		_, call.Transmitters = network.Addresses()
		c.sendRaw(t, &network.Contract.Address, ocr3.AppendSetConfig(nil, &call))

		onChain, err := ReadConfig(ctx, c, network.Contract.Address)
		if err != nil {
			t.Fatal(err)
		}
		if !errors.Is(onChain.Problem(), ErrBadConfig) || onChain.Protocol != netfile.OCR3 || onChain.Computed != onChain.Digest {
			t.Errorf("got %v of %s, want ErrBadConfig", onChain.Problem(), onChain.Protocol)
		}
		if decoded := DecodeChainConfig(network.Contract.Address, onChain); !slices.Contains(decoded.Fields, field("offchainConfig", "0x67617262616765")) {
			t.Errorf("decoded as %v", decoded.Fields)
		}
		if v, err := Verify(ctx, c, network, Options{Seed: testSeed}, nil); err != nil || v.OK() {
			t.Errorf("verified (%v)", err)
		}
		if result, err := Apply(ctx, c, network, c.options()); err != nil || result.Count != 3 {
			t.Errorf("%+v, %v", result, err)
		}
	})
}

func TestDecodeOCR3(t *testing.T) {
	var blobs []blob
	for _, verifier := range []string{"ecdsa", "bls"} {
		kind := feedKinds[verifier]
		composed, err := Compose(testFeed(t, kind, 4), common.Address{7}, 1, testSeed, false)
		if err != nil {
			t.Fatal(err)
		}
		blobs = append(blobs, blob{verifier + " setConfig", composed.Calldata})
		if verifier == "ecdsa" {
			blobs = append(blobs, blob{"offchain config", composed.OffchainConfig})
		}
		blobs = append(blobs, blob{verifier + " transmit", attested(t, kind, composed.Digest, 9, time.Unix(1_700_000_000, 0), -5)})
	}
	report, err := ocr3.AppendFeedReport(nil, ocr3.NewFeedReport(1_700_000_000, big.NewInt(-5)))
	if err != nil {
		t.Fatal(err)
	}
	decodeGolden(t, "decode-ocr3.golden", append(blobs, blob{"report", report}, blob{"transferOwnership", ocr3ABI.PackTransferOwnership(common.Address{1})}))

	// What is no key list of a known kind is shown all the same.
	decoded, err := Decode(ocr3.AppendSetConfig(nil, &ocr3.SetConfigCall{Keys: []byte{1, 2, 3}, Transmitters: []common.Address{{1}}}), BlobAuto)
	if err != nil || !slices.Contains(decoded.Fields, field("keys", "0x010203")) {
		t.Errorf("strange keys: %+v, %v", decoded, err)
	}
	strange := ocr3.AppendTransmit(nil, &ocr3.TransmitCall{Report: []byte{1}, Attestation: []byte{2}})
	if decoded, err := Decode(strange, BlobAuto); err != nil || !slices.Contains(decoded.Fields, field("attestation", "0x02")) || !slices.Contains(decoded.Fields, field("report", "0x01")) {
		t.Errorf("a strange transmission: %+v, %v", decoded, err)
	}
}

// TestConfigOfOCR3InContractOfOCR2 sets a config of OCR3 in a contract whose form is that of OCR2, as the contracts of Mercury have it.
func TestConfigOfOCR3InContractOfOCR2(t *testing.T) {
	c, network := deployed(t)
	ctx := context.Background()
	composed, err := Compose(testFeed(t, netfile.KindOCR3ECDSAFeed, 4), common.Address{7}, 1, testSeed, false)
	if err != nil {
		t.Fatal(err)
	}
	call := ocr2.SetConfigCall{F: 1, OnchainConfig: composed.OnchainConfig, OffchainConfigVersion: config.OCR3Version, OffchainConfig: composed.OffchainConfig}
	call.Signers, call.Transmitters = network.Addresses()
	c.sendRaw(t, &network.Contract.Address, ocr2.AppendSetConfig(nil, &call))
	onChain, err := ReadConfig(ctx, c, network.Contract.Address)
	if err != nil {
		t.Fatal(err)
	}
	if err := onChain.Problem(); err != nil || onChain.PlainErr != nil || onChain.Protocol != netfile.OCR2 {
		t.Errorf("%v, %v, of %s", err, onChain.PlainErr, onChain.Protocol)
	}
	if decoded := DecodeChainConfig(network.Contract.Address, onChain); !slices.Contains(decoded.Fields, field("config.deltaInitial", "500ms")) {
		t.Errorf("decoded as %v", decoded.Fields)
	}
	// It is not the config of the network, all the same.
	if v, err := Verify(ctx, c, network, Options{}, nil); err != nil || v.OK() {
		t.Errorf("verified (%v)", err)
	}
}
