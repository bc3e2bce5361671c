package deploy

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/config/ocr1config"
	"github.com/ocrkit/ocrkit/offchain/evm"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// NoteKind says what a Note is about.
type NoteKind string

// The kinds of notes.
const (
	// NoteMissing: the chain does not have the value. It must be filled in: netfile.Parse refuses the file before; only payees may be
	// left open for the time being.
	NoteMissing NoteKind = "missing"
	// NoteChosen: OCR1 has no such value, one to begin with was chosen.
	NoteChosen NoteKind = "chosen"
	// NoteChanged: what was given for the new feed is not what the old one has.
	NoteChanged NoteKind = "changed"
	// NoteGone: the old feed has it, OCR2 has nothing like it.
	NoteGone NoteKind = "gone"
	// NoteByHand: it has to be done by hand when feeds are switched.
	NoteByHand NoteKind = "by hand"
)

// Note is about one value of a feed that did not simply move into the network file of the new one.
type Note struct {
	Kind NoteKind `json:"kind"`
	// Field is the place in the new network file; of what is gone or to be done by hand, the name of the thing.
	Field string `json:"field"`
	Text  string `json:"text"`
}

// Migration is the network file of the OCR2 feed that replaces a feed of OCR1.
type Migration struct {
	// Status is that of the old feed.
	Status *Status
	// Network is the new one. It has no address yet. What is missing is zero in it.
	Network *netfile.Network
	// Notes are about all that did not simply move, in the order of the file.
	Notes []Note
	// Findings are what is wrong with the new network, by the rules of OCR2; nil as long as something is missing.
	Findings []config.Finding
}

// Missing returns the notes about what must be filled in.
func (m *Migration) Missing() []Note {
	var missing []Note
	for _, note := range m.Notes {
		if note.Kind == NoteMissing {
			missing = append(missing, note)
		}
	}
	return missing
}

// MigrateOptions of Migrate.
type MigrateOptions struct {
	// Oracles is what the operators gave for the new feed, in any order: at least the config encryption key, which no chain has. Who is
	// who is told by any key, address or peer id that is that of the old feed.
	Oracles []netfile.Oracle
	// SeedFile is the dealer's, as the new network file is to name it.
	SeedFile string
}

// Migrate reads a contract of OCR1 and makes the network that replaces it: the same oracles, prices, bounds and timing on OCR2. It
// only reads. It fails as ReadStatus does, with ErrNoContract for a contract that is none of OCR1, with ErrNoConfig, with ErrLogNotFound,
// with ErrBadConfig for a config that cannot be read, and when the given oracles do not fit.
func Migrate(ctx context.Context, client Client, contract common.Address, o MigrateOptions) (*Migration, error) {
	status, err := ReadStatus(ctx, client, contract, nil)
	if err != nil {
		return nil, err
	}
	kind, ok := successors[status.Kind()]
	if !ok {
		return nil, fmt.Errorf("%w: %s is %.80q: only contracts of OCR1 can be migrated", ErrNoContract, contract, status.TypeAndVersion)
	}
	cfg, err := readOCR1Config(ctx, client, status.State)
	if err != nil {
		return nil, err
	}
	m := &Migration{Status: status, Network: &netfile.Network{
		Name:   status.Settings.Description,
		Chain:  netfile.Chain{ID: status.ChainID},
		Dealer: netfile.Dealer{SeedFile: o.SeedFile},
	}}
	m.contract(kind)
	m.config(cfg)
	if err := m.oracles(cfg, o.Oracles); err != nil {
		return nil, err
	}
	m.byHand(ctx, client)
	if len(m.Missing()) == 0 {
		for _, problem := range m.Network.Check() {
			m.Findings = append(m.Findings, config.Finding{Field: problem.Path, Severity: config.SeverityError, Message: problem.Problem})
		}
		for _, finding := range (ocr2Protocol{}).lint(m.Network, false) {
			finding.Field = fileField(finding.Field, kind)
			m.Findings = append(m.Findings, finding)
		}
	}
	return m, nil
}

// successors are the kinds that replace those of OCR1.
var successors = map[netfile.Kind]netfile.Kind{
	netfile.KindOCR1Aggregator:                 netfile.KindAggregator,
	netfile.KindOCR1AccessControlledAggregator: netfile.KindAccessControlledAggregator,
}

