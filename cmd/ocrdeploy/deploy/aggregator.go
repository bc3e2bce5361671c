package deploy

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr2/ocr2aggregator"
	"github.com/ocrkit/ocrkit/gen/ocr2/simplewriteaccesscontroller"
	"github.com/ocrkit/ocrkit/gen/ocr2/testing/linktoken"
	"github.com/ocrkit/ocrkit/offchain/config"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// getter is a function of a contract that reads something.
type getter[T any] struct {
	name     string
	calldata []byte
	unpack   func([]byte) (T, error)
}

func get[T any](ctx context.Context, r reader, g getter[T]) (T, error) {
	return query(ctx, r, g.name, g.calldata, g.unpack)
}

// aggregator is a contract that publishes medians and pays for them. What differs between those of OCR1 and of OCR2 is in its fields,
// all else is common to them.
type aggregator struct {
	// deployment returns what creates the contract.
	deployment func(c *netfile.Contract) []byte
	// boundsInConfig says that configs have the bounds of answers, too.
	boundsInConfig bool
	// payeesRequired says that the contract takes no config with an oracle that has no payee.
	payeesRequired bool

	billingAccessController, requesterAccessController getter[common.Address]
	validator                                          getter[netfile.Validator]
	transmitters                                       getter[[]common.Address]
	// billing are the prices. readBilling reads them into the contract.
	billing     setting
	readBilling func(ctx context.Context, r reader, c *netfile.Contract) error
	// latestReport reads which report the contract accepted last.
	latestReport func(ctx context.Context, r reader, s *Status) error
}

// anyAggregator has the functions that aggregators of OCR1 and OCR2 have in common: same name, same arguments, same results.
var anyAggregator = ocr2aggregator.NewOCR2Aggregator()

func (a *aggregator) prerequisites(c *netfile.Contract) []prerequisite {
	controller := simplewriteaccesscontroller.SimpleWriteAccessControllerMetaData.Bin
	return []prerequisite{
		{StepDeployLink, &c.Link, linktoken.LinkTokenMetaData.Bin},
		{StepDeployBillingController, &c.BillingAccessController, controller},
		{StepDeployRequesterController, &c.RequesterAccessController, controller},
	}
}

func (a *aggregator) code(c *netfile.Contract) []byte { return a.deployment(c) }

func (a *aggregator) payments() *payments { return &payments{required: a.payeesRequired} }

// redeploy says what to do about what cannot be changed.
const redeploy = "it is fixed when the contract is deployed: correct the network file, or take out contract.address to deploy another contract"

func (a *aggregator) settings() []setting {
	settings := append(fixedSettings(a.boundsInConfig), setting{
		check: "contract", byConstructor: true,
		fields:  targetFields("contract.link", func(c *netfile.Contract) netfile.Target { return c.Link }),
		blocked: "a new token means that all oracles are paid out in the old one and the rest goes to somebody: call setLinkToken by hand, or correct the network file",
	}, setting{
		check: "contract", byConstructor: true, step: StepSetBillingAccessController,
		fields: targetFields("contract.billingAccessController", func(c *netfile.Contract) netfile.Target { return c.BillingAccessController }),
		calldata: func(c *netfile.Contract) []byte {
			return anyAggregator.PackSetBillingAccessController(c.BillingAccessController.Address)
		},
	}, setting{
		check: "contract", byConstructor: true, step: StepSetRequesterAccessController,
		fields: targetFields("contract.requesterAccessController", func(c *netfile.Contract) netfile.Target { return c.RequesterAccessController }),
		calldata: func(c *netfile.Contract) []byte {
			return anyAggregator.PackSetRequesterAccessController(c.RequesterAccessController.Address)
		},
	}, setting{
		check: "contract", step: StepSetValidator,
		fields: func(c *netfile.Contract, _ bool) []Field {
			if v := c.Validator; v != nil {
				return []Field{field("contract.validator.address", addressText(v.Address)), field("contract.validator.gasLimit", fmt.Sprint(v.GasLimit))}
			}
			return nil
		},
		calldata: func(c *netfile.Contract) []byte {
			return anyAggregator.PackSetValidatorConfig(c.Validator.Address, c.Validator.GasLimit)
		},
	})
	billing := a.billing
	billing.check, billing.step = "billing", StepSetBilling
	return append(settings, billing)
}

// targetFields shows another contract that the contract refers to.
func targetFields(name string, of func(c *netfile.Contract) netfile.Target) func(c *netfile.Contract, exists bool) []Field {
	return func(c *netfile.Contract, exists bool) []Field {
		target := of(c)
		if target.Deploy && exists {
			return nil
		}
		return []Field{field(name, target.String())}
	}
}

var linkToken = getter[common.Address]{"getLinkToken", anyAggregator.PackGetLinkToken(), anyAggregator.UnpackGetLinkToken}

