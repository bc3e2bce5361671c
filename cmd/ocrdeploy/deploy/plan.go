package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/offchain/config"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// StepKind says what a transaction does.
type StepKind string

// The steps, in the order in which they happen.
const (
	StepDeployLink                   StepKind = "deploy-link-token"
	StepDeployBillingController      StepKind = "deploy-billing-access-controller"
	StepDeployRequesterController    StepKind = "deploy-requester-access-controller"
	StepDeployAggregator             StepKind = "deploy-aggregator"
	StepSetBillingAccessController   StepKind = "set-billing-access-controller"
	StepSetRequesterAccessController StepKind = "set-requester-access-controller"
	StepSetValidator                 StepKind = "set-validator"
	StepSetBilling                   StepKind = "set-billing"
	StepSetPayees                    StepKind = "set-payees"
	StepSetConfig                    StepKind = "set-config"
)

// Step is one transaction of a plan.
type Step struct {
	Kind StepKind
	// To is the contract that is called; nil creates one.
	To   *common.Address
	Data []byte
	// Creates is the address of the contract that the step creates, where it can be foreseen.
	Creates common.Address
	// Gas is the estimate of what it uses; 0 where there is none.
	Gas uint64
}

// Description is a sentence for people.
func (s Step) Description() string {
	switch s.Kind {
	case StepDeployLink:
		return "deploy a test token for payments"
	case StepDeployBillingController:
		return "deploy the billing access controller"
	case StepDeployRequesterController:
		return "deploy the requester access controller"
	case StepDeployAggregator:
		return "deploy the aggregator"
	case StepSetBillingAccessController:
		return "set the billing access controller"
	case StepSetRequesterAccessController:
		return "set the requester access controller"
	case StepSetValidator:
		return "set the validator"
	case StepSetBilling:
		return "set the prices"
	case StepSetPayees:
		return "set payees"
	case StepSetConfig:
		return "set the config"
	}
	return string(s.Kind)
}

// Options of NewPlan, Apply and Verify.
type Options struct {
	// Seed is the dealer's, at least 32 bytes. Without it configs cannot be composed, only compared in what is public.
	Seed []byte
	// From is who is to send the transactions: the owner of the contract, or who is to deploy it. Apply takes it from the
	// signer. Zero where it is not known.
	From common.Address
	// Development admits what oracles admit in development mode only.
	Development bool

	// deployed are the contracts that earlier transactions created, by step.
	deployed map[StepKind]common.Address
}

// Plan says what is on chain, what would change, and what to think of it.
type Plan struct {
	Network *netfile.Network
	// State is nil when the aggregator does not exist.
	State *State
	// From is who would send the transactions; zero where it is not known.
	From common.Address
	// Contract is the address of the aggregator, foreseen where it does not exist; zero where that is not possible.
	Contract common.Address
	Changes  []Change
	Steps    []Step
	// Findings are errors, which keep the plan from being applied, and warnings.
	Findings []config.Finding
	// Config is the one in the network file, with the number and digest that it has or will have. Nil when it cannot be
	// composed, because of an error, a missing seed or a contract whose address is not known.
	Config *Composed
	// GasPrice is what the chain asks for at the moment, in wei.
	GasPrice *big.Int
	// Balance of From in wei; nil where From is not known.
	Balance *big.Int

	entry entry
}

// Errors returns the findings that keep the plan from being applied.
func (p *Plan) Errors() []config.Finding {
	var errs []config.Finding
	for _, finding := range p.Findings {
		if finding.Severity == config.SeverityError {
			errs = append(errs, finding)
		}
	}
	return errs
}

// Digest returns the digest that is in force when the plan is applied; empty where it cannot be foreseen.
func (p *Plan) Digest() Digest {
	if p.Config == nil {
		return ""
	}
	return p.Config.Digest
}

// Gas returns the sum of the estimates, and whether there is one for every step.
func (p *Plan) Gas() (gas uint64, complete bool) {
	complete = true
	for _, step := range p.Steps {
		gas += step.Gas
		complete = complete && step.Gas > 0
	}
	return gas, complete
}

