// Package store keeps what oracles must still know after a crash, in one embedded database (Pebble) for all the oracles of a
// process.
//
// A [Store] is a directory on disk, locked for one process. [Store.Job] gives each oracle its own part of it: a [DB], which
// implements types.Database and, beyond that, remembers the last round in which the oracle signed; [DB.OCR1] is the same for
// OCR1. [Store.Announcements] gives the
// process's peer a part in which discovery keeps the addresses of other peers.
//
// # Durability
//
// A write that returned nil has reached the disk (WAL written and synced): neither a crash of the process nor of the machine
// loses it. Writes of all jobs go through one queue, in the order in which they were handed in, and share syncs, so hundreds
// of jobs cost little more than one.
//
// A write whose context ends returns at once. If it had not begun, it never happens. If it had, it may still become durable
// later ([ErrOutcomeUnknown]); since the queue keeps its order, it cannot overwrite anything that was handed in after it.
//
// # Rows
//
// Each value is one version byte, the fields in a fixed binary form, and a CRC-32C over key and value. A row that does not
// decode is an error that names it ([CorruptRowError]), never a guess.
//
// # Failure
//
// When Pebble meets an error after which it cannot go on (a disk that is gone or full), the store has failed: every call
// returns [ErrFailed] with the reason until the process opens it anew. Nothing is acknowledged after that point.
package store