// readOCR1Config returns the config in force as oracles in development mode would take it: what else OCR2 demands is for its own rules.
func readOCR1Config(ctx context.Context, client Client, s *State) (ocr1config.PublicConfig, error) {
	none := ocr1config.PublicConfig{}
	switch {
	case s.ConfigCount == 0:
		return none, fmt.Errorf("contract %s: %w: there is nothing to migrate", s.Contract, ErrNoConfig)
	case s.ConfigErr != nil:
		return none, s.ConfigErr
	}
	tracker := evm.NewOCR1ConfigTracker(evm.OCR1ConfigTrackerOptions{Client: client, Contract: s.Contract})
	cc, err := tracker.ConfigFromLogs(ctx, uint64(s.ConfigBlock))
	if err != nil {
		return none, fmt.Errorf("%w: %w", ErrNode, err)
	}
	if digest := Digest(cc.ConfigDigest[:]); digest != s.ConfigDigest {
		return none, fmt.Errorf("%w: the config of block %d has digest %s, the contract says %s", ErrNode, s.ConfigBlock, digest, s.ConfigDigest)
	}
	cfg, err := ocr1config.PublicConfigFromContractConfig(nil, true, cc)
	if err != nil {
		return none, fmt.Errorf("%w: %w", ErrBadConfig, err)
	}
	return cfg, nil
}

func (m *Migration) note(kind NoteKind, field, text string, args ...any) {
	m.Notes = append(m.Notes, Note{kind, field, fmt.Sprintf(text, args...)})
}

// accountingGas is what the template of a feed of OCR2 has.
const accountingGas = 8000

// juelsPerMicroLink is how many juels a millionth of a LINK has.
const juelsPerMicroLink = 1_000_000_000_000

func (m *Migration) contract(kind netfile.Kind) {
	old := m.Status.Settings
	c := &m.Network.Contract
	*c = netfile.Contract{
		Kind: kind, Link: old.Link, MinAnswer: old.MinAnswer, MaxAnswer: old.MaxAnswer, Decimals: old.Decimals, Description: old.Description,
		BillingAccessController: old.BillingAccessController, RequesterAccessController: old.RequesterAccessController,
	}
	if b := old.OCR1Billing; b != nil {
		c.Billing = &netfile.Billing{
			MaximumGasPriceGwei: b.MaximumGasPriceGwei, ReasonableGasPriceGwei: b.ReasonableGasPriceGwei,
			ObservationPaymentGjuels: b.LinkGweiPerObservation, TransmissionPaymentGjuels: b.LinkGweiPerTransmission, AccountingGas: accountingGas,
		}
		m.note(NoteChosen, "contract.billing.accountingGas", "in OCR1 it is built into the contract; %d is what the accounting takes about", accountingGas)
		juels := new(big.Int).Mul(big.NewInt(int64(b.MicroLinkPerEth)), big.NewInt(juelsPerMicroLink))
		m.note(NoteGone, "microLinkPerEth", "%d (%s LINK for one ETH): in OCR2 the oracles observe the price of the fee coin; give each node a source of juelsPerFeeCoin, which would be %s",
			b.MicroLinkPerEth, Decimal(big.NewInt(int64(b.MicroLinkPerEth)), 6), juels)
	}
	if v := old.Validator; v != nil && v.Address != (common.Address{}) {
		c.Validator = v
		m.note(NoteByHand, "validator", "%s has to admit calls of the new contract, if it asks who calls", v.Address)
	}
}

