package bench

import (
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/p2p/ragep2p"
	"github.com/ocrkit/ocrkit/offchain/p2p/wire"
)

// The transport between two hosts in this process, over loopback TCP, beside a bare TLS connection that is used in the simplest
// way: one write for each message with its header, two reads, a fresh buffer. Run it with
//
//	go test -run - -bench Transport -benchtime 2s ./test/bench
//
// Throughput is that of one stream in one direction with a bounded number of messages under way; a round trip is an echo on the
// same stream. cpu-ns/msg and allocs/msg count both ends together (of a round trip: both ways). "push" hands messages to a
// function (SetReceiver), "channel" to a channel (ReceiveMessages).

// messageSizes are payload sizes in bytes, with how many messages are under way.
var messageSizes = []struct {
	name   string
	size   int
	window int
}{{"100B", 100, 512}, {"1KiB", 1 << 10, 512}, {"64KiB", 64 << 10, 64}, {"1MiB", 1 << 20, 8}}

// window bounds the messages under way.
type window struct {
	size      int64
	sent      int64
	delivered atomic.Int64
	waiting   atomic.Bool
	wake      chan struct{}
}

func newWindow(size int) *window { return &window{size: int64(size), wake: make(chan struct{}, 1)} }

// send waits until there is room for a message.
func (w *window) send() {
	w.sent++
	w.await(w.sent - w.size)
}

// await waits until n messages were delivered.
func (w *window) await(n int64) {
	for w.delivered.Load() < n {
		w.waiting.Store(true)
		if w.delivered.Load() >= n {
			return
		}
		<-w.wake
	}
}

// deliver is called for each message that has arrived.
func (w *window) deliver() {
	n := w.delivered.Add(1)
	// A sender that waits is woken when half of the window is free, or all that was sent has arrived.
	if w.waiting.Load() && (n%max(w.size/2, 1) == 0) && w.waiting.CompareAndSwap(true, false) {
		w.wake <- struct{}{}
	}
}

// usage measures what the process used between two points.
type usage struct {
	cpu     time.Duration
	mallocs uint64
	bytes   uint64
}

func currentUsage(b *testing.B) usage {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{time.Duration(r.Utime.Nano() + r.Stime.Nano()), m.Mallocs, m.TotalAlloc}
}

func report(b *testing.B, before usage, size int) {
	after := currentUsage(b)
	n := float64(b.N)
	b.ReportMetric(n/b.Elapsed().Seconds(), "msg/s")
	b.ReportMetric(float64(after.cpu-before.cpu)/n, "cpu-ns/msg")
	b.ReportMetric(float64(after.mallocs-before.mallocs)/n, "allocs/msg")
	b.SetBytes(int64(size))
}

// fixed knows the addresses of some peers.
type fixed map[p2ptypes.PeerID][]p2ptypes.Address

func (fixed) Start(p2ptypes.Host, p2ptypes.PeerKeyring, commontypes.Logger) error { return nil }
func (fixed) Close() error                                                        { return nil }
func (f fixed) FindPeer(peer p2ptypes.PeerID) ([]p2ptypes.Address, error)         { return f[peer], nil }

func benchKeyring(b *testing.B, i byte) *peerid.PrivateKeyKeyring {
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = i
	keyring, err := peerid.NewPrivateKeyKeyring(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		b.Fatal(err)
	}
	return keyring
}

// hostPair starts two hosts of which the first knows the second.
func hostPair(b *testing.B, protocol wire.Protocol) (hosts [2]*ragep2p.Host) {
	known := fixed{}
	for i := range hosts {
		h, err := ragep2p.NewHost(ragep2p.HostConfig{DurationBetweenDials: time.Second, Protocol: protocol}, benchKeyring(b, byte(i+1)),
			[]string{"127.0.0.1:0"}, known, nil, prometheus.NewRegistry())
		if err != nil {
			b.Fatal(err)
		}
		if i == 1 {
			if err := h.Start(); err != nil {
				b.Fatal(err)
			}
			known[h.ID()] = []p2ptypes.Address{p2ptypes.Address(h.ListenAddresses()[0])}
		}
		b.Cleanup(func() { h.Close() })
		hosts[i] = h
	}
	if err := hosts[0].Start(); err != nil {
		b.Fatal(err)
	}
	return hosts
}

var unlimited = p2ptypes.TokenBucketParams{Rate: 1e12, Capacity: 1<<32 - 1}

// streamPair opens a stream on both hosts.
func streamPair(b *testing.B, hosts [2]*ragep2p.Host, name string, size int) (streams [2]*ragep2p.Stream) {
	for i := range hosts {
		s, err := hosts[i].NewStream(hosts[1-i].ID(), name, 1024, 1024, size, unlimited, unlimited)
		if err != nil {
			b.Fatal(err)
		}
		streams[i] = s
	}
	return streams
}

