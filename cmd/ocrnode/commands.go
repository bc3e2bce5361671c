package main

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/ocrkit/ocrkit/cmd/ocrnode/node"
	"github.com/ocrkit/ocrkit/offchain/keys"
)

var configFlag = &cli.StringFlag{Name: "config", Aliases: []string{"c"}, Usage: "node `FILE`"}

func onUsageError(_ *cli.Context, err error, _ bool) error { return usageError{err} }

// loadConfig reads the node file that the flag names.
func loadConfig(c *cli.Context, role node.Role) (*node.Config, error) {
	if c.String("config") == "" {
		return nil, usageError{errors.New("name the node file: -c FILE (ocrnode config template prints one to start from)")}
	}
	return node.LoadConfig(c.String("config"), role)
}

func noArguments(c *cli.Context) error {
	if c.NArg() > 0 {
		return usageError{fmt.Errorf("unknown argument %q", c.Args().First())}
	}
	return nil
}

// nodeCommand is run or bootstrap.
func nodeCommand(name, usage, description string, role node.Role, stderr io.Writer) *cli.Command {
	return &cli.Command{
		Name: name, Usage: usage, Description: description,
		Flags: []cli.Flag{configFlag}, OnUsageError: onUsageError,
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			config, err := loadConfig(c, role)
			if err != nil {
				return usageError{err}
			}
			return runNode(c.Context, config, role, stderr)
		},
	}
}

// runNode runs a node until it is told to stop, which is success, or cannot go on.
func runNode(ctx context.Context, config *node.Config, role node.Role, stderr io.Writer) error {
	logger := newLogger(config.Log, stderr)
	// The node's own context does not end with the signal: what it is doing is brought to an end in order by Close.
	n, err := node.Start(context.WithoutCancel(ctx), config, role, logger)
	if err != nil {
		return err
	}
	if address := n.HTTPAddress(); address != "" {
		logger.Info("pages for operators", "metrics", "http://"+address+"/metrics", "status", "http://"+address+"/status")
	}
	var failure error
	select {
	case <-ctx.Done():
		logger.Info("stopping")
	case failure = <-n.Failed():
		logger.Error("cannot go on", "error", failure)
	}
	err = errors.Join(failure, n.Close())
	logger.Info("stopped")
	if err != nil {
		return &runError{err}
	}
	return nil
}

// runError is the failure of a node that had been started: not to be mistaken for an interruption.
type runError struct{ error }

func (e *runError) Unwrap() error { return e.error }

func newLogger(config node.Log, w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(config.Level)); err != nil {
		level = slog.LevelInfo // cannot be: the configuration was checked
	}
	options := &slog.HandlerOptions{Level: level}
	if config.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

func keysCommand(stdout, stderr io.Writer) *cli.Command {
	passwordFlags := []cli.Flag{
		&cli.StringFlag{Name: "password-file", Usage: "`FILE` with the password"},
		&cli.StringFlag{Name: "password-env", Usage: "`NAME` of an environment variable with the password"},
		&cli.BoolFlag{Name: "light", Usage: "encrypt with little work: for keys that protect nothing"},
	}
	return &cli.Command{
		Name:  "keys",
		Usage: "make a node's keys, and show their public side",
		Subcommands: []*cli.Command{
			{
				Name: "new", Usage: "make an encrypted key file: keys for signing reports, for transmitting, for the network", ArgsUsage: "FILE",
				Flags: append(slices.Clone(passwordFlags), &cli.BoolFlag{Name: "bls", Usage: "with a BLS key too: for OCR3 contracts that verify BLS signatures"}), OnUsageError: onUsageError,
				Action: func(c *cli.Context) error { return newKeys(c, stdout, stderr) },
			},
			{
				Name: "add-bls", Usage: "copy a key file, with a BLS key added to it and everything else the same", ArgsUsage: "FILE NEWFILE",
				Flags: passwordFlags, OnUsageError: onUsageError,
				Action: func(c *cli.Context) error { return addBLS(c, stdout, stderr) },
			},
			{
				Name: "show", Usage: "show what others must know of a key file, as ocrdeploy's network file lists it", ArgsUsage: "FILE",
				OnUsageError: onUsageError,
				Action: func(c *cli.Context) error {
					if c.NArg() != 1 {
						return usageError{errors.New("name the key file")}
					}
					public, err := keys.LoadPublic(c.Args().First())
					if err != nil {
						return err
					}
					return printJSON(stdout, public)
				},
			},
		},
	}
}

