package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"math/big"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/urfave/cli/v2"

	"github.com/ocrkit/ocrkit/offchain/keys"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/deploy"
)

func verifyCommand() *cli.Command {
	return &cli.Command{
		Name:  "verify",
		Usage: "check that the chain holds exactly what the network file says",
		Flags: []cli.Flag{fileFlag, rpcFlag, waitFlag, seedFlag, passFlag, seedPass,
			&cli.StringFlag{Name: "oracle-password-file", Usage: "`FILE` with the password of the oracles' key files, where it is another one"},
			pubFlag, devFlag, jsonFlag},
		Action: verify,
	}
}

func verify(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	ctx, s, err := open(c)
	if err != nil {
		return err
	}
	defer s.close()
	options, err := s.options(c)
	if err != nil {
		return err
	}
	bundles, err := s.oracleKeys(c)
	if err != nil {
		return err
	}
	v, err := deploy.Verify(ctx, s.client, s.network, options, bundles)
	if err != nil {
		return err
	}
	if v.Changes == nil {
		v.Changes = []deploy.Change{}
	}
	err = show(c, map[string]any{"ok": v.OK(), "contract": s.network.Contract.Address, "configDigest": v.Digest.Hex(), "checks": v.Checks, "differences": v.Changes}, func(w io.Writer) {
		table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
		for _, check := range v.Checks {
			fmt.Fprintf(table, "%s\t%s\t%s\n", check.Status, check.Name, shorten(strings.ReplaceAll(check.Detail, "\n", "; ")))
		}
		_ = table.Flush() // a writer that fails shows elsewhere too
		if len(v.Changes) > 0 {
			fmt.Fprintln(w, "\non chain -> in the network file:")
			printChanges(w, v.Changes)
		}
	})
	if err == nil && !v.OK() {
		return &codedError{exitDiffers, fmt.Errorf("the chain does not hold what %s says", s.path)}
	}
	return err
}

var contractFlag = &cli.StringFlag{Name: "contract", Usage: "`ADDRESS` of a contract, instead of a network file"}

// openContract takes the contract and the node from flags, or from the network file.
func openContract(c *cli.Context) (context.Context, *workspace, common.Address, error) {
	text := c.String("contract")
	if text == "" {
		ctx, s, err := open(c)
		if err != nil {
			return nil, nil, common.Address{}, err
		}
		if s.network.Contract.Address == (common.Address{}) {
			s.close()
			return nil, nil, common.Address{}, fmt.Errorf("%w: the network file has no contract.address: run apply first", deploy.ErrNoContract)
		}
		return ctx, s, s.network.Contract.Address, nil
	}
	var address keys.Address
	if err := address.UnmarshalText([]byte(text)); err != nil {
		return nil, nil, common.Address{}, usage("--contract: %v", err)
	}
	if c.String("rpc") == "" {
		return nil, nil, common.Address{}, usage("--contract needs a node: use --rpc or OCRDEPLOY_RPC")
	}
	ctx, cancel := context.WithTimeout(c.Context, c.Duration("rpc-timeout"))
	client, err := deploy.Dial(ctx, c.String("rpc"), dialTimeout)
	if err != nil {
		cancel()
		return nil, nil, common.Address{}, err
	}
	return ctx, &workspace{client: client, cancel: cancel}, common.Address(address), nil
}

func statusCommand() *cli.Command {
	return &cli.Command{
		Name:   "status",
		Usage:  "show how the feed is doing: latest round, transmitters, money",
		Flags:  []cli.Flag{fileFlag, contractFlag, rpcFlag, waitFlag, jsonFlag},
		Action: status,
	}
}