// onMessage calls f with each message of a stream, until the stream is closed.
func onMessage(s *ragep2p.Stream, push bool, f func([]byte)) {
	if push {
		s.SetReceiver(func(m p2ptypes.InboundBinaryMessage) { f(m.(p2ptypes.InboundBinaryMessagePlain).Payload) })
		return
	}
	messages := s.ReceiveMessages()
	go func() {
		for m := range messages {
			f(m)
		}
	}()
}

func modeName(push bool) string {
	if push {
		return "push"
	}
	return "channel"
}

func BenchmarkTransport(b *testing.B) {
	for _, m := range messageSizes {
		b.Run("throughput/"+m.name, func(b *testing.B) {
			b.Run("TLS", func(b *testing.B) { rawThroughput(b, m.size, m.window) })
			for _, protocol := range []wire.Protocol{wire.P1, wire.P2} {
				for _, push := range []bool{true, false} {
					b.Run(protocol.String()+"-"+modeName(push), func(b *testing.B) { throughput(b, protocol, m.size, m.window, push) })
				}
			}
		})
	}
	for _, m := range messageSizes {
		b.Run("round-trip/"+m.name, func(b *testing.B) {
			b.Run("TLS", func(b *testing.B) { rawRoundTrip(b, m.size) })
			for _, protocol := range []wire.Protocol{wire.P1, wire.P2} {
				for _, push := range []bool{true, false} {
					b.Run(protocol.String()+"-"+modeName(push), func(b *testing.B) { roundTrip(b, protocol, m.size, push) })
				}
			}
		})
	}
	for _, protocol := range []wire.Protocol{wire.P1, wire.P2} {
		b.Run("100-instances/1KiB/"+protocol.String(), func(b *testing.B) { instances(b, protocol, 100, 1<<10) })
	}
}

func throughput(b *testing.B, protocol wire.Protocol, size, under int, push bool) {
	streams := streamPair(b, hostPair(b, protocol), "s", size)
	w := newWindow(under)
	onMessage(streams[1], push, func([]byte) { w.deliver() })
	payload := make([]byte, size)
	streams[0].SendMessage(payload) // the first one waits for the connection
	for w.delivered.Load() == 0 {
		runtime.Gosched()
	}
	w.delivered.Store(0)
	before := currentUsage(b)
	b.ResetTimer()
	for range b.N {
		w.send()
		streams[0].SendMessage(payload)
	}
	for w.delivered.Load() < int64(b.N) {
		runtime.Gosched()
	}
	b.StopTimer()
	report(b, before, size)
}

func rawThroughput(b *testing.B, size, under int) {
	sender, receiver := tlsPair(b)
	w := newWindow(under)
	done := make(chan error, 1)
	go func() {
		header := make([]byte, wire.HeaderLength)
		for {
			if _, err := io.ReadFull(receiver, header); err != nil {
				done <- err
				return
			}
			if _, err := io.ReadFull(receiver, make([]byte, size)); err != nil {
				done <- err
				return
			}
			w.deliver()
		}
	}()
	frame := make([]byte, wire.HeaderLength+size)
	before := currentUsage(b)
	b.ResetTimer()
	for range b.N {
		w.send()
		if _, err := sender.Write(frame); err != nil {
			b.Fatal(err)
		}
	}
	for w.delivered.Load() < int64(b.N) {
		runtime.Gosched()
	}
	b.StopTimer()
	report(b, before, size)
	sender.Close()
	<-done
}

// percentiles reports the median and the 99th percentile of durations.
func percentiles(b *testing.B, d []time.Duration) {
	slices.Sort(d)
	b.ReportMetric(float64(d[len(d)/2])/1e3, "p50-µs")
	b.ReportMetric(float64(d[len(d)*99/100])/1e3, "p99-µs")
}

func roundTrip(b *testing.B, protocol wire.Protocol, size int, push bool) {
	streams := streamPair(b, hostPair(b, protocol), "s", size)
	onMessage(streams[1], push, streams[1].SendMessage)
	back := make(chan []byte, 1)
	if push {
		onMessage(streams[0], true, func(m []byte) { back <- m })
	}
	receive := func() []byte {
		if push {
			return <-back
		}
		return <-streams[0].ReceiveMessages()
	}
	payload := make([]byte, size)
	streams[0].SendMessage(payload)
	receive()
	times := make([]time.Duration, b.N)
	before := currentUsage(b)
	b.ResetTimer()
	for i := range b.N {
		begin := time.Now()
		streams[0].SendMessage(payload)
		receive()
		times[i] = time.Since(begin)
	}
	b.StopTimer()
	report(b, before, 2*size)
	percentiles(b, times)
}

