package config_test

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"strconv"
	"testing"
	"time"

	"golang.org/x/crypto/curve25519"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/vectors"
)

// diffieHellman is what a keyring with the secret key does.
func diffieHellman(secretKey [32]byte) func([32]byte) ([32]byte, error) {
	return func(point [32]byte) ([32]byte, error) {
		shared, err := curve25519.X25519(secretKey[:], point[:])
		if err != nil {
			return [32]byte{}, err
		}
		return [32]byte(shared), nil
	}
}

func encryptionKeys(t *testing.T, keys []vectors.Hex) []types.ConfigEncryptionPublicKey {
	var converted []types.ConfigEncryptionPublicKey
	for _, key := range keys {
		converted = append(converted, key.Array32(t))
	}
	return converted
}

func TestSharedSecretVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"config-shared-secret.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"encrypt": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind               string
					EphemeralSecretKey vectors.Hex
					SharedSecret       vectors.Hex
					PublicKeys         []vectors.Hex
				}](t, c.Input)
				got, err := config.EncryptSharedSecret(encryptionKeys(t, in.PublicKeys), in.SharedSecret.Array16(t), in.EphemeralSecretKey.Array32(t))
				if c.Rejected() {
					if err == nil {
						t.Fatalf("accepted, want an error: %s", c.Output)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				want := vectors.DecodeStrict[struct {
					DiffieHellmanPoint vectors.Hex
					SharedSecretHash   vectors.Hex
					Oracles            []struct {
						ConfigEncryptionPublicKey vectors.Hex
						ConfigEncryptionSecretKey vectors.Hex
						SharedPoint               vectors.Hex
						AESKey                    vectors.Hex
						Encryption                vectors.Hex
					}
				}](t, c.Output)
				if got.DiffieHellmanPoint != want.DiffieHellmanPoint.Array32(t) {
					t.Errorf("point %x, want %v", got.DiffieHellmanPoint, want.DiffieHellmanPoint)
				}
				if got.SharedSecretHash != want.SharedSecretHash.Array32(t) {
					t.Errorf("hash %x, want %v", got.SharedSecretHash, want.SharedSecretHash)
				}
				if len(got.Encryptions) != len(want.Oracles) {
					t.Fatalf("%d encryptions, want %d", len(got.Encryptions), len(want.Oracles))
				}
				for i, oracle := range want.Oracles {
					if got.Encryptions[i] != oracle.Encryption.Array16(t) {
						t.Errorf("encryption %d is %x, want %v", i, got.Encryptions[i], oracle.Encryption)
					}
					secretKey := oracle.ConfigEncryptionSecretKey.Array32(t)
					shared, err := diffieHellman(secretKey)(got.DiffieHellmanPoint)
					if err != nil || shared != oracle.SharedPoint.Array32(t) {
						t.Errorf("oracle %d: shared point %x (%v), want %v", i, shared, err, oracle.SharedPoint)
					}
					secret, err := got.Decrypt(commontypes.OracleID(i), diffieHellman(secretKey))
					if err != nil || secret != in.SharedSecret.Array16(t) {
						t.Errorf("oracle %d decrypts %x (%v), want %v", i, secret[:], err, in.SharedSecret)
					}
				}
			},
			"encryptFromReader": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind         string
					SharedSecret vectors.Hex
					PublicKeys   []vectors.Hex
					RandomBytes  vectors.Hex
				}](t, c.Input)
				random := bytes.NewReader(in.RandomBytes)
				got, err := config.EncryptSharedSecretFromReader(encryptionKeys(t, in.PublicKeys), in.SharedSecret.Array16(t), random)
				if c.Rejected() {
					if err == nil {
						t.Fatalf("accepted, want an error: %s", c.Output)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				want := vectors.Decode[struct{ DiffieHellmanPoint vectors.Hex }](t, c.Output)
				if got.DiffieHellmanPoint != want.DiffieHellmanPoint.Array32(t) {
					t.Errorf("point %x, want %v", got.DiffieHellmanPoint, want.DiffieHellmanPoint)
				}
			},
			"decrypt": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind                      string
					ConfigEncryptionSecretKey vectors.Hex
					DiffieHellmanPoint        vectors.Hex
					SharedSecretHash          vectors.Hex
					Encryptions               []vectors.Hex
					OracleID                  uint8
				}](t, c.Input)
				sse := config.SharedSecretEncryptions{
					DiffieHellmanPoint: in.DiffieHellmanPoint.Array32(t), SharedSecretHash: in.SharedSecretHash.Array32(t),
				}
				for _, encryption := range in.Encryptions {
					sse.Encryptions = append(sse.Encryptions, encryption.Array16(t))
				}
				secret, err := sse.Decrypt(commontypes.OracleID(in.OracleID), diffieHellman(in.ConfigEncryptionSecretKey.Array32(t)))
				if c.Rejected() {
					if err == nil {
						t.Fatalf("decrypted %x, want an error: %s", secret[:], c.Output)
					}
					return
				}
				want := vectors.DecodeStrict[struct{ SharedSecret vectors.Hex }](t, c.Output)
				if err != nil || secret != want.SharedSecret.Array16(t) {
					t.Errorf("decrypted %x (%v), want %v", secret[:], err, want.SharedSecret)
				}
			},
		},
	})
}

