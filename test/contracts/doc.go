// Package contracts replays golden vectors of contract behaviour against the bytecode of our contracts, on go-ethereum's EVM:
// calldata in, and return data, revert data and logs out, byte for byte.
package contracts
