// Package ocrkit is the root of the module. It has no code, but Files of its own: it ties the generated packages to what they are generated
// from. `go generate ./...` compiles the contracts (npm ci brings the compiler) and derives gen/ from them, as ocrgen.yaml
// says; docs/contracts-and-generator.md explains what follows from what.
package ocrkit

//go:generate tools/forge build --quiet
//go:generate go run ./cmd/ocrgen generate
