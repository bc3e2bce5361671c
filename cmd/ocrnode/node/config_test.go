package node

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ocrkit/ocrkit/cmd/ocrnode/oracle"
)

const bootstrapper = "12D3KooWKxyTQLSw3zQ9h7UWhmTDe8XVnTHDV6FDNCY8r22GF1RP@127.0.0.1:6690"

const goodFile = `
version: 1
name: one
keys: {file: keys.json, passwordEnv: PASSWORD}
database: data
network:
  listen: ["127.0.0.1:6690"]
  bootstrappers: ["` + bootstrapper + `"]
chain: {rpc: "http://user:secret@127.0.0.1:8545/key", id: 31337}
jobs:
  - name: eth-usd
    contract: "0x52908400098527886E0F7030069857D2E4169EE7"
    source: {url: "https://prices.example.org/key?token=secret", path: data.price}
    juelsPerFeeCoin: {value: "200000000000000000000"}
`

func TestConfigDefaults(t *testing.T) {
	c, err := ParseConfig([]byte(goodFile), "/etc/ocr", RoleOracle)
	if err != nil {
		t.Fatal(err)
	}
	if c.Network.DeltaDial != Duration(15*time.Second) || *c.Chain.Confirmations != 3 || *c.Jobs[0].Decimals != 8 || c.Network.Protocol != "production" {
		t.Errorf("defaults: %+v", c)
	}
	if got := c.path(c.Database); got != filepath.Join("/etc/ocr", "data") {
		t.Errorf("the database is in %s, want it beside the file", got)
	}
	shown, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(shown, []byte("secret")) || bytes.Contains(shown, []byte("key?")) || !bytes.Contains(shown, []byte(`"deltaDial":"15s"`)) {
		t.Errorf("shown as %s", shown)
	}
}

func TestConfigOfOCR3(t *testing.T) {
	file := strings.Replace(goodFile, "name: eth-usd", "name: eth-usd\n    protocol: ocr3", 1)
	file = strings.Replace(file, `    juelsPerFeeCoin: {value: "200000000000000000000"}`, "", 1)
	c, err := ParseConfig([]byte(file), ".", RoleOracle)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Jobs[0].Kind; got != (oracle.Kind{Protocol: oracle.OCR3, Verifier: oracle.ECDSA}) {
		t.Errorf("the job is of kind %s", got)
	}
	shown, err := json.Marshal(c)
	if err != nil || !bytes.Contains(shown, []byte(`"verifier":"ecdsa"`)) {
		t.Errorf("shown as %s, %v", shown, err)
	}
}

func TestTemplateIsRight(t *testing.T) {
	if _, err := ParseConfig(Template, ".", RoleOracle); err != nil {
		t.Fatal(err)
	}
	// Every setting of a node file is in the template, commented out or not.
	for _, name := range []string{"version", "name", "keys", "file", "passwordFile", "passwordEnv", "database", "listen", "announce",
		"bootstrappers", "protocol", "deltaReconcile", "deltaDial", "incomingMessages", "outgoingMessages", "latencyProbes", "http", "log",
		"level", "format", "rpc", "id", "confirmations", "pollInterval", "maxFeePerGasGwei", "receiptInterval", "development", "contract", "verifier", "sourceTimeout",
		"configStore", "decimals", "source", "url", "path", "csv", "every", "value", "juelsPerFeeCoin", "gasPriceSubunits"} {
		if !bytes.Contains(Template, []byte(name)) {
			t.Errorf("the template does not mention %s", name)
		}
	}
}

