package main

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// The templates are network files for a development chain, with a comment for what has to be thought about.
var (
	//go:embed template-ocr1.yaml
	templateOCR1 string
	//go:embed template.yaml
	templateOCR2 string
	//go:embed template-ocr3.yaml
	templateOCR3 string
)

// templateKind is the kind of contract that a template is for.
type templateKind struct {
	protocol, verifier string // verifier is empty where there is no choice
	kind               netfile.Kind
	text               string
}

// templates are those that there are; the first one of a protocol is its default.
var templates = []templateKind{
	{"ocr2", "", netfile.KindAccessControlledAggregator, templateOCR2},
	{"ocr3", "ecdsa", netfile.KindOCR3ECDSAFeed, templateOCR3},
	{"ocr3", "bls", netfile.KindOCR3BLSFeed, templateOCR3},
	{"ocr1", "", netfile.KindOCR1AccessControlledAggregator, templateOCR1},
}

// findTemplate returns the template of a protocol and a verifier, which may be empty.
func findTemplate(protocol, verifier string) (*templateKind, error) {
	var protocols, verifiers []string
	for i, t := range templates {
		if t.protocol == protocol && (verifier == "" || t.verifier == verifier) {
			return &templates[i], nil
		}
		if t.protocol == protocol && t.verifier != "" {
			verifiers = append(verifiers, t.verifier)
		}
		if i == 0 || t.protocol != templates[i-1].protocol {
			protocols = append(protocols, t.protocol)
		}
	}
	if len(verifiers) > 0 {
		return nil, usage("--verifier: %.40q is not known: %s has %s", verifier, protocol, strings.Join(verifiers, ", "))
	}
	for _, known := range protocols {
		if known == protocol {
			return nil, usage("--verifier: %s has no choice of it", protocol)
		}
	}
	return nil, usage("--protocol: %.40q is not known; there are %s", protocol, strings.Join(protocols, ", "))
}

func templateCommand() *cli.Command {
	return &cli.Command{
		Name:      "template",
		Usage:     "write a network file to begin with, with the oracles of the key files",
		ArgsUsage: "[KEYFILE...]",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "protocol", Value: "ocr2", Usage: "what the oracles speak: ocr2, ocr3 or ocr1"},
			&cli.StringFlag{Name: "verifier", Usage: "how oracles of ocr3 sign reports: ecdsa or bls (default: ecdsa)"},
			&cli.Uint64Flag{Name: "chain-id", Value: 31337, Usage: "the chain `ID`"},
			&cli.StringFlag{Name: "rpc", Value: "http://127.0.0.1:8545", Usage: "`URL` of a node"},
			&cli.StringFlag{Name: "seed", Value: "dealer.json", Usage: "keystore `FILE` with the dealer's seed"},
			&cli.StringFlag{Name: "payee", Usage: "`ADDRESS` that is paid for all oracles"},
		},
		Action: writeTemplate,
	}
}

func writeTemplate(c *cli.Context) error {
	t, err := findTemplate(c.String("protocol"), c.String("verifier"))
	if err != nil {
		return err
	}
	if c.String("payee") != "" && !t.kind.Pays() {
		return usage("--payee: a contract of kind %s pays nobody", t.kind)
	}
	entries, err := publicEntries(c.Args().Slice())
	if err != nil {
		return err
	}
	for i := range entries {
		entries[i].Payee = c.String("payee")
		if len(t.kind.Signer(entries[i].Public)) == 0 {
			return fmt.Errorf("%s has no %s, with which oracles of a contract of kind %s sign: make keys with `ocrdeploy keys oracle --%s`",
				entries[i].KeyFile, t.kind.SignerField(), t.kind, t.verifier)
		}
	}
	oracles, err := entriesYAML(entries)
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		oracles = "oracles: [] # what `ocrdeploy keys show FILE...` prints\n"
	}
	f := max(1, (len(entries)-1)/3)
	_, err = strings.NewReplacer(
		"{{chainID}}", fmt.Sprint(c.Uint64("chain-id")), "{{rpc}}", fmt.Sprintf("%q", c.String("rpc")), "{{kind}}", string(t.kind),
		"{{seed}}", fmt.Sprintf("%q", c.String("seed")), "{{f}}", fmt.Sprint(f), "{{oracles}}", oracles,
	).WriteString(c.App.Writer, t.text)
	return err
}
