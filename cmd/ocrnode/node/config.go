// Package node is one node: it holds keys, a database folder and a peer, and runs oracles, or as a bootstrapper helps oracles to
// find each other. Its configuration is one YAML file; docs/operate.md explains it.
package node

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/ocrkit/ocrkit/cmd/ocrnode/feed"
	"github.com/ocrkit/ocrkit/cmd/ocrnode/oracle"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/localconfig"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// Template is a node file with comments, to start from.
//
//go:embed template.yaml
var Template []byte

// Bounds of a node file.
const (
	maxConfigBytes = 1 << 20
	maxJobs        = 1000
	maxBuffer      = 10_000 // messages
)

// Config is the content of a node file. Relative paths in it are relative to the file.
type Config struct {
	// Version is 1.
	Version int `yaml:"version"`
	// Name is what the node is called in its log. Optional.
	Name string `yaml:"name"`
	Keys Keys   `yaml:"keys"`
	// Database is the folder of the node's database. It is made if it does not exist, and must belong to this node alone.
	Database string  `yaml:"database"`
	Network  Network `yaml:"network"`
	HTTP     HTTP    `yaml:"http"`
	Log      Log     `yaml:"log"`
	Chain    Chain   `yaml:"chain"`
	Jobs     []Job   `yaml:"jobs"`

	dir string // of the file
}

// Keys says where the node's keys are: a file of `ocrnode keys`, and its password, in a file or an environment variable.
type Keys struct {
	File         string `yaml:"file"`
	PasswordFile string `yaml:"passwordFile"`
	PasswordEnv  string `yaml:"passwordEnv"`
}

// Network is how the node speaks with others.
type Network struct {
	// Listen are ip:port to listen on; at least one. Announce are the ip:port that others are told; Listen if empty.
	Listen   []string `yaml:"listen"`
	Announce []string `yaml:"announce"`
	// Bootstrappers are PEERID@HOST:PORT/HOST:PORT/...
	Bootstrappers []string `yaml:"bootstrappers"`
	// Protocol is "production" (the default) or "experimental", which OCR3.1 needs.
	Protocol string `yaml:"protocol"`
	// DeltaReconcile is the time between two exchanges of known addresses, DeltaDial between two attempts to connect.
	DeltaReconcile Duration `yaml:"deltaReconcile"`
	DeltaDial      Duration `yaml:"deltaDial"`
	// IncomingMessages and OutgoingMessages are how many messages are kept for each remote oracle of each job.
	IncomingMessages int `yaml:"incomingMessages"`
	OutgoingMessages int `yaml:"outgoingMessages"`
	// LatencyProbes measures the time to and from each peer.
	LatencyProbes bool `yaml:"latencyProbes"`
}

// HTTP is where operators look: /metrics, /healthz, /readyz, /status. Empty Listen means nowhere.
type HTTP struct {
	Listen string `yaml:"listen"`
}

// Log says how much is logged, and how.
type Log struct {
	Level  string `yaml:"level"`  // debug, info (default), warn, error
	Format string `yaml:"format"` // text (default), json
}

// Chain is the chain that the contracts of all jobs are on.
type Chain struct {
	// RPC is the URL of a node (http, https, ws, wss) or a path of a socket.
	RPC string `yaml:"rpc"`
	ID  uint64 `yaml:"id"`
	// Confirmations is the number of blocks on top of a new config before it is taken up. Default 3.
	Confirmations *uint16 `yaml:"confirmations"`
	// PollInterval is the time between two looks for a new config. Default 15 s.
	PollInterval Duration `yaml:"pollInterval"`
	// MaxFeePerGasGwei is the most that is offered for gas. Default 5000.
	MaxFeePerGasGwei uint64 `yaml:"maxFeePerGasGwei"`
	// ReceiptInterval is the time between two looks for the receipt of a transaction. Default 1 s.
	ReceiptInterval Duration `yaml:"receiptInterval"`
	// Development accepts intervals and numbers of confirmations that are not safe on a real chain.
	Development bool `yaml:"development"`
}

// Job is a feed that the node reports to, or, for a bootstrapper, whose oracles it helps.
type Job struct {
	// Name is what the job is called in log, metrics and status: letters, digits, dashes.
	Name string `yaml:"name"`
	// Protocol, ocr2 if it is not given, and Verifier are those of the contract.
	oracle.Kind `yaml:",inline"`
	Contract    string `yaml:"contract"`
	// ConfigStore is the address of an OCRConfigurationStoreEVMSimple, if there is one.
	ConfigStore string `yaml:"configStore"`

	// Decimals are those of the contract; the source's price is multiplied by 10^Decimals. Default 8.
	Decimals *int `yaml:"decimals"`
	// Source is what the oracle observes. JuelsPerFeeCoin (juels, 10^-18 LINK, per unit of the coin that pays for gas) and
	// GasPriceSubunits are what the contract's billing needs; the second is 0 if it is not given.
	Source Source `yaml:"source"`
	// SourceTimeout is how long an oracle of OCR1 waits for its source, 5 s if it is not given; others do as the config says.
	SourceTimeout    Duration `yaml:"sourceTimeout"`
	JuelsPerFeeCoin  Source   `yaml:"juelsPerFeeCoin"`
	GasPriceSubunits Source   `yaml:"gasPriceSubunits"`
}

