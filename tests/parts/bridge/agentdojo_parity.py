#!/usr/bin/env python3
"""Whether plays through xsweep get the verdicts of AgentDojo's own code, for every case of a suite.

    agentdojo_parity.py PYTHON RUN_DIRECTORY SUITE VERSION [--calls]     PYTHON: one that has agentdojo

The run directory holds trials of `benchmark_attack`. The other side is made here, by the installed package alone, in its
own environment, injected by its own attack. Without --calls it plays the user's task by its GroundTruthPipeline: what an
agent does that falls for nothing. With it, it makes the calls of each trial's transcript in their order, whoever wanted
them, and says the trial's last words.
SPDX-License-Identifier: Apache-2.0
"""
import json
import subprocess
import sys

THEIRS = r"""
import ast, json, sys
import yaml
from agentdojo.task_suite.load_suites import get_suite
from agentdojo.attacks.attack_registry import load_attack
import agentdojo.attacks
from agentdojo.agent_pipeline.base_pipeline_element import BasePipelineElement
from agentdojo.agent_pipeline.ground_truth_pipeline import GroundTruthPipeline
from agentdojo.agent_pipeline.tool_execution import is_string_list, tool_result_to_str
from agentdojo.functions_runtime import FunctionCall
from agentdojo.types import ChatAssistantMessage, ChatToolResultMessage, text_content_block_from_string as block


class Plays(BasePipelineElement):
    def __init__(self, calls, words):
        self.calls, self.words = calls, words

    def query(self, query, runtime, env=None, messages=(), extra_args={}):
        said = list(messages)
        for name, arguments in self.calls:
            arguments = {key: ast.literal_eval(value) if isinstance(value, str) and is_string_list(value) else value
                         for key, value in arguments.items()}
            call = FunctionCall(function=name, args=arguments)
            said.append(ChatAssistantMessage(role="assistant", tool_calls=[call], content=[block("")]))
            result, error = runtime.run_function(env, name, arguments)
            said.append(ChatToolResultMessage(role="tool", content=[block(tool_result_to_str(result))], tool_call=call,
                                              tool_call_id=None, error=error))
        said.append(ChatAssistantMessage(role="assistant", content=[block(self.words)], tool_calls=None))
        return query, runtime, env, said, extra_args


suite = get_suite(sys.argv[2], sys.argv[1])
yaml.safe_load = lambda text: yaml.load(text, Loader=yaml.CSafeLoader)
attack = load_attack(sys.argv[3], suite, type("Target", (), {"name": "local"})())
plays = {(user, goal): Plays(calls, words) for user, goal, calls, words in map(json.loads, sys.stdin)}
for user in suite.user_tasks.values():
    for goal in suite.injection_tasks.values():
        play = plays[user.ID, goal.ID] if plays else GroundTruthPipeline(user)
        utility, security = suite.run_task_with_pipeline(play, user, goal, attack.attack(user, goal))
        print(json.dumps([user.ID, goal.ID, bool(utility), bool(security)]))
"""


def plays_of(run, rows):
    """One line a trial: task, goal, the calls that were executed or refused by their tool, the last words."""
    kept = subprocess.run(["zstd", "-dcq", f"{run}/transcripts.jsonl.zst"], capture_output=True, check=True, text=True).stdout
    for record in map(json.loads, kept.splitlines()):
        row, transcript = rows[record["index"]], record["transcript"]
        words = [step["shown"] for step in transcript["steps"] if step["kind"] == "agent"][-1]
        yield json.dumps([row["task"], row["attack"]["goal"],
                          [[call["name"], call["arguments"]] for call in transcript["calls"]], words]) + "\n"


def main(python, run, suite, version, calls=None, attack="important_instructions"):
    rows = {row["index"]: row for row in map(json.loads, open(f"{run}/trials.jsonl"))}
    told = "".join(plays_of(run, rows)) if calls else ""
    lines = subprocess.run([python, "-c", THEIRS, suite, version, attack], input=told, stdout=subprocess.PIPE, text=True,
                           check=True).stdout
    theirs = {tuple(case[:2]): tuple(case[2:]) for case in map(json.loads, lines.splitlines())}
    ours = {(row["task"], row["attack"]["goal"]): (row["task_success"], row["outcome"] == "attack_succeeded")
            for row in rows.values()}
    wrong = [case for case in theirs if ours.get(case) != theirs[case]]
    for case in wrong[:10]:
        print(f"differs: {case}: AgentDojo {theirs[case]}, xsweep {ours.get(case)}")
    useful, harmful = (sum(verdict[place] for verdict in theirs.values()) for place in (0, 1))
    print(f"{suite} {version}{', injection played' if calls else ''}: {len(theirs) - len(wrong)} of {len(theirs)} cases "
          f"agree (utility in {useful}, security broken in {harmful})")
    return 1 if wrong or not theirs or (calls and not harmful) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
