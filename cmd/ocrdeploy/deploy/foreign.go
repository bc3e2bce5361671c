package deploy

import (
	"context"

	"github.com/ocrkit/ocrkit/cmd/ocrdeploy/netfile"
)

// foreign is a contract of which nothing is known but that it speaks a protocol and has an owner.
type foreign struct{}

func (foreign) prerequisites(*netfile.Contract) []prerequisite { return nil }
func (foreign) code(*netfile.Contract) []byte                  { return nil }
func (foreign) read(context.Context, reader, *State) error     { return nil }
func (foreign) settings() []setting                            { return nil }
func (foreign) payments() *payments                            { return nil }
func (foreign) lint(*Plan)                                     {}
func (foreign) status(context.Context, reader, *Status) error  { return nil }
