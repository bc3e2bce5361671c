package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/ethclient/simulated"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/deploy"
	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
	"github.com/ocrkit/ocrkit/test/e2e"
)

var update = flag.Bool("update", false, "write the golden files anew")

// asProgram makes the test binary the program itself, for tests that kill it.
const asProgram = "OCRDEPLOY_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got:\n%swant:\n%s", name, got, want)
	}
}

// desk is a folder with keys, and a node.
type desk struct {
	t     *testing.T
	dir   string
	rpc   string
	owner string
}

// sh runs the program in this process.
func (d *desk) sh(want int, args ...string) string {
	d.t.Helper()
	var out, errOut bytes.Buffer
	code := run(context.Background(), append([]string{"ocrdeploy"}, args...), &out, &errOut)
	if code != want {
		d.t.Fatalf("ocrdeploy %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), code, want, out.String(), errOut.String())
	}
	return out.String() + errOut.String()
}

func (d *desk) path(name string) string { return filepath.Join(d.dir, name) }

// network adds the flags that every command about the network has.
func (d *desk) network(command string, args ...string) []string {
	return append([]string{command, "--network", d.path("network.yaml"), "--rpc", d.rpc}, args...)
}

func (d *desk) apply(args ...string) []string {
	return d.network("apply", append([]string{"--key", d.path("owner.json"), "--poll", "20ms"}, args...)...)
}

// edit replaces text in the network file.
func (d *desk) edit(old, new string) {
	d.t.Helper()
	content, err := os.ReadFile(d.path("network.yaml"))
	if err != nil {
		d.t.Fatal(err)
	}
	if !strings.Contains(string(content), old) {
		d.t.Fatalf("the network file has no %q", old)
	}
	if err := os.WriteFile(d.path("network.yaml"), []byte(strings.Replace(string(content), old, new, 1)), 0o644); err != nil {
		d.t.Fatal(err)
	}
}

// aggregator are the flags of a template for a feed of OCR2.
var aggregator = []string{"--payee", "0x00000000000000000000000000000000000000AA"}

// newDesk makes keys and a network file the way the documentation does.
func newDesk(t *testing.T, anvil *e2e.Anvil) *desk { return newDeskFor(t, anvil, aggregator...) }

// newDeskFor takes the flags of template.
func newDeskFor(t *testing.T, anvil *e2e.Anvil, templateFlags ...string) *desk {
	d := &desk{t: t, dir: t.TempDir(), rpc: anvil.URL}
	password := d.path("password")
	if err := os.WriteFile(password, []byte("correct horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(passwordEnv, "correct horse")
	t.Setenv("OCRDEPLOY_RPC", "")
	var files []string
	for _, name := range []string{"oracle-0", "oracle-1", "oracle-2", "oracle-3"} {
		files = append(files, filepath.Join(d.dir, "keys", name+".json"))
	}
	flags := []string{"keys", "oracle", "--light", "--password-file", password}
	if slices.Contains(templateFlags, "bls") {
		flags = append(flags, "--bls")
	}
	d.sh(exitOK, append(flags, files...)...)
	d.sh(exitOK, "keys", "dealer", "--light", d.path("dealer.json"))
	d.owner = strings.TrimSpace(d.sh(exitOK, "keys", "account", "--light", d.path("owner.json")))
	text := d.sh(exitOK, slices.Concat([]string{"template"}, templateFlags, files)...)
	if err := os.WriteFile(d.path("network.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	e2e.Output(t, "cast", "rpc", "--rpc-url", anvil.URL, "anvil_setBalance", d.owner, "0xde0b6b3a7640000")
	return d
}

// transactions counts what the owner has on chain.
func (d *desk) transactions(anvil *e2e.Anvil) string {
	d.t.Helper()
	return e2e.Output(d.t, "cast", "nonce", "--rpc-url", anvil.URL, d.owner)
}

// deployment is how many transactions the network file of the template takes, feedDeployment that of a feed of OCR3.
const (
	deployment     = "7"
	feedDeployment = "2"
)

// deploy plans and applies what is not on chain, in so many transactions: what happens is what the plan said.
func (d *desk) deploy(anvil *e2e.Anvil, transactions string) applyView {
	t := d.t
	t.Helper()
	var planned planView
	if err := json.Unmarshal([]byte(d.sh(exitDiffers, d.network("plan", "--key", d.path("owner.json"), "--json")...)), &planned); err != nil {
		t.Fatal(err)
	}
	var applied applyView
	if err := json.Unmarshal([]byte(d.sh(exitOK, d.apply("--json")...)), &applied); err != nil {
		t.Fatal(err)
	}
	if applied.ConfigDigest != planned.NewDigest || applied.Contract != *planned.Contract || applied.ConfigCount != 1 {
		t.Errorf("planned %s at %s, applied %+v", planned.NewDigest, planned.Contract, applied)
	}
	for i, tx := range applied.Transactions {
		if estimate := planned.Steps[i].Gas; estimate < tx.GasUsed*95/100 || estimate > tx.GasUsed*105/100 {
			t.Errorf("%s used %d gas, the plan said %d", tx.Step, tx.GasUsed, estimate)
		}
	}
	if got := d.transactions(anvil); got != transactions {
		t.Errorf("%s transactions on chain, want %s", got, transactions)
	}
	return applied
}

// status returns what the command says of a contract.
func (d *desk) status(contract common.Address, rpc string) statusView {
	d.t.Helper()
	var shown statusView
	if err := json.Unmarshal([]byte(d.sh(exitOK, "status", "--contract", contract.Hex(), "--rpc", rpc, "--json")), &shown); err != nil {
		d.t.Fatal(err)
	}
	return shown
}

func TestWholeFlow(t *testing.T) {
	anvil := e2e.StartAnvil(t)
	d := newDesk(t, anvil)

	applied := d.deploy(anvil, deployment)
	address := applied.Contract.Hex()
	if got := e2e.Output(t, "cast", "call", "--rpc-url", anvil.URL, address, "latestConfigDetails()(uint32,uint32,bytes32)"); !strings.Contains(got, applied.ConfigDigest) {
		t.Errorf("cast reads %s, want digest %s", got, applied.ConfigDigest)
	}
	d.sh(exitOK, d.network("verify")...)
	if out := d.sh(exitOK, d.network("verify", "--public", "--password-file", d.path("none"))...); !strings.Contains(out, "the dealer's seed is not at hand") {
		t.Errorf("verify --public: %s", out)
	}
	if out := d.sh(exitOK, d.apply()...); !strings.Contains(out, "nothing to do") {
		t.Errorf("a second apply: %s", out)
	}

	d.edit("deltaRound: 5s", "deltaRound: 4s")
	if out := d.sh(exitDiffers, d.network("verify")...); !strings.Contains(out, "config.deltaRound  5s -> 4s") {
		t.Errorf("verify: %s", out)
	}
	if out := d.sh(exitDiffers, d.network("plan")...); !strings.Contains(out, "~ config.deltaRound  5s -> 4s") {
		t.Errorf("plan: %s", out)
	}
	batch := d.path("batch.json")
	d.sh(exitOK, d.network("apply", "--safe-batch", batch)...)
	d.sh(exitOK, d.network("apply", "--calldata")...)
	if content, err := os.ReadFile(batch); err != nil || !strings.Contains(string(content), `"data": "0xe3d0e712`) {
		t.Errorf("the batch: %s, %v", content, err)
	}
	if got := d.transactions(anvil); got != deployment {
		t.Errorf("a batch sent something: %s transactions", got)
	}
	d.sh(exitOK, d.apply()...)
	d.sh(exitOK, d.network("verify", "--json")...)

	shown := d.status(applied.Contract, anvil.WS)
	if shown.ConfigCount != 2 || len(shown.Oracles) != 4 || shown.Answer != "0" || shown.Oracles[1].Payee != "0x00000000000000000000000000000000000000AA" {
		t.Errorf("status: %+v", shown)
	}
	d.sh(exitOK, d.network("status")...)
	if out := d.sh(exitOK, "decode", "--contract", address, "--rpc", anvil.URL); !strings.Contains(out, "config.deltaRound") {
		t.Errorf("decode: %s", out)
	}
	calldata := d.sh(exitOK, "decode", "0x9c849b300000000000000000000000000000000000000000000000000000000000000040000000000000000000000000000000000000000000000000000000000000006000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000")
	if !strings.Contains(calldata, "setPayees") {
		t.Errorf("decode: %s", calldata)
	}
}

// TestFeedFlow does the same with feeds of OCR3.
func TestFeedFlow(t *testing.T) {
	anvil := e2e.StartAnvil(t)
	for _, verifier := range []string{"ecdsa", "bls"} {
		t.Run(verifier, func(t *testing.T) {
			d := newDeskFor(t, anvil, "--protocol", "ocr3", "--verifier", verifier)
			applied := d.deploy(anvil, feedDeployment)
			if applied.Link != nil {
				t.Errorf("a token: %s", applied.Link)
			}
			address := applied.Contract.Hex()
			if got := e2e.Output(t, "cast", "call", "--rpc-url", anvil.URL, address, "attestationScheme()(string)"); !strings.Contains(got, verifier) {
				t.Errorf("the contract is for %s", got)
			}
			d.sh(exitOK, d.network("verify")...)
			if out := d.sh(exitOK, d.apply()...); !strings.Contains(out, "nothing to do") {
				t.Errorf("a second apply: %s", out)
			}

			d.edit("deltaCertifiedCommitRequest: 2s", "deltaCertifiedCommitRequest: 1s")
			const change = "config.deltaCertifiedCommitRequest  2s -> 1s"
			if out := d.sh(exitDiffers, d.network("verify", "--public")...); !strings.Contains(out, change) {
				t.Errorf("verify: %s", out)
			}
			if out := d.sh(exitDiffers, d.network("plan")...); !strings.Contains(out, change) {
				t.Errorf("plan: %s", out)
			}
			var batch struct {
				Transactions []struct{ Data string }
			}
			d.sh(exitOK, d.network("apply", "--safe-batch", d.path("batch.json"))...)
			content, err := os.ReadFile(d.path("batch.json"))
			if err != nil || json.Unmarshal(content, &batch) != nil || len(batch.Transactions) != 1 || !strings.Contains(string(content), "OCR3 network ETH / USD") {
				t.Fatalf("the batch: %s, %v", content, err)
			}
			if out := d.sh(exitOK, "decode", batch.Transactions[0].Data); !strings.Contains(out, "calldata of setConfig") || !strings.Contains(out, "config.deltaCertifiedCommitRequest              1s") {
				t.Errorf("the call in the batch: %s", out)
			}
			d.sh(exitOK, d.apply()...)
			d.sh(exitOK, d.network("verify", "--json")...)

			shown := d.status(applied.Contract, anvil.WS)
			if shown.ConfigCount != 2 || len(shown.Oracles) != 4 || shown.SeqNr == nil || shown.Epoch != nil || shown.LinkOwed != nil || shown.Oracles[1].Payee != "" {
				t.Errorf("status: %+v", shown)
			}
			if out := d.sh(exitOK, d.network("status")...); !strings.Contains(out, "latest report seqNr 0") || strings.Contains(out, "LINK") {
				t.Errorf("status: %s", out)
			}
			if out := d.sh(exitOK, "decode", "--contract", address, "--rpc", anvil.URL); !strings.Contains(out, "OCR3") || !strings.Contains(out, "config.deltaInitial") {
				t.Errorf("decode: %s", out)
			}
		})
	}
}

// middle passes requests on to a node, and has a say in transactions.
type middle struct {
	*httptest.Server
	mu   sync.Mutex
	sent int
	// onSend is called with the number of the transaction, counted from 1; forward tells whether it came before or after.
	before, after func(n int) (drop bool)
}

func newMiddle(t *testing.T, target string) *middle {
	node, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	m := &middle{}
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		isSend := bytes.Contains(body, []byte(`"eth_sendRawTransaction"`))
		n := 0
		if isSend {
			m.mu.Lock()
			m.sent++
			n = m.sent
			m.mu.Unlock()
			if m.before != nil && m.before(n) {
				return
			}
		}
		response, err := http.Post(node.String(), "application/json", bytes.NewReader(body))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer response.Body.Close()
		answer, err := io.ReadAll(response.Body)
		if err != nil || isSend && m.after != nil && m.after(n) {
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	}))
	t.Cleanup(m.Close)
	return m
}

// TestKilled kills the program for real, with a signal that it cannot see, while it sends the transaction number at. Then it is
// run again, and every transaction is on chain once.
func TestKilled(t *testing.T) {
	for name, c := range map[string]struct {
		at           int
		template     []string
		transactions string
	}{
		"deploying":          {4, aggregator, deployment},
		"configuring":        {7, aggregator, deployment},
		"configuring a feed": {2, []string{"--protocol", "ocr3"}, feedDeployment},
	} {
		for _, moment := range []string{"before the node has it", "after the node has it"} {
			t.Run(name+" "+moment, func(t *testing.T) {
				anvil := e2e.StartAnvil(t)
				d := newDeskFor(t, anvil, c.template...)
				node := newMiddle(t, anvil.URL)
				program := exec.Command(os.Args[0], append([]string{"apply", "--network", d.path("network.yaml"), "--rpc", node.URL}, "--key", d.path("owner.json"), "--poll", "20ms")...)
				program.Env = append(os.Environ(), asProgram+"=1")
				kill := func(n int) bool {
					if n == c.at {
						_ = program.Process.Kill()
					}
					return n == c.at
				}
				if strings.HasPrefix(moment, "before") {
					node.before = kill
				} else {
					node.after = kill
				}
				out, err := program.CombinedOutput()
				if err == nil || program.ProcessState.Exited() {
					t.Fatalf("it was not killed: %v\n%s", err, out)
				}
				journal, err := os.ReadFile(d.path("network.yaml.journal"))
				if err != nil || !json.Valid(journal) {
					t.Fatalf("the journal: %v\n%s", err, journal)
				}
				d.sh(exitOK, d.apply()...)
				if got := d.transactions(anvil); got != c.transactions {
					t.Errorf("%s transactions on chain, want %s", got, c.transactions)
				}
				d.sh(exitOK, d.network("verify")...)
				if _, err := os.Stat(d.path("network.yaml.journal")); !os.IsNotExist(err) {
					t.Errorf("the journal is still there: %v", err)
				}
			})
		}
	}
}

// TestNotMined lets the node keep a transaction waiting.
func TestNotMined(t *testing.T) {
	anvil := e2e.StartAnvil(t, "--no-mining")
	d := newDesk(t, anvil)
	d.sh(exitNotMined, d.apply("--timeout", "100ms")...)
	if out := d.sh(exitNotMined, d.apply("--timeout", "100ms")...); !strings.Contains(out, "of an earlier run") {
		t.Errorf("the second run: %s", out)
	}
	e2e.Output(t, "cast", "rpc", "--rpc-url", anvil.URL, "evm_setAutomine", "true")
	e2e.Output(t, "cast", "rpc", "--rpc-url", anvil.URL, "anvil_mine")
	d.sh(exitOK, d.apply()...)
	if got := d.transactions(anvil); got != deployment {
		t.Errorf("%s transactions on chain, want %s", got, deployment)
	}
}

func TestBadInput(t *testing.T) {
	anvil := e2e.StartAnvil(t)
	d := newDesk(t, anvil)
	dead := httptest.NewServer(http.NotFoundHandler())
	deadURL := dead.URL
	dead.Close()
	garbage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }))
	defer garbage.Close()
	wrong := d.path("wrong-password")
	if err := os.WriteFile(wrong, []byte("wrong"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := d.path("broken.yaml")
	if err := os.WriteFile(broken, []byte("version: 1\nchain:\n  id: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := d.path("network.yaml")
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		code int
		args []string
		says string
	}{
		{"dead node", exitError, []string{"plan", "-n", file, "--rpc", deadURL}, "is a node running there?"},
		{"no node", exitError, []string{"plan", "-n", file, "--rpc", garbage.URL}, "is a node running there?"},
		{"wrong password", exitError, d.network("plan", "--password-file", wrong), "wrong password"},
		{"no such seed", exitError, d.network("plan", "--seed", d.path("none")), "no such file"},
		{"broken file", exitError, []string{"plan", "-n", broken}, "line 3: chain.id"},
		{"no file", exitError, []string{"plan", "-n", d.path("none.yaml")}, "no such file"},
		{"not deployed", exitError, d.network("verify"), "run apply first"},
		{"not deployed", exitError, d.network("status"), "run apply first"},
		{"no contract", exitError, []string{"status", "--contract", "0x00000000000000000000000000000000000000AA", "--rpc", anvil.URL}, "no code"},
		{"no contract to decode", exitError, []string{"decode", "--contract", "0x00000000000000000000000000000000000000AA", "--rpc", anvil.URL}, "no contract at this address"},
		{"mistyped address", exitUsage, []string{"status", "--contract", "0x00000000000000000000000000000000000000Aa1", "--rpc", anvil.URL}, "40 hexadecimal digits"},
		{"unknown command", exitUsage, []string{"destroy"}, "not a command"},
		{"unknown flag", exitUsage, []string{"plan", "--fast"}, "flag provided but not defined"},
		{"argument", exitUsage, []string{"plan", "network.yaml"}, "takes no arguments"},
		{"no key", exitUsage, d.network("apply"), "--key"},
		{"existing key", exitError, []string{"keys", "account", d.path("owner.json")}, "never overwritten"},
		{"not hexadecimal", exitUsage, []string{"decode", "0xzz"}, "not hexadecimal"},
		{"unknown bytes", exitError, []string{"decode", "0x1234567890"}, "cannot decode"},
		{"unknown protocol", exitUsage, []string{"template", "--protocol", "ocr9"}, "there are ocr2, ocr3"},
		{"unknown verifier", exitUsage, []string{"template", "--protocol", "ocr3", "--verifier", "rsa"}, "ocr3 has ecdsa, bls"},
		{"verifier of ocr2", exitUsage, []string{"template", "--verifier", "bls"}, "ocr2 has no choice"},
		{"payee of a feed that pays nobody", exitUsage, []string{"template", "--protocol", "ocr3", "--payee", d.owner}, "pays nobody"},
		{"no BLS key", exitError, []string{"template", "--protocol", "ocr3", "--verifier", "bls", d.path("keys/oracle-0.json")}, "ocrdeploy keys oracle --bls"},
		{"multisig without contract", exitError, d.network("apply", "--calldata"), "deploy it from an ordinary account"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &desk{t: t}
			if out := d.sh(c.code, c.args...); !strings.Contains(out, c.says) {
				t.Errorf("it says %q, want %q", out, c.says)
			}
		})
	}
	t.Run("key in the URL", func(t *testing.T) {
		d := &desk{t: t}
		if out := d.sh(exitError, "plan", "-n", file, "--rpc", deadURL+"/v3/topsecret"); strings.Contains(out, "topsecret") {
			t.Errorf("it says %q", out)
		}
	})
	t.Run("wrong chain", func(t *testing.T) {
		other := e2e.StartAnvil(t, "--chain-id", "999")
		d := &desk{t: t}
		if out := d.sh(exitError, "plan", "-n", file, "--rpc", other.URL); !strings.Contains(out, "wrong chain") {
			t.Errorf("it says %q", out)
		}
	})
	t.Run("no funds", func(t *testing.T) {
		e2e.Output(t, "cast", "rpc", "--rpc-url", anvil.URL, "anvil_setBalance", d.owner, "0x1")
		if out := d.sh(exitRefused, d.apply()...); !strings.Contains(out, "insufficient funds") {
			t.Errorf("it says %q", out)
		}
		if out := d.sh(exitRefused, d.apply("--json")...); !json.Valid([]byte(out)) || !strings.Contains(out, `"exitCode":4`) {
			t.Errorf("as JSON it says %q", out)
		}
	})
	after, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the network file changed (%v)", err)
	}
	if got := d.transactions(anvil); got != "0" {
		t.Errorf("%s transactions were sent", got)
	}
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".new-") || strings.HasSuffix(entry.Name(), ".journal") {
			t.Errorf("%s was left behind", entry.Name())
		}
	}
}

