package ocrkit

import "embed"

// Files is what a project that is scaffolded by `ocrgen init` gets of this one: the contracts that its own stand on, and the versions
// of everything that it needs.
//
//go:embed LICENSE go.mod go.sum package.json package-lock.json tools/forge tools/solc solidity/ocr2 solidity/shared
var Files embed.FS
