package devnet

import (
	"context"
	"math/big"
	"math/rand/v2"
	"sync"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// vice is how a hostile oracle of the local network misbehaves.
type vice int

const (
	// liar observes a price far from the truth, and otherwise follows the protocol.
	liar vice = iota
	// babbler sends garbage beside its messages, and messages that nobody asked for.
	babbler
	// equivocator tells different oracles different things, as leader and as follower.
	equivocator
	// mute sends nothing.
	mute

	vices
)

// String names the vice as the table of oracles shows it.
func (v vice) String() string {
	return [...]string{"liar", "babbler", "equivocator", "mute"}[v]
}

// lyingSource observes prices that are off by a factor.
type lyingSource struct {
	market *market
	mu     sync.Mutex
	random *rand.Rand
}

func (s *lyingSource) Observe(ctx context.Context, ts types.ReportTimestamp) (*big.Int, error) {
	quote, err := s.market.quote(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	factor := []int64{0, 1, 3, 10, 1_000_000}[s.random.IntN(5)]
	lie := quote.Price.Mul(quote.Price, big.NewInt(factor))
	if s.random.IntN(2) == 0 {
		lie.Neg(lie)
	}
	return lie, nil
}

// hostileSource observes the truth, but the market does not take it for an honest observation.
type hostileSource struct{ market *market }

func (s hostileSource) Observe(ctx context.Context, _ types.ReportTimestamp) (*big.Int, error) {
	quote, err := s.market.quote(ctx)
	return quote.Price, err
}

// hostilePeer makes endpoints that misbehave.
type hostilePeer struct {
	types.BinaryNetworkEndpointFactory
	vice vice
	seed uint64
}

func (p *hostilePeer) NewEndpoint(cd types.ConfigDigest, peerIDs []string, bootstrappers []commontypes.BootstrapperLocator,
	f int, limits types.BinaryNetworkEndpointLimits) (commontypes.BinaryNetworkEndpoint, error) {
	endpoint, err := p.BinaryNetworkEndpointFactory.NewEndpoint(cd, peerIDs, bootstrappers, f, limits)
	if err != nil {
		return nil, err
	}
	return &hostileEndpoint{
		BinaryNetworkEndpoint: endpoint, vice: p.vice, n: len(peerIDs),
		random: rand.New(rand.NewPCG(p.seed, 0)),
	}, nil
}

// hostileEndpoint stands between a correct oracle and the network, and turns what the oracle says into what a traitor
// would say. It holds no key, so it cannot lie where a signature would show it; that is what the liar is for.
type hostileEndpoint struct {
	commontypes.BinaryNetworkEndpoint
	vice vice
	n    int

	mu     sync.Mutex
	random *rand.Rand
}

func (e *hostileEndpoint) SendTo(payload []byte, to commontypes.OracleID) {
	for _, p := range e.twist(payload) {
		e.BinaryNetworkEndpoint.SendTo(p, to)
	}
}

func (e *hostileEndpoint) Broadcast(payload []byte) {
	if e.vice == liar {
		e.BinaryNetworkEndpoint.Broadcast(payload)
		return
	}
	for to := range e.n {
		e.SendTo(payload, commontypes.OracleID(to))
	}
}

// twist returns what is sent to one receiver in place of payload.
func (e *hostileEndpoint) twist(payload []byte) [][]byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch e.vice {
	case mute:
		return nil
	case babbler:
		garbage := make([]byte, e.random.IntN(64))
		for i := range garbage {
			garbage[i] = byte(e.random.Uint32())
		}
		early, err := ocr2wire.Encode(&ocr2wire.NewEpoch{Epoch: e.random.Uint32()})
		if err != nil {
			return [][]byte{garbage, payload}
		}
		return [][]byte{garbage, payload, early, payload}
	case equivocator:
		return [][]byte{e.equivocate(payload)}
	}
	return [][]byte{payload}
}

// equivocate changes a message in one of the ways that a receiver alone cannot see through.
func (e *hostileEndpoint) equivocate(payload []byte) []byte {
	message, err := ocr2wire.Decode(payload)
	if err != nil || e.random.IntN(2) == 0 {
		return payload
	}
	switch m := message.(type) {
	case *ocr2wire.ObserveReq:
		m.Query = []byte{byte(e.random.Uint32())}
	case *ocr2wire.ReportReq:
		if len(m.Observations) > 0 {
			m.Observations = m.Observations[1:]
		}
	case *ocr2wire.Final:
		m.H[0] ^= 1
	case *ocr2wire.FinalEcho:
		m.Final.Round++
	case *ocr2wire.Observe:
		m.Round++
	case *ocr2wire.Report:
		m.Round++
	}
	twisted, err := ocr2wire.Encode(message)
	if err != nil {
		return payload
	}
	return twisted
}
