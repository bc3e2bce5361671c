package ocr1config

import (
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/offchain/config"
)

// Lint says what is wrong or unwise in a config before it is set. First come the rules that oracles would refuse it for, as
// errors; then what they accept although it cannot work, as errors; then what works but is probably not meant, as warnings.
// An empty result means that there is nothing to object to.
//
// The config is judged as one for production on the chain, unless skipChainSpecificChecks says, as development mode does, that the
// least durations of the chain do not count.
func Lint(chainID *big.Int, skipChainSpecificChecks bool, cfg PublicConfig) []config.Finding {
	var l config.Lints
	l.Refused(Check(chainID, skipChainSpecificChecks, cfg))
	lintUnworkable(&l, cfg)
	lintUnwise(&l, cfg)
	return l.Findings
}

func lintUnworkable(l *config.Lints, cfg PublicConfig) {
	l.PeerIDs(cfg.PeerIDs())
	lintTwice(l, cfg)
	l.NoTransmitters(cfg.S, cfg.N())
	l.RoundsWithoutPause(cfg.DeltaRound)
}

// lintTwice adds what is in the lists more than once. Oracles accept it, but only one of the places can work; of addresses the
// contract allows none to be there twice, not even as a signer and a transmitter.
func lintTwice(l *config.Lints, cfg PublicConfig) {
	peers, keys, addresses := map[string]place{}, map[string]place{}, map[common.Address]place{}
	for i, identity := range cfg.OracleIdentities {
		place := func(name string) place { return place{name, i} }
		twice(l, peers, identity.PeerID, place("PeerID"), "the network can reach only one of them")
		twice(l, keys, string(identity.OffchainPublicKey), place("OffchainPublicKey"), "one operator would have several votes")
		twice(l, addresses, common.Address(identity.OnChainSigningAddress), place("OnChainSigningAddress"), "the contract refuses it")
		twice(l, addresses, identity.TransmitAddress, place("TransmitAddress"), "the contract refuses it")
	}
}

// place is where something is in a config: a field of an oracle.
type place struct {
	field  string
	oracle int
}

func twice[K comparable](l *config.Lints, first map[K]place, key K, at place, consequence string) {
	if other, seen := first[key]; seen {
		l.Error(fmt.Sprintf("OracleIdentities[%d].%s", at.oracle, at.field), "the same as the %s of oracle %d: %s; give each oracle its own",
			other.field, other.oracle, consequence)
		return
	}
	first[key] = at
}

func lintUnwise(l *config.Lints, cfg PublicConfig) {
	l.Places(cfg.S, cfg.N())
	l.Faulty(cfg.F, cfg.N())
	l.StagesAtOnce(cfg.DeltaStage, cfg.S)
	if cfg.AlphaPPB == 0 {
		l.Warn("AlphaPPB", "0 makes a report due in every round, whatever the value; set the deviation that is worth a transaction")
	}
	if cfg.DeltaC == 0 {
		l.Warn("DeltaC", "0 makes a report due in every round, whatever the value; set the age at which an answer is too old")
	}
}
