package deploy

import (
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// TestEveryKindIsKnown asserts that the tables of this package and of netfile say the same.
func TestEveryKindIsKnown(t *testing.T) {
	kinds := netfile.Kinds()
	if len(contracts) != len(kinds) {
		t.Errorf("%d kinds of contracts here, %d in network files", len(contracts), len(kinds))
	}
	for _, kind := range kinds {
		e, ok := contracts[kind]
		if !ok {
			t.Errorf("%s is not known here", kind)
			continue
		}
		if e.protocol.name() != kind.Protocol() {
			t.Errorf("%s speaks %s here, %s in network files", kind, e.protocol.name(), kind.Protocol())
		}
		if pays := e.contract.payments() != nil; pays != kind.Pays() {
			t.Errorf("%s pays: %t here, %t in network files", kind, pays, kind.Pays())
		}
		for i, s := range e.contract.settings() {
			if (s.step == "") == (s.blocked == "") || (s.step == "") != (s.calldata == nil) || s.check == "" {
				t.Errorf("%s: setting %d can be set or says why not, and belongs to a check: %+v", kind, i, s)
			}
		}
	}
	topics := make(map[common.Hash]netfile.Protocol)
	for _, p := range protocols {
		if other, ok := topics[p.configSet()]; ok {
			t.Errorf("%s and %s publish configs by the same event", other, p.name())
		}
		topics[p.configSet()] = p.name()
	}
}
