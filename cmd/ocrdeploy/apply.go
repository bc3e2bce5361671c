package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/gofrs/flock"
	"github.com/urfave/cli/v2"

	"github.com/ocrkit/ocrkit/offchain/config"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/deploy"
	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

func applyCommand() *cli.Command {
	return &cli.Command{
		Name:  "apply",
		Usage: "make the chain what the network file says, and verify it; run again after an interruption",
		Flags: []cli.Flag{
			fileFlag, rpcFlag, waitFlag, keyFlag, fromFlag, seedFlag, passFlag, seedPass, devFlag, jsonFlag,
			&cli.StringFlag{Name: "safe-batch", Usage: "send nothing: write the calls to a `FILE` for Safe's transaction builder"},
			&cli.BoolFlag{Name: "calldata", Usage: "send nothing: show the calls"},
			&cli.Uint64Flag{Name: "confirmations", Value: 1, Usage: "how many blocks deep a transaction must be"},
			&cli.DurationFlag{Name: "timeout", Value: 5 * time.Minute, Usage: "how long to wait for a transaction"},
			&cli.DurationFlag{Name: "poll", Value: time.Second, Usage: "how often to ask the node", Hidden: true},
			&cli.BoolFlag{Name: "bump", Usage: "replace a transaction of an interrupted apply by one with higher fees"},
		},
		Action: apply,
	}
}

func apply(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	if c.Duration("poll") <= 0 || c.Duration("timeout") <= 0 {
		return usage("--poll and --timeout must be more than 0")
	}
	if c.String("safe-batch") != "" || c.Bool("calldata") {
		return applyElsewhere(c)
	}
	key, err := sender(c)
	if err != nil {
		return err
	}
	// Two of them at once would not know of each other's transactions.
	lock := flock.New(c.String("network") + ".lock")
	locked, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("locking the network file: %w", err)
	}
	if !locked {
		return fmt.Errorf("another apply of %s is at work", c.String("network"))
	}
	defer func() { _ = lock.Unlock() }() // the system would do it

	_, s, err := open(c)
	if err != nil {
		return err
	}
	defer s.close()
	options, err := s.options(c)
	if err != nil {
		return err
	}
	journal, err := deploy.OpenJournal(s.journalPath())
	if err != nil {
		return err
	}
	result, err := deploy.Apply(c.Context, s.client, s.network, deploy.ApplyOptions{
		Options: options, Signer: deploy.KeySigner(key), Journal: journal, Confirmations: c.Uint64("confirmations"),
		PollInterval: c.Duration("poll"), Timeout: c.Duration("timeout"), Bump: c.Bool("bump"),
		Deployed: s.writeAddress,
		Progress: func(e deploy.Event) {
			if !c.Bool("json") {
				printEvent(c.App.Writer, e)
			}
		},
	})
	if err != nil {
		if c.Bool("json") && result.Plan != nil && len(result.Transactions) > 0 {
			return errors.Join(err, showApplied(c, result)) // what was done until then
		}
		return err
	}
	if err := showApplied(c, result); err != nil {
		return err
	}
	if len(result.Plan.Changes) > 0 {
		return &codedError{code: exitDiffers}
	}
	return nil
}

// writeAddress puts the address of the new contract into the network file.
func (s *workspace) writeAddress(address common.Address) error {
	content, err := os.ReadFile(s.path)
	if err != nil {
		return err
	}
	edited, err := netfile.SetContractAddress(content, address)
	if err != nil {
		return fmt.Errorf("write `address: %q` into its contract section: %w", address.Hex(), err)
	}
	return deploy.WriteFileAtomically(s.path, edited)
}

type applyView struct {
	Contract     common.Address  `json:"contract"`
	Link         *common.Address `json:"link,omitempty"` // of contracts that pay
	ConfigDigest string          `json:"configDigest"`
	ConfigCount  uint64          `json:"configCount"`
	Transactions []txView        `json:"transactions"`
	Left         []deploy.Change `json:"left"`
	Findings     []findingView   `json:"findings"`
}

