// Package commontypes holds the words that all protocol versions share: oracle ids, the logger, the network endpoint and
// the bootstrappers. User code implements some of these interfaces (Logger, MonitoringEndpoint) and receives the others.
package commontypes

// OracleID is the index of an oracle in the lists of a config (signers, transmitters, offchain public keys, peer ids). The
// i-th entries of all these lists belong to the oracle with id i. Ids run from 0 to n-1, with n at most 31.
type OracleID uint8
