package processes

import (
	"encoding/json"
	"os"
	"strings"

	"github.com/ethereum/go-ethereum/common"
)

// testMigration takes a network of OCR1 to OCR2, with its oracles: a new contract beside the old one, both feeds run by the same
// processes at the same time, then the new one alone.
func testMigration(s *site) {
	s.t.Helper()
	old, last := *s, s.digest()
	migrated := s.path("ocr2.yaml")
	args := []string{"migrate", "--contract", s.contract.Hex(), "--rpc", s.anvil.URL, "--out", migrated, "--seed", "dealer.json"}
	for _, p := range s.nodes[:oracles] {
		args = append(args, "--keys", s.path("keys/"+p.name+".json"))
	}
	if out := s.tool("ocrdeploy", args...); !strings.Contains(out, "gone") || strings.Contains(out, "missing") {
		s.t.Errorf("ocrdeploy migrate: %s", out)
	}
	if err := os.Rename(migrated, s.path("network.yaml")); err != nil {
		s.t.Fatal(err)
	}
	s.protocol = ocr2Protocol
	digest := s.apply()
	if s.contract == old.contract {
		s.t.Fatal("the new contract is the old one")
	}
	s.tool("ocrdeploy", "verify", "--network", s.path("network.yaml"), "--rpc", s.anvil.URL, "--password-file", s.path("password"))

	s.more = func(i int) string { return old.job(i, "eth-usd-ocr1") }
	s.start()
	s.waitReports("reports land in the feed of OCR2", digest, 3, nil)
	old.waitReports("reports land in the feed of OCR1 still", last, 2, nil)
	s.allReady()
	s.stop()

	s.more = nil
	s.start()
	s.waitReports("reports land in the feed of OCR2 when that of OCR1 has ended", digest, 3, nil)
	from := s.nextBlock()
	s.waitReports("reports land in the feed of OCR2 still", digest, 1, nil)
	if late := old.reports(last, from); len(late) > 0 {
		s.t.Errorf("the feed of OCR1 still reports: %+v", late)
	}
	s.allReady()
	s.metrics()
	s.stop()
}

// digest is that of the config in force.
func (s *site) digest() common.Hash {
	s.t.Helper()
	out := s.tool("ocrdeploy", "status", "--contract", s.contract.Hex(), "--rpc", s.anvil.URL, "--json")
	var status struct{ ConfigDigest string }
	if err := json.Unmarshal([]byte(out), &status); err != nil {
		s.t.Fatalf("ocrdeploy status: %v\n%s", err, out)
	}
	return common.Hash(common.RightPadBytes(common.FromHex(status.ConfigDigest), common.HashLength))
}
