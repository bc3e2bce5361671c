package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/deploy"
	"github.com/ocrkit/ocrkit/cmd/ocrnode/oracle"
	"github.com/ocrkit/ocrkit/gen/ocr1/accesscontrolledoffchainaggregator"
	"github.com/ocrkit/ocrkit/gen/ocr2/accesscontrolledocr2aggregator"
	"github.com/ocrkit/ocrkit/test/e2e"
)

// The old feed: nothing is as templates have it.
var (
	oldChanges = [][2]string{
		{"name: ETH / USD", "name: old feed"}, {"description: ETH / USD", "description: LINK / USD"},
		{"minAnswer: 1 ", "minAnswer: 17 "}, {"maxAnswer: 1_000_000_00000000", "maxAnswer: 9_999_999_000_000"}, {"decimals: 8", "decimals: 6"},
		{"maximumGasPriceGwei: 3000", "maximumGasPriceGwei: 2500"}, {"reasonableGasPriceGwei: 100", "reasonableGasPriceGwei: 90"},
		{"microLinkPerEth: 150_000_000", "microLinkPerEth: 200_000_000"},
		{"linkGweiPerObservation: 400_000", "linkGweiPerObservation: 300_000"}, {"linkGweiPerTransmission: 1_000_000", "linkGweiPerTransmission: 2_000_000"},
		{"deltaProgress: 35s", "deltaProgress: 3s"}, {"deltaResend: 17s", "deltaResend: 1s"}, {"deltaRound: 30s", "deltaRound: 400ms"},
		{"deltaGrace: 12s", "deltaGrace: 50ms"}, {"deltaStage: 60s", "deltaStage: 2s"}, {"deltaC: 1h", "deltaC: 3s"}, {"alpha: 0.5%", "alpha: 0.4%"},
		{"rMax: 6", "rMax: 7"}, {"s: auto", "s: [1, 1, 2]"},
	}
	oldAlpha  = big.NewRat(4, 1000)
	oldDeltaC = 3 * time.Second
)

const (
	leavingChain = 1337 // for which OCR1 knows no least durations
	consumer     = "0x00000000000000000000000000000000000000C0"
	funds        = "1000000000000000000000" // juels
	// answersOne is a contract that answers 1 whatever it is asked, which will do as a validator.
	answersOne = "0x600a600c600039600a6000f3" + "600160005260206000f3"
)

