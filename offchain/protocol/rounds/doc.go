// Package rounds holds the parts of which the machines of OCR1 and OCR2 are made: both protocols lead rounds in epochs, in the
// same order and under the same rules, and differ in what a round is about. What a driver has to do for a machine is said in
// package kernel.
//
//	Machine         the frame: start, pacemaker, messages of the current and of later epochs, timers, results of calls
//	Core            what all parts share: configuration, clock, effects, calls, the record of rounds worked in
//	Generation      reports, round by round, in one epoch
//	  Follower      answers the leader; does one thing at a time, while messages wait
//	  Leader        the phases of a round
//	    Collection  what the leader has of each oracle; signatures are verified at the same time
//	Transmission    attested reports on their way to the contract, in turn
//
// A protocol brings its messages and, for each part, rules: small interfaces that say what the part cannot know
// ([Protocol], [Rules], [TransmissionRules]). A part never asks which protocol it works for.
//
// # Signing once
//
// [Core].Record puts a round on record ([PersistRound]) before anything that belongs to it leaves the oracle; in rounds up to
// Core.Floor, which were on record when the process started, it neither signs nor leads.
package rounds