type statusView struct {
	Contract     common.Address `json:"contract"`
	Kind         string         `json:"typeAndVersion"`
	Description  string         `json:"description"`
	Decimals     uint8          `json:"decimals"`
	Block        uint64         `json:"block"`
	ConfigCount  uint32         `json:"configCount"`
	ConfigDigest string         `json:"configDigest"`
	ConfigTime   *time.Time     `json:"configTime"`
	// Of the latest report: what its protocol counts.
	Epoch *uint64 `json:"epoch,omitempty"`
	Round *uint64 `json:"round,omitempty"`
	SeqNr *uint64 `json:"seqNr,omitempty"`

	RoundID       *big.Int     `json:"roundId"`
	Answer        string       `json:"answer"`
	Observed      *time.Time   `json:"observedAt"`
	Transmitted   *time.Time   `json:"transmittedAt"`
	LinkAvailable *string      `json:"linkAvailableJuels"` // null: not known, or the contract pays nobody
	LinkOwed      *string      `json:"linkOwedJuels,omitempty"`
	Oracles       []oracleView `json:"oracles"`
}

type oracleView struct {
	Transmitter common.Address `json:"transmitter"`
	BalanceWei  string         `json:"balanceWei"`
	// Where the contract pays.
	OwedJuels    *string `json:"owedJuels,omitempty"`
	UnpaidRounds *uint32 `json:"unpaidRounds,omitempty"`
	Payee        string  `json:"payee,omitempty"`
}

func status(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	ctx, s, contract, err := openContract(c)
	if err != nil {
		return err
	}
	defer s.close()
	st, err := deploy.ReadStatus(ctx, s.client, contract, s.network)
	if err != nil {
		return err
	}
	return show(c, statusJSON(st), func(w io.Writer) { printStatus(w, st) })
}

func statusJSON(s *deploy.Status) statusView {
	v := statusView{
		Contract: s.Contract, Kind: s.TypeAndVersion, Description: s.Settings.Description, Decimals: s.Settings.Decimals, Block: s.Block,
		ConfigCount: s.ConfigCount, ConfigDigest: s.ConfigDigest.Hex(), RoundID: s.RoundID, Answer: s.Answer.String(), Oracles: []oracleView{},
	}
	numbers := map[string]**uint64{"epoch": &v.Epoch, "round": &v.Round, "seqNr": &v.SeqNr}
	for _, number := range s.Position {
		if at, ok := numbers[number.Name]; ok {
			*at = &number.Value
		}
	}
	if s.Config != nil {
		v.ConfigTime = &s.Config.Time
	}
	if s.RoundID.Sign() > 0 {
		v.Observed, v.Transmitted = &s.Observed, &s.Transmitted
	}
	text := func(amount *big.Int) *string {
		if amount == nil {
			return nil
		}
		text := amount.String()
		return &text
	}
	v.LinkAvailable = text(s.LinkAvailable)
	if s.Pays {
		v.LinkOwed = text(s.Owed())
	}
	for _, o := range s.Oracles {
		oracle := oracleView{Transmitter: o.Transmitter, BalanceWei: o.Balance.String(), OwedJuels: text(o.Owed), Payee: o.Payee}
		if s.Pays {
			oracle.UnpaidRounds = &o.UnpaidRounds
		}
		v.Oracles = append(v.Oracles, oracle)
	}
	return v
}

