package limits

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr2config"
	"github.com/ocrkit/ocrkit/offchain/ocr31types"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/test/vectors"
)

type runCase = func(*testing.T, vectors.File, vectors.Case)

func TestNetworkVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"network-limits.json"}, vectors.Kinds{Run: map[string]runCase{
		"ocr1": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[networkInput](t, c.Input)
			got, err := OCR1(OCR1MessagesRate(in.DeltaResend.D(), in.DeltaProgress.D(), in.DeltaRound.D()), OCR1MessagesCapacity)
			checkNetwork(t, c, got, err)
		},
		"ocr2": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[networkInput](t, c.Input)
			got, _, err := ocr2config.EndpointLimits(ocr2config.PublicConfig{
				DeltaProgress: in.DeltaProgress.D(), DeltaResend: in.DeltaResend.D(), DeltaRound: in.DeltaRound.D(),
				OracleIdentities: make([]config.OracleIdentity, in.N), F: in.F,
			}, types.ReportingPluginLimits{
				MaxQueryLength: in.MaxQueryLength, MaxObservationLength: in.MaxObservationLength, MaxReportLength: in.MaxReportLength,
			}, in.MaxSigLen)
			checkNetwork(t, c, got, err)
		},
		"ocr3": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[networkInput](t, c.Input)
			got, _, err := OCR3(in.ocr3())
			checkNetwork(t, c, got, err)
		},
		"ocr3_1": func(t *testing.T, _ vectors.File, c vectors.Case) {
			in := vectors.DecodeStrict[networkInput](t, c.Input)
			got, err := OCR31(in.ocr31())
			if c.Rejected() {
				checkRefused(t, got, err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := vectors.DecodeStrict[struct {
				Default, Low json.RawMessage
				Serialized   OCR31Lengths
			}](t, c.Output)
			checkNetwork(t, vectors.Case{Output: want.Default}, got.DefaultPriority, nil)
			checkNetwork(t, vectors.Case{Output: want.Low}, got.LowPriority, nil)
			if got.Lengths != want.Serialized {
				t.Errorf("lengths\ngot  %+v\nwant %+v", got.Lengths, want.Serialized)
			}
		},
	}})
}

type networkInput struct {
	Kind                 string
	N, F                 int
	RMax                 uint64     `json:"rmax"`
	DeltaProgress        vectors.Ns `json:"delta_progress_ns"`
	DeltaResend          vectors.Ns `json:"delta_resend_ns"`
	DeltaInitial         vectors.Ns `json:"delta_initial_ns"`
	DeltaRound           vectors.Ns `json:"delta_round_ns"`
	DeltaGrace           vectors.Ns `json:"delta_grace_ns"`
	MaxSigLen            int        `json:"max_sig_len"`
	MaxQueryLength       int        `json:"max_query_length"`
	MaxObservationLength int        `json:"max_observation_length"`
	MaxOutcomeLength     int        `json:"max_outcome_length"`
	MaxReportLength      int        `json:"max_report_length"`
	MaxReportCount       int        `json:"max_report_count"`

	MaxQueryBytes                          int `json:"max_query_bytes"`
	MaxObservationBytes                    int `json:"max_observation_bytes"`
	MaxReportsPlusPrecursorBytes           int `json:"max_reports_plus_precursor_bytes"`
	MaxKeyValueModifiedKeys                int `json:"max_key_value_modified_keys"`
	MaxKeyValueModifiedKeysPlusValuesBytes int `json:"max_key_value_modified_keys_plus_values_bytes"`
	MaxBlobPayloadBytes                    int `json:"max_blob_payload_bytes"`

	Effective struct {
		OptionalFieldsGiven                 bool       `json:"optional_fields_given"`
		DeltaInitial                        vectors.Ns `json:"delta_initial_ns"`
		DeltaResend                         vectors.Ns `json:"delta_resend_ns"`
		DeltaStateSyncSummaryInterval       vectors.Ns `json:"delta_state_sync_summary_interval_ns"`
		DeltaBlockSyncMin                   vectors.Ns `json:"delta_block_sync_min_ns"`
		DeltaTreeSyncMin                    vectors.Ns `json:"delta_tree_sync_min_ns"`
		DeltaBlobOfferMin                   vectors.Ns `json:"delta_blob_offer_min_ns"`
		DeltaBlobChunkMin                   vectors.Ns `json:"delta_blob_chunk_min_ns"`
		MaxBlocksPerBlockSyncResponse       int        `json:"max_blocks_per_block_sync_response"`
		MaxTreeSyncChunkKeys                int        `json:"max_tree_sync_chunk_keys"`
		MaxTreeSyncChunkKeysPlusValuesBytes int        `json:"max_tree_sync_chunk_keys_plus_values_bytes"`
		BlobChunkBytes                      int        `json:"blob_chunk_bytes"`
	}
}