// NewPlan compares a network with the chain. Differences and objections are in the plan; errors are ErrNode, ErrWrongChain and
// ErrNoContract; a contract of a kind that is not known is one too.
func NewPlan(ctx context.Context, client Client, network *netfile.Network, o Options) (*Plan, error) {
	e, err := entryOf(network)
	if err != nil {
		return nil, err
	}
	chainID, err := client.ChainID(ctx)
	if err != nil {
		return nil, explain(err, "chain id")
	}
	if !chainID.IsUint64() || chainID.Uint64() != network.Chain.ID {
		return nil, fmt.Errorf("%w: the node is on chain %s, the network on chain %d", ErrWrongChain, chainID, network.Chain.ID)
	}
	p := &Plan{Network: network, From: o.From, Contract: network.Contract.Address, entry: e}
	if p.Contract == (common.Address{}) {
		p.Contract = o.deployed[StepDeployAggregator]
	}
	if p.GasPrice, err = client.SuggestGasPrice(ctx); err != nil {
		return nil, explain(err, "gas price")
	}
	p.lintNetwork(o.Development)
	if p.Contract == (common.Address{}) {
		err = p.planNew(ctx, client, o)
	} else {
		err = p.planExisting(ctx, client, o)
	}
	if err != nil {
		return nil, err
	}
	if err := p.lintAccounts(ctx, client); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Plan) note(severity config.Severity, field, message string, args ...any) {
	p.Findings = append(p.Findings, config.Finding{Field: field, Severity: severity, Message: fmt.Sprintf(message, args...)})
}

// call adds a call of the contract.
func (p *Plan) call(kind StepKind, data []byte) {
	p.Steps = append(p.Steps, Step{Kind: kind, To: &p.Contract, Data: data})
}

// planNew plans the deployment of everything.
func (p *Plan) planNew(ctx context.Context, client Client, o Options) error {
	known := o.From != (common.Address{})
	var first, nonce uint64
	if known {
		var err error
		if nonce, err = client.PendingNonceAt(ctx, o.From); err != nil {
			return explain(err, "nonce of %s", o.From)
		}
		first = nonce
	} else {
		p.note(config.SeverityWarning, "contract.address", "it depends on who deploys: name the account or its key to see the address and the config digest")
	}
	create := func(kind StepKind, data []byte) common.Address {
		step := Step{Kind: kind, Data: data}
		if known {
			step.Creates = crypto.CreateAddress(o.From, nonce)
			nonce++
		}
		p.Steps = append(p.Steps, step)
		return step.Creates
	}
	wanted := p.Network.Contract
	resolved := wanted
	for _, before := range p.entry.contract.prerequisites(&resolved) {
		if !before.target.Deploy {
			continue
		}
		address, ok := o.deployed[before.step]
		if !ok {
			address = create(before.step, common.FromHex(before.code))
		}
		*before.target = netfile.Target{Address: address}
	}
	p.Contract = create(StepDeployAggregator, p.entry.contract.code(&resolved))

	for _, s := range p.entry.contract.settings() {
		fields := s.fields(&wanted, false)
		if s.inConfig || len(fields) == 0 {
			continue
		}
		p.Changes = append(p.Changes, diff(nil, fields)...)
		if !s.byConstructor {
			p.call(s.step, s.calldata(&wanted))
		}
	}
	if pay := p.entry.contract.payments(); pay != nil {
		p.planNewPayees(pay)
	}
	p.compose(o, 1)
	p.Changes = append(p.Changes, diff(nil, p.wantedFields())...)
	p.callSetConfig()
	if !known {
		return nil
	}
	return p.estimateNew(first)
}

// planExisting plans what is to change in a contract.
func (p *Plan) planExisting(ctx context.Context, client Client, o Options) error {
	state, err := readStateOf(ctx, client, p.Contract, p.entry, o.Development)
	if err != nil {
		return err
	}
	p.State = state
	wanted := p.Network.Contract
	for _, s := range p.entry.contract.settings() {
		fields := s.fields(&wanted, true)
		if len(fields) == 0 {
			continue
		}
		changes := diff(s.fields(&state.Settings, true), fields)
		for i := range changes {
			if s.step == "" {
				changes[i].Blocked = s.blocked
				p.note(config.SeverityError, changes[i].Field, "the contract has %q, the network file %q; %s", changes[i].Old, changes[i].New, s.blocked)
			}
		}
		p.Changes = append(p.Changes, changes...)
		if len(changes) > 0 && s.step != "" {
			p.call(s.step, s.calldata(&wanted))
		}
	}
	if pay := p.entry.contract.payments(); pay != nil {
		r := reader{client, p.Contract, new(big.Int).SetUint64(state.Block)}
		if err := p.planPayees(ctx, r, pay); err != nil {
			return err
		}
	}
	if err := p.planConfig(o); err != nil {
		return err
	}
	p.lintState()
	return p.estimate(ctx, client)
}

