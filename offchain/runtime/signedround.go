package runtime

import (
	"context"

	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// SignedRoundDatabase is what a types.Database can implement as well, to remember the last round for which an oracle signed
// anything. It makes sure that an oracle which crashes and starts again never signs two different things for the same round.
//
// Without it, an oracle that starts again takes no part, apart from following, in the epoch that it was in. The calls have a
// deadline of LocalConfig.DatabaseTimeout.
//
// Source: docs/protocol/ocr2.md, "Persistence".
type SignedRoundDatabase interface {
	// ReadSignedRound returns what was last written for the digest; ok is false if nothing was.
	ReadSignedRound(ctx context.Context, configDigest types.ConfigDigest) (epoch uint32, round uint8, ok bool, err error)
	// WriteSignedRound replaces what is stored for the digest. When it returns nil, the round is durable: it survives a crash of
	// the machine.
	WriteSignedRound(ctx context.Context, configDigest types.ConfigDigest, epoch uint32, round uint8) error
}

// OCR1SignedRoundDatabase is what an ocr1types.Database can implement as well; it is to OCR1 what [SignedRoundDatabase] is to
// OCR2.
type OCR1SignedRoundDatabase interface {
	// ReadSignedRound returns what was last written for the digest; ok is false if nothing was.
	ReadSignedRound(ctx context.Context, configDigest ocr1types.ConfigDigest) (epoch uint32, round uint8, ok bool, err error)
	// WriteSignedRound replaces what is stored for the digest. When it returns nil, the round is durable: it survives a crash of
	// the machine.
	WriteSignedRound(ctx context.Context, configDigest ocr1types.ConfigDigest, epoch uint32, round uint8) error
}

// stateDatabase is the part of a database that OCR1 and OCR2 have alike, but for the type D of digests.
type stateDatabase[D any] interface {
	ReadState(ctx context.Context, configDigest D) (*types.PersistentState, error)
	WriteState(ctx context.Context, configDigest D, state types.PersistentState) error
}

// roundDatabase is SignedRoundDatabase for either type of digests.
type roundDatabase[D any] interface {
	ReadSignedRound(ctx context.Context, configDigest D) (epoch uint32, round uint8, ok bool, err error)
	WriteSignedRound(ctx context.Context, configDigest D, epoch uint32, round uint8) error
}

var (
	_ roundDatabase[types.ConfigDigest]     = SignedRoundDatabase(nil)
	_ roundDatabase[ocr1types.ConfigDigest] = OCR1SignedRoundDatabase(nil)
)
