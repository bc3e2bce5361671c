// Package linksim runs the machines of package link for whole networks of peers, in virtual time, over a simulated TCP: with
// latency, socket buffers, slow readers, connections that die without a word, restarts, and peers that lie. It checks, all the
// time, what must hold whatever happens:
//
//   - a peer has one live connection with another at most, and the next one begins when the last has ended;
//   - messages of a stream arrive unchanged, in order, none twice;
//   - no queue exceeds its capacity;
//   - in no interval does a stream admit more than its limits allow;
//   - of each request at most one response is admitted, in time, not too long, on its stream;
//   - when the network is sound, every two honest peers are connected after a while, and stay so.
//
// A run is determined by its options, seed included.
//
// Source: docs/protocol/transport.md, "What always holds".
package linksim