// secretsField names what cannot be shown.
const secretsField = "config.secrets"

// planConfig compares the config in force with the one in the network file.
func (p *Plan) planConfig(o Options) error {
	state := p.State
	if state.ConfigErr != nil {
		p.note(config.SeverityWarning, "config", "%v; what it was cannot be shown", state.ConfigErr)
	}
	// With the seed the config in force can be composed again, and compared to the last byte.
	if state.ConfigCount > 0 {
		p.compose(o, uint64(state.ConfigCount))
		if p.Config != nil && p.Config.Digest == state.ConfigDigest {
			return nil
		}
	}
	var old []Field
	if state.Config != nil {
		old = state.Config.Fields
		if err := state.Config.Problem(); err != nil {
			p.note(config.SeverityWarning, "config", "%v; setting this network's config repairs it", err)
		}
	}
	changes := diff(old, p.wantedFields())
	switch {
	case len(changes) > 0:
		p.Changes = append(p.Changes, changes...)
	case p.Config != nil:
		p.Changes = append(p.Changes, Change{Field: secretsField, Old: "(other secrets)", New: "(secrets from the dealer's seed)"})
	case state.ConfigCount > 0:
		why := "that needs the dealer's seed"
		if len(o.Seed) > 0 {
			why = "the network has errors"
		}
		p.note(config.SeverityWarning, secretsField, "not compared: %s", why)
		return nil
	}
	p.compose(o, uint64(state.ConfigCount)+1)
	p.callSetConfig()
	return nil
}

// callSetConfig adds the call that sets the config, without data where that is not known.
func (p *Plan) callSetConfig() {
	var data []byte
	if p.Config != nil {
		data = p.Config.Calldata
	}
	p.call(StepSetConfig, data)
}

// compose sets p.Config, or notes why that is not possible, once.
func (p *Plan) compose(o Options, count uint64) {
	p.Config = nil
	if p.Contract == (common.Address{}) || len(p.Errors()) > 0 {
		return
	}
	if len(o.Seed) == 0 {
		return
	}
	composed, err := p.entry.protocol.compose(p.Network, p.Contract, count, o.Seed, o.Development)
	if err != nil {
		p.note(config.SeverityError, "config", "%v", err)
		return
	}
	p.Config = composed
}

// wantedFields are the fields of the config in the network file, which have nothing to do with secrets.
func (p *Plan) wantedFields() []Field {
	fields, err := p.entry.protocol.fields(p.Network)
	if err != nil {
		return nil // lintNetwork has said it
	}
	return fields
}

// estimate asks the node what the steps will cost.
func (p *Plan) estimate(ctx context.Context, client Client) error {
	from := p.From
	if from == (common.Address{}) {
		from = p.State.Owner
	}
	for i := range p.Steps {
		step := &p.Steps[i]
		if step.Data == nil || p.waitsForPayees(step) {
			continue
		}
		gas, err := client.EstimateGas(ctx, ethereum.CallMsg{From: from, To: step.To, Data: step.Data})
		if err == nil {
			step.Gas = gas
			continue
		}
		explained := explain(err, "%s", step.Description())
		if errors.Is(explained, ErrReverted) || errors.Is(explained, ErrFunds) {
			p.note(config.SeverityError, string(step.Kind), "the transaction would fail: %v", explained)
			continue
		}
		return explained
	}
	return nil
}

// waitsForPayees tells whether a step would fail as long as the one before it, which sets payees, is not on chain.
func (p *Plan) waitsForPayees(step *Step) bool {
	pay := p.entry.contract.payments()
	return step.Kind == StepSetConfig && pay != nil && pay.required &&
		slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Kind == StepSetPayees })
}

// same tells whether two transactions do the same.
func (s Step) same(to *common.Address, data []byte) bool {
	if (s.To == nil) != (to == nil) || to != nil && *to != *s.To {
		return false
	}
	return bytes.Equal(s.Data, data)
}
