#!/usr/bin/env bash
# Fuzzes the targets named, or all of them, and says how far each came:
#
#     fuzz/run.sh [-s SECONDS] [-j N] [TARGET...]
#
# -s, --seconds   how long each target runs; 60 unless given
# -j, --jobs      how many run side by side, at low priority; 1 unless given
#
# A target's dictionary and seeds are tracked. What libFuzzer learns goes to fuzz/corpus/TARGET, what it prints to
# fuzz/corpus/TARGET.log, and an input that breaks a property to fuzz/artifacts/TARGET; git ignores all three.
# Ends with 1 if any input broke a property. When interrupted it stops every target, and tells how far they came.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    sed -n '2,/^set /{s/^# \{0,1\}//p}' "$0" >&2
    exit 2
}

seconds=60
jobs=1
targets=()
while [ $# -gt 0 ]; do
    case $1 in
        -s | --seconds | -j | --jobs)
            case ${2-} in '' | 0 | *[!0-9]*) usage ;; esac
            case $1 in -s | --seconds) seconds=$2 ;; *) jobs=$2 ;; esac
            shift
            ;;
        -*) usage ;;
        *)
            [ -f "fuzz/fuzz_targets/$1.rs" ] || {
                echo "there is no target $1 among: $(ls fuzz/fuzz_targets | sed 's/\.rs$//' | tr '\n' ' ')" >&2
                exit 2
            }
            targets+=("$1")
            ;;
    esac
    shift
done
if [ ${#targets[@]} -eq 0 ]; then
    mapfile -t targets < <(ls fuzz/fuzz_targets | sed 's/\.rs$//')
fi

built=$(fuzz/build.sh)

running=()
interrupted=no
# libFuzzer prints its figures on the way out, so that what was done until then is told all the same.
trap 'interrupted=yes; [ ${#running[@]} -eq 0 ] || kill -INT "${running[@]}" 2>/dev/null || true' INT TERM
# How libFuzzer ends when it is interrupted.
readonly stopped=72

fuzz() {
    local target=$1 seeds=("fuzz/seeds/$1")
    mkdir -p "fuzz/corpus/$target" "fuzz/artifacts/$target"
    [ ! -d "fuzz/regressions/$target" ] || seeds+=("fuzz/regressions/$target")
    # The first folder is the one that is written to. `exec`: the process that is interrupted is libFuzzer itself.
    exec nice -n 19 "$built/$target" "fuzz/corpus/$target" "${seeds[@]}" \
        -dict=fuzz/dictionaries/packets.dict -artifact_prefix="fuzz/artifacts/$target/" \
        -max_total_time="$seconds" -timeout=20 -rss_limit_mb=1024 -print_final_stats=1 \
        >"fuzz/corpus/$target.log" 2>&1
}

mkdir -p fuzz/corpus
declare -A target_of status_of
reap() {
    local ended= status=0
    wait -n -p ended "${running[@]}" || status=$?
    # A signal ends the waiting, and not yet a target.
    [ -n "${ended:-}" ] || return 0
    status_of[${target_of[$ended]}]=$status
    local still=() pid
    for pid in "${running[@]}"; do
        [ "$pid" = "$ended" ] || still+=("$pid")
    done
    running=("${still[@]}")
}
for target in "${targets[@]}"; do
    while [ ${#running[@]} -ge "$jobs" ]; do reap; done
    [ "$interrupted" = no ] || break
    fuzz "$target" &
    running+=("$!")
    target_of[$!]=$target
done
while [ ${#running[@]} -gt 0 ]; do reap; done

# figure NAME LOG: a figure of libFuzzer's last words
figure() {
    sed -n "s/^stat::$1: *//p" "$2" | tail -1
}

findings=0
format='%-20s %12s %10s %8s %9s %8s\n'
# shellcheck disable=SC2059 # one format for all lines
printf "$format" target executions per/s corpus slowest findings
for target in "${targets[@]}"; do
    log=fuzz/corpus/$target.log
    found=0
    if [ -z "${status_of[$target]-}" ]; then
        # shellcheck disable=SC2059
        printf "$format" "$target" "not run" - - - -
        continue
    fi
    if [ "${status_of[$target]}" -eq $stopped ]; then
        status_of[$target]=0
    elif [ "${status_of[$target]}" -ne 0 ]; then
        found=1
        findings=$((findings + 1))
    fi
    # shellcheck disable=SC2059
    printf "$format" "$target" "$(figure number_of_executed_units "$log")" "$(figure average_exec_per_sec "$log")" \
        "$(find "fuzz/corpus/$target" "fuzz/seeds/$target" -type f | wc -l)" \
        "$(figure slowest_unit_time_sec "$log") s" "$found"
done
for target in "${targets[@]}"; do
    [ "${status_of[$target]-0}" -eq 0 ] || {
        echo "== $target ended with ${status_of[$target]}:"
        tail -n 40 "fuzz/corpus/$target.log"
    } >&2
done
[ "$findings" -eq 0 ] || exit 1
[ "$interrupted" = no ] || exit 130
