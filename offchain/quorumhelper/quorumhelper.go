// Package quorumhelper counts observations against the sizes of the protocol's quorums.
package quorumhelper

import (
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/types"
)

// Quorum names the size of a set of oracles, out of n of which f may be faulty, n > 3f.
type Quorum int

const (
	// QuorumFPlusOne is f+1: at least one honest oracle is in the set.
	QuorumFPlusOne Quorum = iota + 1
	// QuorumTwoFPlusOne is 2f+1: the honest oracles have the majority in the set.
	QuorumTwoFPlusOne
	// QuorumByzQuorum is floor((n+f)/2)+1: two such sets have an honest oracle in common.
	QuorumByzQuorum
	// QuorumNMinusF is n-f: all that one can wait for when f oracles are silent.
	QuorumNMinusF
)

// ByzQuorumSize returns the size of QuorumByzQuorum: the smallest set of which any two share an honest oracle.
func ByzQuorumSize(n, f int) int {
	return (n+f)/2 + 1
}

// Size returns the number of oracles that the quorum needs. It panics on a value that is none of the constants.
func (q Quorum) Size(n, f int) int {
	switch q {
	case QuorumFPlusOne:
		return f + 1
	case QuorumTwoFPlusOne:
		return 2*f + 1
	case QuorumByzQuorum:
		return ByzQuorumSize(n, f)
	case QuorumNMinusF:
		return n - f
	}
	panic(fmt.Sprintf("quorumhelper: there is no quorum %d", int(q)))
}

// ObservationCountReachesObservationQuorum tells whether there are at least as many observations as the quorum needs. It
// counts and nothing more: that the observers are distinct is for the caller to see to (the protocol does, before it hands
// observations to a plugin). It panics on a quorum that is none of the constants.
func ObservationCountReachesObservationQuorum(quorum Quorum, n int, f int, aos []types.AttributedObservation) bool {
	return len(aos) >= quorum.Size(n, f)
}
