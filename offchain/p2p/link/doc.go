// Package link holds the machines of the transport: what a host knows about one peer, and by which rules it speaks to it. They
// are pure: no goroutine, no clock, no socket, no lock, no randomness that was not handed in. Package ragep2p runs them over
// sockets, package linksim in virtual time.
//
//   - [Lifecycle] decides when to dial, at which address, and which connection lives: one for each peer.
//   - [Outgoing] is the sending half of the streams to a peer: which streams are open on which side, what is queued, what is
//     written next.
//   - [Demux] is the receiving half: which messages are admitted, by stream, length, rate and response policy.
//   - [Receiver] turns the bytes of one connection into frames: one for each connection.
//   - [Gate] bounds what peers can cost that have not proven who they are: one for each host.
//
// Obligations of who runs them:
//
//  1. A machine is used by one goroutine at a time. Different machines may be used at the same time, those of one peer too.
//  2. now is the time since an origin of the caller's choice, the same for all calls; it should not go back, and does no harm
//     when it does.
//  3. Effects are carried out in their order. Those of Lifecycle are answered by events, always.
//  4. A new connection first gets its turn when the one before has ended: Lifecycle sees to it if Ended is reported only when
//     reader and writer have returned.
//  5. Outgoing.Connected is called before the first Take for a connection, Outgoing.Disconnected after the last.
//
// Source: docs/protocol/transport.md.
package link
