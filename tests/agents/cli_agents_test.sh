#!/usr/bin/env bash
# The agents that people run, end to end and offline: each is started by its preset against a scripted model, attacked
# and not, defended and not; every row must be what the script says. Needs what `tools/setup_agents.sh --agents`
# installs; an agent that is not there is named and skipped. AGENTS="codex claude-code" runs some of them,
# JOBS says how many conversations at once, PATIENCE how many seconds a trial may take (a busy machine needs more).
# RELAY=1 puts the relay between them and their model, and runs them once more in a replay, in which no model answers; and
# tries each as docs/relay.md says, by `xsweep init` and two flags, with the simulated agent as its model.
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

# How they find the model: by its address, or through the relay, which alone has a key.
way="model_base: $base
  set: [OPENAI_API_KEY=x, ANTHROPIC_API_KEY=x, CLAUDE_CODE_MAX_RETRIES=0]"
[ "${RELAY:-}" = 1 ] && way="relay: upstream
  relay_to: $base
  set: [CLAUDE_CODE_MAX_RETRIES=0]"
export OPENAI_API_KEY=sk-canary-0123456789abcdef ANTHROPIC_API_KEY=sk-canary-0123456789abcdef

ran=0 failed=0
for agent in ${AGENTS:-claude-code codex opencode opencode-acp openai-agents langgraph}; do
  package=${agent%-acp}
  [ -f "$tools/$package/.done" ] || { echo "SKIPPED $agent: not in $tools; tools/setup_agents.sh --agents installs it"; continue; }
  ran=$((ran + 1))
  # A preset, or the same program over the Agent Client Protocol, whose session is told of our server.
  kind="name: process
  preset: $agent"
  [ "$agent" = opencode-acp ] && kind="name: acp
  command: [opencode, acp]
  set: [OPENCODE_DISABLE_MODELS_FETCH=1, OPENCODE_DISABLE_AUTOUPDATE=1, OPENCODE_DISABLE_LSP_DOWNLOAD=1, OPENCODE_DISABLE_DEFAULT_PLUGINS=1]
  pass: [OPENAI_API_KEY]
  files:
    work/opencode.json: '{\"autoupdate\": false, \"share\": \"disabled\", \"model\": \"x/{model}\", \"small_model\": \"x/{model}\", \"provider\": {\"x\": {
      \"npm\": \"@ai-sdk/openai-compatible\", \"name\": \"x\", \"options\": {\"baseURL\": \"{model_base}/v1\", \"apiKey\": \"{env:OPENAI_API_KEY}\"},
      \"models\": {\"{model}\": {\"name\": \"{model}\"}}}}}'"
  here_way=$way
  [ "$agent" = opencode-acp ] && here_way=$(grep -v '^ *set:' <<<"$way")  # it has variables of its own
  cat >"$dir/$agent.yaml" <<YAML
exp: $agent
description: An agent as people run it, with a scripted model behind it.
mode: REAL
seeds: [1]
trials: 2
environment: { name: airline, tasks: ["0", "1"] }
agent:
  $kind
  model: m
  timeout: ${PATIENCE:-400}
  $here_way
attack: { name: static, goal: unearned_certificate, amount: [150, 369] }
judge: { name: goal_reached }
grid: { defense.name: [none, block_everything] }
controls: true
limits: { max_error_rate: 1 }
transcripts: all
YAML
  PATH="$tools/$package/node_modules/.bin:$tools/$package/bin:$PATH" timeout $((${PATIENCE:-400} * 10)) \
    "$xsweep" run "$dir/$agent.yaml" --outdir "$dir/out" --jobs "${JOBS:-2}" --quiet >"$dir/$agent.log" 2>&1
  code=$?
  if python3 "$here/check_rows.py" "$dir/out/$agent/latest" "$code"; then echo "ok $agent"; else
    echo "FAILED $agent (exit $code)"; tail -n 5 "$dir/$agent.log"; failed=1
  fi
  [ "${RELAY:-}" = 1 ] || continue
  PATH="$tools/$package/node_modules/.bin:$tools/$package/bin:$PATH" timeout $((${PATIENCE:-400} * 10)) \
    "$xsweep" run "$dir/$agent.yaml" --outdir "$dir/again" --jobs "${JOBS:-2}" --quiet --replay "$dir/out/$agent/latest" >"$dir/$agent.again" 2>&1
  if cmp "$dir/out/$agent/latest/trials.jsonl" "$dir/again/$agent/latest/trials.jsonl"; then echo "ok $agent, replayed"; else
    echo "FAILED $agent: a replay has other rows"; tail -n 5 "$dir/$agent.again"; failed=1
  fi
  if [ "$package" = "$agent" ]; then  # `init` knows presets
    (cd "$dir" && "$xsweep" init --agent "$agent" --out "first-$agent.yaml" --exp "first-$agent" &&
      PATH="$tools/$package/node_modules/.bin:$tools/$package/bin:$PATH" "$xsweep" run "first-$agent.yaml" --outdir out --jobs "${JOBS:-2}" --quiet \
        --set agent.relay=shim --set "agent.timeout=${PATIENCE:-400}" --seeds 1 --set 'environment.tasks=["0"]') >"$dir/first-$agent.log" 2>&1
    if [ "$(grep -c '"error":null' "$dir/out/first-$agent/latest/trials.jsonl")" = 6 ]; then echo "ok $agent, with the simulated agent as its model"; else
      echo "FAILED $agent: not with the simulated agent as its model"; tail -n 5 "$dir/first-$agent.log"; failed=1
    fi
  fi
  if grep -rlaq canary "$dir/out" "$dir/again" "$dir"/*.log; then echo "FAILED $agent: the key of ours is in a file"; failed=1; fi
done
[ "$ran" -gt 0 ] || exit 77
exit $failed
