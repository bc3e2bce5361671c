package main

import (
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"
	"go.yaml.in/yaml/v3"

	"github.com/ocrkit/ocrkit/offchain/keys"
)

func keysCommand() *cli.Command {
	light := &cli.BoolFlag{Name: "light", Usage: "encrypt with little work: for keys that protect nothing"}
	bls := &cli.BoolFlag{Name: "bls", Usage: "with a BLS key, for feeds of kind OCR3BLSFeed"}
	flags := []cli.Flag{passFlag, light, jsonFlag}
	return &cli.Command{
		Name:  "keys",
		Usage: "make encrypted key files, and show their public side",
		Subcommands: []*cli.Command{
			{Name: "oracle", Usage: "make the keys of oracles, one file each", ArgsUsage: "FILE...", Flags: append([]cli.Flag{bls}, flags...), Action: makeOracleKeys},
			{Name: "dealer", Usage: "make the seed that the secrets of configs come from", ArgsUsage: "FILE", Flags: flags, Action: makeAccount},
			{Name: "account", Usage: "make the key of an account that sends transactions", ArgsUsage: "FILE", Flags: flags, Action: makeAccount},
			{Name: "show", Usage: "show the public side of oracles' key files, as the network file lists it", ArgsUsage: "FILE...", Flags: []cli.Flag{jsonFlag}, Action: showKeys},
		},
	}
}

func strength(c *cli.Context) keys.Strength {
	if c.Bool("light") {
		return keys.LightStrength
	}
	return keys.StandardStrength
}

// oracleEntry is an oracle as the network file lists it.
type oracleEntry struct {
	Name        string `json:"name" yaml:"name"`
	keys.Public `yaml:",inline"`
	Payee       string `json:"payee,omitempty" yaml:"payee,omitempty"`
	KeyFile     string `json:"keyFile" yaml:"keyFile"`
}

func entryOf(path string, public keys.Public) oracleEntry {
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	return oracleEntry{Name: name, Public: public, KeyFile: path}
}

func makeOracleKeys(c *cli.Context) error {
	if !c.Args().Present() {
		return usage("name the files to make, one for each oracle")
	}
	for _, path := range c.Args().Slice() {
		if err := isNew(path); err != nil {
			return err
		}
	}
	pass, err := password(c, "the new key files", true, "password-file")
	if err != nil {
		return err
	}
	generate := keys.GenerateBundle
	if c.Bool("bls") {
		generate = keys.GenerateBundleWithBLS
	}
	var entries []oracleEntry
	for _, path := range c.Args().Slice() {
		bundle, err := generate(rand.Reader)
		if err != nil {
			return err
		}
		if err := bundle.Save(path, pass, strength(c)); err != nil {
			return err
		}
		entries = append(entries, entryOf(path, bundle.Public()))
	}
	return showEntries(c, entries)
}

// isNew refuses to go on where a file would be overwritten, and makes the folder where there is none.
func isNew(path string) error {
	if strings.HasPrefix(path, "-") {
		return usage("%q: flags come before files", path)
	}
	if _, err := os.Stat(path); err == nil {
		return fmt.Errorf("%s exists: keys are never overwritten", path)
	}
	return os.MkdirAll(filepath.Dir(path), 0o700)
}

func showKeys(c *cli.Context) error {
	if !c.Args().Present() {
		return usage("name the key files")
	}
	entries, err := publicEntries(c.Args().Slice())
	if err != nil {
		return err
	}
	return showEntries(c, entries)
}

func publicEntries(paths []string) ([]oracleEntry, error) {
	var entries []oracleEntry
	for _, path := range paths {
		public, err := keys.LoadPublic(path)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entryOf(path, public))
	}
	return entries, nil
}

func showEntries(c *cli.Context, entries []oracleEntry) error {
	text, err := entriesYAML(entries)
	if err != nil {
		return err
	}
	return show(c, map[string]any{"oracles": entries}, func(w io.Writer) { fmt.Fprint(w, text) })
}

func entriesYAML(entries []oracleEntry) (string, error) {
	var b strings.Builder
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(map[string]any{"oracles": entries}); err != nil {
		return "", err
	}
	return b.String(), encoder.Close()
}

// makeAccount makes a keystore of Ethereum clients. The dealer's seed is one too: 32 random bytes, encrypted.
func makeAccount(c *cli.Context) error {
	if c.Args().Len() != 1 {
		return usage("name the file to make")
	}
	path := c.Args().First()
	if err := isNew(path); err != nil {
		return err
	}
	pass, err := password(c, path, true, "password-file")
	if err != nil {
		return err
	}
	key, err := keys.GenerateEVMKey(rand.Reader)
	if err != nil {
		return err
	}
	content, err := key.EncryptKeystoreV3(pass, strength(c))
	if err != nil {
		return err
	}
	if err := keys.WriteNewFile(path, content); err != nil {
		return err
	}
	if c.Command.Name == "dealer" {
		return show(c, map[string]any{"seedFile": path}, func(w io.Writer) { fmt.Fprintf(w, "dealer:\n  seedFile: %s\n", path) })
	}
	return show(c, map[string]any{"keyFile": path, "address": key.Address()}, func(w io.Writer) { fmt.Fprintf(w, "%s\n", key.Address()) })
}
