package deploy

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"

	"github.com/ocrkit/ocrkit/gen/ocr1"
	"github.com/ocrkit/ocrkit/gen/ocr1/accesscontrolledoffchainaggregator"
	"github.com/ocrkit/ocrkit/offchain/config/ocr1config"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/ocr1confighelper"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// givenOracles is what the operators of a network give for the new feed: their public keys, in another order.
func givenOracles(network *netfile.Network) []netfile.Oracle {
	var given []netfile.Oracle
	for _, oracle := range slices.Backward(network.Oracles) {
		given = append(given, netfile.Oracle{Name: oracle.Name + " of new", Public: oracle.Public, KeyFile: oracle.Name + ".json"})
	}
	return given
}

// TestMigrate takes a feed of OCR1 that was deployed from a network file to OCR2, and deploys what comes out.
func TestMigrate(t *testing.T) {
	old := testOCR1Network(t, 4)
	old.Config.S = []int{1, 1, 2}
	old.Contract.Validator = &netfile.Validator{Address: common.Address{9}, GasLimit: 70_000}
	c := deploy(t, old)
	ctx := context.Background()
	access := accesscontrolledoffchainaggregator.NewAccessControlledOffchainAggregator()
	for _, call := range [][]byte{access.PackAddAccess(common.Address{1}), access.PackAddAccess(common.Address{2}), access.PackRemoveAccess(common.Address{1})} {
		c.sendRaw(t, &old.Contract.Address, call)
	}

	m, err := Migrate(ctx, c, old.Contract.Address, MigrateOptions{Oracles: givenOracles(old), SeedFile: "dealer.json"})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Missing()) > 0 || len(m.Findings) > 0 {
		t.Fatalf("missing %v, findings %v", m.Missing(), m.Findings)
	}
	state, err := ReadState(ctx, c, old.Contract.Address)
	if err != nil {
		t.Fatal(err)
	}
	want := &netfile.Network{
		Name:  "ETH / USD",
		Chain: netfile.Chain{ID: simulatedChainID},
		Contract: netfile.Contract{
			Kind: netfile.KindAccessControlledAggregator, Link: state.Settings.Link, MinAnswer: old.Contract.MinAnswer, MaxAnswer: old.Contract.MaxAnswer,
			Decimals: 8, Description: "ETH / USD",
			BillingAccessController: state.Settings.BillingAccessController, RequesterAccessController: state.Settings.RequesterAccessController,
			Billing:   &netfile.Billing{MaximumGasPriceGwei: 3000, ReasonableGasPriceGwei: 100, ObservationPaymentGjuels: 500, TransmissionPaymentGjuels: 600, AccountingGas: 8000},
			Validator: old.Contract.Validator,
		},
		Config: netfile.Config{
			F: 1, DeltaProgress: 5 * time.Second, DeltaResend: 2 * time.Second, DeltaRound: time.Second, DeltaGrace: 100 * time.Millisecond, DeltaStage: 10 * time.Second,
			RMax: 6, S: []int{1, 1, 2},
			MaxDurationQuery: 200 * time.Millisecond, MaxDurationObservation: 1666 * time.Millisecond, MaxDurationReport: 500 * time.Millisecond,
			MaxDurationShouldAcceptFinalizedReport: 500 * time.Millisecond, MaxDurationShouldTransmitAcceptedReport: 500 * time.Millisecond,
			Plugin: netfile.Plugin{Median: &median.OffchainConfig{AlphaReportPPB: 5_000_000, AlphaAcceptPPB: 5_000_000, DeltaC: time.Hour}},
		},
		Dealer: netfile.Dealer{SeedFile: "dealer.json"},
	}
	for i, oracle := range old.Oracles {
		want.Oracles = append(want.Oracles, netfile.Oracle{
			Name: fmt.Sprintf("oracle-%d of new", i), Public: oracle.Public, Payee: oracle.Payee, KeyFile: fmt.Sprintf("oracle-%d.json", i),
		})
	}
	if !reflect.DeepEqual(m.Network, want) {
		t.Errorf("network\n%+v, want\n%+v", m.Network, want)
	}

	file, err := m.File()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "migrated.golden", string(file))
	network, err := netfile.Parse(file)
	if err != nil || !reflect.DeepEqual(network, m.Network) {
		t.Fatalf("read back (%v)\n%+v, want\n%+v", err, network, m.Network)
	}
	result, err := Apply(ctx, c, network, c.options())
	if err != nil {
		t.Fatal(err)
	}
	network.Contract.Address = result.Contract
	bundles := make(map[int]*keys.Bundle)
	for i, bundle := range testBundles(t, 4) {
		bundles[i] = bundle
	}
	v, err := Verify(ctx, c, network, Options{Seed: testSeed}, bundles)
	if err != nil || !v.OK() || result.Contract == old.Contract.Address {
		t.Errorf("the new feed is not verified: %+v (%v)", v, err)
	}
	for _, check := range v.Checks {
		if check.Status != CheckOK {
			t.Errorf("%+v", check)
		}
	}
}

