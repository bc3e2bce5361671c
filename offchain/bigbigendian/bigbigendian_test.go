package bigbigendian

import (
	"bytes"
	"math/big"
	"testing"

	"github.com/ocrkit/ocrkit/test/vectors"
)

func TestVectors(t *testing.T) {
	vectors.EachKind(t, "../commontypes/testdata", []string{"config-encoding.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"serializeSigned": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind  string
					Size  int
					Value vectors.Dec
				}](t, c.Input)
				got, err := SerializeSigned(in.Size, in.Value.Int)
				if c.Rejected() {
					if err == nil {
						t.Errorf("accepted: %x", got)
					}
					return
				}
				out := vectors.DecodeStrict[struct{ Bytes vectors.Hex }](t, c.Output)
				if err != nil || !bytes.Equal(got, out.Bytes) {
					t.Errorf("got %x, %v, want %v", got, err, out.Bytes)
				}
				if back, err := DeserializeSigned(in.Size, out.Bytes); err != nil || back.Cmp(in.Value.Int) != 0 {
					t.Errorf("back: got %v, %v, want %v", back, err, in.Value)
				}
			},
			"deserializeSigned": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind  string
					Size  int
					Bytes vectors.Hex
				}](t, c.Input)
				got, err := DeserializeSigned(in.Size, in.Bytes)
				if c.Rejected() {
					if err == nil {
						t.Errorf("accepted: %v", got)
					}
					return
				}
				out := vectors.DecodeStrict[struct{ Value vectors.Dec }](t, c.Output)
				if err != nil || got.Cmp(out.Value.Int) != 0 {
					t.Errorf("got %v, %v, want %v", got, err, out.Value)
				}
			},
		},
		Elsewhere: map[string]string{
			"quorum":                     "offchain/quorumhelper",
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
}

// TestBounds tries each size with the outermost integers that fit and the innermost that do not.
func TestBounds(t *testing.T) {
	one := big.NewInt(1)
	for size := 1; size <= MaxSize; size++ {
		limit := new(big.Int).Lsh(one, uint(8*size-1)) // 2^(8*size-1)
		lowest := new(big.Int).Neg(limit)
		highest := new(big.Int).Sub(limit, one)
		for _, i := range []*big.Int{lowest, highest, new(big.Int), big.NewInt(-1), big.NewInt(-128), big.NewInt(127)} {
			before := new(big.Int).Set(i)
			b, err := SerializeSigned(size, i)
			if err != nil || len(b) != size {
				t.Fatalf("size %d: %v gives %x, %v", size, i, b, err)
			}
			back, err := DeserializeSigned(size, b)
			if err != nil || back.Cmp(before) != 0 || i.Cmp(before) != 0 {
				t.Errorf("size %d: %v comes back as %v, %v", size, before, back, err)
			}
		}
		for _, i := range []*big.Int{limit, new(big.Int).Sub(lowest, one)} {
			if b, err := SerializeSigned(size, i); err == nil {
				t.Errorf("size %d: %v gives %x", size, i, b)
			}
		}
	}
	for _, size := range []int{-1, 0, MaxSize + 1} {
		if _, err := SerializeSigned(size, one); err == nil {
			t.Errorf("serializes into %d bytes", size)
		}
		if _, err := DeserializeSigned(size, make([]byte, max(size, 0))); err == nil {
			t.Errorf("deserializes %d bytes", size)
		}
	}
	if _, err := SerializeSigned(0, nil); err == nil {
		t.Errorf("serializes nil")
	}
}

func FuzzDeserializeSigned(f *testing.F) {
	f.Add(1, []byte{0x80})
	f.Add(24, make([]byte, 24))
	f.Fuzz(func(t *testing.T, size int, b []byte) {
		before := bytes.Clone(b)
		i, err := DeserializeSigned(size, b)
		if !bytes.Equal(b, before) {
			t.Errorf("the input was changed")
		}
		if err != nil {
			return
		}
		if back, err := SerializeSigned(size, i); err != nil || !bytes.Equal(back, b) {
			t.Errorf("%x becomes %v becomes %x, %v", b, i, back, err)
		}
	})
}
