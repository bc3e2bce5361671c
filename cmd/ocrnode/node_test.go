package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/cmd/ocrnode/node"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/runtime"
	"github.com/ocrkit/ocrkit/test/e2e"
)

func TestDevnetOverTCP(t *testing.T) {
	t.Parallel()
	out, _ := runDevnet(t, 0, "--rounds", "3", "--transport", "tcp", "--oracles", "4", "--faulty", "1", "--seed", "3")
	out.check(t, 3)
	runDevnet(t, exitUsage, "--transport", "pigeon")
}

// workbench is a folder with keys and a node file.
type workbench struct {
	t   *testing.T
	dir string
}

func newWorkbench(t *testing.T) *workbench {
	w := &workbench{t, t.TempDir()}
	w.write("password", "correct horse\n")
	return w
}

func (w *workbench) path(name string) string { return filepath.Join(w.dir, name) }

func (w *workbench) write(name, content string) {
	w.t.Helper()
	if err := os.WriteFile(w.path(name), []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// do runs a command; it fails unless the exit code is want. It returns both outputs.
func (w *workbench) do(want int, args ...string) string {
	w.t.Helper()
	var stdout, stderr bytes.Buffer
	if code := run(w.t.Context(), append([]string{"ocrnode"}, args...), &stdout, &stderr); code != want {
		w.t.Fatalf("ocrnode %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), code, want, stdout.String(), stderr.String())
	}
	return stdout.String() + stderr.String()
}

func (w *workbench) newKeys() (public keys.Public) {
	w.t.Helper()
	out := w.do(0, "keys", "new", "--bls", "--light", "--password-file", w.path("password"), w.path("keys/node.json"))
	if err := json.Unmarshal([]byte(out), &public); err != nil {
		w.t.Fatal(err)
	}
	return public
}

// nodeFile is the file of a node with jobs of all protocols, whose contracts have no config.
func nodeFile(rpc, bootstrapper string) string {
	return fmt.Sprintf(`version: 1
name: lonely
keys: {file: keys/node.json, passwordFile: password}
database: data
network:
  listen: ["127.0.0.1:0"]
  announce: ["127.0.0.1:6690"]
  bootstrappers: ["%s@127.0.0.1:6691"]
  deltaDial: 1s
http: {listen: "127.0.0.1:0"}
chain: {rpc: %q, id: 31337, development: true, pollInterval: 100ms}
jobs:
  - name: eth-usd
    contract: "0x52908400098527886E0F7030069857D2E4169EE7"
    source: {csv: prices.csv, every: 10s}
    juelsPerFeeCoin: {value: "200000000000000000000"}
  - name: btc-usd
    protocol: ocr1
    contract: "0x8617E340B3D01FA5F11F306F4090FD50E238070D"
    source: {value: "1"}
  - name: link-usd
    protocol: ocr3
    verifier: bls
    contract: "0xde709f2102306220921060314715629080e2fb77"
    source: {value: "1"}
`, bootstrapper, rpc)
}

func TestKeysAndConfigCommands(t *testing.T) {
	w := newWorkbench(t)
	public := w.newKeys()
	if shown := w.do(0, "keys", "show", w.path("keys/node.json")); !strings.Contains(shown, public.PeerID.String()) {
		t.Errorf("keys show: %s", shown)
	}
	if out := w.do(exitFailure, "keys", "new", "--light", "--password-file", w.path("password"), w.path("keys/node.json")); !strings.Contains(out, "never overwritten") {
		t.Errorf("a second time: %s", out)
	}
	w.do(exitUsage, "keys", "new", "--password-file", w.path("password"))
	if out := w.do(0, "keys", "new", "--light", "--password-file", w.path("password"), w.path("keys/plain.json")); strings.Contains(out, "blsPublicKey") {
		t.Errorf("there is a BLS key that nobody asked for: %s", out)
	}
	var plain, added keys.Public
	if err := json.Unmarshal([]byte(w.do(0, "keys", "show", w.path("keys/plain.json"))), &plain); err != nil {
		t.Fatal(err)
	}
	addBLS := []string{"keys", "add-bls", "--light", "--password-file", w.path("password")}
	if err := json.Unmarshal([]byte(w.do(0, append(addBLS, w.path("keys/plain.json"), w.path("keys/added.json"))...)), &added); err != nil {
		t.Fatal(err)
	}
	if added.BLSPublicKey.Check() != nil || added.BLSPublicKey == public.BLSPublicKey {
		t.Errorf("the BLS key that was added is %s", added.BLSPublicKey)
	}
	if plain.BLSPublicKey = added.BLSPublicKey; added != plain {
		t.Errorf("with a BLS key added, %+v became %+v", plain, added)
	}
	for want, files := range map[string][]string{
		"never overwritten": {"keys/plain.json", "keys/added.json"}, "already": {"keys/added.json", "keys/twice.json"}, "no such file": {"keys/none.json", "keys/twice.json"},
	} {
		if out := w.do(exitFailure, append(addBLS, w.path(files[0]), w.path(files[1]))...); !strings.Contains(out, want) {
			t.Errorf("adding a BLS key to %s in %s: %s", files[0], files[1], out)
		}
	}
	w.do(exitUsage, append(addBLS, w.path("keys/plain.json"))...)
	if public.BLSPublicKey.IsZero() || public.BLSPublicKey.Check() != nil {
		t.Errorf("the BLS key is %s", public.BLSPublicKey)
	}
	w.do(exitUsage, "keys", "new", "--password-file", "a", "--password-env", "b", "c")
	w.do(exitUsage, "keys", "show")

	template := w.do(0, "config", "template")
	w.write("template.yaml", template)
	w.do(0, "config", "check", "-c", w.path("template.yaml"))
	w.write("node.yaml", nodeFile("http://127.0.0.1:1", public.PeerID.String()))
	if out := w.do(0, "config", "check", "--json", "-c", w.path("node.yaml")); !strings.Contains(out, `"deltaReconcile": "1m0s"`) {
		t.Errorf("config check --json: %s", out)
	}
	if out := w.do(exitFailure, "config", "check", "-c", w.path("node.yaml"), "--bootstrap"); !strings.Contains(out, "a bootstrapper observes nothing") {
		t.Errorf("config check --bootstrap: %s", out)
	}
	if out := w.do(exitFailure, "config", "check", "-c", w.path("node.yaml"), "--online"); !strings.Contains(out, "WRONG  chain") {
		t.Errorf("config check --online: %s", out)
	}
	w.write("bad.yaml", "version: 7\n")
	if out := w.do(exitUsage, "run", "-c", w.path("bad.yaml")); !strings.Contains(out, "version: is 7") || !strings.Contains(out, "keys.file") {
		t.Errorf("run: %s", out)
	}
	w.do(exitUsage, "run")
	w.do(exitUsage, "bootstrap", "-c", w.path("bad.yaml"), "surplus")
}

// A node runs while it waits for a config, says what it waits for, and ends in order.
func TestNodeThatWaits(t *testing.T) {
	anvil := e2e.StartAnvil(t)
	w := newWorkbench(t)
	public := w.newKeys()
	w.write("prices.csv", "date,price\na,1.5\n")
	w.write("node.yaml", nodeFile(anvil.URL, public.PeerID.String()))
	config, err := node.LoadConfig(w.path("node.yaml"), node.RoleOracle)
	if err != nil {
		t.Fatal(err)
	}
	w.write("plain.yaml", strings.Replace(nodeFile(anvil.URL, public.PeerID.String()), "keys/node.json", "keys/plain.json", 1))
	w.do(0, "keys", "new", "--light", "--password-file", w.path("password"), w.path("keys/plain.json"))
	if out := w.do(exitFailure, "run", "-c", w.path("plain.yaml")); !strings.Contains(out, "job link-usd: the key file has no BLS key") {
		t.Errorf("without a BLS key: %s", out)
	}
	n, err := node.Start(context.Background(), config, node.RoleOracle, newLogger(node.Log{Level: "error", Format: "json"}, t.Output()))
	if err != nil {
		t.Fatal(err)
	}
	get := func(page string) (int, string) {
		response, err := http.Get("http://" + n.HTTPAddress() + page)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var body bytes.Buffer
		if _, err := body.ReadFrom(response.Body); err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, body.String()
	}
	deadline := time.After(30 * time.Second)
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		status := n.Status()
		if status.ChainProblem == "" && !slices.ContainsFunc(status.Jobs, func(j node.JobStatus) bool { return j.Status.Phase != runtime.PhaseNoConfig }) {
			break
		}
		select {
		case <-deadline:
			t.Fatalf("the node is still %+v", n.Status())
		case <-ticker.C:
		}
	}
	if code, body := get("/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(body, "job eth-usd: no config") {
		t.Errorf("/readyz: %d %s", code, body)
	}
	if _, body := get("/status"); !strings.Contains(body, `"protocol": "ocr1"`) || !strings.Contains(body, `"verifier": "bls"`) {
		t.Errorf("/status: %s", body)
	}
	if code, body := get("/healthz"); code != http.StatusOK {
		t.Errorf("/healthz: %d %s", code, body)
	}
	if _, body := get("/metrics"); !strings.Contains(body, "go_goroutines") {
		t.Errorf("/metrics: %s", body)
	}
	if n.PeerID() != public.PeerID.String() {
		t.Errorf("peer id %s, want %s", n.PeerID(), public.PeerID)
	}
	// The database belongs to this node.
	if _, err := node.Start(context.Background(), config, node.RoleOracle, newLogger(node.Log{}, t.Output())); err == nil || !strings.Contains(err.Error(), "database") {
		t.Errorf("a second node with the same database: %v", err)
	}
	for range 2 {
		if err := n.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	}
}

func TestNodeOfAnotherChain(t *testing.T) {
	anvil := e2e.StartAnvil(t, "--chain-id", "7")
	w := newWorkbench(t)
	public := w.newKeys()
	w.write("prices.csv", "date,price\na,1.5\n")
	w.write("node.yaml", nodeFile(anvil.URL, public.PeerID.String()))
	if out := w.do(exitFailure, "run", "-c", w.path("node.yaml")); !strings.Contains(out, "is chain 7, but chain.id is 31337") {
		t.Errorf("run: %s", out)
	}
	// What was started at that point has ended: the port and the database are free.
	if out := w.do(exitFailure, "run", "-c", w.path("node.yaml")); !strings.Contains(out, "is chain 7") {
		t.Errorf("run once more: %s", out)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	busy := strings.Replace(nodeFile(anvil.URL, public.PeerID.String()), `listen: ["127.0.0.1:0"]`, fmt.Sprintf("listen: [%q]", listener.Addr()), 1)
	w.write("busy.yaml", busy)
	if out := w.do(exitFailure, "run", "-c", w.path("busy.yaml")); !strings.Contains(out, "network: ") {
		t.Errorf("with a port in use: %s", out)
	}
	w.write("password", "wrong\n")
	if out := w.do(exitFailure, "run", "-c", w.path("node.yaml")); !strings.Contains(out, "password") {
		t.Errorf("with a wrong password: %s", out)
	}
}
