// Package ocr1sim runs whole OCR1 networks in one goroutine on virtual time: the machines of offchain/protocol/ocr1, which also
// run in production, under a simulated network, simulated disks, a simulated aggregator and traitors. All that is random comes
// from a seed, so that a run can be repeated exactly; a failure prints its seed. It is to OCR1 what package sim is to OCR2, and
// tests the protocol: there are no plugins in OCR1.
//
//	result := ocr1sim.Run(t, ocr1sim.Options{
//		Seed: 7, N: 7, Rounds: 100, HealAfter: 5 * time.Second,
//		Faults: ocr1sim.Rough(), Traitors: []ocr1sim.Traitor{&ocr1sim.Equivocator{}},
//	})
//
// A run has two phases. First come faults: messages are lost, oracles crash, disks fail, the data source and the contract cannot
// be reached. At Options.HealAfter everything but the traitors heals, and from then on reports must land; a run ends when
// Options.Rounds of them did. All the time, the statements of docs/protocol/ocr1.md, "Invariants", are checked for the honest
// oracles.
//
// A run uses no goroutine, no clock and no global source of randomness, so several runs may go on at once.
package ocr1sim
