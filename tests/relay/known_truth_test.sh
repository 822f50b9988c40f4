#!/usr/bin/env bash
# Harnesses that nobody here wrote, with the simulated agent as their model behind the relay: every trial must end as the
# same trial of the simulated agent itself does. And again in a replay, in which the harness runs and no model does.
#
# TASKS="..." and KINDS="..." choose; KNOWN_TRUTH=all takes all 38 tasks. Needs what tools/setup_sdks.sh installs, and
# of tools/setup_agents.sh --agents what KINDS names; what is not there is named and skipped.
# SPDX-License-Identifier: Apache-2.0
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
xsweep=${XSWEEP:?the binary to test}
sdks=${XSWEEP_SDKS_DIR:-$top/build/sdks}
agents=${XSWEEP_AGENTS_DIR:-$top/build/agents}
tasks='["0", "3"]'
[ "${KNOWN_TRUTH:-}" = all ] && tasks=all

dir=$(mktemp -d /tmp/xsweep-truth-XXXXXX)
trap 'rm -rf "$dir"' EXIT
config() {  # config NAME MODE AGENT
  cat >"$dir/$1.yaml" <<YAML
exp: $1
description: The simulated agent, itself or as the model of a harness.
mode: $2
seeds: [41]
trials: 1
environment: { name: airline, tasks: $tasks }
agent: { $3 }
attack: { name: important_instructions, goal: unearned_certificate, amount: [150, 369] }
judge: { name: goal_reached }
grid: { defense.name: [none, refund_limit] }
controls: true
limits: { max_error_rate: 1 }
transcripts: all
YAML
}
shim="relay: shim, relay_competence: 0.85, relay_susceptibility: 0.8, timeout: 300"
config native SHIM "name: shim, competence: 0.85, susceptibility: 0.8"
"$xsweep" run "$dir/native.yaml" --outdir "$dir/out" --quiet >"$dir/native.log" 2>&1 || { cat "$dir/native.log"; exit 1; }

ran=() failed=0
for kind in ${KINDS:-chat responses-stream messages-stream ai-chat}; do
  python="$sdks/python/bin/python" loop=${kind%%-*}
  case $kind in
    ai-*) [ -f "$sdks/ai/.done" ] || { echo "SKIPPED $kind: not in $sdks; tools/setup_sdks.sh installs it"; continue; }
      agent="name: process, command: [node, $here/harness.mjs, $sdks/ai, ${kind#ai-}], $shim" ;;
    codex|claude-code|opencode|openai-agents|langgraph)
      [ -f "$agents/$kind/.done" ] || { echo "SKIPPED $kind: not in $agents; tools/setup_agents.sh --agents installs it"; continue; }
      export PATH="$agents/$kind/node_modules/.bin:$agents/$kind/bin:$PATH"
      agent="name: process, preset: $kind, $shim" ;;
    *) [ -f "$sdks/python/.done" ] || { echo "SKIPPED $kind: not in $sdks; tools/setup_sdks.sh installs it"; continue; }
      more=; [ "${kind#*-}" = stream ] && more=", stream"
      agent="name: process, command: [$python, $here/harness.py, $loop$more], $shim" ;;
  esac
  config "$kind" REAL "$agent"
  # A key of ours that must come to nobody: not to the agent, not into a file.
  OPENAI_API_KEY=sk-canary-0123456789abcdef ANTHROPIC_API_KEY=sk-canary-0123456789abcdef XSWEEP_CANARY=1 \
    "$xsweep" run "$dir/$kind.yaml" --outdir "$dir/out" --quiet >"$dir/$kind.log" 2>&1 || { tail -5 "$dir/$kind.log"; failed=1; }
  "$xsweep" run "$dir/$kind.yaml" --outdir "$dir/again" --quiet --replay "$dir/out/$kind/latest" >"$dir/$kind.again" 2>&1 ||
    { tail -5 "$dir/$kind.again"; failed=1; }
  cmp -s "$dir/out/$kind/latest/trials.jsonl" "$dir/again/$kind/latest/trials.jsonl" || { echo "FAILED $kind: a replay has other rows"; failed=1; }
  ran+=("$dir/out/$kind/latest")
done
[ "${#ran[@]}" -gt 0 ] || exit 77
python3 "$here/same_rows.py" "$dir/out/native/latest" "${ran[@]}" || failed=1
if grep -rlaq canary "$dir"/out "$dir"/again "$dir"/*.log; then echo "FAILED: the key of ours is in a file"; failed=1; fi
exit $failed
