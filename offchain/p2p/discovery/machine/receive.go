package machine

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/discovery/announcement"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

// Receive takes a message from a peer. Only what is news costs the check of a signature.
func (m *Machine) Receive(now time.Duration, from p2ptypes.PeerID, message []byte) {
	p := m.peers[from]
	if p == nil {
		return // left behind by a group that is gone
	}
	decoded, err := announcement.DecodeMessage(message)
	if err == nil {
		err = decoded.CheckWellFormed()
	}
	if err != nil {
		m.counters.BadMessages++
		if taper(&p.badMessages) {
			m.log(Warn, "dropped a bad discovery message", commontypes.LogFields{"peer": from, "error": err, "count": p.badMessages})
		}
		return
	}
	for _, a := range decoded.Announcements {
		err := m.process(now, p, a)
		if err == nil {
			continue
		}
		m.counters.BadAnnouncements++
		if taper(&p.badAnnouncements) {
			m.log(Warn, "refused an announcement", commontypes.LogFields{
				"peer": from, "announcement": a.String(), "error": err, "count": p.badAnnouncements})
		}
	}
}

// process takes a well-formed announcement; from is nil when it is from the database. An error means that it is not valid or
// none of our business; one that is merely old is ignored.
func (m *Machine) process(now time.Duration, from *peer, a announcement.Announcement) error {
	owner, err := a.PeerID()
	if err != nil {
		return err
	}
	p := m.peers[owner]
	if p == nil || p.oracleRefs == 0 {
		return errNotOracle
	}
	if p.best != nil {
		switch {
		case a.Counter < p.best.Counter:
			m.correct(now, from, p)
			return nil
		case a.Counter == p.best.Counter && (p != m.self || slices.Equal(a.Addresses, p.best.Addresses)):
			return nil
		}
	}
	m.counters.Verifications++
	if err := a.VerifySignature(); err != nil {
		return err
	}
	a.PublicKey, a.Sig = bytes.Clone(a.PublicKey), bytes.Clone(a.Sig) // the message may be large
	if p == m.self {
		return m.processOwn(now, a)
	}
	p.best = &known{a, a.Encode()}
	m.markUnsaved(now, p)
	m.emit(Connect{owner})
	if from == p {
		m.relay(now, p)
		m.markEarly(now, p) // a peer with news of itself may have just come back
	}
	return nil
}

// processOwn takes an own announcement from an earlier life. Ours must be newer than any that tells of other addresses.
func (m *Machine) processOwn(now time.Duration, a announcement.Announcement) error {
	if slices.Equal(a.Addresses, m.cfg.OwnAddresses) {
		m.self.best = &known{a, a.Encode()}
		m.markUnsaved(now, m.self)
		return nil
	}
	if a.Counter == math.MaxUint64 {
		return fmt.Errorf("an announcement of this peer has the greatest possible counter and addresses %s, so that no newer one "+
			"is possible: the peer needs a new key", announcement.JoinAddresses(a.Addresses))
	}
	own, err := m.sign(a.Counter + 1)
	if err != nil {
		return err
	}
	if own.Counter > suspiciousCounter {
		m.log(Warn, "the own announcement has a suspiciously great counter: is the peer key in use elsewhere?",
			commontypes.LogFields{"counter": own.Counter, "others": announcement.JoinAddresses(a.Addresses)})
	} else {
		m.log(Info, "an older announcement of this peer had other addresses", commontypes.LogFields{
			"counter": own.Counter, "old": announcement.JoinAddresses(a.Addresses), "new": announcement.JoinAddresses(own.Addresses)})
	}
	m.self.best = own
	m.markUnsaved(now, m.self)
	m.broadcastOwn(now)
	return nil
}

// Loaded takes what is stored about the peers of a Load, in no particular order. The values are trusted no more than messages.
func (m *Machine) Loaded(now time.Duration, peers []p2ptypes.PeerID, values map[string][]byte) {
	for _, id := range peers {
		if p := m.peers[id]; p != nil && p.oracleRefs > 0 {
			p.loaded, p.reload = true, false
		}
	}
	for _, id := range peers {
		value, ok := values[id.String()]
		if !ok {
			continue
		}
		a, err := announcement.Decode(value)
		if err == nil {
			err = a.CheckWellFormed()
		}
		if err == nil {
			err = m.process(now, nil, a)
		}
		if p := m.peers[id]; p != nil && p.best != nil && bytes.Equal(value, p.best.encoded) {
			p.unsaved = false
		}
		if err != nil {
			m.log(Warn, "refused an announcement from the database", commontypes.LogFields{"key": id, "error": err})
		}
	}
	for _, id := range peers {
		// What came in the meantime could not be stored.
		if p := m.peers[id]; p != nil && p.unsaved {
			schedule(&m.nextSave, now+saveDelay)
		}
	}
}

// LoadFailed says that a Load did not succeed. It is tried again later.
func (m *Machine) LoadFailed(now time.Duration, peers []p2ptypes.PeerID) {
	for _, id := range peers {
		if p := m.peers[id]; p != nil && p.oracleRefs > 0 && !p.loaded {
			p.reload = true
			schedule(&m.nextLoad, now+retryDelay)
		}
	}
}

func (m *Machine) load(peers []p2ptypes.PeerID) {
	if m.cfg.HasDatabase && len(peers) > 0 {
		m.emit(Load{peers})
	}
}

func (m *Machine) reload() {
	m.nextLoad = never
	var peers []p2ptypes.PeerID
	for _, p := range m.sortedPeers() {
		if p.reload {
			p.reload = false
			peers = append(peers, p.id)
		}
	}
	m.load(peers)
}

func (m *Machine) markUnsaved(now time.Duration, p *peer) {
	if m.cfg.HasDatabase {
		p.unsaved = true
		schedule(&m.nextSave, now+saveDelay)
	}
}

// save stores what has changed.
func (m *Machine) save() {
	m.nextSave = never
	for _, p := range m.sortedPeers() {
		m.store(p)
	}
}

func (m *Machine) store(p *peer) {
	if p.unsaved && p.loaded {
		p.unsaved = false
		m.emit(Store{p.id, p.best.encoded})
	}
}

// StoreFailed says that a Store did not succeed. It is tried again later.
func (m *Machine) StoreFailed(now time.Duration, id p2ptypes.PeerID) {
	if p := m.peers[id]; p != nil && p.best != nil && p.oracleRefs > 0 {
		p.unsaved = true
		schedule(&m.nextSave, now+retryDelay)
	}
}
