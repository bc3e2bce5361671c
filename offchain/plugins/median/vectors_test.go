package median_test

import (
	"bytes"
	"cmp"
	"math/big"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/plugins/median/evmreportcodec"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/vectors"
)

type attributed []struct {
	Observation vectors.Hex
	Observer    commontypes.OracleID
	Value       vectors.Dec // for readers
}

func (a attributed) observations() []types.AttributedObservation {
	var aos []types.AttributedObservation
	for _, ao := range a {
		aos = append(aos, types.AttributedObservation{Observation: types.Observation(ao.Observation), Observer: ao.Observer})
	}
	return aos
}

func equalBytes(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s:\n got %x\nwant %x", what, got, want)
	}
}

// mustReject tells whether the vectors want the input refused.
func mustReject(c vectors.Case, t *testing.T) bool {
	out := vectors.Decode[struct{ Reject, Error string }](t, c.Output)
	return out.Reject != "" || out.Error != ""
}

func TestCodecVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"ocr12-median-codec.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"observation":          observationVector,
			"value":                valueVector,
			"observe":              observeVector,
			"report":               reportVector,
			"medianFromReport":     medianFromReportVector,
			"maxReportLength":      maxReportLengthVector,
			"offchainConfig":       offchainConfigVector,
			"offchainConfigDecode": offchainConfigDecodeVector,
			"onchainConfig":        onchainConfigVector,
			"onchainConfigDecode":  onchainConfigDecodeVector,
		},
	})
}

func TestConfigVectors(t *testing.T) {
	elsewhere := map[string]string{}
	for _, kind := range []string{"serializeSigned", "deserializeSigned", "quorum", "peerID", "peerIDFromPublicKey", "peerIDParse", "bootstrapperLocator", "peerPrivateKey"} {
		elsewhere[kind] = "it is not about the median plugin; see offchain/bigbigendian, offchain/config and offchain/commontypes"
	}
	vectors.EachKind(t, "testdata", []string{"config-encoding.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"medianOnchainConfig":        onchainConfigVector,
			"medianOnchainConfigDecode":  onchainConfigDecodeVector,
			"medianOffchainConfig":       offchainConfigVector,
			"medianOffchainConfigDecode": offchainConfigDecodeVector,
		},
		Elsewhere: elsewhere,
	})
}

func TestDecisionVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"ocr12-median-decisions.json"}, vectors.Kinds{
		Run: map[string]func(*testing.T, vectors.File, vectors.Case){
			"shouldReport":   shouldReportVector,
			"acceptSequence": acceptSequenceVector,
			"deviates":       deviatesVector,
		},
	})
}

func observationVector(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind                                     string
		Timestamp                                uint32
		Value, JuelsPerFeeCoin, GasPriceSubunits vectors.Dec
	}](t, c.Input)
	out := vectors.DecodeStrict[struct{ Bytes vectors.Hex }](t, c.Output)

	gas, include := in.GasPriceSubunits.Int, true
	if gas == nil {
		gas, include = new(big.Int), false
	}
	b, err := median.EncodeObservation(in.Timestamp, in.Value.Int, in.JuelsPerFeeCoin.Int, gas, include)
	if err != nil {
		t.Fatal(err)
	}
	equalBytes(t, "observation", b, out.Bytes)

	parsed, err := median.ParseObservation(types.AttributedObservation{Observation: types.Observation(out.Bytes), Observer: 9})
	if err != nil {
		t.Fatal(err)
	}
	if parsed.Observer != 9 || parsed.Timestamp != in.Timestamp || parsed.Value.Cmp(in.Value.Int) != 0 ||
		parsed.JuelsPerFeeCoin.Cmp(in.JuelsPerFeeCoin.Int) != 0 || parsed.GasPriceSubunits.Cmp(gas) != 0 {
		t.Errorf("decoded %+v, want %+v", parsed, in)
	}
}

func valueVector(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind  string
		Value vectors.Dec
	}](t, c.Input)
	b, err := median.EncodeValue(in.Value.Int)
	if mustReject(c, t) {
		if err == nil {
			t.Errorf("%d was encoded as %x, want an error", in.Value, b)
		}
		return
	}
	out := vectors.DecodeStrict[struct{ Bytes vectors.Hex }](t, c.Output)
	if err != nil {
		t.Fatal(err)
	}
	equalBytes(t, "value", b, out.Bytes)
	if i, err := median.DecodeValue(out.Bytes); err != nil || i.Cmp(in.Value.Int) != 0 {
		t.Errorf("decoded %v, %v; want %v", i, err, in.Value)
	}
}

