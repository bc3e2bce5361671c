// Package processes runs real programs: for each protocol a bootstrapper and four oracles, each a process of its own, over TCP, on a
// real node.
package processes

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/ethclient"

	"github.com/ocrkit/ocrkit/cmd/ocrnode/devnet"
	"github.com/ocrkit/ocrkit/cmd/ocrnode/node"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/test/e2e"
)

const (
	oracles  = 4
	patience = 90 * time.Second // until something that must happen has happened
	password = "correct horse"
	chainID  = "1337" // for which OCR1 knows no least durations: on other chains they are those of the real ones
)

// shop is what all networks under test share: our programs and a chain.
type shop struct {
	bin    string
	anvil  *e2e.Anvil
	client *ethclient.Client
}

// site is a network under test.
type site struct {
	*shop
	protocol *protocol
	t        *testing.T
	dir      string
	cut      *partition
	source   *httptest.Server
	contract common.Address
	nodes    []*process // the oracles by id, then the bootstrapper
	// more are jobs of node i beside that of the network; nil where there are none.
	more func(i int) string
}

// process is one node.
type process struct {
	s       *site
	name    string
	command string // run or bootstrap
	public  keys.Public
	listen  string
	http    string

	cmd  *exec.Cmd
	done chan error
	log  *tailLog
}

// tailLog keeps what a process logs, for when the test fails.
type tailLog struct {
	mu    sync.Mutex
	lines []string
}

func (l *tailLog) follow(r *bufio.Scanner) {
	for r.Scan() {
		l.mu.Lock()
		if l.lines = append(l.lines, r.Text()); len(l.lines) > 400 {
			l.lines = l.lines[200:]
		}
		l.mu.Unlock()
	}
}

func (l *tailLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

func newShop(t *testing.T) *shop {
	s := &shop{bin: t.TempDir(), anvil: e2e.StartAnvil(t, "--block-time", "1", "--chain-id", chainID)}
	build := exec.Command("go", "build", "-o", s.bin, "./cmd/ocrnode", "./cmd/ocrdeploy")
	build.Dir = e2e.Root(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	var err error
	if s.client, err = ethclient.Dial(s.anvil.WS); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.client.Close)
	return s
}

func newSite(t *testing.T, shared *shop, p *protocol) *site {
	s := &site{shop: shared, protocol: p, t: t, dir: t.TempDir(), cut: newPartition(t)}
	started := time.Now()
	s.source = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		// The price moves, so that there is always something to report.
		fmt.Fprintf(w, `{"data": {"price": "%d.25"}}`, 2000+int(time.Since(started).Seconds()))
	}))
	t.Cleanup(s.source.Close)
	if err := os.WriteFile(s.path("password"), []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	var keyFiles []string
	for i := range oracles + 1 {
		p := &process{s: s, name: fmt.Sprintf("oracle-%d", i), command: "run"}
		if i == oracles {
			p.name, p.command = "bootstrapper", "bootstrap"
		}
		file := s.path("keys/" + p.name + ".json")
		out := s.tool("ocrnode", slices.Concat([]string{"keys", "new"}, s.protocol.keys, []string{"--light", "--password-file", s.path("password"), file})...)
		if err := json.Unmarshal([]byte(out), &p.public); err != nil {
			t.Fatalf("keys new: %v\n%s", err, out)
		}
		p.listen, p.http = freeAddress(t), freeAddress(t)
		s.nodes = append(s.nodes, p)
		if i < oracles {
			keyFiles = append(keyFiles, file)
			e2e.Output(t, "cast", "rpc", "--rpc-url", s.anvil.URL, "anvil_setBalance", p.public.TransmitAccount.String(), "0xde0b6b3a7640000")
		}
	}
	s.tool("ocrdeploy", "keys", "dealer", "--light", "--password-file", s.path("password"), s.path("dealer.json"))
	owner := strings.TrimSpace(s.tool("ocrdeploy", "keys", "account", "--light", "--password-file", s.path("password"), s.path("owner.json")))
	e2e.Output(t, "cast", "rpc", "--rpc-url", s.anvil.URL, "anvil_setBalance", owner, "0xde0b6b3a7640000")
	network := s.tool("ocrdeploy", slices.Concat([]string{"template", "--chain-id", chainID}, s.protocol.template, keyFiles)...)
	if err := os.WriteFile(s.path("network.yaml"), []byte(network), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, change := range s.protocol.edits {
		s.edit(change[0], change[1])
	}
	return s
}

// job is what the file of node i has of this network.
func (s *site) job(i int, name string) string {
	job := fmt.Sprintf("  - name: %s\n    contract: %q\n%s", name, s.contract, s.protocol.job)
	if i < oracles {
		job += fmt.Sprintf("    source: {url: %q, path: data.price}\n%s", s.source.URL, s.protocol.oracleJob)
	}
	return job
}

// start writes the node files and starts all processes.
func (s *site) start() {
	boot := s.nodes[oracles]
	locator := boot.public.PeerID.String() + "@" + s.cut.door(boot.public.PeerID, boot.listen)
	for i, p := range s.nodes {
		announce := s.cut.door(p.public.PeerID, p.listen)
		job := s.job(i, "eth-usd")
		if s.more != nil {
			job += s.more(i)
		}
		file := fmt.Sprintf(`version: 1
name: %s
keys: {file: keys/%s.json, passwordFile: password}
database: data/%s
network:
  listen: [%q]
  announce: [%q]
  bootstrappers: [%q]
  deltaReconcile: 1s
  deltaDial: 500ms
http: {listen: %q}
log: {level: debug}
chain: {rpc: %q, id: %s, confirmations: 1, pollInterval: 1s, receiptInterval: 200ms, development: true}
jobs:
%s`, p.name, p.name, p.name, p.listen, announce, locator, p.http, s.anvil.WS, chainID, job)
		if err := os.WriteFile(s.path(p.name+".yaml"), []byte(file), 0o600); err != nil {
			s.t.Fatal(err)
		}
		args := []string{"config", "check", "-c", s.path(p.name + ".yaml"), "--online"}
		if i == oracles {
			args = append(args, "--bootstrap")
		}
		s.tool("ocrnode", args...)
		p.run()
	}
	s.t.Cleanup(func() {
		for _, p := range s.nodes {
			if p.cmd != nil {
				p.kill()
			}
			if s.t.Failed() {
				s.t.Logf("log of %s:\n%s", p.name, p.log)
			}
		}
	})
}

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

// tool runs one of our programs to its end, and returns what it prints.
func (s *site) tool(name string, args ...string) string {
	s.t.Helper()
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Env = append(os.Environ(), "OCRDEPLOY_PASSWORD="+password)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		s.t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out.String(), errOut.String())
	}
	return out.String()
}

