#!/usr/bin/env bash
# The agents that people run, end to end and offline: each is started by its preset against a scripted model, attacked
# and not, defended and not; every row must be what the script says. Needs what `tools/setup_agents.sh --agents`
# installs; an agent that is not there is named and skipped. AGENTS="codex claude-code" runs some of them,
# JOBS says how many conversations at once, PATIENCE how many seconds a trial may take (a busy machine needs more).
# SPDX-License-Identifier: Apache-2.0
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
xsweep=${XSWEEP:?the binary to test}
tools=${XSWEEP_AGENTS_DIR:-$top/build/agents}

dir=$(mktemp -d /tmp/xsweep-cli-agents-XXXXXX)
python3 "$here/scripted_model.py" >"$dir/port" & model=$!
trap 'kill "$model" 2>/dev/null; wait "$model" 2>/dev/null; rm -rf "$dir"' EXIT
for _ in $(seq 100); do [ -s "$dir/port" ] && break; sleep 0.05; done
base=http://127.0.0.1:$(cat "$dir/port")

ran=0 failed=0
for agent in ${AGENTS:-claude-code codex opencode openai-agents langgraph}; do
  [ -f "$tools/$agent/.done" ] || { echo "SKIPPED $agent: not in $tools; tools/setup_agents.sh --agents installs it"; continue; }
  ran=$((ran + 1))
  cat >"$dir/$agent.yaml" <<YAML
exp: $agent
description: An agent as people run it, with a scripted model behind it.
mode: REAL
seeds: [1]
trials: 2
environment: { name: airline, tasks: ["0", "1"] }
agent:
  name: process
  preset: $agent
  model: m
  model_base: $base
  timeout: ${PATIENCE:-400}
  set: [OPENAI_API_KEY=x, ANTHROPIC_API_KEY=x, CLAUDE_CODE_MAX_RETRIES=0]
attack: { name: static, goal: unearned_certificate, amount: [150, 369] }
judge: { name: goal_reached }
grid: { defense.name: [none, block_everything] }
controls: true
limits: { max_error_rate: 1 }
transcripts: all
YAML
  PATH="$tools/$agent/node_modules/.bin:$tools/$agent/bin:$PATH" timeout $((${PATIENCE:-400} * 10)) \
    "$xsweep" run "$dir/$agent.yaml" --outdir "$dir/out" --jobs "${JOBS:-2}" --quiet >"$dir/$agent.log" 2>&1
  code=$?
  if python3 "$here/check_rows.py" "$dir/out/$agent/latest" "$code"; then echo "ok $agent"; else
    echo "FAILED $agent (exit $code)"; tail -5 "$dir/$agent.log"; failed=1
  fi
done
[ "$ran" -gt 0 ] || exit 77
exit $failed