// TestLeavingOCR1 does what docs/operate.md says: a feed of OCR1 that is at work is replaced by one of OCR2, and there is no time
// without answers.
func TestLeavingOCR1(t *testing.T) {
	anvil := e2e.StartAnvil(t, "--chain-id", fmt.Sprint(leavingChain))
	d := newDeskFor(t, anvil, "--protocol", "ocr1", "--payee", payeeOf(9), "--chain-id", fmt.Sprint(leavingChain))
	validator := d.createValidator()
	for _, change := range oldChanges {
		d.edit(change[0], change[1])
	}
	for i := range 4 {
		d.edit(payeeOf(9), payeeOf(i))
		d.giveEther(d.transmitter(i))
	}
	d.edit("  billing: #", fmt.Sprintf("  validator: {address: %q, gasLimit: 70_000}\n  billing: #", validator))
	var old applyView
	d.asJSON(&old, d.apply("--json")...)
	d.cast("send", old.Contract.Hex(), "addAccess(address)", consumer)

	prices := &market{}
	prices.set(20_000_000)
	o := newOperators(d, anvil.WS, leavingChain, prices)
	before := o.serve(oracle.OCR1, old.Contract)
	o.waitAnswers("the old feed answers", before)
	prices.move(10)
	o.waitAnswers("the old feed follows the price", before)

	// Step 1: migrate, plan, apply, verify, while the old feed is at work.
	leaving := d.leaving(anvil, old.Contract)
	leaving.migrateWithoutKeys()
	d.cast("send", old.Link.Hex(), "transfer(address,uint256)", old.Contract.Hex(), funds)
	newContract := leaving.follow()
	leaving.namesAllThatDidNotMove(validator)
	o.settingsMoved(old.Contract, newContract, d.status(old.Contract, d.rpc), d.status(newContract, d.rpc), validator)
	d.configMoved(old.Contract, newContract)
	d.cast("send", newContract.Hex(), "addAccess(address)", consumer)
	d.cast("send", old.Link.Hex(), "transfer(address,uint256)", newContract.Hex(), funds)
	for _, contract := range []common.Address{old.Contract, newContract} {
		if answer := d.cast("call", contract.Hex(), "hasAccess(address,bytes)(bool)", consumer, "0x"); answer != "true" {
			t.Errorf("%s may not read %s", consumer, contract)
		}
	}

	// Step 2: the oracles of OCR2 beside those of OCR1, until answers come and agree.
	after := o.serve(oracle.OCR2, newContract)
	o.wait("the answers of both feeds agree", func() bool {
		a, b := d.status(old.Contract, d.rpc), leaving.status()
		return b.RoundID.Sign() > 0 && prices.isNow(number(t, a.Answer)) && prices.isNow(number(t, b.Answer))
	})
	for _, price := range []int64{-20, 10} {
		prices.move(price)
		o.waitAnswers("both feeds follow the price", before, after)
	}
	o.wait("both report what is only old", func() bool {
		return reportsOnlyOld(before.reports()) && reportsOnlyOld(after.reports())
	})
	o.wait("both report what deviates before it is old", func() bool {
		if reportsOnlyDeviating(before.reports()) && reportsOnlyDeviating(after.reports()) {
			return true
		}
		if prices.isNow(before.latest().answer) && prices.isNow(after.latest().answer) {
			prices.move(10)
		}
		return false
	})
	rounds := before.rounds() + after.rounds()
	prices.move(1) // less than alpha
	o.wait("both go on with rounds", func() bool { return before.rounds()+after.rounds() >= rounds+16 })

	// Step 3 is that of the consumers. Step 4: stop OCR1, pay its oracles, take back what is left.
	before.stop()
	prices.move(-15)
	o.waitAnswers("the new feed goes on alone", after)
	if prices.isNow(before.latest().answer) {
		t.Error("the old feed reports what came after its oracles were stopped")
	}
	before.check(oldAlpha, oldDeltaC)
	after.check(oldAlpha, oldDeltaC)
	after.stop()
	o.quiet() // what is owed stays what it is
	d.paysOut(old.Contract, *old.Link)
	earned := leaving.status()
	if earned.LinkOwed == nil || *earned.LinkOwed == "0" || strings.HasPrefix(*earned.LinkAvailable, "-") {
		t.Errorf("the new feed owes %v, and has %v beyond that", earned.LinkOwed, earned.LinkAvailable)
	}
	leaving.run("ocrdeploy verify --network ocr2.yaml")
}

func payeeOf(i int) string { return fmt.Sprintf("0x%040x", 0xAA00+i) }

func (f *liveFeed) latest() liveReport {
	all := f.reports()
	if len(all) == 0 {
		return liveReport{answer: new(big.Int)}
	}
	return all[len(all)-1]
}

// reportsOnlyOld tells whether there is a report that there was no reason for but its age.
func reportsOnlyOld(reports []liveReport) bool {
	for i := 1; i < len(reports); i++ {
		if due(reports[i-1], reports[i], oldAlpha, oldDeltaC) && !deviates(reports[i-1], reports[i], oldAlpha) {
			return true
		}
	}
	return false
}

// reportsOnlyDeviating tells whether there is a report that there was no reason for but its answer.
func reportsOnlyDeviating(reports []liveReport) bool {
	for i := 1; i < len(reports); i++ {
		if deviates(reports[i-1], reports[i], oldAlpha) && reports[i].landed-reports[i-1].landed < uint64(oldDeltaC/time.Second) {
			return true
		}
	}
	return false
}

func number(t *testing.T, text string) *big.Int {
	t.Helper()
	n, ok := new(big.Int).SetString(text, 10)
	if !ok {
		t.Fatalf("%q is no number", text)
	}
	return n
}

// asJSON runs the program and reads what it prints.
func (d *desk) asJSON(into any, args ...string) {
	d.t.Helper()
	if err := json.Unmarshal([]byte(d.sh(exitOK, args...)), into); err != nil {
		d.t.Fatal(err)
	}
}

// cast calls a contract, or sends a transaction from the owner.
func (d *desk) cast(command string, args ...string) string {
	d.t.Helper()
	flags := []string{command, "--rpc-url", d.rpc}
	if command == "send" {
		flags = append(flags, "--keystore", d.path("owner.json"), "--password", "correct horse")
	}
	return e2e.Output(d.t, "cast", append(flags, args...)...)
}

