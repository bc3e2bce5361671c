package quorumhelper

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/vectors"
)

type sizes struct{ FPlusOne, TwoFPlusOne, ByzQuorum, NMinusF int }

// check verifies that each quorum is reached by just the wanted number of observations.
func check(t *testing.T, n, f int, want sizes) {
	t.Helper()
	for quorum, size := range map[Quorum]int{
		QuorumFPlusOne:    want.FPlusOne,
		QuorumTwoFPlusOne: want.TwoFPlusOne,
		QuorumByzQuorum:   want.ByzQuorum,
		QuorumNMinusF:     want.NMinusF,
	} {
		if got := quorum.Size(n, f); got != size {
			t.Errorf("quorum %d of n=%d, f=%d: got %d, want %d", quorum, n, f, got, size)
		}
		for count := range n + 2 {
			if got := ObservationCountReachesObservationQuorum(quorum, n, f, make([]types.AttributedObservation, count)); got != (count >= size) {
				t.Errorf("quorum %d of n=%d, f=%d: %d observations reach it: %v", quorum, n, f, count, got)
			}
		}
	}
}

func TestVectors(t *testing.T) {
	type input struct {
		Kind string
		N, F int
	}
	vectors.EachKind(t, "../commontypes/testdata", []string{"config-encoding.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){"quorum": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[input](t, c.Input)
			check(t, in.N, in.F, vectors.DecodeStrict[sizes](t, c.Output))
		}},
		Elsewhere: map[string]string{
			"serializeSigned":            "offchain/bigbigendian",
			"deserializeSigned":          "offchain/bigbigendian",
			"bootstrapperLocator":        "offchain/commontypes",
			"peerID":                     "offchain/commontypes/peerid",
			"peerIDFromPublicKey":        "offchain/commontypes/peerid",
			"peerIDParse":                "offchain/commontypes/peerid",
			"peerPrivateKey":             "offchain/commontypes/peerid",
			"medianOnchainConfig":        "offchain/plugins/median",
			"medianOnchainConfigDecode":  "offchain/plugins/median",
			"medianOffchainConfig":       "offchain/plugins/median",
			"medianOffchainConfigDecode": "offchain/plugins/median",
		},
	})
	vectors.EachKind(t, "../types/testdata", []string{"api-types.json"}, vectors.Kinds{
		Of: func(_ vectors.File, c vectors.Case) string {
			kind, _, _ := strings.Cut(c.Name, "-")
			return kind
		},
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){"quorum": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[input](t, c.Input)
			out := vectors.DecodeStrict[struct {
				ByzQuorum  int
				Thresholds sizes
			}](t, c.Output)
			check(t, in.N, in.F, out.Thresholds)
			if got := ByzQuorumSize(in.N, in.F); got != out.ByzQuorum {
				t.Errorf("ByzQuorumSize: got %d, want %d", got, out.ByzQuorum)
			}
		}},
		Elsewhere: map[string]string{
			"permutation":  "offchain/permutation",
			"digest":       "offchain/types",
			"bootstrapper": "offchain/commontypes",
		},
	})
}

// TestIntersection states what the quorums are for, for all sizes of networks.
func TestIntersection(t *testing.T) {
	for n := 1; n <= types.MaxOracles; n++ {
		for f := 0; 3*f < n; f++ {
			if q := QuorumByzQuorum.Size(n, f); 2*q-n < f+1 || 2*(q-1)-n >= f+1 {
				t.Errorf("n=%d, f=%d: two sets of %d need not share an honest oracle, or smaller ones do", n, f, q)
			}
			for q := QuorumFPlusOne; q <= QuorumNMinusF; q++ {
				if size := q.Size(n, f); size > n-f {
					t.Errorf("n=%d, f=%d: quorum %d needs %d oracles, more than the honest ones", n, f, q, size)
				}
			}
		}
	}
}

func TestUnknownQuorumPanics(t *testing.T) {
	for _, q := range []Quorum{0, -1, 5} {
		t.Run(fmt.Sprint(int(q)), func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			ObservationCountReachesObservationQuorum(q, 4, 1, nil)
		})
	}
}
