package devnet

import (
	"context"
	"math/big"
	"math/rand/v2"
	"sync"

	"github.com/ocrkit/ocrkit/cmd/ocrnode/oracle"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// vice is how a hostile oracle of the local network misbehaves.
type vice struct {
	name string
	// lies says that it observes prices far from the truth.
	lies bool
	// twist returns what is sent to one receiver in place of a message. Nil: it sends what the protocol says.
	twist func(payload []byte, to commontypes.OracleID, random *rand.Rand) [][]byte
}

// liar observes a price far from the truth, and otherwise follows the protocol.
var liar = vice{name: "liar", lies: true}

// mute sends nothing.
var mute = vice{name: "mute", twist: func([]byte, commontypes.OracleID, *rand.Rand) [][]byte { return nil }}

// babbler sends garbage beside its messages, each of them twice, and messages that nobody asked for.
func babbler(uninvited func(*rand.Rand) []byte) vice {
	return vice{name: "babbler", twist: func(payload []byte, _ commontypes.OracleID, random *rand.Rand) [][]byte {
		garbage := make([]byte, random.IntN(64))
		for i := range garbage {
			garbage[i] = byte(random.Uint32())
		}
		return [][]byte{garbage, payload, uninvited(random), payload}
	}}
}

// equivocator tells different oracles different things, as leader and as follower.
func equivocator(contradict func(payload []byte, random *rand.Rand) []byte) vice {
	return vice{name: "equivocator", twist: func(payload []byte, _ commontypes.OracleID, random *rand.Rand) [][]byte {
		if random.IntN(2) == 0 {
			return [][]byte{payload}
		}
		return [][]byte{contradict(payload, random)}
	}}
}

// withholder keeps from half of the others, a different half each time, the messages without which they cannot be sure of an
// outcome.
func withholder(isVote func(payload []byte) bool) vice {
	return vice{name: "withholder", twist: func(payload []byte, _ commontypes.OracleID, random *rand.Rand) [][]byte {
		if isVote(payload) && random.IntN(2) == 0 {
			return nil
		}
		return [][]byte{payload}
	}}
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

// turn makes a peer whose endpoints misbehave.
func (v vice) turn(peer *oracle.Peer, seed uint64) *oracle.Peer {
	if v.twist == nil {
		return peer
	}
	hostile := *peer
	hostile.Endpoints = &hostileEndpoints{peer.Endpoints, v, seed}
	hostile.OCR1Endpoints = &hostileOCR1Endpoints{peer.OCR1Endpoints, v, seed}
	return &hostile
}

// hostileOCR1Endpoints is hostileEndpoints as OCR1 knows it.
type hostileOCR1Endpoints struct {
	ocr1types.BinaryNetworkEndpointFactory
	vice vice
	seed uint64
}

func (p *hostileOCR1Endpoints) NewEndpoint(cd ocr1types.ConfigDigest, peerIDs []string, bootstrappers []commontypes.BootstrapperLocator,
	f int, rate float64, capacity int) (commontypes.BinaryNetworkEndpoint, error) {
	endpoint, err := p.BinaryNetworkEndpointFactory.NewEndpoint(cd, peerIDs, bootstrappers, f, rate, capacity)
	if err != nil {
		return nil, err
	}
	return newHostileEndpoint(endpoint, p.vice, len(peerIDs), p.seed), nil
}

// hostileEndpoints makes endpoints that misbehave.
type hostileEndpoints struct {
	types.BinaryNetworkEndpointFactory
	vice vice
	seed uint64
}

func (p *hostileEndpoints) NewEndpoint(cd types.ConfigDigest, peerIDs []string, bootstrappers []commontypes.BootstrapperLocator,
	f int, limits types.BinaryNetworkEndpointLimits) (commontypes.BinaryNetworkEndpoint, error) {
	endpoint, err := p.BinaryNetworkEndpointFactory.NewEndpoint(cd, peerIDs, bootstrappers, f, limits)
	if err != nil {
		return nil, err
	}
	return newHostileEndpoint(endpoint, p.vice, len(peerIDs), p.seed), nil
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

func newHostileEndpoint(endpoint commontypes.BinaryNetworkEndpoint, v vice, n int, seed uint64) *hostileEndpoint {
	return &hostileEndpoint{BinaryNetworkEndpoint: endpoint, vice: v, n: n, random: rand.New(rand.NewPCG(seed, 0))}
}

func (e *hostileEndpoint) SendTo(payload []byte, to commontypes.OracleID) {
	e.mu.Lock()
	twisted := e.vice.twist(payload, to, e.random)
	e.mu.Unlock()
	for _, p := range twisted {
		e.BinaryNetworkEndpoint.SendTo(p, to)
	}
}

func (e *hostileEndpoint) Broadcast(payload []byte) {
	for to := range e.n {
		e.SendTo(payload, commontypes.OracleID(to))
	}
}