// edit replaces text in the network file.
func (s *site) edit(old, new string) {
	s.t.Helper()
	content, err := os.ReadFile(s.path("network.yaml"))
	if err != nil {
		s.t.Fatal(err)
	}
	if !bytes.Contains(content, []byte(old)) {
		s.t.Fatalf("the network file has no %q", old)
	}
	if err := os.WriteFile(s.path("network.yaml"), bytes.Replace(content, []byte(old), []byte(new), 1), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// apply puts the network file on chain and returns the config digest.
func (s *site) apply() common.Hash {
	s.t.Helper()
	out := s.tool("ocrdeploy", "apply", "--network", s.path("network.yaml"), "--rpc", s.anvil.URL, "--key", s.path("owner.json"),
		"--password-file", s.path("password"), "--poll", "100ms", "--json")
	var applied struct {
		Contract     common.Address
		ConfigDigest string
	}
	if err := json.Unmarshal([]byte(out), &applied); err != nil {
		s.t.Fatalf("ocrdeploy apply: %v\n%s", err, out)
	}
	s.contract = applied.Contract
	return common.Hash(common.RightPadBytes(common.FromHex(applied.ConfigDigest), common.HashLength))
}

// fund gives the contract LINK to pay oracles with.
func (s *site) fund() {
	s.t.Helper()
	link := e2e.Output(s.t, "cast", "call", "--rpc-url", s.anvil.URL, s.contract.Hex(), "getLinkToken()(address)")
	e2e.Output(s.t, "cast", "send", "--rpc-url", s.anvil.URL, "--keystore", s.path("owner.json"), "--password", password,
		link, "transfer(address,uint256)", s.contract.Hex(), "1000000000000000000000")
}

// waitFor waits for a condition.
func (s *site) waitFor(what string, happened func() bool) {
	s.t.Helper()
	deadline := time.After(patience)
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	began := time.Now()
	for !happened() {
		for _, p := range s.nodes {
			if p.cmd == nil {
				continue
			}
			select {
			case err := <-p.done:
				p.cmd = nil
				s.t.Fatalf("%s ended by itself: %v", p.name, err)
			default:
			}
		}
		select {
		case <-deadline:
			s.t.Fatalf("after %s this is not so: %s", patience, what)
		case <-ticker.C:
		}
	}
	s.t.Logf("%s (%.1f s)", what, time.Since(began).Seconds())
}

// reports are those that landed under a config from a block on.
func (s *site) reports(digest common.Hash, from uint64) (found []report) {
	s.t.Helper()
	if s.nextBlock() <= from {
		return nil // there is no such block yet
	}
	logs, err := s.client.FilterLogs(context.Background(), ethereum.FilterQuery{
		FromBlock: new(big.Int).SetUint64(from), Addresses: []common.Address{s.contract}, Topics: [][]common.Hash{{s.protocol.transmission}},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	for i := range logs {
		r, err := s.protocol.decode(&logs[i])
		if err != nil {
			s.t.Fatal(err)
		}
		if r.digest == digest {
			found = append(found, r)
		}
	}
	return found
}

// waitReports waits until that many more reports have landed, of which each satisfies ok. Their answers are those of the source.
func (s *site) waitReports(what string, digest common.Hash, count int, ok func(report) bool) {
	s.t.Helper()
	from := s.nextBlock()
	s.waitFor(what, func() bool {
		good := 0
		for _, event := range s.reports(digest, from) {
			if event.answer.Cmp(big.NewInt(2000_00000000)) < 0 || event.answer.Cmp(big.NewInt(3000_00000000)) > 0 {
				s.t.Fatalf("the answer %s is none of the source", event.answer)
			}
			if ok == nil || ok(event) {
				good++
			}
		}
		return good >= count
	})
}

func (s *site) nextBlock() uint64 {
	s.t.Helper()
	head, err := s.client.BlockNumber(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	return head + 1
}

// observedBy waits for a report that an observation of that oracle is part of, or, where reports do not tell, until the oracle knows
// of an observation of its own that leaders made use of.
func (s *site) observedBy(digest common.Hash, p *process) {
	s.t.Helper()
	id := byte(s.index(p))
	from := s.nextBlock()
	_, before := p.progress()
	s.waitFor(p.name+" takes part again", func() bool {
		found := s.reports(digest, from)
		for _, event := range found {
			if bytes.IndexByte(event.observers, id) >= 0 {
				return true
			}
		}
		_, included := p.progress()
		return len(found) > 0 && found[0].observers == nil && included > before
	})
}

// allReady waits until every node says that it is ready.
func (s *site) allReady() {
	s.t.Helper()
	for _, p := range s.nodes {
		s.waitFor(p.name+" is ready", func() bool { code, _ := p.get("/readyz"); return code == http.StatusOK })
		if code, body := p.get("/healthz"); code != http.StatusOK {
			s.t.Errorf("%s: /healthz is %d %s", p.name, code, body)
		}
	}
}

// leader waits for an oracle that leads and is in the middle of a round.
func (s *site) leader() (found *process) {
	s.t.Helper()
	s.waitFor("somebody leads a round", func() bool {
		for _, p := range s.nodes[:oracles] {
			if leads, _ := p.progress(); leads {
				found = p
				return true
			}
		}
		return false
	})
	return found
}

// metrics looks for what operators watch.
func (s *site) metrics() {
	s.t.Helper()
	for i, p := range s.nodes {
		want := []string{"ragep2p_peer_conn_established_total", "ragedisco_discovered_peers", "go_goroutines", "process_open_fds"}
		if i < oracles {
			want = append(want, "ragep2p_peer_conn_written_bytes_total")
			want = append(want, s.protocol.metrics...)
		}
		_, body := p.get("/metrics")
		for _, name := range want {
			if !strings.Contains(body, "\n"+name) {
				s.t.Errorf("%s has no metric %s", p.name, name)
			}
		}
	}
}

// stop tells all to end, and expects them to.
func (s *site) stop() {
	s.t.Helper()
	for _, p := range s.nodes {
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			s.t.Fatal(err)
		}
	}
	deadline := time.After(patience)
	for _, p := range s.nodes {
		select {
		case err := <-p.done:
			if err != nil {
				s.t.Errorf("%s: %v, want exit code 0", p.name, err)
			}
			p.cmd = nil
		case <-deadline:
			s.t.Fatalf("%s does not end", p.name)
		}
	}
}

func (s *site) index(p *process) int {
	for i, other := range s.nodes {
		if p == other {
			return i
		}
	}
	panic("no such node")
}

// run starts the process.
func (p *process) run() {
	p.s.t.Helper()
	p.cmd = exec.Command(filepath.Join(p.s.bin, "ocrnode"), p.command, "-c", p.s.path(p.name+".yaml"))
	e2e.EndWithParent(p.cmd)
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		p.s.t.Fatal(err)
	}
	if p.log == nil {
		p.log = &tailLog{}
	}
	p.done = make(chan error, 1)
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // the child ends with the thread that starts it
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			p.log.follow(bufio.NewScanner(stderr))
			p.done <- p.cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		p.s.t.Fatal(err)
	}
}

// kill ends the process at once.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
	p.cmd = nil
}

func (p *process) get(path string) (int, string) {
	response, err := http.Get("http://" + p.http + path)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(response.Body); err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, body.String()
}

func (p *process) status() (status node.Status) {
	code, body := p.get("/status")
	if code != http.StatusOK {
		return node.Status{}
	}
	if err := json.Unmarshal([]byte(body), &status); err != nil {
		p.s.t.Fatalf("status of %s: %v\n%s", p.name, err, body)
	}
	return status
}

// progress tells whether the oracle leads and is in the middle of a round, and how many of its observations leaders made use of since
// it was started: not and none if it does not run.
func (p *process) progress() (leads bool, included uint64) {
	status := p.status()
	if len(status.Jobs) != 1 {
		return false, 0
	}
	return p.s.protocol.progress(status.Jobs[0].Status)
}

// freeAddress returns an address that nobody listens at.
func freeAddress(t *testing.T) string {
	address, err := devnet.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return address
}
