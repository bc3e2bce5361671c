package deploy

import (
	"bytes"
	"context"
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/keys"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// Check is one thing that Verify looked at.
type Check struct {
	Name string `json:"name"`
	// Status is "ok", "differs", or "not checked" when that needs something that is not at hand.
	Status CheckStatus `json:"status"`
	Detail string      `json:"detail,omitempty"`
}

// CheckStatus is the outcome of a Check.
type CheckStatus string

// The outcomes.
const (
	CheckOK         CheckStatus = "ok"
	CheckDiffers    CheckStatus = "differs"
	CheckNotChecked CheckStatus = "not checked"
)

// Verification is the result of Verify.
type Verification struct {
	State  *State
	Digest Digest
	Checks []Check
	// Changes are the fields that differ.
	Changes []Change
}

// OK tells whether the chain holds exactly what the network file says, as far as could be checked.
func (v *Verification) OK() bool {
	for _, check := range v.Checks {
		if check.Status == CheckDiffers {
			return false
		}
	}
	return len(v.Changes) == 0
}

func (v *Verification) add(name string, err error, detail string) {
	check := Check{Name: name, Status: CheckOK, Detail: detail}
	if err != nil {
		check.Status, check.Detail = CheckDiffers, err.Error()
	}
	v.Checks = append(v.Checks, check)
}

// Verify checks that the chain holds what the network says: the digest from the parts, the decoded config field by field, the
// secrets with the dealer's seed, payees and billing, and that each oracle whose keys are given (by oracle id) finds itself in
// the config and decrypts the shared secret. It only reads. It fails as NewPlan does; differences are in the Verification.
func Verify(ctx context.Context, client Client, network *netfile.Network, o Options, bundles map[int]*keys.Bundle) (*Verification, error) {
	if network.Contract.Address == ([20]byte{}) {
		return nil, fmt.Errorf("%w: the network file has no contract.address: run apply first, or write it", ErrNoContract)
	}
	o.From = [20]byte{}
	plan, err := NewPlan(ctx, client, network, o)
	if err != nil {
		return nil, err
	}
	v := &Verification{State: plan.State, Digest: plan.State.ConfigDigest, Changes: plan.Changes}
	onChain := plan.State.Config
	switch {
	case plan.State.ConfigCount == 0:
		v.add("config", ErrNoConfig, "")
		return v, nil
	case onChain == nil:
		v.add("config", plan.State.ConfigErr, "")
		return v, nil
	}
	if onChain.Computed == onChain.Digest {
		v.add("config digest", nil, onChain.Digest.Hex())
	} else {
		v.add("config digest", fmt.Errorf("the contract says %s, from the parts of the config follows %s", onChain.Digest, onChain.Computed), "")
	}
	v.add("oracles accept the config", onChain.PublicErr, "")
	v.compareFields(network, plan.entry.protocol, onChain)
	v.compareSecrets(network, onChain, o)
	if plan.entry.contract.payments() != nil {
		v.comparePayees(network, plan)
	}
	v.compareSettings(plan)
	if onChain.PublicErr == nil {
		for i := range network.Oracles {
			v.open(network, onChain, i, bundles[i])
		}
	}
	return v, nil
}

func (v *Verification) compareFields(network *netfile.Network, p protocol, onChain *ChainConfig) {
	fields, err := p.fields(network)
	if err != nil {
		v.add("config fields", err, "")
		return
	}
	changes := diff(onChain.Fields, fields)
	if len(changes) > 0 {
		err = fmt.Errorf("%d of %d fields differ, the first is %s", len(changes), len(fields), changes[0].Field)
	}
	v.add("config fields", err, fmt.Sprintf("%d fields are equal", len(fields)))
	v.add("config bytes", onChain.PlainErr, "nothing but these fields")
}

func (v *Verification) compareSecrets(network *netfile.Network, onChain *ChainConfig, o Options) {
	const name = "config secrets"
	if len(o.Seed) == 0 {
		v.Checks = append(v.Checks, Check{name, CheckNotChecked, "the dealer's seed is not at hand"})
		return
	}
	composed, err := Compose(network, network.Contract.Address, onChain.Count, o.Seed, o.Development)
	if err == nil && !bytes.Equal(composed.OffchainConfig, onChain.OffchainConfig) {
		err = fmt.Errorf("composed again from the network file and the dealer's seed, the config has digest %s", composed.Digest)
	}
	v.add(name, err, "composed again, the config is the same to the last byte")
}

func (v *Verification) comparePayees(network *netfile.Network, plan *Plan) {
	var err error
	set := 0
	for i, oracle := range network.Oracles {
		if oracle.Payee != ([20]byte{}) {
			set++
		}
		for _, change := range plan.Changes {
			if change.Field == fmt.Sprintf("oracles[%d].payee", i) && err == nil {
				err = fmt.Errorf("the payee of %s is %s, not %s", network.OracleName(i), change.Old, change.New)
			}
		}
	}
	v.add("payees", err, fmt.Sprintf("%d of %d oracles have one", set, len(network.Oracles)))
}

// compareSettings covers what is neither the config nor payees: of the settings of each name, the first that differs.
func (v *Verification) compareSettings(plan *Plan) {
	differs := make(map[string]Change)
	for _, change := range plan.Changes {
		if _, ok := differs[change.Field]; !ok {
			differs[change.Field] = change
		}
	}
	type result struct {
		name    string
		checked bool
		err     error
	}
	results := []*result{{name: "contract", checked: true}}
	byName := map[string]*result{"contract": results[0]}
	for _, s := range plan.entry.contract.settings() {
		r := byName[s.check]
		if r == nil {
			r = &result{name: s.check}
			byName[s.check] = r
			results = append(results, r)
		}
		for _, field := range s.fields(&plan.Network.Contract, true) {
			r.checked = true
			if change, ok := differs[field.Name]; ok && r.err == nil {
				r.err = fmt.Errorf("%s is %s, not %s", change.Field, change.Old, change.New)
			}
		}
	}
	for i := len(results) - 1; i >= 0; i-- { // the contract itself comes last
		switch r := results[i]; {
		case !r.checked:
			v.Checks = append(v.Checks, Check{r.name, CheckNotChecked, "the network file does not say"})
		case r.name == "contract":
			v.add(r.name, r.err, plan.State.TypeAndVersion+" at "+plan.Contract.Hex())
		default:
			v.add(r.name, r.err, "")
		}
	}
}

// open does with the config what the oracle will do.
func (v *Verification) open(network *netfile.Network, onChain *ChainConfig, i int, bundle *keys.Bundle) {
	name := network.OracleName(i) + " can use the config"
	if bundle == nil {
		v.Checks = append(v.Checks, Check{name, CheckNotChecked, "its keys are not at hand"})
		return
	}
	id, err := onChain.open(bundle)
	if err == nil && id != commontypes.OracleID(i) {
		err = fmt.Errorf("it is oracle %d there", id)
	}
	v.add(name, err, "it finds itself and decrypts the shared secret")
}
