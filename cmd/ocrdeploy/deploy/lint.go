package deploy

import (
	"context"
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/offchain/config"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// lintNetwork says what is wrong with the network file as such, by the rules of oracles, of contracts, and of good sense.
func (p *Plan) lintNetwork(development bool) {
	network := p.Network
	for _, err := range network.Check() {
		p.note(config.SeverityError, err.Path, "%s", err.Problem)
	}
	if _, err := p.entry.protocol.fields(network); err != nil {
		p.note(config.SeverityError, "config", "%v", err)
		return
	}
	for _, finding := range p.entry.protocol.lint(network, development) {
		finding.Field = fileField(finding.Field, network.Contract.Kind)
		if finding.Field == "config.s" && network.Config.S == nil {
			continue // the automatic schedule follows from the oracles
		}
		p.Findings = append(p.Findings, finding)
	}
	if network.Config.F == 0 {
		p.note(config.SeverityError, "config.f", "the contract refuses 0; use at least 4 oracles and f = 1")
	}
	for i, oracle := range network.Oracles {
		if kind := network.Contract.Kind; kind.SignerField() == "onchainAddress" && oracle.Public.OnchainAddress == [20]byte{} {
			p.note(config.SeverityError, fmt.Sprintf("oracles[%d].onchainAddress", i), "the zero address cannot sign; the contract refuses it")
		}
		if oracle.Public.TransmitAccount == [20]byte{} {
			p.note(config.SeverityError, fmt.Sprintf("oracles[%d].transmitAccount", i), "nobody can send from the zero address")
		}
	}
	p.entry.contract.lint(p)
	if m := network.Config.Plugin.Median; m != nil {
		if m.AlphaReportInfinite && m.DeltaC == 0 {
			p.note(config.SeverityWarning, "config.plugin.median", "alphaReport is infinite and deltaC 0: every round makes a report, whatever the value")
		}
	}
}

// fileField returns the path in the network file of a field of a protocol's PublicConfig.
func fileField(field string, kind netfile.Kind) string {
	if rest, ok := strings.CutPrefix(field, "OracleIdentities"); ok {
		index, name, _ := strings.Cut(rest, ".")
		if name == "" {
			return "oracles" + index
		}
		if name == "TransmitAccount" || name == "OffchainPublicKey" {
			return "oracles" + index + "." + strings.ToLower(name[:1]) + name[1:]
		}
		if name == "OnchainPublicKey" {
			return "oracles" + index + "." + kind.SignerField()
		}
		return "oracles" + index + "." + strings.Replace(name, "PeerID", "peerID", 1)
	}
	for old, name := range map[string]string{"Signers": kind.SignerField(), "Transmitters": "transmitAccount", "PeerIDs": "peerID", "OffchainPublicKeys": "offchainPublicKey"} {
		if rest, ok := strings.CutPrefix(field, old+"["); ok {
			return "oracles[" + rest + "." + name
		}
	}
	parts := strings.Split(field, " + ")
	for i, part := range parts {
		if part != "" {
			parts[i] = strings.ToLower(part[:1]) + part[1:]
		}
	}
	return "config." + strings.Join(parts, " + ")
}

// lintState says what there is to say about the contract as it is.
func (p *Plan) lintState() {
	p.lintOwner()
	s := p.State
	switch {
	case s.LinkErr != nil:
		p.note(config.SeverityWarning, "contract.link", "the balance cannot be read: %v", s.LinkErr)
	case s.LinkAvailable != nil && s.LinkAvailable.Sign() < 0:
		p.note(config.SeverityWarning, "contract.link", "the contract owes %s LINK more than it has; setting prices or a config pays all oracles and would fail: send it LINK first", Juels(new(big.Int).Neg(s.LinkAvailable)))
	}
}

// lintOwner says whether the transactions are those of the owner.
func (p *Plan) lintOwner() {
	s := p.State
	if p.From != (common.Address{}) && p.From != s.Owner && len(p.Steps) > 0 {
		p.note(config.SeverityError, "owner", "%v: the owner is %s, the transactions would come from %s; use the owner's key, or make a batch for a multisig", ErrNotOwner, s.Owner, p.From)
	}
}

// lintAccounts looks at the money of the accounts that send transactions.
func (p *Plan) lintAccounts(ctx context.Context, client Client) error {
	for i, oracle := range p.Network.Oracles {
		account := common.Address(oracle.Public.TransmitAccount)
		balance, err := client.BalanceAt(ctx, account, nil)
		if err != nil {
			return explain(err, "balance of %s", account)
		}
		if balance.Sign() == 0 {
			p.note(config.SeverityWarning, fmt.Sprintf("oracles[%d].transmitAccount", i), "%s of %s has no money for gas: fund it before the oracle starts", account, p.Network.OracleName(i))
		}
	}
	for _, step := range p.Steps {
		if step.Kind == StepSetConfig && step.Data == nil && p.Contract != (common.Address{}) && len(p.Errors()) == 0 {
			p.note(config.SeverityError, "dealer.seedFile", "%v: setting a config needs it; make one with `ocrdeploy keys dealer` or say where it is", ErrNoSeed)
		}
	}
	if p.From == (common.Address{}) || len(p.Steps) == 0 {
		return nil
	}
	var err error
	if p.Balance, err = client.BalanceAt(ctx, p.From, nil); err != nil {
		return explain(err, "balance of %s", p.From)
	}
	gas, _ := p.Gas()
	if cost := new(big.Int).Mul(p.GasPrice, new(big.Int).SetUint64(gas)); cost.Cmp(p.Balance) > 0 {
		p.note(config.SeverityError, "from", "%v: %s has %s, about %s is needed at the present gas price", ErrFunds, p.From, Ether(p.Balance), Ether(cost))
	}
	return nil
}

// Juels shows an amount of the token in whole units.
func Juels(amount *big.Int) string { return Decimal(amount, 18) }

// Ether shows an amount of wei.
func Ether(wei *big.Int) string { return Decimal(wei, 18) + " ether" }

// Decimal shows v * 10^-decimals, without trailing zeros.
func Decimal(v *big.Int, decimals int) string {
	text := new(big.Int).Abs(v).String()
	if len(text) <= decimals {
		text = strings.Repeat("0", decimals+1-len(text)) + text
	}
	whole, fraction := text[:len(text)-decimals], strings.TrimRight(text[len(text)-decimals:], "0")
	if fraction != "" {
		whole += "." + fraction
	}
	if v.Sign() < 0 {
		whole = "-" + whole
	}
	return whole
}
