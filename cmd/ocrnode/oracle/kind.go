package oracle

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ocrkit/ocrkit/offchain/keys"
)

// Protocol is a version of Offchain Reporting.
type Protocol string

// Verifier is how a contract of OCR3 knows that a report is that of its oracles.
type Verifier string

// Kind is what a node must be told about a contract before it can read it.
type Kind struct {
	Protocol Protocol `json:"protocol" yaml:"protocol"`
	// Verifier is empty for protocols whose contracts leave no choice.
	Verifier Verifier `json:"verifier,omitempty" yaml:"verifier"`
}

// String returns for example ocr2.
func (k Kind) String() string {
	if k.Verifier == "" {
		return string(k.Protocol)
	}
	return string(k.Protocol) + "/" + string(k.Verifier)
}

// WithDefaults returns the kind with what was left out: OCR2, and the protocol's first verifier. What is wrong stays so.
func (k Kind) WithDefaults() Kind {
	if k.Protocol == "" {
		k.Protocol = OCR2
	}
	if f := k.flavour(); f != nil && k.Verifier == "" && len(f.verifiers()) > 0 {
		k.Verifier = f.verifiers()[0]
	}
	return k
}

// Check calls fail with each field that is wrong, "protocol" or "verifier", and what is wrong with it.
func (k Kind) Check(fail func(field, problem string)) {
	f := k.flavour()
	if f == nil {
		fail("protocol", fmt.Sprintf("%.80q is none of %s", string(k.Protocol), join(Protocols())))
		return
	}
	switch known := f.verifiers(); {
	case slices.Contains(known, k.Verifier), len(known) == 0 && k.Verifier == "":
	case len(known) == 0:
		fail("verifier", fmt.Sprintf("contracts of %s have no choice of it: leave it out", k.Protocol))
	default:
		fail("verifier", fmt.Sprintf("%.80q is none of %s", string(k.Verifier), join(known)))
	}
}

// Signer returns the key that configs list for the oracle with these keys; nil when the oracle has none of that sort. The kind
// must be a right one.
func (k Kind) Signer(public keys.Public) []byte { return k.flavour().signer(k.Verifier, public) }

// ObservesGas tells whether oracles of this kind observe, beside the value itself, what the contract's billing needs: the price of
// gas money in LINK and the gas price. Those of a kind that is not known are taken to.
func (k Kind) ObservesGas() bool {
	f := k.flavour()
	return f == nil || f.observesGas()
}

// HasConfigStores tells whether configs of this kind may be kept in a contract of their own. Those of a kind that is not known are
// taken to be.
func (k Kind) HasConfigStores() bool {
	f := k.flavour()
	return f == nil || f.hasConfigStores()
}

// Protocols are those that there are.
func Protocols() []Protocol {
	var names []Protocol
	for _, f := range flavours() {
		names = append(names, f.protocol())
	}
	return names
}

func join[T ~string](names []T) string {
	var b strings.Builder
	for i, name := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(name))
	}
	return b.String()
}

// flavour is what is different from protocol to protocol. It has no state.
type flavour interface {
	protocol() Protocol
	// verifiers are those to choose from, the default first; none when there is no choice.
	verifiers() []Verifier
	observesGas() bool
	hasConfigStores() bool
	signer(Verifier, keys.Public) []byte
	// newOracle and newBootstrapper return what runs, and what is to be closed after it, also when they fail.
	newOracle(*OracleArgs) (service, []io.Closer, error)
	newBootstrapper(*Args) (service, []io.Closer, error)
	readConfig(context.Context, Verifier, Place) (*Config, error)
}

func flavours() []flavour { return []flavour{ocr1{}, ocr2{}, ocr3{}} }

// flavour returns nil when there is no such protocol.
func (k Kind) flavour() flavour {
	for _, f := range flavours() {
		if f.protocol() == k.Protocol {
			return f
		}
	}
	return nil
}
