package config

import "github.com/ocrkit/ocrkit/offchain/quorumhelper"

// Quorums are the numbers of oracles that the protocols wait for, for n oracles of which f may be faulty.
type Quorums struct {
	N int
	F int
	// FPlusOne oracles include one that is not faulty.
	FPlusOne int
	// TwoFPlusOne oracles include f+1 that are not faulty.
	TwoFPlusOne int
	// Byz oracles: any two sets of this size have a non-faulty oracle in common.
	Byz int
	// NMinusF is the most that one can wait for without waiting forever.
	NMinusF int
}

// EffectiveQuorums computes the quorums. They make sense for 0 <= f and 3f < n, which every accepted config has.
func EffectiveQuorums(n, f int) Quorums {
	return Quorums{
		N:           n,
		F:           f,
		FPlusOne:    quorumhelper.QuorumFPlusOne.Size(n, f),
		TwoFPlusOne: quorumhelper.QuorumTwoFPlusOne.Size(n, f),
		Byz:         quorumhelper.ByzQuorumSize(n, f),
		NMinusF:     quorumhelper.QuorumNMinusF.Size(n, f),
	}
}
