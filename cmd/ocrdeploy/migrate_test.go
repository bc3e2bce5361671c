package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/test/e2e"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/deploy"
	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// ocr1Deployment is how many transactions the network file of the template for OCR1 takes.
const ocr1Deployment = "6"

// TestMigrateFlow deploys a feed of OCR1 from the template, migrates it, and deploys and verifies the feed of OCR2 that replaces it.
func TestMigrateFlow(t *testing.T) {
	anvil := e2e.StartAnvil(t)
	d := newDeskFor(t, anvil, "--protocol", "ocr1", "--payee", "0x00000000000000000000000000000000000000AA")
	old := d.deploy(anvil, ocr1Deployment)
	d.sh(exitOK, d.network("verify")...)
	if out := d.sh(exitOK, d.network("status")...); !strings.Contains(out, "AccessControlledOffchainAggregator") {
		t.Errorf("status: %s", out)
	}
	if out := d.sh(exitOK, "decode", "--contract", old.Contract.Hex(), "--rpc", d.rpc); !strings.Contains(out, "config.alpha") {
		t.Errorf("decode: %s", out)
	}

	migrate := func(want int, out string, args ...string) string {
		t.Helper()
		return d.sh(want, append([]string{"migrate", "--contract", old.Contract.Hex(), "--rpc", d.rpc, "--out", d.path(out)}, args...)...)
	}
	// Without the operators' keys something is missing.
	if out := migrate(exitDiffers, "incomplete.yaml"); !strings.Contains(out, "missing  oracles[3].configEncryptionPublicKey") || !strings.Contains(out, "4 values are not on chain") {
		t.Errorf("migrate: %s", out)
	}
	if _, _, err := netfile.Load(d.path("incomplete.yaml")); err == nil {
		t.Error("an incomplete file is accepted")
	}

	// Two operators are here with their key files, the others sent what `keys show` prints.
	key := func(i string) string { return filepath.Join(d.dir, "keys", "oracle-"+i+".json") }
	for name, args := range map[string][]string{"two.yaml": {key("2")}, "three.json": {"--json", key("3")}} {
		if err := os.WriteFile(d.path(name), []byte(d.sh(exitOK, append([]string{"keys", "show"}, args...)...)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	given := []string{"--keys", key("0"), "--keys", d.path("two.yaml"), "--keys", d.path("three.json"), "--keys", key("1")}
	var migrated migrateView
	if err := json.Unmarshal([]byte(migrate(exitOK, "ocr2.yaml", append(given, "--seed", "dealer.json", "--json")...)), &migrated); err != nil {
		t.Fatal(err)
	}
	if migrated.From != old.Contract || migrated.Missing != 0 || len(migrated.Findings) != 0 || !slices.ContainsFunc(migrated.Notes, func(n deploy.Note) bool { return n.Kind == deploy.NoteGone && n.Field == "microLinkPerEth" }) {
		t.Errorf("migrated %+v", migrated)
	}
	network, _, err := netfile.Load(d.path("ocr2.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if network.Contract.Kind != netfile.KindAccessControlledAggregator || network.Contract.Address != (common.Address{}) || network.Oracles[1].KeyFile != "keys/oracle-1.json" || network.Oracles[2].KeyFile != "" {
		t.Errorf("network %+v", network)
	}

	// What is there stays.
	if out := migrate(exitError, "ocr2.yaml", given...); !strings.Contains(out, "exists: network files are never overwritten") {
		t.Errorf("a second time: %s", out)
	}
	for _, command := range [][]string{{"plan", "--key", d.path("owner.json")}, {"apply", "--key", d.path("owner.json"), "--poll", "20ms"}, {"verify"}} {
		want := exitOK
		if command[0] == "plan" {
			want = exitDiffers
		}
		d.sh(want, slices.Concat(command[:1], []string{"--network", d.path("ocr2.yaml"), "--rpc", d.rpc}, command[1:])...)
	}
	d.sh(exitOK, d.network("verify")...) // the old feed is as it was

	// Input that cannot be right.
	garbage, empty := d.path("garbage.yaml"), d.path("empty.yaml")
	for path, content := range map[string]string{garbage: "oracles: [{peerID: 7, strange: x}]", empty: "oracles: []"} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		want int
		text string
		args []string
	}{
		{exitError, "neither a key file nor a list of oracles", []string{"--keys", garbage}},
		{exitError, "lists no oracles", []string{"--keys", empty}},
		{exitError, "no such file", []string{"--keys", d.path("nothing")}},
		{exitError, "are both oracle 0 of the old feed", []string{"--keys", key("0"), "--keys", key("0")}},
		{exitError, "only contracts of OCR1", []string{"--contract", applied(t, d, "ocr2.yaml")}},
		{exitUsage, "address", []string{"--contract", "0x12"}},
		{exitUsage, "arguments", []string{key("0")}},
	} {
		if out := migrate(test.want, "new.yaml", test.args...); !strings.Contains(out, test.text) {
			t.Errorf("%q: %s, want %q", test.args, out, test.text)
		}
	}
	d.sh(exitUsage, "migrate", "--rpc", d.rpc, "--out", d.path("new.yaml"))
	if _, err := os.Stat(d.path("new.yaml")); !os.IsNotExist(err) {
		t.Errorf("a refused migration left a file (%v)", err)
	}
}

// applied is the address that apply wrote into a network file.
func applied(t *testing.T, d *desk, file string) string {
	t.Helper()
	network, _, err := netfile.Load(d.path(file))
	if err != nil || network.Contract.Address == (common.Address{}) {
		t.Fatalf("%s: %v", file, err)
	}
	return network.Contract.Address.Hex()
}

// TestDevelopmentFlow sets a config that is too quick for the chain, which only oracles in development mode take.
func TestDevelopmentFlow(t *testing.T) {
	d := newDeskFor(t, e2e.StartAnvil(t), "--protocol", "ocr1", "--payee", "0x00000000000000000000000000000000000000AA")
	d.edit("deltaRound: 30s", "deltaRound: 1s")
	d.edit("deltaGrace: 12s", "deltaGrace: 500ms")
	if out := d.sh(exitRefused, d.apply()...); !strings.Contains(out, "must be at least 20s on chain 31337, which counts as slow") {
		t.Errorf("apply: %s", out)
	}
	d.sh(exitOK, d.apply("--development")...)
	if out := d.sh(exitOK, d.network("verify", "--development")...); !strings.Contains(out, "oracle 3 (oracle-3) can use the config") {
		t.Errorf("verify --development: %s", out)
	}
	d.sh(exitOK, d.network("plan", "--development")...)
	if out := d.sh(exitDiffers, d.network("verify")...); !strings.Contains(out, "differs  oracles accept the config") {
		t.Errorf("verify: %s", out)
	}
}
