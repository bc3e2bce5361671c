// Package discovery finds out where peers can be dialed: a Ragep2pDiscoverer runs the protocol of package machine on the
// streams of a host, with a database and metrics.
//
// Source: docs/protocol/transport.md, "Discovery".
package discovery

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/internal/logging"
	"github.com/ocrkit/ocrkit/offchain/p2p/discovery/announcement"
	"github.com/ocrkit/ocrkit/offchain/p2p/discovery/machine"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/types"
)

const (
	// MaxOracles bounds the distinct oracles in all groups of a peer.
	MaxOracles = announcement.MaxOracles
	// StreamName is the name of the stream on which two peers discover.
	StreamName = "ragedisco/v1"

	bufferSize       = 2 // of streams, in messages
	messagesCapacity = 4
)

// DiscovererDatabase keeps announcements across restarts. Keys are peer ids in text form. Implementations must be safe for
// concurrent use.
type DiscovererDatabase interface {
	// StoreAnnouncement sets the announcement of a peer.
	StoreAnnouncement(ctx context.Context, peerID string, ann []byte) error
	// ReadAnnouncements returns the announcements of those among the peers for which there is one. An error together with a map
	// that is not nil means that single announcements are lost and the others are in the map.
	ReadAnnouncements(ctx context.Context, peerIDs []string) (map[string][]byte, error)
}

// Ragep2pDiscoverer is a p2ptypes.Discoverer that learns addresses from other peers. It holds two goroutines, whatever the number
// of peers. All methods may be called concurrently.
type Ragep2pDiscoverer struct {
	deltaReconcile    time.Duration
	announceAddresses []string
	db                DiscovererDatabase
	registerer        prometheus.Registerer
	// interfaces lists the addresses of this machine's network interfaces.
	interfaces func() (v4, v6 []netip.Addr, err error)

	mu    sync.RWMutex // guards what follows
	state state
	m     *machine.Machine // while started
	shell *shell           // while started
}

type state int

const (
	unstarted state = iota
	started
	closed
)

var (
	_ p2ptypes.Discoverer = (*Ragep2pDiscoverer)(nil)

	errNotUnstarted = errors.New("discovery: Start on what was started before")
	errNotStarted   = errors.New("discovery: not started")
)

// NewRagep2pDiscoverer makes a discoverer that exchanges all it knows with each peer every deltaReconcile, a minute or so. It
// announces the given addresses, each ip:port, where an unspecified ip (0.0.0.0, [::]) stands for the addresses of this
// machine's interfaces; of more than ten the first ten. db may be nil: then nothing is remembered across restarts.
// metricsRegisterer may be nil.
func NewRagep2pDiscoverer(
	deltaReconcile time.Duration, announceAddresses []string, db DiscovererDatabase, metricsRegisterer prometheus.Registerer,
) *Ragep2pDiscoverer {
	return &Ragep2pDiscoverer{
		deltaReconcile:    deltaReconcile,
		announceAddresses: announceAddresses,
		db:                db,
		registerer:        metricsRegisterer,
		interfaces:        interfaces,
	}
}

func interfaces() (v4, v6 []netip.Addr, err error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, nil, err
	}
	texts := make([]string, len(addresses))
	for i, address := range addresses {
		texts[i] = address.String()
	}
	return announcement.SplitInterfaces(texts)
}

// Start begins to discover on the streams of host. keyring is that of the host's peer. It fails when the announce addresses are
// not of the form ip:port, or when there is none in the end. A discoverer is started once.
func (d *Ragep2pDiscoverer) Start(host p2ptypes.Host, keyring p2ptypes.PeerKeyring, logger commontypes.Logger) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state != unstarted {
		return errNotUnstarted
	}
	log := logging.New(logger).Child(commontypes.LogFields{"in": "discovery"})
	own, dropped, err := announcement.OwnAddresses(d.announceAddresses, d.interfaces)
	if err != nil {
		return fmt.Errorf("discovery: %w", err)
	}
	if len(own) == 0 {
		return fmt.Errorf("discovery: none of the announce addresses %q yields an address: this machine has no interface of that kind", d.announceAddresses)
	}
	if dropped > 0 {
		log.Critical("too many announce addresses, the last ones are not announced", commontypes.LogFields{"announced": own, "dropped": dropped})
	}
	m, err := machine.New(machine.Config{
		Self:           host.ID(),
		OwnAddresses:   own,
		DeltaReconcile: d.deltaReconcile,
		HasDatabase:    d.db != nil,
		Sign:           keyring.Sign,
	})
	if err != nil {
		return err
	}
	log.Info("announcing addresses", commontypes.LogFields{"addresses": own, "configured": d.announceAddresses})
	d.m, d.state = m, started
	d.shell = newShell(d, host, log)
	m.Start(d.shell.now())
	d.shell.start()
	return nil
}

// Close ends discovery and returns when what is known has been stored and all resources are released, within seconds. Only a
// started discoverer can be closed, once.
func (d *Ragep2pDiscoverer) Close() error {
	d.mu.Lock()
	if d.state != started {
		d.mu.Unlock()
		return errNotStarted
	}
	d.state = closed
	d.mu.Unlock()
	d.shell.close()
	return nil
}

// AddGroup begins to look for the oracles of the config with the given digest, and to tell them about each other. Bootstrappers
// are known by the addresses that come with them. It fails when the digest is in use, when there would be more than
// MaxOracles oracles, and when the discoverer does not run.
func (d *Ragep2pDiscoverer) AddGroup(digest types.ConfigDigest, onodes []p2ptypes.PeerID, bnodes []p2ptypes.PeerInfo) error {
	return d.change(func(now time.Duration) error { return d.m.AddGroup(now, digest, onodes, bnodes) })
}

// RemoveGroup ends what AddGroup began. It fails when there is no group with this digest, and when the discoverer does not run.
func (d *Ragep2pDiscoverer) RemoveGroup(digest types.ConfigDigest) error {
	return d.change(func(time.Duration) error { return d.m.RemoveGroup(digest) })
}

func (d *Ragep2pDiscoverer) change(f func(now time.Duration) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state != started {
		return errNotStarted
	}
	err := f(d.shell.now())
	d.shell.todo(d.m.Effects())
	return err
}

// FindPeer returns the addresses of a peer, those that were configured first; none when none is known. It fails when the
// discoverer does not run.
func (d *Ragep2pDiscoverer) FindPeer(peer p2ptypes.PeerID) ([]p2ptypes.Address, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.state != started {
		return nil, errNotStarted
	}
	return d.m.FindPeer(peer), nil
}
