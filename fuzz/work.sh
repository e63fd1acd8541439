#!/usr/bin/env bash
# Shows that the codec's work follows the length of its input: counts the instructions for inputs of many classes, each
# made to be hard, at one size and at four times that size, under callgrind, which no load on the machine disturbs.
# Ends with 1 where four times the input costs more than five times the instructions; below ten a byte, where nearly all
# of them made the input, that says nothing.
#
#     fuzz/work.sh [CLASS...]
set -euo pipefail
cd "$(dirname "$0")/.."

readonly bytes=20000
cargo build --quiet --release -p siospec-fuzz --example work
work=${CARGO_TARGET_DIR:-target}/release/examples/work
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$work" "$@" 2>&1 | sed -n 's/.*Collected : //p'
}
# What a process costs that does nothing.
idle=$(count list)
classes=("$@")
[ ${#classes[@]} -gt 0 ] || mapfile -t classes < <("$work" list)
status=0
printf '%-24s %14s %14s %8s\n' class "per byte" "at 4 times" ratio
for class in "${classes[@]}"; do
    few=$(($(count "$class" $bytes) - idle))
    many=$(($(count "$class" $((4 * bytes))) - idle))
    awk -v class="$class" -v few="$few" -v many="$many" -v bytes=$bytes 'BEGIN {
        printf "%-24s %14.1f %14.1f %8.2f\n", class, few / bytes, many / bytes / 4, many / few
        exit many > 5 * few && many > 10 * 4 * bytes
    }' || status=1
done
exit $status