func (in networkInput) ocr3() OCR3Config {
	return OCR3Config{
		N: in.N, F: in.F, RMax: in.RMax, DeltaProgress: in.DeltaProgress.D(), DeltaResend: in.DeltaResend.D(),
		DeltaInitial: in.DeltaInitial.D(), DeltaRound: in.DeltaRound.D(), MaxSignatureLength: in.MaxSigLen,
		Plugin: ocr3types.ReportingPluginLimits{
			MaxQueryLength: in.MaxQueryLength, MaxObservationLength: in.MaxObservationLength, MaxOutcomeLength: in.MaxOutcomeLength,
			MaxReportLength: in.MaxReportLength, MaxReportCount: in.MaxReportCount,
		},
	}
}

func (in networkInput) ocr31() OCR31Config {
	e := in.Effective
	return OCR31Config{
		N: in.N, F: in.F, RMax: in.RMax, DeltaProgress: in.DeltaProgress.D(), DeltaRound: in.DeltaRound.D(), DeltaGrace: in.DeltaGrace.D(),
		DeltaInitial: e.DeltaInitial.D(), DeltaResend: e.DeltaResend.D(), DeltaStateSyncSummaryInterval: e.DeltaStateSyncSummaryInterval.D(),
		DeltaBlockSyncMinRequestToSameOracleInterval: e.DeltaBlockSyncMin.D(), DeltaTreeSyncMinRequestToSameOracleInterval: e.DeltaTreeSyncMin.D(),
		DeltaBlobOfferMinRequestToSameOracleInterval: e.DeltaBlobOfferMin.D(), DeltaBlobChunkMinRequestToSameOracleInterval: e.DeltaBlobChunkMin.D(),
		MaxBlocksPerBlockSyncResponse: e.MaxBlocksPerBlockSyncResponse, MaxTreeSyncChunkKeys: e.MaxTreeSyncChunkKeys,
		MaxTreeSyncChunkKeysPlusValuesBytes: e.MaxTreeSyncChunkKeysPlusValuesBytes, BlobChunkBytes: e.BlobChunkBytes,
		MaxSignatureLength: in.MaxSigLen,
		Plugin: ocr31types.ReportingPluginLimits{
			MaxQueryBytes: in.MaxQueryBytes, MaxObservationBytes: in.MaxObservationBytes, MaxReportsPlusPrecursorBytes: in.MaxReportsPlusPrecursorBytes,
			MaxReportCount: in.MaxReportCount, MaxKeyValueModifiedKeys: in.MaxKeyValueModifiedKeys,
			MaxKeyValueModifiedKeysPlusValuesBytes: in.MaxKeyValueModifiedKeysPlusValuesBytes, MaxBlobPayloadBytes: in.MaxBlobPayloadBytes,
		},
	}
}

func checkRefused(t *testing.T, got any, err error) {
	t.Helper()
	if !errors.Is(err, config.ErrSizeOutOfRange) {
		t.Errorf("got %+v, %v; want ErrSizeOutOfRange", got, err)
	}
}

