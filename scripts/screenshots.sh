#!/usr/bin/env bash
# Takes the pictures of the README: the HTML report of a run that fails and of one that passes, in the dark and in the light.
#
#     scripts/screenshots.sh
#
# They go to conformance/screenshots.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly pictures=conformance/screenshots
readonly fault=room-filter-ignored
siospec=${CARGO_TARGET_DIR:-target}/release/siospec
chromium=${CHROMIUM:-/usr/bin/chromium}

cargo build --release --quiet -p siospec
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$pictures"

"$siospec" test --report "html=$folder/passing.html" >/dev/null
status=0
"$siospec" test delivery --contract delivery --report "html=$folder/failing.html" \
    -- "$siospec" serve --fault "$fault" >/dev/null || status=$?
[ "$status" -eq 1 ] || { echo "error: $fault was not noticed (exit $status)" >&2; exit 1; }

# picture NAME SCHEME: 0 is dark, 1 is light
picture() {
    "$chromium" --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1000,720 \
        "--blink-settings=preferredColorScheme=$2" --user-data-dir="$folder/profile" \
        "--screenshot=$folder/picture.png" "file://$folder/$1.html" >/dev/null 2>&1
    mv "$folder/picture.png" "$pictures/$1-$3.png"
}
for page in failing passing; do
    picture "$page" 0 dark
    picture "$page" 1 light
done
ls -l "$pictures"
