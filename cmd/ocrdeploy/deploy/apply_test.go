package deploy

import (
	"context"
	"testing"

	"github.com/ethereum/go-ethereum/common"
)

func TestApplyDeploysAndConfigures(t *testing.T) {
	network := testNetwork(t, 4)
	c := newChain(t, network)
	ctx := context.Background()

	foreseen, err := NewPlan(ctx, c, network, Options{Seed: testSeed, From: c.owner.Address()})
	if err != nil {
		t.Fatal(err)
	}
	if errs := foreseen.Errors(); len(errs) > 0 {
		t.Fatalf("the plan has errors: %v", errs)
	}
	var deployed []common.Address
	o := c.options()
	o.Deployed = func(address common.Address) error {
		deployed = append(deployed, address)
		return nil
	}
	result, err := Apply(ctx, c, network, o)
	if err != nil {
		t.Fatal(err)
	}
	if result.Contract != foreseen.Contract || result.Digest != foreseen.Digest() {
		t.Errorf("the plan foresaw %s with config %s, apply made %s with config %s", foreseen.Contract, foreseen.Digest(), result.Contract, result.Digest)
	}
	if len(deployed) != 1 || deployed[0] != result.Contract {
		t.Errorf("told of deployments %v, want %s once", deployed, result.Contract)
	}
	if len(c.sent) != len(foreseen.Steps) || len(result.Transactions) != len(foreseen.Steps) {
		t.Fatalf("%d transactions on chain, %d in the result, %d in the plan", len(c.sent), len(result.Transactions), len(foreseen.Steps))
	}
	for i, step := range foreseen.Steps {
		tx := result.Transactions[i]
		if tx.Step != step.Kind || tx.Contract != step.Creates {
			t.Errorf("transaction %d: %s that creates %s, planned %s that creates %s", i, tx.Step, tx.Contract, step.Kind, step.Creates)
		}
		if step.Gas == 0 {
			t.Errorf("%s: no estimate of the gas", step.Kind)
		}
	}

	network.Contract.Address = result.Contract
	again, err := Apply(ctx, c, network, c.options())
	if err != nil {
		t.Fatal(err)
	}
	if len(again.Transactions) != 0 || len(again.Plan.Changes) != 0 {
		t.Errorf("a second apply sent %v, changes %v", again.Transactions, again.Plan.Changes)
	}
}
