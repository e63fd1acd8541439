#!/usr/bin/env bash
# Judges servers of others, each with its known failures: any other failure, and any that is gone, ends with 1.
#
#     scripts/third-parties.sh [NAME…]
#
# Without names, all of them. Reports go to target/third-parties.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly all=(socket.io socket.io-4.4.1 socket.io-3.1.2 python-socketio python-socketio-aiohttp socketioxide bun-engine)
readonly testees=fixtures/testees
readonly profiles=conformance/profiles
readonly reports=target/third-parties
siospec=${CARGO_TARGET_DIR:-target}/release/siospec

scripts/setup.sh
cargo build --release --quiet -p siospec
mkdir -p "$reports"

# judge NAME ARGUMENT…: judges a server in the background. Servers have races of their own that no list of known failures
# is ever complete for: what is not as expected is judged once more, and counts if it is so again.
judge() {
    local name=$1 contract=delivery
    shift
    case $name in socket.io | bun-engine) contract=recovery ;; esac
    rm -f "$reports/$name.first.txt"
    (
        once() {
            "$siospec" test --contract "$contract" --report "html=$reports/$name.html" \
                --report "jsonl=$reports/$name.jsonl" "$@" >"$reports/$name.txt" 2>&1
        }
        once "$@" && exit
        mv "$reports/$name.txt" "$reports/$name.first.txt"
        once "$@"
    ) &
    names+=("$name")
    running+=("$!")
}

names=() running=()
# Most of judging is waiting, so they are judged side by side. None stays behind.
trap '[ ${#running[@]} -eq 0 ] || kill "${running[@]}" 2>/dev/null || true' EXIT
[ $# -gt 0 ] || set -- "${all[@]}"
for name in "$@"; do
    case " ${all[*]} " in
        *" $name "*) ;;
        *)
            echo "error: no server is called $name; there are ${all[*]}" >&2
            exit 2
            ;;
    esac
    case $name in
        socketioxide)
            cargo build --release --quiet --locked --manifest-path $testees/socketioxide/Cargo.toml \
                --target-dir target/testees
            ;;
        # Bun is large, and only needed here.
        bun-engine)
            [ -x $testees/bun-engine/node_modules/.bin/bun ] ||
                (cd $testees/bun-engine && npm ci --no-audit --no-fund --loglevel=error)
            ;;
    esac
done
for name in "$@"; do
    case $name in
        socket.io) judge "$name" -- node $testees/socket.io/testee.js ;;
        socket.io-*)
            judge "$name" --baseline "$profiles/$name.toml" --env "SIO_LIBRARY=$name" -- node $testees/socket.io/testee.js
            ;;
        python-socketio)
            judge "$name" --baseline $profiles/python-socketio.toml \
                -- $testees/python-socketio/.venv/bin/python $testees/python-socketio/testee.py
            ;;
        python-socketio-aiohttp)
            judge "$name" --baseline $profiles/python-socketio.toml --baseline "$profiles/$name.toml" \
                --env SIO_SERVER=aiohttp \
                -- $testees/python-socketio/.venv/bin/python $testees/python-socketio/testee.py
            ;;
        bun-engine)
            judge "$name" --baseline "$profiles/$name.toml" --env "SIO_ENGINE=$name" \
                -- $testees/bun-engine/node_modules/.bin/bun $testees/socket.io/testee.js
            ;;
        socketioxide)
            judge "$name" --baseline $profiles/socketioxide.toml -- target/testees/release/siospec-testee-socketioxide
            ;;
    esac
done

wrong=()
for index in "${!names[@]}"; do
    name=${names[index]}
    echo "$name:"
    status=0
    wait "${running[index]}" || status=$?
    if [ -e "$reports/$name.first.txt" ]; then
        echo "  not as expected the first time:"
        grep -A 6 -E "^ (FAIL|CRASH|HANG|STALE)|stale" "$reports/$name.first.txt" || cat "$reports/$name.first.txt"
    fi
    if [ "$status" -eq 0 ]; then
        tail -n 1 "$reports/$name.txt"
    else
        cat "$reports/$name.txt"
        wrong+=("$name")
    fi
done
running=()
if [ ${#wrong[@]} -gt 0 ]; then
    echo "not as expected: ${wrong[*]}"
    exit 1
fi
