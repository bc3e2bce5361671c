package devnet

import (
	"context"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
	"github.com/ocrkit/ocrkit/cmd/ocrnode/oracle"
	"github.com/ocrkit/ocrkit/gen/ocr3"
	"github.com/ocrkit/ocrkit/gen/ocr3/ocr3ecdsafeed"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/plugins/ocr3feed"
	"github.com/ocrkit/ocrkit/offchain/runtime"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
)

// ocr3Protocol is OCR3 with a feed contract. The contract gets the median only, so the observations are noted where honest oracles
// work with them.
type ocr3Protocol struct {
	verifier oracle.Verifier
	market   *market

	mu       sync.Mutex
	n        int
	outcomes map[uint64][]outcome // by sequence number
}

// outcome is what an honest oracle computed from the observations of a round.
type outcome struct {
	round
	observers    []int
	observations []*decimal
	median       ocr3feed.Price
}

func (p *ocr3Protocol) describe(n *netfile.Network) {
	p.n = len(n.Oracles)
	n.Contract.Kind = netfile.KindOCR3ECDSAFeed
	if p.verifier == oracle.BLS {
		n.Contract.Kind = netfile.KindOCR3BLSFeed
	}
	n.Config.DeltaResend = 2 * time.Second
	n.Config.DeltaInitial = 500 * time.Millisecond
	n.Config.DeltaCertifiedCommitRequest = 500 * time.Millisecond
	n.Config.Plugin.Median = &median.OffchainConfig{DeltaC: heartbeat}
	n.Config.MaxDurationObservation = maxDurationObservation
	n.Config.MaxDurationQuery = 100 * time.Millisecond
	n.Config.MaxDurationShouldAcceptAttestedReport = 500 * time.Millisecond
	n.Config.MaxDurationShouldTransmitAcceptedReport = 500 * time.Millisecond
}

func (p *ocr3Protocol) transmission() common.Hash { return ocr3.NewTransmissionTopic }

func (p *ocr3Protocol) report(log *ethtypes.Log) (r Report, err error) {
	var event ocr3.NewTransmission
	if err := ocr3.DecodeNewTransmission(log, &event); err != nil {
		return r, err
	}
	r = Report{SeqNr: event.SeqNr, RoundID: event.AggregatorRoundId, Answer: newDecimal(event.Answer), Transmitter: event.Transmitter}
	p.mu.Lock()
	defer p.mu.Unlock()
	// An outcome that was proposed again in a later epoch is that of the round in which it was computed. A traitor may have had
	// several computed for one sequence number: the reported one is among them.
	for _, o := range p.outcomes[event.SeqNr] {
		if o.median.Value.Cmp(event.Answer) == 0 && o.median.Time == event.ObservationsTimestamp {
			r.Epoch, r.Round, r.Observers, r.Observations = o.epoch, o.number, o.observers, o.observations
		}
	}
	if r.Observers == nil {
		r.OutOfRange = fmt.Sprintf("the report with sequence number %d is none that an honest oracle computed", event.SeqNr)
	}
	// Reports come in the order of their sequence numbers.
	for seqNr := range p.outcomes {
		if seqNr <= event.SeqNr {
			delete(p.outcomes, seqNr)
		}
	}
	return r, nil
}

func (p *ocr3Protocol) answers() answers { return ocr3ecdsafeed.NewOCR3ECDSAFeed() }

func (p *ocr3Protocol) equip(args *oracle.OracleArgs, source honestSource) {
	args.Sources.Value = source
	args.WrapOCR3Plugin = func(factory oracle.OCR3Plugin) oracle.OCR3Plugin {
		return witnessFactory{factory, p, source.oracle}
	}
}

// witnessFactory makes plugins that tell what goes through them.
type witnessFactory struct {
	oracle.OCR3Plugin
	protocol *ocr3Protocol
	oracle   commontypes.OracleID
}

func (f witnessFactory) NewReportingPlugin(ctx context.Context, config ocr3types.ReportingPluginConfig) (ocr3types.ReportingPlugin[struct{}], ocr3types.ReportingPluginInfo, error) {
	plugin, info, err := f.OCR3Plugin.NewReportingPlugin(ctx, config)
	if err != nil {
		return nil, info, err
	}
	return witness{plugin, f.protocol, f.oracle}, info, nil
}

// witness is the plugin of an honest oracle. It notes what the oracle observes and what outcomes it computes, from what.
type witness struct {
	ocr3types.ReportingPlugin[struct{}]
	protocol *ocr3Protocol
	oracle   commontypes.OracleID
}

func (w witness) Observation(ctx context.Context, outctx ocr3types.OutcomeContext, query types.Query) (types.Observation, error) {
	observation, err := w.ReportingPlugin.Observation(ctx, outctx, query)
	if err != nil {
		return nil, err
	}
	price, err := ocr3feed.DecodeObservation(observation)
	if err != nil {
		return nil, err
	}
	w.protocol.market.observed(round{outctx.Epoch, outctx.Round}, w.oracle, price.Value)
	return observation, nil
}

