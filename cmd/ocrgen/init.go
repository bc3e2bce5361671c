package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/ocrkit/ocrkit/codegen/scaffold"
	"github.com/urfave/cli/v2"
)

func initCommand() *cli.Command {
	return &cli.Command{
		Name:      "init",
		Usage:     "make a project of a feed that runs: contract, tests, generated Go, plugin, simulation, a network in one process",
		ArgsUsage: "NAME",
		Description: "NAME is that of the feed, such as weather or gas-price. The folder must not exist, or be empty.\n" +
			"docs/new-feed.md walks through what is made.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "dir", Usage: "`FOLDER` to make; NAME by default"},
			&cli.StringFlag{Name: "module", Usage: "`PATH` of the Go module; NAME by default"},
			&cli.StringFlag{Name: "replace", Usage: "`PATH` of a checkout of ocrkit that the project is to use, instead of a released version"},
		},
		Action: initProject,
	}
}

func initProject(c *cli.Context) error {
	if c.NArg() == 0 {
		return errors.New("init needs the name of the feed: ocrgen init weather")
	}
	if name := c.Args().First(); c.NArg() > 1 && strings.HasPrefix(c.Args().Get(1), "-") {
		// Flags behind the name, as people write them: the library only knows those before it.
		return c.App.RunContext(c.Context, slices.Concat([]string{c.App.Name, "init"}, c.Args().Tail(), []string{name}))
	}
	if c.NArg() > 1 {
		return fmt.Errorf("init takes one name, and got %q", c.Args().Slice())
	}
	options := scaffold.Options{Name: c.Args().First(), Dir: c.String("dir"), Module: c.String("module"), Replace: c.String("replace")}
	// A program that was built from a checkout has no sum.
	if info, ok := debug.ReadBuildInfo(); ok {
		options.Version, options.Sum = info.Main.Version, info.Main.Sum
	}
	dir, err := scaffold.Write(options)
	if err != nil {
		return err
	}
	shown := dir
	if here, err := os.Getwd(); err == nil {
		if relative, err := filepath.Rel(here, dir); err == nil {
			shown = relative
		}
	}
	fmt.Fprintf(c.App.Writer, `%s is there. Now:

  cd %s
  make demo    # oracles report to the contract, on a chain in one process; needs Go only
  make test    # contract, generated code, plugin under faults and traitors; needs Node, too

README.md says what is where.
`, shown, shown)
	return nil
}
