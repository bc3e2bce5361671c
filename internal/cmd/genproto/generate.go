package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/linker"
	"google.golang.org/protobuf/cmd/protoc-gen-go/internal_gengo"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

// output is one generated file.
type output struct {
	path    string
	content []byte
}

// Generate compiles the .proto files that the arguments name and returns the Go files to write, ordered by path. It
// fails if any argument names no .proto file, or if anything does not compile.
func Generate(args []string) ([]output, error) {
	byDir, err := collect(args)
	if err != nil {
		return nil, err
	}
	var outputs []output
	for _, dir := range sortedKeys(byDir) {
		generated, err := generateDir(dir, byDir[dir])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		outputs = append(outputs, generated...)
	}
	return outputs, nil
}

// collect maps each directory to the base names of its files, sorted and without duplicates.
func collect(args []string) (map[string][]string, error) {
	byDir := map[string][]string{}
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			if filepath.Ext(arg) != ".proto" {
				return nil, fmt.Errorf("%s: not a .proto file", arg)
			}
			dir := filepath.Dir(arg)
			byDir[dir] = append(byDir[dir], filepath.Base(arg))
			continue
		}
		found, err := filepath.Glob(filepath.Join(arg, "*.proto"))
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("%s: no .proto file in this directory", arg)
		}
		dir := filepath.Clean(arg)
		for _, path := range found {
			byDir[dir] = append(byDir[dir], filepath.Base(path))
		}
	}
	for dir, names := range byDir {
		slices.Sort(names)
		byDir[dir] = slices.Compact(names)
	}
	return byDir, nil
}

func generateDir(dir string, names []string) ([]output, error) {
	compiler := protocompile.Compiler{
		Resolver:       protocompile.WithStandardImports(&protocompile.SourceResolver{ImportPaths: []string{dir}}),
		SourceInfoMode: protocompile.SourceInfoStandard, // the generator copies comments
	}
	files, err := compiler.Compile(context.Background(), names...)
	if err != nil {
		return nil, err
	}
	plugin, err := protogen.Options{}.New(&pluginpb.CodeGeneratorRequest{
		FileToGenerate: names,
		Parameter:      proto.String("paths=source_relative"),
		ProtoFile:      withDependencies(files),
	})
	if err != nil {
		return nil, err
	}
	plugin.SupportedFeatures = internal_gengo.SupportedFeatures
	plugin.SupportedEditionsMinimum = internal_gengo.SupportedEditionsMinimum
	plugin.SupportedEditionsMaximum = internal_gengo.SupportedEditionsMaximum
	for _, file := range plugin.Files {
		if file.Generate {
			internal_gengo.GenerateFile(plugin, file)
		}
	}
	response := plugin.Response()
	if response.Error != nil {
		return nil, errors.New(response.GetError())
	}
	var outputs []output
	for _, file := range response.File {
		outputs = append(outputs, output{filepath.Join(dir, filepath.FromSlash(file.GetName())), []byte(file.GetContent())})
	}
	slices.SortFunc(outputs, func(a, b output) int { return strings.Compare(a.path, b.path) })
	return outputs, nil
}

// withDependencies returns the descriptors of the files and of everything that they import, imported ones first, as the
// generator wants them.
func withDependencies(files linker.Files) []*descriptorpb.FileDescriptorProto {
	var ordered []*descriptorpb.FileDescriptorProto
	seen := map[string]bool{}
	var visit func(protoreflect.FileDescriptor)
	visit = func(file protoreflect.FileDescriptor) {
		if seen[file.Path()] {
			return
		}
		seen[file.Path()] = true
		imports := file.Imports()
		for i := range imports.Len() {
			visit(imports.Get(i).FileDescriptor)
		}
		ordered = append(ordered, protodesc.ToFileDescriptorProto(file))
	}
	for _, file := range files {
		visit(file)
	}
	return ordered
}

func write(outputs []output) error {
	for _, out := range outputs {
		if old, err := os.ReadFile(out.path); err == nil && bytes.Equal(old, out.content) {
			continue // leaves the modification time alone
		}
		if err := os.WriteFile(out.path, out.content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func verify(outputs []output) error {
	var stale []string
	for _, out := range outputs {
		if old, err := os.ReadFile(out.path); err != nil || !bytes.Equal(old, out.content) {
			stale = append(stale, out.path)
		}
	}
	if len(stale) > 0 {
		return fmt.Errorf("stale or missing, run genproto without -check: %s", strings.Join(stale, ", "))
	}
	return nil
}

func sortedKeys(m map[string][]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
