#!/bin/bash -eu
# Called by ClusterFuzzLite, which sets OUT and SANITIZER, in the folder of the sources.
fuzz/package.sh "$OUT"
