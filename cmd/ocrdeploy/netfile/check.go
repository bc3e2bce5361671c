package netfile

import (
	"fmt"

	"github.com/ethereum/go-ethereum/common"
)

// Problem is one thing that is wrong with a network file.
type Problem struct {
	Line    int    // 0: no particular line
	Path    string // such as "oracles[2].peerID"
	Problem string // what is wrong, and what to write instead
}

// Error returns all of it in one line.
func (p *Problem) Error() string {
	text := p.Problem
	if p.Path != "" {
		text = p.Path + ": " + text
	}
	if p.Line > 0 {
		text = fmt.Sprintf("line %d: %s", p.Line, text)
	}
	return text
}

// Check says what is wrong with the values of a network that no file could hold, or no contract accept. The rules of the
// oracles are those of the protocol's config package.
func (n *Network) Check() []*Problem {
	var problems []*Problem
	add := func(path, format string, args ...any) {
		problems = append(problems, &Problem{Path: path, Problem: fmt.Sprintf(format, args...)})
	}
	if n.Chain.ID == 0 {
		add("chain.id", "must be set to the chain id, so that nothing is ever sent to another chain")
	}
	n.checkKind(add)
	if m := n.Config.Plugin.Median; m != nil {
		if len(n.Config.Plugin.Raw) > 0 {
			add("config.plugin", "has both median and raw: write one of them")
		}
		if m.DeltaC < 0 {
			add("config.plugin.median.deltaC", "%s must not be negative", m.DeltaC)
		}
	}
	if len(n.Oracles) > maxOracles {
		add("oracles", "are %d, but a contract has at most %d", len(n.Oracles), maxOracles)
	}
	if len(n.Oracles) <= 3*n.Config.F {
		add("config.f", "%d faulty oracles need at least %d oracles, there are %d", n.Config.F, 3*n.Config.F+1, len(n.Oracles))
	}
	n.checkPayees(add)
	return problems
}

// checkPayees finds two entries for one transmitter, which the rest of a config's checks would see too, but not as clearly.
func (n *Network) checkPayees(add func(path, format string, args ...any)) {
	encryptionKeys := make(map[[32]byte]int)
	payees := make(map[common.Address]int)
	for i, oracle := range n.Oracles {
		key := [32]byte(oracle.Public.ConfigEncryptionPublicKey)
		if first, ok := encryptionKeys[key]; ok {
			add(fmt.Sprintf("oracles[%d].configEncryptionPublicKey", i), "is that of %s: each oracle needs its own", n.OracleName(first))
		} else {
			encryptionKeys[key] = i
		}
		transmitter := common.Address(oracle.Public.TransmitAccount)
		if first, ok := payees[transmitter]; ok {
			add(fmt.Sprintf("oracles[%d].transmitAccount", i), "is that of %s: each oracle needs its own", n.OracleName(first))
		} else {
			payees[transmitter] = i
		}
	}
}

// maxTextBytes bounds names and descriptions.
const maxTextBytes = 1000
