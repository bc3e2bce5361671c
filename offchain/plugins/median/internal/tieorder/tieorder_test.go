package tieorder

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
)

// element has a key to sort by and a name to tell equal ones apart.
type element struct{ key, name int }

func byKey(a, b element) int { return cmp.Compare(a.key, b.key) }

// list draws a list of n elements of a few keys, in one of several shapes.
func list(r *rand.Rand, n int) []element {
	s := make([]element, n)
	keys := 1 + r.IntN(max(1, min(n, 1+r.IntN(n+1))))
	shape := r.IntN(7)
	for i := range s {
		k := r.IntN(keys)
		switch shape {
		case 1: // sorted
			k = i * keys / n
		case 2: // reversed
			k = (n - 1 - i) * keys / n
		case 3: // a mountain
			k = min(i, n-1-i) * keys / n
		case 4: // teeth
			k = i % keys
		}
		s[i] = element{k, i}
	}
	if shape == 5 || shape == 1 { // almost sorted
		slices.SortStableFunc(s, byKey)
		for range r.IntN(4) {
			if n > 0 {
				i, j := r.IntN(n), r.IntN(n)
				s[i], s[j] = s[j], s[i]
			}
		}
	}
	return s
}

func sorted(s []element) []element {
	s = slices.Clone(s)
	Sort(s, byKey)
	return s
}

func sortedByGo(s []element) []element {
	s = slices.Clone(s)
	sort.Slice(s, func(i, j int) bool { return s[i].key < s[j].key })
	return s
}

// TestLikeGo compares with the sort that existing oracles use. If it fails with
// a new release of Go while TestGolden passes, then that release has changed its
// sort, and this package has done its duty: keep it and drop this test.
func TestLikeGo(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 150_000 {
		n := i % 32 // what networks have
		if i%50 == 0 {
			n = r.IntN(400) // ninthers, shifts, heap sort
		}
		s := list(r, n)
		got := sorted(s)
		if want := sortedByGo(s); !slices.Equal(got, want) {
			t.Fatalf("%v:\n got %v\nwant %v", s, got, want)
		}
		slicesFunc := slices.Clone(s)
		slices.SortFunc(slicesFunc, byKey)
		if !slices.Equal(got, slicesFunc) {
			t.Fatalf("%v:\n              got %v\nslices.SortFunc: %v", s, got, slicesFunc)
		}
	}
}

// killer makes lists on which quicksort degenerates, after McIlroy, "A Killer
// Adversary for Quicksort": keys are decided while they are compared.
func killer(n int) []element {
	keys := make([]int, n)
	gas := n
	for i := range keys {
		keys[i] = gas
	}
	s := make([]element, n)
	for i := range s {
		s[i].name = i
	}
	solid, candidate := 0, 0
	Sort(s, func(a, b element) int {
		if keys[a.name] == gas && keys[b.name] == gas {
			if a.name == candidate {
				keys[a.name] = solid
			} else {
				keys[b.name] = solid
			}
			solid++
		}
		if keys[a.name] == gas {
			candidate = a.name
		} else if keys[b.name] == gas {
			candidate = b.name
		}
		return cmp.Compare(keys[a.name], keys[b.name])
	})
	for i := range s {
		s[i] = element{keys[i], i}
	}
	return s
}

// TestKillers reaches the rare paths: shuffling and heap sort.
func TestKillers(t *testing.T) {
	for n := range 1500 {
		s := killer(n)
		for i := range s {
			s[i].key /= 3 // ties
		}
		if got, want := sorted(s), sortedByGo(s); !slices.Equal(got, want) {
			t.Fatalf("killer of %d:\n got %v\nwant %v", n, got, want)
		}
	}
}

// golden is the SHA-256 of the names in the order in which Go 1.26.8 leaves
// them.
const golden = "1e328442176adeeff699ca8de8ad0d58972d96c35171dafedf1ff86c9c28742a"

// TestGolden pins the order by itself, whatever Go's sort does.
func TestGolden(t *testing.T) {
	h := sha256.New()
	state := uint32(12345) // a generator that no release of Go can change
	next := func(below int) int {
		state = state*1664525 + 1013904223
		return int(uint64(state) * uint64(below) >> 32)
	}
	for i := range 20_000 {
		s := make([]element, i%32)
		keys := 1 + next(8)
		for j := range s {
			s[j] = element{next(keys), j}
		}
		for _, e := range sorted(s) {
			h.Write([]byte{byte(e.name)})
		}
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != golden {
		t.Errorf("the order of equal elements has changed: digest %s, want %s", got, golden)
	}
}

func FuzzSort(f *testing.F) {
	f.Add([]byte("abracadabra simsalabim"))
	f.Add(slices.Repeat([]byte{2, 1, 0, 1}, 40))
	f.Fuzz(func(t *testing.T, keys []byte) {
		s := make([]element, len(keys))
		for i, k := range keys {
			s[i] = element{int(k), i}
		}
		if got, want := sorted(s), sortedByGo(s); !slices.Equal(got, want) {
			t.Fatalf("%v:\n got %v\nwant %v", s, got, want)
		}
	})
}
