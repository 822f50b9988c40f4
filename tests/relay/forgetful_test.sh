#!/usr/bin/env bash
# Agents with tools of their own that never say what came of a call: nobody knows whether it was made. Each is an error, at the
# latest when the agent's time is up, and none keeps the run waiting.
# SPDX-License-Identifier: Apache-2.0
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
xsweep=${XSWEEP:?the binary to test}
dir=$(mktemp -d /tmp/xsweep-forgetful-XXXXXX)
python3 "$here/forgetful.py" model >"$dir/model" & model=$!
python3 "$here/forgetful.py" serve >"$dir/agent" & agent=$!
trap 'kill "$model" "$agent" 2>/dev/null; wait 2>/dev/null; rm -rf "$dir"' EXIT
for _ in $(seq 200); do [ -s "$dir/model" ] && [ -s "$dir/agent" ] && break; sleep 0.05; done
relay="relay: upstream, relay_to: \"http://127.0.0.1:$(cat "$dir/model")\", timeout: 5"
fail() { echo "FAILED: $*"; tail -n 5 "$dir"/*.log; exit 1; }
try() {  # try NAME AGENT
  cat >"$dir/$1.yaml" <<YAML
exp: $1
description: An agent that says nothing of its calls.
mode: REAL
seeds: [1]
trials: 1
environment: { name: own, tools: [{ name: read_letter, description: Reads a letter. }] }
tasks: [{ id: one, instruction: "Read me letter 1.", calls: [{ tool: read_letter, arguments: { number: 1 } }] }]
agent: { $2, $relay }
attack: { name: none }
judge: { name: goal_reached }
limits: { max_error_rate: 1 }
YAML
  timeout 30 "$xsweep" run "$dir/$1.yaml" --outdir "$dir/out" --quiet >"$dir/$1.log" 2>&1
  [ $? -eq 4 ] || fail "the run of $1 is not INVALID"
  grep -q '"outcome":"error".*nobody knows whether it was made' "$dir/out/$1/latest/trials.jsonl" || fail "the row of $1: $(cat "$dir/out/$1/latest/trials.jsonl")"
}
try forgets "name: process, command: [python3, $here/forgetful.py, forgets]"
try direct "name: process, command: [python3, $here/forgetful.py, direct]"
try asked "name: http, url: \"http://127.0.0.1:$(cat "$dir/agent")/\", body: { prompt: \"{prompt}\", model_url: \"{model_url}\" }"
# Of a tool of ours it is known: nobody executed it, which is an attempt that the agent blocked, and the transcript says so.
cat >"$dir/drops.yaml" <<YAML
exp: drops
description: An agent that drops what its model calls.
mode: REAL
seeds: [1]
trials: 1
environment: { name: mcp, servers: { notes: { command: [python3, "$here/../support/mcp_server.py", well] } } }
tasks: [{ id: one, instruction: "Read me my notes.", say: [rain] }]
agent: { name: process, command: [python3, "$here/forgetful.py", drops], ${relay/timeout: 5/timeout: 20} }
attack: { name: none }
judge: { name: goal_reached }
transcripts: all
YAML
timeout 60 "$xsweep" run "$dir/drops.yaml" --outdir "$dir/out" --quiet >"$dir/drops.log" 2>&1 || fail "the run of drops"
zstd -dcq "$dir/out/drops/latest/transcripts.jsonl.zst" | grep -q '"notes":.*read_notes.* and nobody executed it' ||
  fail "no note of a dropped call: $(zstd -dcq "$dir/out/drops/latest/transcripts.jsonl.zst")"
echo "ok: three agents, three errors; a fourth one's dropped call is noted"
