package devnet

import (
	"context"
	"math/big"
	"math/rand/v2"
	"time"

	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
	"github.com/ocrkit/ocrkit/cmd/ocrnode/oracle"
	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/gen/ocr2/ocr2aggregator"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/runtime"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr2wire"
)

// ocr2Protocol is OCR2 with the median contract.
type ocr2Protocol struct{}

func (ocr2Protocol) describe(n *netfile.Network) {
	n.Contract.Kind = netfile.KindAccessControlledAggregator
	n.Contract.Link = netfile.Target{Deploy: true}
	n.Contract.Billing = &netfile.Billing{
		MaximumGasPriceGwei: 2000, ReasonableGasPriceGwei: 100,
		ObservationPaymentGjuels: 1_000_000, TransmissionPaymentGjuels: 2_000_000, AccountingGas: 8_000,
	}
	payTransmitters(n)
	n.Config.DeltaResend = time.Second
	n.Config.Plugin.Median = &median.OffchainConfig{DeltaC: heartbeat}
	n.Config.MaxDurationObservation = maxDurationObservation
	n.Config.MaxDurationQuery = 100 * time.Millisecond
	n.Config.MaxDurationReport = 500 * time.Millisecond
	n.Config.MaxDurationShouldAcceptFinalizedReport = 500 * time.Millisecond
	n.Config.MaxDurationShouldTransmitAcceptedReport = 500 * time.Millisecond
}

// payTransmitters makes each oracle's transmitter its payee.
func payTransmitters(n *netfile.Network) {
	for i := range n.Oracles {
		n.Oracles[i].Payee = common.Address(n.Oracles[i].Public.TransmitAccount)
	}
}

func (ocr2Protocol) transmission() common.Hash { return ocr2.NewTransmissionTopic }

func (ocr2Protocol) report(log *ethtypes.Log) (r Report, err error) {
	var event ocr2.NewTransmission
	if err := ocr2.DecodeNewTransmission(log, &event); err != nil {
		return r, err
	}
	r = Report{
		RoundID: event.AggregatorRoundId, Answer: newDecimal(event.Answer), Transmitter: event.Transmitter,
		Epoch: uint64(event.EpochAndRound >> 8), Round: uint64(uint8(event.EpochAndRound)),
	}
	r.Observations, r.Observers = attributed(event.Observations, event.Observers)
	return r, nil
}

// attributed puts the observations of a report, and who made them, in the form in which they are shown.
func attributed(observations []*big.Int, observers []byte) (values []*decimal, by []int) {
	for i, observation := range observations {
		values = append(values, newDecimal(observation))
		by = append(by, int(observers[i]))
	}
	return values, by
}

func (ocr2Protocol) answers() answers { return ocr2aggregator.NewOCR2Aggregator() }

func (ocr2Protocol) equip(args *oracle.OracleArgs, source honestSource) {
	args.Sources.Value = roundSource{source}
}

// roundSource is an honest oracle's source where the plugin says which round it observes in.
type roundSource struct{ honestSource }

func (s roundSource) Observe(ctx context.Context, ts types.ReportTimestamp) (*big.Int, error) {
	price, err := s.honestSource.Observe(ctx, ts)
	if err == nil {
		s.market.observed(round{uint64(ts.Epoch), uint64(ts.Round)}, s.oracle, price)
	}
	return price, err
}

var _ median.DataSource = roundSource{}

func (ocr2Protocol) vices() []vice {
	return []vice{liar, babbler(uninvitedOCR2), equivocator(contradictOCR2), mute}
}

func (ocr2Protocol) progress(s runtime.Status) (progress, bool) {
	if s.Instance == nil {
		return progress{}, false
	}
	return roundsProgress(&s.Instance.RoundsStatus), true
}

// roundsProgress is progress in the protocols whose epochs are made of rounds alone: OCR1 and OCR2.
func roundsProgress(s *runtime.RoundsStatus) progress {
	return progress{
		epoch: uint64(s.Epoch), round: uint64(s.Round), leader: s.Leader,
		sent: s.SentObservations, completed: s.CompletedRounds, malformed: s.Malformed, dropped: s.Dropped,
	}
}

// uninvitedOCR2 makes a message that is well formed and that nobody asked for.
func uninvitedOCR2(random *rand.Rand) []byte {
	message, err := ocr2wire.Encode(&ocr2wire.NewEpoch{Epoch: random.Uint32()})
	if err != nil {
		return nil
	}
	return message
}

// contradictOCR2 changes a message in one of the ways that a receiver alone cannot see through.
func contradictOCR2(payload []byte, random *rand.Rand) []byte {
	message, err := ocr2wire.Decode(payload)
	if err != nil {
		return payload
	}
	switch m := message.(type) {
	case *ocr2wire.ObserveReq:
		m.Query = []byte{byte(random.Uint32())}
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
