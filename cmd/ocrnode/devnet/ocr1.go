package devnet

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
	"github.com/ocrkit/ocrkit/cmd/ocrnode/oracle"
	"github.com/ocrkit/ocrkit/gen/ocr1"
	"github.com/ocrkit/ocrkit/gen/ocr1/offchainaggregator"
	"github.com/ocrkit/ocrkit/offchain/runtime"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
)

// ocr1Protocol is OCR1, which knows one kind of feed only.
type ocr1Protocol struct{}

func (ocr1Protocol) describe(n *netfile.Network) {
	n.Contract.Kind = netfile.KindOCR1AccessControlledAggregator
	n.Contract.Link = netfile.Target{Deploy: true}
	n.Contract.OCR1Billing = &netfile.OCR1Billing{
		MaximumGasPriceGwei: 2000, ReasonableGasPriceGwei: 100, MicroLinkPerEth: 200_000_000,
		LinkGweiPerObservation: 1_000_000, LinkGweiPerTransmission: 2_000_000,
	}
	payTransmitters(n)
	n.Config.DeltaResend = time.Second
	n.Config.DeltaC = heartbeat
}

func (ocr1Protocol) transmission() common.Hash { return ocr1.NewTransmissionTopic }

func (ocr1Protocol) report(log *ethtypes.Log) (r Report, err error) {
	var event ocr1.NewTransmission
	if err := ocr1.DecodeNewTransmission(log, &event); err != nil {
		return r, err
	}
	var at ocr1.ReportContext
	if err := ocr1.DecodeReportContext(event.RawReportContext[:], &at); err != nil {
		return r, err
	}
	r = Report{
		RoundID: event.AggregatorRoundId, Answer: newDecimal(event.Answer), Transmitter: event.Transmitter,
		Epoch: uint64(at.Epoch), Round: uint64(at.Round),
	}
	r.Observations, r.Observers = attributed(event.Observations, event.Observers)
	return r, nil
}

func (ocr1Protocol) answers() answers { return offchainaggregator.NewOffchainAggregator() }

func (ocr1Protocol) equip(args *oracle.OracleArgs, source honestSource) {
	args.Sources.Value = roundSource{source}
}

func (ocr1Protocol) vices() []vice {
	return []vice{liar, babbler(uninvitedOCR1), equivocator(contradictOCR1), mute}
}

func (ocr1Protocol) progress(s runtime.Status) (progress, bool) {
	if s.OCR1 == nil {
		return progress{}, false
	}
	return roundsProgress(&s.OCR1.RoundsStatus), true
}

// uninvitedOCR1 makes a message that is well formed and that nobody asked for.
func uninvitedOCR1(random *rand.Rand) []byte {
	message, err := ocr1wire.Encode(&ocr1wire.NewEpoch{Epoch: random.Uint32()})
	if err != nil {
		return nil
	}
	return message
}

// contradictOCR1 changes a message in one of the ways that a receiver alone cannot see through, or sees through only by a
// signature.
func contradictOCR1(payload []byte, _ *rand.Rand) []byte {
	message, err := ocr1wire.Decode(payload)
	if err != nil {
		return payload
	}
	switch m := message.(type) {
	case *ocr1wire.ObserveReq:
		m.Round++
	case *ocr1wire.Observe:
		m.Round++
	case *ocr1wire.ReportReq:
		if len(m.Observations) > 0 {
			m.Observations = m.Observations[1:]
		}
	case *ocr1wire.Report:
		m.Round++
	case *ocr1wire.Final: // the highest observation once more
		if o := m.AttestedReport.Observations; len(o) > 0 {
			m.AttestedReport.Observations = append(slices.Clone(o), o[len(o)-1])
		}
	case *ocr1wire.FinalEcho:
		m.Final.Round++
	}
	twisted, err := ocr1wire.Encode(message)
	if err != nil {
		return payload
	}
	return twisted
}
