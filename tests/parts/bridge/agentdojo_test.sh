#!/usr/bin/env bash
# All 949 cases of AgentDojo v1.2.2 through xsweep, played by the reference and by an agent that obeys the injection:
# both get the verdicts of the package's own code, within a minute of two workers and 600 MB for a suite.
# Skips where the package is not installed (tools/agentdojo.sh does that).
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
xsweep=${XSWEEP:?the binary to test}
cd "$(dirname "$0")/../../.."
python=${XSWEEP_AGENTDOJO_PYTHON:-build/venv-agentdojo/bin/python}
skip() { echo "skipped: $*"; exit 77; }
[[ -x $python ]] || skip "no $python; run tools/agentdojo.sh"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cases=0
for suite in ${XSWEEP_AGENTDOJO_SUITES:-workspace slack travel banking}; do
  case $suite in workspace) goals=14 ;; slack) goals=5 ;; travel) goals=7 ;; banking) goals=9 ;; esac
  names=$("$python" -c "
import sys
sys.path.insert(0, 'tools')
sys.dont_write_bytecode = True
import xsweep_bridge
suites = xsweep_bridge.need_without_sdks('agentdojo.task_suite.load_suites')
print(', '.join(suites.get_suite('v1.2.2', '$suite').injection_tasks))")
  [[ $(tr ',' '\n' <<<"$names" | wc -l) -eq $goals ]] || { echo "$suite has other goals: $names"; exit 1; }
  for play in reference obeying; do
    [[ $play = reference ]] && susceptibility=0 keep=none calls= || susceptibility=1 keep=all calls=--calls
    name=agentdojo_${suite}_$play
    cat > "$out/$name.yaml" <<YAML
exp: $name
seeds: [1]
environment: { name: python, command: [$python, tools/xsweep_bridge.py, agentdojo, $suite, --benchmark-version, v1.2.2], workers: 2, timeout: 600 }
agent: { name: shim, competence: 1, susceptibility: $susceptibility }
attack: { name: benchmark_attack, attack: important_instructions, goal: ${names%%,*} }
judge: { name: goal_reached }
grid: { attack.goal: [$names] }
transcripts: $keep
YAML
    python3 tests/measured.py 120 600 "$xsweep" run "$out/$name.yaml" --outdir "$out/results" --quiet > "$out/log" 2>&1 ||
      { cat "$out/log"; exit 1; }
    echo "$suite, $play: $(grep 's of CPU' "$out/log")"
    run=$(find "$out/results/$name" -name trials.jsonl -path '*Z-*' -printf '%h\n' | head -1)
    "$python" tests/parts/bridge/agentdojo_parity.py "$python" "$run" "$suite" v1.2.2 $calls
    cases=$((cases + $(wc -l < "$run/trials.jsonl")))
  done
done
echo "$cases cases"
[[ -n ${XSWEEP_AGENTDOJO_SUITES:-} || $cases -eq 1898 ]]
