#!/usr/bin/env bash
# What the relay costs: CPU a call, how much later the first byte comes, memory of a thousand streams; a name and a figure a line.
#   XSWEEP=build/release/xsweep bench/relay.sh
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
xsweep=${XSWEEP:-$here/../build/release/xsweep}
ulimit -n 8192 2>/dev/null || true
dir=$(mktemp -d /tmp/xsweep-relay-XXXXXX)
python3 "$here/relay_load.py" upstream >"$dir/port" & model=$!
trap 'kill "$model" 2>/dev/null; rm -rf "$dir"' EXIT
for _ in $(seq 200); do [ -s "$dir/port" ] && break; sleep 0.05; done
base=http://127.0.0.1:$(cat "$dir/port")
cat >"$dir/load.yaml" <<YAML
exp: load
description: One agent that does nothing but ask its model.
mode: REAL
seeds: [1]
trials: 1
environment: { name: airline, tasks: ["0"] }
agent:
  name: process
  command: [python3, $here/relay_load.py, agent]
  relay: upstream
  relay_to: $base
  relay_requests: 100000
  set: [MODEL=$base, CALLS=${CALLS:-2000}, STREAMS=${STREAMS:-1000}]
attack: { name: none }
judge: { name: goal_reached }
limits: { max_error_rate: 1 }
transcripts: all
YAML
"$xsweep" run "$dir/load.yaml" --outdir "$dir/out" --quiet >"$dir/log" 2>&1 || { cat "$dir/log" >&2; exit 1; }
zstd -dcq "$dir/out/load/latest/transcripts.jsonl.zst" | python3 -c 'import json, sys
for line in sys.stdin:
    for step in json.loads(line)["transcript"]["steps"]:
        if step["kind"] == "agent": print(step["shown"].strip())'
