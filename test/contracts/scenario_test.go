package contracts

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/test/vectors"
)

// deviations lists the cases where our contracts knowingly do something else than the vectors say: why, and what they do. The
// contracts also refuse zero signer addresses, which no vector has.
//
// What vectors leave free: where one says that all gas is gone (an exceptional halt), the OCR1 contracts revert with a reason and
// leave the rest of the gas ("observer index out of bounds", "gas limit too high"). They store a report before they call the
// validator, not after, and settle an account before they call the token, so that neither can use them while they are in between.
var deviations = map[string]deviation{
	"ecdsa-n4f1-empty/duplicate-key-counts-twice": {
		why:  "an oracle with the key of another one would count twice, so a key list with duplicates is refused",
		step: 0, failure: "custom-error", reason: "InvalidKey",
	},
	"bls-n4f1-empty/duplicate-key": {
		why:  "key lists with duplicates are refused in all schemes",
		step: 0, failure: "custom-error", reason: "InvalidKey",
	},
}

// deviation says in which step of a case our contracts fail, and how, where the vector has them succeed. The steps before are
// as the vector says; those behind are not run, since they depend on it.
type deviation struct {
	why             string
	step            int
	failure, reason string
}

// TestScenarios runs the scenarios of the OCR1 and OCR2 contracts: each begins with a copy of a setup and is a list of transactions and
// views, with everything that can be seen of each.
func TestScenarios(t *testing.T) {
	files := vectors.Files(t, "testdata", "contracts-ocr1-*.json", "contracts-ocr2-*.json")
	for _, rules := range []rules{cancun, osaka} {
		t.Run(string(rules), func(t *testing.T) {
			for _, file := range files {
				t.Run(file.Name(), func(t *testing.T) { runScenarios(t, file, rules) })
			}
		})
	}
}

func runScenarios(t *testing.T, file vectors.File, rules rules) {
	f := parseScenarios(t, file, rules)
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			f.run(t, c)
		})
	}
}

type scenarioFile struct {
	rules   rules
	helpers map[string]vectors.Hex // runtime code
	setups  map[string]*setup
}

// scenario is a chain with names for some of its addresses.
type scenario struct {
	chain   *chain
	aliases map[string]common.Address
	file    *scenarioFile
}

func parseScenarios(t *testing.T, file vectors.File, rules rules) *scenarioFile {
	f := &scenarioFile{rules: rules, helpers: map[string]vectors.Hex{}}
	if helpers, ok := file.Raw["helpers"]; ok {
		for name, h := range vectors.Decode[map[string]struct{ RuntimeCode vectors.Hex }](t, helpers) {
			f.helpers[name] = h.RuntimeCode
		}
	}
	f.setups = vectors.Decode[map[string]*setup](t, file.Raw["setups"])
	return f
}

// setup is where cases begin. It is brought about for the first of them.
type setup struct {
	ChainID string
	Aliases map[string]common.Address
	Steps   []step

	done *scenario
}

func (f *scenarioFile) setup(t *testing.T, name string) *scenario {
	t.Helper()
	s, ok := f.setups[name]
	if !ok {
		t.Fatalf("there is no setup %q", name)
	}
	if s.done == nil {
		sc := f.scenario(t, s.ChainID)
		maps.Copy(sc.aliases, s.Aliases)
		for i, step := range s.Steps {
			sc.run(t, fmt.Sprintf("setup %s, step %d", name, i), step)
		}
		if t.Failed() {
			t.FailNow()
		}
		s.done = sc
	}
	return &scenario{chain: s.done.chain.copy(), aliases: maps.Clone(s.done.aliases), file: f}
}

func (f *scenarioFile) scenario(t *testing.T, chainID string) *scenario {
	if chainID == "" {
		chainID = "1" // nothing in the file depends on it
	}
	return &scenario{chain: newChain(t, parseUint(t, chainID), f.rules), aliases: map[string]common.Address{}, file: f}
}

