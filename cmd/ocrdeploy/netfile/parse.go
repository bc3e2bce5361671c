package netfile

import (
	"bytes"
	"encoding"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"go.yaml.in/yaml/v3"

	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/plugins/median"
)

const (
	// MaxBytes bounds a network file. One with 31 oracles has about 20,000 bytes.
	MaxBytes = 1 << 20
	// maxProblems bounds what is reported.
	maxProblems = 50
	// maxScheduleStages and maxRawPluginBytes bound what a config can hold.
	maxScheduleStages = 999
	maxRawPluginBytes = 1 << 19
)

// Error is all that is wrong with a network file.
type Error struct{ Problems []*Problem }

// Error lists the problems, one a line.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, problem := range e.Problems {
		lines[i] = problem.Error()
	}
	return strings.Join(lines, "\n")
}

// Load reads and parses the file at path.
func Load(path string) (*Network, []byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("network file: %w", err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	if err != nil {
		return nil, nil, fmt.Errorf("network file: %w", err)
	}
	network, err := Parse(content)
	if err != nil {
		return nil, nil, fmt.Errorf("network file %s:\n%w", path, err)
	}
	return network, content, nil
}

// Parse reads a network file. The error is an *Error.
func Parse(content []byte) (*Network, error) {
	p := &parser{}
	root, err := document(content)
	if err != nil {
		return nil, &Error{[]*Problem{err}}
	}
	network := p.network(root)
	if len(p.problems) == 0 {
		for _, problem := range network.Check() {
			problem.Line = p.line(problem.Path)
			p.problems = append(p.problems, problem)
		}
	}
	if len(p.problems) > 0 {
		slices.SortStableFunc(p.problems, func(a, b *Problem) int { return a.Line - b.Line })
		if more := len(p.problems) - maxProblems; more > 0 {
			p.problems = append(p.problems[:maxProblems], &Problem{Problem: fmt.Sprintf("and %d more problems", more)})
		}
		return nil, &Error{p.problems}
	}
	return network, nil
}

// document parses the YAML.
func document(content []byte) (*yaml.Node, *Problem) {
	if len(content) > MaxBytes {
		return nil, &Problem{Problem: fmt.Sprintf("the file has more than %d bytes: is it the right one?", MaxBytes)}
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var doc yaml.Node
	if err := decoder.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, &Problem{Problem: "the file is empty"}
		}
		return nil, &Problem{Problem: "not YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")}
	}
	var second yaml.Node
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, &Problem{Line: second.Line, Problem: "a network file is one YAML document, here begins another"}
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return nil, &Problem{Problem: "the file is empty"}
	}
	return doc.Content[0], nil
}

// parser collects what is wrong and where fields are.
type parser struct {
	problems []*Problem
	lines    map[string]int
}

func (p *parser) fail(node *yaml.Node, path, format string, args ...any) {
	p.problems = append(p.problems, &Problem{Line: node.Line, Path: path, Problem: fmt.Sprintf(format, args...)})
}

