package main

import (
	"fmt"
	"io"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/urfave/cli/v2"

	"github.com/ocrkit/ocrkit/offchain/config"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/deploy"
)

func planCommand() *cli.Command {
	return &cli.Command{
		Name:   "plan",
		Usage:  "show what is on chain and what apply would change; sends nothing",
		Flags:  []cli.Flag{fileFlag, rpcFlag, waitFlag, keyFlag, fromFlag, seedFlag, passFlag, seedPass, pubFlag, devFlag, jsonFlag},
		Action: plan,
	}
}

func plan(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	ctx, s, err := open(c)
	if err != nil {
		return err
	}
	defer s.close()
	o, err := s.options(c)
	if err != nil {
		return err
	}
	p, err := deploy.NewPlan(ctx, s.client, s.network, o)
	if err != nil {
		return err
	}
	journal, err := deploy.OpenJournal(s.journalPath())
	if err != nil {
		return err
	}
	if err := show(c, planJSON(p), func(w io.Writer) { printPlan(w, p, journal.Pending()) }); err != nil {
		return err
	}
	switch {
	case len(p.Errors()) > 0:
		return &codedError{code: exitRefused}
	case len(p.Changes) > 0:
		return &codedError{code: exitDiffers}
	}
	return nil
}

// options are those that plan, apply and verify share.
func (s *workspace) options(c *cli.Context) (deploy.Options, error) {
	seed, err := s.seed(c)
	if err != nil {
		return deploy.Options{}, err
	}
	address, err := from(c)
	if err != nil {
		return deploy.Options{}, err
	}
	return deploy.Options{Seed: seed, From: address, Development: c.Bool("development")}, nil
}

type stepView struct {
	Kind    deploy.StepKind `json:"kind"`
	To      *common.Address `json:"to"` // null: creates a contract
	Creates *common.Address `json:"creates,omitempty"`
	Data    string          `json:"data"`
	Gas     uint64          `json:"gas,omitempty"`
}

type findingView struct {
	Severity string `json:"severity"`
	Field    string `json:"field"`
	Message  string `json:"message"`
}

// findingViews shows findings in JSON.
func findingViews(findings []config.Finding) []findingView {
	views := []findingView{}
	for _, finding := range findings {
		views = append(views, findingView{Severity: finding.Severity.String(), Field: finding.Field, Message: finding.Message})
	}
	return views
}

type planView struct {
	ChainID      uint64          `json:"chainId"`
	Contract     *common.Address `json:"contract"`
	Deployed     bool            `json:"deployed"`
	Owner        *common.Address `json:"owner,omitempty"`
	ConfigCount  uint32          `json:"configCount"`
	ConfigDigest string          `json:"configDigest,omitempty"`
	NewDigest    string          `json:"newConfigDigest,omitempty"`
	Changes      []deploy.Change `json:"changes"`
	Steps        []stepView      `json:"steps"`
	Findings     []findingView   `json:"findings"`
	Gas          uint64          `json:"gas"`
	GasComplete  bool            `json:"gasComplete"`
	GasPriceWei  *big.Int        `json:"gasPriceWei"`
}

func stepsView(steps []deploy.Step) []stepView {
	views := make([]stepView, 0, len(steps))
	for _, step := range steps {
		view := stepView{Kind: step.Kind, To: step.To, Data: fmt.Sprintf("0x%x", step.Data), Gas: step.Gas}
		if step.To == nil && step.Creates != (common.Address{}) {
			view.Creates = &step.Creates
		}
		views = append(views, view)
	}
	return views
}

