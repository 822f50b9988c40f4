#!/usr/bin/env bash
# Serves a run of 1,000,000 trials and a list of 10,000 runs to a browser and prints how long it waits, and how much
# memory the server took: one "name figure" a line.
# usage: bench/page.sh XSWEEP RESULTS-OF-MANY-RUNS [TRIALS=1000000]      exits with 77 where there is no browser
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."
xsweep=$1 many=$2 trials=${3:-1000000}
[ -d web/node_modules/playwright-core ] && command -v node chromium > /dev/null || { echo "needs node, chromium and tools/build_web.sh" >&2; exit 77; }
work=$(mktemp -d "${TMPDIR:-/tmp}/xsweep-page-XXXXXX")
servers=()
trap 'kill "${servers[@]}" 2> /dev/null || true; rm -rf "$work"' EXIT

# 38 tasks, 3 seeds, the cell and its control
"$xsweep" run configs/airline_static_v1/run.yaml --outdir "$work/large" --run-id large --trials $(((trials + 227) / 228)) \
  --set transcripts=none --quiet > /dev/null

serve() { # results, file for the address
  "$xsweep" serve --outdir "$1" --port 0 2> "$2" &
  servers+=($!)
  until grep -q http "$2"; do sleep 0.05; done
}
serve "$work/large" "$work/large.address"
serve "$many" "$work/many.address"
address() { grep -o 'http://[^ ]*' "$1"; }
node bench/page.mjs "$(address "$work/large.address")" airline_static_v1/large "$(address "$work/many.address")"
memory() { awk '/VmHWM/ { print int($2 / 1000) }' "/proc/$1/status"; }
echo "server_large $(memory "${servers[0]}")"
echo "server_many $(memory "${servers[1]}")"