// line returns the line of a path or of the nearest part of it that has one.
func (p *parser) line(path string) int {
	path, _, _ = strings.Cut(path, ", ")
	for path != "" {
		if line, ok := p.lines[path]; ok {
			return line
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return 0
}

// mapping reads the fields of a YAML mapping, each once, and reports those that nobody asked for.
type mapping struct {
	*parser
	node   *yaml.Node
	path   string
	values map[string]*yaml.Node
	asked  []string
}

func (p *parser) mapping(node *yaml.Node, path string) *mapping {
	m := &mapping{parser: p, node: node, path: path, values: make(map[string]*yaml.Node)}
	if node.Kind != yaml.MappingNode {
		p.fail(node, path, "must be a mapping with fields")
		return m
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			p.fail(key, path, "the name of a field must be plain text")
			continue
		}
		if _, ok := m.values[key.Value]; ok {
			p.fail(key, m.at(key.Value), "is there twice, first in line %d", p.lines[m.at(key.Value)])
			continue
		}
		if value.Kind == yaml.AliasNode || value.Anchor != "" {
			p.fail(value, m.at(key.Value), "anchors and aliases are not allowed")
			value = nil
		}
		m.values[key.Value] = value
		p.lines[m.at(key.Value)] = key.Line
	}
	return m
}

func (m *mapping) at(name string) string {
	if m.path == "" {
		return clip(name)
	}
	return m.path + "." + clip(name)
}

// get returns a field's value, nil when it is not there or empty.
func (m *mapping) get(name string, required bool) *yaml.Node {
	m.asked = append(m.asked, name)
	value, ok := m.values[name]
	if ok && value == nil {
		return nil // what is wrong was said
	}
	if ok && value.Tag != "!!null" {
		return value
	}
	if required && m.node.Kind == yaml.MappingNode {
		m.fail(m.node, m.at(name), "is missing")
	}
	return nil
}

// done reports unknown fields.
func (m *mapping) done() {
	for i := 0; m.node.Kind == yaml.MappingNode && i+1 < len(m.node.Content); i += 2 {
		key := m.node.Content[i]
		if key.Kind == yaml.ScalarNode && !slices.Contains(m.asked, key.Value) {
			m.fail(key, m.at(key.Value), "is not a field; there are: %s", strings.Join(m.asked, ", "))
		}
	}
}

// rest takes all fields for known.
func (m *mapping) rest() {
	for name := range m.values {
		m.asked = append(m.asked, name)
	}
}

// refuse reports a field that exists elsewhere, and says why it does not here.
func (m *mapping) refuse(name, why string) {
	if node, ok := m.values[name]; ok {
		m.asked = append(m.asked, name)
		if node == nil {
			return // what is wrong was said
		}
		m.problems = append(m.problems, &Problem{Line: m.lines[m.at(name)], Path: m.at(name), Problem: why})
	}
}

// text returns a scalar as it is written.
func (m *mapping) text(name string, required bool) (string, *yaml.Node) {
	value := m.get(name, required)
	if value == nil {
		return "", nil
	}
	if value.Kind != yaml.ScalarNode {
		m.fail(value, m.at(name), "must be a single value")
		return "", nil
	}
	return value.Value, value
}

func (m *mapping) short(name string) string {
	text, node := m.text(name, false)
	if len(text) > maxTextBytes {
		m.fail(node, m.at(name), "has %d bytes, at most %d are allowed", len(text), maxTextBytes)
		return ""
	}
	return text
}

// number reads a whole number from 0 to limit.
func (m *mapping) number(name string, required bool, limit uint64) uint64 {
	text, node := m.text(name, required)
	if node == nil {
		return 0
	}
	v, err := strconv.ParseUint(strings.ReplaceAll(text, "_", ""), 10, 64)
	if err != nil || v > limit {
		m.fail(node, m.at(name), "%q must be a whole number from 0 to %d", clip(text), limit)
		return 0
	}
	return v
}

// integer reads a whole number of any size that a contract could hold.
func (m *mapping) integer(name string) *big.Int {
	text, node := m.text(name, true)
	if node == nil {
		return nil
	}
	if len(text) <= 100 { // those that a contract could hold are shorter
		if v, ok := new(big.Int).SetString(strings.ReplaceAll(text, "_", ""), 10); ok {
			return v
		}
	}
	m.fail(node, m.at(name), "%q must be a whole number", clip(text))
	return nil
}

func (m *mapping) duration(name string, required bool) (time.Duration, bool) {
	text, node := m.text(name, required)
	if node == nil {
		return 0, false
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		m.fail(node, m.at(name), "%q must be a duration with its unit, such as 500ms, 30s or 1h30m", clip(text))
		return 0, false
	}
	return d, true
}

// value reads what has a text form of its own.
func (m *mapping) value(name string, required bool, v encoding.TextUnmarshaler) {
	if text, node := m.text(name, required); node != nil {
		if err := v.UnmarshalText([]byte(text)); err != nil {
			m.fail(node, m.at(name), "%v", err)
		}
	}
}

func (m *mapping) address(name string) common.Address {
	var address keys.Address
	m.value(name, false, &address)
	return common.Address(address)
}

// target reads an address, "deploy" or "none".
func (m *mapping) target(name string, required bool) Target {
	text, node := m.text(name, required)
	switch {
	case node == nil || text == "none":
		return Target{}
	case text == "deploy":
		return Target{Deploy: true}
	}
	var address keys.Address
	if err := address.UnmarshalText([]byte(text)); err != nil {
		m.fail(node, m.at(name), "must be an address, deploy or none: %v", err)
	}
	return Target{Address: common.Address(address)}
}

// section reads a mapping inside of this one.
func (m *mapping) section(name string, required bool, read func(*mapping)) bool {
	node := m.get(name, required)
	if node == nil {
		return false
	}
	inner := m.mapping(node, m.at(name))
	read(inner)
	inner.done()
	return true
}

func clip(text string) string {
	if len(text) > 80 {
		return text[:80] + "..."
	}
	return text
}

func (p *parser) network(root *yaml.Node) *Network {
	n := new(Network)
	p.lines = make(map[string]int)
	m := p.mapping(root, "")
	if version := m.number("version", true, 1<<16); len(p.problems) == 0 && version != FormatVersion {
		p.fail(m.values["version"], "version", "%d is not a version that this program knows: write %d", version, FormatVersion)
	}
	n.Name = m.short("name")
	m.section("chain", true, func(m *mapping) {
		n.Chain.ID = m.number("id", true, 1<<63-1)
		n.Chain.RPC = m.short("rpc")
	})
	m.section("contract", true, func(m *mapping) { n.Contract = readContract(m) })
	m.section("config", true, func(m *mapping) { n.Config = readConfig(m, n.Contract.Kind.Protocol()) })
	m.section("dealer", false, func(m *mapping) { n.Dealer.SeedFile = m.short("seedFile") })
	if list := m.get("oracles", true); list != nil {
		n.Oracles = p.oracles(list, n.Contract.Kind)
	}
	m.done()
	return n
}

func readContract(m *mapping) Contract {
	c := Contract{Address: m.address("address")}
	c.Kind = KindAccessControlledAggregator
	if kind, node := m.text("kind", false); node != nil {
		c.Kind = Kind(kind)
	}
	if known := c.Kind.find(); known != nil {
		known.contract(m, &c)
	} else {
		m.rest() // Check says what is wrong
	}
	return c
}

// readConfig reads the parameters that the contract's protocol has. Where that is not known, nothing can be said about them.
func readConfig(m *mapping, protocol Protocol) Config {
	c := Config{F: int(m.number("f", true, 10))}
	if protocol == "" {
		m.rest()
	}
	for _, p := range parameters[protocol] {
		p.read(m, p.name, &c)
	}
	return c
}

// bytes reads hexadecimal digits; nil when there are none.
func (m *mapping) bytes(name string, required bool) []byte {
	text, node := m.text(name, required)
	if node == nil {
		return nil
	}
	digits, ok := strings.CutPrefix(text, "0x")
	b, err := hex.DecodeString(digits)
	if !ok || err != nil || len(b) > maxRawPluginBytes {
		m.fail(node, m.at(name), "must be 0x and hexadecimal digits, at most %d bytes", maxRawPluginBytes)
	}
	return b
}

func readMedian(m *mapping) *median.OffchainConfig {
	var c median.OffchainConfig
	c.AlphaReportInfinite, c.AlphaReportPPB = m.alpha("alphaReport")
	c.AlphaAcceptInfinite, c.AlphaAcceptPPB = m.alpha("alphaAccept")
	c.DeltaC, _ = m.duration("deltaC", true)
	return &c
}

// alpha reads a relative deviation: "0.5%", "5000000 ppb", "infinite".
func (m *mapping) alpha(name string) (infinite bool, ppb uint64) {
	text, node := m.text(name, true)
	if node == nil {
		return false, 0
	}
	if text == "infinite" {
		return true, 0
	}
	ppb, ok := parseDeviation(text)
	if !ok {
		m.fail(node, m.at(name), "%q must be a deviation, such as 0.5%% or 5000000 ppb, or infinite", clip(text))
	}
	return false, ppb
}

func parseDeviation(text string) (ppb uint64, ok bool) {
	if number, ok := strings.CutSuffix(text, "%"); ok && len(number) <= 30 && !strings.ContainsAny(number, "eE/xXpP_+- ") {
		v, ok := new(big.Rat).SetString(number)
		if !ok {
			return 0, false
		}
		v.Mul(v, big.NewRat(10_000_000, 1))
		if !v.IsInt() || !v.Num().IsUint64() {
			return 0, false
		}
		return v.Num().Uint64(), true
	}
	number, ok := strings.CutSuffix(text, "ppb")
	if !ok {
		return 0, false
	}
	v, err := strconv.ParseUint(strings.ReplaceAll(strings.TrimSpace(number), "_", ""), 10, 64)
	return v, err == nil
}

// schedule reads the list of stages; nil for auto.
func (m *mapping) schedule(name string) []int {
	node := m.get(name, true)
	if node == nil || node.Kind == yaml.ScalarNode && node.Value == "auto" {
		return nil
	}
	if node.Kind != yaml.SequenceNode || len(node.Content) > maxScheduleStages {
		m.fail(node, m.at(name), "must be auto, or a list of at most %d stages such as [1, 1, 2]", maxScheduleStages)
		return nil
	}
	s := make([]int, len(node.Content))
	for i, stage := range node.Content {
		v, err := strconv.ParseUint(stage.Value, 10, 8)
		if stage.Kind != yaml.ScalarNode || err != nil || v > 31 {
			m.fail(stage, fmt.Sprintf("%s[%d]", m.at(name), i), "must be a number of oracles from 0 to 31")
			continue
		}
		s[i] = int(v)
	}
	return s
}

func (p *parser) oracles(list *yaml.Node, kind Kind) []Oracle {
	if list.Kind != yaml.SequenceNode {
		p.fail(list, "oracles", "must be a list")
		return nil
	}
	oracles := make([]Oracle, 0, min(len(list.Content), 100))
	for i, node := range list.Content {
		if i == 100 {
			p.fail(node, "oracles", "has %d entries", len(list.Content))
			break
		}
		path := fmt.Sprintf("oracles[%d]", i)
		p.lines[path] = node.Line
		m := p.mapping(node, path)
		var o Oracle
		o.Name = m.short("name")
		m.value("offchainPublicKey", true, &o.Public.OffchainPublicKey)
		m.value("configEncryptionPublicKey", true, &o.Public.ConfigEncryptionPublicKey)
		m.value("onchainAddress", kind.SignerField() == "onchainAddress", &o.Public.OnchainAddress)
		m.value("blsPublicKey", false, &o.Public.BLSPublicKey)
		m.value("transmitAccount", true, &o.Public.TransmitAccount)
		m.value("peerID", true, &o.Public.PeerID)
		o.Payee = m.address("payee")
		o.KeyFile = m.short("keyFile")
		m.done()
		oracles = append(oracles, o)
	}
	return oracles
}