func (w witness) Outcome(ctx context.Context, outctx ocr3types.OutcomeContext, query types.Query, aos []types.AttributedObservation) (ocr3types.Outcome, error) {
	encoded, err := w.ReportingPlugin.Outcome(ctx, outctx, query, aos)
	if err != nil {
		return nil, err
	}
	decoded, err := ocr3feed.DecodeOutcome(encoded)
	if err != nil {
		return nil, err
	}
	o := outcome{round: round{outctx.Epoch, outctx.Round}, median: decoded.Median}
	type seen struct {
		by    commontypes.OracleID
		price *big.Int
	}
	var all []seen
	for _, ao := range aos {
		price, err := ocr3feed.DecodeObservation(ao.Observation)
		if err != nil {
			return nil, err
		}
		all = append(all, seen{ao.Observer, price.Value})
	}
	slices.SortStableFunc(all, func(a, b seen) int { return a.price.Cmp(b.price) })
	for _, s := range all {
		o.observers = append(o.observers, int(s.by))
		o.observations = append(o.observations, newDecimal(s.price))
	}
	if decoded.Report {
		w.protocol.computed(outctx.SeqNr, o)
	}
	return encoded, nil
}

// computed notes an outcome that is to be reported.
func (p *ocr3Protocol) computed(seqNr uint64, o outcome) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, known := range p.outcomes[seqNr] {
		if known.round == o.round && slices.Equal(known.observers, o.observers) {
			return // another oracle has told
		}
	}
	if p.outcomes == nil {
		p.outcomes = map[uint64][]outcome{}
	}
	p.outcomes[seqNr] = append(p.outcomes[seqNr], o)
	delete(p.outcomes, seqNr-min(seqNr, maxRoundsRemembered)) // nobody will report that any more
}

func (p *ocr3Protocol) progress(s runtime.Status) (progress, bool) {
	i := s.OCR3
	if i == nil {
		return progress{}, false
	}
	return progress{
		epoch: i.Machine.Epoch, round: i.Machine.SeqNr, leader: i.Machine.Leader,
		sent: i.SentObservations, completed: i.Machine.CommittedSeqNr, malformed: i.Malformed, dropped: i.Dropped,
	}, true
}

func (p *ocr3Protocol) vices() []vice {
	return []vice{liar, equivocator(p.contradict), withholder(isOCR3Vote), babbler(uninvitedOCR3), mute}
}

// uninvitedOCR3 makes a message that is well formed and that nobody asked for.
func uninvitedOCR3(random *rand.Rand) []byte {
	if random.IntN(2) == 0 {
		return encodeOCR3(&ocr3wire.NewEpochWish{Epoch: random.Uint64()}, nil)
	}
	return encodeOCR3(&ocr3wire.CertifiedCommitRequest{SeqNr: random.Uint64()}, nil)
}

// contradict changes a message in one of the ways that a receiver alone cannot see through, or sees through only by a
// signature.
func (p *ocr3Protocol) contradict(payload []byte, random *rand.Rand) []byte {
	message, err := ocr3wire.Decode(payload, p.n, ocr3feed.Limits().MaxReportCount)
	if err != nil {
		return payload
	}
	switch m := message.(type) {
	case *ocr3wire.RoundStart:
		m.SeqNr++
	case *ocr3wire.Proposal: // a different choice of observations leads to a different outcome
		if len(m.Observations) > 1 {
			i := random.IntN(len(m.Observations))
			m.Observations = slices.Delete(m.Observations, i, i+1)
		}
	case *ocr3wire.Observation:
		m.SignedObservation.Observation = forge(m.SignedObservation.Observation)
	case *ocr3wire.EpochStartRequest: // as if nothing had ever been certified
		m.HighestCertified = ocr3wire.Genesis()
	case *ocr3wire.EpochStart:
		m.EpochStartProof.HighestCertified = ocr3wire.Genesis()
	case *ocr3wire.Prepare:
		m.Signature = forge(m.Signature)
	case *ocr3wire.Commit:
		m.Signature = forge(m.Signature)
	case *ocr3wire.ReportSignatures:
		for i := range m.Signatures {
			m.Signatures[i] = forge(m.Signatures[i])
		}
	}
	return encodeOCR3(message, payload)
}

// forge changes what a signature is of, or a signature.
func forge(b []byte) []byte {
	forged := slices.Clone(b)
	if len(forged) > 0 {
		forged[len(forged)/2] ^= 1
	}
	return forged
}

// isOCR3Vote tells whether the message is one of those that certificates and attestations are made of, or carries one.
func isOCR3Vote(payload []byte) bool {
	message, err := ocr3wire.Decode(payload, types.MaxOracles, ocr3feed.Limits().MaxReportCount)
	if err != nil {
		return false
	}
	switch message.Kind() {
	case ocr3wire.KindPrepare, ocr3wire.KindCommit, ocr3wire.KindEpochStart, ocr3wire.KindReportSignatures, ocr3wire.KindCertifiedCommit:
		return true
	}
	return false
}

// encodeOCR3 returns otherwise for what cannot be encoded.
func encodeOCR3(message ocr3wire.Message, otherwise []byte) []byte {
	encoded, err := ocr3wire.Encode(message)
	if err != nil {
		return otherwise
	}
	return encoded
}
