// Package node is one node: it holds keys, a database folder and a peer, and runs oracles, or as a bootstrapper helps oracles to
// find each other. Its configuration is one YAML file; docs/nodes.md explains it.
package node

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
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
		c.Jobs[i].setDefaults()
	}
}

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

	c.checkJobs(role, fail)
	return problems
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
