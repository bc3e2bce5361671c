// Package codec measures generated codecs: `go test -run '^$' -bench . -benchmem ./test/bench/codec`.
//
// Each measurement is one of three, in the same run: what ocrgen generated, go-ethereum's accounts/abi, which works by reflection, and
// for the median report a codec that somebody wrote by hand (plain.go): straight-line code without checks that it could leave
// out, one allocation to encode, one for each number to decode. That is what other generators of Go codecs write.
// BenchmarkRatio alone is enough to see how much faster the generated code is.
package codec
