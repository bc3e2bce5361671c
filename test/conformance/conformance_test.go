// Package conformance_test keeps account of the golden vectors: each file belongs to a family, and each family to the packages
// that run it. A file that no family claims fails the test, so that none is overlooked.
package conformance_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ocrkit/ocrkit/test/vectors"
)

// notBuilt is what stands in the table for families that no package runs yet.
const notBuilt = ""

// families says which packages run the files that match a pattern. The first pattern that matches decides.
var families = []struct{ pattern, packages string }{
	{"config-ocr1.json", "offchain/config/ocr1config, offchain/ocr1confighelper, offchain/evm, test/gen"},
	{"config-ocr3.json", "offchain/config/ocr3config, offchain/ocr3confighelper"},
	{"config-ocr31*.json", notBuilt},
	{"config-digest.json", "offchain/types, offchain/config, offchain/evm/evmutil, offchain/evm/ocr3keyring, test/gen"},
	{"config-encoding.json", "offchain/bigbigendian, offchain/commontypes, offchain/commontypes/peerid, offchain/quorumhelper, offchain/config, offchain/plugins/median"},
	{"config-local.json", "offchain/localconfig"},
	{"config-ocr2.json", "offchain/config/ocr2config, offchain/config/netconfig, offchain/confighelper"},
	{"config-permutation.json", "offchain/permutation"},
	{"config-schedule.json", "offchain/config"},
	{"config-shared-secret.json", "offchain/config"},

	{"contracts-ocr1-*.json", "test/contracts"},
	{"contracts-ocr3-*.json", "test/contracts, test/gen, offchain/evm/ocr3keyring, offchain/crypto/bn254bls"},
	{"contracts-billing.json", "test/contracts"},
	{"contracts-config-digest.json", "test/contracts, test/gen, offchain/evm/evmutil"},
	{"contracts-ocr2-*.json", "test/contracts"},
	{"contracts-report-encoding.json", "test/gen, offchain/plugins/median/evmreportcodec"},

	{"ocr12-ocr1-schedules.json", "offchain/config, offchain/permutation"}, // OCR1 and OCR2 have the same schedules
	{"ocr12-ocr1-messages.json", "offchain/wire/ocr1wire"},
	{"ocr12-ocr1-misc.json", "offchain/wire/ocr1wire, offchain/localconfig"},
	{"ocr12-ocr1-signing.json", "offchain/wire/ocr1wire, offchain/protocol/ocr1"},
	{"ocr12-ocr1-decisions.json", "offchain/protocol/ocr1"},
	{"ocr12-ocr1-steps.json", "offchain/protocol/ocr1"},
	{"ocr12-ocr1-traces.json", "offchain/protocol/ocr1"},
	{"ocr12-leaders.json", "offchain/config, offchain/protocol/ocr1"},
	{"ocr12-median-*.json", "offchain/plugins/median"},
	{"ocr12-ocr2-messages.json", "offchain/wire/ocr2wire"},
	{"ocr12-ocr2-signing.json", "offchain/wire/ocr2wire, offchain/protocol/ocr2, offchain/evm, offchain/config"},
	{"ocr12-ocr2-limits.json", "offchain/config/ocr2config, offchain/protocol/ocr2, offchain/localconfig"},
	{"ocr12-ocr2-pacemaker-steps.json", "offchain/protocol/kernel"},
	{"ocr12-ocr2-schedules.json", "offchain/config, offchain/permutation"},
	{"ocr12-ocr2-steps.json", "offchain/protocol/ocr2"},
	{"ocr12-ocr2-telemetry.json", "offchain/wire/ocr2wire"},
	{"ocr12-ocr2-traces.json", "offchain/protocol/ocr2"},

	{"api-mercury.json", "offchain/mercury"},
	{"api-overlay-tx.json", notBuilt},
	{"api-evmutil.json", "offchain/evm/evmutil"},
	{"api-limits.json", "offchain/config/ocr2config, offchain/config/ocr3config, offchain/config/ocr31config, offchain/mercury, offchain/p2p/limits"},
	{"api-localconfig.json", "offchain/localconfig"},
	{"api-logging.json", "offchain/internal/logging"},
	{"api-onchain-signatures.json", "offchain/evm, offchain/evm/ocr3keyring"},
	{"api-trackconfig.json", "offchain/runtime"},
	{"api-transmit.json", "offchain/evm"},
	{"api-types.json", "offchain/commontypes, offchain/permutation, offchain/quorumhelper, offchain/types"},

	{"network-announcements.json", "offchain/p2p/discovery/announcement"},
	{"network-certs.json", "offchain/p2p/wire"},
	{"network-discovery-messages.json", "offchain/p2p/discovery/announcement"},
	{"network-discovery-trace.json", "offchain/p2p/discovery/machine"},
	{"network-domain-separated-signing.json", "offchain/p2p/peeridhelper"},
	{"network-frames-p1.json", "offchain/p2p/wire, offchain/p2p/link"},
	{"network-frames-p2.json", "offchain/p2p/wire"},
	{"network-knock.json", "offchain/p2p/wire"},
	{"network-limits.json", "offchain/p2p/limits"},
	{"network-mux-p2.json", "offchain/p2p/link"},
	{"network-overhead-p2.json", "offchain/p2p/link"},
	{"network-peerids.json", "offchain/p2p/wire"},
	{"network-rageping.json", "offchain/p2p/rageping/machine"},
	{"network-ratelimit.json", "offchain/p2p/link"},
	{"network-responses-p2.json", "offchain/p2p/link"},
	{"network-ringbuffer.json", "offchain/p2p/link"},
	{"network-streamids.json", "offchain/p2p/wire, offchain/p2p/networking"},
	{"network-transcripts.json", "offchain/p2p/ragep2p"},

	{"ocr3-attestation-steps.json", "offchain/protocol/ocr3"},
	{"ocr3-certificates.json", "offchain/wire/ocr3wire, offchain/protocol/ocr3"},
	{"ocr3-db.json", "offchain/wire/ocr3wire"},
	{"ocr3-digests.json", "offchain/wire/ocr3wire"},
	{"ocr3-evm-signatures.json", "offchain/evm/ocr3keyring"},
	{"ocr3-leaders.json", "offchain/protocol/ocr3"},
	{"ocr3-limits.json", "offchain/p2p/limits"},
	{"ocr3-malformed.json", "offchain/wire/ocr3wire"},
	{"ocr3-mercury.json", "offchain/mercury"},
	{"ocr3-messages.json", "offchain/wire/ocr3wire"},
	{"ocr3-outgen-steps.json", "offchain/protocol/ocr3"},
	{"ocr3-pacemaker-steps.json", "offchain/protocol/ocr3"},
	{"ocr3-pools.json", "offchain/protocol/ocr3"},
	{"ocr3-schedules.json", "offchain/protocol/ocr3"},
	{"ocr3-signing.json", "offchain/wire/ocr3wire"},
	{"ocr3-telemetry.json", "offchain/wire/ocr3wire"},
	{"ocr3-trace-*.json", "offchain/protocol/ocr3"},
	{"ocr31a-*.json", notBuilt},
	{"ocr31b-*.json", notBuilt},
}

