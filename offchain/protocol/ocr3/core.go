package ocr3

import (
	"cmp"
	"fmt"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// core is what the parts of a machine share: the configuration, the clock of the current event, effects and calls, the highest
// certificate and how often reports are referred to.
type core struct {
	kernel.Desk
	cfg      Config
	quorum   int // Byzantine quorum: more than (n+f)/2
	leaders  *config.LeadersV3
	schedule config.ScheduleV3

	now time.Time

	// keyWorks tells that a signature that this oracle made has been verified since it started.
	keyWorks bool

	certificates certificates
	reports      map[uint64]int // references to the reports of a sequence number
}

func newCore(cfg Config) *core {
	c := &core{
		cfg:      cfg,
		quorum:   (cfg.N+cfg.F)/2 + 1,
		leaders:  config.NewLeadersV3(cfg.N, cfg.LeaderSelectionKey),
		schedule: config.NewScheduleV3(cfg.N, cfg.TransmissionOrderKey, config.NewStages(cfg.N, cfg.S, cfg.DeltaStage)),
		reports:  map[uint64]int{},
	}
	c.certificates = certificates{core: c, highest: ocr3wire.Genesis()}
	return c
}

// Validate tells whether all fields are in the ranges that their comments state. A config that was decoded and checked by
// package config is.
func (c *Config) Validate() error {
	switch {
	case c.N < 1 || c.N > types.MaxOracles:
		return fmt.Errorf("ocr3: N is %d, want 1 to %d", c.N, types.MaxOracles)
	case c.F < 0 || 3*c.F >= c.N:
		return fmt.Errorf("ocr3: F is %d, want at least 0 and 3*F < N = %d", c.F, c.N)
	case int(c.OracleID) >= c.N:
		return fmt.Errorf("ocr3: OracleID is %d, want less than N = %d", c.OracleID, c.N)
	case c.RMax < 1:
		return fmt.Errorf("ocr3: RMax is 0, want at least 1")
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"DeltaProgress", c.DeltaProgress}, {"DeltaResend", c.DeltaResend}, {"DeltaInitial", c.DeltaInitial}, {"DeltaRound", c.DeltaRound},
		{"DeltaGrace", c.DeltaGrace}, {"DeltaCertifiedCommitRequest", c.DeltaCertifiedCommitRequest}, {"DeltaStage", c.DeltaStage},
	} {
		if d.value < 0 {
			return fmt.Errorf("ocr3: %s is %s, want at least 0", d.name, d.value)
		}
	}
	for i, s := range c.S {
		if s < 0 || s > types.MaxOracles {
			return fmt.Errorf("ocr3: S[%d] is %d, want 0 to %d", i, s, types.MaxOracles)
		}
	}
	return nil
}

func (c *core) drop(sender commontypes.OracleID, kind ocr3wire.Kind, why kernel.DropReason) {
	c.Drop(sender, kind.String(), why)
}

// sign asks for a signature by the own offchain key. A key that does not sign is the operator's business: what was to be
// signed does not happen.
func (c *core) sign(scope *kernel.Scope, what string, message ocr3wire.SignedMessage, signed func(signature []byte)) {
	id := kernel.CallIn(&c.Desk, scope, func(r kernel.Signed) {
		if r.Err != nil {
			c.Log(kernel.LogError, "could not sign", "what", what, "error", r.Err)
			return
		}
		signed(r.Signature)
	})
	c.Emit(kernel.SignOffchain{ID: id, Message: message[:]})
}

// check is one offchain signature to verify.
func check(signer commontypes.OracleID, message, signature []byte) kernel.SignatureCheck {
	return kernel.SignatureCheck{Kind: kernel.OffchainSignature, Signer: signer, Message: message, Signature: signature}
}

// verifyAll asks whether all signatures are good. Without any, they are.
func (c *core) verifyAll(scope *kernel.Scope, checks []kernel.SignatureCheck, verified func(good bool)) {
	if len(checks) == 0 {
		verified(true)
		return
	}
	id := kernel.CallIn(&c.Desk, scope, func(r kernel.Verified) { verified(r.Bad < 0) })
	c.Emit(kernel.Verify{ID: id, Checks: checks})
}

// holdReports and releaseReports count references to the reports of a sequence number, so that the driver can forget them.
func (c *core) holdReports(seqNr uint64) { c.reports[seqNr]++ }

func (c *core) releaseReports(seqNr uint64) {
	if c.reports[seqNr]--; c.reports[seqNr] <= 0 {
		delete(c.reports, seqNr)
		c.Emit(ForgetReports{seqNr})
	}
}

// certificates keeps the highest certificate, here and on disk. Writes follow one another in the order in which they were asked
// for; what depends on a write happens after it.
type certificates struct {
	*core
	highest ocr3wire.Certificate // durable, or the genesis
	waiting []certificateWrite   // the first is under way
}

type certificateWrite struct {
	certificate ocr3wire.Certificate
	done        func(ok bool)
}

// persistIfGreater makes the certificate the highest, unless one that is at least as high is. done is called when that is
// durable, or has failed, even if the epoch is another one by then.
func (c *certificates) persistIfGreater(certificate ocr3wire.Certificate, done func(ok bool)) {
	c.waiting = append(c.waiting, certificateWrite{certificate, done})
	if len(c.waiting) == 1 {
		c.next()
	}
}