func newKeys(c *cli.Context, stdout, stderr io.Writer) error {
	if c.NArg() != 1 {
		return usageError{errors.New("name the key file to make (flags come first)")}
	}
	path := c.Args().First()
	if err := mustNotExist(path); err != nil {
		return err
	}
	password, err := passwordOf(c, path, true, stderr)
	if err != nil {
		return err
	}
	generate := keys.GenerateBundle
	if c.Bool("bls") {
		generate = keys.GenerateBundleWithBLS
	}
	bundle, err := generate(rand.Reader)
	if err != nil {
		return err
	}
	return saveKeys(c, bundle, path, password, stdout)
}

func addBLS(c *cli.Context, stdout, stderr io.Writer) error {
	if c.NArg() != 2 {
		return usageError{errors.New("name the key file, and the one to make (flags come first)")}
	}
	from, path := c.Args().Get(0), c.Args().Get(1)
	if err := mustNotExist(path); err != nil {
		return err
	}
	password, err := passwordOf(c, from, false, stderr)
	if err != nil {
		return err
	}
	bundle, err := keys.Load(from, password)
	if err != nil {
		return err
	}
	if bundle.BLS != nil {
		return fmt.Errorf("%s has a BLS key already", from)
	}
	if bundle.BLS, err = keys.GenerateBLSKey(rand.Reader); err != nil {
		return err
	}
	return saveKeys(c, bundle, path, password, stdout)
}

func mustNotExist(path string) error {
	if _, err := os.Stat(path); err == nil {
		return fmt.Errorf("%s exists: keys are never overwritten", path)
	}
	return nil
}

// passwordOf returns the password that the flags name, or asks for that of a key file: twice if it is a new one.
func passwordOf(c *cli.Context, path string, isNew bool, stderr io.Writer) (keys.Password, error) {
	switch file, env := c.String("password-file"), c.String("password-env"); {
	case file != "" && env != "":
		return keys.Password{}, usageError{errors.New("give --password-file or --password-env, not both")}
	case file != "":
		return keys.PasswordFromFile(file)
	case env != "":
		return keys.PasswordFromEnv(env)
	}
	return keys.PromptPassword(os.Stdin, stderr, "password for "+path+": ", isNew)
}

// saveKeys writes a key file and shows its public side.
func saveKeys(c *cli.Context, bundle *keys.Bundle, path string, password keys.Password, stdout io.Writer) error {
	strength := keys.StandardStrength
	if c.Bool("light") {
		strength = keys.LightStrength
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := bundle.Save(path, password, strength); err != nil {
		return err
	}
	return printJSON(stdout, bundle.Public())
}

func configCommand(stdout io.Writer) *cli.Command {
	return &cli.Command{
		Name:  "config",
		Usage: "write and check node files",
		Subcommands: []*cli.Command{
			{
				Name: "template", Usage: "print a node file to start from", OnUsageError: onUsageError,
				Action: func(c *cli.Context) error {
					if err := noArguments(c); err != nil {
						return err
					}
					_, err := stdout.Write(node.Template)
					return err
				},
			},
			{
				Name: "check", Usage: "say everything that is wrong with a node file; exit with 1 if there is something",
				Description: "Without --online only the file is looked at. With it: the keys, the chain, the contracts and their configs,\n" +
					"whether this node is part of them, and the sources. Nothing is changed.",
				Flags: []cli.Flag{
					configFlag,
					&cli.BoolFlag{Name: "bootstrap", Usage: "it is the file of a bootstrapper"},
					&cli.BoolFlag{Name: "online", Usage: "also look at what the file refers to"},
					&cli.BoolFlag{Name: "json", Usage: "the result, or without --online the configuration with its defaults, as JSON"},
				},
				OnUsageError: onUsageError,
				Action:       func(c *cli.Context) error { return checkConfig(c, stdout) },
			},
		},
	}
}

func checkConfig(c *cli.Context, stdout io.Writer) error {
	if err := noArguments(c); err != nil {
		return err
	}
	role := node.RoleOracle
	if c.Bool("bootstrap") {
		role = node.RoleBootstrapper
	}
	config, err := loadConfig(c, role)
	if err != nil {
		return err
	}
	if !c.Bool("online") {
		if c.Bool("json") {
			return printJSON(stdout, config)
		}
		fmt.Fprintln(stdout, "the file is right (--online looks at what it refers to)")
		return nil
	}
	check := node.CheckOnline(c.Context, config, role)
	if c.Bool("json") {
		if err := printJSON(stdout, check); err != nil {
			return err
		}
	} else {
		for _, f := range check.Findings {
			mark := "ok   "
			if !f.OK {
				mark = "WRONG"
			}
			fmt.Fprintf(stdout, "%s  %s: %s\n", mark, f.What, f.Text)
		}
	}
	if !check.OK() {
		return errors.New("something is wrong, see above")
	}
	return nil
}

func printJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}