func rawRoundTrip(b *testing.B, size int) {
	one, two := tlsPair(b)
	done := make(chan error, 1)
	header := make([]byte, wire.HeaderLength)
	read := func(c *tls.Conn, header []byte) error {
		if _, err := io.ReadFull(c, header); err != nil {
			return err
		}
		_, err := io.ReadFull(c, make([]byte, size))
		return err
	}
	frame := make([]byte, wire.HeaderLength+size)
	go func() {
		header := make([]byte, wire.HeaderLength)
		for {
			if err := read(two, header); err != nil {
				done <- err
				return
			}
			if _, err := two.Write(frame); err != nil {
				done <- err
				return
			}
		}
	}()
	times := make([]time.Duration, b.N)
	before := currentUsage(b)
	b.ResetTimer()
	for i := range b.N {
		begin := time.Now()
		if _, err := one.Write(frame); err != nil {
			b.Fatal(err)
		}
		if err := read(one, header); err != nil {
			b.Fatal(err)
		}
		times[i] = time.Since(begin)
	}
	b.StopTimer()
	report(b, before, 2*size)
	percentiles(b, times)
	one.Close()
	<-done
}

// instances sends messages of n protocol instances, in turn and in both directions, over one connection.
func instances(b *testing.B, protocol wire.Protocol, n, size int) {
	hosts := hostPair(b, protocol)
	type instance struct {
		streams [2]*ragep2p.Stream
	}
	var delivered [2]*window
	for i := range delivered {
		delivered[i] = newWindow(512)
	}
	all := make([]instance, n)
	for i := range all {
		all[i].streams = streamPair(b, hosts, fmt.Sprintf("ocr/%064x", i), size)
		for j := range 2 {
			onMessage(all[i].streams[j], true, func([]byte) { delivered[1-j].deliver() })
		}
	}
	payload := make([]byte, size)
	for i := range all {
		all[i].streams[0].SendMessage(payload)
		all[i].streams[1].SendMessage(payload)
	}
	for _, w := range delivered {
		for w.delivered.Load() < int64(n) {
			runtime.Gosched()
		}
		w.delivered.Store(0)
	}
	before := currentUsage(b)
	b.ResetTimer()
	var wg sync.WaitGroup
	for j := range 2 {
		wg.Go(func() {
			w := delivered[j]
			count := (b.N + j) / 2
			for i := range count {
				w.send()
				all[i%n].streams[j].SendMessage(payload)
			}
			for w.delivered.Load() < int64(count) {
				runtime.Gosched()
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	report(b, before, size)
}

// BenchmarkTransportStreams measures what open streams cost that have nothing to do.
func BenchmarkTransportStreams(b *testing.B) {
	const perPeer = 1000
	hosts := hostPair(b, wire.P1)
	goroutines := runtime.NumGoroutine()
	heap := func() float64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	before := heap()
	var streams []*ragep2p.Stream
	b.ResetTimer()
	for i := range b.N {
		s, err := hosts[0].NewStream(p2ptypes.PeerID{byte(i / perPeer), byte(i / perPeer >> 8)}, fmt.Sprint("ocr/", i), 10, 10, 1000, unlimited, unlimited)
		if err != nil {
			b.Fatal(err)
		}
		streams = append(streams, s)
	}
	b.StopTimer()
	b.ReportMetric((heap()-before)/float64(b.N), "bytes/stream")
	b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/float64(b.N), "goroutines/stream")
	runtime.KeepAlive(streams)
}

// tlsPair returns two ends of a TLS connection over loopback, configured as the transport does it.
func tlsPair(b *testing.B) (client, server *tls.Conn) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer listener.Close()
	config := func(i byte) *tls.Config {
		keyring := benchKeyring(b, i)
		der, err := wire.NewCertificate(keyring)
		if err != nil {
			b.Fatal(err)
		}
		seed := make([]byte, ed25519.SeedSize)
		seed[0] = i
		return &tls.Config{
			Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: ed25519.NewKeyFromSeed(seed)}},
			MinVersion:   tls.VersionTLS13, ClientAuth: tls.RequireAnyClientCert, InsecureSkipVerify: true, SessionTicketsDisabled: true,
			VerifyPeerCertificate: func([][]byte, [][]*x509.Certificate) error { return nil },
		}
	}
	accepted := make(chan error, 1)
	go func() {
		tcp, err := listener.Accept()
		if err == nil {
			server = tls.Server(tcp, config(2))
			err = server.Handshake()
		}
		accepted <- err
	}()
	tcp, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	client = tls.Client(tcp, config(1))
	if err := client.Handshake(); err != nil {
		b.Fatal(err)
	}
	if err := <-accepted; err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}
