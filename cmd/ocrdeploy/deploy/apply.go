package deploy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// ApplyOptions of Apply.
type ApplyOptions struct {
	Options
	// Signer signs the transactions. Required.
	Signer Signer
	// Journal survives an interruption. Nil is one in memory.
	Journal *Journal
	// Confirmations is how many blocks a transaction must be deep, its own included. 0 is 1.
	Confirmations uint64
	// PollInterval is how often the node is asked; 0 is a second. Timeout is how long a transaction may take until Apply gives up
	// waiting; 0 is 5 minutes.
	PollInterval, Timeout time.Duration
	// Bump replaces a transaction of an earlier run that is still waiting by one with higher fees.
	Bump bool
	// Deployed is called when the aggregator is on chain, with its address: to write it into the network file. Its error ends
	// Apply. May be nil.
	Deployed func(common.Address) error
	// Progress is called with what happens. May be nil.
	Progress func(Event)
}

// Event is a stage in the life of a transaction.
type Event struct {
	Stage Stage
	Step  StepKind
	Hash  common.Hash
	Nonce uint64
	// Block, GasUsed and Contract (created by the transaction, or zero) are those of a StageConfirmed.
	Block    uint64
	GasUsed  uint64
	Contract common.Address
}

// Stage of a transaction.
type Stage string

// The stages.
const (
	StageSent      Stage = "sent"
	StageResent    Stage = "resent"   // the same transaction again
	StageReplaced  Stage = "replaced" // another one with the same nonce
	StageConfirmed Stage = "confirmed"
)

// SentTx is a transaction that is in a block.
type SentTx struct {
	Step     StepKind
	Hash     common.Hash
	Block    uint64
	GasUsed  uint64
	Contract common.Address // that it created, or zero
}

// Result of Apply.
type Result struct {
	// Contract is what was deployed or configured, Link its token; zero where it has none.
	Contract common.Address
	Link     common.Address
	// Digest is that of the config in force.
	Digest Digest
	Count  uint64
	// Transactions are those that this call waited for.
	Transactions []SentTx
	// Plan is the last one. What is left in its Changes cannot be done by ocrdeploy.
	Plan *Plan
}

// maxSteps bounds the transactions of one Apply. There are ten kinds, and each happens once.
const maxSteps = 32

const (
	defaultPollInterval = time.Second
	defaultTimeout      = 5 * time.Minute
)

// Apply makes the chain what the network says, one transaction after the other, each planned from what is on chain after the
// one before. It returns when nothing is left to do. After an error, also of a context that ends, it can be called again with
// the same journal and goes on where it was; the Result has what happened until then.
//
// It fails with ErrRefused (the plan's errors, nothing was sent), ErrFunds, ErrReverted, ErrNotMined, ErrReplaced, ErrJournal,
// and what NewPlan fails with.
func Apply(ctx context.Context, client Client, network *netfile.Network, o ApplyOptions) (*Result, error) {
	if o.Journal == nil {
		o.Journal = MemoryJournal()
	}
	if o.PollInterval == 0 {
		o.PollInterval = defaultPollInterval
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	o.Confirmations = max(o.Confirmations, 1)
	o.From = o.Signer.Address()
	chainID, err := client.ChainID(ctx)
	if err != nil {
		return &Result{}, explain(err, "chain id")
	}
	if !chainID.IsUint64() || chainID.Uint64() != network.Chain.ID {
		return &Result{}, fmt.Errorf("%w: the node is on chain %s, the network on chain %d", ErrWrongChain, chainID, network.Chain.ID)
	}
	if err := o.Journal.own(network.Chain.ID, o.From); err != nil {
		return &Result{}, err
	}
	target := *network // its contract address gets filled in
	a := &applier{ApplyOptions: o, client: client, chainID: chainID, network: &target, result: &Result{}}
	err = a.run(ctx)
	return a.result, err
}

// run plans and sends until there is nothing left to do.
func (a *applier) run(ctx context.Context) error {
	// What an earlier run left on its way may have arrived.
	if err := a.lookAfter(ctx); err != nil {
		return err
	}
	var last *Step
	for range maxSteps {
		if err := a.takeContract(); err != nil {
			return err
		}
		a.deployed = a.Journal.created()
		plan, err := NewPlan(ctx, a.client, a.network, a.Options)
		if err != nil {
			return err
		}
		a.result.Plan = plan
		a.result.take(plan)
		if errs := plan.Errors(); len(errs) > 0 {
			return &RefusedError{Plan: plan}
		}
		if len(plan.Steps) == 0 {
			return a.finish()
		}
		next := plan.Steps[0]
		if last != nil && last.Kind == next.Kind && last.same(next.To, next.Data) {
			return fmt.Errorf("%w: %s: the transaction is in a block, but the node does not show its effect; run again in a while", ErrNode, next.Description())
		}
		if err := a.execute(ctx, next); err != nil {
			return fmt.Errorf("%s: %w", next.Description(), err)
		}
		last = &next
	}
	return fmt.Errorf("%w: after %d transactions there is still something to do", ErrNode, maxSteps)
}

// takeContract makes an aggregator that was just deployed the one of the network.
func (a *applier) takeContract() error {
	if a.network.Contract.Address != (common.Address{}) {
		return nil
	}
	address, ok := a.Journal.created()[StepDeployAggregator]
	if !ok {
		return nil
	}
	a.network.Contract.Address = address
	if a.Deployed != nil {
		if err := a.Deployed(address); err != nil {
			return fmt.Errorf("the aggregator was deployed at %s, but that could not be written down: %w", address, err)
		}
	}
	return nil
}

func (r *Result) take(plan *Plan) {
	if plan.State == nil {
		return
	}
	r.Contract, r.Link = plan.Contract, plan.State.Settings.Link.Address
	r.Digest, r.Count = plan.State.ConfigDigest, uint64(plan.State.ConfigCount)
}

// finish ends an Apply that has nothing left to do.
func (a *applier) finish() error {
	if entry := a.Journal.open(); entry != nil {
		return fmt.Errorf("%w: nothing is left to do, but transaction %s with nonce %d of an earlier run (%s) may still be taken up; "+
			"wait for it, or use its nonce for something else", ErrNotMined, entry.Attempts[len(entry.Attempts)-1].Hash, entry.Nonce, entry.Attempts[len(entry.Attempts)-1].Step)
	}
	return a.Journal.finish()
}

// RefusedError is the ErrRefused of a plan.
type RefusedError struct{ Plan *Plan }

// Error lists the errors of the plan, one a line.
func (e *RefusedError) Error() string {
	text := ErrRefused.Error() + "; nothing was sent:"
	for _, finding := range e.Plan.Errors() {
		text += "\n  " + finding.Field + ": " + finding.Message
	}
	return text
}

// Is makes it an ErrRefused.
func (e *RefusedError) Is(target error) bool { return errors.Is(ErrRefused, target) }
