// Package runtime runs the pure protocol machines in real time: with timers, a network, plugins, keys, a database and a
// contract.
//
// # Process objects
//
// A [Process] is what an oracle or a bootstrapper runs as: it restores the last config from the database, watches the
// contract for new ones, and keeps one protocol instance running for the newest, starting it again when it fails to start.
// It owns one goroutine, which sleeps nearly always.
//
// # Instances
//
// An instance is a value with a mailbox: messages, timers and results of calls are put into the mailbox by whoever has
// them; while there is mail, one borrowed goroutine hands it to the machine and carries out the machine's effects. An idle
// instance has no goroutine at all (one, if its network endpoint can only be read from a channel, see [PushEndpoint]).
// Whatever may take long happens elsewhere and comes back as mail: plugin calls, transmissions, database calls and signing
// each on a borrowed goroutine, signature checks on workers that all instances of the program share.
//
// # Parts
//
// What all instances are made of is engine (mailbox, timers, calls, outbox, signatures, telemetry, status); what OCR1 and OCR2 have
// in common beside it is roundsInstance, with keeper for their databases. Each protocol adds its files NAME.go (arguments, and how an
// instance starts), NAME_instance.go and NAME_effects.go. The supervisor knows configs in the form of OCR2 and later;
// ocr1_tracker.go puts those of OCR1 into it.
//
// # Order
//
// What the machine wants to be durable first holds back every later message and transmission (see [SignedRoundDatabase]);
// the machine itself goes on meanwhile. Database writes of one kind happen one after the other.
//
// Source: docs/protocol/ocr2.md and ocr1.md, "Runtime" and "Persistence"; docs/architecture.md, "Pure machines, thin runtime".
package runtime