// TestNoSecretShows looks for what must not be shown in everything that is written.
func TestNoSecretShows(t *testing.T) {
	anvil := e2e.StartAnvil(t)
	d := newDesk(t, anvil)
	var all strings.Builder
	all.WriteString(d.sh(exitDiffers, d.network("plan", "--key", d.path("owner.json"), "--json")...))
	all.WriteString(d.sh(exitOK, d.apply("--json")...))
	all.WriteString(d.sh(exitOK, d.network("verify", "--json")...))
	if strings.Contains(all.String(), "correct horse") {
		t.Error("the password shows")
	}
	for _, name := range []string{"owner.json", "dealer.json", "keys/oracle-0.json"} {
		info, err := os.Stat(d.path(name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", name, info.Mode().Perm())
		}
	}
}

// TestOutput compares what people see with golden files, on a chain whose every value is known.
func TestOutput(t *testing.T) {
	for file, name := range map[string]string{"network.yaml": "plan.golden", "ocr3-ecdsa.yaml": "plan-ocr3-ecdsa.golden", "ocr3-bls.yaml": "plan-ocr3-bls.golden"} {
		network, _, err := netfile.Load("netfile/testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, planOf(t, network))
	}
	d := &desk{t: t}
	golden(t, "help.golden", d.sh(exitOK, "--help"))
	for _, command := range []string{"keys", "template", "plan", "apply", "verify", "status", "decode", "migrate"} {
		if out := d.sh(exitOK, command, "--help"); !strings.Contains(out, "USAGE:") {
			t.Errorf("%s --help: %s", command, out)
		}
	}
}

// planOf returns what people see of the plan of a network that does not exist, but for the money of one transmitter.
func planOf(t *testing.T, network *netfile.Network) string {
	owner := common.HexToAddress("0x00000000000000000000000000000000000000ee")
	alloc := ethtypes.GenesisAlloc{owner: {Balance: big.NewInt(1e18)}}
	for _, oracle := range network.Oracles[1:] {
		alloc[common.Address(oracle.Public.TransmitAccount)] = ethtypes.Account{Balance: big.NewInt(1e18)}
	}
	backend := simulated.NewBackend(alloc)
	defer func() { _ = backend.Close() }()
	plan, err := deploy.NewPlan(context.Background(), backend.Client(), network, deploy.Options{Seed: bytes.Repeat([]byte{1}, 32), From: owner})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	printPlan(&b, plan, false)
	return b.String()
}

// TestTemplate checks that what template writes without keys is refused for the missing oracles only.
func TestTemplate(t *testing.T) {
	d := &desk{t: t}
	for _, flags := range [][]string{nil, {"--protocol", "ocr1"}, {"--protocol", "ocr3"}, {"--protocol", "ocr3", "--verifier", "bls"}} {
		_, err := netfile.Parse([]byte(d.sh(exitOK, append([]string{"template"}, flags...)...)))
		problems, ok := err.(*netfile.Error)
		if !ok || len(problems.Problems) != 1 || !strings.Contains(err.Error(), "there are 0") {
			t.Errorf("%q: got %v", flags, err)
		}
	}
	for _, template := range templates {
		if !slices.Contains(strings.Split(template.text, "\n"), "version: 1") {
			t.Errorf("the template of %s has no version", template.kind)
		}
	}
}
