package offchain_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/ocrkit/ocrkit/test/ocr2net"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// waitFor waits, in virtual time, until the contract has at least so many reports.
func waitFor(t *testing.T, net *ocr2net.Network, reports int) []ocr2net.Transmission {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	if !net.Contract.WaitFor(ctx, func(got []ocr2net.Transmission) bool { return len(got) >= reports }) {
		for _, node := range net.Nodes {
			t.Logf("oracle %d: %+v\n%v", node.Index, node.Status(), node.Log.Bad())
		}
		t.Fatalf("%d reports were transmitted, want %d", len(net.Contract.Transmissions()), reports)
	}
	return net.Contract.Transmissions()
}

func TestReportsAreTransmitted(t *testing.T) {
	for _, size := range []struct{ n, f int }{{1, 0}, {4, 1}, {7, 2}} {
		synctest.Test(t, func(t *testing.T) {
			net := ocr2net.New(t, size.n, size.f)
			net.SetConfig(nil)
			net.StartAll()
			waitFor(t, net, 30)
			net.StopAll()
			for _, node := range net.Nodes {
				if bad := node.Log.Bad(); len(bad) > 0 {
					t.Errorf("oracle %d of %d: %v", node.Index, size.n, bad)
				}
			}
		})
	}
}
