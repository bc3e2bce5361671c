package deploy

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
	"github.com/ocrkit/ocrkit/offchain/keys"
)

// other is a network whose contract is taken for one of which nothing is known but that it speaks OCR2: an aggregator does.
func other(t *testing.T) (*chain, *netfile.Network) {
	t.Helper()
	c, network := deployed(t)
	bounds, err := network.OnchainConfig()
	if err != nil {
		t.Fatal(err)
	}
	network.Contract = netfile.Contract{Kind: netfile.KindOther, Address: network.Contract.Address, OnchainConfig: bounds}
	network.Config.Plugin = netfile.Plugin{Raw: []byte("of another plugin")}
	for i := range network.Oracles {
		network.Oracles[i].Payee = common.Address{}
	}
	return c, network
}

func TestOtherContract(t *testing.T) {
	ctx := context.Background()
	c, network := other(t)
	plan, err := NewPlan(ctx, c, network, Options{Seed: testSeed, From: c.owner.Address()})
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Steps) != 1 || plan.Steps[0].Kind != StepSetConfig || plan.Steps[0].Gas == 0 || len(plan.Errors()) > 0 {
		t.Fatalf("the plan is\n%s", describe(plan))
	}
	for _, finding := range plan.Findings {
		if strings.HasPrefix(finding.Field, "contract.") || strings.Contains(finding.Field, "payee") {
			t.Errorf("%s", finding)
		}
	}
	result, err := Apply(ctx, c, network, c.options())
	if err != nil || len(result.Transactions) != 1 || result.Count != 2 {
		t.Fatalf("%+v, %v", result, err)
	}
	bundles := map[int]*keys.Bundle{}
	for i, b := range testBundles(t, 4) {
		bundles[i] = b
	}
	v, err := Verify(ctx, c, network, Options{Seed: testSeed}, bundles)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]CheckStatus{}
	for _, check := range v.Checks {
		names[check.Name] = check.Status
	}
	if !v.OK() || names["contract"] != CheckOK || names["config secrets"] != CheckOK || names["oracle 3 (oracle-3) can use the config"] != CheckOK {
		t.Errorf("verified: %+v, changes %+v", v.Checks, v.Changes)
	}
	if _, ok := names["payees"]; ok {
		t.Error("payees were looked at")
	}
	network.Config.RMax++
	if v, err = Verify(ctx, c, network, Options{Seed: testSeed}, nil); err != nil || v.OK() {
		t.Errorf("another rMax is no difference: %+v, %v", v, err)
	}
	if result, err = Apply(ctx, c, network, c.options()); err != nil || result.Count != 3 {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestOtherContractIsRefused(t *testing.T) {
	ctx := context.Background()
	c, network := other(t)
	stranger, err := keys.GenerateEVMKey(newRandom(77))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := NewPlan(ctx, c, network, Options{Seed: testSeed, From: stranger.Address()})
	if err != nil || len(plan.Errors()) == 0 || !strings.Contains(describe(plan), "the owner is "+c.owner.Address().Hex()) {
		t.Errorf("somebody else's key: %v", err)
	}
	network.Contract.OnchainConfig = []byte("wrong")
	if plan, err = NewPlan(ctx, c, network, Options{Seed: testSeed, From: c.owner.Address()}); err != nil || !strings.Contains(describe(plan), "the transaction would fail") {
		t.Errorf("an onchain config that the contract refuses: %v\n%s", err, describe(plan))
	}
	network.Contract.Address = common.Address{19: 9}
	if _, err = NewPlan(ctx, c, network, Options{Seed: testSeed}); !errors.Is(err, ErrNoContract) {
		t.Errorf("no contract: %v", err)
	}
	network.Contract.Address = common.Address{}
	if problems := network.Check(); len(problems) != 1 || problems[0].Path != "contract.address" {
		t.Errorf("no address: %v", problems)
	}
}
