#!/usr/bin/env bash
# Measures the live fuzzer on published bugs: the vulnerable version, the first fixed one and the newest of each.
#
#     scripts/yardstick.sh [NAME…]
#
# Without names, all of them: socket.io engine.io socket.io-parser ws python-engineio socketioxide. SEEDS and SECONDS_EACH
# may be set (5 seeds, 60 s), and AGES to some of "vulnerable fixed newest". A run on a vulnerable version ends with the
# finding that is looked for; it counts when the transcript has at most 8 steps and replays 10 times of 10. Packages are
# installed into target/yardstick, findings are written there too. All of it takes about an hour.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly all=(socket.io engine.io socket.io-parser ws python-engineio socketioxide)
readonly seeds=${SEEDS:-5} seconds=${SECONDS_EACH:-60} ages=" ${AGES:-vulnerable fixed newest} "
readonly folder=$PWD/target/yardstick testees=$PWD/fixtures/testees
siospec=${SIOSPEC:-${CARGO_TARGET_DIR:-target}/release/siospec}

scripts/setup.sh
[ -n "${SIOSPEC:-}" ] || cargo build --release --quiet -p siospec
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
        node-newest) command=(node "$testees/socket.io/testee.js") ;;
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
        engine.io) echo '^process-ended.*ECONNRESET.*pause .*reset' ;;
        socket.io-parser) echo '^memory-(held|limit).*4[56]N-' ;;
        ws) echo "^process-ended.*reading 'toLowerCase'" ;;
        python-engineio) echo '^(heartbeat|threads)' ;;
        socketioxide) echo '^(cpu|bystander-late)' ;;
    esac
}

# fuzz NAME AGE SEED EXPECTED: runs until its time is over, or until what is expected is found. What is found is in the folder.
fuzz() {
    local out=$folder/found/$1-$2-$3
    rm -rf "$out"
    mkdir -p "$out"
    testee "$1" "$2"
    python3 - "$out" "$4" "$siospec" fuzz --seed "$3" --time "$seconds" --out "$out" --report "jsonl=$out/run.jsonl" \
        -- "${command[@]}" <<'PYTHON'
import json, pathlib, re, signal, subprocess, sys, time

out, expected, *command = sys.argv[1:]
report = pathlib.Path(out, "run.jsonl")

def is_found():
    lines = report.read_text().splitlines() if report.exists() else []
    events = [json.loads(line) for line in lines if line.endswith("}")]
    return any(event["event"] == "finding" and re.search(expected, event["signature"]) for event in events)

with open(pathlib.Path(out, "told.txt"), "w") as told:
    running = subprocess.Popen(command, stdout=told, stderr=told)
    while running.poll() is None and not (expected and is_found()):
        time.sleep(0.3)
    if running.poll() is None:
        running.send_signal(signal.SIGINT)
    if running.wait() not in (0, 1, 130):
        sys.exit(f"error: siospec ended with {running.returncode}; see {out}/told.txt")
PYTHON
}

# found PATTERN FOLDER: the seconds and the transcript of the first finding whose signature matches; nothing if none does.
found() {
    python3 - "$1" "$2/run.jsonl" <<'PYTHON'
import json, re, sys
for line in open(sys.argv[2]):
    event = json.loads(line)
    if event["event"] == "finding" and re.search(sys.argv[1], event["signature"]):
        print(f"{event['seconds']:.0f}", event["replay"])
        break
PYTHON
}

# proven TRANSCRIPT: how many steps it has, and how often of ten times it replays on the server of `command`.
proven() {
    local replayed=0
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        "$siospec" replay "$1" -- "${command[@]}" >/dev/null 2>&1 || replayed=$((replayed + 1))
    done
    echo "$(grep -cE '^[a-z]+ +>|^wait' "$1")/$replayed"
}

# measured AGE: whether servers of this age are.
measured() {
    [[ $ages == *" $1 "* ]]
}

# silent PATTERN NAME AGE: whether no seed found it.
silent() {
    local told=yes
    measured "$3" || { echo "not measured" && return; }
    for seed in $(seq 1 "$seeds"); do
        [ -z "$(found "$1" "$folder/found/$2-$3-$seed")" ] || told="no, seed $seed"
    done
    echo "$told"
}

[ $# -gt 0 ] || set -- "${all[@]}"
printf '%-17s %-24s %-7s %-34s %-13s %s\n' bug 'seconds, seed by seed' median 'steps/replays of 10' 'first fixed' newest
newest_done=
for name in "$@"; do
    pattern=$(expected "$name")
    times='' proofs=''
    for seed in $(measured vulnerable && seq 1 "$seeds"); do
        fuzz "$name" vulnerable "$seed" "$pattern"
        read -r time transcript <<<"$(found "$pattern" "$folder/found/$name-vulnerable-$seed")" || true
        times+="${time:--} "
        [ -z "$time" ] || proofs+="$(proven "$transcript") "
    done
    median=$(tr ' ' '\n' <<<"$times" | sed '/^$/d; s/^-$/999/' | sort -n | awk '{a[NR]=$1} END {print a[int((NR+1)/2)]}')
    for seed in $(measured fixed && seq 1 "$seeds"); do fuzz "$name" fixed "$seed" "$pattern"; done
    # The bugs of packages of Node.js have the same newest server.
    case $name in
        python-engineio | socketioxide) newest=$name ;;
        *) newest=node ;;
    esac
    if measured newest && [[ " $newest_done " != *" $newest "* ]]; then
        for seed in $(seq 1 "$seeds"); do fuzz "$newest" newest "$seed" ''; done
        newest_done+=" $newest"
    fi
    printf '%-17s %-24s %-7s %-34s %-13s %s\n' "$name" "$times" "${median/999/-}" "$proofs" \
        "$(silent "$pattern" "$name" fixed)" "$(silent . "$newest" newest)"
done
