#!/usr/bin/env bash
# Shows a REAL run without model, key or network: unpacks the recording that is shipped and plays it again, in a second or two.
#   tools/replay.sh [OUTDIR]
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."
xsweep=${XSWEEP:-$PWD/build/release/xsweep}
outdir=${1:-build/live-results}
recording=$(mktemp -d)
trap 'rm -rf "$recording"' EXIT
zstd -dcq examples/live/recording.tar.zst | tar -C "$recording" -x
rm -rf "$outdir/live_desk/replayed"
"$xsweep" run examples/live/run.yaml --replay "$recording/live" --outdir "$outdir" --run-id replayed
cmp "$recording/live/trials.jsonl" "$outdir/live_desk/replayed/trials.jsonl"
echo "replay: the rows are those of the recording, byte for byte"
