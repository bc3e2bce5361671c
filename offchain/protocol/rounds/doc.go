// Package rounds holds the parts of which the machines of OCR1 and OCR2 are made: both protocols lead rounds in epochs, in the
// same order and under the same rules, and differ in what a round is about. What a driver has to do for a machine is said in
// package kernel.
package rounds
