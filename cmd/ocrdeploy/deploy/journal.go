package deploy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	ethtypes "github.com/ethereum/go-ethereum/core/types"
)

const (
	journalVersion  = 1
	maxJournalBytes = 16 << 20
)

// Journal remembers the transactions of an Apply that has not come to its end. It is written before a transaction is sent, so
// that after an interruption at any point it is known what may be on its way. It has no secrets.
//
// A journal belongs to one chain and one sender, and is for one Apply at a time.
type Journal struct {
	path string // empty: in memory
	data journalData
	// beforeWrite and afterWrite are for tests that interrupt.
	afterWrite func()
}

type journalData struct {
	Version int            `json:"version"`
	ChainID uint64         `json:"chainId"`
	From    common.Address `json:"from"`
	Entries []journalEntry `json:"entries"`
}

// journalEntry is one nonce: at most one of its attempts will ever be in a block.
type journalEntry struct {
	Nonce    uint64           `json:"nonce"`
	Attempts []journalAttempt `json:"attempts"`
	Outcome  outcome          `json:"outcome,omitempty"`
	// Step, Hash, Block and Contract are those of the attempt that is in a block.
	Step     StepKind        `json:"step,omitempty"`
	Hash     common.Hash     `json:"hash,omitzero"`
	Block    uint64          `json:"block,omitempty"`
	Contract *common.Address `json:"contract,omitempty"` // that it created
}

type journalAttempt struct {
	Step StepKind      `json:"step"`
	Hash common.Hash   `json:"hash"`
	Raw  hexutil.Bytes `json:"raw"` // the signed transaction
}

// transaction decodes the attempt. The journal was checked when it was read.
func (a journalAttempt) transaction() (*ethtypes.Transaction, error) {
	var tx ethtypes.Transaction
	if err := tx.UnmarshalBinary(a.Raw); err != nil {
		return nil, fmt.Errorf("%w: transaction %s: %w", ErrJournal, a.Hash, err)
	}
	if tx.Hash() != a.Hash {
		return nil, fmt.Errorf("%w: transaction %s has the hash %s", ErrJournal, a.Hash, tx.Hash())
	}
	return &tx, nil
}

type outcome string

const (
	outcomeOpen     outcome = ""
	outcomeDone     outcome = "done"
	outcomeFailed   outcome = "failed"   // in a block, and reverted
	outcomeReplaced outcome = "replaced" // the nonce was used by another transaction
)

// MemoryJournal makes a journal that does not outlive the process.
func MemoryJournal() *Journal { return &Journal{data: journalData{Version: journalVersion}} }

// OpenJournal reads the journal at path. There need not be one: it is created before the first transaction, and Finish
// removes it.
func OpenJournal(path string) (*Journal, error) {
	j := MemoryJournal()
	j.path = path
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return j, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrJournal, err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxJournalBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrJournal, err)
	}
	if err := j.data.decode(content); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrJournal, path, err)
	}
	return j, nil
}

func (d *journalData) decode(content []byte) error {
	if len(content) > maxJournalBytes {
		return fmt.Errorf("has more than %d bytes", maxJournalBytes)
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	var read journalData
	if err := decoder.Decode(&read); err != nil {
		return err
	}
	if read.Version != journalVersion {
		return fmt.Errorf("version %d, want %d", read.Version, journalVersion)
	}
	for i, entry := range read.Entries {
		if len(entry.Attempts) == 0 {
			return fmt.Errorf("entry %d has no transaction", i)
		}
		for _, attempt := range entry.Attempts {
			if _, err := attempt.transaction(); err != nil {
				return err
			}
		}
	}
	*d = read
	return nil
}

// Pending tells whether the journal has something that is not finished.
func (j *Journal) Pending() bool { return len(j.data.Entries) > 0 }

// own binds a new journal to a chain and a sender, or checks that it belongs to them.
func (j *Journal) own(chainID uint64, from common.Address) error {
	if len(j.data.Entries) == 0 {
		j.data.ChainID, j.data.From = chainID, from
		return nil
	}
	if j.data.ChainID != chainID || j.data.From != from {
		return fmt.Errorf("%w: it has transactions of %s on chain %d, this is %s on chain %d; finish that first, or remove %s if you know what became of them",
			ErrJournal, j.data.From, j.data.ChainID, from, chainID, j.path)
	}
	return nil
}

// open returns the entry without outcome; there is at most one.
func (j *Journal) open() *journalEntry {
	if n := len(j.data.Entries); n > 0 && j.data.Entries[n-1].Outcome == outcomeOpen {
		return &j.data.Entries[n-1]
	}
	return nil
}

// created returns the contracts that were deployed, by step.
func (j *Journal) created() map[StepKind]common.Address {
	created := make(map[StepKind]common.Address)
	for _, entry := range j.data.Entries {
		if entry.Outcome == outcomeDone && entry.Contract != nil {
			created[entry.Step] = *entry.Contract
		}
	}
	return created
}

// write makes the journal durable: all of the new content or all of the old.
func (j *Journal) write() (err error) {
	if j.afterWrite != nil {
		defer j.afterWrite()
	}
	if j.path == "" {
		return nil
	}
	content, err := json.MarshalIndent(j.data, "", "  ")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrJournal, err)
	}
	if err := WriteFileAtomically(j.path, append(content, '\n')); err != nil {
		return fmt.Errorf("%w: %w", ErrJournal, err)
	}
	return nil
}

// finish forgets what is settled.
func (j *Journal) finish() error {
	j.data.Entries = nil
	if j.path == "" {
		return nil
	}
	if err := os.Remove(j.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: %w", ErrJournal, err)
	}
	return nil
}

// WriteFileAtomically replaces a file, or makes a new one that only its owner may read. At no time is it there in part.
func WriteFileAtomically(path string, content []byte) (err error) {
	mode := os.FileMode(0o600)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	dir := filepath.Dir(path)
	temp, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temp.Name()) // the first error counts
		}
	}()
	_, err = temp.Write(content)
	if err == nil {
		err = temp.Chmod(mode)
	}
	if err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	if err = os.Rename(temp.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