// delays are per oracle, in nanoseconds; nil does not transmit.
func checkDelays(t *testing.T, what string, got []config.TransmitDelay, want []*vectors.Ns) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d delays, want %d", what, len(got), len(want))
	}
	for i := range want {
		switch {
		case want[i] == nil && got[i].Transmits:
			t.Errorf("%s: oracle %d transmits after %s, want not at all", what, i, got[i].Delay)
		case want[i] != nil && (!got[i].Transmits || got[i].Delay != want[i].D()):
			t.Errorf("%s: oracle %d: %+v, want %s", what, i, got[i], want[i].D())
		}
	}
}

func checkKeys(t *testing.T, got config.Keys, leader, transmission vectors.Hex) {
	t.Helper()
	if got.LeaderSelection != leader.Array16(t) {
		t.Errorf("leader selection key %x, want %v", got.LeaderSelection[:], leader)
	}
	if got.TransmissionOrder != transmission.Array16(t) {
		t.Errorf("transmission order key %x, want %v", got.TransmissionOrder[:], transmission)
	}
}

func TestScheduleVectors(t *testing.T) {
	type entry struct {
		Epoch       uint32
		Round       uint8
		SeqNr       vectors.U64
		ReportIndex uint64
		Delays      []*vectors.Ns
	}
	versions := map[string]int{}
	vectors.EachKind(t, "testdata", []string{"config-schedule.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"schedule": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind, Version string
					ConfigDigest  vectors.Hex
					SharedSecret  vectors.Hex
					DeltaStage    vectors.Ns
					N             int
					S             []int
				}](t, c.Input)
				want := vectors.DecodeStrict[struct {
					LeaderSelectionKey   vectors.Hex
					TransmissionOrderKey vectors.Hex
					LeaderByEpoch        map[string]commontypes.OracleID
					TransmitDelays       []entry
					Override             *struct {
						SeqNr              vectors.U64
						ReportIndex        uint64
						Transmitters       []int
						TransmissionDelays []vectors.Ns
						Delays             []*vectors.Ns
					}
				}](t, c.Output)
				if len(want.LeaderByEpoch) == 0 || len(want.TransmitDelays) == 0 {
					t.Fatal("the case has no leaders or no delays")
				}
				stages := config.NewStages(in.N, in.S, in.DeltaStage.D())
				versions[in.Version]++
				var leader func(epoch uint64) commontypes.OracleID
				switch in.Version {
				case "ocr1", "ocr2":
					keys := config.KeysV1(in.SharedSecret.Array16(t))
					checkKeys(t, keys, want.LeaderSelectionKey, want.TransmissionOrderKey)
					leaders := config.NewLeadersV1(in.N, keys.LeaderSelection)
					leader = func(epoch uint64) commontypes.OracleID { return leaders.Leader(uint32(epoch)) }
					schedule := config.NewScheduleV1(in.N, keys.TransmissionOrder, in.ConfigDigest, stages)
					for _, e := range want.TransmitDelays {
						checkScheduleV1(t, schedule, e.Epoch, e.Round, e.Delays)
					}
				case "ocr3":
					keys := config.KeysV3(in.SharedSecret.Array16(t), in.ConfigDigest.Array32(t))
					checkKeys(t, keys, want.LeaderSelectionKey, want.TransmissionOrderKey)
					leader = config.NewLeadersV3(in.N, keys.LeaderSelection).Leader
					schedule := config.NewScheduleV3(in.N, keys.TransmissionOrder, stages)
					for _, e := range want.TransmitDelays {
						checkDelays(t, "report", schedule.Delays(uint64(e.SeqNr), e.ReportIndex), e.Delays)
					}
					if o := want.Override; o != nil {
						var ids []commontypes.OracleID
						var delays []time.Duration
						for i := range o.Transmitters {
							ids = append(ids, commontypes.OracleID(o.Transmitters[i]))
							delays = append(delays, o.TransmissionDelays[i].D())
						}
						checkDelays(t, "override", schedule.OverrideDelays(uint64(o.SeqNr), o.ReportIndex, ids, delays), o.Delays)
					}
				default:
					t.Fatalf("version %q is unknown here", in.Version)
				}
				for text, wantLeader := range want.LeaderByEpoch {
					epoch, err := strconv.ParseUint(text, 10, 64)
					if err != nil {
						t.Fatal(err)
					}
					if got := leader(epoch); got != wantLeader {
						t.Errorf("leader of epoch %d is %d, want %d", epoch, got, wantLeader)
					}
				}
			},
		},
	})
	for _, version := range []string{"ocr1", "ocr2", "ocr3"} {
		if versions[version] == 0 {
			t.Errorf("no case for %s", version)
		}
	}
}

