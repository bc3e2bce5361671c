// Package sim runs whole OCR2 networks in one goroutine on virtual time: the machines of offchain/protocol/ocr2, which also
// run in production, under a simulated network, simulated disks, a simulated contract and traitors. All that is random comes
// from a seed, so that a run can be repeated exactly; a failure prints its seed.
//
// It serves two purposes: it is how the protocol itself is tested, and it is where authors of reporting plugins see their
// plugin under thousands of rounds with crashes, slow calls, lost messages and oracles that lie. See docs/plugins.md,
// "Simulate your plugin".
//
//	result := sim.Run(t, sim.Options{Seed: 7, N: 7, F: 2, Rounds: 100, Plugin: myFactory, Faults: sim.Rough()})
//
// A run has two phases. First come faults: messages are lost, oracles crash, disks fail, calls take too long. At
// Options.HealAfter everything but the traitors heals, and from then on reports must land; a run ends when Options.Rounds of
// them did. All the time, the statements of docs/protocol/ocr2.md, "Invariants", are checked for the honest oracles.
//
// A run uses no goroutine, no clock and no global source of randomness, so several runs may go on at once.
package sim