// TestMigrateWithoutKeys makes a file with places that must be filled in, which is refused until they are.
func TestMigrateWithoutKeys(t *testing.T) {
	old := testOCR1Network(t, 4)
	c := deploy(t, old)
	ctx := context.Background()
	m, err := Migrate(ctx, c, old.Contract.Address, MigrateOptions{Oracles: givenOracles(old)[:2]})
	if err != nil {
		t.Fatal(err)
	}
	var missing []string
	for _, note := range m.Missing() {
		missing = append(missing, note.Field)
	}
	if !slices.Equal(missing, []string{"oracles[0].configEncryptionPublicKey", "oracles[1].configEncryptionPublicKey"}) {
		t.Errorf("missing %q", missing)
	}
	if m.Network.Config.S != nil {
		t.Errorf("schedule %v, want auto", m.Network.Config.S)
	}
	file, err := m.File()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := netfile.Parse(file); err == nil || !strings.Contains(err.Error(), "oracles[1].configEncryptionPublicKey: is missing") {
		t.Errorf("parsed: %v", err)
	}
	text := string(file)
	for i := range 2 {
		text = strings.Replace(text, "configEncryptionPublicKey:\n", "configEncryptionPublicKey: "+old.Oracles[i].Public.ConfigEncryptionPublicKey.String()+"\n", 1)
	}
	filled, err := netfile.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		if filled.Oracles[i].Public != old.Oracles[i].Public {
			t.Errorf("oracle %d is %+v", i, filled.Oracles[i].Public)
		}
	}
}

