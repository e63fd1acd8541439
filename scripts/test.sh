#!/usr/bin/env bash
# Runs every test of the workspace, after installing what they need. Arguments go to `cargo test`.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh

log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
cargo test --workspace --no-fail-fast "$@" 2>&1 | tee "$log" || status=$?

# One sum of what each test binary counted.
awk '/^test result:/ { binaries++; passed += $4; failed += $6; ignored += $8 }
     END {
         if (!binaries) exit
         if (ignored > 0) printf "%d passed, %d failed, %d skipped\n", passed, failed, ignored
         else printf "%d passed, %d failed\n", passed, failed
     }' "$log"
exit "$status"
