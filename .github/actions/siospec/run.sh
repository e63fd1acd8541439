#!/usr/bin/env bash
# Runs siospec as the action beside this file does, with its inputs as environment variables. By hand:
#
#     SIOSPEC=target/release/siospec SIOSPEC_COMMAND="node fixtures/testees/socket.io/testee.js" \
#         SIOSPEC_CONTRACT=recovery .github/actions/siospec/run.sh
#
# Prints an annotation for each rule that is broken, adds the summary to $GITHUB_STEP_SUMMARY where there is one, and ends
# as `siospec test` does. Annotations need jq, which GitHub's machines have.
set -euo pipefail

siospec=${SIOSPEC:-siospec}
reports=${SIOSPEC_REPORTS:-siospec-reports}
mkdir -p "$reports"

# Words that stand between blanks are arguments of their own here; a command with blanks inside of one belongs into a script.
read -ra rules <<<"${SIOSPEC_RULES:-}"
read -ra more <<<"${SIOSPEC_ARGUMENTS:-}"
read -ra command <<<"${SIOSPEC_COMMAND:-}"

if [ -z "${SIOSPEC_URL:-}" ] && [ ${#command[@]} -eq 0 ]; then
    echo "error: name the server, with command or with url" >&2
    exit 2
fi

arguments=(test)
[ -z "${SIOSPEC_URL:-}" ] || arguments+=("$SIOSPEC_URL")
arguments+=("${rules[@]}" --level "${SIOSPEC_LEVEL:-reference}")
[ -z "${SIOSPEC_CONTRACT:-}" ] || arguments+=(--contract "$SIOSPEC_CONTRACT")
[ -z "${SIOSPEC_BASELINE:-}" ] || arguments+=(--baseline "$SIOSPEC_BASELINE")
arguments+=(--out "$reports/transcripts")
for kind in junit=junit.xml markdown=summary.md html=report.html jsonl=run.jsonl; do
    arguments+=(--report "${kind%%=*}=$reports/${kind#*=}")
done
arguments+=("${more[@]}")
[ ${#command[@]} -eq 0 ] || arguments+=(-- "${command[@]}")

status=0
"$siospec" "${arguments[@]}" || status=$?

if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -f "$reports/summary.md" ]; then
    cat "$reports/summary.md" >>"$GITHUB_STEP_SUMMARY"
fi
if command -v jq >/dev/null && [ -f "$reports/run.jsonl" ]; then
    # One annotation a rule, with the first of its transports.
    jq -rs '
        def escaped: gsub("%"; "%25") | gsub("\r"; "%0D") | gsub("\n"; "%0A");
        map(select(.event == "verdict" and .known == false
            and (.verdict | IN("fail", "crash", "hang", "warn"))))
        | unique_by(.rule)[]
        | (if .verdict == "warn" then "warning" else "error" end) as $kind
        | "::\($kind) title=\(.rule) (\(.level))::"
            + ("over \(.over): want \(.expected // "the server to live on"), got \(.observed // .message // "")" | escaped)
    ' "$reports/run.jsonl"
fi
exit "$status"
