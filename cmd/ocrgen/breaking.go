package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ocrkit/ocrkit/codegen"
	"github.com/ocrkit/ocrkit/codegen/breaking"
	"github.com/urfave/cli/v2"
)

// exitError is an error with the exit code that it stands for.
type exitError struct {
	error
	code int
}

// Unwrap returns the error within.
func (e exitError) Unwrap() error { return e.error }

// errBreaking is the error of breaking when somebody breaks. What breaks has been printed.
var errBreaking = errors.New("there are breaking changes")

func breakingCommand(config cli.Flag) *cli.Command {
	parties := make([]string, 0, len(breaking.Parties()))
	for _, p := range breaking.Parties() {
		parties = append(parties, string(p))
	}
	return &cli.Command{
		Name:  "breaking",
		Usage: "compare the contracts with those of a git revision or a folder, and say who breaks",
		Description: "Exits with 0 if nobody breaks, with 1 if somebody does, with 2 if it cannot tell.\n" +
			"docs/breaking-changes.md lists the changes that it knows and who breaks by which.",
		Flags: []cli.Flag{
			config,
			&cli.StringFlag{Name: "against", Usage: "git `REVISION`, or a folder with an ocrgen.yaml and compiled contracts, or a folder of artifacts"},
			&cli.BoolFlag{Name: "json", Usage: "print a JSON object"},
			&cli.StringSliceFlag{Name: "upgradeable", Usage: "`CONTRACT` that proxies run, or * for all; those that inherit from Initializable are found without"},
			&cli.StringSliceFlag{Name: "ignore", Usage: "`PARTY` that may break: " + strings.Join(parties, ", ")},
			&cli.StringFlag{Name: "build", Usage: "shell `COMMAND` that compiles the contracts, instead of `forge build`"},
			&cli.BoolFlag{Name: "no-build", Usage: "fail if sources have changed since they were compiled, instead of compiling them"},
		},
		Action: func(c *cli.Context) error {
			if err := compareContracts(c); errors.Is(err, errBreaking) {
				return exitError{err, 1}
			} else if err != nil {
				return exitError{err, 2}
			}
			return nil
		},
		OnUsageError: func(_ *cli.Context, err error, _ bool) error { return exitError{err, 2} },
	}
}

func compareContracts(c *cli.Context) error {
	if c.Args().Present() {
		return fmt.Errorf("breaking takes no arguments, and got %q: write --against %s", c.Args().Slice(), c.Args().First())
	}
	against := c.String("against")
	if against == "" {
		return errors.New("--against is missing: a git revision, or a folder")
	}
	var ignored []breaking.Party
	for _, name := range c.StringSlice("ignore") {
		if !slices.Contains(breaking.Parties(), breaking.Party(name)) {
			return fmt.Errorf("--ignore %q: there are %v", name, breaking.Parties())
		}
		ignored = append(ignored, breaking.Party(name))
	}
	file := c.String("config")
	config, err := codegen.LoadConfig(file)
	if err != nil {
		return err
	}
	builder := &breaking.Builder{Command: c.String("build"), Never: c.Bool("no-build"), Log: func(format string, args ...any) {
		fmt.Fprintf(c.App.ErrWriter, "ocrgen: "+format+"\n", args...)
	}}
	after, err := builder.Now(c.Context, config, breaking.Options{Upgradeable: c.StringSlice("upgradeable")})
	if err != nil {
		return err
	}
	for _, name := range c.StringSlice("upgradeable") {
		if name != "*" && !slices.ContainsFunc(after.Contracts, func(x *breaking.Contract) bool { return x.Name == name }) {
			return fmt.Errorf("--upgradeable %q: there is no such contract in %s", name, file)
		}
	}
	before, commit, err := readBefore(c, builder, config, against)
	if err != nil {
		return err
	}
	result := breaking.Compare(before, after)
	result.Against = against
	if len(commit) > 12 && !strings.HasPrefix(commit, against) {
		result.Against = against + " = " + commit[:12]
	}
	result.Ignore(ignored...)
	if c.Bool("json") {
		data, err := result.JSON()
		if err != nil {
			return err
		}
		_, err = c.App.Writer.Write(data)
		if err != nil {
			return err
		}
	} else if err := result.Print(c.App.Writer); err != nil {
		return err
	}
	if result.Breaking {
		return errBreaking
	}
	return nil
}

// readBefore reads what to compare with. A path that exists is a folder, everything else a revision.
func readBefore(c *cli.Context, builder *breaking.Builder, config *codegen.Config, against string) (*breaking.Surface, string, error) {
	if info, err := os.Stat(against); err == nil && info.IsDir() {
		surface, err := breaking.In(against, filepath.Base(c.String("config")), config)
		return surface, "", err
	}
	return builder.At(c.Context, config, c.String("config"), against)
}