type txView struct {
	Step     deploy.StepKind `json:"step"`
	Hash     common.Hash     `json:"hash"`
	Block    uint64          `json:"block"`
	GasUsed  uint64          `json:"gasUsed"`
	Contract *common.Address `json:"contract,omitempty"`
}

// showApplied shows the result. The last plan was made after the last transaction: what it says is what verify would.
func showApplied(c *cli.Context, r *deploy.Result) error {
	v := applyView{Contract: r.Contract, ConfigDigest: r.Digest.Hex(), ConfigCount: r.Count, Transactions: []txView{}, Left: r.Plan.Changes, Findings: findingViews(r.Plan.Findings)}
	if r.Link != (common.Address{}) {
		v.Link = &r.Link
	}
	if v.Left == nil {
		v.Left = []deploy.Change{}
	}
	for _, tx := range r.Transactions {
		view := txView{Step: tx.Step, Hash: tx.Hash, Block: tx.Block, GasUsed: tx.GasUsed}
		if tx.Contract != (common.Address{}) {
			view.Contract = &tx.Contract
		}
		v.Transactions = append(v.Transactions, view)
	}
	return show(c, v, func(w io.Writer) {
		if len(r.Transactions) == 0 {
			fmt.Fprintln(w, "nothing to do")
		}
		fmt.Fprintf(w, "contract %s holds config %d with digest %s\n", r.Contract, r.Count, r.Digest.Hex())
		for _, f := range r.Plan.Findings {
			if f.Severity == config.SeverityWarning {
				fmt.Fprintln(w, f)
			}
		}
		if len(r.Plan.Changes) > 0 {
			fmt.Fprintln(w, "left, for others to do:")
			printChanges(w, r.Plan.Changes)
		}
	})
}

func printEvent(w io.Writer, e deploy.Event) {
	description := deploy.Step{Kind: e.Step}.Description()
	switch e.Stage {
	case deploy.StageConfirmed:
		fmt.Fprintf(w, "  in block %d, %d gas", e.Block, e.GasUsed)
		if e.Contract != (common.Address{}) {
			fmt.Fprintf(w, ", contract %s", e.Contract)
		}
		fmt.Fprintln(w)
	case deploy.StageResent:
		fmt.Fprintf(w, "%s: transaction %s of an earlier run\n", description, e.Hash)
	default:
		fmt.Fprintf(w, "%s: transaction %s\n", description, e.Hash)
	}
}

// applyElsewhere shows the calls for somebody else to sign.
func applyElsewhere(c *cli.Context) error {
	ctx, s, err := open(c)
	if err != nil {
		return err
	}
	defer s.close()
	options, err := s.options(c)
	if err != nil {
		return err
	}
	p, err := deploy.NewPlan(ctx, s.client, s.network, options)
	if err != nil {
		return err
	}
	calls, err := p.Calls()
	if err != nil {
		return err
	}
	if path := c.String("safe-batch"); path != "" {
		content, err := p.SafeBatch()
		if err != nil {
			return err
		}
		if err := deploy.WriteFileAtomically(path, content); err != nil {
			return err
		}
	}
	return show(c, map[string]any{"owner": p.State.Owner, "newConfigDigest": p.Digest().Hex(), "calls": stepsView(calls)}, func(w io.Writer) {
		if len(calls) == 0 {
			fmt.Fprintln(w, "nothing to do")
			return
		}
		fmt.Fprintf(w, "to be sent by the owner, %s; the config digest will be %s\n", p.State.Owner, p.Digest().Hex())
		for i, step := range calls {
			fmt.Fprintf(w, "%d. %s\n   to   %s\n   hash %s (keccak256 of the data)\n", i+1, step.Description(), step.To, step.DataHash())
			if c.Bool("calldata") {
				fmt.Fprintf(w, "   data 0x%x\n", step.Data)
			}
		}
	})
}
