// Package deploy is the engine of ocrdeploy: it compares a network file with what is on chain, says what would change, makes
// the change, and verifies it.
//
//	plan, err := deploy.NewPlan(ctx, client, network, options)  // reads only
//	result, err := deploy.Apply(ctx, client, network, options)  // sends what the plan says, one transaction after the other
//	report, err := deploy.Verify(ctx, client, network, options) // reads only
//
// Apply has no state of its own: before each transaction it plans anew from the chain. What the chain cannot tell after an
// interruption, the transactions that were signed, is in a Journal, written before a transaction leaves. A transaction
// is tried again only under the nonce that it had, so no step ever happens twice.
//
// What is particular to a protocol, or to a kind of contract, is behind two interfaces and two tables in family.go. A new kind of
// contract is an entry there and one in package netfile, which says what network files of it hold.
//
// Functions are safe for concurrent use with different networks. Contexts bound everything that waits.
package deploy
