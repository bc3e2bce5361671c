package netfile

import (
	"bytes"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/ethereum/go-ethereum/common"
	"go.yaml.in/yaml/v3"

	"github.com/ocrkit/ocrkit/offchain/keys"
)

// Encode returns the network file of a network of OCR2 with an aggregator, with comments above the fields at the given paths, such
// as "config.rMax" or "oracles[2].payee"; the comment of "" begins the file. Parse makes the same network of it. A key of an oracle
// that is zero is left empty, which Parse refuses: somebody has to fill it in.
//
// It fails for other kinds of contracts, and for a comment on what is not in the file.
func Encode(n *Network, comments map[string]string) ([]byte, error) {
	if kind := n.Contract.Kind; kind != KindAggregator && kind != KindAccessControlledAggregator {
		return nil, fmt.Errorf("contract.kind: a network file of %.80q is not written by this program", string(kind))
	}
	w := &writer{comments: comments, used: make(map[string]bool)}
	root := w.object("")
	root.HeadComment = w.comment("")
	w.text(root, "version", fmt.Sprint(FormatVersion))
	w.string(root, "name", n.Name)
	chain := w.section(root, "chain")
	w.text(chain, "id", fmt.Sprint(n.Chain.ID))
	if n.Chain.RPC != "" {
		w.string(chain, "rpc", n.Chain.RPC)
	}
	w.contract(w.section(root, "contract"), &n.Contract)
	w.config(w.section(root, "config"), &n.Config)
	if n.Dealer.SeedFile != "" {
		w.string(w.section(root, "dealer"), "seedFile", n.Dealer.SeedFile)
	}
	w.oracles(root, n.Oracles)
	for path := range comments {
		if !w.used[path] {
			return nil, fmt.Errorf("a comment on %s, which the file has not", path)
		}
	}
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(root.Node); err != nil {
		return nil, err
	}
	if err := encoder.Close(); err != nil {
		return nil, err
	}
	return sections.ReplaceAll(b.Bytes(), []byte("\n$0")), nil
}

// sections are the lines before which a blank one makes a file easier to read.
var sections = regexp.MustCompile(`(?m)^(version|chain|contract|config|dealer|oracles):`)

// writer makes YAML of a network.
type writer struct {
	comments map[string]string
	used     map[string]bool
}

// object is a mapping that is being written.
type object struct {
	*yaml.Node
	path string
}

func (w *writer) object(path string) object {
	return object{&yaml.Node{Kind: yaml.MappingNode}, path}
}

// comment returns that of a path, as YAML wants it.
func (w *writer) comment(path string) string {
	text, ok := w.comments[path]
	w.used[path] = ok
	return text
}

// put adds a field.
func (w *writer) put(o object, name string, value *yaml.Node) string {
	path := name
	if o.path != "" {
		path = o.path + "." + name
	}
	key := &yaml.Node{Kind: yaml.ScalarNode, Value: name, HeadComment: w.comment(path)}
	o.Content = append(o.Content, key, value)
	return path
}

// text adds a value that is written as it is.
func (w *writer) text(o object, name, value string) {
	w.put(o, name, &yaml.Node{Kind: yaml.ScalarNode, Value: value})
}

// string adds a text, with quotes where it could be taken for something else.
func (w *writer) string(o object, name, value string) {
	node := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
	if strings.ContainsFunc(value, unicode.IsControl) {
		node.Style = yaml.DoubleQuotedStyle // not on several lines, where white space at their ends would matter
	}
	w.put(o, name, node)
}

func (w *writer) section(o object, name string) object {
	section := w.object("")
	section.path = w.put(o, name, section.Node)
	return section
}

func (w *writer) contract(o object, c *Contract) {
	if c.Address != (common.Address{}) {
		w.string(o, "address", c.Address.Hex())
	}
	w.string(o, "kind", string(c.Kind))
	w.string(o, "link", c.Link.String())
	for _, bound := range []struct {
		name  string
		value *big.Int
	}{{"minAnswer", c.MinAnswer}, {"maxAnswer", c.MaxAnswer}} {
		if bound.value != nil {
			w.text(o, bound.name, bound.value.String())
		}
	}
	w.text(o, "decimals", fmt.Sprint(c.Decimals))
	w.string(o, "description", c.Description)
	w.string(o, "billingAccessController", c.BillingAccessController.String())
	w.string(o, "requesterAccessController", c.RequesterAccessController.String())
	if b := c.Billing; b != nil {
		billing := w.section(o, "billing")
		for _, price := range []struct {
			name  string
			value uint32
		}{
			{"maximumGasPriceGwei", b.MaximumGasPriceGwei}, {"reasonableGasPriceGwei", b.ReasonableGasPriceGwei},
			{"observationPaymentGjuels", b.ObservationPaymentGjuels}, {"transmissionPaymentGjuels", b.TransmissionPaymentGjuels},
			{"accountingGas", b.AccountingGas},
		} {
			w.text(billing, price.name, fmt.Sprint(price.value))
		}
	}
	if v := c.Validator; v != nil {
		validator := w.section(o, "validator")
		if v.Address != (common.Address{}) {
			w.string(validator, "address", v.Address.Hex())
		}
		w.text(validator, "gasLimit", fmt.Sprint(v.GasLimit))
	}
}

