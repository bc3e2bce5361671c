package machine

import (
	"crypto/ed25519"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/p2p/discovery/announcement"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/vectors"
)

type runCase = func(*testing.T, vectors.File, vectors.Case)

func TestTraceVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"network-discovery-trace.json"}, vectors.Kinds{Run: map[string]runCase{
		"discovery-trace": traceCase,
		"oracle-cap":      capCase,
	}})
}

func keyringOf(t testing.TB, seed [32]byte) p2ptypes.PeerKeyring {
	t.Helper()
	k, err := peerid.NewPrivateKeyKeyring(ed25519.NewKeyFromSeed(seed[:]))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

type traceOp struct {
	Op            string
	Digest        int
	Oracles       []string
	Bootstrappers []string
	Serialized    vectors.Hex
	Of            string
	Counter       uint64
	Addrs         []string
	Note          string
}

type traceState struct {
	OK                bool `json:"ok"`
	Best              map[string]string
	NextReconcileTo   map[string][]string `json:"next_reconcile_to"`
	Addresses         map[string][]string
	Events            []string
	DatabaseParseable map[string]string `json:"database_parseable"`
}

// trace runs a machine by the ops of a vector.
type trace struct {
	t        *testing.T
	m        *Machine
	ids      map[string]p2ptypes.PeerID
	names    map[p2ptypes.PeerID]string
	database map[string][]byte
	events   []string
	ok       bool
}

func traceCase(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind  string
		Peers map[string]struct {
			PeerID string `json:"peer_id"`
			Seed   vectors.Hex
		}
		OwnAddrs []p2ptypes.Address `json:"own_addrs"`
		Database map[string]vectors.Hex
		Ops      []traceOp
	}](t, c.Input)
	want := vectors.DecodeStrict[struct {
		AfterEachOp []traceState `json:"after_each_op"`
	}](t, c.Output)
	tr := &trace{t: t, ids: map[string]p2ptypes.PeerID{}, names: map[p2ptypes.PeerID]string{}}
	for name, peer := range in.Peers {
		id := peerid.PeerIDFromKeyring(keyringOf(t, peer.Seed.Array32(t)))
		if id.String() != peer.PeerID {
			t.Fatalf("%s is %s, want %s", name, id, peer.PeerID)
		}
		tr.ids[name], tr.names[id] = id, name
	}
	if in.Database != nil {
		tr.database = map[string][]byte{}
		for key, value := range in.Database {
			tr.database[key] = value
		}
	}
	var err error
	tr.m, err = New(Config{
		Self:           tr.ids["self"],
		OwnAddresses:   in.OwnAddrs,
		DeltaReconcile: time.Minute,
		HasDatabase:    in.Database != nil,
		Sign:           keyringOf(t, in.Peers["self"].Seed.Array32(t)).Sign,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(want.AfterEachOp) != len(in.Ops) {
		t.Fatalf("%d ops, %d states", len(in.Ops), len(want.AfterEachOp))
	}
	for i, op := range in.Ops {
		tr.ok = true
		tr.run(op)
		tr.compare(fmt.Sprintf("after op %d (%s %s)", i, op.Op, op.Note), want.AfterEachOp[i])
	}
}

func (tr *trace) run(op traceOp) {
	switch op.Op {
	case "add-group":
		var oracles []p2ptypes.PeerID
		for _, name := range op.Oracles {
			oracles = append(oracles, tr.id(name))
		}
		var bootstrappers []p2ptypes.PeerInfo
		for _, text := range op.Bootstrappers {
			name, list, _ := strings.Cut(text, "@")
			b := p2ptypes.PeerInfo{ID: tr.id(name)}
			for _, address := range strings.Split(list, "/") {
				b.Addrs = append(b.Addrs, p2ptypes.Address(address))
			}
			bootstrappers = append(bootstrappers, b)
		}
		tr.result(tr.m.AddGroup(0, digestOf(op.Digest), oracles, bootstrappers))
	case "remove-group":
		tr.result(tr.m.RemoveGroup(digestOf(op.Digest)))
	case "announcement":
		a, err := announcement.Decode(op.Serialized)
		if err == nil {
			err = a.CheckWellFormed()
		}
		if err == nil {
			err = tr.m.process(0, nil, a)
		}
		tr.result(err)
	default:
		tr.t.Fatalf("unknown op %q", op.Op)
	}
	tr.drain()
}

func digestOf(i int) types.ConfigDigest { return types.ConfigDigest{30: byte(i >> 8), 31: byte(i)} }

func (tr *trace) id(name string) p2ptypes.PeerID {
	id, ok := tr.ids[name]
	if !ok {
		tr.t.Fatalf("no peer is called %q", name)
	}
	return id
}

func (tr *trace) result(err error) { tr.ok = tr.ok && err == nil }

// drain carries out what the machine wants.
func (tr *trace) drain() {
	for {
		effects := tr.m.Effects()
		if len(effects) == 0 {
			return
		}
		for _, e := range effects {
			switch e := e.(type) {
			case Connect:
				tr.events = append(tr.events, "connect "+tr.names[e.Peer])
			case Disconnect:
				tr.events = append(tr.events, "disconnect "+tr.names[e.Peer])
			case Send:
				m, err := announcement.DecodeMessage(e.Message)
				if err != nil || m.Kind != announcement.KindAnnouncement {
					tr.t.Fatalf("sent %x, %v", e.Message, err)
				}
				a := m.Announcements[0]
				if id, _ := a.PeerID(); id != tr.ids["self"] {
					tr.t.Errorf("broadcast of another peer's announcement: %v", a)
				}
				tr.events = append(tr.events, fmt.Sprintf("broadcast-own counter=%d addrs=%s", a.Counter, announcement.JoinAddresses(a.Addresses)))
			case Load:
				values := map[string][]byte{}
				for _, id := range e.Peers {
					if value, ok := tr.database[id.String()]; ok {
						values[id.String()] = value
					}
				}
				tr.m.Loaded(0, e.Peers, values)
			case Store:
				tr.database[e.Peer.String()] = e.Encoded
			case Log:
			default:
				tr.t.Fatalf("unknown effect %T", e)
			}
		}
	}
}

func (tr *trace) compare(when string, want traceState) {
	t := tr.t
	t.Helper()
	if tr.ok != want.OK {
		t.Errorf("%s: ok = %v, want %v", when, tr.ok, want.OK)
	}
	best := map[string]string{}
	addresses := map[string][]string{}
	reconcile := map[string][]string{}
	for name, id := range tr.ids {
		if p := tr.m.peers[id]; p != nil && p.best != nil {
			best[name] = fmt.Sprintf("%d %s", p.best.Counter, announcement.JoinAddresses(p.best.Addresses))
			if err := p.best.VerifySignature(); err != nil {
				t.Errorf("%s: kept an announcement of %s: %v", when, name, err)
			}
		}
		if found := tr.m.FindPeer(id); len(found) > 0 {
			for _, address := range found {
				addresses[name] = append(addresses[name], string(address))
			}
			slices.Sort(addresses[name][:configuredCount(tr.m, id)])
		}
		if p := tr.m.peers[id]; p != nil && p != tr.m.self {
			var owners []string
			for i, o := range tr.m.oracles {
				if tr.m.visible(p).has(i) {
					owners = append(owners, tr.names[o.id])
				}
			}
			if owners != nil {
				slices.Sort(owners)
				reconcile[name] = owners
			}
		}
	}
	if !maps.Equal(best, want.Best) {
		t.Errorf("%s: best %v, want %v", when, best, want.Best)
	}
	if !maps.EqualFunc(addresses, want.Addresses, slices.Equal[[]string]) {
		t.Errorf("%s: addresses %v, want %v", when, addresses, want.Addresses)
	}
	if !maps.EqualFunc(reconcile, want.NextReconcileTo, slices.Equal[[]string]) {
		t.Errorf("%s: next reconcile %v, want %v", when, reconcile, want.NextReconcileTo)
	}
	// Streams with oneself are nobody's business.
	self := func(event string) bool { return event == "connect self" || event == "disconnect self" }
	events, wantEvents := tr.events, slices.DeleteFunc(slices.Clone(want.Events), self)
	tr.events = nil
	slices.Sort(events)
	if !slices.Equal(events, wantEvents) {
		t.Errorf("%s: events %q, want %q", when, events, wantEvents)
	}
	if (tr.database == nil) != (want.DatabaseParseable == nil) {
		t.Fatalf("%s: database %v, want %v", when, tr.database, want.DatabaseParseable)
	}
	database := map[string]string{}
	for key, value := range tr.database {
		if a, err := announcement.Decode(value); err == nil {
			database[key] = fmt.Sprintf("%d %s", a.Counter, announcement.JoinAddresses(a.Addresses))
		}
	}
	if !maps.Equal(database, want.DatabaseParseable) {
		t.Errorf("%s: database %v, want %v", when, database, want.DatabaseParseable)
	}
}

func configuredCount(m *Machine, id p2ptypes.PeerID) int { return len(m.peers[id].configured) }

func capCase(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind   string
		Groups []struct {
			Digest, Oracles int
			FirstOracle     int `json:"first_oracle"`
		} `json:"groups_added_in_order"`
	}](t, c.Input)
	want := vectors.DecodeStrict[struct {
		OK []bool `json:"ok"`
	}](t, c.Output)
	k := keyringOf(t, [32]byte{1})
	m, err := New(Config{
		Self: peerid.PeerIDFromKeyring(k), OwnAddresses: []p2ptypes.Address{"192.0.2.1:1"}, DeltaReconcile: time.Minute, Sign: k.Sign,
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, g := range in.Groups {
		var oracles []p2ptypes.PeerID
		for j := range g.Oracles {
			oracles = append(oracles, p2ptypes.PeerID{30: byte((g.FirstOracle + j) >> 8), 31: byte(g.FirstOracle + j)})
		}
		before := m.Stats()
		err := m.AddGroup(0, digestOf(g.Digest), oracles, nil)
		if (err == nil) != want.OK[i] {
			t.Errorf("group %d: got %v, want ok = %v", i, err, want.OK[i])
		}
		if err != nil && m.Stats() != before {
			t.Errorf("group %d: refused, but %+v became %+v", i, before, m.Stats())
		}
	}
}
