// Command ocrgen writes the Go that must agree with Solidity contracts. See docs/contracts-and-generator.md.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/ocrkit/ocrkit/codegen"
	"github.com/urfave/cli/v2"
)

func main() {
	err := newApp(os.Stdout).Run(os.Args)
	if err != nil && !errors.Is(err, errBreaking) {
		fmt.Fprintln(os.Stderr, "ocrgen: "+err.Error())
	}
	os.Exit(exitCode(err))
}

// exitCode is what the program ends with.
func exitCode(err error) int {
	var special exitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &special):
		return special.code
	}
	return 1
}

func newApp(out io.Writer) *cli.App {
	config := &cli.StringFlag{
		Name: "config", Aliases: []string{"c"}, Value: codegen.ConfigFile, Usage: "what to generate of which contracts",
	}
	return &cli.App{
		Name:    "ocrgen",
		Usage:   "write the Go that must agree with Solidity contracts",
		Version: codegen.Version,
		Writer:  out,
		Commands: []*cli.Command{
			{
				Name:   "generate",
				Usage:  "write all packages of ocrgen.yaml anew; run `forge build` or `npx hardhat compile` first",
				Flags:  []cli.Flag{config},
				Action: generate,
			},
			{
				Name:   "check",
				Usage:  "fail, with a diff, if `generate` would change something",
				Flags:  []cli.Flag{config},
				Action: check,
			},
			{
				Name:   "inspect",
				Usage:  "print what the contracts say: layouts, selectors, topics, constants and where each is in the source",
				Flags:  []cli.Flag{config, &cli.BoolFlag{Name: "json", Usage: "print a JSON array"}},
				Action: inspect,
			},
			breakingCommand(config),
			initCommand(),
		},
		ExitErrHandler: func(*cli.Context, error) {},
	}
}

func generate(c *cli.Context) error {
	config, files, err := load(c)
	if err != nil {
		return err
	}
	changed, err := codegen.Write(config, files)
	if err != nil {
		return err
	}
	for _, path := range changed {
		fmt.Fprintln(c.App.Writer, path)
	}
	return nil
}

// errStale is the error of check when there is a diff.
var errStale = errors.New("generated code is stale: run `go generate ./...` and commit what it changes")

func check(c *cli.Context) error {
	config, files, err := load(c)
	if err != nil {
		return err
	}
	diff, err := codegen.Check(config, files)
	if err != nil {
		return err
	}
	if diff != "" {
		fmt.Fprint(c.App.Writer, diff)
		return errStale
	}
	return nil
}

func inspect(c *cli.Context) error {
	config, err := codegen.LoadConfig(c.String("config"))
	if err != nil {
		return err
	}
	items, err := codegen.Inspect(config)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		encoder := json.NewEncoder(c.App.Writer)
		encoder.SetIndent("", "  ")
		return encoder.Encode(items)
	}
	return codegen.Print(c.App.Writer, items)
}

func load(c *cli.Context) (*codegen.Config, []codegen.File, error) {
	config, err := codegen.LoadConfig(c.String("config"))
	if err != nil {
		return nil, nil, err
	}
	files, err := codegen.Generate(config)
	if err != nil {
		return nil, nil, err
	}
	return config, files, nil
}
