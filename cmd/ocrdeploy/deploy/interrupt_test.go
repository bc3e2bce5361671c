package deploy

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// errKilled stands for the end of the process: what comes after it is a new process that knows only the files.
var errKilled = errors.New("killed")

// run applies with the journal of a file, as a new process would.
func (c *chain) run(ctx context.Context, network *netfile.Network, journal string, change func(*ApplyOptions)) (*Result, error) {
	o := c.options()
	var err error
	if o.Journal, err = OpenJournal(journal); err != nil {
		return nil, err
	}
	o.Deployed = func(address common.Address) error {
		network.Contract.Address = address
		return nil
	}
	if change != nil {
		change(&o)
	}
	return Apply(ctx, c, network, o)
}

// stepsOfTestNetwork is how many transactions the deployment of testNetwork takes, stepsOfTestFeed that of testFeed.
const (
	stepsOfTestNetwork = 7
	stepsOfTestFeed    = 2
)

// TestInterruptedAnywhere kills apply at every transaction, at each of the moments that differ, and runs it again. However it
// goes, each step happens once.
func TestInterruptedAnywhere(t *testing.T) {
	interruptedAnywhere(t, 0, stepsOfTestNetwork, func() *netfile.Network { return testNetwork(t, 4) })
}

// interruptedAnywhere begins with the transaction of number first, counted from 0.
func interruptedAnywhere(t *testing.T, first, steps int, fresh func() *netfile.Network) {
	moments := map[string]func(c *chain, tx *ethtypes.Transaction) error{
		"between journal and sending": func(*chain, *ethtypes.Transaction) error { return errKilled },
		"after sending, before a block": func(c *chain, tx *ethtypes.Transaction) error {
			if err := c.Client.SendTransaction(context.Background(), tx); err != nil {
				return err
			}
			return errKilled
		},
		"in a block, before the receipt": func(c *chain, tx *ethtypes.Transaction) error {
			if err := c.accept(tx); err != nil {
				return err
			}
			return errKilled
		},
	}
	for moment, kill := range moments {
		t.Run(moment, func(t *testing.T) {
			for at := first; at < steps; at++ {
				network := fresh()
				c := newChain(t, network)
				journal := filepath.Join(t.TempDir(), "journal")
				seen := 0
				c.send = func(tx *ethtypes.Transaction) error {
					if seen++; seen == at+1 {
						return kill(c, tx)
					}
					return c.accept(tx)
				}
				if _, err := c.run(context.Background(), network, journal, nil); !errors.Is(err, errKilled) {
					t.Fatalf("transaction %d: got %v, want the kill", at, err)
				}
				j, err := OpenJournal(journal)
				if err != nil || !j.Pending() {
					t.Fatalf("transaction %d: no journal (%v)", at, err)
				}
				// What is in the mempool may get into a block while nobody watches.
				c.backend.Commit()
				c.send = nil
				result, err := c.run(context.Background(), network, journal, nil)
				if err != nil {
					t.Fatalf("transaction %d: the second run: %v", at, err)
				}
				c.expectOnce(t, result, steps)
				if j, err := OpenJournal(journal); err != nil || j.Pending() {
					t.Errorf("transaction %d: the journal is still there (%v)", at, err)
				}
			}
		})
	}
}

