package deploy

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// ErrNeedsDeployment: a batch for a multisig can only call contracts that exist.
var ErrNeedsDeployment = errors.New("the contract does not exist: deploy it from an ordinary account first, then propose the multisig as its owner (transferOwnership)")

// batch is the file format of the transaction builder of Safe.
type batch struct {
	Version      string    `json:"version"`
	ChainID      string    `json:"chainId"`
	CreatedAt    int64     `json:"createdAt"`
	Meta         batchMeta `json:"meta"`
	Transactions []batchTx `json:"transactions"`
}

type batchMeta struct {
	Name                    string `json:"name"`
	Description             string `json:"description"`
	TxBuilderVersion        string `json:"txBuilderVersion"`
	CreatedFromSafeAddress  string `json:"createdFromSafeAddress"`
	CreatedFromOwnerAddress string `json:"createdFromOwnerAddress"`
}

type batchTx struct {
	To                   common.Address `json:"to"`
	Value                string         `json:"value"`
	Data                 string         `json:"data"`
	ContractMethod       *struct{}      `json:"contractMethod"`
	ContractInputsValues *struct{}      `json:"contractInputsValues"`
}

// SafeBatch returns the steps of a plan as a file for Safe's transaction builder. Equal plans give equal bytes. It fails with
// ErrNeedsDeployment, or with ErrRefused when the plan has errors.
func (p *Plan) SafeBatch() ([]byte, error) {
	calls, err := p.Calls()
	if err != nil {
		return nil, err
	}
	b := batch{
		Version: "1.0", ChainID: fmt.Sprint(p.Network.Chain.ID),
		Meta: batchMeta{
			Name:                   string(p.entry.protocol.name()) + " network " + p.Network.Name,
			Description:            fmt.Sprintf("%d changes; config digest %s", len(p.Changes), p.Digest()),
			TxBuilderVersion:       "1.16.5",
			CreatedFromSafeAddress: p.State.Owner.Hex(),
		},
		Transactions: []batchTx{},
	}
	for _, step := range calls {
		b.Transactions = append(b.Transactions, batchTx{To: *step.To, Value: "0", Data: hexText(step.Data)})
	}
	content, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(content, '\n'), nil
}

// Calls returns the steps of a plan for somebody else to send, in their order.
func (p *Plan) Calls() ([]Step, error) {
	if p.State == nil {
		return nil, ErrNeedsDeployment
	}
	if len(p.Errors()) > 0 {
		return nil, &RefusedError{Plan: p}
	}
	return p.Steps, nil
}

// Selector names the function that a step calls by the first bytes of its hash, for comparing with what a wallet shows.
func (s Step) Selector() string {
	if s.To == nil || len(s.Data) < 4 {
		return ""
	}
	return hexText(s.Data[:4])
}

// DataHash is the keccak256 hash of the calldata, for comparing without reading all of it.
func (s Step) DataHash() common.Hash { return crypto.Keccak256Hash(s.Data) }
