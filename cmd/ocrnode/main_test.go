package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/ethclient"

	"github.com/ocrkit/ocrkit/cmd/ocrnode/devnet"
	"github.com/ocrkit/ocrkit/cmd/ocrnode/oracle"
	"github.com/ocrkit/ocrkit/test/e2e"
)

// TestMain lets more tests run at once than there are processors: devnets mostly wait.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "4"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// devnetOutput is what a devnet says with --json.
type devnetOutput struct {
	started devnet.Started
	reports []devnet.Report
	summary devnet.Summary
}

// runDevnet runs a devnet with --json and parses its output; it fails unless the exit code is want.
func runDevnet(t *testing.T, want int, args ...string) (devnetOutput, string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), append([]string{"ocrnode", "devnet", "--json"}, args...), &stdout, &stderr)
	if code != want {
		t.Fatalf("exit code %d, want %d\nstdout: %s\nstderr: %s", code, want, stdout.String(), stderr.String())
	}
	var out devnetOutput
	lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
	for i, line := range lines {
		if line == "" {
			continue
		}
		var kind struct{ Type string }
		if err := json.Unmarshal([]byte(line), &kind); err != nil {
			t.Fatalf("line %d is no JSON object: %v\n%s", i+1, err, line)
		}
		var target any
		switch kind.Type {
		case "start":
			target = &out.started
		case "note":
			continue
		case "report":
			out.reports = append(out.reports, devnet.Report{})
			target = &out.reports[len(out.reports)-1]
		case "summary":
			if i != len(lines)-1 {
				t.Errorf("the summary is line %d of %d, want the last", i+1, len(lines))
			}
			target = &out.summary
		default:
			t.Fatalf("unknown type %q", kind.Type)
		}
		if err := json.Unmarshal([]byte(line), target); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	return out, stderr.String()
}

// check asserts what must hold of any devnet that ended well.
func (out devnetOutput) check(t *testing.T, rounds int) {
	t.Helper()
	if len(out.reports) != rounds || out.summary.Reports != rounds {
		t.Fatalf("%d reports shown, %d counted, want %d", len(out.reports), out.summary.Reports, rounds)
	}
	last := out.reports[rounds-1]
	if out.summary.Answer == nil || out.summary.Answer.Cmp(&last.Answer.Int) != 0 {
		t.Errorf("the contract answers %v, the last report says %s", out.summary.Answer, last.Answer)
	}
	for i, r := range out.reports {
		if r.OutOfRange != "" {
			t.Error(r.OutOfRange)
		}
		if len(r.Observations) <= out.started.F || len(r.Observations) != len(r.Observers) {
			t.Errorf("report %d has %d observations of %d observers, with f = %d", i, len(r.Observations), len(r.Observers), out.started.F)
		}
		if r.Answer.Cmp(&r.Observations[len(r.Observations)/2].Int) != 0 {
			t.Errorf("report %d: answer %s is not the middle observation", i, r.Answer)
		}
		if i > 0 {
			p := out.reports[i-1]
			if r.Epoch < p.Epoch || r.Epoch == p.Epoch && r.Round <= p.Round || r.Block < p.Block || r.RoundID != p.RoundID+1 {
				t.Errorf("report %d (epoch %d round %d) does not come after report %d (epoch %d round %d)", i, r.Epoch, r.Round, i-1, p.Epoch, p.Round)
			}
			if isOCR3 := out.started.Protocol == oracle.OCR3; isOCR3 != (r.SeqNr > p.SeqNr) {
				t.Errorf("report %d of %s has sequence number %d after %d", i, out.started.Kind, r.SeqNr, p.SeqNr)
			}
		}
	}
}

func TestDevnetOnEmbeddedChain(t *testing.T) {
	t.Parallel()
	out, _ := runDevnet(t, 0, "--rounds", "3")
	out.check(t, 3)
	if len(out.started.Oracles) != 4 || out.reports[0].Label != "2000-01-03" {
		t.Errorf("%d oracles, first price of %s, want 4 and 2000-01-03", len(out.started.Oracles), out.reports[0].Label)
	}
}