// checkScheduleV1 compares both ways to ask.
func checkScheduleV1(t *testing.T, schedule config.ScheduleV1, epoch uint32, round uint8, want []*vectors.Ns) {
	t.Helper()
	all := schedule.Delays(epoch, round)
	checkDelays(t, "report", all, want)
	for i := range all {
		delay, transmits := schedule.Delay(epoch, round, commontypes.OracleID(i))
		if (config.TransmitDelay{Transmits: transmits, Delay: delay}) != all[i] {
			t.Errorf("oracle %d asked alone: %s %v, want %+v", i, delay, transmits, all[i])
		}
	}
	if _, transmits := schedule.Delay(epoch, round, commontypes.OracleID(len(want))); transmits {
		t.Error("an oracle that is not in the config transmits")
	}
}

func TestRoundScheduleVectors(t *testing.T) {
	run := func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.DecodeStrict[struct {
			Kind         string
			ConfigDigest vectors.Hex
			DeltaStageNs vectors.Ns
			Epoch        uint32
			Round        uint8
			N            int
			S            []int
			SharedSecret vectors.Hex
		}](t, c.Input)
		want := vectors.DecodeStrict[struct{ DelayNsPerOracle []*vectors.Ns }](t, c.Output)
		keys := config.KeysV1(in.SharedSecret.Array16(t))
		schedule := config.NewScheduleV1(in.N, keys.TransmissionOrder, in.ConfigDigest, config.NewStages(in.N, in.S, in.DeltaStageNs.D()))
		checkScheduleV1(t, schedule, in.Epoch, in.Round, want.DelayNsPerOracle)
	}
	vectors.EachKind(t, "testdata", []string{"ocr12-ocr1-schedules.json", "ocr12-ocr2-schedules.json"}, vectors.Kinds{
		Run:       map[string]func(*testing.T, vectors.File, vectors.Case){"ocr1": run, "ocr2": run},
		Elsewhere: map[string]string{"permutation": "offchain/permutation"},
	})
}

func TestLeaderVectors(t *testing.T) {
	vectors.Each(t, "testdata", []string{"ocr12-leaders.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.DecodeStrict[struct {
			N            int
			SharedSecret vectors.Hex
		}](t, c.Input)
		want := vectors.DecodeStrict[struct {
			LeaderSelectionKey   vectors.Hex
			TransmissionOrderKey vectors.Hex
			LeadersEpoch0To63    []commontypes.OracleID
			OtherEpochs          []struct {
				Epoch  uint32
				Leader commontypes.OracleID
			}
		}](t, c.Output)
		keys := config.KeysV1(in.SharedSecret.Array16(t))
		checkKeys(t, keys, want.LeaderSelectionKey, want.TransmissionOrderKey)
		leaders := config.NewLeadersV1(in.N, keys.LeaderSelection)
		if len(want.LeadersEpoch0To63) != 64 {
			t.Fatalf("%d epochs, want 64", len(want.LeadersEpoch0To63))
		}
		for epoch, wantLeader := range want.LeadersEpoch0To63 {
			if got := leaders.Leader(uint32(epoch)); got != wantLeader {
				t.Errorf("leader of epoch %d is %d, want %d", epoch, got, wantLeader)
			}
		}
		for _, e := range want.OtherEpochs {
			if got := leaders.Leader(e.Epoch); got != e.Leader {
				t.Errorf("leader of epoch %d is %d, want %d", e.Epoch, got, e.Leader)
			}
		}
	})
}

type scriptedDigester struct {
	digest types.ConfigDigest
	prefix types.ConfigDigestPrefix
	err    error
}

func (d scriptedDigester) ConfigDigest(context.Context, types.ContractConfig) (types.ConfigDigest, error) {
	return d.digest, d.err
}

func (d scriptedDigester) ConfigDigestPrefix(context.Context) (types.ConfigDigestPrefix, error) {
	return d.prefix, d.err
}