// Source is where a number comes from: an URL, a table, or the configuration itself.
type Source struct {
	// URL answers with JSON; Path says where in it the number is, for example data.0.price.
	URL  string `yaml:"url"`
	Path string `yaml:"path"`
	// CSV is a file with a header; each row holds for Every, the first one from midnight UTC of 1 January 1970 on, and again
	// after the last one.
	CSV   string   `yaml:"csv"`
	Every Duration `yaml:"every"`
	// Value is always the same.
	Value string `yaml:"value"`
}

func (s Source) given() bool { return s != Source{} }

// Duration is a time.Duration that reads as 1m30s.
type Duration time.Duration

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is no duration such as 1m30s", text)
	}
	*d = Duration(parsed)
	return nil
}

// MarshalText writes 1m30s.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// Role says what a node file is used for.
type Role int

const (
	RoleOracle Role = iota
	RoleBootstrapper
)

// LoadConfig reads and checks the file at path. The error lists everything that is wrong with it.
func LoadConfig(path string, role Role) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("node file: %w", err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxConfigBytes+1))
	if err != nil {
		return nil, fmt.Errorf("node file: %w", err)
	}
	c, err := ParseConfig(content, filepath.Dir(path), role)
	if err != nil {
		return nil, fmt.Errorf("node file %s:\n%w", path, err)
	}
	return c, nil
}

// ParseConfig reads and checks a node file that lies in dir. Fields that are left out get their defaults.
func ParseConfig(content []byte, dir string, role Role) (*Config, error) {
	if len(content) > maxConfigBytes {
		return nil, fmt.Errorf("it has more than %d bytes: is it the right one?", maxConfigBytes)
	}
	c := &Config{dir: dir}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(c); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("it is empty")
		}
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := decoder.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return nil, errors.New("a node file is one YAML document, here begins another")
	}
	c.setDefaults()
	if problems := c.check(role); len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return c, nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (c *Config) setDefaults() {
	setDefault(&c.Network.Protocol, "production")
	setDefault(&c.Network.DeltaReconcile, Duration(time.Minute))
	setDefault(&c.Network.DeltaDial, Duration(15*time.Second))
	setDefault(&c.Network.IncomingMessages, 30)
	setDefault(&c.Network.OutgoingMessages, 10)
	setDefault(&c.Log.Level, "info")
	setDefault(&c.Log.Format, "text")
	if c.Chain.Confirmations == nil {
		c.Chain.Confirmations = new(uint16)
		*c.Chain.Confirmations = 3
	}
	setDefault(&c.Chain.PollInterval, Duration(15*time.Second))
	setDefault(&c.Chain.MaxFeePerGasGwei, 5000)
	setDefault(&c.Chain.ReceiptInterval, Duration(time.Second))
	for i := range c.Jobs {
		c.Jobs[i].Kind = c.Jobs[i].Kind.WithDefaults()
		if c.Jobs[i].Protocol == oracle.OCR1 {
			setDefault(&c.Jobs[i].SourceTimeout, Duration(oracle.DefaultSourceTimeout))
		}
		if c.Jobs[i].Decimals == nil {
			c.Jobs[i].Decimals = new(int)
			*c.Jobs[i].Decimals = 8
		}
	}
}

