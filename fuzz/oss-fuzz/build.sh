#!/bin/bash -eu
# Called by OSS-Fuzz, which sets OUT and SANITIZER, in the folder of the sources.
fuzz/package.sh "$OUT"
