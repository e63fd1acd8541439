#!/bin/sh
# Fuzzes the targets named, or all of them, one after another: `fuzz/run.sh [-s SECONDS] [TARGET...]`.
# libFuzzer writes what it finds into the first folder, which git ignores; the seeds stay as they are.
set -eu
cd "$(dirname "$0")/.."
seconds=60
if [ "${1-}" = -s ]; then
    seconds=$2
    shift 2
fi
if [ $# -eq 0 ]; then
    set -- $(cd fuzz/fuzz_targets && ls | sed 's/\.rs$//')
fi
for target in "$@"; do
    mkdir -p "fuzz/corpus/$target"
    cargo fuzz run -s none "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
        -dict=fuzz/dictionaries/packets.dict -max_total_time="$seconds" -print_final_stats=1
done
