package machine

import (
	"math/bits"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/discovery/announcement"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

// A peer accepts two messages per DeltaReconcile, and four in a burst; beyond that it drops them, and with them its patience for
// the next ones. So no more go to a peer than one each 5/9 DeltaReconcile and two in a burst; two more may have waited for
// the connection and arrive with them. That leaves room for the regular reconciles and for news in between, and since all that
// goes out early is a whole reconcile, regular ones that must wait are not missed.
func (m *Machine) maySend(now time.Duration, p *peer) bool { return p.pace <= now+m.interval() }

func (m *Machine) count(now time.Duration, p *peer) { p.pace = max(p.pace, now) + m.interval() }

func (m *Machine) interval() time.Duration { return m.cfg.DeltaReconcile / 9 * 5 }

func (m *Machine) markEarly(now time.Duration, p *peer) {
	p.early = true
	schedule(&m.nextEarly, now+min(m.cfg.DeltaReconcile/10, maxEarlyDelay))
}

// relay marks all who may know about owner, but owner itself.
func (m *Machine) relay(now time.Duration, owner *peer) {
	m.computeAllowed()
	for _, p := range m.peers {
		if p != m.self && p != owner && p.allowed.has(owner.index) {
			m.markEarly(now, p)
		}
	}
}

// correct marks a peer that told old news about owner, if it may know better.
func (m *Machine) correct(now time.Duration, p, owner *peer) {
	if p == nil || p == m.self {
		return
	}
	m.computeAllowed()
	if p.allowed.has(owner.index) {
		m.markEarly(now, p)
	}
}

// computeAllowed brings peer.allowed up to date: a peer may know about the oracles of all groups that it is in, in either role.
func (m *Machine) computeAllowed() {
	if !m.allowedStale {
		return
	}
	m.allowedStale = false
	for _, p := range m.peers {
		p.allowed = ownerSet{}
	}
	for _, g := range m.groups {
		var owners ownerSet
		for _, id := range g.oracles {
			owners.add(m.peers[id].index)
		}
		for _, id := range g.oracles {
			m.peers[id].allowed.union(owners)
		}
		for _, b := range g.bootstrappers {
			m.peers[b.ID].allowed.union(owners)
		}
	}
}

// visible returns the oracles whose announcements a reconcile to the peer has.
func (m *Machine) visible(p *peer) ownerSet {
	m.computeAllowed()
	set := p.allowed
	for i := range m.oracles {
		if o := m.oracles[i]; o != nil && o.best == nil {
			set[i/64] &^= 1 << (i % 64)
		}
	}
	return set
}

// reconcile sends each peer all that it may know.
func (m *Machine) reconcile(now time.Duration) {
	for _, p := range m.sortedPeers() {
		if p.unconnected {
			p.unconnected = false
			m.emit(Connect{p.id})
		}
	}
	for _, p := range m.peers {
		p.early = p != m.self
	}
	m.reconcileEarly(now)
}

// reconcileEarly sends those who are marked all that they may know, now or when they will accept it.
func (m *Machine) reconcileEarly(now time.Duration) {
	m.nextEarly = never
	// Many peers may know the same: their message is the same, too.
	position := map[ownerSet]int{}
	var sends []Send
	for _, p := range m.sortedPeers() {
		if !p.early {
			continue
		}
		if !m.maySend(now, p) {
			schedule(&m.nextEarly, p.pace-m.interval())
			continue
		}
		p.early = false
		set := m.visible(p)
		if set == (ownerSet{}) {
			continue
		}
		m.count(now, p)
		i, ok := position[set]
		if !ok {
			i = len(sends)
			position[set] = i
			sends = append(sends, Send{nil, m.encode(set)})
		}
		sends[i].To = append(sends[i].To, p.id)
	}
	for _, send := range sends {
		m.emit(send)
	}
}

func (m *Machine) encode(set ownerSet) []byte {
	var encoded [][]byte
	for i, word := range set {
		for ; word != 0; word &= word - 1 {
			encoded = append(encoded, m.oracles[i*64+bits.TrailingZeros64(word)].best.encoded)
		}
	}
	return announcement.EncodeReconcile(encoded)
}

// broadcastOwn tells the new own announcement to all who may know it: at once where they accept it, and else with what goes to
// them next.
func (m *Machine) broadcastOwn(now time.Duration) {
	m.computeAllowed()
	send := Send{nil, announcement.EncodeAnnouncement(m.self.best.encoded)}
	for _, p := range m.sortedPeers() {
		switch {
		case p == m.self || !p.allowed.has(m.self.index):
		case m.maySend(now, p):
			m.count(now, p)
			send.To = append(send.To, p.id)
		default:
			m.markEarly(now, p)
		}
	}
	if len(send.To) > 0 {
		m.emit(send)
	}
}

// report logs which oracles have been found.
func (m *Machine) report() {
	var found, missing []p2ptypes.PeerID
	for _, p := range m.sortedPeers() {
		switch {
		case p.oracleRefs == 0:
		case p.best != nil:
			found = append(found, p.id)
		default:
			missing = append(missing, p.id)
		}
	}
	fields := commontypes.LogFields{"detected": found, "undetected": missing, "groups": len(m.groups)}
	if len(missing) > 0 {
		m.log(Warn, "the addresses of some oracles are not known", fields)
		return
	}
	m.log(Info, "the addresses of all oracles are known", fields)
}
