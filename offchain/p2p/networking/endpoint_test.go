package networking

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptest"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/vectors"
)

// instance is the endpoints of all oracles of an instance.
type instance struct {
	endpoints  []commontypes.BinaryNetworkEndpoint
	collectors []*collector
}

func startInstance(t testing.TB, digest types.ConfigDigest, oracles []*node, bootstrappers []commontypes.BootstrapperLocator, push bool) *instance {
	t.Helper()
	in := &instance{}
	for _, n := range oracles {
		e, err := n.peer.OCR2BinaryNetworkEndpointFactory().NewEndpoint(digest, peerIDs(oracles), bootstrappers, 1, testLimits)
		if err != nil {
			t.Fatal(err)
		}
		in.add(t, e, push)
	}
	return in
}

func (in *instance) add(t testing.TB, e commontypes.BinaryNetworkEndpoint, push bool) {
	t.Helper()
	in.endpoints = append(in.endpoints, e)
	in.collectors = append(in.collectors, collect(e, push))
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
}

func (in *instance) close(t testing.TB) {
	t.Helper()
	for i, e := range in.endpoints {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		<-in.collectors[i].done
	}
}

// check lets everybody broadcast, and everybody receive, from everybody.
func (in *instance) check(t testing.TB, text string) {
	t.Helper()
	for i, e := range in.endpoints {
		e.Broadcast(fmt.Appendf(nil, "%s from %d", text, i))
	}
	wait(time.Second)
	want := map[commontypes.OracleID][]string{}
	for i := range in.endpoints {
		want[commontypes.OracleID(i)] = []string{fmt.Sprintf("%s from %d", text, i)}
	}
	for i, c := range in.collectors {
		if got := c.take(); !maps.EqualFunc(got, want, slices.Equal[[]string]) {
			t.Errorf("oracle %d received %q, want %q", i, got, want)
		}
	}
}

func eachMode(t *testing.T, test func(t *testing.T, network *p2ptest.Network, push bool)) {
	for _, channels := range []bool{false, true} {
		for _, push := range []bool{false, true} {
			t.Run(fmt.Sprintf("channels=%v/push=%v", channels, push), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					network := p2ptest.NewNetwork(p2ptest.Options{Channels: channels})
					defer network.Close()
					test(t, network, push)
				})
			})
		}
	}
}

