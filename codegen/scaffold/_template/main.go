// Command weather runs a network of oracles on a chain in this process and shows the reports that land on the contract.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"time"

	"weather/local"
	"weather/plugin"
)

func main() {
	oracles := flag.Int("oracles", 4, "number of oracles, 4 to 31")
	reports := flag.Int("reports", 5, "number of reports to wait for")
	verbose := flag.Bool("v", false, "show what the oracles log")
	flag.Parse()
	if err := run(*oracles, *reports, *verbose); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(oracles, reports int, verbose bool) error {
	if oracles < 4 || oracles > 31 || reports < 1 {
		return fmt.Errorf("%d oracles and %d reports: want 4 to 31, and at least 1", oracles, reports)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	logger := slog.New(slog.DiscardHandler)
	if verbose {
		logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	fmt.Printf("%d oracles, of which %d may be faulty\n\n", oracles, (oracles-1)/3)
	fmt.Println("block  observed at           temperature   humidity      gas")
	latest, err := local.Run(ctx, local.Options{
		Oracles: oracles, Reports: reports, Logger: logger,
		Source: func(i int) plugin.Source { return local.Sample{Seed: uint64(i)} },
		Landed: func(l local.Landed) {
			fmt.Printf("%5d  %s  %8.3f °C  %8.3f %%  %7d\n", l.Block, time.Unix(int64(l.ObservedAt), 0).UTC().Format(time.RFC3339),
				float64(l.Temperature)/1000, float64(l.Humidity)/1000, l.GasUsed)
		},
	})
	if err != nil {
		return err
	}
	fmt.Printf("\nlatestReport() of the contract: %.3f °C, %.3f %%\n", float64(latest.Temperature)/1000, float64(latest.Humidity)/1000)
	return nil
}