func (a *aggregator) read(ctx context.Context, r reader, s *State) error {
	c := &s.Settings
	for _, target := range []struct {
		get getter[common.Address]
		to  *netfile.Target
	}{{linkToken, &c.Link}, {a.billingAccessController, &c.BillingAccessController}, {a.requesterAccessController, &c.RequesterAccessController}} {
		address, err := get(ctx, r, target.get)
		if err != nil {
			return err
		}
		*target.to = netfile.Target{Address: address}
	}
	if err := readAnswers(ctx, r, c); err != nil {
		return err
	}
	if err := a.readBilling(ctx, r, c); err != nil {
		return err
	}
	validator, err := get(ctx, r, a.validator)
	if err != nil {
		return err
	}
	c.Validator = &validator
	s.LinkAvailable, s.LinkErr = get(ctx, r, linkAvailable)
	return nil
}

func (a *aggregator) lint(p *Plan) {
	c := p.Network.Contract
	if c.Link.Deploy && c.Address == (common.Address{}) {
		p.note(config.SeverityWarning, "contract.link", "a test token will be deployed, which is worth nothing; on a real chain write the address of the token")
	}
	if c.Link == (netfile.Target{}) {
		p.note(config.SeverityWarning, "contract.link", "without a token nobody can be paid, and nothing that has to do with payment works")
	}
	if reasonable, maximum := c.GasPrices(); reasonable > maximum {
		p.note(config.SeverityWarning, "contract.billing.reasonableGasPriceGwei", "%d is more than maximumGasPriceGwei (%d), which is the most that is ever reimbursed",
			reasonable, maximum)
	}
}

func (a *aggregator) status(ctx context.Context, r reader, s *Status) error {
	if err := a.latestReport(ctx, r, s); err != nil {
		return err
	}
	transmitters, err := get(ctx, r, a.transmitters)
	if err != nil {
		return err
	}
	s.transmitters(transmitters)
	return answerStatus(ctx, r, s)
}

// The functions that all contracts with answers have, whatever their protocol.
var (
	minAnswer   = getter[*big.Int]{"minAnswer", anyAggregator.PackMinAnswer(), anyAggregator.UnpackMinAnswer}
	maxAnswer   = getter[*big.Int]{"maxAnswer", anyAggregator.PackMaxAnswer(), anyAggregator.UnpackMaxAnswer}
	decimals    = getter[uint8]{"decimals", anyAggregator.PackDecimals(), anyAggregator.UnpackDecimals}
	description = getter[string]{"description", anyAggregator.PackDescription(), anyAggregator.UnpackDescription}
	latestRound = getter[ocr2aggregator.LatestRoundDataOutput]{"latestRoundData", anyAggregator.PackLatestRoundData(), anyAggregator.UnpackLatestRoundData}
)

// fixedSettings are those that all contracts with answers have, and that cannot be changed. boundsInConfig says that configs have the
// bounds, too.
func fixedSettings(boundsInConfig bool) []setting {
	fixed := func(name string, value func(c *netfile.Contract) string) setting {
		return setting{
			check: "contract", byConstructor: true, blocked: redeploy,
			fields: func(c *netfile.Contract, _ bool) []Field { return []Field{field(name, value(c))} },
		}
	}
	bound := func(name string, value func(c *netfile.Contract) *big.Int) setting {
		s := fixed(name, func(c *netfile.Contract) string { return value(c).String() })
		s.inConfig = boundsInConfig
		return s
	}
	return []setting{
		fixed("contract.kind", func(c *netfile.Contract) string { return string(c.Kind) }),
		bound("contract.minAnswer", func(c *netfile.Contract) *big.Int { return c.MinAnswer }),
		bound("contract.maxAnswer", func(c *netfile.Contract) *big.Int { return c.MaxAnswer }),
		fixed("contract.decimals", func(c *netfile.Contract) string { return fmt.Sprint(c.Decimals) }),
		fixed("contract.description", func(c *netfile.Contract) string { return c.Description }),
	}
}

// readAnswers reads the settings that fixedSettings compares.
func readAnswers(ctx context.Context, r reader, c *netfile.Contract) (err error) {
	if c.MinAnswer, err = get(ctx, r, minAnswer); err != nil {
		return err
	}
	if c.MaxAnswer, err = get(ctx, r, maxAnswer); err != nil {
		return err
	}
	if c.Decimals, err = get(ctx, r, decimals); err != nil {
		return err
	}
	c.Description, err = get(ctx, r, description)
	return err
}

// answerStatus reads the latest answer.
func answerStatus(ctx context.Context, r reader, s *Status) error {
	latest, err := get(ctx, r, latestRound)
	if err != nil {
		return err
	}
	s.RoundID, s.Answer = latest.RoundId, latest.Answer
	s.Observed, s.Transmitted = time.Unix(latest.StartedAt.Int64(), 0).UTC(), time.Unix(latest.UpdatedAt.Int64(), 0).UTC()
	return nil
}
