// Package codegen derives from Solidity contracts what Go must agree with them about: the codecs of reports and configs,
// calldata, config digests, events, errors, constants and bindings.
//
// Three stages, with one type between each: package artifact reads what forge compiled; package model makes of it a
// description of everything that crosses the border (model.Package); package golang writes that as Go, from templates.
// This package ties them together as ocrgen.yaml says (Config), writes the result, and compares it with what is there.
//
// What generated code needs at run time is in package solabi. That the generated code does what the contract does is
// shown by tests that are generated with it: they run the contract's bytecode in an EVM.
package codegen

// Version is the version of the generator. It is in every generated file; a change of what is generated changes it.
const Version = "2"
