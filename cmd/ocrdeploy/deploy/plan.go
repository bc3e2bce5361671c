package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/gen/ocr2/accesscontrolledocr2aggregator"
	"github.com/ocrkit/ocrkit/gen/ocr2/ocr2aggregator"
	"github.com/ocrkit/ocrkit/gen/ocr2/simplewriteaccesscontroller"
	"github.com/ocrkit/ocrkit/gen/ocr2/testing/linktoken"
	"github.com/ocrkit/ocrkit/offchain/config"
	"github.com/ocrkit/ocrkit/offchain/types"

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

// Digest returns the digest that is in force when the plan is applied; zero where it cannot be foreseen.
func (p *Plan) Digest() types.ConfigDigest {
	if p.Config == nil {
		return types.ConfigDigest{}
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
// ErrNoContract.
func NewPlan(ctx context.Context, client Client, network *netfile.Network, o Options) (*Plan, error) {
	chainID, err := client.ChainID(ctx)
	if err != nil {
		return nil, explain(err, "chain id")
	}
	if !chainID.IsUint64() || chainID.Uint64() != network.Chain.ID {
		return nil, fmt.Errorf("%w: the node is on chain %s, the network on chain %d", ErrWrongChain, chainID, network.Chain.ID)
	}
	p := &Plan{Network: network, From: o.From, Contract: network.Contract.Address}
	if p.Contract == (common.Address{}) {
		p.Contract = o.deployed[StepDeployAggregator]
	}
	if p.GasPrice, err = client.SuggestGasPrice(ctx); err != nil {
		return nil, explain(err, "gas price")
	}
	p.lintNetwork()
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

// planNew plans the deployment of everything.
func (p *Plan) planNew(ctx context.Context, client Client, o Options) error {
	c := p.Network.Contract
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
	resolve := func(target netfile.Target, kind StepKind, code func() []byte) common.Address {
		if !target.Deploy {
			return target.Address
		}
		if address, ok := o.deployed[kind]; ok {
			return address
		}
		return create(kind, code())
	}
	link := resolve(c.Link, StepDeployLink, func() []byte { return common.FromHex(linktoken.LinkTokenMetaData.Bin) })
	controller := func() []byte {
		return common.FromHex(simplewriteaccesscontroller.SimpleWriteAccessControllerMetaData.Bin)
	}
	billing := resolve(c.BillingAccessController, StepDeployBillingController, controller)
	requester := resolve(c.RequesterAccessController, StepDeployRequesterController, controller)
	p.Contract = create(StepDeployAggregator, deployCode(c, link, billing, requester))

	p.Changes = append(p.Changes,
		Change{Field: "contract.kind", New: string(c.Kind)},
		Change{Field: "contract.link", New: c.Link.String()},
		Change{Field: "contract.decimals", New: fmt.Sprint(c.Decimals)},
		Change{Field: "contract.description", New: c.Description},
		Change{Field: "contract.billingAccessController", New: c.BillingAccessController.String()},
		Change{Field: "contract.requesterAccessController", New: c.RequesterAccessController.String()},
	)
	call := func(kind StepKind, data []byte) {
		p.Steps = append(p.Steps, Step{Kind: kind, To: &p.Contract, Data: data})
	}
	if v := c.Validator; v != nil {
		p.Changes = append(p.Changes, diff(nil, validatorFields(*v))...)
		call(StepSetValidator, aggregator.PackSetValidatorConfig(v.Address, v.GasLimit))
	}
	if c.Billing != nil {
		p.Changes = append(p.Changes, diff(nil, billingFields(*c.Billing))...)
		call(StepSetBilling, packBilling(*c.Billing))
	}
	var transmitters, payees []common.Address
	for i, oracle := range p.Network.Oracles {
		if oracle.Payee == (common.Address{}) {
			p.noPayee(i)
			continue
		}
		p.Changes = append(p.Changes, Change{Field: fmt.Sprintf("oracles[%d].payee", i), New: oracle.Payee.Hex()})
		transmitters, payees = append(transmitters, common.Address(oracle.Public.TransmitAccount)), append(payees, oracle.Payee)
	}
	if len(transmitters) > 0 {
		call(StepSetPayees, aggregator.PackSetPayees(transmitters, payees))
	}
	p.compose(o, 1)
	p.Changes = append(p.Changes, diff(nil, p.wantedFields())...)
	var data []byte
	if p.Config != nil {
		data = p.Config.Calldata()
	}
	call(StepSetConfig, data)
	if !known {
		return nil
	}
	return p.estimateNew(first)
}

func deployCode(c netfile.Contract, link, billing, requester common.Address) []byte {
	code := ocr2aggregator.OCR2AggregatorMetaData.Bin
	if c.Kind == netfile.KindAccessControlledAggregator {
		code = accesscontrolledocr2aggregator.AccessControlledOCR2AggregatorMetaData.Bin
	}
	return append(common.FromHex(code), aggregator.PackConstructor(link, c.MinAnswer, c.MaxAnswer, billing, requester, c.Decimals, c.Description)...)
}

func packBilling(b netfile.Billing) []byte {
	return aggregator.PackSetBilling(b.MaximumGasPriceGwei, b.ReasonableGasPriceGwei, b.ObservationPaymentGjuels, b.TransmissionPaymentGjuels,
		new(big.Int).SetUint64(uint64(b.AccountingGas)))
}

func billingFields(b netfile.Billing) []Field {
	return []Field{
		{"contract.billing.maximumGasPriceGwei", fmt.Sprint(b.MaximumGasPriceGwei)},
		{"contract.billing.reasonableGasPriceGwei", fmt.Sprint(b.ReasonableGasPriceGwei)},
		{"contract.billing.observationPaymentGjuels", fmt.Sprint(b.ObservationPaymentGjuels)},
		{"contract.billing.transmissionPaymentGjuels", fmt.Sprint(b.TransmissionPaymentGjuels)},
		{"contract.billing.accountingGas", fmt.Sprint(b.AccountingGas)},
	}
}

func validatorFields(v netfile.Validator) []Field {
	return []Field{{"contract.validator.address", addressText(v.Address)}, {"contract.validator.gasLimit", fmt.Sprint(v.GasLimit)}}
}

// planExisting plans what is to change in an aggregator.
func (p *Plan) planExisting(ctx context.Context, client Client, o Options) error {
	if p.Network.Contract.Kind == netfile.KindOther {
		return p.planOther(ctx, client, o)
	}
	state, err := ReadState(ctx, client, p.Contract)
	if err != nil {
		return err
	}
	p.State = state
	r := reader{client, p.Contract, new(big.Int).SetUint64(state.Block)}
	c := p.Network.Contract
	call := func(kind StepKind, data []byte) {
		p.Steps = append(p.Steps, Step{Kind: kind, To: &p.Contract, Data: data})
	}
	p.compareFixed()
	if t := c.BillingAccessController; !t.Deploy && t.Address != state.BillingAccessController {
		p.Changes = append(p.Changes, Change{Field: "contract.billingAccessController", Old: addressText(state.BillingAccessController), New: t.String()})
		call(StepSetBillingAccessController, aggregator.PackSetBillingAccessController(t.Address))
	}
	if t := c.RequesterAccessController; !t.Deploy && t.Address != state.RequesterAccessController {
		p.Changes = append(p.Changes, Change{Field: "contract.requesterAccessController", Old: addressText(state.RequesterAccessController), New: t.String()})
		call(StepSetRequesterAccessController, aggregator.PackSetRequesterAccessController(t.Address))
	}
	if v := c.Validator; v != nil && *v != state.Validator {
		p.Changes = append(p.Changes, diff(validatorFields(state.Validator), validatorFields(*v))...)
		call(StepSetValidator, aggregator.PackSetValidatorConfig(v.Address, v.GasLimit))
	}
	if c.Billing != nil && *c.Billing != state.Billing {
		p.Changes = append(p.Changes, diff(billingFields(state.Billing), billingFields(*c.Billing))...)
		call(StepSetBilling, packBilling(*c.Billing))
	}
	if err := p.planPayees(ctx, r, call); err != nil {
		return err
	}
	if err := p.planConfig(o, call); err != nil {
		return err
	}
	p.lintState()
	return p.estimate(ctx, client)
}

// planOther plans the config of a contract of which nothing else is known.
func (p *Plan) planOther(ctx context.Context, client Client, o Options) (err error) {
	if p.State, err = readOther(ctx, client, p.Contract); err != nil {
		return err
	}
	call := func(kind StepKind, data []byte) {
		p.Steps = append(p.Steps, Step{Kind: kind, To: &p.Contract, Data: data})
	}
	if err := p.planConfig(o, call); err != nil {
		return err
	}
	p.lintOwner()
	return p.estimate(ctx, client)
}

// compareFixed compares what cannot be changed in place.
func (p *Plan) compareFixed() {
	c, state := p.Network.Contract, p.State
	fixed := func(field, old, new, blocked string) {
		if old != new {
			p.Changes = append(p.Changes, Change{Field: field, Old: old, New: new, Blocked: blocked})
		}
	}
	const redeploy = "it is fixed when the contract is deployed: correct the network file, or take out contract.address to deploy another contract"
	fixed("contract.kind", string(state.Kind()), string(c.Kind), redeploy)
	fixed("contract.minAnswer", state.MinAnswer.String(), c.MinAnswer.String(), redeploy)
	fixed("contract.maxAnswer", state.MaxAnswer.String(), c.MaxAnswer.String(), redeploy)
	fixed("contract.decimals", fmt.Sprint(state.Decimals), fmt.Sprint(c.Decimals), redeploy)
	fixed("contract.description", state.Description, c.Description, redeploy)
	if !c.Link.Deploy {
		fixed("contract.link", addressText(state.Link), c.Link.String(),
			"a new token means that all oracles are paid out in the old one and the rest goes to somebody: call setLinkToken by hand, or correct the network file")
	}
	for _, change := range p.Changes {
		if change.Blocked != "" {
			p.note(config.SeverityError, change.Field, "the contract has %q, the network file %q; %s", change.Old, change.New, change.Blocked)
		}
	}
}

func (p *Plan) noPayee(i int) {
	p.note(config.SeverityWarning, fmt.Sprintf("oracles[%d].payee", i),
		"%s has no payee: what it earns would go to the zero address; name one before it transmits", p.Network.OracleName(i))
}

// planPayees sets the payees of transmitters that have none. All others belong to themselves.
func (p *Plan) planPayees(ctx context.Context, r reader, call func(StepKind, []byte)) error {
	var transmitters, payees []common.Address
	for i, oracle := range p.Network.Oracles {
		transmitter := common.Address(oracle.Public.TransmitAccount)
		payee, err := r.readPayee(ctx, transmitter, oracle.Payee)
		if err != nil {
			return err
		}
		change := Change{Field: fmt.Sprintf("oracles[%d].payee", i), Old: payee.text(oracle.Payee), New: oracle.Payee.Hex()}
		switch {
		case oracle.Payee == (common.Address{}):
			if payee.isUnset {
				p.noPayee(i)
			}
		case payee.isWanted:
		case payee.isUnset:
			p.Changes = append(p.Changes, change)
			transmitters, payees = append(transmitters, transmitter), append(payees, oracle.Payee)
		default:
			change.Blocked = "a payee that is set can only be changed by itself, with transferPayeeship, which the new one accepts"
			p.Changes = append(p.Changes, change)
			p.note(config.SeverityWarning, change.Field, "the payee of %s is %s, the network file says %s: %s",
				p.Network.OracleName(i), change.Old, change.New, change.Blocked)
		}
	}
	if len(transmitters) > 0 {
		call(StepSetPayees, aggregator.PackSetPayees(transmitters, payees))
	}
	return nil
}

// secretsField names what cannot be shown.
const secretsField = "config.secrets"

// planConfig compares the config in force with the one in the network file.
func (p *Plan) planConfig(o Options, call func(StepKind, []byte)) error {
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
		onChain := state.Config.Call()
		old = FieldsOf(&onChain)
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
	var data []byte
	if p.Config != nil {
		data = p.Config.Calldata()
	}
	call(StepSetConfig, data)
	return nil
}

// Call returns the config as the arguments of setConfig.
func (c *ChainConfig) Call() ocr2.SetConfigCall {
	return ocr2.SetConfigCall{
		Signers: c.Signers, Transmitters: c.Transmitters, F: c.F,
		OnchainConfig: c.OnchainConfig, OffchainConfigVersion: c.OffchainConfigVersion, OffchainConfig: c.OffchainConfig,
	}
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
	composed, err := Compose(p.Network, p.Contract, count, o.Seed, o.Development)
	if err != nil {
		p.note(config.SeverityError, "config", "%v", err)
		return
	}
	p.Config = composed
}

// wantedFields are the fields of the config in the network file, which have nothing to do with secrets.
func (p *Plan) wantedFields() []Field {
	call, err := publicCall(p.Network)
	if err != nil {
		return nil // lintNetwork has said it
	}
	return FieldsOf(call)
}

// estimate asks the node what the steps will cost.
func (p *Plan) estimate(ctx context.Context, client Client) error {
	from := p.From
	if from == (common.Address{}) {
		from = p.State.Owner
	}
	for i := range p.Steps {
		step := &p.Steps[i]
		if step.Data == nil {
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

// same tells whether two transactions do the same.
func (s Step) same(to *common.Address, data []byte) bool {
	if (s.To == nil) != (to == nil) || to != nil && *to != *s.To {
		return false
	}
	return bytes.Equal(s.Data, data)
}
