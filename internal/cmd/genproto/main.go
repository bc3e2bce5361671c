// Command genproto compiles .proto files to Go beside them, without protoc and without anything to install: the parser
// and the generator are libraries that go.mod pins, so that everyone generates the same bytes.
//
//	go run ./internal/cmd/genproto [-check] DIR|FILE.proto...
//
// A directory stands for all .proto files directly in it. Each file must have the option go_package. Imports are looked
// up in the directory of the importing file, and among the standard ones (google/protobuf/...). The files of one
// directory are compiled together, and a file's name in the descriptor is its base name.
//
// With -check nothing is written; the command names the files that are missing or stale, and fails if there are any.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	check := flag.Bool("check", false, "write nothing; fail if a generated file is missing or stale")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: genproto [-check] DIR|FILE.proto...")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(flag.Args(), *check); err != nil {
		fmt.Fprintln(os.Stderr, "genproto:", err)
		os.Exit(1)
	}
}

func run(args []string, check bool) error {
	outputs, err := Generate(args)
	if err != nil {
		return err
	}
	if check {
		return verify(outputs)
	}
	return write(outputs)
}