func TestDigestVectors(t *testing.T) {
	const evm, words = "offchain/evm", "offchain/types"
	vectors.EachKind(t, "testdata", []string{"config-digest.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"ocr2ToOCR1Digest": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind   string
					Digest vectors.Hex
				}](t, c.Input)
				narrow, err := ocr1types.FromNetworkDigest(in.Digest.Array32(t))
				if c.Rejected() {
					if err == nil || narrow != (ocr1types.ConfigDigest{}) {
						t.Errorf("got %s (%v), want an error: %s", narrow, err, c.Output)
					}
					return
				}
				want := vectors.DecodeStrict[struct{ OCR1Digest vectors.Hex }](t, c.Output)
				if err != nil || narrow != want.OCR1Digest.Array16(t) {
					t.Errorf("got %s (%v), want %v", narrow, err, want.OCR1Digest)
				}
			},
			"checkContractConfig": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind           string
					ComputedDigest vectors.Hex
					ContractDigest vectors.Hex
					DigesterFails  bool
					DigesterPrefix uint16
				}](t, c.Input)
				digester := scriptedDigester{digest: in.ComputedDigest.Array32(t), prefix: types.ConfigDigestPrefix(in.DigesterPrefix)}
				if in.DigesterFails {
					digester.err = errors.New("scripted failure")
				}
				err := config.CheckContractConfig(context.Background(), digester, types.ContractConfig{ConfigDigest: in.ContractDigest.Array32(t)})
				if (err != nil) != c.Rejected() {
					t.Errorf("got %v, want %s", err, c.Output)
				}
				if in.DigesterFails && !errors.Is(err, digester.err) {
					t.Errorf("%v does not wrap the digester's error", err)
				}
			},
		},
		Elsewhere: map[string]string{
			"ocr1Digest":                  "test/gen",
			"evmOCR3ReportHashes":         "offchain/evm/ocr3keyring",
			"evmDigest":                   evm,
			"evmDigestFromContractConfig": evm,
			"evmReportContext":            evm,
			"splitSignature":              evm,
			"digestText":                  words,
			"digestParse":                 words,
			"digestFromBytes":             words,
			"prefixes":                    words,
		},
	})
}

func TestNetworkDigestVectors(t *testing.T) {
	const wire, machine, evm = "offchain/wire/ocr2wire", "offchain/protocol/ocr2", "offchain/evm"
	vectors.EachKind(t, "testdata", []string{"ocr12-ocr2-signing.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"ocr1NetworkDigest": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind         string
					ConfigDigest vectors.Hex
				}](t, c.Input)
				want := vectors.DecodeStrict[struct{ NetworkConfigDigest vectors.Hex }](t, c.Output)
				if got := ocr1types.NetworkDigest(in.ConfigDigest.Array16(t)); got != want.NetworkConfigDigest.Array32(t) {
					t.Errorf("got %s, want %v", got, want.NetworkConfigDigest)
				}
			},
		},
		Elsewhere: map[string]string{
			"signedObservation": wire, "verifySignedObservation": wire, "extraHash": wire,
			"evmReportSignature": evm, "verifyAttestedReportMany": machine, "verifyAttestedReportOneSkip": machine,
		},
	})
}

func TestQuorumVectors(t *testing.T) {
	elsewhere := map[string]string{}
	for kind, where := range map[string][]string{
		"offchain/bigbigendian":       {"serializeSigned", "deserializeSigned"},
		"offchain/commontypes":        {"peerID", "peerIDFromPublicKey", "peerIDParse", "bootstrapperLocator", "peerPrivateKey"},
		"offchain/plugins/median":     {"medianOffchainConfig", "medianOffchainConfigDecode"},
		"offchain/plugins/median too": {"medianOnchainConfig", "medianOnchainConfigDecode"},
	} {
		for _, k := range where {
			elsewhere[k] = kind
		}
	}
	vectors.EachKind(t, "testdata", []string{"config-encoding.json"}, vectors.Kinds{
		Elsewhere: elsewhere,
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"quorum": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind string
					N, F int
				}](t, c.Input)
				want := vectors.DecodeStrict[struct{ FPlusOne, TwoFPlusOne, ByzQuorum, NMinusF int }](t, c.Output)
				got := config.EffectiveQuorums(in.N, in.F)
				if !reflect.DeepEqual(got, config.Quorums{
					N: in.N, F: in.F, FPlusOne: want.FPlusOne, TwoFPlusOne: want.TwoFPlusOne, Byz: want.ByzQuorum, NMinusF: want.NMinusF,
				}) {
					t.Errorf("got %+v, want %+v", got, want)
				}
			},
		},
	})
}
