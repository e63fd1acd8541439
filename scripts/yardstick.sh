#!/usr/bin/env bash
# Measures the live fuzzer on published bugs: the vulnerable version, the first fixed one and the newest of each.
#
#     scripts/yardstick.sh [NAME…]
#
# Without names, all of them: socket.io engine.io socket.io-parser ws python-engineio socketioxide. SEEDS and SECONDS_EACH
# may be set (5 seeds, 60 s). Packages are installed into target/yardstick, findings are written there too.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly all=(socket.io engine.io socket.io-parser ws python-engineio socketioxide)
readonly seeds=${SEEDS:-5} seconds=${SECONDS_EACH:-60}
readonly folder=$PWD/target/yardstick testees=$PWD/fixtures/testees
siospec=${CARGO_TARGET_DIR:-target}/release/siospec

scripts/setup.sh
cargo build --release --quiet -p siospec
mkdir -p "$folder"

# node_testee FOLDER SOCKET.IO-VERSION OVERRIDES: the testee of socket.io on these versions.
node_testee() {
    mkdir -p "$1"
    [ -d "$1/node_modules" ] || (
        cd "$1"
        printf '{"name":"yardstick","private":true,"dependencies":{"socket.io":"%s"},"overrides":{%s}}' "$2" "$3" >package.json
        npm install --no-audit --no-fund --loglevel=error >/dev/null
    )
    cp "$testees/socket.io/testee.js" "$1"
    command=(node "$1/testee.js")
}

python_testee() {
    [ -x "$1/bin/python" ] || {
        python3 -m venv "$1"
        "$1/bin/pip" install --quiet --disable-pip-version-check --requirement "$testees/python-socketio/requirements.txt"
        "$1/bin/pip" install --quiet --disable-pip-version-check --no-deps "python-engineio==$2"
    }
    command=("$1/bin/python" "$testees/python-socketio/testee.py")
}

rust_testee() {
    if [ "$2" = newest ]; then
        cargo build --release --quiet --locked --manifest-path "$testees/socketioxide/Cargo.toml" --target-dir target/testees
        command=(target/testees/release/siospec-testee-socketioxide)
        return
    fi
    if [ ! -x "$1/testee" ]; then
        mkdir -p "$1"
        cp -r fixtures/yardstick/socketioxide/. "$1"
        sed -i.bak "s/=0\.14\.1/=$2/" "$1/Cargo.toml"
        cargo build --release --quiet --manifest-path "$1/Cargo.toml" --target-dir "$folder/rust"
        cp "$folder/rust/release/siospec-yardstick-socketioxide" "$1/testee"
    fi
    command=("$1/testee")
}

# testee NAME AGE: sets `command` to what starts the server of this name, vulnerable, fixed or newest.
testee() {
    local here=$folder/$1-$2
    case $1-$2 in
        socket.io-vulnerable) node_testee "$here" 4.6.1 '"engine.io":"6.6.12","socket.io-parser":"4.2.7","ws":"8.23.0"' ;;
        socket.io-fixed) node_testee "$here" 4.6.2 '"engine.io":"6.6.12","socket.io-parser":"4.2.7","ws":"8.23.0"' ;;
        engine.io-vulnerable) node_testee "$here" 4.8.4 '"engine.io":"6.2.0","ws":"8.23.0"' ;;
        engine.io-fixed) node_testee "$here" 4.8.4 '"engine.io":"6.2.1","ws":"8.23.0"' ;;
        socket.io-parser-vulnerable) node_testee "$here" 4.8.4 '"socket.io-parser":"4.2.5"' ;;
        socket.io-parser-fixed) node_testee "$here" 4.8.4 '"socket.io-parser":"4.2.6"' ;;
        ws-vulnerable) node_testee "$here" 4.8.4 '"ws":"8.17.0"' ;;
        ws-fixed) node_testee "$here" 4.8.4 '"ws":"8.17.1"' ;;
        python-engineio-vulnerable) python_testee "$here" 4.13.1 ;;
        python-engineio-fixed) python_testee "$here" 4.13.2 ;;
        python-engineio-newest) command=("$testees/python-socketio/.venv/bin/python" "$testees/python-socketio/testee.py") ;;
        socketioxide-vulnerable) rust_testee "$here" 0.14.0 ;;
        socketioxide-fixed) rust_testee "$here" 0.14.1 ;;
        socketioxide-newest) rust_testee "$here" newest ;;
        *-newest) command=(node "$testees/socket.io/testee.js") ;;
        *)
            echo "error: no bug is called $1; there are ${all[*]}" >&2
            exit 2
            ;;
    esac
}

# What the finding of each bug looks like: its oracle, and a part of its signature.
expected() {
    case $1 in
        socket.io) echo '^process-ended.*ERR_UNHANDLED_ERROR' ;;
        engine.io) echo '^process-ended.*ECONNRESET.*pause reset' ;;
        socket.io-parser) echo '^memory-(held|limit).*4[56]N-' ;;
        ws) echo "^process-ended.*reading 'toLowerCase'" ;;
        python-engineio) echo '^(heartbeat|memory-held|threads)' ;;
        socketioxide) echo '^(cpu|bystander-late)' ;;
    esac
}

# fuzz NAME AGE SEED: the seconds after which the expected finding was made, or - if it was not.
fuzz() {
    local out=$folder/found/$1-$2-$3
    rm -rf "$out"
    mkdir -p "$out"
    testee "$1" "$2"
    "$siospec" fuzz --seed "$3" --time "$seconds" --out "$out" --report "jsonl=$out/run.jsonl" -- "${command[@]}" \
        2>"$out/told.txt" || [ $? -eq 1 ]
    python3 - "$out/run.jsonl" "$(expected "$1")" <<'PYTHON'
import json, re, sys
events = [json.loads(line) for line in open(sys.argv[1])]
found = [e["seconds"] for e in events if e["event"] == "finding" and re.search(sys.argv[2], e["signature"])]
print(f"{min(found):.0f}" if found else "-")
PYTHON
}

[ $# -gt 0 ] || set -- "${all[@]}"
printf '%-18s %-28s %-8s %-14s %s\n' bug 'seconds, seed by seed' median 'fixed: silent' 'newest: silent'
for name in "$@"; do
    declare -A times=()
    for age in vulnerable fixed newest; do
        times[$age]=
        for seed in $(seq 1 "$seeds"); do
            times[$age]+="$(fuzz "$name" "$age" "$seed") "
        done
    done
    median=$(tr ' ' '\n' <<<"${times[vulnerable]}" | sed '/^$/d; s/^-$/999/' | sort -n | awk '{a[NR]=$1} END {print a[int((NR+1)/2)]}')
    silent() { grep -q '[0-9]' <<<"$1" && echo "no: $1" || echo yes; }
    printf '%-18s %-28s %-8s %-14s %s\n' "$name" "${times[vulnerable]}" "${median/999/-}" "$(silent "${times[fixed]}")" \
        "$(silent "${times[newest]}")"
done
