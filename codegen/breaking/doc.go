// Package breaking compares two versions of contracts and says, for each change, who breaks: contracts that call them,
// oracles that run, configs that are set, readers of logs, storage behind proxies, code that is compiled against them.
//
// Read makes of a project's artifacts a Surface: all that others can rely on, without what only the contracts
// themselves can see. Compare finds the differences of two of them and judges each by rules that are in the files
// functions.go, events.go, layouts.go and storage.go. Checkout makes the artifacts of a git revision.
//
// The rules of what breaks are those of docs/breaking-changes.md.
package breaking
