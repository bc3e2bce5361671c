package devnet

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
	"github.com/ocrkit/ocrkit/cmd/ocrnode/oracle"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/runtime"
)

// protocol is what is different in a devnet from protocol to protocol, beyond what package oracle knows. An implementation serves
// one devnet.
type protocol interface {
	// describe completes the network file: what contract there is, and the parameters of its config that not all protocols have.
	describe(*netfile.Network)
	// transmission is the topic of the event by which the contract tells of a report, and report reads such an event. It is asked
	// once for each report, in their order; what only the receipt and the market know is left out.
	transmission() common.Hash
	report(*ethtypes.Log) (Report, error)
	answers() answers

	// equip gives an oracle its source. What an honest one observes is told to the market, with its round.
	equip(args *oracle.OracleArgs, source honestSource)
	// vices are those that make sense.
	vices() []vice
	// progress reads a status; false while the oracle has not taken up the config.
	progress(runtime.Status) (progress, bool)
}

// answers is how a contract is asked for its answers.
type answers interface {
	PackGetAnswer(roundID *big.Int) []byte
	UnpackGetAnswer([]byte) (*big.Int, error)
}

// progress is what an oracle is doing.
type progress struct {
	epoch, round uint64
	leader       commontypes.OracleID
	// sent observations, and completed rounds.
	sent, completed    uint64
	malformed, dropped uint64
}

// newProtocol returns what belongs to a kind, which must be a right one.
func newProtocol(kind oracle.Kind, m *market) protocol {
	switch kind.Protocol {
	case oracle.OCR1:
		return ocr1Protocol{}
	case oracle.OCR3:
		return &ocr3Protocol{verifier: kind.Verifier, market: m}
	default:
		return ocr2Protocol{}
	}
}