func observeVector(t *testing.T, _ vectors.File, c vectors.Case) {
	type outcome struct {
		Error bool
		Value vectors.Dec
	}
	in := vectors.DecodeStrict[struct {
		Kind                                     string
		Value, JuelsPerFeeCoin, GasPriceSubunits outcome
		IncludeGasPriceSubunitsInObservation     bool
		Query                                    vectors.Hex
	}](t, c.Input)
	out := vectors.DecodeStrict[struct {
		OK                                       bool
		Value, JuelsPerFeeCoin, GasPriceSubunits vectors.Hex
		Why                                      string
	}](t, c.Output)

	asSource := func(o outcome) source {
		if o.Error {
			return source{err: errScripted}
		}
		return source{value: o.Value.Int}
	}
	p, _ := newPlugin(t, setting{factory: median.NumericalMedianFactory{
		DataSource:                           asSource(in.Value),
		JuelsPerFeeCoinDataSource:            asSource(in.JuelsPerFeeCoin),
		GasPriceSubunitsDataSource:           asSource(in.GasPriceSubunits),
		IncludeGasPriceSubunitsInObservation: in.IncludeGasPriceSubunitsInObservation,
	}})
	observation, err := p.Observation(t.Context(), types.ReportTimestamp{ConfigDigest: ownDigest, Epoch: 1, Round: 1}, types.Query(in.Query))
	if !out.OK {
		if err == nil {
			t.Errorf("observed %x, want an error: %s", observation, out.Why)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	var m median.NumericalMedianObservationProto
	if err := proto.Unmarshal(observation, &m); err != nil {
		t.Fatal(err)
	}
	equalBytes(t, "value", m.Value, out.Value)
	equalBytes(t, "juelsPerFeeCoin", m.JuelsPerFeeCoin, out.JuelsPerFeeCoin)
	equalBytes(t, "gasPriceSubunits", m.GasPriceSubunits, out.GasPriceSubunits)
	if want := uint32(now.Unix()); m.Timestamp != want {
		t.Errorf("timestamp %d, want that of the clock, %d", m.Timestamp, want)
	}
}

func reportVector(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind                   string
		N, F                   int
		Min, Max               vectors.Dec
		Query                  vectors.Hex
		AttributedObservations attributed
	}](t, c.Input)
	out := vectors.DecodeStrict[struct {
		Error, ShouldReport                                   bool
		Report                                                vectors.Hex
		Median, JuelsPerFeeCoin                               vectors.Dec
		MaxQueryLength, MaxObservationLength, MaxReportLength int
		Why                                                   string
	}](t, c.Output)

	p, info := newPlugin(t, setting{n: in.N, f: in.F, onchain: median.OnchainConfig{Min: in.Min.Int, Max: in.Max.Int}})
	want := types.ReportingPluginLimits{MaxQueryLength: out.MaxQueryLength, MaxObservationLength: out.MaxObservationLength, MaxReportLength: out.MaxReportLength}
	if info.Limits != want {
		t.Errorf("limits %+v, want %+v", info.Limits, want)
	}
	should, report, err := p.Report(t.Context(), types.ReportTimestamp{ConfigDigest: ownDigest, Epoch: 2, Round: 1}, types.Query(in.Query), in.AttributedObservations.observations())
	if (err != nil) != out.Error {
		t.Fatalf("error %v, want one: %v (%s)", err, out.Error, out.Why)
	}
	if should != out.ShouldReport {
		t.Fatalf("should report: %v, want %v (%s)", should, out.ShouldReport, out.Why)
	}
	if !should {
		return
	}
	equalBytes(t, "report", report, out.Report)
	codec := evmreportcodec.ReportCodec{}
	if m, err := codec.MedianFromReport(t.Context(), report); err != nil || m.Cmp(out.Median.Int) != 0 {
		t.Errorf("median %v, %v; want %v", m, err, out.Median)
	}
	if j, err := codec.XXXJuelsPerFeeCoinFromReport(report); err != nil || j.Cmp(out.JuelsPerFeeCoin.Int) != 0 {
		t.Errorf("juels per fee coin %v, %v; want %v", j, err, out.JuelsPerFeeCoin)
	}
}

func medianFromReportVector(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind   string
		Report vectors.Hex
	}](t, c.Input)
	out := vectors.DecodeStrict[struct {
		Median vectors.Dec
		Reject string
		Note   string
	}](t, c.Output)
	m, err := evmreportcodec.ReportCodec{}.MedianFromReport(t.Context(), types.Report(in.Report))
	switch {
	case out.Reject != "" && err == nil:
		t.Errorf("median %v, want an error: %s", m, out.Reject)
	case out.Reject == "" && (err != nil || m.Cmp(out.Median.Int) != 0):
		t.Errorf("median %v, %v; want %v", m, err, out.Median)
	}
}

func maxReportLengthVector(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind string
		N    int
	}](t, c.Input)
	out := vectors.DecodeStrict[struct{ Length int }](t, c.Output)
	if got, err := (evmreportcodec.ReportCodec{}).MaxReportLength(t.Context(), in.N); err != nil || got != out.Length {
		t.Errorf("MaxReportLength(%d) = %d, %v; want %d", in.N, got, err, out.Length)
	}
}

