#!/bin/sh
# Measures gas anew: writes snapshots/*.json and the tables of docs/gas.md, and prints these. If it fails, snapshots/ is as
# before.
set -eu
cd "$(dirname "$0")/.."

before=$(mktemp -d)
finish() {
	status=$?
	if [ $status -ne 0 ]; then
		cp "$before"/*.json snapshots/
		echo "gas: failed; snapshots/ is as it was before" >&2
	fi
	rm -rf "$before"
	exit $status
}
cp snapshots/*.json "$before"
trap finish EXIT
trap 'exit 1' INT TERM

# What is not measured now is not there afterwards.
rm snapshots/*.json
FORGE_TIMEOUT=${FORGE_TIMEOUT:-900} ./internal/forge-test.sh --match-path 'test/forge/*/*Gas.t.sol' >&2
for old in "$before"/*.json; do
	name=snapshots/$(basename "$old")
	if [ ! -f "$name" ]; then
		echo "gas: no test writes $name any more; remove it if that is right" >&2
		exit 1
	fi
done
go run ./internal/cmd/gastables
