//go:build !amd64 || purego

package field256

// Mul sets z to x·y.
func Mul(z, x, y *Element, c uint64) { mulGeneric(z, x, y, c) }

// Square sets z to x².
func Square(z, x *Element, c uint64) { squareGeneric(z, x, c) }
