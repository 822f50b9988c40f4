#!/usr/bin/env bash
# Makes a results root of RUNS (default 10,000) small runs: copies of one real run under names of their own.
# usage: bench/many_runs.sh XSWEEP RESULTS [RUNS]
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
xsweep=$1 results=$2 runs=${3:-10000}
exp=$results/airline_static_v1
"$xsweep" run configs/airline_static_v1/run.yaml --seeds 41 --trials 1 --quiet --run-id first --outdir "$results" > /dev/null
for name in run.json trials.jsonl summary.csv; do cp "$exp/first/$name" "$results/$name"; done
rm -r "$exp" "$results/index.csv"
mkdir "$exp"
awk -v runs="$runs" -v root="$exp" 'BEGIN { for (i = 0; i < runs; ++i) print root "/20261101T000000Z-run" i }' > "$results/names"
xargs mkdir < "$results/names"
xargs -n 500 -P 2 sh -c 'for run; do ln "$0"/trials.jsonl "$0"/summary.csv "$run"; sed "s#\"run_id\": \"first\"#\"run_id\": \"${run##*/}\"#" "$0"/run.json > "$run/run.json"; done' "$results" < "$results/names"
