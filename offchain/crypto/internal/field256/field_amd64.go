//go:build !purego

package field256

import "golang.org/x/sys/cpu"

// hasADX tells whether the processor has the instructions that the assembly
// uses: multiplication without flags and two independent chains of carries. It
// multiplies about twice as fast as what the compiler makes of mulGeneric.
//
//lint:ignore U1000 the assembly reads it
var hasADX = cpu.X86.HasADX && cpu.X86.HasBMI2

// Mul sets z to x·y.
//
//go:noescape
func Mul(z, x, y *Element, c uint64)

// Square sets z to x².
//
//go:noescape
func Square(z, x *Element, c uint64)