func TestDevnetWithTraitors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind            []string
		oracles, faulty string
		vices           int
	}{
		{[]string{"--protocol", "ocr1"}, "13", "4", 4},
		{[]string{"--protocol", "ocr2"}, "13", "4", 4},
		{[]string{"--protocol", "ocr3"}, "16", "5", 5},
	} {
		t.Run(c.kind[1], func(t *testing.T) {
			t.Parallel()
			out, _ := runDevnet(t, 0, append(c.kind, "--oracles", c.oracles, "--faulty", c.faulty, "--rounds", "3", "--seed", "7")...)
			out.check(t, 3)
			seen := map[string]bool{}
			for _, o := range out.started.Oracles {
				seen[o.Vice] = true
			}
			if len(seen) != c.vices+1 { // and honesty
				t.Errorf("oracles are %v, want all %d vices", seen, c.vices)
			}
			if out.summary.Malformed == 0 || out.summary.Dropped == 0 {
				t.Errorf("%d malformed and %d dropped messages, though a babbler and an equivocator are there", out.summary.Malformed, out.summary.Dropped)
			}
		})
	}
}

// Contracts of all protocols, beside each other on one chain, with hostile oracles.
func TestDevnetsOnAnvil(t *testing.T) {
	t.Parallel()
	anvil := e2e.StartAnvil(t)
	for i, kind := range [][]string{
		{"--protocol", "ocr1"},
		{"--protocol", "ocr1", "--transport", "tcp"},
		{"--protocol", "ocr2"},
		{"--protocol", "ocr3"},
		{"--protocol", "ocr3", "--verifier", "bls", "--transport", "tcp"},
	} {
		t.Run(strings.Join(kind, " "), func(t *testing.T) {
			t.Parallel()
			out, _ := runDevnet(t, 0, append(kind, "--chain", anvil.URL, "--oracles", "7", "--faulty", "2", "--rounds", "5", "--seed", strconv.Itoa(100+i))...)
			out.check(t, 5)
			last := out.reports[4]
			got := e2e.Output(t, "cast", "call", "--rpc-url", anvil.URL, out.started.Aggregator.Hex(), "getAnswer(uint256)(int256)", strconv.Itoa(int(last.RoundID)))
			got, _, _ = strings.Cut(got, " ") // cast adds the number in scientific notation
			if want := out.summary.Answer.String(); got != want {
				t.Errorf("cast reads %s, the devnet says %s", got, want)
			}
			checkContract(t, anvil.URL, out.started)
			if scheme := string(out.started.Verifier); scheme != "" {
				if got := e2e.Output(t, "cast", "call", "--rpc-url", anvil.URL, out.started.Aggregator.Hex(), "attestationScheme()(string)"); got != strconv.Quote(scheme) {
					t.Errorf("the contract verifies by %s, the devnet was to by %q", got, scheme)
				}
			}
		})
	}
}

// checkContract reads the config from the contract, as `ocrnode config check --online` does.
func checkContract(t *testing.T, rpc string, started devnet.Started) {
	t.Helper()
	client, err := ethclient.DialContext(t.Context(), rpc)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	place := oracle.Place{Client: client, ChainID: started.ChainID, Contract: started.Aggregator}
	config, err := oracle.ReadConfig(t.Context(), started.Kind, place)
	if err != nil {
		t.Fatal(err)
	}
	if config.Digest != started.ConfigDigest || len(config.Signers) != started.N || len(config.Transmitters) != started.N {
		t.Fatalf("the contract has config %s with %d signers and %d transmitters, want %s with %d", config.Digest, len(config.Signers), len(config.Transmitters), started.ConfigDigest, started.N)
	}
	for i, o := range started.Oracles {
		if !bytes.Equal(config.Signers[i], o.Signer) || config.Transmitters[i] != o.Transmitter.Hex() {
			t.Errorf("oracle %d signs with %x and transmits as %s, want %s and %s", i, config.Signers[i], config.Transmitters[i], o.Signer, o.Transmitter)
		}
	}
	if started.Protocol == oracle.OCR3 {
		other := map[oracle.Verifier]oracle.Verifier{oracle.ECDSA: oracle.BLS, oracle.BLS: oracle.ECDSA}[started.Verifier]
		if _, err := oracle.ReadConfig(t.Context(), oracle.Kind{Protocol: oracle.OCR3, Verifier: other}, place); err == nil || !strings.Contains(err.Error(), "verifies reports by "+string(started.Verifier)) {
			t.Errorf("read as one of %s: %v", other, err)
		}
	}
	place.Contract = common.Address{19: 1}
	if _, err := oracle.ReadConfig(t.Context(), started.Kind, place); err == nil {
		t.Error("there is a config where there is no contract")
	}
}

