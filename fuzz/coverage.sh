#!/usr/bin/env bash
# Says how much of the codec the fuzz targets reach, line by line:
#
#     fuzz/coverage.sh              with the tracked seeds and regressions alone
#     fuzz/coverage.sh --corpus     with what fuzzing has left in fuzz/corpus as well
#     fuzz/coverage.sh --missed     also prints every line that is not reached
#
# Works on stable Rust, with llvm-profdata and llvm-cov that understand what the compiler writes: those of rustup's
# component llvm-tools, or else of LLVM 19 or newer. Ends with 1 below the bar, and with 3 where there are none, so that
# nothing was measured. The codec's generators of test data do not count.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly bar=97
corpus= missed=
for argument in "$@"; do
    case $argument in
        --corpus) corpus=$PWD/fuzz/corpus ;;
        --missed) missed=yes ;;
        *)
            sed -n '2,/^set /{s/^# \{0,1\}//p}' "$0" >&2
            exit 2
            ;;
    esac
done

tools=
for place in "$(rustc --print target-libdir)/../bin" $(printf '%s\n' /usr/lib/llvm-*/bin | sort -Vr); do
    if [ -z "$tools" ] && [ -x "$place/llvm-profdata" ] && [ -x "$place/llvm-cov" ]; then
        tools=$place
    fi
done
if [ -z "$tools" ]; then
    echo "nothing is measured: llvm-profdata and llvm-cov are missing; please install them (apt-get install llvm-19)" >&2
    exit 3
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# Only the crates of this workspace are instrumented: what they depend on is the same as in every other test build.
export RUSTC_WORKSPACE_WRAPPER=$PWD/fuzz/instrumented.sh
# What is run while building leaves its counts where nobody looks.
export LLVM_PROFILE_FILE=$folder/build-%p.profraw
binary=$(cargo test --quiet -p siospec-fuzz --test replay --no-run --message-format=json |
    sed -n 's/.*"executable":"\([^"]*replay[^"]*\)".*/\1/p' | tail -1)
LLVM_PROFILE_FILE=$folder/replay-%p.profraw SIOSPEC_FUZZ_CORPUS=$corpus "$binary" --quiet >&2

"$tools/llvm-profdata" merge -sparse "$folder"/replay-*.profraw -o "$folder/replay.profdata"
"$tools/llvm-cov" export "$binary" -instr-profile="$folder/replay.profdata" -format=lcov codec/src \
    -ignore-filename-regex='codec/src/testing/' >"$folder/lcov"

awk -v bar="$bar" -v missed="$missed" '
    /^SF:/ { file = $0; sub(/.*codec\/src\//, "", file) }
    /^DA:/ {
        split(substr($0, 4), part, ",")
        lines[file]++
        if (part[2] > 0) hit[file]++
        else if (missed) print "codec/src/" file ":" part[1]
    }
    END {
        for (file in lines) {
            printf "%6.1f %%  %4d of %4d  %s\n", 100 * hit[file] / lines[file], hit[file], lines[file], file | "sort -n"
            total += lines[file]
            reached += hit[file]
        }
        close("sort -n")
        printf "%6.2f %%  %4d of %4d  lines of codec/src\n", 100 * reached / total, reached, total
        exit total == 0 || 100 * reached < bar * total
    }' "$folder/lcov"
