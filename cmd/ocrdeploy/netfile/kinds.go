package netfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/offchain/evm/ocr3keyring"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// Kind is the name of a contract. It decides what a network file may say: which protocol the oracles speak, and with that which
// parameters a config has; which settings the contract has; and with what keys oracles sign.
type Kind string

// Protocol is the name of a family of contracts that are configured in the same way.
type Protocol string

// kind is what this package knows of a Kind.
type kind struct {
	name     Kind
	protocol Protocol
	// hint is for who is to choose one.
	hint string
	// isForeign says that ocrdeploy cannot deploy it.
	isForeign bool
	// pays says that the contract pays oracles, so that they have payees.
	pays bool
	// scheme is that with which oracles sign reports, where there are several.
	scheme ocr3keyring.Scheme
	// contract reads the contract section, beyond the address and the kind.
	contract func(m *mapping, c *Contract)
	// check says what is wrong with the contract section.
	check func(n *Network, add addProblem)
}

// kinds are all that there are. A contract of a new kind is an entry here, and one in the table of package deploy.
var kinds = slices.Concat(ocr2Kinds, ocr3Kinds, ocr1Kinds)

// parameters are those of a protocol's configs, beside f, in the order in which they are shown.
var parameters = map[Protocol][]parameter{
	OCR1: ocr1Parameters,
	OCR2: ocr2Parameters,
	OCR3: ocr3Parameters,
}

// maxOracles bounds how many oracles the contracts of a protocol take.
const maxOracles = 31

type addProblem func(path, format string, args ...any)

// find returns the entry of a kind, nil where there is none.
func (k Kind) find() *kind {
	for i := range kinds {
		if kinds[i].name == k {
			return &kinds[i]
		}
	}
	return nil
}

// Kinds returns the names of all kinds.
func Kinds() []Kind {
	names := make([]Kind, len(kinds))
	for i := range kinds {
		names[i] = kinds[i].name
	}
	return names
}

// Protocol returns the protocol that a contract speaks, empty for an unknown kind.
func (k Kind) Protocol() Protocol {
	if found := k.find(); found != nil {
		return found.protocol
	}
	return ""
}

// Scheme returns the signatures with which oracles attest reports for a contract of OCR3; nil for other contracts.
func (k Kind) Scheme() ocr3keyring.Scheme {
	if found := k.find(); found != nil {
		return found.scheme
	}
	return nil
}

// Signer returns the key with which an oracle signs reports for a contract of this kind, by the public side of its keys; empty where it
// has none.
func (k Kind) Signer(public keys.Public) types.OnchainPublicKey {
	if k.Scheme() == ocr3keyring.BLS {
		return public.BLSPublicKey.OnchainPublicKey()
	}
	return public.OnchainPublicKey()
}

// SignerField is what the key of Signer is called in the oracles section.
func (k Kind) SignerField() string {
	if k.Scheme() == ocr3keyring.BLS {
		return "blsPublicKey"
	}
	return "onchainAddress"
}

// Pays tells whether the contract pays oracles.
func (k Kind) Pays() bool {
	found := k.find()
	return found != nil && found.pays
}

// checkKind finds a kind that is not known.
func (n *Network) checkKind(add addProblem) {
	c := n.Contract
	known := c.Kind.find()
	if known == nil {
		var names []string
		for _, k := range kinds {
			names = append(names, string(k.name)+k.hint)
		}
		last := len(names) - 1
		add("contract.kind", "%.80q is not known: write %s, or %s", string(c.Kind), strings.Join(names[:last], ", "), names[last])
		return
	}
	if known.isForeign && c.Address == (common.Address{}) {
		add("contract.address", "must be set: a contract of kind %s is deployed by other means", c.Kind)
	}
	if !known.pays {
		for i, oracle := range n.Oracles {
			if oracle.Payee != (common.Address{}) {
				add(fmt.Sprintf("oracles[%d].payee", i), "a contract of kind %s pays nobody that ocrdeploy knows of: take it out", c.Kind)
			}
		}
	}
	for _, p := range allParameters() {
		if p.isSet(&n.Config) && !slices.ContainsFunc(parameters[known.protocol], func(own parameter) bool { return own.name == p.name }) {
			add("config."+p.name, "is no parameter of %s, which a contract of kind %s speaks: take it out", known.protocol, c.Kind)
		}
	}
	known.check(n, add)
}

// checkAnswers checks what all contracts that publish answers have.
func checkAnswers(n *Network, add addProblem) {
	c := n.Contract
	switch {
	case c.MinAnswer == nil || c.MaxAnswer == nil:
		add("contract.minAnswer, contract.maxAnswer", "must both be set")
	case c.MinAnswer.Cmp(median.MinValue()) < 0 || c.MaxAnswer.Cmp(median.MaxValue()) > 0:
		add("contract.minAnswer, contract.maxAnswer", "must be from -2^191 to 2^191-1")
	case c.MinAnswer.Cmp(c.MaxAnswer) > 0:
		add("contract.minAnswer", "%s is more than maxAnswer (%s)", c.MinAnswer, c.MaxAnswer)
	}
	if len(c.Description) > maxTextBytes {
		add("contract.description", "has %d bytes, at most %d are allowed", len(c.Description), maxTextBytes)
	}
}

// readAnswers reads what all contracts that publish answers have.
func readAnswers(m *mapping, c *Contract) {
	c.MinAnswer, c.MaxAnswer = m.integer("minAnswer"), m.integer("maxAnswer")
	c.Decimals = uint8(m.number("decimals", true, 255))
	c.Description = m.short("description")
}