func (d *desk) giveEther(account string) {
	d.t.Helper()
	e2e.Output(d.t, "cast", "rpc", "--rpc-url", d.rpc, "anvil_setBalance", account, "0xde0b6b3a7640000")
}

// transmitter is the account that oracle i transmits from.
func (d *desk) transmitter(i int) string {
	d.t.Helper()
	var shown struct{ Oracles []oracleEntry }
	d.asJSON(&shown, "keys", "show", "--json", d.keyFile(i))
	return shown.Oracles[0].TransmitAccount.String()
}

func (d *desk) keyFile(i int) string {
	return filepath.Join(d.dir, "keys", fmt.Sprintf("oracle-%d.json", i))
}

func (d *desk) createValidator() common.Address {
	d.t.Helper()
	var receipt struct{ ContractAddress common.Address }
	if out := d.cast("send", "--json", "--create", answersOne); json.Unmarshal([]byte(out), &receipt) != nil || receipt.ContractAddress == (common.Address{}) {
		d.t.Fatalf("cast send: %s", out)
	}
	return receipt.ContractAddress
}

// leaving is the section of docs/operate.md about it, and an operator who does what it says.
type leaving struct {
	*desk
	old      common.Address
	home     string // where the test runs
	commands []string
	said     string // what migrate said
	wrote    []byte // what migrate wrote
}

