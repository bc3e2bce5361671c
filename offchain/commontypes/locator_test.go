package commontypes

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/test/vectors"
)

func TestLocatorVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"config-encoding.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){"bootstrapperLocator": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[struct{ Kind, Text string }](t, c.Input)
			if c.Rejected() {
				checkRefused(t, in.Text)
				return
			}
			out := vectors.DecodeStrict[struct {
				PeerID, Encoded string
				Addrs           []string
			}](t, c.Output)
			checkLocator(t, in.Text, out.PeerID, out.Addrs, out.Encoded)
		}},
		Elsewhere: map[string]string{
			"serializeSigned":            "offchain/bigbigendian",
			"deserializeSigned":          "offchain/bigbigendian",
			"quorum":                     "offchain/quorumhelper",
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
		Of: func(_ vectors.File, c vectors.Case) string { return c.Name[:strings.LastIndexByte(c.Name, '-')+1] },
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){"bootstrapper-": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[struct{ Text string }](t, c.Input)
			out := vectors.DecodeStrict[struct {
				Accept             bool
				PeerID, Marshalled string
				Addrs              []string
			}](t, c.Output)
			if !out.Accept {
				checkRefused(t, in.Text)
				return
			}
			checkLocator(t, in.Text, out.PeerID, out.Addrs, out.Marshalled)
		}},
		Elsewhere: map[string]string{
			"permutation-": "offchain/permutation",
			"quorum-":      "offchain/quorumhelper",
			"digest-text-": "offchain/types",
		},
	})
}

func checkLocator(t *testing.T, text, peerID string, addrs []string, marshalled string) {
	t.Helper()
	var locator BootstrapperLocator
	if err := locator.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if locator.PeerID != peerID || !slices.Equal(locator.Addrs, addrs) || locator.Addrs == nil {
		t.Errorf("got %+v, want %s and %v", locator, peerID, addrs)
	}
	if got, err := locator.MarshalText(); err != nil || string(got) != marshalled {
		t.Errorf("marshals to %s, %v, want %s", got, err, marshalled)
	}
	made, err := NewBootstrapperLocator(peerID, addrs)
	if err != nil || !reflect.DeepEqual(*made, locator) {
		t.Errorf("NewBootstrapperLocator: got %+v, %v, want %+v", made, err, locator)
	}
}

func checkRefused(t *testing.T, text string) {
	t.Helper()
	before := BootstrapperLocator{"peer", []string{"a:1"}}
	locator := before
	if locator.UnmarshalText([]byte(text)) == nil || !reflect.DeepEqual(locator, before) {
		t.Errorf("%q: accepted, or the locator was changed", text)
	}
}

func TestLocatorAddresses(t *testing.T) {
	id := peerid.PeerID{1}.String()
	for _, addr := range []string{"host:80", "1.2.3.4:5", "[::1]:80", "host:", ":80", "host:http"} {
		checkLocator(t, id+"@"+addr, id, []string{addr}, id+"@"+addr)
	}
	for _, text := range []string{"", "@", id, id + "@host", id + "@/", id + "@a:1/", id + "@::1:80", id + "@a:1@b:2", "x@a:1", id + "@a:1//b:2"} {
		checkRefused(t, text)
	}
}

func TestLocatorOfLiteral(t *testing.T) {
	// What NewBootstrapperLocator would refuse may still stand in a literal. Where its text would mean something else, there
	// is none.
	for _, bad := range []BootstrapperLocator{
		{"a@b", nil}, {"a", []string{""}}, {"a", []string{"b:1/c:2"}}, {"a", []string{"b:1", "c@d:2"}},
	} {
		if text, err := bad.MarshalText(); err == nil {
			t.Errorf("%+v marshals to %s", bad, text)
		}
		if _, err := NewBootstrapperLocator(peerid.PeerID{}.String(), bad.Addrs); err == nil && bad.Addrs != nil {
			t.Errorf("NewBootstrapperLocator accepts %v", bad.Addrs)
		}
	}
	if text, err := (&BootstrapperLocator{PeerID: "a"}).MarshalText(); err != nil || string(text) != "a@" {
		t.Errorf("got %s, %v", text, err)
	}
}

func TestLocatorCopiesAddresses(t *testing.T) {
	addrs := []string{"a:1"}
	locator, err := NewBootstrapperLocator(peerid.PeerID{}.String(), addrs)
	if err != nil {
		t.Fatal(err)
	}
	addrs[0] = "b:2"
	if locator.Addrs[0] != "a:1" {
		t.Errorf("the locator shares the caller's slice")
	}
}

func FuzzLocator(f *testing.F) {
	id := peerid.PeerID{9}.String()
	f.Add(id + "@")
	f.Add(id + "@[::1]:1/host:")
	f.Fuzz(func(t *testing.T, text string) {
		var locator BootstrapperLocator
		if locator.UnmarshalText([]byte(text)) != nil {
			return
		}
		if back, err := locator.MarshalText(); err != nil || string(back) != text {
			t.Errorf("%q becomes %q, %v", text, back, err)
		}
	})
}
