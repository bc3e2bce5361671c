package main

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// template is a network file for a development chain, with a comment for what has to be thought about.
//
//go:embed template.yaml
var template string

func templateCommand() *cli.Command {
	return &cli.Command{
		Name:      "template",
		Usage:     "write a network file to begin with, with the oracles of the key files",
		ArgsUsage: "[KEYFILE...]",
		Flags: []cli.Flag{
			&cli.Uint64Flag{Name: "chain-id", Value: 31337, Usage: "the chain `ID`"},
			&cli.StringFlag{Name: "rpc", Value: "http://127.0.0.1:8545", Usage: "`URL` of a node"},
			&cli.StringFlag{Name: "seed", Value: "dealer.json", Usage: "keystore `FILE` with the dealer's seed"},
			&cli.StringFlag{Name: "payee", Usage: "`ADDRESS` that is paid for all oracles"},
		},
		Action: func(c *cli.Context) error {
			entries, err := publicEntries(c.Args().Slice())
			if err != nil {
				return err
			}
			for i := range entries {
				entries[i].Payee = c.String("payee")
			}
			oracles, err := entriesYAML(entries)
			if err != nil {
				return err
			}
			if len(entries) == 0 {
				oracles = "oracles: [] # what `ocrdeploy keys show FILE...` prints\n"
			}
			f := max(1, (len(entries)-1)/3)
			text := strings.NewReplacer(
				"{{chainID}}", fmt.Sprint(c.Uint64("chain-id")), "{{rpc}}", fmt.Sprintf("%q", c.String("rpc")),
				"{{seed}}", fmt.Sprintf("%q", c.String("seed")), "{{f}}", fmt.Sprint(f), "{{oracles}}", oracles,
			).Replace(template)
			fmt.Fprint(c.App.Writer, text)
			return nil
		},
	}
}
