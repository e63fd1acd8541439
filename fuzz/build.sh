#!/usr/bin/env bash
# Builds the fuzz targets, and prints the folder that their programs are in.
set -euo pipefail
cd "$(dirname "$0")/.."

# No sanitizer is needed, since the code has nothing unsafe, and stable Rust suffices. OSS-Fuzz names one all the same,
# or none when its own cargo measures coverage.
case ${SANITIZER:-none} in
    coverage | introspector) sanitizer=() ;;
    *) sanitizer=(--sanitizer "${SANITIZER:-none}") ;;
esac
# A finding's backtrace needs names.
export CARGO_PROFILE_RELEASE_STRIP=false
# Watching comparisons costs up to half of the executions. What it would teach stands in the dictionary: packets are known
# by single characters, and by few words.
cargo fuzz build "${sanitizer[@]}" --no-trace-compares >&2
triple=$(rustc -vV | sed -n 's/^host: //p')
# cargo-fuzz builds into the workspace's folder or, in older versions, into its own.
for folder in "${CARGO_TARGET_DIR:-target}" fuzz/target; do
    [ ! -x "$folder/$triple/release/socket_packet" ] || {
        echo "$folder/$triple/release"
        exit 0
    }
done
echo "cargo fuzz built its programs into a folder that is not known here" >&2
exit 1
