package median_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/quorumhelper"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// This is the example of docs/plugins.md; TestDocumentedExample compares.

const hashLength = 32

// Chain tells the hash of the newest final block of some chain.
type Chain interface {
	FinalBlockHash(ctx context.Context) ([hashLength]byte, error)
}

// Outbox knows which hashes have been reported.
type Outbox interface {
	Has(ctx context.Context, hash [hashLength]byte) (bool, error)
}

type WitnessFactory struct {
	Chain  Chain
	Outbox Outbox
}

func (w WitnessFactory) NewReportingPlugin(_ context.Context, cfg types.ReportingPluginConfig) (types.ReportingPlugin, types.ReportingPluginInfo, error) {
	if len(cfg.OffchainConfig) != 0 {
		return nil, types.ReportingPluginInfo{}, errors.New("witness: the offchain config must be empty")
	}
	return &witness{w.Chain, w.Outbox, cfg.N, cfg.F}, types.ReportingPluginInfo{
		Name:          "Witness",
		UniqueReports: false,
		Limits: types.ReportingPluginLimits{
			MaxQueryLength:       0,
			MaxObservationLength: hashLength,
			MaxReportLength:      hashLength,
		},
	}, nil
}

type witness struct {
	chain  Chain
	outbox Outbox
	n, f   int
}

// Query asks for nothing: every oracle knows what to observe.
func (w *witness) Query(context.Context, types.ReportTimestamp) (types.Query, error) {
	return nil, nil
}

func (w *witness) Observation(ctx context.Context, _ types.ReportTimestamp, _ types.Query) (types.Observation, error) {
	hash, err := w.chain.FinalBlockHash(ctx)
	if err != nil {
		return nil, fmt.Errorf("witness: reading the newest final block: %w", err)
	}
	return hash[:], nil
}

// Report takes the hash that most oracles saw, the smaller one of two. More
// than f of them must have seen it, so that an honest one did.
func (w *witness) Report(_ context.Context, _ types.ReportTimestamp, _ types.Query, aos []types.AttributedObservation) (bool, types.Report, error) {
	seen := map[[hashLength]byte][]types.AttributedObservation{}
	for _, ao := range aos {
		if len(ao.Observation) != hashLength {
			continue // by a faulty oracle: the others go on without it
		}
		hash := [hashLength]byte(ao.Observation)
		seen[hash] = append(seen[hash], ao)
	}
	var best [hashLength]byte
	for hash, by := range seen { // in random order, hence the comparison of equal counts
		if c := len(by) - len(seen[best]); c > 0 || c == 0 && bytes.Compare(hash[:], best[:]) < 0 {
			best = hash
		}
	}
	if !quorumhelper.ObservationCountReachesObservationQuorum(quorumhelper.QuorumFPlusOne, w.n, w.f, seen[best]) {
		return false, nil, nil
	}
	return true, best[:], nil
}

func (w *witness) ShouldAcceptFinalizedReport(ctx context.Context, ts types.ReportTimestamp, report types.Report) (bool, error) {
	return w.ShouldTransmitAcceptedReport(ctx, ts, report)
}

func (w *witness) ShouldTransmitAcceptedReport(ctx context.Context, _ types.ReportTimestamp, report types.Report) (bool, error) {
	if len(report) != hashLength {
		return false, fmt.Errorf("witness: report has %d bytes, want %d", len(report), hashLength)
	}
	done, err := w.outbox.Has(ctx, [hashLength]byte(report))
	return !done, err
}

func (w *witness) Close() error { return nil }

// end of the example's plugin

// block is a chain with one block; its id fills the hash.
type block byte

func (b block) FinalBlockHash(context.Context) ([hashLength]byte, error) {
	return [hashLength]byte(bytes.Repeat([]byte{byte(b)}, hashLength)), nil
}

// reported is an outbox with some blocks in it.
type reported []block

func (r reported) Has(_ context.Context, hash [hashLength]byte) (bool, error) {
	return slices.Contains(r, block(hash[0])), nil
}

// A reporting plugin of one's own, and one round of it played by hand: oracle 2
// lags behind, and oracle 3 is faulty.
func Example_writingAPlugin() {
	ctx := context.Background()
	chains := []block{7, 7, 6, 7}
	var plugins []types.ReportingPlugin
	for _, chain := range chains {
		plugin, _, err := WitnessFactory{chain, reported{6}}.NewReportingPlugin(ctx, types.ReportingPluginConfig{N: 4, F: 1})
		if err != nil {
			fmt.Println(err)
			return
		}
		defer plugin.Close()
		plugins = append(plugins, plugin)
	}

	ts := types.ReportTimestamp{Epoch: 1, Round: 1}
	query, err := plugins[0].Query(ctx, ts) // oracle 0 leads
	if err != nil {
		fmt.Println(err)
		return
	}
	var aos []types.AttributedObservation
	for i, plugin := range plugins {
		observation, err := plugin.Observation(ctx, ts, query)
		if err != nil {
			fmt.Println(err)
			return
		}
		if i == 3 {
			observation = types.Observation("I saw nothing")
		}
		aos = append(aos, types.AttributedObservation{Observation: observation, Observer: commontypes.OracleID(i)})
	}
	for i, plugin := range plugins[:3] {
		should, report, err := plugin.Report(ctx, ts, query, aos)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("oracle %d: %v, %x…\n", i, should, report[:4])
		accept, err := plugin.ShouldAcceptFinalizedReport(ctx, ts, report)
		fmt.Println("          accept:", accept, err)
	}
	// Output:
	// oracle 0: true, 07070707…
	//           accept: true <nil>
	// oracle 1: true, 07070707…
	//           accept: true <nil>
	// oracle 2: true, 07070707…
	//           accept: true <nil>
}

// TestDocumentedExample keeps the Go code in docs/plugins.md equal to the code
// above, and to that of the examples of the simulators.
func TestDocumentedExample(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/plugins.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("example_plugin_test.go")
	if err != nil {
		t.Fatal(err)
	}
	simulated, err := os.ReadFile("../../sim/example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	simulated3, err := os.ReadFile("../../sim/ocr3sim/example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(doc), "```go\n")[1:]
	if len(blocks) == 0 {
		t.Fatal("docs/plugins.md has no Go code")
	}
	examples := string(source) + string(simulated) + string(simulated3)
	for i, b := range blocks {
		code, _, _ := strings.Cut(b, "```")
		code = strings.TrimSpace(code)
		if !strings.Contains(examples, code) {
			t.Errorf("block %d of docs/plugins.md is in none of the examples:\n%s", i+1, code)
		}
	}
}
