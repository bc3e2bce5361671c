//go:build !purego

package field256

import (
	"math/rand/v2"
	"testing"
)

// TestWithoutADX checks what a processor without the instructions of the assembly runs.
func TestWithoutADX(t *testing.T) {
	defer func(has bool) { hasADX = has }(hasADX)
	hasADX = false
	r := rand.New(rand.NewPCG(4, 0))
	for range 200 {
		check(t, randElement(r), randElement(r))
	}
}
