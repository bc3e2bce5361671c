// Package bench measures what running oracles cost: `go test -bench . ./test/bench`.
//
// All oracles of a network run in this process, over the in-memory network, with real keys (Ed25519 and secp256k1), a database in
// memory and a plugin that does next to nothing. So what is measured is the engine: messages, signatures, scheduling.
package bench