// leaving prepares what the section takes for granted: what the operators gave, and the folder to be in.
func (d *desk) leaving(anvil *e2e.Anvil, old common.Address) *leaving {
	t := d.t
	t.Helper()
	for i := range 2 {
		if err := os.WriteFile(d.path(fmt.Sprintf("operator-%d.yaml", i)), []byte(d.sh(exitOK, "keys", "show", d.keyFile(i))), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	home, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	l := &leaving{desk: d, old: old, home: home}
	content, err := os.ReadFile(filepath.Join(e2e.Root(t), "docs", "operate.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(content), "\n## Leaving OCR1\n")
	_, block, opened := strings.Cut(section, "```sh\n")
	block, _, closed := strings.Cut(block, "\n```")
	if !found || !opened || !closed {
		t.Fatal("docs/operate.md has no commands in its section Leaving OCR1")
	}
	for line := range strings.Lines(strings.ReplaceAll(block, "\\\n", "")) {
		line, _, _ = strings.Cut(line, "#")
		line = os.Expand(strings.TrimSpace(line), func(name string) string {
			value := map[string]string{"ARCHIVE_NODE": anvil.URL, "OLD": old.Hex()}[name]
			if value == "" {
				t.Fatalf("docs/operate.md does not say what $%s is", name)
			}
			return value
		})
		if line != "" {
			l.commands = append(l.commands, line)
		}
	}
	return l
}

// follow runs the commands of the section. It returns the address of the new contract.
func (l *leaving) follow() common.Address {
	l.t.Helper()
	for _, command := range l.commands {
		l.run(command)
	}
	return common.HexToAddress(applied(l.t, l.desk, "ocr2.yaml"))
}

// run runs a command of the section, in the folder of the network file.
func (l *leaving) run(command string) {
	l.t.Helper()
	if setting, ok := strings.CutPrefix(command, "export "); ok {
		name, value, _ := strings.Cut(setting, "=")
		l.t.Setenv(name, value)
		return
	}
	args, ok := strings.CutPrefix(command, "ocrdeploy ")
	if !ok {
		l.t.Fatalf("docs/operate.md has a command that is none of ocrdeploy: %s", command)
	}
	l.t.Chdir(l.dir)
	defer l.t.Chdir(l.home)
	switch words := strings.Fields(args); words[0] {
	case "keys": // how well they are encrypted is not what is tested
		l.sh(exitOK, slices.Insert(words, 2, "--light")...)
	case "migrate":
		words = append(words[:len(words)-1], "--keys", "keys/oracle-3.json") // in place of ...
		l.said = l.sh(exitOK, words...)
		var err error
		if l.wrote, err = os.ReadFile("ocr2.yaml"); err != nil {
			l.t.Fatal(err)
		}
	case "plan":
		l.sh(exitDiffers, words...)
	case "apply":
		l.sh(exitOK, append(words, "--poll", "20ms")...)
	default:
		l.sh(exitOK, words...)
	}
}

// migrateWithoutKeys writes a file that has to be filled in, and is refused until it is.
func (l *leaving) migrateWithoutKeys() {
	t := l.t
	t.Helper()
	file := l.path("incomplete.yaml")
	out := l.sh(exitDiffers, "migrate", "--contract", l.old.Hex(), "--rpc", l.rpc, "--out", file)
	if !strings.Contains(out, "4 values are not on chain") || !strings.Contains(out, "LINK for that, which it must have before it can pay") {
		t.Errorf("migrate without keys, of a contract without LINK: %s", out)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := bytes.Count(content, []byte("# FILL IN")); got != 4 {
		t.Errorf("incomplete.yaml has %d places to fill in, want 4:\n%s", got, content)
	}
	l.sh(exitError, "plan", "--network", file, "--rpc", l.rpc)
	l.sh(exitError, "apply", "--network", file, "--rpc", l.rpc, "--key", l.path("owner.json"))
}

func (l *leaving) status() (shown statusView) {
	l.t.Helper()
	l.asJSON(&shown, "status", "--network", l.path("ocr2.yaml"), "--json")
	return shown
}

// namesAllThatDidNotMove looks for the notes, in the output and in the file.
func (l *leaving) namesAllThatDidNotMove(validator common.Address) {
	t := l.t
	t.Helper()
	said := strings.Join(strings.Fields(l.said), " ")
	for _, note := range []struct {
		kind       deploy.NoteKind
		field      string
		text, file string // parts of what is said of it, and of what is in the file
	}{
		{deploy.NoteChosen, "contract.billing.accountingGas", "built into the contract", "# chosen: in OCR1 it is built into the contract"},
		{deploy.NoteGone, "microLinkPerEth", "200000000 (200 LINK for one ETH)", "# - microLinkPerEth: 200000000 (200 LINK"},
		{deploy.NoteByHand, "validator", validator.Hex(), "# - validator: " + validator.Hex()},
		{deploy.NoteChosen, "config.maxDurationQuery", "the median plugin has no query", "# chosen: the median plugin has no query\n  maxDurationQuery:"},
		{deploy.NoteChosen, "config.maxDurationObservation", "in OCR1 each node has its own DataSourceTimeout", "DataSourceTimeout\n  maxDurationObservation: 1s"},
		{deploy.NoteChosen, "config.maxDurationReport", "OCR1 has no plugin", "# chosen: OCR1 has no plugin\n  maxDurationReport:"},
		{deploy.NoteChosen, "config.maxDurationShouldAcceptFinalizedReport", "OCR1 has no plugin", "# chosen: OCR1 has no plugin\n  maxDurationShouldAcceptFinalizedReport:"},
		{deploy.NoteChosen, "config.maxDurationShouldTransmitAcceptedReport", "OCR1 has no plugin", "BlockchainTimeout\n  maxDurationShouldTransmitAcceptedReport:"},
		{deploy.NoteGone, "shared secret", "the new feed has one of its own", "# - shared secret: "},
		{deploy.NoteGone, "settings of nodes", "DataSourceTimeout", "# - settings of nodes: "},
		{deploy.NoteByHand, "access list", "the old contract lets " + consumer + " read", "# - access list: the old contract lets " + consumer},
		{deploy.NoteByHand, "owner", "the old contract belongs to " + l.owner, "# - owner: the old contract belongs to " + l.owner},
		{deploy.NoteByHand, "LINK", "LINK beyond that: fund the new one", "# - LINK: the old contract owes its oracles "},
		{deploy.NoteGone, "rounds", "the new contract begins with round 1", "# - rounds: "},
		{deploy.NoteByHand, "consumers", "they, or the proxy that they read", "# - consumers: "},
	} {
		_, rest, found := strings.Cut(said, fmt.Sprintf(" %s %s ", note.kind, note.field))
		if !found || !strings.Contains(rest, note.text) {
			t.Errorf("migrate does not say, in this order, %s %s: %s\n%s", note.kind, note.field, note.text, l.said)
			return
		}
		said = " " + rest
		if !bytes.Contains(l.wrote, []byte(note.file)) {
			t.Errorf("the file does not say %q:\n%s", note.file, l.wrote)
		}
	}
	for _, wrong := range []string{" missing ", " changed ", " error ", " warning ", "the 0 rounds", "owes its oracles 0 LINK"} {
		if strings.Contains(strings.Join(strings.Fields(l.said), " "), wrong) {
			t.Errorf("migrate says%s:\n%s", wrong, l.said)
		}
	}
	if !bytes.Contains(l.wrote, []byte(l.old.Hex())) {
		t.Errorf("the file does not say what it replaces:\n%s", l.wrote)
	}
}

// ask calls a contract and decodes what it answers.
func ask[T any](o *operators, contract common.Address, call []byte, unpack func([]byte) (T, error)) T {
	o.t.Helper()
	output, err := o.client.CallContract(context.Background(), ethereum.CallMsg{To: &contract, Data: call}, nil)
	if err != nil {
		o.t.Fatal(err)
	}
	value, err := unpack(output)
	if err != nil {
		o.t.Fatal(err)
	}
	return value
}

// settingsMoved asks the contracts for their settings. Which those of the old one are is in oldChanges.
func (o *operators) settingsMoved(oldContract, newContract common.Address, oldStatus, newStatus statusView, validator common.Address) {
	t := o.t
	t.Helper()
	a, b := accesscontrolledoffchainaggregator.NewAccessControlledOffchainAggregator(), accesscontrolledocr2aggregator.NewAccessControlledOCR2Aggregator()
	oldPrices, newPrices := ask(o, oldContract, a.PackGetBilling(), a.UnpackGetBilling), ask(o, newContract, b.PackGetBilling(), b.UnpackGetBilling)
	oldValidator, newValidator := ask(o, oldContract, a.PackValidatorConfig(), a.UnpackValidatorConfig), ask(o, newContract, b.PackGetValidatorConfig(), b.UnpackGetValidatorConfig)
	for _, c := range []struct {
		name           string
		old, new, want any // want may be nil: anything
	}{
		{"minAnswer", ask(o, oldContract, a.PackMinAnswer(), a.UnpackMinAnswer), ask(o, newContract, b.PackMinAnswer(), b.UnpackMinAnswer), 17},
		{"maxAnswer", ask(o, oldContract, a.PackMaxAnswer(), a.UnpackMaxAnswer), ask(o, newContract, b.PackMaxAnswer(), b.UnpackMaxAnswer), 9_999_999_000_000},
		{"decimals", ask(o, oldContract, a.PackDecimals(), a.UnpackDecimals), ask(o, newContract, b.PackDecimals(), b.UnpackDecimals), 6},
		{"description", ask(o, oldContract, a.PackDescription(), a.UnpackDescription), ask(o, newContract, b.PackDescription(), b.UnpackDescription), "LINK / USD"},
		{"token", ask(o, oldContract, a.PackGetLinkToken(), a.UnpackGetLinkToken), ask(o, newContract, b.PackGetLinkToken(), b.UnpackGetLinkToken), nil},
		{"billing access", ask(o, oldContract, a.PackBillingAccessController(), a.UnpackBillingAccessController), ask(o, newContract, b.PackGetBillingAccessController(), b.UnpackGetBillingAccessController), nil},
		{"requester access", ask(o, oldContract, a.PackRequesterAccessController(), a.UnpackRequesterAccessController), ask(o, newContract, b.PackGetRequesterAccessController(), b.UnpackGetRequesterAccessController), nil},
		{"validator", oldValidator.Validator, newValidator.Validator, validator},
		{"validator's gas", oldValidator.GasLimit, newValidator.GasLimit, 70_000},
		{"maximum gas price", oldPrices.MaximumGasPrice, newPrices.MaximumGasPriceGwei, 2500},
		{"reasonable gas price", oldPrices.ReasonableGasPrice, newPrices.ReasonableGasPriceGwei, 90},
		{"price of observations", oldPrices.LinkGweiPerObservation, newPrices.ObservationPaymentGjuels, 300_000},
		{"price of transmissions", oldPrices.LinkGweiPerTransmission, newPrices.TransmissionPaymentGjuels, 2_000_000},
		{"transmitters", ask(o, oldContract, a.PackTransmitters(), a.UnpackTransmitters), ask(o, newContract, b.PackGetTransmitters(), b.UnpackGetTransmitters), nil},
	} {
		if fmt.Sprint(c.old) != fmt.Sprint(c.new) || c.want != nil && fmt.Sprint(c.new) != fmt.Sprint(c.want) {
			t.Errorf("%s: the old contract has %v, the new one %v, want %v", c.name, c.old, c.new, c.want)
		}
	}
	for i := range 4 {
		was, is := oldStatus.Oracles[i], newStatus.Oracles[i]
		if was.Payee != is.Payee || !strings.EqualFold(is.Payee, payeeOf(i)) || was.Transmitter != is.Transmitter {
			t.Errorf("oracle %d: the old contract has %+v, the new one %+v", i, was, is)
		}
	}
}

// configMoved compares the configs in force, field by field: each is the same or is known to be another.
func (d *desk) configMoved(oldContract, newContract common.Address) {
	t := d.t
	t.Helper()
	read := func(contract common.Address) map[string]string {
		var shown deploy.Decoded
		d.asJSON(&shown, "decode", "--contract", contract.Hex(), "--json")
		fields := make(map[string]string)
		for _, f := range shown.Fields {
			fields[f.Name] = f.Value
		}
		return fields
	}
	was, is := read(oldContract), read(newContract)
	if len(was) < 30 || was["config.alpha"] == "" || was["config.deltaC"] != "3s" {
		t.Fatalf("the old config: %v", was)
	}
	moved := map[string][]string{
		"config.alpha":  {"config.plugin.median.alphaReport", "config.plugin.median.alphaAccept"},
		"config.deltaC": {"config.plugin.median.deltaC"},
	}
	// Every config has its own; the bounds are settings in OCR1.
	own := []string{
		"contract", "protocol", "block", "transaction", "time", "configCount", "configDigest", "encodedConfigVersion", "offchainConfigVersion",
		"contract.minAnswer", "contract.maxAnswer",
	}
	isOwn := func(name string) bool { return slices.Contains(own, name) || strings.HasPrefix(name, "sharedSecret.") }
	for name, value := range was {
		names := moved[name]
		if names == nil {
			names = []string{name}
		}
		for _, n := range names {
			if is[n] != value && !isOwn(name) {
				t.Errorf("%s was %s, %s is %q", name, value, n, is[n])
			}
			delete(is, n)
		}
	}
	for name, value := range is {
		if !isOwn(name) && !strings.HasPrefix(name, "config.maxDuration") {
			t.Errorf("%s is %s, and migrate did not say so", name, value)
		}
	}
}

// paysOut ends a contract: all oracles are paid, what is left goes to the owner.
func (d *desk) paysOut(contract, token common.Address) {
	t := d.t
	t.Helper()
	balance := func(account string) *big.Int {
		t.Helper()
		text, _, _ := strings.Cut(d.cast("call", token.Hex(), "balanceOf(address)(uint256)", account), " ")
		return number(t, text)
	}
	ended := d.status(contract, d.rpc)
	if ended.LinkOwed == nil || *ended.LinkOwed == "0" {
		t.Fatalf("the old feed owes nothing: %+v", ended)
	}
	d.cast("send", contract.Hex(), "setBilling(uint32,uint32,uint32,uint32,uint32)", "2500", "90", "200000000", "300000", "2000000")
	for i, was := range ended.Oracles {
		if got := balance(payeeOf(i)); got.String() != *was.OwedJuels || got.Sign() == 0 {
			t.Errorf("payee %d was paid %s, and was owed %s", i, got, *was.OwedJuels)
		}
	}
	paid := d.status(contract, d.rpc)
	if *paid.LinkOwed != "0" || *paid.LinkAvailable != *ended.LinkAvailable {
		t.Errorf("after all were paid, %s is owed and %s is left, want %s", *paid.LinkOwed, *paid.LinkAvailable, *ended.LinkAvailable)
	}
	before := balance(d.owner)
	d.cast("send", contract.Hex(), "withdrawFunds(address,uint256)", d.owner, *paid.LinkAvailable)
	if got := new(big.Int).Sub(balance(d.owner), before); got.String() != *paid.LinkAvailable || balance(contract.Hex()).Sign() != 0 {
		t.Errorf("the owner got %s, want %s", got, *paid.LinkAvailable)
	}
}
