package roundtest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
)

// Epoch is the time at which tests begin.
var Epoch = time.Unix(1_700_000_000, 0)

// ErrOutside is the failure of what is outside of a machine.
var ErrOutside = errors.New("it failed")

// Sign is a signature scheme that cannot be forged by accident: a hash with the signer in it.
func Sign(signer commontypes.OracleID, message []byte) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d signs %x", signer, message))
	return sum[:8]
}

// Verify answers an effect, where signature is what a check is to find.
func Verify(v kernel.Verify, signature func(*kernel.SignatureCheck) []byte) kernel.Verified {
	for i := range v.Checks {
		if !bytes.Equal(v.Checks[i].Signature, signature(&v.Checks[i])) {
			return kernel.Verified{ID: v.ID, Bad: i}
		}
	}
	return kernel.Verified{ID: v.ID, Bad: -1}
}

// Machine is an oracle in a network.
type Machine interface {
	Step(now time.Time, ev rounds.Event) []kernel.Effect
	fmt.Stringer
}

// Network is a small driver for machines: virtual time, calls answered at once, messages that arrive in the order sent. The
// simulator proper is offchain/sim; this one only has what the tests of the machines themselves need.
type Network[M rounds.Message] struct {
	Now      time.Time
	Machines []Machine
	// Answer gives the result of a call effect of an oracle, nil if the effect is none.
	Answer func(own commontypes.OracleID, effect kernel.Effect) rounds.Event
	// Lost tells which messages do not arrive; nil: none.
	Lost func(from, to commontypes.OracleID, m M) bool
	// Seen is called with every effect; nil: nobody looks.
	Seen func(own commontypes.OracleID, effect kernel.Effect)
	// Steps counts events.
	Steps int

	timers []map[kernel.TimerID]time.Time
	mail   []mail
}

type mail struct {
	to commontypes.OracleID
	ev rounds.Event
}

// NewNetwork returns a network of n machines.
func NewNetwork[M rounds.Message](n int, machine func(own commontypes.OracleID) Machine) *Network[M] {
	net := &Network[M]{Now: Epoch}
	for i := range n {
		net.Machines = append(net.Machines, machine(commontypes.OracleID(i)))
		net.timers = append(net.timers, map[kernel.TimerID]time.Time{})
	}
	return net
}

// Start starts all machines with an event.
func (net *Network[M]) Start(ev rounds.Event) {
	for i := range net.Machines {
		net.step(commontypes.OracleID(i), ev)
	}
	net.settle()
}

func (net *Network[M]) step(to commontypes.OracleID, ev rounds.Event) {
	net.Steps++
	for _, effect := range net.Machines[to].Step(net.Now, ev) {
		if net.Seen != nil {
			net.Seen(to, effect)
		}
		switch e := effect.(type) {
		case rounds.Send[M]:
			net.send(to, e.To, e.Message)
		case rounds.Broadcast[M]:
			for i := range net.Machines {
				net.send(to, commontypes.OracleID(i), e.Message)
			}
		case kernel.SetTimer:
			net.timers[to][e.Timer] = net.Now.Add(e.After)
		case kernel.CancelTimer:
			delete(net.timers[to], e.Timer)
		default:
			if answer := net.Answer(to, effect); answer != nil {
				net.mail = append(net.mail, mail{to, answer})
			}
		}
	}
}

func (net *Network[M]) send(from, to commontypes.OracleID, m M) {
	if net.Lost == nil || !net.Lost(from, to, m) {
		net.mail = append(net.mail, mail{to, rounds.MessageReceived[M]{From: from, Message: m}})
	}
}

// settle delivers mail until there is none.
func (net *Network[M]) settle() {
	for len(net.mail) > 0 {
		next := net.mail[0]
		net.mail = net.mail[1:]
		net.step(next.to, next.ev)
	}
}

// Run lets time pass.
func (net *Network[M]) Run(d time.Duration) {
	end := net.Now.Add(d)
	for {
		who, which, at := -1, kernel.TimerID(0), end
		for i, timers := range net.timers {
			for timer := rounds.TimerResend; timer <= rounds.TimerTransmit; timer++ {
				if due, ok := timers[timer]; ok && due.Before(at) {
					who, which, at = i, timer, due
				}
			}
		}
		net.Now = at
		if who < 0 {
			return
		}
		delete(net.timers[who], which)
		net.step(commontypes.OracleID(who), rounds.TimerFired{Timer: which})
		net.settle()
	}
}

// Complaint is what an effect complains about, in a network in which all is well; empty if it does not.
func Complaint(own commontypes.OracleID, effect kernel.Effect) string {
	switch e := effect.(type) {
	case kernel.Dropped:
		if e.Suspicious {
			return fmt.Sprintf("oracle %d: %s", own, e)
		}
	case kernel.Log:
		if e.Level >= kernel.LogWarn {
			return fmt.Sprintf("oracle %d: %s", own, e)
		}
	}
	return ""
}
