#!/usr/bin/env bash
# Installs what the tests need beside Rust: Node.js, Python, Chromium, the packages of the fixtures, and a client in Rust
# that is no dependency of the toolkit.
# Does nothing where everything is installed already.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly oldest_node=18
readonly fixtures=(fixtures/testees/socket.io fixtures/clients/socket.io-client fixtures/clients/chat
    fixtures/readers/javascript)
readonly python_fixtures=(fixtures/readers/python fixtures/testees/python-socketio fixtures/clients/python-socketio)

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

install_chromium() {
    command -v apt-get >/dev/null || fail "Chromium is missing; please install it, or name it in CHROMIUM"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
}

install_openssl() {
    command -v apt-get >/dev/null || fail "the headers of OpenSSL or pkg-config are missing; please install them"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libssl-dev pkg-config >/dev/null
}

has_python() {
    # Debian packs the part of Python that fills a new environment on its own.
    command -v python3 >/dev/null && python3 -c "import ensurepip, venv" 2>/dev/null
}

install_python() {
    command -v apt-get >/dev/null || fail "Python 3 or its venv module is missing; please install them"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv
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

install_python_packages() {
    local installed=.venv/.installed-requirements.txt
    (
        cd "$1"
        if ! cmp -s requirements.txt "$installed" || ! .venv/bin/python -c "" 2>/dev/null; then
            python3 -m venv --clear .venv
            .venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
            cp requirements.txt "$installed"
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

if ! has_python; then
    install_python
fi
for folder in "${python_fixtures[@]}"; do
    install_python_packages "$folder"
done

[ -x "${CHROMIUM:-/usr/bin/chromium}" ] || install_chromium

if ! pkg-config --exists openssl 2>/dev/null; then
    install_openssl
fi
cargo build --quiet --locked --manifest-path fixtures/clients/rust_socketio/Cargo.toml --target-dir target/clients
