#!/usr/bin/env bash
# Runs the judge many times in a row, against the embedded reference server and against socket.io, and says how
# steady its verdicts are.
#
#     scripts/steady.sh [N] [--busy]
#
# N is the number of runs against each server, 20 unless given. With --busy, every core is kept busy meanwhile.
# Ends with 1 if any run failed or had an inconclusive case.
set -euo pipefail
cd "$(dirname "$0")/.."

runs=20
busy=no
for argument in "$@"; do
    case $argument in
        --busy) busy=yes ;;
        *[!0-9]* | '' | 0)
            echo "usage: scripts/steady.sh [N] [--busy]" >&2
            exit 2
            ;;
        *) runs=$argument ;;
    esac
done

scripts/setup.sh
cargo build --release --quiet -p siospec
siospec=${CARGO_TARGET_DIR:-target}/release/siospec

folder=$(mktemp -d)
loops=()
finish() {
    [ ${#loops[@]} -eq 0 ] || kill "${loops[@]}" 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT

if [ "$busy" = yes ]; then
    for _ in $(seq "$(nproc)"); do
        while :; do :; done &
        loops+=("$!")
    done
fi

# count NAME LINE: the number that an end event holds under this name
count() {
    sed -E "s/.*\"$1\":([0-9]+).*/\1/" <<<"$2"
}

# judge NAME ARGUMENT…: runs the judge so many times
judge() {
    local name=$1 run status end seconds line
    shift
    : >"$folder/$name.seconds"
    for run in $(seq "$runs"); do
        status=0
        rm -f "$folder/run.jsonl"
        "$siospec" test --report "jsonl=$folder/run.jsonl" "$@" >"$folder/page" 2>&1 || status=$?
        end=$(grep -s '^{"event":"end"' "$folder/run.jsonl" || true)
        if [ -z "$end" ]; then
            echo "$name run $run: exit $status, without an end:"
            cat "$folder/page"
            unsteady=$((unsteady + 1))
            continue
        fi
        seconds=$(sed -E 's/.*"seconds":([0-9.]+).*/\1/' <<<"$end")
        echo "$seconds" >>"$folder/$name.seconds"
        line="exit $status"
        for outcome in pass fail crash hang warn inconclusive skipped; do
            line="$line  $outcome $(count "$outcome" "$end")"
        done
        printf '%-10s %3d  %s  %.1f s\n' "$name" "$run" "$line" "$seconds"
        if [ "$status" -ne 0 ] || [ "$(count inconclusive "$end")" -ne 0 ]; then
            unsteady=$((unsteady + 1))
            grep -E '"verdict":"(fail|crash|hang|inconclusive)"' "$folder/run.jsonl" | cut -c1-2000
        fi
    done
    sort -n "$folder/$name.seconds" | awk -v name="$name" '
        { seconds[NR] = $1 }
        END { if (NR) printf "%-10s wall time min %.1f s, median %.1f s, max %.1f s\n", name, seconds[1], seconds[int((NR + 1) / 2)], seconds[NR] }'
}

unsteady=0
judge embedded
judge socket.io --contract recovery -- node fixtures/testees/socket.io/testee.js
echo "$unsteady of $((2 * runs)) runs unsteady"
[ "$unsteady" -eq 0 ]
