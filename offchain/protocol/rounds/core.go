package rounds

import (
	"fmt"
	"math/bits"
	"time"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/roundwire"
)

// Config is what both protocols must know of the running configuration. All oracles of an instance hold equal values, except
// for OracleID.
type Config struct {
	OracleID commontypes.OracleID // own index, below N
	N, F     int                  // 3F < N <= 31

	DeltaProgress, DeltaResend, DeltaRound, DeltaGrace, DeltaStage time.Duration

	RMax uint8 // 1..254
	S    []int

	LeaderSelectionKey, TransmissionOrderKey [16]byte
}

// Validate tells whether all fields are in their ranges, and a protocol's other durations.
func (c *Config) Validate(protocol string, others ...time.Duration) error {
	switch {
	case c.N < 1 || c.N > types.MaxOracles:
		return fmt.Errorf("%s: N is %d, want 1 to %d", protocol, c.N, types.MaxOracles)
	case c.F < 0 || 3*c.F >= c.N:
		return fmt.Errorf("%s: F is %d, want at least 0 and 3*F < N = %d", protocol, c.F, c.N)
	case int(c.OracleID) >= c.N:
		return fmt.Errorf("%s: OracleID is %d, want less than N = %d", protocol, c.OracleID, c.N)
	case c.RMax < 1 || c.RMax > 254:
		return fmt.Errorf("%s: RMax is %d, want 1 to 254", protocol, c.RMax)
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"DeltaProgress", c.DeltaProgress}, {"DeltaResend", c.DeltaResend}, {"DeltaRound", c.DeltaRound},
		{"DeltaGrace", c.DeltaGrace}, {"DeltaStage", c.DeltaStage},
	} {
		if d.value < 0 {
			return fmt.Errorf("%s: %s is %s, want at least 0", protocol, d.name, d.value)
		}
	}
	for _, d := range others {
		if d < 0 {
			return fmt.Errorf("%s: a duration is %s, want at least 0", protocol, d)
		}
	}
	for i, s := range c.S {
		if s < 0 || s > types.MaxOracles {
			return fmt.Errorf("%s: S[%d] is %d, want 0 to %d", protocol, i, s, types.MaxOracles)
		}
	}
	return nil
}

// Core is what the parts of a machine share: the configuration, the clock, the effects and the calls of the current event,
// and the record of rounds that this oracle worked in.
type Core struct {
	kernel.Desk
	Config   Config
	Leaders  config.LeadersV1
	Schedule config.ScheduleV1

	Now time.Time // of the current event

	// Floor is the last round in which this oracle may have signed or led before a restart. In rounds up to it, this
	// process neither signs nor leads: nobody gets two different signatures of this oracle for one round.
	Floor Round
	// Recorded is the last round for which PersistRound was emitted, at least Floor.
	Recorded Round
}

// NewCore returns the core of a machine with a valid configuration. The schedule of transmissions depends on the digest.
func NewCore(cfg Config, digest []byte) *Core {
	return &Core{
		Config:   cfg,
		Leaders:  config.NewLeadersV1(cfg.N, cfg.LeaderSelectionKey),
		Schedule: config.NewScheduleV1(cfg.N, cfg.TransmissionOrderKey, digest, config.NewStages(cfg.N, cfg.S, cfg.DeltaStage)),
	}
}

// Drop says that a message is not processed.
func (c *Core) Drop(sender commontypes.OracleID, kind roundwire.Kind, why kernel.DropReason) {
	c.Desk.Drop(sender, kind.String(), why)
}

// Record makes sure that a round is on record before anything that belongs to it leaves this oracle.
func (c *Core) Record(r Round) {
	if c.Recorded.Less(r) {
		c.Recorded = r
		c.Emit(PersistRound{Round: r})
	}
}

// BelowFloor tells whether this oracle may have worked in a round before a restart.
func (c *Core) BelowFloor(r Round) bool { return !c.Floor.Less(r) }

// Members is a set of oracle indices of an instance.
type Members uint32

// Has tells whether an oracle is in the set.
func (s Members) Has(id commontypes.OracleID) bool { return s>>id&1 == 1 }

// Add puts an oracle into the set; it tells whether it was there already.
func (s *Members) Add(id commontypes.OracleID) (present bool) {
	present = s.Has(id)
	*s |= 1 << id
	return present
}

// Len is the number of oracles in the set.
func (s Members) Len() int { return bits.OnesCount32(uint32(s)) }

// CheckObservers tells whether the observers of a list of count observations are distinct oracles of this instance, more
// than 2f of them.
func (c *Core) CheckObservers(count int, observer func(i int) commontypes.OracleID) (why kernel.DropReason, ok bool) {
	if why, ok := c.CheckDistinct(count, func(i int) int { return int(observer(i)) }, DropBadObserver); !ok {
		return why, false
	}
	if count <= 2*c.Config.F {
		return DropTooFew, false
	}
	return kernel.DropReason{}, true
}

// CheckDistinct tells whether count indices are those of distinct oracles of this instance; if one is of none, the answer is
// outside.
func (c *Core) CheckDistinct(count int, index func(i int) int, outside kernel.DropReason) (why kernel.DropReason, ok bool) {
	var seen Members
	for i := range count {
		id := index(i)
		if id < 0 || id >= c.Config.N {
			return outside, false
		}
		if seen.Add(commontypes.OracleID(id)) {
			return DropRepeated, false
		}
	}
	return kernel.DropReason{}, true
}

// AllGood tells whether a verification found no bad signature.
func AllGood(ev kernel.Verified) bool { return ev.Bad < 0 }

// validRemembered is the number of attested reports that are remembered as valid.
const validRemembered = 8

// ValidSet remembers the hashes of the latest attested reports whose signatures were verified: most of what comes later in a
// round is the same again. The zero value is empty.
type ValidSet struct {
	hashes [validRemembered][32]byte // a ring
	next   int
}

// Add remembers a hash in the place of the oldest one.
func (v *ValidSet) Add(hash [32]byte) {
	v.hashes[v.next] = hash
	v.next = (v.next + 1) % len(v.hashes)
}

// Has tells whether a hash is remembered.
func (v *ValidSet) Has(hash [32]byte) bool {
	for i := range v.hashes {
		if v.hashes[i] == hash {
			return true
		}
	}
	return false
}
