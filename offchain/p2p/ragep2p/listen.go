package ragep2p

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/link"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

// acceptPause is how long the listener waits after an accept that failed.
const acceptPause = 100 * time.Millisecond

// listen accepts connections until the listener is closed.
func (h *Host) listen(listener net.Listener) {
	log := h.log.Child(commontypes.LogFields{"in": "listener", "listenAddress": listener.Addr()})
	for {
		tcp, err := listener.Accept()
		if h.ctx.Err() != nil {
			if err == nil {
				tcp.Close()
			}
			return
		}
		h.metrics.inboundDials.Add(1)
		if err != nil {
			log.Error("connection cannot be accepted", commontypes.LogFields{"error": err})
			pause := time.NewTimer(acceptPause)
			select {
			case <-h.ctx.Done():
			case <-pause.C:
			}
			pause.Stop()
			continue
		}
		h.arrived(tcp)
	}
}

// arrived lets a connection through the gate.
func (h *Host) arrived(tcp net.Conn) {
	var addr netip.Addr
	if a, ok := tcp.RemoteAddr().(*net.TCPAddr); ok {
		addr, _ = netip.AddrFromSlice(a.IP)
	}
	h.gateMu.Lock()
	ticket, evicted := h.gate.Arrive(h.now(), addr, tcp)
	h.gateMu.Unlock()
	for _, t := range evicted {
		t.Tag.(net.Conn).Close()
	}
	if ticket == nil {
		h.refuse(tcp, "too many connections from this address", nil)
		return
	}
	h.goRun(func() {
		stop := h.closeWithHost(tcp)
		defer stop()
		h.admit(tcp, ticket)
	})
}

// refuse closes a connection silently. Whoever sent it gets to know nothing, and cannot fill the log.
func (h *Host) refuse(tcp net.Conn, why string, err error) {
	tcp.Close()
	n := h.metrics.refused.Add(1)
	fields := commontypes.LogFields{"remoteAddr": tcp.RemoteAddr(), "reason": why, "refusedCount": n}
	if err != nil {
		fields["error"] = err
	}
	if n&(n-1) == 0 {
		h.log.Warn("inbound connection refused", fields)
	} else {
		h.log.Trace("inbound connection refused", fields)
	}
}

// admit reads the knock and shakes hands.
func (h *Host) admit(tcp net.Conn, ticket *link.Ticket) {
	authenticated := false
	defer func() {
		h.gateMu.Lock()
		h.gate.Leave(h.now(), ticket, authenticated)
		h.gateMu.Unlock()
	}()

	var knock [wire.KnockLength]byte
	err := tcp.SetReadDeadline(time.Now().Add(h.timeout))
	if err == nil {
		_, err = io.ReadFull(tcp, knock[:])
	}
	h.gateMu.Lock()
	stays := h.gate.Read(ticket)
	h.gateMu.Unlock()
	if err != nil || !stays {
		h.refuse(tcp, "no knock", err)
		return
	}
	dialer, err := wire.CheckKnock(knock[:], h.id)
	if errors.Is(err, wire.ErrSelfDial) {
		tcp.Close()
		h.log.Info("this host dials itself: is its announced address that of another?", commontypes.LogFields{"remoteAddr": tcp.RemoteAddr()})
		return
	}
	if err != nil {
		h.refuse(tcp, "bad knock", err)
		return
	}
	p := h.peerThatKnocks(dialer)
	if p == nil {
		h.refuse(tcp, "not a peer: "+dialer.String(), nil)
		return
	}
	// From here on the handshake must be reported as ended.
	h.gateMu.Lock()
	ok, why := h.gate.Knocked(h.now(), ticket, dialer)
	h.gateMu.Unlock()
	var c *conn
	if ok {
		tuneTCP(tcp)
		raw := newRawConn(tcp, p.metrics)
		c, err = p.handshake(raw, tls.Server(raw, tlsConfig(h.certificate, dialer)), true)
	} else {
		err = errors.New(why)
	}
	if err != nil {
		p.happened(link.HandshakeFailed{})
		h.release(p)
		h.refuse(tcp, "handshake with "+dialer.String(), err)
		return
	}
	authenticated = true
	p.mu.Lock()
	p.connected(c)
	p.step(link.HandshakeSucceeded{Conn: c.id})
	p.mu.Unlock()
	h.release(p)
}
