package bn254bls

import "github.com/consensys/gnark-crypto/ecc/bn254"

// lines are the coefficients of the lines of a Miller loop, which depend on the point
// of G2 only.
type lines [2][len(bn254.LoopCounter)]bn254.LineEvaluationAff

// negatedGeneratorLines are those of -G2, which is in every verification.
var negatedGeneratorLines = func() lines {
	var negated bn254.G2Affine
	negated.Neg(&generatorG2)
	return bn254.PrecomputeLines(negated)
}()

// Prepare computes what verifications with this key have in common, so that later ones
// are faster. It keeps 17 KiB, and pays for itself at about the third verification.
func (p *PublicKey) Prepare() {
	if p.lines.Load() == nil {
		l := lines(bn254.PrecomputeLines(p.point))
		p.lines.Store(&l)
	}
}

// pairs tells whether signature = x·point, where p = x·G2, by the check
// e(signature, -G2)·e(point, p) = 1.
func (p *PublicKey) pairs(signature, point *bn254.G1Affine) bool {
	// The pairing works in the tables that it is given: it gets copies.
	tables := [][2][len(bn254.LoopCounter)]bn254.LineEvaluationAff{negatedGeneratorLines, {}}
	if prepared := p.lines.Load(); prepared != nil {
		tables[1] = *prepared
	} else {
		tables[1] = bn254.PrecomputeLines(p.point)
	}
	ok, err := bn254.PairingCheckFixedQ([]bn254.G1Affine{*signature, *point}, tables)
	// The only error is about numbers of points.
	return err == nil && ok
}
