// Package ocr3types holds the words that integrators and authors of reporting plugins of OCR3 speak, as far as they differ
// from those of package types: outcomes and reports, and the interfaces of plugins, keys, transmitters and databases.
//
// RI is the application's own type of report info: what it wants to know about a report beside its bytes, for example which
// chain or which key the report is for. It never travels: every oracle computes it anew, with the report, in
// ReportingPlugin.Reports. Applications without such info use struct{}.
//
// All implementations of interfaces of this package must be safe for concurrent use unless a method says otherwise. A method
// that takes a context must return soon after the context ends.
package ocr3types
