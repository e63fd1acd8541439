#!/bin/sh
# Instructions per packet under callgrind: the difference between 2000 and 1000 runs, which no other load on
# the machine disturbs. Arguments narrow the list: `./instructions.sh 'decode siospec'`.
set -eu
cd "$(dirname "$0")"
bench=${CARGO_TARGET_DIR:-target}/release/siospec-codec-peers
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$bench" "$@" 2>&1 | sed -n 's/.*Collected : //p'
}
"$bench" list | grep -- "${1:-}" | while read -r operation codec item; do
    case $item in records-100k | *-10k) continue ;; esac
    few=$(count "$operation" "$codec" "$item" 1000)
    many=$(count "$operation" "$codec" "$item" 2000)
    printf '%-8s %-14s %-16s %s\n' "$operation" "$codec" "$item" $(((many - few) / 1000))
done