func TestConfigErrors(t *testing.T) {
	for name, c := range map[string]struct {
		role     Role
		old, new string
		want     string
	}{
		"unknown field":      {old: "database: data", new: "databse: data", want: "line 5: field databse not found"},
		"no YAML":            {old: "version: 1", new: "version: [", want: "line"},
		"two documents":      {old: "jobs:", new: "---\njobs:", want: "another"},
		"version":            {old: "version: 1", new: "version: 2", want: "version: is 2"},
		"no keys":            {old: "file: keys.json, ", new: "", want: "keys.file: is missing"},
		"two passwords":      {old: "passwordEnv: PASSWORD", new: "passwordEnv: P, passwordFile: f", want: "either passwordFile or passwordEnv"},
		"no password":        {old: ", passwordEnv: PASSWORD", new: "", want: "either passwordFile or passwordEnv"},
		"no database":        {old: "database: data", new: "", want: "database: is missing"},
		"listen":             {old: `listen: ["127.0.0.1:6690"]`, new: "listen: [localhost:6690]", want: `network.listen[0]: "localhost:6690" is not of the form ip:port`},
		"announce port 0":    {old: "network:", new: "network:\n  announce: ['1.2.3.4:0']", want: "network.announce[0]"},
		"locator":            {old: bootstrapper, new: "nobody@127.0.0.1:1", want: "network.bootstrappers: [0]: "},
		"no bootstrapper":    {old: `["` + bootstrapper + `"]`, new: "[]", want: "without one"},
		"protocol":           {old: "network:", new: "network:\n  protocol: quic", want: `"quic" is none of production, experimental`},
		"negative interval":  {old: "network:", new: "network:\n  deltaDial: -1s", want: "network.deltaDial: is -1s"},
		"no duration":        {old: "network:", new: "network:\n  deltaDial: soon", want: `"soon" is no duration`},
		"buffer":             {old: "network:", new: "network:\n  outgoingMessages: 100000", want: "network.outgoingMessages: is 100000"},
		"http":               {old: "database:", new: "http: {listen: here}\ndatabase:", want: "http.listen"},
		"log level":          {old: "database:", new: "log: {level: loud}\ndatabase:", want: `log.level: "loud" is none of`},
		"no chain":           {old: `rpc: "http://user:secret@127.0.0.1:8545/key", `, new: "", want: "chain.rpc: is missing"},
		"no chain id":        {old: ", id: 31337", new: "", want: "chain.id: is missing"},
		"confirmations":      {old: "id: 31337", new: "id: 1, confirmations: 0", want: "ContractConfigConfirmations"},
		"no jobs":            {old: "jobs:", new: "jobs: []\nother:", want: "not found"},
		"job name":           {old: "name: eth-usd", new: "name: eth usd", want: "jobs[0].name"},
		"checksum":           {old: "0x52908400098527886E0F7030069857D2E4169EE7", new: "0x52908400098527886E0F7030069857D2E4169Ee7", want: "checksum is wrong"},
		"zero address":       {old: "0x52908400098527886E0F7030069857D2E4169EE7", new: "0x0000000000000000000000000000000000000000", want: "zero address"},
		"job protocol":       {old: "name: eth-usd", new: "name: eth-usd\n    protocol: ocr9", want: `jobs[0].protocol: "ocr9" is none of ocr1, ocr2, ocr3`},
		"verifier of OCR2":   {old: "name: eth-usd", new: "name: eth-usd\n    verifier: bls", want: "jobs[0].verifier: contracts of ocr2 have no choice of it"},
		"verifier":           {old: "name: eth-usd", new: "name: eth-usd\n    protocol: ocr3\n    verifier: rsa", want: `jobs[0].verifier: "rsa" is none of ecdsa, bls`},
		"OCR3 without gas":   {old: "name: eth-usd", new: "name: eth-usd\n    protocol: ocr3", want: "jobs[0]: oracles of ocr3 observe their source only: leave out juelsPerFeeCoin"},
		"OCR3, config store": {old: "name: eth-usd", new: "name: eth-usd\n    protocol: ocr3\n    configStore: '0x52908400098527886E0F7030069857D2E4169EE7'", want: "jobs[0].configStore: "},
		"source timeout":     {old: "name: eth-usd", new: "name: eth-usd\n    protocol: ocr1\n    sourceTimeout: 25s", want: "jobs[0].sourceTimeout: is 25s"},
		"poll for OCR1":      {old: "id: 31337}\njobs:\n  - name: eth-usd", new: "id: 1, pollInterval: 5s}\njobs:\n  - name: eth-usd\n    protocol: ocr1", want: "chain.pollInterval: is 5s, but jobs[0] is of ocr1, which wants 15s at least"},
		"timeout of OCR2":    {old: "name: eth-usd", new: "name: eth-usd\n    sourceTimeout: 5s", want: "jobs[0].sourceTimeout: is in the config"},
		"decimals":           {old: "jobs:\n  - ", new: "jobs:\n  - decimals: 37\n    ", want: "jobs[0].decimals: is 37"},
		"no source":          {old: `source: {url: "https://prices.example.org/key?token=secret", path: data.price}`, new: "", want: "jobs[0].source: is missing"},
		"two sources":        {old: `source: {url:`, new: `source: {value: "1", url:`, want: "give one of url, csv and value"},
		"no URL":             {old: "https://prices", new: "ftp://prices", want: "no http or https URL"},
		"path without URL":   {old: `{value: "200000000000000000000"}`, new: `{value: "1", path: a}`, want: "goes with url only"},
		"csv without every":  {old: `{value: "200000000000000000000"}`, new: `{csv: a.csv}`, want: "every: is 0s"},
		"no integer":         {old: `"200000000000000000000"`, new: `"2e20"`, want: "no integer"},
		"too large":          {old: `"200000000000000000000"`, new: `"` + strings.Repeat("9", 60) + `"`, want: "no integer"},
		"bootstrap observes": {role: RoleBootstrapper, want: "a bootstrapper observes nothing"},
		"job twice": {old: "jobs:\n", new: "jobs:\n  - {name: eth-usd, contract: \"0x52908400098527886E0F7030069857D2E4169EE7\", source: {value: \"1\"}, juelsPerFeeCoin: {value: \"1\"}}\n",
			want: "jobs[1].name: is that of jobs[0] too\njobs[1].contract: is that of jobs[0] too"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(goodFile, c.old) {
				t.Fatalf("the file does not contain %q", c.old)
			}
			_, err := ParseConfig([]byte(strings.Replace(goodFile, c.old, c.new, 1)), ".", c.role)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
	if _, err := ParseConfig(nil, ".", RoleOracle); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("empty file: %v", err)
	}
	if _, err := ParseConfig(make([]byte, maxConfigBytes+1), ".", RoleOracle); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("huge file: %v", err)
	}
	if _, err := LoadConfig(filepath.Join(t.TempDir(), "none.yaml"), RoleOracle); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(goodFile))
	f.Add(Template)
	f.Fuzz(func(t *testing.T, content []byte) {
		c, err := ParseConfig(content, ".", RoleOracle)
		if err != nil {
			return
		}
		if len(c.Jobs) == 0 || c.Keys.File == "" {
			t.Errorf("accepted: %+v", c)
		}
	})
}
