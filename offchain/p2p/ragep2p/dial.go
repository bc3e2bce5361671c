package ragep2p

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/link"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

// find asks the discoverer for the addresses of the peer.
func (p *peer) find(a attempt) {
	addresses, err := p.host.discoverer.FindPeer(p.id)
	if err != nil {
		p.log.Warn("addresses of the peer cannot be found", commontypes.LogFields{"error": err})
		addresses = nil
	} else if len(addresses) == 0 {
		p.log.Debug("no address of the peer is known", nil)
	}
	p.mu.Lock()
	p.step(link.AddressesFound{Attempt: a.number, Addresses: addresses})
	if len(addresses) == 0 {
		p.endAttempt(a.number)
	}
	p.mu.Unlock()
	p.host.release(p)
}

// dial connects to an address and shakes hands.
func (p *peer) dial(a attempt, address p2ptypes.Address) {
	defer p.host.release(p)
	c, roundTrip, err := p.connect(a.ctx, address)
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.endAttempt(a.number)
	if err == nil && a.ctx.Err() != nil {
		// Given up in the last moment.
		c.raw.Close()
		err = a.ctx.Err()
	}
	if err != nil {
		if a.ctx.Err() == nil {
			p.log.Info("peer cannot be reached", commontypes.LogFields{"remoteAddr": address, "error": err})
		}
		p.step(link.DialFailed{Attempt: a.number})
		return
	}
	p.connected(c)
	p.step(link.DialSucceeded{Attempt: a.number, Conn: c.id, RoundTrip: roundTrip})
}

func (p *peer) connect(ctx context.Context, address p2ptypes.Address) (_ *conn, roundTrip time.Duration, err error) {
	dialContext, cancel := context.WithTimeout(ctx, p.host.config.DurationBetweenDials)
	defer cancel()
	begin := time.Now()
	tcp, err := new(net.Dialer).DialContext(dialContext, "tcp", string(address))
	if err != nil {
		return nil, 0, err
	}
	roundTrip = time.Since(begin)
	// From here on the end of the attempt closes the connection, until the handshake is complete.
	stop := context.AfterFunc(ctx, func() { tcp.Close() })
	defer func() {
		if err != nil {
			tcp.Close()
		}
		stop()
	}()
	tuneTCP(tcp)
	knock, err := wire.NewKnock(p.host.keyring, p.id)
	if err != nil {
		return nil, 0, err
	}
	if err := tcp.SetDeadline(time.Now().Add(p.host.timeout)); err != nil {
		return nil, 0, err
	}
	// In one piece: listeners may insist on it.
	if _, err := tcp.Write(knock); err != nil {
		return nil, 0, fmt.Errorf("knock: %w", err)
	}
	raw := newRawConn(tcp, p.metrics)
	t := tls.Client(raw, tlsConfig(p.host.certificate, p.id))
	c, err := p.handshake(raw, t, false)
	return c, roundTrip, err
}

// handshake authenticates the peer. On failure the caller closes the connection.
func (p *peer) handshake(raw *rawConn, t *tls.Conn, inbound bool) (*conn, error) {
	if err := raw.SetDeadline(time.Now().Add(p.host.timeout)); err != nil {
		return nil, err
	}
	if err := t.Handshake(); err != nil {
		return nil, fmt.Errorf("handshake: %w", err)
	}
	certificates := t.ConnectionState().PeerCertificates
	if len(certificates) != 1 {
		return nil, fmt.Errorf("handshake: peer presents %d certificates, want 1", len(certificates))
	}
	// TLS has checked it already; it is what everything else rests on.
	if err := wire.CheckCertificates([][]byte{certificates[0].Raw}, p.id); err != nil {
		return nil, fmt.Errorf("handshake: %w", err)
	}
	if err := raw.SetDeadline(time.Time{}); err != nil {
		return nil, err
	}
	return newConn(p, raw, t, inbound), nil
}
