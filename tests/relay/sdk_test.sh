#!/usr/bin/env bash
# The simulated agent as a model, asked by clients that nobody here wrote: the official Python SDKs of OpenAI and
# Anthropic and the `ai` SDK of npm. What it does through each of them must be what it does in a run. Needs what
# tools/setup_sdks.sh installs; a client that is not there is named and skipped.
# SPDX-License-Identifier: Apache-2.0
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
xsweep=${XSWEEP:?the binary to test}
sdks=${XSWEEP_SDKS_DIR:-$top/build/sdks}
command -v zstd >/dev/null || { echo "SKIPPED: zstd is not installed"; exit 77; }

dir=$(mktemp -d /tmp/xsweep-sdks-XXXXXX)
model=
trap '[ -n "$model" ] && kill "$model" 2>/dev/null; wait 2>/dev/null; rm -rf "$dir"' EXIT
cat >"$dir/seats.yaml" <<YAML
exp: seats
description: What the simulated agent does, natively and as a model.
mode: SHIM
seeds: [41]
trials: 1
environment: { name: airline, tasks: ["0", "1", "2", "3", "4", "5", "6", "7"] }
agent: { name: shim, competence: 0.85, susceptibility: 0.6 }
attack: { name: important_instructions, goal: unearned_certificate, amount: [150, 369] }
judge: { name: goal_reached }
grid: { attack.name: [important_instructions, escalating_dialogue], defense.name: [none, refund_limit] }
controls: true
transcripts: all
YAML
"$xsweep" run "$dir/seats.yaml" --outdir "$dir/out" --quiet >"$dir/run.log" 2>&1 || { cat "$dir/run.log"; exit 1; }
zstd -dcq "$dir"/out/seats/latest/transcripts.jsonl.zst >"$dir/dialogues.jsonl"
"$xsweep" serve-model "$dir/seats.yaml" >"$dir/address" 2>"$dir/serve.log" & model=$!
for _ in $(seq 400); do grep -q ANTHROPIC "$dir/address" 2>/dev/null && break; sleep 0.05; done
base=$(sed -n 's/^ANTHROPIC_BASE_URL=//p' "$dir/address")
[ -n "$base" ] || { cat "$dir/serve.log"; exit 1; }

ran=0 failed=0
if [ -f "$sdks/python/.done" ]; then
  ran=$((ran + 1)); timeout 900 "$sdks/python/bin/python" "$here/sdk_loops.py" "$base" "$dir/dialogues.jsonl" || failed=1
else echo "SKIPPED openai, anthropic: not in $sdks; tools/setup_sdks.sh installs them"; fi
if [ -f "$sdks/ai/.done" ]; then
  ran=$((ran + 1)); (cd "$sdks/ai" && NODE_NO_WARNINGS=1 timeout 900 node "$here/ai_loops.mjs" "$base" "$dir/dialogues.jsonl") || failed=1
else echo "SKIPPED ai: not in $sdks; tools/setup_sdks.sh installs it"; fi
[ "$ran" -gt 0 ] || exit 77
exit $failed
