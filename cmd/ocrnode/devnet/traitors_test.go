package devnet

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/ocrkit/ocrkit/cmd/ocrnode/oracle"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

func signature(length int) []byte { return bytes.Repeat([]byte{5}, length) }

// samples are messages of a protocol, those that a traitor changes first.
type samples struct {
	protocol protocol
	kind     func(payload []byte) (string, error)
	changed  [][]byte
	kept     [][]byte
	votes    int // how many of changed are votes, where somebody withholds those
}

func must(t testing.TB) func(b []byte, err error) []byte {
	return func(b []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
}

func allSamples(t testing.TB) []samples {
	ok := must(t)
	m := newMarket(steps{}, 1)
	p1, p2 := newProtocol(oracle.Kind{Protocol: oracle.OCR1}, m), newProtocol(oracle.Kind{Protocol: oracle.OCR2}, m)
	p3 := &ocr3Protocol{verifier: oracle.ECDSA, market: m, n: 4}

	seen1 := ocr1wire.SignedObservation{Signature: signature(64)}
	entry1 := ocr1wire.AttributedSignedObservation{SignedObservation: seen1, Observer: 1}
	plain1 := []ocr1wire.AttributedObservation{{Observer: 1}, {Observer: 2}}
	final1 := ocr1wire.Final{Epoch: 1, Round: 1, AttestedReport: ocr1wire.AttestedReportMany{Observations: plain1, Signatures: [][]byte{signature(65)}}}

	seen2 := ocr2wire.SignedObservation{Observation: []byte{1}, Signature: signature(64)}
	entry2 := ocr2wire.AttributedSignedObservation{SignedObservation: seen2, Observer: 1}
	final2 := ocr2wire.Final{Epoch: 1, Round: 1, AttestedReport: ocr2wire.AttestedReportMany{
		Report: []byte{1}, AttributedSignatures: []types.AttributedOnchainSignature{{Signature: signature(65), Signer: 1}},
	}}

	seen3 := ocr3wire.SignedObservation{Observation: []byte{1}, Signature: signature(64)}
	entry3 := ocr3wire.AttributedSignedObservation{SignedObservation: seen3, Observer: 1}
	claim3 := ocr3wire.SignedHighestCertifiedTimestamp{Signature: signature(64), Signature31: signature(64)}
	votes3 := []ocr3wire.AttributedSignature{{Signature: signature(64), Signer: 1}}
	commit3 := &ocr3wire.CertifiedCommit{CommitEpoch: 1, SeqNr: 1, Outcome: []byte{1}, Signatures: votes3}
	return []samples{
		{
			protocol: p1,
			kind: func(b []byte) (string, error) {
				message, err := ocr1wire.Decode(b)
				if err != nil {
					return "", err
				}
				return message.Kind().String(), nil
			},
			changed: [][]byte{
				ok(ocr1wire.Encode(&ocr1wire.ObserveReq{Epoch: 1, Round: 1})),
				ok(ocr1wire.Encode(&ocr1wire.Observe{Epoch: 1, Round: 1, SignedObservation: seen1})),
				ok(ocr1wire.Encode(&ocr1wire.ReportReq{Epoch: 1, Round: 1, Observations: []ocr1wire.AttributedSignedObservation{entry1, entry1}})),
				ok(ocr1wire.Encode(&ocr1wire.Report{Epoch: 1, Round: 1, AttestedReport: ocr1wire.AttestedReportOne{Observations: plain1, Signature: signature(65)}})),
				ok(ocr1wire.Encode(&final1)),
				ok(ocr1wire.Encode(&ocr1wire.FinalEcho{Final: final1})),
			},
			kept: [][]byte{ok(ocr1wire.Encode(&ocr1wire.NewEpoch{Epoch: 2})), {0xff}, nil},
		},
		{
			protocol: p2,
			kind: func(b []byte) (string, error) {
				message, err := ocr2wire.Decode(b)
				if err != nil {
					return "", err
				}
				return message.Kind().String(), nil
			},
			changed: [][]byte{
				ok(ocr2wire.Encode(&ocr2wire.ObserveReq{Epoch: 1, Round: 1})),
				ok(ocr2wire.Encode(&ocr2wire.Observe{Epoch: 1, Round: 1, SignedObservation: seen2})),
				ok(ocr2wire.Encode(&ocr2wire.ReportReq{Epoch: 1, Round: 1, Observations: []ocr2wire.AttributedSignedObservation{entry2, entry2}})),
				ok(ocr2wire.Encode(&ocr2wire.Report{Epoch: 1, Round: 1, AttestedReport: ocr2wire.AttestedReportOne{Report: []byte{1}, Signature: signature(65)}})),
				ok(ocr2wire.Encode(&final2)),
				ok(ocr2wire.Encode(&ocr2wire.FinalEcho{Final: final2})),
			},
			kept: [][]byte{ok(ocr2wire.Encode(&ocr2wire.NewEpoch{Epoch: 2})), {0xff}, nil},
		},
		{
			protocol: p3,
			kind: func(b []byte) (string, error) {
				message, err := ocr3wire.Decode(b, 4, 1)
				if err != nil {
					return "", err
				}
				return message.Kind().String(), nil
			},
			votes: 4,
			changed: [][]byte{
				ok(ocr3wire.Encode(&ocr3wire.Prepare{Epoch: 1, SeqNr: 1, Signature: signature(64)})),
				ok(ocr3wire.Encode(&ocr3wire.Commit{Epoch: 1, SeqNr: 1, Signature: signature(64)})),
				ok(ocr3wire.Encode(&ocr3wire.ReportSignatures{SeqNr: 1, Signatures: [][]byte{signature(65)}})),
				ok(ocr3wire.Encode(&ocr3wire.EpochStart{Epoch: 1, EpochStartProof: ocr3wire.EpochStartProof{
					HighestCertified:      commit3,
					HighestCertifiedProof: []ocr3wire.AttributedSignedHighestCertifiedTimestamp{{SignedHighestCertifiedTimestamp: claim3, Signer: 1}},
				}, Signature31: signature(64)})),
				ok(ocr3wire.Encode(&ocr3wire.EpochStartRequest{Epoch: 1, HighestCertified: commit3, SignedHighestCertifiedTimestamp: claim3})),
				ok(ocr3wire.Encode(&ocr3wire.RoundStart{Epoch: 1, SeqNr: 1})),
				ok(ocr3wire.Encode(&ocr3wire.Observation{Epoch: 1, SeqNr: 1, SignedObservation: seen3})),
				ok(ocr3wire.Encode(&ocr3wire.Proposal{Epoch: 1, SeqNr: 1, Observations: []ocr3wire.AttributedSignedObservation{entry3, entry3}})),
			},
			kept: [][]byte{
				ok(ocr3wire.Encode(&ocr3wire.NewEpochWish{Epoch: 2})), ok(ocr3wire.Encode(&ocr3wire.CertifiedCommitRequest{SeqNr: 1})), {0xff}, nil,
			},
		},
	}
}

func contains(sent [][]byte, payload []byte) (times int) {
	for _, s := range sent {
		if bytes.Equal(s, payload) {
			times++
		}
	}
	return times
}

func TestVices(t *testing.T) {
	for _, s := range allSamples(t) {
		random := rand.New(rand.NewPCG(1, 1))
		names := map[string]bool{}
		for _, v := range s.protocol.vices() {
			if names[v.name] {
				t.Errorf("two vices are called %s", v.name)
			}
			names[v.name] = true
			for i, payload := range append(s.changed, s.kept...) {
				if v.twist == nil {
					if !v.lies {
						t.Errorf("%s does nothing", v.name)
					}
					continue
				}
				mayChange := i < len(s.changed)
				different, sent, withheld := 0, 0, 0
				original := bytes.Clone(payload)
				for range 100 {
					twisted := v.twist(payload, 1, random)
					switch v.name {
					case "mute":
						sent += len(twisted)
					case "babbler":
						if contains(twisted, original) < 2 || len(twisted) != 4 {
							t.Fatalf("the babbler sends %x in place of %x", twisted, original)
						}
						if _, err := s.kind(twisted[2]); err != nil {
							t.Fatalf("the babbler's uninvited message: %v", err)
						}
					case "withholder":
						withheld += 1 - contains(twisted, original)
					case "equivocator":
						if len(twisted) != 1 {
							t.Fatalf("the equivocator sends %d messages in place of one", len(twisted))
						}
						if bytes.Equal(twisted[0], original) {
							continue
						}
						different++
						before, _ := s.kind(original)
						if after, err := s.kind(twisted[0]); err != nil || after != before {
							t.Fatalf("the equivocator makes %s (%v) of %s", after, err, before)
						}
					default:
						t.Fatalf("the vice %s is not tested", v.name)
					}
				}
				if !bytes.Equal(payload, original) {
					t.Errorf("%s changes the oracle's own message %x", v.name, original)
				}
				switch v.name {
				case "mute":
					if sent > 0 {
						t.Errorf("the mute one sends %d messages", sent)
					}
				case "equivocator":
					if mayChange != (different > 0) {
						t.Errorf("the equivocator changes %x %d times of 100", original, different)
					}
				case "withholder":
					if isVote := i < s.votes; isVote != (withheld > 0) || withheld == 100 {
						t.Errorf("the withholder withholds %x %d times of 100", original, withheld)
					}
				}
			}
		}
		if !names["liar"] || !names["mute"] || !names["babbler"] || !names["equivocator"] {
			t.Errorf("the vices are %v", names)
		}
	}
}

// What a traitor makes of a message is its own business, but it must not end the program.
func FuzzContradict(f *testing.F) {
	all := allSamples(f)
	for _, s := range all {
		for _, payload := range append(s.changed, s.kept...) {
			f.Add(payload, uint64(1))
		}
	}
	f.Fuzz(func(t *testing.T, payload []byte, seed uint64) {
		for _, s := range all {
			for _, v := range s.protocol.vices() {
				if v.twist != nil {
					original := bytes.Clone(payload)
					v.twist(payload, commontypes.OracleID(seed), rand.New(rand.NewPCG(seed, 0)))
					if !bytes.Equal(payload, original) {
						t.Errorf("%s changes the oracle's own message", v.name)
					}
				}
			}
		}
	})
}

func TestVicesAreAssigned(t *testing.T) {
	vices := []vice{liar, mute}
	o := Options{Oracles: 13, Faulty: 4, Seed: 3}
	assigned := assignVices(o, vices)
	count := map[string]int{}
	for _, v := range assigned {
		if v != nil {
			count[v.name]++
		}
	}
	if len(assigned) != 13 || count["liar"] != 2 || count["mute"] != 2 || len(count) != 2 {
		t.Errorf("assigned to %d oracles: %v", len(assigned), count)
	}
	for i, v := range assignVices(o, vices) {
		if (v == nil) != (assigned[i] == nil) || v != nil && v.name != assigned[i].name {
			t.Errorf("the same seed makes oracle %d something else", i)
		}
	}
}