func (f *scenarioFile) run(t *testing.T, c vectors.Case) {
	input := vectors.Decode[struct{ Setup, ChainID string }](t, c.Input)
	var sc *scenario
	if input.Setup == "" {
		sc = f.scenario(t, input.ChainID)
	} else {
		sc = f.setup(t, input.Setup)
	}
	steps := vectors.Decode[struct{ Steps []step }](t, c.Output).Steps
	if len(steps) == 0 {
		t.Fatal("case has no steps")
	}
	known, deviates := deviations[c.Name]
	for i, s := range steps {
		if deviates && i == known.step {
			t.Logf("known deviation: %s", known.why)
			if !s.Expect.OK {
				t.Fatal("the vector has this step fail: this is no deviation that is known")
			}
			s.Expect = expectation{Failure: known.failure, Reason: known.reason}
		}
		sc.run(t, fmt.Sprintf("step %d", i), s)
		if deviates && i == known.step {
			return
		}
	}
	if deviates {
		t.Fatal("the case has no step that deviates")
	}
}

type step struct {
	Kind  string
	Alias string

	// etch
	Helper  string
	Address common.Address

	// deploy
	Contract               string
	Nonce                  string
	ConstructorArgsEncoded vectors.Hex
	ExpectedAddress        common.Address

	// deploy, call, view
	From common.Address
	To   string

	// call, view
	Method      string
	Calldata    vectors.Hex
	BlockNumber string
	Timestamp   string
	GasLimit    string

	Expect expectation
}

type expectation struct {
	OK         bool
	Failure    string
	Reason     string
	Revertdata *vectors.Hex
	Returndata *vectors.Hex
	Logs       []expectedLog
}

type expectedLog struct {
	Address common.Address
	Topics  []common.Hash
	Data    vectors.Hex
	Event   string
}

func (sc *scenario) run(t *testing.T, where string, s step) {
	t.Helper()
	switch s.Kind {
	case "etch":
		code, ok := sc.file.helpers[s.Helper]
		if !ok {
			t.Fatalf("%s: there is no helper %q", where, s.Helper)
		}
		sc.chain.etch(s.Address, code)
		sc.alias(s.Alias, s.Address)
	case "deploy":
		code := append(creationCode(t, s.Contract), s.ConstructorArgsEncoded...)
		address, r := sc.chain.deploy(s.From, parseUint(t, s.Nonce), code)
		where = fmt.Sprintf("%s, deploy %s", where, s.Contract)
		if address != s.ExpectedAddress {
			t.Errorf("%s: address is %v, want %v", where, address, s.ExpectedAddress)
		}
		r.ret = nil
		s.Expect.check(t, where, r, true, false)
		sc.alias(s.Alias, address)
	case "call":
		gasLimit := uint64(defaultGasLimit)
		if s.GasLimit != "" {
			gasLimit = parseUint(t, s.GasLimit)
		}
		sc.chain.blockNumber, sc.chain.timestamp = parseUint(t, s.BlockNumber), parseUint(t, s.Timestamp)
		r := sc.chain.call(s.From, sc.resolve(t, s.To), s.Calldata, gasLimit)
		s.Expect.check(t, where+", call "+s.Method, r, true, s.GasLimit != "")
	case "view":
		r := sc.chain.view(s.From, sc.resolve(t, s.To), s.Calldata)
		s.Expect.check(t, where+", view "+s.Method, r, false, false)
	default:
		t.Fatalf("%s: unknown kind %q", where, s.Kind)
	}
}

func (sc *scenario) alias(name string, address common.Address) {
	if name != "" {
		sc.aliases[name] = address
	}
}

func (sc *scenario) resolve(t *testing.T, to string) common.Address {
	if address, ok := sc.aliases[to]; ok {
		return address
	}
	if !common.IsHexAddress(to) {
		t.Fatalf("there is no alias %q", to)
	}
	return common.HexToAddress(to)
}