var jobName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func (c *Config) check(role Role) (problems []error) {
	fail := func(path, format string, args ...any) {
		problems = append(problems, fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...)))
	}
	oneOf := func(path, value string, allowed ...string) {
		for _, a := range allowed {
			if value == a {
				return
			}
		}
		fail(path, "%q is none of %s", value, strings.Join(allowed, ", "))
	}
	if c.Version != 1 {
		fail("version", "is %d, this program knows 1", c.Version)
	}
	if c.Keys.File == "" {
		fail("keys.file", "is missing; make one with: ocrnode keys new FILE")
	}
	if (c.Keys.PasswordFile == "") == (c.Keys.PasswordEnv == "") {
		fail("keys", "give either passwordFile or passwordEnv")
	}
	if c.Database == "" {
		fail("database", "is missing: the folder for what must survive a restart")
	}

	if len(c.Network.Listen) == 0 {
		fail("network.listen", "is missing, for example 0.0.0.0:6690")
	}
	for i, address := range c.Network.Listen {
		if _, err := netip.ParseAddrPort(address); err != nil {
			fail(fmt.Sprintf("network.listen[%d]", i), "%q is not of the form ip:port", address)
		}
	}
	for i, address := range c.Network.Announce {
		if ap, err := netip.ParseAddrPort(address); err != nil || ap.Port() == 0 {
			fail(fmt.Sprintf("network.announce[%d]", i), "%q is not of the form ip:port", address)
		}
	}
	if _, err := c.bootstrappers(); err != nil {
		fail("network.bootstrappers", "%v", err)
	}
	if role == RoleOracle && len(c.Network.Bootstrappers) == 0 {
		fail("network.bootstrappers", "is empty: without one the oracles do not find each other")
	}
	oneOf("network.protocol", c.Network.Protocol, "production", "experimental")
	interval := func(path string, d Duration) {
		if time.Duration(d) < time.Millisecond || time.Duration(d) > time.Hour {
			fail(path, "is %s, must be between 1ms and 1h", time.Duration(d))
		}
	}
	buffer := func(path string, n int) {
		if n < 1 || n > maxBuffer {
			fail(path, "is %d, must be between 1 and %d", n, maxBuffer)
		}
	}
	interval("network.deltaReconcile", c.Network.DeltaReconcile)
	interval("network.deltaDial", c.Network.DeltaDial)
	buffer("network.incomingMessages", c.Network.IncomingMessages)
	buffer("network.outgoingMessages", c.Network.OutgoingMessages)
	if c.HTTP.Listen != "" {
		if _, _, err := net.SplitHostPort(c.HTTP.Listen); err != nil {
			fail("http.listen", "%q is not of the form host:port", c.HTTP.Listen)
		}
	}
	oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	oneOf("log.format", c.Log.Format, "text", "json")

	if c.Chain.RPC == "" {
		fail("chain.rpc", "is missing: the URL of a node")
	}
	if c.Chain.ID == 0 {
		fail("chain.id", "is missing")
	}
	interval("chain.receiptInterval", c.Chain.ReceiptInterval)
	if c.Chain.MaxFeePerGasGwei > 1_000_000_000 {
		fail("chain.maxFeePerGasGwei", "is %d, that is more than 1 ether per gas", c.Chain.MaxFeePerGasGwei)
	}
	if err := localconfig.SanityCheck(c.localConfig()); err != nil {
		fail("chain", "%v (chain.development accepts everything)", err)
	}

	if len(c.Jobs) == 0 || len(c.Jobs) > maxJobs {
		fail("jobs", "there are %d, want 1 to %d", len(c.Jobs), maxJobs)
		return problems
	}
	names, contracts := map[string]int{}, map[keys.Address]int{}
	for i, job := range c.Jobs {
		path := fmt.Sprintf("jobs[%d]", i)
		if !jobName.MatchString(job.Name) {
			fail(path+".name", "%q: want up to 64 letters, digits, dots, dashes and underscores", job.Name)
		}
		if before, twice := names[job.Name]; twice {
			fail(path+".name", "is that of jobs[%d] too", before)
		}
		names[job.Name] = i
		if min := 15 * time.Second; job.Protocol == oracle.OCR1 && !c.Chain.Development && time.Duration(c.Chain.PollInterval) < min {
			fail("chain.pollInterval", "is %s, but %s is of ocr1, which wants %s at least", time.Duration(c.Chain.PollInterval), path, min)
		}
		job.Kind.Check(func(field, problem string) { fail(path+"."+field, "%s", problem) })
		address, err := parseAddress(job.Contract)
		if err != nil {
			fail(path+".contract", "%v", err)
		} else if before, twice := contracts[address]; twice {
			fail(path+".contract", "is that of jobs[%d] too", before)
		} else {
			contracts[address] = i
		}
		if job.ConfigStore != "" && !job.Kind.HasConfigStores() {
			fail(path+".configStore", "there are none for %s: leave it out", job.Protocol)
		} else if job.ConfigStore != "" {
			if _, err := parseAddress(job.ConfigStore); err != nil {
				fail(path+".configStore", "%v", err)
			}
		}
		if role == RoleBootstrapper {
			if job.Source.given() || job.JuelsPerFeeCoin.given() || job.GasPriceSubunits.given() {
				fail(path, "a bootstrapper observes nothing: leave out source, juelsPerFeeCoin and gasPriceSubunits")
			}
			continue
		}
		if *job.Decimals < 0 || *job.Decimals > feed.MaxDecimals {
			fail(path+".decimals", "is %d, must be between 0 and %d", *job.Decimals, feed.MaxDecimals)
		}
		job.Source.check(path+".source", true, fail)
		switch timeout := time.Duration(job.SourceTimeout); {
		case job.Protocol != oracle.OCR1 && timeout != 0:
			fail(path+".sourceTimeout", "is in the config of the contract, but for ocr1: leave it out")
		case job.Protocol == oracle.OCR1 && (timeout < time.Second || timeout > 20*time.Second):
			fail(path+".sourceTimeout", "is %s, must be between 1s and 20s", timeout)
		}
		if !job.Kind.ObservesGas() {
			if job.JuelsPerFeeCoin.given() || job.GasPriceSubunits.given() {
				fail(path, "oracles of %s observe their source only: leave out juelsPerFeeCoin and gasPriceSubunits", job.Protocol)
			}
			continue
		}
		job.JuelsPerFeeCoin.check(path+".juelsPerFeeCoin", true, fail)
		job.GasPriceSubunits.check(path+".gasPriceSubunits", false, fail)
	}
	return problems
}