// checkNetwork compares with the names of the network vectors; rates to 12 digits.
func checkNetwork(t *testing.T, c vectors.Case, got types.BinaryNetworkEndpointLimits, err error) {
	t.Helper()
	if c.Rejected() {
		checkRefused(t, got, err)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	want := vectors.DecodeStrict[struct {
		MaxMessageLength int    `json:"max_message_length"`
		MessagesRate     string `json:"messages_rate"`
		MessagesCapacity int    `json:"messages_capacity"`
		BytesRate        string `json:"bytes_rate"`
		BytesCapacity    int    `json:"bytes_capacity"`
	}](t, c.Output)
	if got.MaxMessageLength != want.MaxMessageLength || got.MessagesCapacityPerOracle != want.MessagesCapacity || got.BytesCapacityPerOracle != want.BytesCapacity {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, rate := range []struct {
		got  float64
		want string
	}{{got.MessagesRatePerOracle, want.MessagesRate}, {got.BytesRatePerOracle, want.BytesRate}} {
		expect, err := strconv.ParseFloat(rate.want, 64)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(rate.got-expect) > 1e-12*expect {
			t.Errorf("rate %v, want %v", rate.got, expect)
		}
	}
}

// TestAPIVectors runs the cases that are about the versions here; rates to the last digit.
func TestAPIVectors(t *testing.T) {
	vectors.EachKind(t, "testdata", []string{"api-limits.json"}, vectors.Kinds{
		Of: vectors.LimitsKind,
		Run: map[string]runCase{
			"ocr3 endpoint": func(t *testing.T, _ vectors.File, c vectors.Case) {
				in := vectors.DecodeStrict[struct {
					Protocol                                             string
					N, F                                                 int
					RMax                                                 vectors.U64
					DeltaInitial, DeltaProgress, DeltaResend, DeltaRound vectors.Ns
					Limits                                               ocr3types.ReportingPluginLimits
					MaxSigLen                                            int
				}](t, c.Input)
				got, _, err := OCR3(OCR3Config{
					N: in.N, F: in.F, RMax: uint64(in.RMax), DeltaProgress: in.DeltaProgress.D(), DeltaResend: in.DeltaResend.D(),
					DeltaInitial: in.DeltaInitial.D(), DeltaRound: in.DeltaRound.D(), MaxSignatureLength: in.MaxSigLen, Plugin: in.Limits,
				})
				checkAPI(t, c, got, err)
			},
			"ocr3_1 endpoint": apiOCR31,
		},
		Elsewhere: map[string]string{
			"ocr2 endpoint":  "offchain/config/ocr2config",
			"ocr2 plugin":    "offchain/config/ocr2config",
			"ocr3 plugin":    "offchain/config/ocr3config",
			"ocr3_1 plugin":  "offchain/config/ocr31config",
			"mercury plugin": "offchain/mercury",
		},
	})
}

// TestOCR3Vectors runs the cases that the vectors of OCR3 have of the same limits.
func TestOCR3Vectors(t *testing.T) {
	vectors.Each(t, "testdata", []string{"ocr3-limits.json"}, func(t *testing.T, _ vectors.File, c vectors.Case) {
		in := vectors.DecodeStrict[struct {
			N, F                                                                                    int
			RMax                                                                                    uint64
			DeltaInitial, DeltaProgress, DeltaResend, DeltaRound                                    vectors.Ns
			MaxQueryLength, MaxObservationLength, MaxOutcomeLength, MaxReportLength, MaxReportCount int
			MaxSignatureLength                                                                      int
		}](t, c.Input)
		got, _, err := OCR3(OCR3Config{
			N: in.N, F: in.F, RMax: in.RMax, DeltaProgress: in.DeltaProgress.D(), DeltaResend: in.DeltaResend.D(),
			DeltaInitial: in.DeltaInitial.D(), DeltaRound: in.DeltaRound.D(), MaxSignatureLength: in.MaxSignatureLength,
			Plugin: ocr3types.ReportingPluginLimits{
				MaxQueryLength: in.MaxQueryLength, MaxObservationLength: in.MaxObservationLength, MaxOutcomeLength: in.MaxOutcomeLength,
				MaxReportLength: in.MaxReportLength, MaxReportCount: in.MaxReportCount,
			},
		})
		want := vectors.DecodeStrict[struct {
			Ok                                                                  bool
			Why                                                                 string
			MaxMessageLength, MessagesCapacityPerOracle, BytesCapacityPerOracle int
			MessagesRatePerOracle, BytesRatePerOracle                           string
		}](t, c.Output)
		if !want.Ok {
			checkRefused(t, got, err)
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if got.MaxMessageLength != want.MaxMessageLength || got.MessagesCapacityPerOracle != want.MessagesCapacityPerOracle || got.BytesCapacityPerOracle != want.BytesCapacityPerOracle {
			t.Errorf("got %+v, want %+v", got, want)
		}
		checkRate(t, "messages", got.MessagesRatePerOracle, want.MessagesRatePerOracle)
		checkRate(t, "bytes", got.BytesRatePerOracle, want.BytesRatePerOracle)
	})
}

// checkRate compares to 12 digits.
func checkRate(t *testing.T, what string, got float64, want string) {
	t.Helper()
	w, err := strconv.ParseFloat(want, 64)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(got-w) > 1e-12*math.Abs(w) {
		t.Errorf("rate of %s: got %v, want %v", what, got, w)
	}
}

func apiOCR31(t *testing.T, _ vectors.File, c vectors.Case) {
	in := vectors.DecodeStrict[struct {
		Protocol                              string
		N, F                                  int
		RMax                                  vectors.U64
		DeltaProgress, DeltaRound, DeltaGrace vectors.Ns
		Optional                              map[string]int64
		Limits                                ocr31types.ReportingPluginLimits
		MaxSigLen                             int
	}](t, c.Input)
	// What a configuration leaves out.
	optional := map[string]int64{
		"DeltaResend": int64(5 * time.Second), "DeltaInitial": int64(800 * time.Millisecond), "DeltaStateSyncSummaryInterval": int64(5 * time.Second),
		"DeltaBlockSyncMinRequestToSameOracleInterval": int64(10 * time.Millisecond), "DeltaTreeSyncMinRequestToSameOracleInterval": int64(10 * time.Millisecond),
		"DeltaBlobOfferMinRequestToSameOracleInterval": int64(10 * time.Millisecond), "DeltaBlobChunkMinRequestToSameOracleInterval": int64(10 * time.Millisecond),
		"MaxBlocksPerBlockSyncResponse": 2, "MaxTreeSyncChunkKeys": 1024, "MaxTreeSyncChunkKeysPlusValuesBytes": 3 << 20, "BlobChunkBytes": 1_000_000,
	}
	for name, value := range in.Optional {
		if _, ok := optional[name]; !ok {
			t.Fatalf("unknown optional field %s", name)
		}
		optional[name] = value
	}
	d := func(name string) time.Duration { return time.Duration(optional[name]) }
	got, err := OCR31(OCR31Config{
		N: in.N, F: in.F, RMax: uint64(in.RMax), DeltaProgress: in.DeltaProgress.D(), DeltaRound: in.DeltaRound.D(), DeltaGrace: in.DeltaGrace.D(),
		DeltaInitial: d("DeltaInitial"), DeltaResend: d("DeltaResend"), DeltaStateSyncSummaryInterval: d("DeltaStateSyncSummaryInterval"),
		DeltaBlockSyncMinRequestToSameOracleInterval: d("DeltaBlockSyncMinRequestToSameOracleInterval"),
		DeltaTreeSyncMinRequestToSameOracleInterval:  d("DeltaTreeSyncMinRequestToSameOracleInterval"),
		DeltaBlobOfferMinRequestToSameOracleInterval: d("DeltaBlobOfferMinRequestToSameOracleInterval"),
		DeltaBlobChunkMinRequestToSameOracleInterval: d("DeltaBlobChunkMinRequestToSameOracleInterval"),
		MaxBlocksPerBlockSyncResponse:                int(optional["MaxBlocksPerBlockSyncResponse"]),
		MaxTreeSyncChunkKeys:                         int(optional["MaxTreeSyncChunkKeys"]),
		MaxTreeSyncChunkKeysPlusValuesBytes:          int(optional["MaxTreeSyncChunkKeysPlusValuesBytes"]),
		BlobChunkBytes:                               int(optional["BlobChunkBytes"]),
		MaxSignatureLength:                           in.MaxSigLen,
		Plugin:                                       in.Limits,
	})
	if c.Rejected() {
		checkRefused(t, got, err)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	want := vectors.DecodeStrict[struct {
		DefaultPriority, LowPriority json.RawMessage
		SerializedLengths            OCR31Lengths
	}](t, c.Output)
	checkAPI(t, vectors.Case{Output: want.DefaultPriority}, got.DefaultPriority, nil)
	checkAPI(t, vectors.Case{Output: want.LowPriority}, got.LowPriority, nil)
	if got.Lengths != want.SerializedLengths {
		t.Errorf("lengths\ngot  %+v\nwant %+v", got.Lengths, want.SerializedLengths)
	}
}

func checkAPI(t *testing.T, c vectors.Case, got types.BinaryNetworkEndpointLimits, err error) {
	t.Helper()
	if c.Rejected() {
		checkRefused(t, got, err)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	want := vectors.DecodeStrict[struct {
		MaxMessageLength, MessagesCapacityPerOracle, BytesCapacityPerOracle int
		MessagesRatePerOracle, BytesRatePerOracle                           string
	}](t, c.Output)
	messages, err1 := strconv.ParseFloat(want.MessagesRatePerOracle, 64)
	bytes, err2 := strconv.ParseFloat(want.BytesRatePerOracle, 64)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if expect := (types.BinaryNetworkEndpointLimits{
		MaxMessageLength: want.MaxMessageLength, MessagesRatePerOracle: messages, MessagesCapacityPerOracle: want.MessagesCapacityPerOracle,
		BytesRatePerOracle: bytes, BytesCapacityPerOracle: want.BytesCapacityPerOracle,
	}); got != expect {
		t.Errorf("got  %+v\nwant %+v", got, expect)
	}
}

func TestOutOfRange(t *testing.T) {
	good := OCR31Config{N: 4, F: 1, RMax: 10, BlobChunkBytes: 1}
	if _, err := OCR31(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*OCR31Config){
		"query":     func(c *OCR31Config) { c.Plugin.MaxQueryBytes = math.MaxInt32 },
		"negative":  func(c *OCR31Config) { c.Plugin.MaxObservationBytes = -1 },
		"signature": func(c *OCR31Config) { c.MaxSignatureLength, c.Plugin.MaxReportCount = 1<<20, 1<<20 },
		"blob":      func(c *OCR31Config) { c.Plugin.MaxBlobPayloadBytes = math.MaxInt32 + 1 },
		"chunk":     func(c *OCR31Config) { c.BlobChunkBytes = math.MaxInt32 },
		"keys":      func(c *OCR31Config) { c.MaxTreeSyncChunkKeys = math.MaxInt32 / 100 },
		"blocks":    func(c *OCR31Config) { c.MaxBlocksPerBlockSyncResponse = math.MaxInt32 / 100 },
		"modified":  func(c *OCR31Config) { c.Plugin.MaxKeyValueModifiedKeys = math.MaxInt32 / 5 },
	} {
		bad := good
		change(&bad)
		if got, err := OCR31(bad); !errors.Is(err, config.ErrSizeOutOfRange) || got != (OCR31Limits{}) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	bad := good
	bad.BlobChunkBytes = 0
	if _, err := OCR31(bad); err == nil {
		t.Error("chunks of no bytes are accepted")
	}
	if got, err := OCR1(1, math.MaxInt32); !errors.Is(err, config.ErrSizeOutOfRange) {
		t.Errorf("OCR1: got %+v, %v", got, err)
	}
	if got, _, err := OCR3(OCR3Config{N: 31, F: 10, Plugin: ocr3types.ReportingPluginLimits{MaxObservationLength: 1 << 28}}); !errors.Is(err, config.ErrSizeOutOfRange) {
		t.Errorf("OCR3: got %+v, %v", got, err)
	}
}
