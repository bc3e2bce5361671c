package deploy

import "testing"

func TestApplyDeploysAndConfigures(t *testing.T) {
	foreseen, _ := deploysAndConfigures(t, testNetwork(t, 4))
	if len(foreseen.Steps) != stepsOfTestNetwork {
		t.Errorf("the plan is\n%s", describe(foreseen))
	}
}