func (s Source) check(path string, required bool, fail func(path, format string, args ...any)) {
	given := 0
	for _, v := range []string{s.URL, s.CSV, s.Value} {
		if v != "" {
			given++
		}
	}
	switch {
	case given > 1:
		fail(path, "give one of url, csv and value")
	case given == 0 && (required || s.given()):
		fail(path, "is missing: give url, csv or value")
	}
	if s.URL != "" {
		if u, err := url.Parse(s.URL); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			fail(path+".url", "%q is no http or https URL", s.URL)
		}
	} else if s.Path != "" {
		fail(path+".path", "goes with url only")
	}
	if s.CSV != "" && (time.Duration(s.Every) < time.Second || time.Duration(s.Every) > 24*time.Hour) {
		fail(path+".every", "is %s, must be between 1s and 24h", time.Duration(s.Every))
	}
	if s.CSV == "" && s.Every != 0 {
		fail(path+".every", "goes with csv only")
	}
	if s.Value != "" {
		if _, err := parseValue(s.Value); err != nil {
			fail(path+".value", "%v", err)
		}
	}
}

// parseValue reads an integer of at most 192 bits with its sign.
func parseValue(s string) (*big.Int, error) {
	v, ok := new(big.Int).SetString(s, 10)
	if len(s) > 80 || !ok || v.BitLen() > 191 {
		return nil, fmt.Errorf("%.80q is no integer of at most 192 bits", s)
	}
	return v, nil
}

func parseAddress(s string) (a keys.Address, err error) {
	if s == "" {
		return a, errors.New("is missing")
	}
	if err := a.UnmarshalText([]byte(s)); err != nil {
		return a, err
	}
	if a == (keys.Address{}) {
		return a, errors.New("is the zero address")
	}
	return a, nil
}

func (c *Config) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(c.dir, p)
}

func (c *Config) bootstrappers() ([]commontypes.BootstrapperLocator, error) {
	locators := make([]commontypes.BootstrapperLocator, len(c.Network.Bootstrappers))
	for i, text := range c.Network.Bootstrappers {
		if err := locators[i].UnmarshalText([]byte(text)); err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return locators, nil
}

func (c *Config) localConfig() types.LocalConfig {
	l := types.LocalConfig{
		BlockchainTimeout:                  20 * time.Second,
		ContractConfigConfirmations:        *c.Chain.Confirmations,
		SkipContractConfigConfirmations:    *c.Chain.Confirmations == 0,
		ContractConfigTrackerPollInterval:  time.Duration(c.Chain.PollInterval),
		ContractConfigLoadTimeout:          time.Minute,
		ContractTransmitterTransmitTimeout: 10 * time.Second,
		DatabaseTimeout:                    5 * time.Second,
		DefaultMaxDurationInitialization:   10 * time.Second,
	}
	if c.Chain.Development {
		l.DevelopmentMode = types.EnableDangerousDevelopmentMode
	}
	return l
}

// MarshalJSON shows the configuration as the node understands it, defaults included. It holds no secret but what a URL may
// contain, so user names, passwords and queries of URLs are left out.
func (c *Config) MarshalJSON() ([]byte, error) {
	type plain Config
	shown := plain(*c)
	shown.Chain.RPC = withoutSecrets(shown.Chain.RPC)
	shown.Jobs = append([]Job(nil), c.Jobs...)
	for i := range shown.Jobs {
		for _, source := range []*Source{&shown.Jobs[i].Source, &shown.Jobs[i].JuelsPerFeeCoin, &shown.Jobs[i].GasPriceSubunits} {
			source.URL = withoutSecrets(source.URL)
		}
	}
	text, err := yaml.Marshal(shown)
	if err != nil {
		return nil, err
	}
	var generic any
	if err := yaml.Unmarshal(text, &generic); err != nil {
		return nil, err
	}
	return json.Marshal(generic)
}

// withoutSecrets cuts off what may be a credential: user, path and query of a URL.
func withoutSecrets(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return s
	}
	return u.Scheme + "://" + u.Host
}
