#!/usr/bin/env bash
# Packs every fuzz target as OSS-Fuzz and ClusterFuzzLite want it, into $OUT or the folder named:
#
#     fuzz/package.sh [FOLDER]
#
#     TARGET                   the program; $SANITIZER says with which sanitizer, `none` unless given
#     TARGET_seed_corpus.zip   its tracked seeds and regressions
#     TARGET.dict              the dictionary
#     TARGET.options           limits for libFuzzer
set -euo pipefail
out=${1:-${OUT:?name a folder, or set OUT}}
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$(dirname "$0")/.."

built=$(fuzz/build.sh)
for source in fuzz/fuzz_targets/*.rs; do
    target=$(basename "$source" .rs)
    cp "$built/$target" "$out/"
    folders=("fuzz/seeds/$target")
    [ ! -d "fuzz/regressions/$target" ] || folders+=("fuzz/regressions/$target")
    rm -f "$out/${target}_seed_corpus.zip"
    # Seeds and regressions may have the same names, so the folders stay.
    zip --quiet --recurse-paths "$out/${target}_seed_corpus.zip" "${folders[@]}"
    cp fuzz/dictionaries/packets.dict "$out/$target.dict"
    printf '[libfuzzer]\ntimeout = 20\nrss_limit_mb = 2560\n' >"$out/$target.options"
done
