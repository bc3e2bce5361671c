#!/bin/sh
# Runs `forge test` with the arguments given, and runs it again if it hangs: forge 1.7.1 sometimes stops with all its threads
# waiting for each other. A test that fails is never run again.
set -u
cd "$(dirname "$0")/.."

limit=${FORGE_TIMEOUT:-540} # seconds; a run in the quick profile takes about two hundred
if ! command -v timeout >/dev/null 2>&1; then
	exec tools/forge test "$@"
fi
for attempt in 1 2 3; do
	timeout --kill-after=10 "$limit" tools/forge test "$@"
	status=$?
	if [ $status -ne 124 ] && [ $status -ne 137 ]; then
		exit $status
	fi
	echo "forge-test: no end after $limit s (attempt $attempt of 3)" >&2
done
exit 1