type census struct {
	run     map[string]string // file -> packages
	skipped []string
	unknown []string
}

// count sorts files of vectors by what happens to them.
func count(names []string) census {
	c := census{run: map[string]string{}}
next:
	for _, name := range names {
		for _, family := range families {
			if ok, err := filepath.Match(family.pattern, name); err != nil {
				panic(fmt.Sprintf("pattern %q: %v", family.pattern, err))
			} else if !ok {
				continue
			}
			if family.packages == notBuilt {
				c.skipped = append(c.skipped, name)
			} else {
				c.run[name] = family.packages
			}
			continue next
		}
		c.unknown = append(c.unknown, name)
	}
	return c
}

// TestEveryFileIsClaimed looks at the folder that OCRKIT_VECTORS names, or else at a small one of our own.
func TestEveryFileIsClaimed(t *testing.T) {
	dir := vectors.Dir(t, "testdata")
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) == ".json" {
			names = append(names, entry.Name())
		}
	}
	if len(names) == 0 {
		t.Fatalf("there are no vectors in %s", dir)
	}
	c := count(names)
	for _, name := range names {
		cases := len(vectors.Files(t, dir, name)[0].Cases)
		switch packages, run := c.run[name]; {
		case run:
			t.Logf("%s: %d cases, run by %s", name, cases, packages)
		case slices.Contains(c.skipped, name):
			t.Logf("%s: %d cases, skipped: not built yet", name, cases)
		}
	}
	for _, name := range c.unknown {
		t.Errorf("%s: no family claims this file", name)
	}
}

// TestPackagesReadTheirFiles looks into the tests of each package that the table names: they must mention the files.
func TestPackagesReadTheirFiles(t *testing.T) {
	for _, family := range families {
		if family.packages == notBuilt {
			continue
		}
		for _, name := range strings.Split(family.packages, ", ") {
			tests, err := filepath.Glob(filepath.Join("../..", name, "*_test.go"))
			if err != nil {
				t.Fatal(err)
			}
			mentioned := false
			for _, test := range tests {
				source, err := os.ReadFile(test)
				if err != nil {
					t.Fatal(err)
				}
				stem := strings.TrimRight(strings.TrimSuffix(family.pattern, ".json"), "*-")
				mentioned = mentioned || strings.Contains(string(source), stem)
			}
			if !mentioned {
				t.Errorf("the tests of %s do not mention %s", name, family.pattern)
			}
		}
	}
}

func TestCount(t *testing.T) {
	c := count([]string{"config-ocr2.json", "config-ocr31-checks.json", "ocr31a-steps.json", "ocr12-ocr2-steps.json", "config-new.json", "ocr4-steps.json"})
	if len(c.run) != 2 || c.run["config-ocr2.json"] == "" || c.run["ocr12-ocr2-steps.json"] == "" {
		t.Errorf("run: got %v", c.run)
	}
	if got := strings.Join(c.skipped, " "); got != "config-ocr31-checks.json ocr31a-steps.json" {
		t.Errorf("skipped: got %s", got)
	}
	if got := strings.Join(c.unknown, " "); got != "config-new.json ocr4-steps.json" {
		t.Errorf("unknown: got %s", got)
	}
}
