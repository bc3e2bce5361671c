package netfile

import (
	"strings"
	"testing"
)

// TestOtherContract reads the contract section of a contract of which ocrdeploy knows nothing but that it speaks OCR2.
func TestOtherContract(t *testing.T) {
	fixture := string(readFixture(t))
	begin, end := strings.Index(fixture, "contract:\n"), strings.Index(fixture, "config:\n")
	if begin < 0 || end < begin {
		t.Fatal("the fixture has another form")
	}
	var oracles strings.Builder
	for line := range strings.Lines(fixture[end:]) {
		if !strings.Contains(line, "payee:") {
			oracles.WriteString(line)
		}
	}
	with := func(section string) []byte {
		return []byte(fixture[:begin] + "contract:\n" + section + oracles.String())
	}
	const address = "  address: \"0x00000000000000000000000000000000000000AA\"\n"
	n, err := Parse(with("  kind: OCR2\n" + address + "  onchainConfig: 0x0102\n"))
	if err != nil {
		t.Fatal(err)
	}
	if in, err := n.SetConfigInput(); err != nil || string(in.OnchainConfig) != "\x01\x02" || n.Contract.Address[19] != 0xaa {
		t.Errorf("%+v, %v", n.Contract, err)
	}
	for name, c := range map[string]struct{ section, want string }{
		"no address":            {"  kind: OCR2\n", "contract.address: must be set: a contract of kind OCR2 is deployed by other means"},
		"what aggregators have": {"  kind: OCR2\n" + address + "  decimals: 8\n", "contract.decimals: is not a field; there are: address, kind, onchainConfig"},
		"no hexadecimal":        {"  kind: OCR2\n" + address + "  onchainConfig: 12\n", "contract.onchainConfig: must be 0x and hexadecimal digits"},
	} {
		if _, err := Parse(with(c.section)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, not %q", name, err, c.want)
		}
	}
	if _, err := Parse([]byte(strings.Replace(string(with("  kind: OCR2\n"+address)), "peerID:", "payee: \"0x00000000000000000000000000000000000000AA\"\n    peerID:", 1))); err == nil || !strings.Contains(err.Error(), "pays nobody that ocrdeploy knows of") {
		t.Errorf("a payee: %v", err)
	}
}