func (m *Migration) config(cfg ocr1config.PublicConfig) {
	c := &m.Network.Config
	*c = netfile.Config{
		F: cfg.F, DeltaProgress: cfg.DeltaProgress, DeltaResend: cfg.DeltaResend, DeltaRound: cfg.DeltaRound, DeltaGrace: cfg.DeltaGrace,
		DeltaStage: cfg.DeltaStage, RMax: uint64(cfg.RMax), S: cfg.S,
		Plugin: netfile.Plugin{Median: &median.OffchainConfig{AlphaReportPPB: cfg.AlphaPPB, AlphaAcceptPPB: cfg.AlphaPPB, DeltaC: cfg.DeltaC}},
	}
	if m.Network.Oracles = make([]netfile.Oracle, cfg.N()); slices.Equal(c.S, (&netfile.Network{Oracles: m.Network.Oracles}).Schedule()) {
		c.S = nil // auto
	}
	// The three that make a round must leave something of DeltaProgress.
	for _, limit := range []struct {
		name   string
		at     *time.Duration
		usual  time.Duration
		share  time.Duration // of DeltaProgress, at most
		reason string
	}{
		{"maxDurationQuery", &c.MaxDurationQuery, 200 * time.Millisecond, 20, "the median plugin has no query"},
		{"maxDurationObservation", &c.MaxDurationObservation, 2 * time.Second, 3, "in OCR1 each node has its own DataSourceTimeout"},
		{"maxDurationReport", &c.MaxDurationReport, 500 * time.Millisecond, 10, "OCR1 has no plugin"},
		{"maxDurationShouldAcceptFinalizedReport", &c.MaxDurationShouldAcceptFinalizedReport, 500 * time.Millisecond, 10, "OCR1 has no plugin"},
		{"maxDurationShouldTransmitAcceptedReport", &c.MaxDurationShouldTransmitAcceptedReport, 500 * time.Millisecond, 10, "OCR1 has no plugin; each node has its own BlockchainTimeout"},
	} {
		*limit.at = min(limit.usual, (cfg.DeltaProgress / limit.share).Truncate(time.Millisecond))
		m.note(NoteChosen, "config."+limit.name, "%s", limit.reason)
	}
	m.note(NoteGone, "shared secret", "the new feed has one of its own, from the dealer's seed")
	m.note(NoteGone, "settings of nodes", "DataSourceTimeout, DataSourceGracePeriod and config overrides are not on chain and have nothing like them in OCR2: maxDurationObservation bounds observations, alphaReport, alphaAccept and deltaC hold for all")
}

// oracles takes those of the old feed, and what was given for the new one.
func (m *Migration) oracles(cfg ocr1config.PublicConfig, given []netfile.Oracle) error {
	list := m.Network.Oracles
	for i, identity := range cfg.OracleIdentities {
		oracle := &list[i]
		oracle.Name = fmt.Sprintf("oracle-%d", i)
		oracle.Public = keys.Public{
			OffchainPublicKey: keys.HexKey(identity.OffchainPublicKey),
			OnchainAddress:    keys.Address(identity.OnChainSigningAddress),
			TransmitAccount:   keys.Address(identity.TransmitAddress),
		}
		if id, err := peerid.Parse(identity.PeerID); err == nil {
			oracle.Public.PeerID = id
		}
		if i < len(m.Status.Oracles) && common.IsHexAddress(m.Status.Oracles[i].Payee) {
			oracle.Payee = common.HexToAddress(m.Status.Oracles[i].Payee)
		}
	}
	onChain := slices.Clone(list)
	found := make(map[int]int)
	for g, oracle := range given {
		i, err := whose(onChain, oracle)
		if err != nil {
			return fmt.Errorf("%s: %w", givenName(g, oracle), err)
		}
		if first, ok := found[i]; ok {
			return fmt.Errorf("%s and %s are both oracle %d of the old feed", givenName(first, given[first]), givenName(g, oracle), i)
		}
		found[i] = g
		m.takeOracle(i, oracle)
	}
	for i, oracle := range list {
		m.missing(i, oracle, cfg.OracleIdentities[i].PeerID)
	}
	return nil
}

func givenName(g int, oracle netfile.Oracle) string {
	if oracle.Name != "" {
		return oracle.Name
	}
	return fmt.Sprintf("given oracle %d", g)
}

// identifiers are what an oracle is told by, by their names in the file; those that are not known are left out.
func identifiers(oracle netfile.Oracle) []Field {
	public := oracle.Public
	var all []Field
	for _, id := range []struct {
		field Field
		known bool
	}{
		{field("onchainAddress", public.OnchainAddress.String()), public.OnchainAddress != keys.Address{}},
		{field("transmitAccount", public.TransmitAccount.String()), public.TransmitAccount != keys.Address{}},
		{field("offchainPublicKey", public.OffchainPublicKey.String()), public.OffchainPublicKey != keys.HexKey{}},
		{field("peerID", public.PeerID.String()), public.PeerID != peerid.PeerID{}},
	} {
		if id.known {
			all = append(all, id.field)
		}
	}
	return all
}