// TestInstance: oracles find each other through a bootstrapper, talk, restart, change the config.
func TestInstance(t *testing.T) {
	eachMode(t, func(t *testing.T, network *p2ptest.Network, push bool) {
		all := nodes(t, network, 5)
		oracles, boot := all[:4], all[4]
		bootstrappers := []commontypes.BootstrapperLocator{boot.locator()}
		digest := types.ConfigDigest{0, 1, 1}
		b, err := boot.peer.OCR2BootstrapperFactory().NewBootstrapper(digest, peerIDs(oracles), bootstrappers, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Start(); err != nil {
			t.Fatal(err)
		}
		in := startInstance(t, digest, oracles, bootstrappers, push)
		wait(30 * time.Second)
		in.check(t, "first")

		// Messages keep their order.
		for i := range 10 {
			in.endpoints[0].SendTo(fmt.Appendf(nil, "%d", i), 2)
		}
		wait(time.Second)
		if got := in.collectors[2].take()[0]; strings.Join(got, "") != "0123456789" {
			t.Errorf("received %q in disorder", got)
		}

		// One restarts, at another address.
		if err := in.endpoints[1].Close(); err != nil {
			t.Error(err)
		}
		<-in.collectors[1].done
		oracles[1].close()
		oracles[1].address = "10.0.1.1:6690"
		oracles[1].start()
		e, err := oracles[1].peer.OCR2BinaryNetworkEndpointFactory().NewEndpoint(digest, peerIDs(oracles), bootstrappers, 1, testLimits)
		if err != nil {
			t.Fatal(err)
		}
		in.endpoints[1], in.collectors[1] = e, collect(e, push)
		if err := e.Start(); err != nil {
			t.Fatal(err)
		}
		wait(30 * time.Second)
		in.check(t, "after a restart")

		// A new config: other digest, other streams; messages of old and new do not mix.
		second := startInstance(t, types.ConfigDigest{0, 1, 2}, oracles, bootstrappers, push)
		wait(30 * time.Second)
		in.check(t, "old")
		second.check(t, "new")
		in.close(t)
		second.check(t, "new alone")
		second.close(t)
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		wait(time.Second)
		for i, n := range all {
			if open := n.host.OpenStreams(); open != 0 {
				t.Errorf("node %d has %d streams open", i, open)
			}
		}
		if drops := network.Drops(); drops["limits"]+drops["length"] != 0 {
			t.Errorf("messages were refused: %v", drops)
		}
		closeAll(all)
		for i, n := range all {
			for _, line := range n.log.all() {
				if !strings.Contains(line, "addresses of some oracles are not known") {
					t.Errorf("node %d: %s", i, line)
				}
			}
		}
	})
}

// TestMisuse: whatever a caller does wrong costs a message and a line in the log, nothing else.
func TestMisuse(t *testing.T) {
	eachMode(t, func(t *testing.T, network *p2ptest.Network, push bool) {
		oracles := nodes(t, network, 2)
		defer closeAll(oracles)
		locators := []commontypes.BootstrapperLocator{oracles[0].locator()}
		early, err := oracles[0].peer.OCR2BinaryNetworkEndpointFactory().NewEndpoint(types.ConfigDigest{9}, peerIDs(oracles), locators, 0, testLimits)
		if err != nil {
			t.Fatal(err)
		}
		early.SendTo([]byte("x"), 0)
		early.Broadcast([]byte("x"))
		if err := early.Close(); err != nil {
			t.Errorf("closed before start: %v", err)
		}
		if err := early.Close(); err != nil {
			t.Errorf("closed twice: %v", err)
		}
		if early.Start() == nil {
			t.Error("a closed endpoint starts")
		}
		if _, ok := <-early.Receive(); ok {
			t.Error("a closed endpoint receives")
		}

		// The digest is free again.
		in := startInstance(t, types.ConfigDigest{9}, oracles, locators, push)
		wait(30 * time.Second)
		in.check(t, "sane")
		if in.endpoints[0].Start() == nil {
			t.Error("started twice")
		}
		in.check(t, "unharmed")
		in.endpoints[0].SendTo([]byte("x"), 2)
		in.endpoints[0].SendTo([]byte("x"), 255)
		in.endpoints[0].SendTo(make([]byte, testLimits.MaxMessageLength+1), 1)
		in.endpoints[0].Broadcast(nil)
		wait(time.Second)
		for i, c := range in.collectors {
			if got := c.take(); !maps.EqualFunc(got, map[commontypes.OracleID][]string{0: {""}}, slices.Equal[[]string]) {
				t.Errorf("oracle %d received %q, want an empty message", i, got)
			}
		}
		in.check(t, "unharmed again")
		in.close(t)
		in.endpoints[0].SendTo([]byte("x"), 0)
		in.endpoints[0].Broadcast([]byte("x"))
		want := map[string]uint64{"not_open": 4, "unknown_oracle": 2}
		if got := oracles[0].droppedCount(); !maps.Equal(got, want) {
			t.Errorf("dropped %v, want %v", got, want)
		}
		if lines := strings.Join(oracles[0].log.all(), "\n"); !strings.Contains(lines, "not started, or is closed") || !strings.Contains(lines, "no oracle has this id") {
			t.Errorf("the log does not tell:\n%s", lines)
		}
	})
}

// TestBuffers: what one oracle floods displaces only its own messages, and the messages to oneself are bounded.
func TestBuffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := p2ptest.NewNetwork(p2ptest.Options{})
		defer network.Close()
		oracles := nodes(t, network, 3)
		defer closeAll(oracles)
		in := &instance{}
		for _, n := range oracles {
			e, err := n.peer.OCR2BinaryNetworkEndpointFactory().NewEndpoint(types.ConfigDigest{1}, peerIDs(oracles), []commontypes.BootstrapperLocator{oracles[0].locator()}, 0, testLimits)
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Start(); err != nil {
				t.Fatal(err)
			}
			in.endpoints = append(in.endpoints, e)
		}
		wait(time.Minute)
		ch := in.endpoints[0].Receive()
		in.endpoints[1].SendTo([]byte("precious"), 0)
		wait(time.Second)
		for i := range 90 {
			in.endpoints[2].SendTo(fmt.Appendf(nil, "%d", i), 0)
			in.endpoints[0].SendTo(fmt.Appendf(nil, "%d", i), 0)
			if i%10 == 9 {
				wait(time.Second) // what goes beyond the outgoing buffer would be lost there
			}
		}
		got := map[commontypes.OracleID][]string{}
		for {
			select {
			case m := <-ch:
				got[m.Sender] = append(got[m.Sender], string(m.Msg))
				synctest.Wait()
				continue
			default:
			}
			break
		}
		if !slices.Equal(got[1], []string{"precious"}) {
			t.Errorf("received %q of the quiet oracle", got[1])
		}
		if n := len(got[2]); n < DefaultIncomingMessageBufferSize || n > DefaultIncomingMessageBufferSize+1 || got[2][n-1] != "89" {
			t.Errorf("received %d messages of the loud oracle, the last of them %q; want the newest %d", n, got[2][n-1], DefaultIncomingMessageBufferSize)
		}
		if n := len(got[0]); n < selfQueueSize || n > selfQueueSize+1 || got[0][0] != "0" {
			t.Errorf("received %d messages of oneself, the first of them %q; want the oldest %d", n, got[0][0], selfQueueSize)
		}
		in2 := strings.Join(oracles[0].log.all(), "\n")
		if !strings.Contains(in2, "too many wait") || !strings.Contains(in2, "dropped the oldest") {
			t.Errorf("the log does not tell:\n%s", in2)
		}
		for _, e := range in.endpoints {
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestSelfFromWithinReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := p2ptest.NewNetwork(p2ptest.Options{})
		defer network.Close()
		oracles := nodes(t, network, 1)
		defer closeAll(oracles)
		e, err := oracles[0].peer.OCR2BinaryNetworkEndpointFactory().NewEndpoint(types.ConfigDigest{1}, peerIDs(oracles), nil, 0, testLimits)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		e.(*endpoint).SetReceiver(func(m commontypes.BinaryMessageWithSender) {
			got = append(got, string(m.Msg))
			if len(got) < 100 {
				e.Broadcast(fmt.Appendf(nil, "%d", len(got)))
			}
		})
		if err := e.Start(); err != nil {
			t.Fatal(err)
		}
		e.SendTo([]byte("0"), 0)
		if len(got) != 100 || got[99] != "99" {
			t.Errorf("got %q", got)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestRefusedEndpoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := p2ptest.NewNetwork(p2ptest.Options{})
		defer network.Close()
		oracles := nodes(t, network, 3)
		ids := peerIDs(oracles)
		boot := []commontypes.BootstrapperLocator{oracles[2].locator()}
		factory := oracles[0].peer.OCR2BinaryNetworkEndpointFactory()
		bad := func(change func(*types.BinaryNetworkEndpointLimits)) types.BinaryNetworkEndpointLimits {
			l := testLimits
			change(&l)
			return l
		}
		for want, c := range map[string]struct {
			ids    []string
			boot   []commontypes.BootstrapperLocator
			limits types.BinaryNetworkEndpointLimits
		}{
			"oracle 1: peer id":                    {[]string{ids[0], "nonsense"}, boot, testLimits},
			"bootstrapper 0: peer id":              {ids, []commontypes.BootstrapperLocator{{PeerID: "12D3"}}, testLimits},
			"is not among the 2 oracles":           {ids[1:], boot, testLimits},
			"oracles 0 and 2 have the same":        {[]string{ids[0], ids[1], ids[0]}, boot, testLimits},
			"257 oracles, at most 256":             {slices.Repeat(ids[:1], 257), boot, testLimits},
			"MaxMessageLength is -1":               {ids, boot, bad(func(l *types.BinaryNetworkEndpointLimits) { l.MaxMessageLength = -1 })},
			"MessagesCapacityPerOracle is -1":      {ids, boot, bad(func(l *types.BinaryNetworkEndpointLimits) { l.MessagesCapacityPerOracle = -1 })},
			"BytesCapacityPerOracle is 4294967296": {ids, boot, bad(func(l *types.BinaryNetworkEndpointLimits) { l.BytesCapacityPerOracle = 1 << 32 })},
			"MessagesRatePerOracle is NaN":         {ids, boot, bad(func(l *types.BinaryNetworkEndpointLimits) { l.MessagesRatePerOracle = math.NaN() })},
			"BytesRatePerOracle is -1":             {ids, boot, bad(func(l *types.BinaryNetworkEndpointLimits) { l.BytesRatePerOracle = -1 })},
		} {
			if e, err := factory.NewEndpoint(types.ConfigDigest{1}, c.ids, c.boot, 0, c.limits); err == nil || !strings.Contains(err.Error(), want) || e != nil {
				t.Errorf("got %v, want %q", err, want)
			}
		}
		// None of these left a registration behind.
		e, err := factory.NewEndpoint(types.ConfigDigest{1}, ids, boot, 0, testLimits)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := factory.NewEndpoint(types.ConfigDigest{1}, ids, boot, 0, testLimits); err == nil || !strings.Contains(err.Error(), "already") {
			t.Errorf("a second endpoint of the digest: %v", err)
		}
		if _, err := oracles[0].peer.OCR2BootstrapperFactory().NewBootstrapper(types.ConfigDigest{1}, ids, boot, 0); err == nil {
			t.Error("a bootstrapper beside the endpoint of the digest")
		}
		// A stream that is taken: the endpoint fails to start, and leaves nothing behind.
		taken, err := oracles[0].host.NewStream(oracles[2].host.ID(), streamName(types.ConfigDigest{1}), 1, 1, 1, bucketOf(1), bucketOf(1))
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Start(); err == nil || !strings.Contains(err.Error(), "oracle 2") {
			t.Errorf("got %v", err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		if err := taken.Close(); err != nil {
			t.Error(err)
		}
		wait(time.Second)
		if open := oracles[0].host.OpenStreams(); open != 0 {
			t.Errorf("%d streams are open", open)
		}
		if e, err = factory.NewEndpoint(types.ConfigDigest{1}, ids, boot, 0, testLimits); err != nil {
			t.Fatal(err)
		}
		// The peer may be closed first.
		if err := e.Start(); err != nil {
			t.Error(err)
		}
		closeAll(oracles)
		if err := oracles[0].peer.Close(); err != nil {
			t.Errorf("closed twice: %v", err)
		}
		e.Close()
		if _, err := factory.NewEndpoint(types.ConfigDigest{2}, ids, boot, 0, testLimits); err == nil {
			t.Error("a closed peer makes endpoints")
		}
	})
}

func TestBootstrapperLifeCycle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := p2ptest.NewNetwork(p2ptest.Options{})
		defer network.Close()
		all := nodes(t, network, 2)
		defer closeAll(all)
		make := func() commontypes.Bootstrapper {
			t.Helper()
			b, err := all[0].peer.OCR1BootstrapperFactory().NewBootstrapper(ocr1types.ConfigDigest{1}, peerIDs(all[1:]), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		b := make()
		if err := b.Close(); err != nil { // before start
			t.Error(err)
		}
		if b.Start() == nil {
			t.Error("a closed bootstrapper starts")
		}
		b = make()
		if err := b.Start(); err != nil {
			t.Error(err)
		}
		if b.Start() == nil {
			t.Error("started twice")
		}
		for range 2 {
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		}
		make().Close()
	})
}

// TestOCR1 has a whole instance under a digest of 16 bytes.
func TestOCR1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := p2ptest.NewNetwork(p2ptest.Options{})
		defer network.Close()
		oracles := nodes(t, network, 3)
		defer closeAll(oracles)
		in := &instance{}
		for _, n := range oracles {
			e, err := n.peer.OCR1BinaryNetworkEndpointFactory().NewEndpoint(
				ocr1types.ConfigDigest{7}, peerIDs(oracles), []commontypes.BootstrapperLocator{oracles[0].locator()}, 0, 1, 16)
			if err != nil {
				t.Fatal(err)
			}
			in.add(t, e, true)
		}
		wait(time.Minute)
		in.check(t, "OCR1")
		in.close(t)
		if _, err := oracles[0].peer.OCR1BinaryNetworkEndpointFactory().NewEndpoint(ocr1types.ConfigDigest{7}, peerIDs(oracles), nil, 0, 1, math.MaxInt32); err == nil {
			t.Error("a capacity out of range is accepted")
		}
	})
}

// TestStreamNameVectors runs the digests and stream names among the vectors of stream ids.
func TestStreamNameVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"network-streamids.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"ocr1-digest": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Kind   string
					Digest vectors.Hex `json:"ocr1_config_digest"`
				}](t, c.Input)
				want := vectors.DecodeStrict[struct {
					ConfigDigest vectors.Hex `json:"config_digest"`
					StreamName   string      `json:"stream_name"`
				}](t, c.Output)
				digest := OCR1DigestToConfigDigest(in.Digest.Array16(t))
				if string(digest[:]) != string(want.ConfigDigest) || streamName(digest) != want.StreamName {
					t.Errorf("got %v and %q, want %s", digest, streamName(digest), c.Output)
				}
				if back, err := OCR1DigestFromConfigDigest(digest); err != nil || back != in.Digest.Array16(t) {
					t.Errorf("back: %v, %v", back, err)
				}
				digest[31] = 1
				if back, err := OCR1DigestFromConfigDigest(digest); err == nil {
					t.Errorf("a digest with a tail gives %v", back)
				}
			},
		},
		Elsewhere: map[string]string{"stream-id": "offchain/p2p/wire"},
	})
}