func (c *certificates) next() {
	for len(c.waiting) > 0 {
		write := c.waiting[0]
		if write.certificate.Timestamp().Compare(c.highest.Timestamp()) > 0 {
			id := kernel.CallIn(&c.Desk, nil, func(r CertificateWritten) {
				if r.Err != nil {
					c.Log(kernel.LogError, "could not store the certificate", "timestamp", write.certificate.Timestamp(), "error", r.Err)
				} else {
					c.highest = write.certificate
				}
				c.shift()
				write.done(r.Err == nil)
				c.next()
			})
			c.Emit(WriteCertificate{id, write.certificate})
			return
		}
		c.shift()
		write.done(true)
	}
}

func (c *certificates) shift() {
	c.waiting[0] = certificateWrite{}
	c.waiting = c.waiting[1:]
}

// certificateChecks returns the signatures that must be good for a certificate to be valid, or says why it cannot be.
//
// Source: docs/protocol/ocr3.md, "Certificates".
func (c *core) certificateChecks(certificate ocr3wire.Certificate) ([]kernel.SignatureCheck, error) {
	var signatures []ocr3wire.AttributedSignature
	var message ocr3wire.SignedMessage
	switch certificate := certificate.(type) {
	case *ocr3wire.CertifiedCommit:
		if certificate.IsGenesis() {
			return nil, nil
		}
		signatures = certificate.Signatures
		message = ocr3wire.CommitMessage(c.cfg.ConfigDigest, certificate.CommitEpoch, certificate.SeqNr, ocr3wire.OutcomeDigest(certificate.Outcome))
	case *ocr3wire.CertifiedPrepare:
		signatures = certificate.Signatures
		message = ocr3wire.PrepareMessage(c.cfg.ConfigDigest, certificate.PrepareEpoch, certificate.SeqNr, certificate.OutcomeInputsDigest, ocr3wire.OutcomeDigest(certificate.Outcome))
	default:
		return nil, fmt.Errorf("there is no certificate")
	}
	if len(signatures) != c.quorum {
		return nil, fmt.Errorf("%d signatures, want %d", len(signatures), c.quorum)
	}
	var seen oracleSet
	checks := make([]kernel.SignatureCheck, len(signatures))
	for i, s := range signatures {
		if err := c.unseen(&seen, s.Signer); err != nil {
			return nil, err
		}
		checks[i] = check(s.Signer, message[:], s.Signature)
	}
	return checks, nil
}

// oracleSet is a set of oracles.
type oracleSet uint32

func (s oracleSet) has(id commontypes.OracleID) bool { return s>>id&1 == 1 }
func (s *oracleSet) add(id commontypes.OracleID)     { *s |= 1 << id }

// unseen adds an oracle to a set that it must not be in yet.
func (c *core) unseen(seen *oracleSet, id commontypes.OracleID) error {
	if int(id) >= c.cfg.N {
		return fmt.Errorf("there is no oracle %d", id)
	}
	if seen.has(id) {
		return fmt.Errorf("oracle %d is listed twice", id)
	}
	seen.add(id)
	return nil
}

// sameSignatures tells whether two lists are the same.
func sameSignatures(a, b []ocr3wire.AttributedSignature) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Signer != b[i].Signer || string(a[i].Signature) != string(b[i].Signature) {
			return false
		}
	}
	return true
}

// sameCertificate tells whether two certificates are the same, signatures included: if one is valid, so is the other.
func sameCertificate(a, b ocr3wire.Certificate) bool {
	switch a := a.(type) {
	case *ocr3wire.CertifiedPrepare:
		b, ok := b.(*ocr3wire.CertifiedPrepare)
		return ok && (a == b || a.PrepareEpoch == b.PrepareEpoch && a.SeqNr == b.SeqNr && a.OutcomeInputsDigest == b.OutcomeInputsDigest &&
			string(a.Outcome) == string(b.Outcome) && sameSignatures(a.Signatures, b.Signatures))
	case *ocr3wire.CertifiedCommit:
		b, ok := b.(*ocr3wire.CertifiedCommit)
		return ok && (a == b || a.CommitEpoch == b.CommitEpoch && a.SeqNr == b.SeqNr &&
			string(a.Outcome) == string(b.Outcome) && sameSignatures(a.Signatures, b.Signatures))
	}
	return false
}

// deadline is something that is due at a time.
type deadline[T any] struct {
	at   time.Time
	what T
}

// agenda keeps what is due when, the earliest first; among equals the one that was added first.
type agenda[T any] []deadline[T]

func (a *agenda[T]) add(at time.Time, what T) {
	i := len(*a)
	for i > 0 && cmp.Compare((*a)[i-1].at.UnixNano(), at.UnixNano()) > 0 {
		i--
	}
	*a = append(*a, deadline[T]{})
	copy((*a)[i+1:], (*a)[i:])
	(*a)[i] = deadline[T]{at, what}
}

// due takes what is due out of the agenda.
func (a *agenda[T]) due(now time.Time) (due []T) {
	n := 0
	for n < len(*a) && !(*a)[n].at.After(now) {
		due = append(due, (*a)[n].what)
		n++
	}
	clear((*a)[:n])
	*a = (*a)[n:] // what is left is copied when there is no more room behind it
	return due
}

// next returns how long it is until the next thing is due.
func (a agenda[T]) next(now time.Time) (after time.Duration, ok bool) {
	if len(a) == 0 {
		return 0, false
	}
	return max(0, a[0].at.Sub(now)), true
}
