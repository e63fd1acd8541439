#!/bin/sh
# The compiler, with code that counts what runs: `fuzz/coverage.sh` has cargo call it for the crates of the workspace.
exec "$@" -C instrument-coverage