// expectOnce checks that the owner sent exactly what a deployment takes, and that the result is in force.
func (c *chain) expectOnce(t *testing.T, result *Result, steps int) {
	t.Helper()
	nonce, err := c.NonceAt(context.Background(), c.owner.Address(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if nonce != uint64(steps) {
		t.Errorf("%d transactions are on chain, want %d", nonce, steps)
	}
	if result.Count != 1 || len(result.Plan.Changes) != 0 {
		t.Errorf("config %d in force, changes %v", result.Count, result.Plan.Changes)
	}
}

// TestInterruptedByContext ends the context while a transaction waits for a block.
func TestInterruptedByContext(t *testing.T) {
	network := testNetwork(t, 4)
	c := newChain(t, network)
	journal := filepath.Join(t.TempDir(), "journal")
	ctx, cancel := context.WithCancel(context.Background())
	c.send = func(tx *ethtypes.Transaction) error {
		err := c.Client.SendTransaction(context.Background(), tx)
		cancel()
		return err
	}
	if _, err := c.run(ctx, network, journal, nil); !errors.Is(err, ErrNotMined) {
		t.Fatalf("got %v, want ErrNotMined", err)
	}
	c.send = nil
	c.backend.Commit()
	result, err := c.run(context.Background(), network, journal, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.expectOnce(t, result, stepsOfTestNetwork)
}

// TestFileChangedMeanwhile plans something else after an interruption: the new transaction takes the nonce of the old one, so
// that only one of them can happen.
func TestFileChangedMeanwhile(t *testing.T) {
	network := testNetwork(t, 4)
	c := newChain(t, network)
	journal := filepath.Join(t.TempDir(), "journal")
	if result, err := c.run(context.Background(), network, journal, nil); err != nil {
		t.Fatal(err)
	} else {
		c.expectOnce(t, result, stepsOfTestNetwork)
	}
	network.Config.DeltaRound += time.Second
	var first *ethtypes.Transaction
	c.send = func(tx *ethtypes.Transaction) error {
		first = tx
		return errKilled
	}
	if _, err := c.run(context.Background(), network, journal, nil); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	network.Config.DeltaRound += time.Second
	c.send = nil
	result, err := c.run(context.Background(), network, journal, nil)
	if err != nil {
		t.Fatal(err)
	}
	if last := c.sent[len(c.sent)-1]; last.Nonce() != first.Nonce() || last.GasFeeCap().Cmp(first.GasFeeCap()) <= 0 || last.GasTipCap().Cmp(first.GasTipCap()) <= 0 {
		t.Errorf("nonce %d, fee %s, tip %s; it replaces nonce %d, fee %s, tip %s", last.Nonce(), last.GasFeeCap(), last.GasTipCap(), first.Nonce(), first.GasFeeCap(), first.GasTipCap())
	}
	if want := (Field{Name: "config.deltaRound", Value: network.Config.DeltaRound.String()}); result.Count != 2 || !slices.Contains(result.Plan.State.Config.Fields, want) {
		t.Errorf("config %d is in force with %v", result.Count, result.Plan.State.Config.Fields)
	}
	if err := c.Client.SendTransaction(context.Background(), first); err == nil {
		t.Error("the first transaction can still be sent")
	}
}

// TestFileChangedBack leaves nothing to do while a transaction may be on its way: that must not go unsaid.
func TestFileChangedBack(t *testing.T) {
	network := testNetwork(t, 4)
	c := newChain(t, network)
	journal := filepath.Join(t.TempDir(), "journal")
	if _, err := c.run(context.Background(), network, journal, nil); err != nil {
		t.Fatal(err)
	}
	before := network.Config.DeltaRound
	network.Config.DeltaRound += time.Second
	c.send = func(*ethtypes.Transaction) error { return errKilled }
	if _, err := c.run(context.Background(), network, journal, nil); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	network.Config.DeltaRound = before
	if _, err := c.run(context.Background(), network, journal, nil); !errors.Is(err, ErrNotMined) {
		t.Errorf("got %v, want ErrNotMined", err)
	}
}

// TestBump replaces what waits by the same with higher fees.
func TestBump(t *testing.T) {
	network := testNetwork(t, 4)
	c := newChain(t, network)
	journal := filepath.Join(t.TempDir(), "journal")
	var first *ethtypes.Transaction
	c.send = func(tx *ethtypes.Transaction) error {
		first = tx
		return c.Client.SendTransaction(context.Background(), tx)
	}
	if _, err := c.run(context.Background(), network, journal, func(o *ApplyOptions) { o.Timeout = 20 * time.Millisecond }); !errors.Is(err, ErrNotMined) {
		t.Fatalf("got %v, want ErrNotMined", err)
	}
	c.send = nil
	var stages []Stage
	result, err := c.run(context.Background(), network, journal, func(o *ApplyOptions) {
		o.Bump = true
		o.Progress = func(e Event) { stages = append(stages, e.Stage) }
	})
	if err != nil {
		t.Fatal(err)
	}
	c.expectOnce(t, result, stepsOfTestNetwork)
	if stages[0] != StageReplaced || c.sent[0].Nonce() != first.Nonce() || c.sent[0].Hash() == first.Hash() {
		t.Errorf("stages %v, nonce %d after %d", stages, c.sent[0].Nonce(), first.Nonce())
	}
}

// TestNonceUsedElsewhere uses the key in another place while apply waits.
func TestNonceUsedElsewhere(t *testing.T) {
	network := testNetwork(t, 4)
	c := newChain(t, network)
	journal := filepath.Join(t.TempDir(), "journal")
	c.send = func(tx *ethtypes.Transaction) error {
		other, err := KeySigner(c.owner).SignTx(ethtypes.NewTx(&ethtypes.DynamicFeeTx{
			ChainID: tx.ChainId(), Nonce: tx.Nonce(), GasTipCap: tx.GasTipCap(), GasFeeCap: tx.GasFeeCap(), Gas: 21_000, To: &common.Address{1},
		}), tx.ChainId())
		if err != nil {
			return err
		}
		return c.accept(other)
	}
	if _, err := c.run(context.Background(), network, journal, nil); !errors.Is(err, ErrReplaced) {
		t.Fatalf("got %v, want ErrReplaced", err)
	}
	c.send = nil
	result, err := c.run(context.Background(), network, journal, nil)
	if err != nil {
		t.Fatal(err)
	}
	if result.Count != 1 || len(c.sent) != 1+stepsOfTestNetwork {
		t.Errorf("config %d, %d transactions", result.Count, len(c.sent))
	}
}

// TestNodeLosesTransaction forgets a transaction that it had taken: it is sent again as it was.
func TestNodeLosesTransaction(t *testing.T) {
	network := testNetwork(t, 4)
	c := newChain(t, network)
	journal := filepath.Join(t.TempDir(), "journal")
	var lost common.Hash
	c.send = func(tx *ethtypes.Transaction) error {
		lost = tx.Hash()
		return nil // and it is gone
	}
	if _, err := c.run(context.Background(), network, journal, func(o *ApplyOptions) { o.Timeout = 20 * time.Millisecond }); !errors.Is(err, ErrNotMined) {
		t.Fatalf("got %v, want ErrNotMined", err)
	}
	c.send = nil
	result, err := c.run(context.Background(), network, journal, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.expectOnce(t, result, stepsOfTestNetwork)
	if c.sent[0].Hash() != lost {
		t.Error("another transaction was made")
	}
}

func TestJournalRefused(t *testing.T) {
	network := testNetwork(t, 4)
	c := newChain(t, network)
	dir := t.TempDir()
	for name, content := range map[string]string{
		"not JSON":        "x",
		"other version":   `{"version":2,"chainId":1,"from":"0x0000000000000000000000000000000000000001","entries":[]}`,
		"unknown field":   `{"version":1,"surprise":1}`,
		"no transaction":  `{"version":1,"chainId":1,"from":"0x0000000000000000000000000000000000000001","entries":[{"nonce":1,"attempts":[]}]}`,
		"bad transaction": `{"version":1,"chainId":1,"from":"0x0000000000000000000000000000000000000001","entries":[{"nonce":1,"attempts":[{"step":"set-config","hash":"0x0000000000000000000000000000000000000000000000000000000000000001","raw":"0x02"}]}]}`,
	} {
		path := filepath.Join(dir, strings.ReplaceAll(name, " ", "-"))
		if err := WriteFileAtomically(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenJournal(path); !errors.Is(err, ErrJournal) {
			t.Errorf("%s: got %v, want ErrJournal", name, err)
		}
	}
	// One that somebody else has begun.
	path := filepath.Join(dir, "other")
	c.send = func(*ethtypes.Transaction) error { return errKilled }
	if _, err := c.run(context.Background(), network, path, nil); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	other := newChain(t, network)
	other.owner = testBundles(t, 1)[0].Transmit
	if _, err := other.run(context.Background(), network, path, nil); !errors.Is(err, ErrJournal) {
		t.Errorf("got %v, want ErrJournal", err)
	}
}
