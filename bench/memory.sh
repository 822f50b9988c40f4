#!/bin/bash
# Resident memory of a big run in two shards, of their merge and of its report: bench/memory.sh [TRIALS=10000000]
# Needs about 1 kB of disk a trial for the time of the merge. Limit: 200 MB each.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."
xsweep=${XSWEEP:-build/release/xsweep}
trials=${1:-10000000}
dir=$(mktemp -d "${TMPDIR:-/tmp}/xsweep-memory-XXXXXX")
trap 'rm -rf "$dir"' EXIT
each=$(((trials + 227) / 228)) # 38 tasks, 3 seeds, the cell and its control
run=$dir/airline_static_v1/big

measure() {
  what=$1
  shift
  /usr/bin/time -f "%M %e" -o "$dir/$what.time" "$@" >"$dir/$what.out" 2>&1 || { cat "$dir/$what.out"; exit 1; }
}
shard() {
  measure "run_$1" "$xsweep" run configs/airline_static_v1/run.yaml --outdir "$dir" --run-id big --trials "$each" \
    --set transcripts=none --shard "$1/2" --jobs 1 --quiet
}
shard 0 &
first=$!
shard 1
wait $first
measure merge "$xsweep" merge "$run"
measure report "$xsweep" report "$run"

status=0
printf '%-8s %14s %10s   (%d rows, %d MB)\n' step "resident MB" seconds "$((each * 228))" \
  "$(($(stat -c %s "$run/trials.jsonl") / 1000000))"
for what in run_0 run_1 merge report; do
  read -r kilobytes seconds <"$dir/$what.time"
  printf '%-8s %14s %10s\n' "$what" "$((kilobytes / 1000))" "$seconds"
  [ "$kilobytes" -lt 200000 ] || status=1
done
[ $status = 0 ] && echo "under 200 MB" || echo "OVER 200 MB"
exit $status