func planJSON(p *deploy.Plan) planView {
	v := planView{ChainID: p.Network.Chain.ID, Deployed: p.State != nil, Changes: p.Changes, Steps: stepsView(p.Steps), GasPriceWei: p.GasPrice, Findings: findingViews(p.Findings)}
	if v.Changes == nil {
		v.Changes = []deploy.Change{}
	}
	if p.Contract != (common.Address{}) {
		v.Contract = &p.Contract
	}
	if p.State != nil {
		v.Owner, v.ConfigCount = &p.State.Owner, p.State.ConfigCount
		if p.State.ConfigCount > 0 {
			v.ConfigDigest = p.State.ConfigDigest.Hex()
		}
	}
	if p.Config != nil {
		v.NewDigest = p.Config.Digest.Hex()
	}
	v.Gas, v.GasComplete = p.Gas()
	return v
}

// printPlan writes a plan for people.
func printPlan(w io.Writer, p *deploy.Plan, journal bool) {
	switch {
	case p.State != nil:
		fmt.Fprintf(w, "%s at %s on chain %d, owner %s\n", p.State.TypeAndVersion, p.Contract, p.State.ChainID, p.State.Owner)
		if p.State.ConfigCount > 0 {
			fmt.Fprintf(w, "config %d in force, digest %s\n", p.State.ConfigCount, p.State.ConfigDigest.Hex())
		} else {
			fmt.Fprintln(w, "not configured")
		}
	case p.Contract != (common.Address{}):
		fmt.Fprintf(w, "%s is not deployed on chain %d; from %s it will be at %s\n", p.Network.Contract.Kind, p.Network.Chain.ID, p.From, p.Contract)
	default:
		fmt.Fprintf(w, "%s is not deployed on chain %d\n", p.Network.Contract.Kind, p.Network.Chain.ID)
	}
	if journal {
		fmt.Fprintln(w, "an earlier apply was interrupted: apply goes on where it was")
	}
	if len(p.Changes) > 0 {
		fmt.Fprintln(w, "\nchanges:")
		printChanges(w, p.Changes)
	}
	if len(p.Steps) > 0 {
		fmt.Fprintln(w, "\ntransactions:")
		for i, step := range p.Steps {
			gas := "gas not known yet"
			if step.Gas > 0 {
				gas = fmt.Sprintf("about %d gas", step.Gas)
			}
			fmt.Fprintf(w, "  %d. %s (%s)\n", i+1, step.Description(), gas)
		}
		total, complete := p.Gas()
		about := "about"
		if !complete {
			about = "more than"
		}
		fmt.Fprintf(w, "  %s %d gas in all: %s at the present gas price\n", about, total, deploy.Ether(new(big.Int).Mul(p.GasPrice, new(big.Int).SetUint64(total))))
	}
	if p.Config != nil && (p.State == nil || p.State.ConfigDigest != p.Config.Digest) {
		fmt.Fprintf(w, "\nthe config will be number %d with digest %s\n", p.Config.Count, p.Config.Digest.Hex())
	}
	if len(p.Findings) > 0 {
		fmt.Fprintln(w)
		for _, finding := range p.Findings {
			fmt.Fprintln(w, finding)
		}
	}
	switch {
	case len(p.Errors()) > 0:
		fmt.Fprintln(w, "\nthe plan has errors, apply would refuse it")
	case len(p.Changes) == 0:
		fmt.Fprintln(w, "\nnothing to do: the chain holds what the network file says")
	}
}

func printChanges(w io.Writer, changes []deploy.Change) {
	width := 0
	for _, change := range changes {
		width = max(width, len(change.Field))
	}
	for _, change := range changes {
		mark, text := "~", shorten(change.Old)+" -> "+shorten(change.New)
		switch {
		case change.Old == "":
			mark, text = "+", shorten(change.New)
		case change.New == "":
			mark, text = "-", shorten(change.Old)
		}
		if change.Blocked != "" {
			mark = "!"
		}
		fmt.Fprintf(w, "  %s %-*s  %s\n", mark, width, change.Field, text)
	}
}

// shorten cuts what is too long for a line; --json has all of it.
func shorten(text string) string {
	if len(text) > 100 {
		return fmt.Sprintf("%s... (%d characters)", text[:100], len(text))
	}
	return text
}
