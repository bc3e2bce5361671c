package networking

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptest"
	"github.com/ocrkit/ocrkit/offchain/types"
)

func streamArgs(name string) NewStreamArgs1 {
	return NewStreamArgs1{StreamName: name, OutgoingBufferSize: 4, IncomingBufferSize: 4, MaxMessageLength: 100, MessagesLimit: bucketOf(10), BytesLimit: bucketOf(1000)}
}

func TestPeerGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := p2ptest.NewNetwork(p2ptest.Options{Channels: true})
		defer network.Close()
		all := nodes(t, network, 3)
		defer closeAll(all)
		members := all[:2]
		digest := types.ConfigDigest{0, 0x10, 7}
		boot := []commontypes.BootstrapperLocator{all[2].locator()}
		var groups []PeerGroup
		for _, n := range all { // the third is no member: it only helps
			g, err := n.peer.PeerGroupFactory().NewPeerGroup(digest, peerIDs(members), boot)
			if err != nil {
				t.Fatal(err)
			}
			groups = append(groups, g)
		}
		name := "don-to-don/" + digest.Hex() + "/chat"
		a, err := groups[0].NewStream(members[1].peer.PeerID(), streamArgs(name))
		if err != nil {
			t.Fatal(err)
		}
		b, err := groups[1].NewStream(members[0].peer.PeerID(), streamArgs(name))
		if err != nil {
			t.Fatal(err)
		}
		wait(30 * time.Second)
		a.SendMessage([]byte("hello"))
		a.SendMessage(nil)
		if got := <-b.ReceiveMessages(); string(got) != "hello" {
			t.Errorf("got %q", got)
		}
		if got := <-b.ReceiveMessages(); len(got) != 0 {
			t.Errorf("got %q", got)
		}

		for want, c := range map[string]struct {
			remote string
			args   NewStreamArgs
		}{
			"is no member":       {all[2].peer.PeerID(), streamArgs(name)},
			"peer id":            {"nonsense", streamArgs(name)},
			"does not begin":     {members[1].peer.PeerID(), streamArgs("don-to-don/chat")},
			"no stream argument": {members[1].peer.PeerID(), nil},
			"is open":            {members[1].peer.PeerID(), streamArgs(name)},
		} {
			if s, err := groups[0].NewStream(c.remote, c.args); err == nil || !strings.Contains(err.Error(), want) || s != nil {
				t.Errorf("got %v, want %q", err, want)
			}
		}

		// Streams may be closed before the group or with it, and any number of times.
		for range 2 {
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		}
		if left := len(groups[0].(*peerGroup).streams); left != 0 {
			t.Errorf("the group remembers %d closed streams", left)
		}
		if a, err = groups[0].NewStream(members[1].peer.PeerID(), streamArgs(name)); err != nil {
			t.Error(err)
		}
		for _, g := range groups {
			for range 2 {
				if err := g.Close(); err != nil {
					t.Error(err)
				}
			}
		}
		if _, ok := <-a.ReceiveMessages(); ok {
			t.Error("the stream of a closed group receives")
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		if _, err := groups[0].NewStream(members[1].peer.PeerID(), streamArgs(name)); err == nil || !strings.Contains(err.Error(), "closed") {
			t.Errorf("a closed group opens streams: %v", err)
		}
		wait(time.Second)
		for i, n := range all {
			if open := n.host.OpenStreams(); open != 0 {
				t.Errorf("node %d has %d streams open", i, open)
			}
		}
	})
}

func TestPeerGroupNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := p2ptest.NewNetwork(p2ptest.Options{})
		defer network.Close()
		all := nodes(t, network, 2)
		defer closeAll(all)
		ids := peerIDs(all)
		factory := all[0].peer.PeerGroupFactory()
		for _, c := range []struct {
			prefix types.ConfigDigestPrefix
			stream string // with % for the digest; "" is no group
		}{
			{types.ConfigDigestPrefixCCIPMultiRoleRMNCombo, "ccip-rmn/"},
			{types.ConfigDigestPrefixDONToDONMessagingGroup, "don-to-don/%/"},
			{types.ConfigDigestPrefixDONToDONDiscoveryGroup, "don-to-don-discovery/%/"},
			{types.ConfigDigestPrefixEVMSimple, ""},
			{types.ConfigDigestPrefixOCR1, ""},
			{0x000d, ""},
			{0x0011, ""},
		} {
			digest := types.ConfigDigest{byte(c.prefix >> 8), byte(c.prefix)}
			g, err := factory.NewPeerGroup(digest, ids, nil)
			if c.stream == "" {
				if err == nil || g != nil {
					t.Errorf("prefix %04x is accepted", uint16(c.prefix))
				}
				continue
			}
			if err != nil {
				t.Errorf("prefix %04x: %v", uint16(c.prefix), err)
				continue
			}
			if s, err := g.NewStream(ids[1], streamArgs(strings.ReplaceAll(c.stream, "%", digest.Hex())+"x")); err != nil || s == nil {
				t.Errorf("prefix %04x: %v", uint16(c.prefix), err)
			}
			if err := g.Close(); err != nil {
				t.Error(err)
			}
		}
		if g, err := factory.NewPeerGroup(types.ConfigDigest{0, 0x10}, []string{ids[0], ids[1], ids[0]}, nil); err == nil || g != nil {
			t.Error("a member twice is accepted")
		}
	})
}
