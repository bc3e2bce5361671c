// Command ocrnode runs oracles and bootstrappers, one node for each process, as a file says (run, bootstrap, keys, config; see
// docs/nodes.md). Its subcommand devnet runs a whole network of them on this machine.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ocrkit/ocrkit/cmd/ocrnode/devnet"
	"github.com/ocrkit/ocrkit/cmd/ocrnode/feed"
	"github.com/ocrkit/ocrkit/cmd/ocrnode/node"
	"github.com/ocrkit/ocrkit/cmd/ocrnode/nodelog"
	"github.com/ocrkit/ocrkit/cmd/ocrnode/oracle"
	"github.com/ocrkit/ocrkit/offchain/keys"
)

// Exit codes.
const (
	exitFailure     = 1   // the run did not reach its aim
	exitUsage       = 2   // wrong flags or arguments
	exitInterrupted = 130 // stopped by a signal
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// usageError marks errors of the command line.
type usageError struct{ error }

// run is the program; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	app := &cli.App{
		Name:      "ocrnode",
		Usage:     "run Offchain Reporting oracles",
		Writer:    stdout,
		ErrWriter: stderr,
		Commands: []*cli.Command{
			nodeCommand("run", "run the oracles that a node file lists",
				"Runs until a signal (SIGINT, SIGTERM) ends it; what it was doing is brought to an end first. Exits with 0 then.",
				node.RoleOracle, stderr),
			nodeCommand("bootstrap", "help the oracles of the contracts that a node file lists to find each other",
				"A bootstrapper needs a key file for its peer id only and takes no part in the protocol.", node.RoleBootstrapper, stderr),
			keysCommand(stdout, stderr),
			configCommand(stdout),
			devnetCommand(stdout, stderr),
		},
		OnUsageError: func(_ *cli.Context, err error, _ bool) error {
			return usageError{err}
		},
		ExitErrHandler: func(*cli.Context, error) {}, // run decides
	}
	err := app.RunContext(ctx, args)
	var usage usageError
	var running *runError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &running):
		fmt.Fprintf(stderr, "ocrnode: %v\n", err)
		return exitFailure
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "ocrnode: %v\n", err)
		return exitUsage
	case ctx.Err() != nil:
		fmt.Fprintf(stderr, "ocrnode: interrupted\n")
		return exitInterrupted
	}
	fmt.Fprintf(stderr, "ocrnode: %v\n", err)
	return exitFailure
}

func devnetCommand(stdout, stderr io.Writer) *cli.Command {
	return &cli.Command{
		Name:  "devnet",
		Usage: "run a whole network of oracles in this process and show the reports as they land",
		Description: "Deploys the contracts, sets the configuration, starts the oracles, each with its own noisy view of the feed's\n" +
			"prices, and ends after the wanted number of reports. Exits with 0 only if they are all on chain and every\n" +
			"answer lies within what honest oracles observed. All keys come from the seed and protect nothing.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "protocol", Value: string(oracle.OCR2), Usage: "what the oracles speak: " + protocols()},
			&cli.IntFlag{Name: "oracles", Value: 4, Usage: "number of oracles, 4 to 31"},
			&cli.StringFlag{Name: "verifier", Usage: "of ocr3: how the contract knows reports, ecdsa (if not given) or bls"},
			&cli.IntFlag{Name: "faulty", Usage: "how many of them are hostile, at most a third"},
			&cli.IntFlag{Name: "rounds", Value: 10, Usage: "end after that many reports"},
			&cli.StringFlag{Name: "chain", Value: devnet.EmbeddedChain, Usage: "`URL` of a node, or \"embedded\" for a chain in this process"},
			&cli.StringFlag{Name: "transport", Value: devnet.TransportMemory, Usage: "how the oracles speak: memory, or tcp (as nodes do, with a bootstrapper, on this machine)"},
			&cli.StringFlag{Name: "funder", Usage: "keystore `FILE` (Ethereum, version 3) of an account that pays, on nodes that give no money away"},
			&cli.StringFlag{Name: "funder-password-file", Usage: "`FILE` with the password of the funder's keystore"},
			&cli.StringFlag{Name: "feed", Usage: "prices: a CSV `FILE`, or the URL of an HTTP JSON source (default: " + feed.Builtin + ")"},
			&cli.StringFlag{Name: "feed-path", Usage: "where the price is in the JSON, for example data.0.close"},
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "makes keys, noise and lies reproducible"},
			&cli.DurationFlag{Name: "timeout", Value: 5 * time.Minute, Usage: "give up after that time"},
			&cli.BoolFlag{Name: "json", Usage: "one JSON object a line"},
			&cli.BoolFlag{Name: "verbose", Usage: "the oracles' log on standard error"},
		},
		OnUsageError: func(_ *cli.Context, err error, _ bool) error { return usageError{err} },
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usageError{fmt.Errorf("unknown argument %q", c.Args().First())}
			}
			level := slog.LevelError + 1 // nothing
			if c.Bool("verbose") {
				level = slog.LevelDebug
			}
			options := devnet.Options{
				Kind:    oracle.Kind{Protocol: oracle.Protocol(c.String("protocol")), Verifier: oracle.Verifier(c.String("verifier"))}.WithDefaults(),
				Oracles: c.Int("oracles"), Faulty: c.Int("faulty"), Rounds: c.Int("rounds"),
				Chain: c.String("chain"), Feed: c.String("feed"), FeedPath: c.String("feed-path"),
				Transport: c.String("transport"), Seed: c.Uint64("seed"), Timeout: c.Duration("timeout"),
				Logger: nodelog.New(slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))),
			}
			if err := options.Validate(); err != nil {
				return usageError{err}
			}
			if file := c.String("funder"); file != "" {
				password, err := keys.PasswordFromFile(c.String("funder-password-file"))
				if err != nil {
					return usageError{err}
				}
				key, err := keys.LoadKeystoreV3(file, password)
				if err != nil {
					return err
				}
				options.Funder = key.PrivateKey()
			}
			screen := devnet.NewTextScreen(stdout, isTerminal(stdout))
			if c.Bool("json") {
				screen = devnet.NewJSONScreen(stdout)
			}
			return devnet.Run(c.Context, options, screen)
		},
	}
}

// protocols lists them for people.
func protocols() string {
	var names []string
	for _, p := range oracle.Protocols() {
		names = append(names, string(p))
	}
	return strings.Join(names, ", ")
}

// isTerminal tells whether w is a terminal, where lines may be overwritten.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
