package machine

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/p2p/discovery/announcement"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

// cast gives peers their names, and keys that follow from the names.
type cast struct {
	t     testing.TB
	keys  map[string]p2ptypes.PeerKeyring
	names map[p2ptypes.PeerID]string
}

func newCast(t testing.TB) *cast {
	return &cast{t, map[string]p2ptypes.PeerKeyring{}, map[p2ptypes.PeerID]string{}}
}

func (c *cast) key(name string) p2ptypes.PeerKeyring {
	k, ok := c.keys[name]
	if !ok {
		k = keyringOf(c.t, sha256.Sum256([]byte(name)))
		c.keys[name] = k
		c.names[peerid.PeerIDFromKeyring(k)] = name
	}
	return k
}

func (c *cast) id(name string) p2ptypes.PeerID { return peerid.PeerIDFromKeyring(c.key(name)) }

func (c *cast) announce(name string, counter uint64, addresses ...p2ptypes.Address) announcement.Announcement {
	c.t.Helper()
	k := c.key(name)
	a, err := announcement.Sign(addresses, counter, k.PublicKey(), k.Sign)
	if err != nil {
		c.t.Fatal(err)
	}
	return a
}

func reconcileOf(list ...announcement.Announcement) []byte {
	var encoded [][]byte
	for _, a := range list {
		encoded = append(encoded, a.Encode())
	}
	return announcement.EncodeReconcile(encoded)
}

// describe tells a discovery message in a line.
func (c *cast) describe(message []byte) string {
	m, err := announcement.DecodeMessage(message)
	if err != nil {
		return fmt.Sprintf("not a message: %v", err)
	}
	var parts []string
	for _, a := range m.Announcements {
		parts = append(parts, c.describeAnnouncement(a))
	}
	slices.Sort(parts)
	kind := map[announcement.Kind]string{announcement.KindAnnouncement: "announcement", announcement.KindReconcile: "reconcile"}[m.Kind]
	return kind + " " + strings.Join(parts, " ")
}

func (c *cast) describeAnnouncement(a announcement.Announcement) string {
	owner := "?"
	if id, err := a.PeerID(); err == nil {
		owner = c.names[id]
	}
	return fmt.Sprintf("%s#%d(%s)", owner, a.Counter, announcement.JoinAddresses(a.Addresses))
}

func (c *cast) list(ids []p2ptypes.PeerID) string {
	var names []string
	for _, id := range ids {
		names = append(names, c.names[id])
	}
	slices.Sort(names)
	return strings.Join(names, ",")
}

// tell describes an effect in a line.
func (c *cast) tell(e Effect) string {
	switch e := e.(type) {
	case Connect:
		return "connect " + c.names[e.Peer]
	case Disconnect:
		return "disconnect " + c.names[e.Peer]
	case Send:
		return fmt.Sprintf("send %s: %s", c.list(e.To), c.describe(e.Message))
	case Load:
		return "load " + c.list(e.Peers)
	case Store:
		a, err := announcement.Decode(e.Encoded)
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf("store %s: %s", c.names[e.Peer], c.describeAnnouncement(a))
	case Log:
		line := []string{[]string{"info", "warn"}[e.Level], e.Message}
		for _, name := range []string{"peer", "error", "count", "counter", "old", "new", "others", "detected", "undetected"} {
			value, ok := e.Fields[name]
			if !ok {
				continue
			}
			switch v := value.(type) {
			case p2ptypes.PeerID:
				value = c.names[v]
			case []p2ptypes.PeerID:
				value = c.list(v)
			}
			line = append(line, fmt.Sprintf("%s=%v", name, value))
		}
		return strings.Join(line, " ")
	}
	return fmt.Sprintf("unknown effect %T", e)
}