// TestMigrateWithOtherKeys gives oracles that have new keys for OCR2, and ones that cannot be.
func TestMigrateWithOtherKeys(t *testing.T) {
	old := testOCR1Network(t, 4)
	c := deploy(t, old)
	ctx := context.Background()
	fresh, stranger := testBundles(t, 6)[4].Public(), testBundles(t, 6)[5].Public()
	given := givenOracles(old)
	given[3].Public = fresh // of oracle 0, which keeps its peer id alone
	given[3].Public.PeerID = old.Oracles[0].Public.PeerID
	given[2].Payee = common.Address{3}
	m, err := Migrate(ctx, c, old.Contract.Address, MigrateOptions{Oracles: given})
	if err != nil {
		t.Fatal(err)
	}
	var changed []string
	for _, note := range m.Notes {
		if note.Kind == NoteChanged {
			changed = append(changed, note.Field)
		}
	}
	if want := []string{"oracles[1].payee", "oracles[0].onchainAddress", "oracles[0].transmitAccount", "oracles[0].offchainPublicKey"}; !slices.Equal(changed, want) {
		t.Errorf("changed %q, want %q", changed, want)
	}
	if m.Network.Oracles[0].Public != given[3].Public || m.Network.Oracles[0].Payee != old.Oracles[0].Payee || m.Network.Oracles[1].Payee != (common.Address{3}) {
		t.Errorf("oracles %+v", m.Network.Oracles[:2])
	}
	if file, err := m.File(); err != nil || !strings.Contains(string(file), "changed: was given for the new feed; the old one pays "+old.Oracles[1].Payee.Hex()) {
		t.Errorf("%v\n%s", err, file)
	}

	for name, test := range map[string]struct {
		given []netfile.Oracle
		want  string
	}{
		"a stranger": {[]netfile.Oracle{{Name: "eve", Public: stranger}}, "eve: none of its keys"},
		"twice":      {[]netfile.Oracle{given[0], {Public: given[0].Public}}, "oracle-3 of new and given oracle 1 are both oracle 3"},
		"of two": {[]netfile.Oracle{{Public: keys.Public{
			OnchainAddress: old.Oracles[1].Public.OnchainAddress, PeerID: old.Oracles[2].Public.PeerID,
		}}}, "by its onchainAddress it is oracle 1 of the old feed, by its peerID oracle 2"},
		"nothing": {[]netfile.Oracle{{}}, "given oracle 0: none of its keys"},
	} {
		if _, err := Migrate(ctx, c, old.Contract.Address, MigrateOptions{Oracles: test.given}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

// TestMigrateWhatOCR1Allows has a config that OCR1 takes and OCR2 does not.
func TestMigrateWhatOCR1Allows(t *testing.T) {
	old := testOCR1Network(t, 4)
	c := deploy(t, old)
	ctx := context.Background()
	in, err := old.OCR1SetConfigInput()
	if err != nil {
		t.Fatal(err)
	}
	cfg := in.Complete()
	cfg.OracleIdentities[1].PeerID = "not a peer id"
	cfg.OracleIdentities[2].OffchainPublicKey = cfg.OracleIdentities[3].OffchainPublicKey
	cfg.DeltaProgress, cfg.DeltaRound, cfg.DeltaGrace, cfg.DeltaResend = 3*time.Millisecond, 2*time.Millisecond, 0, 0
	composed, err := ocr1confighelper.DeriveSecrets(testSeed, "test", in)
	if err != nil {
		t.Fatal(err)
	}
	call, err := ocr1confighelper.NewSetConfigArgs(big.NewInt(simulatedChainID), 0, in, composed)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := ocr1config.Parse(call.Encoded)
	if err != nil {
		t.Fatal(err)
	}
	if call.Encoded, err = ocr1config.Encode(cfg, parsed.Encryptions); err != nil {
		t.Fatal(err)
	}
	c.sendRaw(t, &old.Contract.Address, ocr1.AppendSetConfig(nil, call))

	m, err := Migrate(ctx, c, old.Contract.Address, MigrateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var missing []string
	for _, note := range m.Missing() {
		missing = append(missing, note.Field)
	}
	if !slices.Contains(missing, "oracles[1].peerID") || len(missing) != 5 {
		t.Errorf("missing %q", missing)
	}
	if _, err := m.File(); err != nil {
		t.Error(err)
	}

	given := givenOracles(old)
	given[1].Public.OffchainPublicKey = old.Oracles[3].Public.OffchainPublicKey // as on chain
	_, err = Migrate(ctx, c, old.Contract.Address, MigrateOptions{Oracles: given})
	if err == nil || !strings.Contains(err.Error(), "by its offchainPublicKey oracle") {
		t.Errorf("one key of two oracles: %v", err)
	}
	given = givenOracles(old)
	for i := range given {
		given[i].Public.OffchainPublicKey = keys.HexKey{byte(i), 1}
	}
	if m, err = Migrate(ctx, c, old.Contract.Address, MigrateOptions{Oracles: given}); err != nil {
		t.Fatal(err)
	}
	var fields []string
	for _, finding := range m.Findings {
		fields = append(fields, finding.Field)
	}
	for _, want := range []string{"config.deltaProgress", "config.deltaResend"} {
		if !slices.Contains(fields, want) {
			t.Errorf("findings %v, without %s", m.Findings, want)
		}
	}
	if _, err := m.File(); err != nil {
		t.Error(err)
	}
}

// youngNode has logs of single blocks only, as a node that has pruned the old ones, or does not search.
type youngNode struct{ Client }

func (n youngNode) FilterLogs(ctx context.Context, query ethereum.FilterQuery) ([]ethtypes.Log, error) {
	if query.FromBlock.Cmp(query.ToBlock) != 0 {
		return nil, errors.New("the range of blocks is too large")
	}
	return n.Client.FilterLogs(ctx, query)
}

// TestMigrateFromYoungNode cannot see payees and readers. The description is what somebody else wrote.
func TestMigrateFromYoungNode(t *testing.T) {
	old := testOCR1Network(t, 4)
	old.Contract.Description = "evil: #\n\tcontract:\n  address: 0x1\r\u2028oracles: []"
	c := deploy(t, old)
	m, err := Migrate(context.Background(), youngNode{c}, old.Contract.Address, MigrateOptions{Oracles: givenOracles(old)})
	if err != nil {
		t.Fatal(err)
	}
	var missing []string
	for _, note := range m.Missing() {
		missing = append(missing, note.Field)
	}
	if !slices.Equal(missing, []string{"oracles[0].payee", "oracles[1].payee", "oracles[2].payee", "oracles[3].payee"}) {
		t.Errorf("missing %q", missing)
	}
	if !slices.ContainsFunc(m.Notes, func(n Note) bool {
		return n.Field == "access list" && strings.Contains(n.Text, "of which the node has no logs")
	}) {
		t.Errorf("notes %+v", m.Notes)
	}
	file, err := m.File()
	if err != nil {
		t.Fatal(err)
	}
	// A payee may stay empty: plan warns of it.
	if network, err := netfile.Parse(file); err != nil || !reflect.DeepEqual(network, m.Network) || network.Contract.Description != old.Contract.Description {
		t.Errorf("%v\n%s", err, file)
	}
}

func TestMigrateRefuses(t *testing.T) {
	ctx := context.Background()
	c, ocr2 := deployed(t)
	if _, err := Migrate(ctx, c, ocr2.Contract.Address, MigrateOptions{}); !errors.Is(err, ErrNoContract) || !strings.Contains(err.Error(), "only contracts of OCR1") {
		t.Errorf("a contract of OCR2: %v", err)
	}
	if _, err := Migrate(ctx, c, common.Address{1, 2}, MigrateOptions{}); !errors.Is(err, ErrNoContract) {
		t.Errorf("no contract: %v", err)
	}

	old := testOCR1Network(t, 4)
	c = newChain(t, old)
	c.sendRaw(t, nil, ocr1Aggregator.deployment(&old.Contract))
	receipt, err := c.TransactionReceipt(ctx, c.sent[0].Hash())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Migrate(ctx, c, receipt.ContractAddress, MigrateOptions{}); !errors.Is(err, ErrNoConfig) {
		t.Errorf("no config: %v", err)
	}

	old = testOCR1Network(t, 4)
	c = deploy(t, old)
	call := ocr1.SetConfigCall{Threshold: 1, EncodedConfigVersion: 1, Encoded: []byte("garbage")}
	call.Signers, call.Transmitters = old.Addresses()
	c.sendRaw(t, &old.Contract.Address, ocr1.AppendSetConfig(nil, &call))
	if _, err := Migrate(ctx, c, old.Contract.Address, MigrateOptions{}); !errors.Is(err, ErrBadConfig) {
		t.Errorf("garbage: %v", err)
	}
}
