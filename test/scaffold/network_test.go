package scaffold

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
	"github.com/ocrkit/ocrkit/codegen/scaffold"
	"github.com/ocrkit/ocrkit/offchain/config/ocr2config"
	"github.com/ocrkit/ocrkit/offchain/keys"
)

// TestNetworkFile asserts that the network file of a new project says what to fill in, and nothing that ocrdeploy objects to once
// that has been done.
func TestNetworkFile(t *testing.T) {
	files, err := scaffold.Files(scaffold.Options{Name: "weather", Replace: "/ocrkit"})
	if err != nil {
		t.Fatal(err)
	}
	var text string
	for _, f := range files {
		if f.Path == "network.yaml" {
			text = string(f.Text)
		}
	}
	if _, err := netfile.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), "contract.address: must be set") {
		t.Errorf("as it is: %v", err)
	}
	const address, oracles = "\n  address: #", "\noracles: [] #"
	for _, place := range []string{address, oracles} {
		if strings.Count(text, place) != 1 {
			t.Fatalf("network.yaml has not exactly one %q", place)
		}
	}
	var list strings.Builder
	for i := range 4 {
		b, err := keys.GenerateBundle(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		p := b.Public()
		fmt.Fprintf(&list, "\n  - name: oracle-%d", i)
		for name, value := range map[string]interface{ MarshalText() ([]byte, error) }{
			"offchainPublicKey": p.OffchainPublicKey, "configEncryptionPublicKey": p.ConfigEncryptionPublicKey,
			"onchainAddress": p.OnchainAddress, "transmitAccount": p.TransmitAccount, "peerID": p.PeerID,
		} {
			marshalled, err := value.MarshalText()
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&list, "\n    %s: %q", name, marshalled)
		}
	}
	filled := strings.NewReplacer(address, "\n  address: \"0x0000000000000000000000000000000000000001\" #", oracles, "\noracles:"+list.String()+" #").Replace(text)
	network, err := netfile.Parse([]byte(filled))
	if err != nil {
		t.Fatalf("filled in: %v\n%s", err, filled)
	}
	in, err := network.SetConfigInput()
	if err != nil {
		t.Fatal(err)
	}
	if findings := ocr2config.Lint(in.PublicConfig()); len(findings) > 0 {
		t.Errorf("it is not in order: %v", findings)
	}
}
