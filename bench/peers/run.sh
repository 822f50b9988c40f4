#!/usr/bin/env bash
# Measures Inspect beside xsweep in the same minutes: without a network (mockllm against SHIM), and against the same model
# server on loopback that answers after 100 ms. Optional: nothing else needs it.
# usage: bench/peers/run.sh [SAMPLES]     (default 500; builds what it needs, sets up a virtual environment in build/)
#
# Both run what their users run: the whole command with logs, score and summary. CPU time is of the command and its
# children; the server's is not in it.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/../.."
samples=${1:-500}
calls=10
bin=build/release
venv=build/venv-peers
inspect_version=0.3.285
work=$(mktemp -d "${TMPDIR:-/tmp}/xsweep_peers.XXXXXX")
trap 'exec 9>&- || true; rm -rf "$work"' EXIT

if ! "$venv/bin/python" -c 'import inspect_ai, openai' 2> /dev/null; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "inspect-ai==$inspect_version" openai ||
    { echo "bench/peers: Inspect could not be installed; nothing was measured" >&2; exit 77; }
fi
for needed in xsweep command_bench model_server; do
  [ -x "$bin/$needed" ] || { cmake --preset release > /dev/null && cmake --build "$bin" --target "$needed"; }
done

calc() { awk "BEGIN { printf \"${2:-%.1f}\", $1 }"; }
bytes() { du -sb "$@" | awk '{ sum += $1 } END { print sum }'; }
row() { printf '%-34s %10s %12s %12s %10s %12s\n' "$@"; }
# tool, work units, calls of models, wall, cpu, MB, bytes on disk
report() { row "$1" "$(calc "$2/$4")" "$(calc "$5/$2*1e3" %.3f)" \
  "$([ "$3" -gt 0 ] && calc "$5/$3*1e6" %.0f || echo -)" "$(calc "$6" %.0f)" "$(calc "$7/$2/1000" %.2f)"; }

export INSPECT_LOG_REALTIME=false INSPECT_DISPLAY=none
inspect() { # model, log folder, more...
  local model=$1 logs=$2
  shift 2
  "$bin/command_bench" 1 "$venv/bin/inspect" eval bench/peers/inspect_task.py --model "$model" --log-dir "$logs" \
    -T "samples=$samples" -T "calls=$calls" --max-connections 2000 --max-samples 2000 "$@"
}

echo "$(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg); $samples dialogues of $calls calls; $("$venv/bin/inspect" --version 2> /dev/null || echo inspect)"
row "" "a second" "CPU ms each" "CPU us/call" "peak MB" "KB on disk"

read -r wall cpu peak < <(inspect mockllm/model "$work/mock")
report "Inspect, mockllm" "$samples" $((samples * calls)) "$wall" "$cpu" "$peak" "$(bytes "$work/mock")"

trials=$(((samples * 20 + 37) / 38))
read -r wall cpu peak < <("$bin/command_bench" 1 "$bin/xsweep" run configs/airline_escalating_v1/run.yaml --seeds 41 \
  --trials "$trials" --set transcripts=all --quiet --outdir "$work/shim")
run=$work/shim/airline_escalating_v1/latest
report "xsweep, SHIM, transcripts kept" "$(wc -l < "$run/trials.jsonl")" 0 "$wall" "$cpu" "$peak" \
  "$(bytes "$run/trials.jsonl" "$run/transcripts.jsonl.zst")"

cat > "$work/rules.json" <<< '[{"latency_ms": 100, "text": "I have looked into it and your order is on its way to you."}]'
mkfifo "$work/until"
"$bin/model_server" "$work/rules.json" < "$work/until" > "$work/url" &
exec 9> "$work/until"
for _ in $(seq 100); do [ -s "$work/url" ] && break || sleep 0.05; done
url=$(cat "$work/url")/v1

export PEER_API_KEY=none PEER_BASE_URL=$url
read -r wall cpu peak < <(inspect openai-api/peer/m "$work/live")
report "Inspect, 100 ms, all in flight" "$samples" $((samples * calls)) "$wall" "$cpu" "$peak" "$(bytes "$work/live")"

cat > "$work/real.yaml" <<CONFIG
exp: real
mode: REAL
seeds: 1..$(((samples + 37) / 38))
environment: { name: airline }
agent: { name: tool_agent }
models: { agent: { provider: openai, base_url: "$url", model: m, api_key_env: "", max_in_flight: 2000 } }
attack: { name: sequence, turns: [a, b, c, d, e, f, g, h, i, j], goal: unearned_certificate, amount: [150, 369] }
judge: { name: out_of_policy_refund, threshold: 100 }
transcripts: all
CONFIG
read -r wall cpu peak < <("$bin/command_bench" 1 "$bin/xsweep" run "$work/real.yaml" --jobs 2000 --quiet --outdir "$work/real")
run=$work/real/real/latest
asked=$(grep -m1 -o '"calls": [0-9]*' "$run/run.json" | grep -o '[0-9]*')
report "xsweep, 100 ms, all in flight" "$(wc -l < "$run/trials.jsonl")" "$asked" "$wall" "$cpu" "$peak" \
  "$(bytes "$run/trials.jsonl" "$run/transcripts.jsonl.zst" "$run/exchanges")"
