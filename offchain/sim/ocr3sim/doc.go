// Package ocr3sim runs whole OCR3 networks in one goroutine on virtual time: the machines of offchain/protocol/ocr3, which also
// run in production, under a simulated network, simulated disks, a simulated contract and traitors. All that is random comes
// from a seed, so that a run can be repeated exactly; a failure prints its seed. It is to OCR3 what package sim is to OCR2, and
// reads alike.
//
//	result := ocr3sim.Run(t, ocr3sim.Options{
//		Seed: 7, N: 7, Rounds: 100, HealAfter: 5 * time.Second,
//		Plugin: ocr3sim.PluginOf(myFactory), Faults: ocr3sim.Rough(), Traitors: []ocr3sim.Traitor{&ocr3sim.Splitter{}},
//	})
//
// A run has two phases. First come faults: messages are lost, oracles crash, disks fail, calls take too long or hang. At
// Options.HealAfter everything but the traitors heals, and from then on outcomes must be committed, and their reports must
// land; a run ends when Options.Rounds of them were. All the time, the statements of docs/protocol/ocr3.md, "Invariants", are
// checked for the honest oracles.
//
// A run uses no goroutine, no clock and no global source of randomness, so several runs may go on at once.
package ocr3sim