// whose finds the oracle of the old feed that was given.
func whose(onChain []netfile.Oracle, given netfile.Oracle) (int, error) {
	found, by := -1, ""
	for _, id := range identifiers(given) {
		for i, oracle := range onChain {
			if !slices.Contains(identifiers(oracle), id) {
				continue
			}
			if found >= 0 && found != i {
				return 0, fmt.Errorf("by its %s it is oracle %d of the old feed, by its %s oracle %d", by, found, id.Name, i)
			}
			found, by = i, id.Name
		}
	}
	if found < 0 {
		return 0, fmt.Errorf("none of its keys, addresses and peer id is one of an oracle of the old feed")
	}
	return found, nil
}

// takeOracle takes what was given for oracle i.
func (m *Migration) takeOracle(i int, given netfile.Oracle) {
	oracle := &m.Network.Oracles[i]
	before := identifiers(*oracle)
	if given.Name != "" {
		oracle.Name = given.Name
	}
	oracle.Public, oracle.KeyFile = given.Public, given.KeyFile
	for _, id := range identifiers(given) {
		if slices.Contains(before, id) {
			continue
		}
		old := "none that can be read"
		if at := slices.IndexFunc(before, func(f Field) bool { return f.Name == id.Name }); at >= 0 {
			old = before[at].Value
		}
		m.note(NoteChanged, fmt.Sprintf("oracles[%d].%s", i, id.Name), "was given for the new feed; the old one has %s", old)
	}
	if given.Payee == (common.Address{}) || given.Payee == oracle.Payee {
		return
	}
	if oracle.Payee != (common.Address{}) {
		m.note(NoteChanged, fmt.Sprintf("oracles[%d].payee", i), "was given for the new feed; the old one pays %s", oracle.Payee)
	}
	oracle.Payee = given.Payee
}

// missing notes what is not known of oracle i.
func (m *Migration) missing(i int, oracle netfile.Oracle, peerID string) {
	field := func(name string) string { return fmt.Sprintf("oracles[%d].%s", i, name) }
	if oracle.Public.ConfigEncryptionPublicKey == (keys.HexKey{}) {
		m.note(NoteMissing, field("configEncryptionPublicKey"), "FILL IN: it is not on chain; the operator of peer %.80q has it (`ocrdeploy keys show`)", peerID)
	}
	if oracle.Public.PeerID == (peerid.PeerID{}) {
		m.note(NoteMissing, field("peerID"), "FILL IN: the old feed has %.80q, which is no peer id", peerID)
	}
	if oracle.Payee == (common.Address{}) {
		m.note(NoteMissing, field("payee"), "FILL IN: the node does not have the logs that name it; an archive node has them, the operator knows it")
	}
}

// byHand notes what no network file says.
func (m *Migration) byHand(ctx context.Context, client Client) {
	s := m.Status
	if s.Kind() == netfile.KindOCR1AccessControlledAggregator {
		m.note(NoteByHand, "access list", "%s: call addAccess of the new contract for each, or disableAccessCheck", readers(ctx, client, s.State))
	}
	m.note(NoteByHand, "owner", "the old contract belongs to %s; the new one belongs to whoever deploys it until transferOwnership and acceptOwnership", s.Owner)
	if s.LinkAvailable != nil {
		has := "has " + Juels(s.LinkAvailable) + " LINK beyond that"
		if s.LinkAvailable.Sign() < 0 {
			has = "lacks " + Juels(new(big.Int).Neg(s.LinkAvailable)) + " LINK for that, which it must have before it can pay"
		}
		m.note(NoteByHand, "LINK", "the old contract owes its oracles %s LINK and %s: fund the new one; when the old feed has stopped, set its config or its prices once more to pay all oracles, then withdrawFunds",
			Juels(s.Owed()), has)
	}
	m.note(NoteGone, "rounds", "the new contract begins with round 1; the %s rounds of the old one stay there", s.RoundID)
	m.note(NoteByHand, "consumers", "they, or the proxy that they read, have to be pointed to the new contract; do so when it has answers")
}
