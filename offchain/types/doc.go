// Package types holds the words that integrators and authors of reporting plugins speak: configs and digests, keys,
// reports and what belongs to them, and the interfaces that an integrator supplies (chain access, keys, databases, plugins).
//
// All implementations of interfaces of this package must be safe for concurrent use unless a method says otherwise. A method
// that takes a context must return soon after the context ends.
package types