func (e expectation) check(t *testing.T, where string, r result, withLogs, gasIsShort bool) {
	t.Helper()
	if e.OK {
		if r.err != nil {
			t.Errorf("%s: failed with %v %s, want success", where, r.err, describe(r.ret))
			return
		}
		if e.Returndata != nil && !bytes.Equal(r.ret, *e.Returndata) {
			t.Errorf("%s: returned\n%x, want\n%x", where, r.ret, []byte(*e.Returndata))
		}
		if withLogs {
			checkLogs(t, where, r.logs, e.Logs)
		}
		return
	}
	if e.Failure == "exceptional-halt" {
		// A revert instead saves the sender's gas and is as good.
		if r.err == nil {
			t.Errorf("%s: succeeded, want failure", where)
		}
		return
	}
	if e.Failure == "revert-empty" && gasIsShort {
		// A precompile that is given a bad point takes all gas that it gets. What is left may not be enough to revert in style, and a
		// contract that keeps some back may say more.
		if r.err == nil {
			t.Errorf("%s: succeeded, want failure", where)
		}
		return
	}
	if !r.reverted() {
		t.Errorf("%s: ended with %v, want a revert: %s %s", where, r.err, e.Failure, e.Reason)
		return
	}
	var want []byte
	switch e.Failure {
	case "revert-empty":
	case "revert-string":
		want = revertString(e.Reason)
	case "custom-error":
		want = crypto.Keccak256([]byte(e.Reason + "()"))[:4]
	case "panic":
		code := parseUint(t, e.Reason)
		want = append(crypto.Keccak256([]byte("Panic(uint256)"))[:4], word(code)...)
	default:
		t.Fatalf("%s: unknown failure %q", where, e.Failure)
	}
	if e.Revertdata != nil && !bytes.Equal(want, *e.Revertdata) {
		t.Errorf("%s: the vector contradicts itself: %s %q is not %v", where, e.Failure, e.Reason, *e.Revertdata)
	}
	if !bytes.Equal(r.ret, want) {
		t.Errorf("%s: reverted with %s, want %s", where, describe(r.ret), describe(want))
	}
}

func checkLogs(t *testing.T, where string, got []*types.Log, want []expectedLog) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: emitted %d logs, want %d", where, len(got), len(want))
		return
	}
	for i, w := range want {
		g := got[i]
		if g.Address != w.Address {
			t.Errorf("%s: log %d (%s) is of %v, want %v", where, i, w.Event, g.Address, w.Address)
		}
		if fmt.Sprint(g.Topics) != fmt.Sprint(w.Topics) {
			t.Errorf("%s: log %d (%s) has topics\n%v, want\n%v", where, i, w.Event, g.Topics, w.Topics)
		}
		if !bytes.Equal(g.Data, w.Data) {
			t.Errorf("%s: log %d (%s) has data\n%x, want\n%x", where, i, w.Event, g.Data, []byte(w.Data))
		}
	}
}

// revertString encodes the revert data of a failed require with that reason.
func revertString(reason string) []byte {
	data := crypto.Keccak256([]byte("Error(string)"))[:4]
	data = append(data, word(32)...)
	data = append(data, word(uint64(len(reason)))...)
	data = append(data, reason...)
	return append(data, make([]byte, -len(reason)&31)...)
}

func word(v uint64) []byte {
	return binary.BigEndian.AppendUint64(make([]byte, 24, 32), v)
}

// describe shows revert data for people.
func describe(data []byte) string {
	if len(data) > 68 && bytes.Equal(data[:4], revertString("")[:4]) {
		return fmt.Sprintf("%q", strings.TrimRight(string(data[68:]), "\x00"))
	}
	return fmt.Sprintf("%x", data)
}

func parseUint(t testing.TB, s string) uint64 {
	t.Helper()
	v, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
