package permutation

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"math"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/ocrkit/ocrkit/test/vectors"
)

func check(t *testing.T, n int, key [16]byte, want []int) {
	t.Helper()
	if got := Permutation(n, key); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	dst := make([]int, n)
	if Into(dst, key); !slices.Equal(dst, want) {
		t.Errorf("Into: got %v, want %v", dst, want)
	}
}

func TestVectors(t *testing.T) {
	run := func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.DecodeStrict[struct {
			Kind string
			N    int
			Key  vectors.Hex
		}](t, c.Input)
		out := vectors.DecodeStrict[struct{ Permutation []int }](t, c.Output)
		check(t, in.N, in.Key.Array16(t), out.Permutation)
	}
	vectors.EachKind(t, "testdata", []string{"config-permutation.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){"permutation": run},
	})
	vectors.EachKind(t, "../config/testdata", []string{"ocr12-ocr1-schedules.json", "ocr12-ocr2-schedules.json"}, vectors.Kinds{
		Run:       map[string]func(*testing.T, vectors.File, vectors.Case){"permutation": run},
		Elsewhere: map[string]string{"ocr1": "offchain/config", "ocr2": "offchain/config"},
	})
	vectors.EachKind(t, "../types/testdata", []string{"api-types.json"}, vectors.Kinds{
		Of: func(_ vectors.File, c vectors.Case) string {
			kind, _, _ := strings.Cut(c.Name, "-")
			return kind
		},
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){"permutation": run},
		Elsewhere: map[string]string{
			"quorum":       "offchain/quorumhelper",
			"digest":       "offchain/types",
			"bootstrapper": "offchain/commontypes",
		},
	})
}

// source feeds the standard library's shuffle from the same keystream.
type source struct{ cipher.Stream }

func (s source) Seed(int64) { panic("not seedable") }

func (s source) Int63() int64 {
	var b [8]byte
	s.XORKeyStream(b[:], b[:])
	return int64(binary.LittleEndian.Uint64(b[:]) & math.MaxInt64)
}

func FuzzAgainstStandardLibrary(f *testing.F) {
	f.Add(uint16(31), []byte("0123456789abcdef"))
	f.Add(uint16(1000), make([]byte, 16))
	f.Fuzz(func(t *testing.T, n uint16, keyBytes []byte) {
		var key [16]byte
		copy(key[:], keyBytes)
		block, err := aes.NewCipher(key[:])
		if err != nil {
			t.Fatal(err)
		}
		want := make([]int, n)
		for i := range want {
			want[i] = i
		}
		rand.New(source{cipher.NewCTR(block, make([]byte, aes.BlockSize))}).Shuffle(int(n), func(i, j int) { want[i], want[j] = want[j], want[i] })
		check(t, int(n), key, want)
	})
}

// TestRedraw reaches the branch that discards draws, which almost never happens for small networks.
func TestRedraw(t *testing.T) {
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	const m = 3 << 30 // a third of all draws is discarded
	ours := newStream(new([16]byte))
	theirs := source{cipher.NewCTR(block, make([]byte, aes.BlockSize))}
	discarded := 0
	for range 1000 {
		got := ours.below(m)
		var want uint64
		for {
			want = uint64(uint32(theirs.Int63()>>31)) * m
			if uint32(want) >= 1<<32%m {
				break
			}
			discarded++
		}
		if uint64(got) != want>>32 {
			t.Fatalf("got %d, want %d", got, want>>32)
		}
	}
	if discarded == 0 {
		t.Error("no draw was discarded")
	}
}

func TestBounds(t *testing.T) {
	if got := Permutation(0, [16]byte{}); got != nil {
		t.Errorf("of nothing: got %v, want nil", got)
	}
	Into(nil, [16]byte{})
	defer func() {
		if recover() == nil {
			t.Error("no panic on a negative length")
		}
	}()
	Permutation(-1, [16]byte{})
}

func BenchmarkInto31(b *testing.B) {
	b.ReportAllocs()
	dst := make([]int, 31)
	var key [16]byte
	for i := 0; b.Loop(); i++ {
		binary.LittleEndian.PutUint64(key[:], uint64(i))
		Into(dst, key)
	}
}
