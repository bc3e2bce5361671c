//go:build !purego

#include "textflag.h"

// ROW adds x times the number at CX to the limbs a0 to a3 and sets a4 to what
// carries out. Low halves of products go with one chain of carries (CF), high
// halves with the other (OF). Neither is left set: a product of a limb and four
// limbs, plus four limbs, has five.
#define ROW(x, a0, a1, a2, a3, a4) \
	MOVQ  x, DX         \
	XORQ  a4, a4        \
	MULXQ 0(CX), AX, BX \
	ADCXQ AX, a0        \
	ADOXQ BX, a1        \
	MULXQ 8(CX), AX, BX \
	ADCXQ AX, a1        \
	ADOXQ BX, a2        \
	MULXQ 16(CX), AX, BX \
	ADCXQ AX, a2        \
	ADOXQ BX, a3        \
	MULXQ 24(CX), AX, BX \
	ADCXQ AX, a3        \
	ADOXQ BX, a4        \
	MOVL  $0, AX        \
	ADCXQ AX, a4

// REDUCE reduces the eight limbs R8 to R14, DI, with c in DX, to four, R8 to
// R11: the upper half counts c times; what that carries out, once more; and if
// that carries, what is left is so small that c can be added without a carry
// beyond the second limb.
#define REDUCE \
	XORQ  AX, AX      \
	MULXQ R12, AX, BX \
	ADCXQ AX, R8      \
	ADOXQ BX, R9      \
	MULXQ R13, AX, BX \
	ADCXQ AX, R9      \
	ADOXQ BX, R10     \
	MULXQ R14, AX, BX \
	ADCXQ AX, R10     \
	ADOXQ BX, R11     \
	MULXQ DI, AX, R12 \
	ADCXQ AX, R11     \
	MOVL  $0, AX      \
	ADCXQ AX, R12     \
	ADOXQ AX, R12     \
	MULXQ R12, AX, BX \
	ADDQ  AX, R8      \
	ADCQ  BX, R9      \
	ADCQ  $0, R10     \
	ADCQ  $0, R11     \
	SBBQ  AX, AX      \
	ANDQ  DX, AX      \
	ADDQ  AX, R8      \
	ADCQ  $0, R9

#define STORE(z) \
	MOVQ R8, 0(z)   \
	MOVQ R9, 8(z)   \
	MOVQ R10, 16(z) \
	MOVQ R11, 24(z)

// func Mul(z, x, y *Element, c uint64)
TEXT ·Mul(SB), NOSPLIT, $0-32
	CMPB  ·hasADX(SB), $0
	JEQ   generic
	MOVQ  x+8(FP), SI
	MOVQ  y+16(FP), CX
	MOVQ  0(SI), DX
	MULXQ 0(CX), R8, R9
	MULXQ 8(CX), AX, R10
	ADDQ  AX, R9
	MULXQ 16(CX), AX, R11
	ADCQ  AX, R10
	MULXQ 24(CX), AX, R12
	ADCQ  AX, R11
	ADCQ  $0, R12
	ROW(8(SI), R9, R10, R11, R12, R13)
	ROW(16(SI), R10, R11, R12, R13, R14)
	ROW(24(SI), R11, R12, R13, R14, DI)
	MOVQ  c+24(FP), DX
	REDUCE
	MOVQ  z+0(FP), CX
	STORE(CX)
	RET

generic:
	JMP ·mulGeneric(SB)

// func Square(z, x *Element, c uint64)
TEXT ·Square(SB), NOSPLIT, $0-24
	CMPB ·hasADX(SB), $0
	JEQ  generic
	MOVQ x+8(FP), SI

	// The products of different limbs, R9 to R14,
	MOVQ  0(SI), DX
	MULXQ 8(SI), R9, R10
	MULXQ 16(SI), AX, R11
	ADDQ  AX, R10
	MULXQ 24(SI), AX, R12
	ADCQ  AX, R11
	ADCQ  $0, R12
	MOVQ  8(SI), DX
	XORQ  R13, R13
	MULXQ 16(SI), AX, BX
	ADCXQ AX, R11
	ADOXQ BX, R12
	MULXQ 24(SI), AX, BX
	ADCXQ AX, R12
	ADOXQ BX, R13
	MOVL  $0, AX
	ADCXQ AX, R13
	MOVQ  16(SI), DX
	MULXQ 24(SI), AX, R14
	ADDQ  AX, R13
	ADCQ  $0, R14

	// twice (by one chain of carries), and the squares of limbs (by the other).
	XORQ  DI, DI
	MOVQ  0(SI), DX
	MULXQ DX, R8, BX
	ADCXQ R9, R9
	ADOXQ BX, R9
	MOVQ  8(SI), DX
	MULXQ DX, AX, BX
	ADCXQ R10, R10
	ADOXQ AX, R10
	ADCXQ R11, R11
	ADOXQ BX, R11
	MOVQ  16(SI), DX
	MULXQ DX, AX, BX
	ADCXQ R12, R12
	ADOXQ AX, R12
	ADCXQ R13, R13
	ADOXQ BX, R13
	MOVQ  24(SI), DX
	MULXQ DX, AX, BX
	ADCXQ R14, R14
	ADOXQ AX, R14
	ADCXQ DI, DI
	ADOXQ BX, DI

	MOVQ c+16(FP), DX
	REDUCE
	MOVQ z+0(FP), CX
	STORE(CX)
	RET

generic:
	JMP ·squareGeneric(SB)
