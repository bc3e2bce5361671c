package netfile

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"go.yaml.in/yaml/v3"
)

// SetContractAddress returns the content of a network file with contract.address set. Nothing else changes: comments and
// layout stay as they are. It fails when the contract section is not written one field a line, or has another address.
func SetContractAddress(content []byte, address common.Address) ([]byte, error) {
	before, err := Parse(content)
	if err != nil {
		return nil, err
	}
	if before.Contract.Address == address {
		return content, nil
	}
	if before.Contract.Address != (common.Address{}) {
		return nil, fmt.Errorf("contract.address is %s already", before.Contract.Address)
	}
	root, problem := document(content)
	if problem != nil {
		return nil, problem
	}
	section := child(root, "contract")
	if section == nil || len(section.Content) == 0 || section.Style&yaml.FlowStyle != 0 {
		return nil, errors.New("the contract section is not written one field a line")
	}
	lines := bytes.SplitAfter(content, []byte("\n"))
	first := section.Content[0]
	entry := strings.Repeat(" ", first.Column-1) + "address: " + fmt.Sprintf("%q", address.Hex()) + "\n"
	at, drop := first.Line-1, 0
	for i := 0; i+1 < len(section.Content); i += 2 {
		if section.Content[i].Value == "address" { // there, but empty
			at, drop = section.Content[i].Line-1, 1
		}
	}
	if at > len(lines) {
		return nil, errors.New("the contract section cannot be found")
	}
	edited := bytes.Join(lines[:at], nil)
	edited = append(edited, entry...)
	edited = append(edited, bytes.Join(lines[at+drop:], nil)...)
	after, err := Parse(edited)
	if err != nil {
		return nil, fmt.Errorf("with the address, the file would not be valid any more: %w", err)
	}
	if after.Contract.Address != address {
		return nil, errors.New("the address could not be put into the file")
	}
	return edited, nil
}

func child(node *yaml.Node, name string) *yaml.Node {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			return node.Content[i+1]
		}
	}
	return nil
}
