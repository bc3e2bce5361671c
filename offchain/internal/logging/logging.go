// Package logging holds what the offchain engine does with commontypes.Logger: child loggers with fields, and tapers
// that keep a repeated condition from flooding the log.
//
// Source: docs/protocol/ocr2.md, "Runtime".
package logging

import (
	"context"
	"errors"
	"maps"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
)

// Logger is a commontypes.Logger that adds its own fields to each line. The zero value logs nothing. It is immutable, and
// so safe for concurrent use as far as the logger underneath is.
type Logger struct {
	root   commontypes.Logger
	fields commontypes.LogFields
}

var _ commontypes.Logger = Logger{}

// New returns a logger without fields of its own. root may be nil: then nothing is logged.
func New(root commontypes.Logger) Logger {
	if l, ok := root.(Logger); ok {
		return l
	}
	return Logger{root: root}
}

// Child returns a logger that also adds the given fields; on a collision see [MergePreserve].
func (l Logger) Child(fields commontypes.LogFields) Logger {
	return Logger{l.root, MergePreserve(l.fields, fields)}
}

// Updated is like Child, but on a collision the new field replaces the old one.
func (l Logger) Updated(fields commontypes.LogFields) Logger {
	return Logger{l.root, MergeOverwrite(l.fields, fields)}
}

func (l Logger) Trace(msg string, fields commontypes.LogFields) {
	if l.root != nil {
		l.root.Trace(msg, MergePreserve(l.fields, fields))
	}
}

func (l Logger) Debug(msg string, fields commontypes.LogFields) {
	if l.root != nil {
		l.root.Debug(msg, MergePreserve(l.fields, fields))
	}
}

func (l Logger) Info(msg string, fields commontypes.LogFields) {
	if l.root != nil {
		l.root.Info(msg, MergePreserve(l.fields, fields))
	}
}

func (l Logger) Warn(msg string, fields commontypes.LogFields) {
	if l.root != nil {
		l.root.Warn(msg, MergePreserve(l.fields, fields))
	}
}

func (l Logger) Error(msg string, fields commontypes.LogFields) {
	if l.root != nil {
		l.root.Error(msg, MergePreserve(l.fields, fields))
	}
}

func (l Logger) Critical(msg string, fields commontypes.LogFields) {
	if l.root != nil {
		l.root.Critical(msg, MergePreserve(l.fields, fields))
	}
}

// ErrorUnlessCanceled logs at Error; but where ctx was canceled, which makes the error a matter of course, at Debug. A
// deadline that has passed is no cancellation.
func (l Logger) ErrorUnlessCanceled(ctx context.Context, msg string, fields commontypes.LogFields) {
	if errors.Is(ctx.Err(), context.Canceled) {
		l.Debug("logging as debug due to context cancellation: "+msg, fields)
		return
	}
	l.Error(msg, fields)
}

// MergePreserve merges fields, earlier maps first. When two have the same key, the earlier keeps it and the later one gets
// underscores put in front until the key is free. The arguments are not changed; the result may be one of them.
func MergePreserve(layers ...commontypes.LogFields) commontypes.LogFields {
	if one, ok := onlyOne(layers); ok {
		return one
	}
	merged := make(commontypes.LogFields, total(layers))
	for _, layer := range layers {
		for key, value := range layer {
			for {
				if _, taken := merged[key]; !taken {
					break
				}
				key = "_" + key
			}
			merged[key] = value
		}
	}
	return merged
}

// MergeOverwrite merges fields; when two have the same key, the later one wins. The arguments are not changed; the result
// may be one of them.
func MergeOverwrite(layers ...commontypes.LogFields) commontypes.LogFields {
	if one, ok := onlyOne(layers); ok {
		return one
	}
	merged := make(commontypes.LogFields, total(layers))
	for _, layer := range layers {
		maps.Copy(merged, layer)
	}
	return merged
}

// onlyOne returns the only layer that has fields, if there is at most one.
func onlyOne(layers []commontypes.LogFields) (one commontypes.LogFields, ok bool) {
	for _, layer := range layers {
		if len(layer) == 0 {
			continue
		}
		if one != nil {
			return nil, false
		}
		one = layer
	}
	return one, true
}

func total(layers []commontypes.LogFields) (n int) {
	for _, layer := range layers {
		n += len(layer)
	}
	return n
}
