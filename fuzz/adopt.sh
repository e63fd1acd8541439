#!/usr/bin/env bash
# Adopts from what fuzzing has found: an input becomes a tracked seed if it reaches code that no seed of its target
# reaches yet, as few of them as are needed.
#
#     fuzz/adopt.sh [TARGET...]
set -euo pipefail
cd "$(dirname "$0")/.."

targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
    mapfile -t targets < <(ls fuzz/fuzz_targets | sed 's/\.rs$//')
fi
built=$(fuzz/build.sh)
for target in "${targets[@]}"; do
    [ -d "fuzz/corpus/$target" ] || continue
    before=$(find "fuzz/seeds/$target" -type f | wc -l)
    # Without counters, only code that is new counts, not how often it runs.
    "$built/$target" -set_cover_merge=1 -use_counters=0 "fuzz/seeds/$target" "fuzz/corpus/$target" 2>/dev/null
    echo "$target: $before seeds, now $(find "fuzz/seeds/$target" -type f | wc -l)"
done
