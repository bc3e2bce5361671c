package deploy

import (
	"context"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"

	"github.com/ocrkit/ocrkit/gen/ocr1"
	"github.com/ocrkit/ocrkit/gen/ocr1/accesscontrolledoffchainaggregator"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// File returns the network file, with the notes as comments. Where nothing is missing, netfile.Parse reads m.Network from it.
func (m *Migration) File() ([]byte, error) {
	comments := make(map[string]string)
	add := func(path, text string) {
		if comments[path] != "" {
			text = comments[path] + "\n" + text
		}
		comments[path] = text
	}
	s := m.Status
	add("", fmt.Sprintf("A network file of ocrdeploy. See docs/operate.md.\n\nIt replaces %s %s on chain %d, as that was in block %d with config %s.",
		s.Kind(), s.Contract, s.ChainID, s.Block, s.ConfigDigest))
	for _, part := range []struct {
		kind  NoteKind
		title string
	}{{NoteGone, "What the old feed has, and OCR2 has nothing like it:"}, {NoteByHand, "What is to be done by hand:"}} {
		text := "\n" + part.title
		for _, note := range m.Notes {
			if note.Kind == part.kind {
				text += "\n- " + note.Field + ": " + note.Text
			}
		}
		add("", text)
	}
	for _, note := range m.Notes {
		switch note.Kind {
		case NoteMissing:
			add(note.Field, note.Text)
		case NoteChosen, NoteChanged:
			add(note.Field, string(note.Kind)+": "+note.Text)
		}
	}
	content, err := netfile.Encode(m.Network, comments)
	if err != nil {
		return nil, err
	}
	if len(m.Missing()) > 0 || len(m.Network.Check()) > 0 {
		return content, nil
	}
	if _, err := netfile.Parse(content); err != nil {
		return nil, fmt.Errorf("what was read cannot be written into a network file: %w", err)
	}
	return content, nil
}

// maxReaders bounds the list of readers in a note.
const maxReaders = 100

// readers says who may read an access-controlled contract.
func readers(ctx context.Context, client Client, s *State) string {
	abi := accesscontrolledoffchainaggregator.NewAccessControlledOffchainAggregator()
	r := reader{client, s.Contract, new(big.Int).SetUint64(s.Block)}
	checks, err := query(ctx, r, "checkEnabled", abi.PackCheckEnabled(), abi.UnpackCheckEnabled)
	if err == nil && !checks {
		return "the old contract lets everybody read"
	}
	const unknown = "the old contract lets only some contracts read"
	logs, err := client.FilterLogs(ctx, ethereum.FilterQuery{
		FromBlock: new(big.Int), ToBlock: r.block, Addresses: []common.Address{s.Contract}, Topics: [][]common.Hash{{ocr1.AddedAccessTopic, ocr1.RemovedAccessTopic}},
	})
	if err != nil {
		return unknown + ", of which the node has no logs"
	}
	admitted := make(map[common.Address]bool)
	for i := range logs {
		var added ocr1.AddedAccess
		var removed ocr1.RemovedAccess
		switch {
		case logs[i].Removed:
		case ocr1.DecodeAddedAccess(&logs[i], &added) == nil:
			admitted[added.User] = true
		case ocr1.DecodeRemovedAccess(&logs[i], &removed) == nil:
			delete(admitted, removed.User)
		}
	}
	list := slices.SortedFunc(maps.Keys(admitted), common.Address.Cmp)
	if len(list) == 0 {
		return unknown + "; its logs name none"
	}
	var names []string
	for _, address := range list[:min(len(list), maxReaders)] {
		names = append(names, address.Hex())
	}
	if more := len(list) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return "the old contract lets " + strings.Join(names, ", ") + " read"
}
