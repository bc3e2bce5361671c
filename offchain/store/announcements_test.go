package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/ocrkit/ocrkit/offchain/p2p/discovery"
)

var _ discovery.DiscovererDatabase = (*Announcements)(nil)

// TestAnnouncementsModel compares with maps, across restarts.
func TestAnnouncementsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fs := vfs.NewMem()
		open := func() *Store {
			s, err := Open("store", Options{FS: fs})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		s := open()
		defer func() { s.Close() }()
		ctx := context.Background()
		peers := []string{"12D3KooWA", "12D3KooWB", "12D3KooWAB", "x"}
		peer := rapid.SampledFrom(peers)
		model := map[string]map[string][]byte{}
		for _, local := range peers {
			model[local] = map[string][]byte{}
		}
		t.Repeat(map[string]func(*rapid.T){
			"store": func(t *rapid.T) {
				local, remote, value := peer.Draw(t, "local"), peer.Draw(t, "remote"), genBytes(0, 50).Draw(t, "value")
				if err := s.Announcements(local).StoreAnnouncement(ctx, remote, value); err != nil {
					t.Fatal(err)
				}
				model[local][remote] = slices.Clone(value)
			},
			"reopen": func(t *rapid.T) {
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				s = open()
			},
			"": func(t *rapid.T) {
				for local, want := range model {
					got, err := s.Announcements(local).ReadAnnouncements(ctx, append(peers, "unknown"))
					if err != nil || !maps.EqualFunc(got, want, func(a, b []byte) bool { return slices.Equal(a, b) }) {
						t.Fatalf("%s: got %v, %v; want %v", local, got, err, want)
					}
				}
			},
		})
	})
}

// TestAnnouncementsCrash takes copies of the file system as a crash would leave it: what was acknowledged is in each of them,
// and nothing is torn.
func TestAnnouncementsCrash(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s, err := Open("store", Options{FS: fs, MemTableBytes: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	value := func(i int) []byte { return []byte(strings.Repeat(fmt.Sprintf("%6d", i), 100)) }
	var mu sync.Mutex
	acknowledged := -1
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		for i := range 200 {
			if err := s.Announcements("me").StoreAnnouncement(ctx, "other", value(i)); err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			acknowledged = i
			mu.Unlock()
		}
	}()
	rng := rand.New(rand.NewPCG(1, 2))
	for crash := 0; ; crash++ {
		mu.Lock()
		at := acknowledged
		mu.Unlock()
		clone := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: []int{0, 50, 100}[crash%3], RNG: rng})
		after, err := Open("store", Options{FS: clone})
		if err != nil {
			t.Fatal(err)
		}
		got, err := after.Announcements("me").ReadAnnouncements(ctx, []string{"other"})
		if err != nil {
			t.Fatalf("crash %d: %v", crash, err)
		}
		var i int
		if b, ok := got["other"]; ok {
			if _, err := fmt.Sscan(string(b[:6]), &i); err != nil || string(b) != string(value(i)) || i < at {
				t.Fatalf("crash %d: found %q, had acknowledged %d", crash, b[:6], at)
			}
		} else if at >= 0 {
			t.Fatalf("crash %d: nothing is left, had acknowledged %d", crash, at)
		}
		if err := after.Close(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-finished:
			if crash > 5 {
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				return
			}
		default:
		}
	}
}

func TestAnnouncementsCorrupt(t *testing.T) {
	ctx := context.Background()
	s := openMem(t, vfs.NewMem())
	a := s.Announcements("me")
	for _, peer := range []string{"p", "q"} {
		if err := a.StoreAnnouncement(ctx, peer, []byte("announcement")); err != nil {
			t.Fatal(err)
		}
	}
	value, closer, err := s.db.Get(a.key("p"))
	if err != nil {
		t.Fatal(err)
	}
	original := slices.Clone(value)
	closer.Close()
	for i := range original {
		damaged := slices.Clone(original)
		damaged[i] ^= 1
		if err := s.db.Set(a.key("p"), damaged, pebble.NoSync); err != nil {
			t.Fatal(err)
		}
		got, err := a.ReadAnnouncements(ctx, []string{"p", "q"})
		var corrupt *CorruptRowError
		if !errors.As(err, &corrupt) || corrupt.Row != "announcement of p" || string(got["q"]) != "announcement" || got["p"] != nil {
			t.Fatalf("byte %d flipped: got %q, %v", i, got, err)
		}
	}
	// The row is written anew as if nothing had been there.
	if err := a.StoreAnnouncement(ctx, "p", []byte("new")); err != nil {
		t.Fatal(err)
	}
	if got, err := a.ReadAnnouncements(ctx, []string{"p"}); err != nil || string(got["p"]) != "new" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAnnouncementsRefuse(t *testing.T) {
	ctx := context.Background()
	s := openMem(t, vfs.NewMem())
	a := s.Announcements("me")
	for what, err := range map[string]error{
		"no peer":      a.StoreAnnouncement(ctx, "", nil),
		"long peer":    a.StoreAnnouncement(ctx, strings.Repeat("p", 129), nil),
		"announcement": a.StoreAnnouncement(ctx, "p", make([]byte, MaxAnnouncementBytes+1)),
	} {
		if err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := a.StoreAnnouncement(ctx, "p", nil); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if values, err := a.ReadAnnouncements(ctx, []string{"p"}); !errors.Is(err, ErrClosed) || values != nil {
		t.Errorf("after Close: %v, %v", values, err)
	}
}
