#!/usr/bin/env bash
# Runs the test suites of the Engine.IO and of the Socket.IO protocol against the reference server.
#
#     scripts/official-suites.sh ENGINE.IO-PROTOCOL SOCKET.IO-PROTOCOL [N [SOCKET.IO]]
#
# The first two are checkouts of the repositories that publish the protocols; N is how often each suite runs, 10
# unless given. With a checkout of the repository of the reference implementation, the suite of version 3 of Engine.IO,
# which is there, runs too. Copies are run, with what races in their own client mended, since as published they fail the server
# they were written for: frames that arrive together are told one by one (`allowSynchronousEvents: false` of ws),
# requests use the fetch of Node.js, an upgrade waits for the answer to its probe, and a ping time-out has a margin.
# Ends with 1 if a test failed.
set -euo pipefail

usage() {
    echo "usage: scripts/official-suites.sh ENGINE.IO-PROTOCOL SOCKET.IO-PROTOCOL [N [SOCKET.IO]]" >&2
    exit 2
}
[ $# -ge 2 ] || usage
engine=$(realpath "$1")
socket=$(realpath "$2")
runs=${3:-10}
old=${4:+$(realpath "$4")/docs/engine.io-protocol/v3-test-suite}
case $runs in *[!0-9]* | '' | 0) usage ;; esac
cd "$(dirname "$0")/.."
cargo build --release --quiet -p siospec
siospec=${CARGO_TARGET_DIR:-target}/release/siospec

folder=$(mktemp -d)
server=
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT

# serve APP PATH OLD: starts the server, and sets its port
serve() {
    SIO_PATH=$2 SIO_EIO3=$3 "$siospec" serve --app "$1" --listen 127.0.0.1:0 >"$folder/listening" &
    server=$!
    until port=$(sed -nE 's#^listening on http://127.0.0.1:([0-9]+)$#\1#p' "$folder/listening") && [ -n "$port" ]; do
        kill -0 "$server" || exit 1
        sleep 0.05
    done
}

# prepare NAME SUITE: a copy, mended
prepare() {
    cp -r "$2" "$folder/$1"
    (
        cd "$folder/$1"
        rm -rf node_modules package-lock.json
        npm install --no-audit --no-fund --loglevel=error chai@4 chai-string@1 mocha@9 ws@8.18.3 >/dev/null
        cat >node-imports.js <<'MENDED'
import * as ws from "ws";
import chai from "chai";
import chaiString from "chai-string";

chai.use(chaiString);
globalThis.chai = chai;
globalThis.WebSocket = class extends ws.WebSocket {
  constructor(url, protocols, options) {
    super(url, protocols, { allowSynchronousEvents: false, ...options });
  }
};
MENDED
        sed -i -E 's/sleep\(PING_INTERVAL \+ PING_TIMEOUT\)/sleep(PING_INTERVAL + PING_TIMEOUT + 200)/' test-suite.js
        perl -0pi -e 's/(socket\.send\("2probe"\);\n)( *)(socket\.send\("5"\);)/$1$2await waitFor(socket, "message");\n$2$3/g' \
            test-suite.js
    )
}

failed=0
# judge NAME APP PATH SUITE [1, with old clients]
judge() {
    prepare "$1" "$4"
    serve "$2" "$3" "${5:-}"
    sed -i -E "s#http://localhost:3000#http://127.0.0.1:$port#" "$folder/$1/test-suite.js"
    local run
    for run in $(seq "$runs"); do
        if (cd "$folder/$1" && npx mocha --exit test-suite.js) >"$folder/page" 2>&1; then
            echo "$1 $run: $(grep -oE '[0-9]+ passing.*' "$folder/page")"
        else
            cat "$folder/page"
            failed=$((failed + 1))
        fi
    done
    kill "$server"
    wait "$server" || true
    server=
}

judge engine.io-protocol engine-echo /engine.io/ "$engine/test-suite"
judge socket.io-protocol testee /socket.io/ "$socket/test-suite"
suites=2
if [ -n "$old" ]; then
    judge engine.io-protocol-v3 engine-echo /engine.io/ "$old" 1
    suites=3
fi
echo "$failed of $((suites * runs)) runs failed"
[ "$failed" -eq 0 ]
