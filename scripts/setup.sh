#!/usr/bin/env bash
# Installs what the tests need beside Rust: Node.js, and the packages of the fixtures.
# Does nothing where everything is installed already.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly oldest_node=18
readonly fixtures=(fixtures/testees/socket.io fixtures/clients/socket.io-client)

fail() {
    echo "error: $1" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "root is needed for: $*"
    fi
}

install_node() {
    command -v apt-get >/dev/null || fail "Node.js $oldest_node or newer and npm are missing; please install them"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs
    # Some packages of Node.js bring npm along.
    command -v npm >/dev/null ||
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends npm
}

install_packages() {
    local installed=node_modules/.installed-lock.json
    (
        cd "$1"
        if ! cmp -s package-lock.json "$installed"; then
            npm ci --no-audit --no-fund --loglevel=error
            cp package-lock.json "$installed"
        fi
    )
}

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    install_node
fi
version=$(node -p 'process.versions.node.split(".")[0]')
[ "$version" -ge "$oldest_node" ] || fail "Node.js $version is too old: $oldest_node or newer is needed"
for folder in "${fixtures[@]}"; do
    install_packages "$folder"
done
