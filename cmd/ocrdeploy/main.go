// Command ocrdeploy puts the contracts and configs of oracle networks on chain, from one network file. See docs/operate.md.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/deploy"
)

// Exit codes. docs/operate.md lists them.
const (
	exitOK       = 0
	exitError    = 1 // the node, a file, a password, a revert: what the message says
	exitUsage    = 2 // wrong flags or arguments
	exitDiffers  = 3 // plan: there are changes; verify: the chain differs; apply: something is left that it cannot do
	exitRefused  = 4 // the plan has errors; nothing was sent
	exitNotMined = 5 // a transaction is on its way; run again
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args, os.Stdout, os.Stderr))
}

// codedError is an error that has an exit code of its own, and maybe nothing more to say.
type codedError struct {
	code int
	err  error
}

func (e *codedError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *codedError) Unwrap() error { return e.err }

func usage(format string, args ...any) error {
	return &codedError{exitUsage, fmt.Errorf(format, args...)}
}

// run is the program; it returns the exit code.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	app := newApp(out, errOut)
	err := app.RunContext(ctx, args)
	if err == nil {
		return exitOK
	}
	code := exitCode(err)
	if text := err.Error(); text != "" {
		if wantsJSON(args) {
			encoded, _ := json.Marshal(map[string]any{"error": text, "exitCode": code}) // strings and numbers always encode
			fmt.Fprintln(errOut, string(encoded))
		} else {
			fmt.Fprintln(errOut, "ocrdeploy: "+text)
		}
	}
	return code
}

func wantsJSON(args []string) bool {
	for _, arg := range args {
		if arg == "--json" || arg == "-json" {
			return true
		}
	}
	return false
}

func exitCode(err error) int {
	var coded *codedError
	switch {
	case errors.As(err, &coded):
		return coded.code
	case errors.Is(err, deploy.ErrRefused):
		return exitRefused
	case errors.Is(err, deploy.ErrNotMined):
		return exitNotMined
	}
	return exitError
}

const appHelp = `{{.Name}} - {{.Usage}}

{{.UsageText}}

Commands:
{{range .VisibleCommands}}  {{printf "%-10s" .Name}}{{.Usage}}
{{end}}
{{.Description}}
`

func newApp(out, errOut io.Writer) *cli.App {
	app := &cli.App{
		Name:      "ocrdeploy",
		Usage:     "deploy and configure oracle networks (OCR1, OCR2, OCR3) from one network file",
		UsageText: "ocrdeploy COMMAND [flags]\n\nThe usual order: keys, template, plan, apply, verify, status. See docs/operate.md.",
		Description: "Exit codes: 0 done, nothing to do, or verified; 1 error; 2 wrong use; 3 there are changes (plan), the chain differs (verify),\n" +
			"or something is left that only others can do (apply); 4 the plan has errors, nothing was sent; 5 a transaction is on its way, run again.",
		// The library's own template, as dependencies leave it, has sections for flags that there are none of.
		CustomAppHelpTemplate: appHelp,

		Writer:    out,
		ErrWriter: errOut,
		Commands: []*cli.Command{
			keysCommand(), templateCommand(), planCommand(), applyCommand(), verifyCommand(), statusCommand(), decodeCommand(), migrateCommand(),
		},
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   onUsageError,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usage("%q is not a command; try ocrdeploy --help", c.Args().First())
			}
			return cli.ShowAppHelp(c)
		},
	}
	for _, command := range app.Commands {
		command.OnUsageError = onUsageError
		for _, sub := range command.Subcommands {
			sub.OnUsageError = onUsageError
		}
	}
	return app
}

func onUsageError(_ *cli.Context, err error, _ bool) error { return &codedError{exitUsage, err} }

// noArguments refuses what is not a flag.
func noArguments(c *cli.Context) error {
	if c.Args().Present() {
		return usage("%s takes no arguments, only flags; what is %q?", c.Command.Name, c.Args().First())
	}
	return nil
}

// show writes v as JSON with --json, else with text.
func show(c *cli.Context, v any, text func(io.Writer)) error {
	if !c.Bool("json") {
		text(c.App.Writer)
		return nil
	}
	encoder := json.NewEncoder(c.App.Writer)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}