func (w *writer) config(o object, c *Config) {
	duration := func(name string, d time.Duration) { w.text(o, name, d.String()) }
	w.text(o, "f", fmt.Sprint(c.F))
	duration("deltaProgress", c.DeltaProgress)
	duration("deltaResend", c.DeltaResend)
	duration("deltaRound", c.DeltaRound)
	duration("deltaGrace", c.DeltaGrace)
	duration("deltaStage", c.DeltaStage)
	w.text(o, "rMax", fmt.Sprint(c.RMax))
	if c.S == nil {
		w.text(o, "s", "auto")
	} else {
		stages := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for _, stage := range c.S {
			stages.Content = append(stages.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: fmt.Sprint(stage)})
		}
		w.put(o, "s", stages)
	}
	if c.MaxDurationInitialization != nil {
		duration("maxDurationInitialization", *c.MaxDurationInitialization)
	}
	duration("maxDurationQuery", c.MaxDurationQuery)
	duration("maxDurationObservation", c.MaxDurationObservation)
	duration("maxDurationReport", c.MaxDurationReport)
	duration("maxDurationShouldAcceptFinalizedReport", c.MaxDurationShouldAcceptFinalizedReport)
	duration("maxDurationShouldTransmitAcceptedReport", c.MaxDurationShouldTransmitAcceptedReport)
	plugin := w.section(o, "plugin")
	m := c.Plugin.Median
	if m == nil {
		w.string(plugin, "raw", fmt.Sprintf("0x%x", c.Plugin.Raw))
		return
	}
	median := w.section(plugin, "median")
	w.text(median, "alphaReport", deviationText(m.AlphaReportInfinite, m.AlphaReportPPB))
	w.text(median, "alphaAccept", deviationText(m.AlphaAcceptInfinite, m.AlphaAcceptPPB))
	w.text(median, "deltaC", m.DeltaC.String())
}

func (w *writer) oracles(root object, oracles []Oracle) {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	w.put(root, "oracles", list)
	for i, oracle := range oracles {
		o := w.object(fmt.Sprintf("oracles[%d]", i))
		o.HeadComment = w.comment(o.path)
		if oracle.Name != "" {
			w.string(o, "name", oracle.Name)
		}
		public := oracle.Public
		w.key(o, "offchainPublicKey", public.OffchainPublicKey == keys.HexKey{}, public.OffchainPublicKey)
		w.key(o, "configEncryptionPublicKey", public.ConfigEncryptionPublicKey == keys.HexKey{}, public.ConfigEncryptionPublicKey)
		w.key(o, "onchainAddress", public.OnchainAddress == keys.Address{}, public.OnchainAddress)
		if !public.BLSPublicKey.IsZero() {
			w.key(o, "blsPublicKey", false, public.BLSPublicKey)
		}
		w.key(o, "transmitAccount", public.TransmitAccount == keys.Address{}, public.TransmitAccount)
		w.key(o, "peerID", slices.Max(public.PeerID[:]) == 0, public.PeerID)
		payee := fmt.Sprintf("oracles[%d].payee", i)
		if _, commented := w.comments[payee]; commented || oracle.Payee != (common.Address{}) {
			w.key(o, "payee", oracle.Payee == common.Address{}, oracle.Payee)
		}
		if oracle.KeyFile != "" {
			w.string(o, "keyFile", oracle.KeyFile)
		}
		list.Content = append(list.Content, o.Node)
	}
}

// key adds a key or an address, or leaves its place empty.
func (w *writer) key(o object, name string, isZero bool, key fmt.Stringer) {
	if isZero {
		w.text(o, name, "")
		return
	}
	w.string(o, name, key.String())
}

// deviationText is what mapping.alpha reads.
func deviationText(infinite bool, ppb uint64) string {
	if infinite {
		return "infinite"
	}
	whole, fraction := ppb/10_000_000, fmt.Sprintf("%07d", ppb%10_000_000)
	text := fmt.Sprint(whole)
	if fraction = strings.TrimRight(fraction, "0"); fraction != "" {
		text += "." + fraction
	}
	return text + "%"
}
