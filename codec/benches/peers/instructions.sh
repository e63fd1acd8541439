#!/bin/sh
# Instructions per packet under callgrind, and every bar: the difference of two counts, so that neither start-up
# nor any other load on the machine matters. Arguments narrow it down: `./instructions.sh '^event '`.
set -eu
cd "$(dirname "$0")"
cargo build --release --quiet
bench=${CARGO_TARGET_DIR:-target}/release/siospec-codec-peers
counts=$(mktemp)
trap 'rm -f "$counts"' EXIT
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$bench" run "$@" 2>&1 | sed -n 's/.*Collected : //p'
}
"$bench" list | grep -e "${1:-}" | while read -r operation codec class runs; do
    few=$(count "$operation" "$codec" "$class" "$runs")
    many=$(count "$operation" "$codec" "$class" $((2 * runs)))
    echo "$operation $codec $class $(((many - few) / runs))" >>"$counts"
done
"$bench" bars "$counts"
