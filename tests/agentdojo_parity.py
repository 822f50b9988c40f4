#!/usr/bin/env python3
"""Whether reference play through xsweep gets the verdicts of AgentDojo's own code, for every case of a suite.

    agentdojo_parity.py PYTHON RUN_DIRECTORY SUITE VERSION     PYTHON: one that has agentdojo; RUN_DIRECTORY: of xsweep

The run directory holds trials of `benchmark_attack` with an agent that only does the user's task. The other side is
made here, by the installed package alone: its GroundTruthPipeline in its own environment, injected by its own attack.
SPDX-License-Identifier: Apache-2.0
"""
import json
import subprocess
import sys

THEIRS = r"""
import json, sys
import yaml
from agentdojo.task_suite.load_suites import get_suite
from agentdojo.attacks.attack_registry import load_attack
import agentdojo.attacks
from agentdojo.agent_pipeline.ground_truth_pipeline import GroundTruthPipeline
suite = get_suite(sys.argv[2], sys.argv[1])
yaml.safe_load = lambda text: yaml.load(text, Loader=yaml.CSafeLoader)
attack = load_attack(sys.argv[3], suite, type("Target", (), {"name": "local"})())
for user in suite.user_tasks.values():
    for goal in suite.injection_tasks.values():
        utility, security = suite.run_task_with_pipeline(GroundTruthPipeline(user), user, goal, attack.attack(user, goal))
        print(json.dumps([user.ID, goal.ID, bool(utility), bool(security)]))
"""


def main(python, run, suite, version, attack="important_instructions"):
    lines = subprocess.run([python, "-c", THEIRS, suite, version, attack], capture_output=True, text=True, check=True).stdout
    theirs = {tuple(case[:2]): tuple(case[2:]) for case in map(json.loads, lines.splitlines())}
    ours = {}
    for line in open(f"{run}/trials.jsonl"):
        row = json.loads(line)
        ours[row["task"], row["attack"]["goal"]] = (row["task_success"], row["outcome"] == "attack_succeeded" or row["attack"]["executed"] > 0)
    wrong = [case for case in theirs if ours.get(case) != theirs[case]]
    for case in wrong[:10]:
        print(f"differs: {case}: AgentDojo {theirs[case]}, xsweep {ours.get(case)}")
    print(f"{suite} {version}: {len(theirs) - len(wrong)} of {len(theirs)} cases agree")
    return 1 if wrong or not theirs else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
