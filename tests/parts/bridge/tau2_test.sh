#!/usr/bin/env bash
# tau2's telecom through xsweep, the domain whose users have tools too: the worker's rewards are those of tau2's own
# evaluators, reference play solves every task, and an agent that does nothing solves none.
# Skips where the package is not installed (tools/tau2.sh does that).
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
xsweep=${XSWEEP:?the binary to test}
cd "$(dirname "$0")/../../.."
python=${XSWEEP_TAU2_PYTHON:-build/venv-tau2/bin/python}
[[ -x $python ]] || { echo "skipped: no $python; run tools/tau2.sh"; exit 77; }
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
"$python" tests/parts/bridge/tau2_parity.py telecom
cat > "$out/telecom.yaml" <<YAML
exp: tau2_telecom
seeds: [1]
environment: { name: python, command: [$python, tools/xsweep_bridge.py, tau2, telecom], workers: 2, timeout: 600 }
agent: { name: shim, competence: 1, susceptibility: 0 }
attack: { name: none }
judge: { name: goal_reached }
grid: { agent.name: [shim, do_nothing] }
transcripts: none
YAML
"$xsweep" run "$out/telecom.yaml" --outdir "$out/results" --quiet
"$python" - "$out/results/tau2_telecom/latest/trials.jsonl" <<'PYTHON'
import collections, json, sys
solved = collections.Counter()
for line in open(sys.argv[1]):
    row = json.loads(line)
    solved[row["cell"], row["task_success"]] += 1
print(dict(solved))
sys.exit(sorted(solved.values()) != [114, 114] or not all(good == ("do_nothing" not in cell) for cell, good in solved))
PYTHON
