package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/ethereum/go-ethereum/common"
	"github.com/urfave/cli/v2"
	"go.yaml.in/yaml/v3"

	"github.com/ocrkit/ocrkit/offchain/keys"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/deploy"
	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

func migrateCommand() *cli.Command {
	return &cli.Command{
		Name:  "migrate",
		Usage: "write the network file of the OCR2 feed that replaces a feed of OCR1",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "contract", Usage: "`ADDRESS` of the OCR1 contract"},
			rpcFlag, waitFlag,
			&cli.StringFlag{Name: "out", Value: "network.yaml", Usage: "the network `FILE` to write; it must not exist"},
			&cli.StringSliceFlag{Name: "keys", Usage: "`FILE` of oracles: a key file, or what `ocrdeploy keys show` prints; repeat it for each"},
			&cli.StringFlag{Name: "seed", Value: "dealer.json", Usage: "keystore `FILE` with the dealer's seed, relative to the network file, for dealer.seedFile"},
			jsonFlag,
		},
		Action: migrate,
	}
}

type migrateView struct {
	From     common.Address `json:"from"`
	File     string         `json:"file"`
	Missing  int            `json:"missing"`
	Notes    []deploy.Note  `json:"notes"`
	Findings []findingView  `json:"findings"`
}

func migrate(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	out := c.String("out")
	if _, err := os.Lstat(out); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s exists: network files are never overwritten; use --out", out)
	}
	if c.String("contract") == "" {
		return usage("--contract is missing: name the OCR1 contract")
	}
	var given []netfile.Oracle
	for _, path := range c.StringSlice("keys") {
		oracles, err := givenOracles(path, filepath.Dir(out))
		if err != nil {
			return err
		}
		given = append(given, oracles...)
	}
	ctx, s, contract, err := openContract(c)
	if err != nil {
		return err
	}
	defer s.close()
	m, err := deploy.Migrate(ctx, s.client, contract, deploy.MigrateOptions{Oracles: given, SeedFile: c.String("seed")})
	if err != nil {
		return err
	}
	content, err := m.File()
	if err != nil {
		return err
	}
	if err := keys.WriteNewFile(out, content); err != nil {
		return err
	}
	if err := os.Chmod(out, 0o644); err != nil { // nothing in it is secret
		return err
	}
	missing := len(m.Missing())
	view := migrateView{From: contract, File: out, Missing: missing, Notes: m.Notes, Findings: findingViews(m.Findings)}
	err = show(c, view, func(w io.Writer) { printMigration(w, out, m) })
	if err == nil && missing > 0 {
		return &codedError{exitDiffers, fmt.Errorf("%d values are not on chain: fill them in, in %s, or give them with --keys", missing, out)}
	}
	return err
}

func printMigration(w io.Writer, out string, m *deploy.Migration) {
	fmt.Fprintf(w, "%s replaces %s at %s on chain %d\n\n", out, m.Status.Kind(), m.Status.Contract, m.Status.ChainID)
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, note := range m.Notes {
		fmt.Fprintf(table, "%s\t%s\t%s\n", note.Kind, note.Field, note.Text)
	}
	for _, finding := range m.Findings {
		fmt.Fprintf(table, "%s\t%s\t%s\n", finding.Severity, finding.Field, finding.Message)
	}
	_ = table.Flush() // a writer that fails shows elsewhere too
}

// givenOracles reads a key file, or a list of oracles, for a network file in a folder.
func givenOracles(path, folder string) ([]netfile.Oracle, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(content) > netfile.MaxBytes {
		return nil, fmt.Errorf("%s has more than %d bytes: it is no list of oracles", path, netfile.MaxBytes)
	}
	if public, err := keys.PublicOf(content); err == nil {
		entry := entryOf(path, public)
		if relative, err := filepath.Rel(folder, path); err == nil {
			entry.KeyFile = relative
		}
		return []netfile.Oracle{{Name: entry.Name, Public: public, KeyFile: entry.KeyFile}}, nil
	}
	var list struct {
		Oracles []oracleEntry `yaml:"oracles"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&list); err != nil {
		return nil, fmt.Errorf("%s is neither a key file nor a list of oracles as `ocrdeploy keys show` prints it: %w", path, err)
	}
	if len(list.Oracles) == 0 {
		return nil, fmt.Errorf("%s lists no oracles", path)
	}
	var oracles []netfile.Oracle
	for i, entry := range list.Oracles {
		oracle := netfile.Oracle{Name: entry.Name, Public: entry.Public} // the key file is with whoever made it
		if entry.Payee != "" {
			var payee keys.Address
			if err := payee.UnmarshalText([]byte(entry.Payee)); err != nil {
				return nil, fmt.Errorf("%s: oracles[%d].payee: %w", path, i, err)
			}
			oracle.Payee = common.Address(payee)
		}
		oracles = append(oracles, oracle)
	}
	return oracles, nil
}
