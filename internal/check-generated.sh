#!/bin/sh
# Regenerates everything and fails, with a diff, if that changed a committed file.
set -eu
cd "$(dirname "$0")/.."

before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT
files=$(git ls-files -- gen '*.pb.go')
for f in $files; do
	[ -f "$f" ] || continue
	mkdir -p "$before/$(dirname "$f")"
	cp "$f" "$before/$f"
done

go generate ./...

status=0
for f in $(git ls-files -co --exclude-standard -- gen '*.pb.go' | sort -u); do
	if [ ! -f "$before/$f" ]; then
		echo "check-generated: $f was generated but is not committed" >&2
		status=1
	elif [ ! -f "$f" ]; then
		echo "check-generated: $f is committed but is not generated any more" >&2
		status=1
	elif ! diff -u "$before/$f" "$f" >&2; then
		echo "check-generated: $f was stale" >&2
		status=1
	fi
done
if [ $status -ne 0 ]; then
	echo "check-generated: commit the result of: make generate" >&2
fi
exit $status