// The two families of files spell these members differently.
type offchainConfigJSON struct {
	AlphaReportInfinite, AlphaAcceptInfinite bool
	AlphaReportPPB, AlphaAcceptPPB           vectors.U64
	DeltaC, DeltaCNs                         vectors.Ns
}

func (c offchainConfigJSON) config() median.OffchainConfig {
	return median.OffchainConfig{
		AlphaReportInfinite: c.AlphaReportInfinite,
		AlphaReportPPB:      uint64(c.AlphaReportPPB),
		AlphaAcceptInfinite: c.AlphaAcceptInfinite,
		AlphaAcceptPPB:      uint64(c.AlphaAcceptPPB),
		DeltaC:              cmp.Or(c.DeltaC, c.DeltaCNs).D(),
	}
}

func offchainConfigVector(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind string
		offchainConfigJSON
		Config *offchainConfigJSON
	}](t, c.Input)
	out := vectors.DecodeStrict[struct{ Bytes, Encoded vectors.Hex }](t, c.Output)
	cfg := in.config()
	if in.Config != nil {
		cfg = in.Config.config()
	}
	encoded := append(out.Bytes, out.Encoded...)
	equalBytes(t, "encoded", cfg.Encode(), encoded)
	if got, err := median.DecodeOffchainConfig(encoded); err != nil || got != cfg {
		t.Errorf("decoded %+v, %v; want %+v", got, err, cfg)
	}
}

func offchainConfigDecodeVector(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind           string
		Bytes, Encoded vectors.Hex
	}](t, c.Input)
	got, err := median.DecodeOffchainConfig(append(in.Bytes, in.Encoded...))
	if mustReject(c, t) {
		if err == nil {
			t.Errorf("decoded %+v, want an error", got)
		}
		return
	}
	out := vectors.DecodeStrict[struct{ Config *offchainConfigJSON }](t, c.Output)
	if err != nil || got != out.Config.config() {
		t.Errorf("decoded %+v, %v; want %+v", got, err, out.Config.config())
	}
}

func onchainConfigVector(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind     string
		Min, Max vectors.Dec
	}](t, c.Input)
	encoded, err := median.StandardOnchainConfigCodec{}.Encode(t.Context(), median.OnchainConfig{Min: in.Min.Int, Max: in.Max.Int})
	if mustReject(c, t) {
		if err == nil {
			t.Errorf("encoded as %x, want an error", encoded)
		}
		return
	}
	out := vectors.DecodeStrict[struct {
		Bytes, Encoded vectors.Hex
		Decodes        *bool
		DecodeError    string // for readers
	}](t, c.Output)
	if err != nil {
		t.Fatal(err)
	}
	equalBytes(t, "encoded", encoded, append(out.Bytes, out.Encoded...))
	got, err := median.StandardOnchainConfigCodec{}.Decode(t.Context(), encoded)
	if out.Decodes != nil && !*out.Decodes {
		if err == nil {
			t.Errorf("decoded %+v, want an error", got)
		}
		return
	}
	if err != nil || got.Min.Cmp(in.Min.Int) != 0 || got.Max.Cmp(in.Max.Int) != 0 {
		t.Errorf("decoded %+v, %v; want %+v", got, err, in)
	}
}

func onchainConfigDecodeVector(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind           string
		Bytes, Encoded vectors.Hex
	}](t, c.Input)
	got, err := median.StandardOnchainConfigCodec{}.Decode(t.Context(), append(in.Bytes, in.Encoded...))
	if mustReject(c, t) {
		if err == nil {
			t.Errorf("decoded %+v, want an error", got)
		}
		return
	}
	out := vectors.DecodeStrict[struct{ Min, Max vectors.Dec }](t, c.Output)
	if err != nil || got.Min.Cmp(out.Min.Int) != 0 || got.Max.Cmp(out.Max.Int) != 0 {
		t.Errorf("decoded %+v, %v; want %+v", got, err, out)
	}
}

// onChain is the state of the contract in the decision files.
type onChain struct {
	ConfigDigest         vectors.Hex
	Epoch                uint32
	Round                uint8
	Error                bool
	LatestAnswer         vectors.Dec
	LatestTimestampAgeNs vectors.Ns
}

func (o onChain) apply(t *testing.T, c *contract) {
	c.digest, c.epoch, c.round = o.ConfigDigest.Array32(t), o.Epoch, o.Round
	c.err = nil
	if o.Error {
		c.err = errScripted
	}
}

