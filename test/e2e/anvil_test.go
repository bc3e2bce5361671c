package e2e

import "testing"

func TestAnvilAnswers(t *testing.T) {
	anvil := StartAnvil(t)
	if got := Output(t, "cast", "chain-id", "--rpc-url", anvil.URL); got != "31337" {
		t.Errorf("chain id is %s, want 31337", got)
	}
}