func printStatus(w io.Writer, s *deploy.Status) {
	fmt.Fprintf(w, "%s (%s) at %s on chain %d, block %d\n", s.Settings.Description, s.TypeAndVersion, s.Contract, s.ChainID, s.Block)
	switch {
	case s.ConfigCount == 0:
		fmt.Fprintln(w, "config        none")
	case s.Config == nil:
		fmt.Fprintf(w, "config        %d, digest %s, block %d (%v)\n", s.ConfigCount, s.ConfigDigest.Hex(), s.ConfigBlock, s.ConfigErr)
	default:
		fmt.Fprintf(w, "config        %d, digest %s, set %s ago\n", s.ConfigCount, s.ConfigDigest.Hex(), age(s.Time, s.Config.Time))
		if err := s.Config.Problem(); err != nil {
			fmt.Fprintf(w, "              %v\n", err)
		}
	}
	if s.RoundID.Sign() == 0 {
		fmt.Fprintln(w, "answer        none yet")
	} else {
		fmt.Fprintf(w, "answer        %s, round %s, observed %s ago, on chain for %s\n", deploy.Decimal(s.Answer, int(s.Settings.Decimals)), s.RoundID, age(s.Time, s.Observed), age(s.Time, s.Transmitted))
	}
	var position []string
	for _, number := range s.Position {
		position = append(position, fmt.Sprintf("%s %d", number.Name, number.Value))
	}
	fmt.Fprintf(w, "latest report %s\n", strings.Join(position, ", "))
	switch {
	case !s.Pays:
	case s.LinkErr != nil:
		fmt.Fprintf(w, "LINK          the token does not answer: %v\n", s.LinkErr)
	default:
		fmt.Fprintf(w, "LINK          %s available beyond the %s owed\n", deploy.Juels(s.LinkAvailable), deploy.Juels(s.Owed()))
	}
	if len(s.Oracles) == 0 {
		return
	}
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprint(table, "\noracle\ttransmitter\tgas money")
	if s.Pays {
		fmt.Fprint(table, "\tLINK owed\tunpaid rounds\tpayee")
	}
	fmt.Fprintln(table)
	for i, o := range s.Oracles {
		fmt.Fprintf(table, "%d\t%s\t%s", i, o.Transmitter, deploy.Ether(o.Balance))
		if s.Pays {
			fmt.Fprintf(table, "\t%s\t%d\t%s", deploy.Juels(o.Owed), o.UnpaidRounds, o.Payee)
		}
		fmt.Fprintln(table)
	}
	_ = table.Flush() // a writer that fails shows elsewhere too
}

// age is measured by the chain's clock.
func age(now, then time.Time) time.Duration { return max(0, now.Sub(then)).Truncate(time.Second) }

func decodeCommand() *cli.Command {
	return &cli.Command{
		Name:      "decode",
		Usage:     "show what a contract's config, or what bytes mean",
		UsageText: "ocrdeploy decode --contract ADDRESS --rpc URL   the config in force of any contract that speaks OCR\n   ocrdeploy decode [--kind KIND] HEX               bytes; HEX is 0x..., or @FILE, or - for the standard input",
		Flags: []cli.Flag{fileFlag, contractFlag, rpcFlag, waitFlag,
			&cli.StringFlag{Name: "kind", Value: string(deploy.BlobAuto), Usage: fmt.Sprintf("what the bytes are: one of %v", deploy.Blobs())}, jsonFlag},
		Action: decode,
	}
}

func decode(c *cli.Context) error {
	var decoded *deploy.Decoded
	switch {
	case c.Args().Len() > 1:
		return usage("decode takes one argument; flags come before it")
	case c.Args().Present():
		blob, err := readBlob(c.Args().First())
		if err != nil {
			return err
		}
		if decoded, err = deploy.Decode(blob, deploy.Blob(c.String("kind"))); err != nil {
			return err
		}
	default:
		ctx, s, contract, err := openContract(c)
		if err != nil {
			return err
		}
		defer s.close()
		onChain, err := deploy.ReadConfig(ctx, s.client, contract)
		if err != nil {
			return err
		}
		decoded = deploy.DecodeChainConfig(contract, onChain)
		if problem := onChain.Problem(); problem != nil {
			defer fmt.Fprintln(c.App.ErrWriter, "ocrdeploy: warning:", problem)
		}
	}
	return show(c, decoded, func(w io.Writer) {
		fmt.Fprintln(w, decoded.What)
		table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
		for _, field := range decoded.Fields {
			fmt.Fprintf(table, "  %s\t%s\n", field.Name, field.Value)
		}
		_ = table.Flush() // a writer that fails shows elsewhere too
	})
}

// readBlob takes hexadecimal digits from an argument, a file or the standard input.
func readBlob(argument string) ([]byte, error) {
	text := argument
	var source io.Reader
	if argument == "-" {
		source = os.Stdin
	} else if path, ok := strings.CutPrefix(argument, "@"); ok {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		source = f
	}
	if source != nil {
		content, err := io.ReadAll(io.LimitReader(source, 2*deploy.MaxBlobBytes+16))
		if err != nil {
			return nil, err
		}
		text = string(content)
	}
	blob, err := hex.DecodeString(strings.TrimPrefix(strings.TrimSpace(text), "0x"))
	if err != nil {
		return nil, usage("not hexadecimal: %v", err)
	}
	return blob, nil
}