func shouldReportVector(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind                   string
		AlphaReportInfinite    bool
		AlphaReportPPB         vectors.U64
		DeltaCNs               vectors.Ns
		AttributedObservations attributed
		ConfigDigest           vectors.Hex
		Contract               onChain
		RoundRequested         struct {
			ConfigDigest vectors.Hex
			Epoch        uint32
			Round        uint8
			Error        bool
		}
	}](t, c.Input)
	out := vectors.DecodeStrict[struct {
		Error, ShouldReport      bool
		RoundRequestedLookbackNs vectors.Ns
		Note                     string
	}](t, c.Output)

	con := &contract{
		answer:        in.Contract.LatestAnswer.Int,
		timestamp:     now.Add(-in.Contract.LatestTimestampAgeNs.D()),
		requestDigest: in.RoundRequested.ConfigDigest.Array32(t),
		requestEpoch:  in.RoundRequested.Epoch,
		requestRound:  in.RoundRequested.Round,
	}
	in.Contract.apply(t, con)
	if in.RoundRequested.Error {
		con.requestErr = errScripted
	}
	digest := types.ConfigDigest(in.ConfigDigest.Array32(t))
	p, _ := newPlugin(t, setting{
		factory:  median.NumericalMedianFactory{ContractTransmitter: con},
		offchain: median.OffchainConfig{AlphaReportInfinite: in.AlphaReportInfinite, AlphaReportPPB: uint64(in.AlphaReportPPB), DeltaC: in.DeltaCNs.D()},
		digest:   digest,
	})
	should, _, err := p.Report(t.Context(), types.ReportTimestamp{ConfigDigest: digest, Epoch: 6, Round: 1}, nil, in.AttributedObservations.observations())
	if (err != nil) != out.Error || should != out.ShouldReport {
		t.Errorf("should report: %v, %v; want %v, error %v (%s)", should, err, out.ShouldReport, out.Error, out.Note)
	}
	if con.lookback != out.RoundRequestedLookbackNs.D() {
		t.Errorf("round requests were looked for in the last %v, want %v", con.lookback, out.RoundRequestedLookbackNs.D())
	}
}

func acceptSequenceVector(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind                string
		N, F                int
		AlphaAcceptInfinite bool
		AlphaAcceptPPB      vectors.U64
		ConfigDigest        vectors.Hex
	}](t, c.Input)
	out := vectors.DecodeStrict[struct {
		Steps []struct {
			Contract        onChain
			ReportTimestamp struct {
				Epoch uint32
				Round uint8
			}
			Report                                       vectors.Hex
			Accept, AcceptError, Transmit, TransmitError bool
			Median                                       vectors.Dec // for readers
		}
	}](t, c.Output)

	con := &contract{answer: new(big.Int), timestamp: now}
	digest := types.ConfigDigest(in.ConfigDigest.Array32(t))
	p, _ := newPlugin(t, setting{
		factory:  median.NumericalMedianFactory{ContractTransmitter: con},
		offchain: median.OffchainConfig{AlphaAcceptInfinite: in.AlphaAcceptInfinite, AlphaAcceptPPB: uint64(in.AlphaAcceptPPB)},
		n:        in.N,
		f:        in.F,
		digest:   digest,
	})
	for i, step := range out.Steps {
		step.Contract.apply(t, con)
		ts := types.ReportTimestamp{ConfigDigest: digest, Epoch: step.ReportTimestamp.Epoch, Round: step.ReportTimestamp.Round}
		accept, err := p.ShouldAcceptFinalizedReport(t.Context(), ts, types.Report(step.Report))
		if (err != nil) != step.AcceptError || accept != step.Accept {
			t.Errorf("step %d: accept %v, %v; want %v, error %v", i, accept, err, step.Accept, step.AcceptError)
		}
		transmit, err := p.ShouldTransmitAcceptedReport(t.Context(), ts, types.Report(step.Report))
		if (err != nil) != step.TransmitError || transmit != step.Transmit {
			t.Errorf("step %d: transmit %v, %v; want %v, error %v", i, transmit, err, step.Transmit, step.TransmitError)
		}
	}
}

func deviatesVector(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Kind         string
		Old, New     vectors.Dec
		ThresholdPPB vectors.U64
	}](t, c.Input)
	out := vectors.DecodeStrict[struct{ Deviates bool }](t, c.Output)
	before, after := new(big.Int).Set(in.Old.Int), new(big.Int).Set(in.New.Int)
	if got, err := median.DefaultDeviationFunc(t.Context(), uint64(in.ThresholdPPB), before, after); err != nil || got != out.Deviates {
		t.Errorf("from %v to %v by %d ppb: %v, %v; want %v", in.Old, in.New, in.ThresholdPPB, got, err, out.Deviates)
	}
	if before.Cmp(in.Old.Int) != 0 || after.Cmp(in.New.Int) != 0 {
		t.Errorf("changed its arguments to %v and %v", before, after)
	}
}