func TestDevnetHTTPFeedWithFaults(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch requests.Add(1) % 5 {
		case 0:
			w.WriteHeader(http.StatusInternalServerError)
		default:
			_, _ = w.Write([]byte(`{"data":[{"price":"1234.5"}]}`))
		}
	}))
	defer server.Close()
	out, _ := runDevnet(t, 0, "--feed", server.URL, "--feed-path", "data.0.price", "--rounds", "4")
	out.check(t, 4)
	if out.summary.FeedFailures == 0 {
		t.Error("no observation failed, though one request in five did")
	}
}

func TestDevnetRefuses(t *testing.T) {
	t.Parallel()
	garbage := filepath.Join(t.TempDir(), "garbage.csv")
	if err := os.WriteFile(garbage, []byte("date,close\n2020-01-01,17\n2020-01-02,seventeen\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"too many traitors": {[]string{"--faulty", "2"}, exitUsage, "at most 1"},
		"too few oracles":   {[]string{"--oracles", "3"}, exitUsage, "4 to 31"},
		"no rounds":         {[]string{"--rounds", "0"}, exitUsage, "at least 1"},
		"protocol":          {[]string{"--protocol", "ocr4"}, exitUsage, `protocol: "ocr4" is none of`},
		"verifier":          {[]string{"--protocol", "ocr3", "--verifier", "rsa"}, exitUsage, `verifier: "rsa" is none of ecdsa, bls`},
		"verifier of OCR2":  {[]string{"--verifier", "bls"}, exitUsage, "no choice"},
		"unknown flag":      {[]string{"--colour"}, exitUsage, "colour"},
		"argument":          {[]string{"now"}, exitUsage, `"now"`},
		"garbage in CSV":    {[]string{"--feed", garbage}, exitFailure, "line 3"},
		"no such file":      {[]string{"--feed", garbage + "x"}, exitFailure, "no such file"},
		"dead RPC":          {[]string{"--chain", "http://127.0.0.1:1"}, exitFailure, "127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, stderr := runDevnet(t, c.code, c.args...)
			if !strings.Contains(stderr, c.want) {
				t.Errorf("standard error is %q, want %q in it", stderr, c.want)
			}
		})
	}
}

func TestDevnetWithoutFeedMakesNoReport(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1) == 12 { // three rounds of four oracles
			cancel()
		}
		w.WriteHeader(http.StatusInternalServerError)
	}))
	defer server.Close()
	var stdout, stderr bytes.Buffer
	code := run(ctx, []string{"ocrnode", "devnet", "--json", "--feed", server.URL, "--rounds", "1"}, &stdout, &stderr)
	if code != exitInterrupted {
		t.Fatalf("exit code %d, want %d: %s", code, exitInterrupted, stderr.String())
	}
	lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
	var summary devnet.Summary
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &summary); err != nil || summary.Type != "summary" {
		t.Fatalf("the last line is %s (%v), want the summary", lines[len(lines)-1], err)
	}
	if summary.Reports != 0 || summary.FeedFailures == 0 {
		t.Errorf("summary %+v, want no report and failed observations", summary)
	}
}

func TestDevnetGivesUp(t *testing.T) {
	t.Parallel()
	if _, stderr := runDevnet(t, exitFailure, "--rounds", "1000000", "--timeout", "10ms"); !strings.Contains(stderr, "deadline") && !strings.Contains(stderr, devnet.ErrTimeout.Error()) {
		t.Errorf("standard error is %q", stderr)
	}
}

func TestDevnetIsInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var stderr bytes.Buffer
	code := run(ctx, []string{"ocrnode", "devnet", "--json", "--rounds", "1000000"}, cancelOn{cancel, `"type":"report"`}, &stderr)
	if code != exitInterrupted {
		t.Errorf("exit code %d, want %d; standard error %q", code, exitInterrupted, stderr.String())
	}
}

// cancelOn cancels as soon as a text is written.
type cancelOn struct {
	cancel context.CancelFunc
	text   string
}

func (c cancelOn) Write(b []byte) (int, error) {
	if strings.Contains(string(b), c.text) {
		c.cancel()
	}
	return len(b), nil
}

func TestDevnetForPeople(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"ocrnode", "devnet", "--rounds", "2", "--oracles", "7", "--faulty", "2"}, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	for _, want := range []string{"protocol    ocr2", "aggregator  0x", "config      0001", "hostile: ", "2000-01-03", "2 of 2 reports on chain"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("no %q in\n%s", want, stdout.String())
		}
	}
	if strings.Contains(stdout.String(), "\x1b") {
		t.Error("control characters in output that is no terminal")
	}
}
