package node

import (
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"regexp"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/ethclient"

	"github.com/ocrkit/ocrkit/cmd/ocrnode/feed"
	"github.com/ocrkit/ocrkit/cmd/ocrnode/oracle"
	"github.com/ocrkit/ocrkit/offchain/keys"
)

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

func (j *Job) setDefaults() {
	j.Kind = j.Kind.WithDefaults()
	if j.Protocol == oracle.OCR1 {
		setDefault(&j.SourceTimeout, Duration(oracle.DefaultSourceTimeout))
	}
	if j.Decimals == nil {
		j.Decimals = new(int)
		*j.Decimals = 8
	}
}

var jobName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// failure notes what is wrong with the field at path.
type failure func(path, format string, args ...any)

func (c *Config) checkJobs(role Role, fail failure) {
	if len(c.Jobs) == 0 || len(c.Jobs) > maxJobs {
		fail("jobs", "there are %d, want 1 to %d", len(c.Jobs), maxJobs)
		return
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
}

func (s Source) check(path string, required bool, fail failure) {
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

// place returns where the job's contract is.
func (j Job) place(config *Config, client *ethclient.Client) (oracle.Place, error) {
	contract, err := parseAddress(j.Contract)
	if err != nil {
		return oracle.Place{}, err
	}
	place := oracle.Place{
		Client: client, ChainID: config.Chain.ID, Contract: common.Address(contract), Subscribe: subscribes(config.Chain.RPC),
	}
	if j.ConfigStore != "" {
		configStore, err := parseAddress(j.ConfigStore)
		if err != nil {
			return oracle.Place{}, err
		}
		place.ConfigStore = (*common.Address)(&configStore)
	}
	return place, nil
}

// sources opens what the job observes.
func (j Job) sources(config *Config) (s oracle.Sources, err error) {
	if s.Value, err = j.Source.open(config, *j.Decimals); err != nil {
		return s, fmt.Errorf("source: %w", err)
	}
	if s.JuelsPerFeeCoin, err = j.JuelsPerFeeCoin.open(config, 0); err != nil {
		return s, fmt.Errorf("juelsPerFeeCoin: %w", err)
	}
	if s.GasPriceSubunits, err = j.GasPriceSubunits.open(config, 0); err != nil {
		return s, fmt.Errorf("gasPriceSubunits: %w", err)
	}
	s.IncludeGasPrice = j.GasPriceSubunits.given()
	s.Timeout = time.Duration(j.SourceTimeout)
	return s, nil
}
