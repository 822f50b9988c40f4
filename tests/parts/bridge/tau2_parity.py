#!/usr/bin/env python3
"""Whether the worker's rewards for a domain of tau2 are those of tau2's own evaluators: the reference of every task
played to its end, to its middle, short of its last action, and not at all, the user's own calls among it.

    tau2_parity.py DOMAIN     with the Python that tools/tau2.sh prints
SPDX-License-Identifier: Apache-2.0
"""
import json
import pathlib
import subprocess
import sys
from unittest import mock

sys.modules.setdefault("pandas", mock.MagicMock())  # its tables are not asked for
from loguru import logger  # noqa: E402

logger.remove()
from tau2.data_model.message import AssistantMessage, ToolCall, UserMessage  # noqa: E402
from tau2.evaluator.evaluator_action import ActionEvaluator  # noqa: E402
from tau2.evaluator.evaluator_env import EnvironmentEvaluator  # noqa: E402

WORKER = pathlib.Path(__file__).resolve().parents[2] / "tools" / "xsweep_bridge.py"


class Worker:
    def __init__(self, domain):
        self.child = subprocess.Popen([sys.executable, str(WORKER), "tau2", domain], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def ask(self, do, **more):
        self.child.stdin.write(json.dumps({"id": 1, "do": do, **more}) + "\n")
        self.child.stdin.flush()
        answer = json.loads(self.child.stdout.readline())
        if "error" in answer:
            sys.exit(f"{do}: {answer['error']}")
        return answer["ok"]


def theirs(module, task, actions):
    """The reward by tau2's evaluators of a trajectory of these actions."""
    live = module.get_environment()
    state = task.initial_state
    history = list((state.message_history if state else None) or [])
    if state is not None:
        live.set_state(state.initialization_data, state.initialization_actions, history)
    trajectory = history
    for place, action in enumerate(actions):
        call = ToolCall(id=f"c{place}", name=action.name, arguments=action.arguments, requestor=action.requestor)
        speaks = UserMessage if action.requestor == "user" else AssistantMessage
        trajectory += [speaks(role=action.requestor, content=None, tool_calls=[call]), live.get_response(call)]
    reward = EnvironmentEvaluator.calculate_reward(lambda **_: module.get_environment(), task, trajectory).reward
    if "ACTION" in {part.value for part in task.evaluation_criteria.reward_basis}:
        reward *= ActionEvaluator.calculate_reward(task, trajectory).reward
    return reward


def ours(worker, task, actions):
    worker.ask("start", session="s", task=str(task.id), user="model")
    for action in actions:
        worker.ask("call", session="s", name=action.name, arguments=action.arguments, by=action.requestor)
    graded = worker.ask("reward", session="s", messages=[])
    worker.ask("close", session="s")
    return graded.get("reward", float(graded["database"]))


def main(domain):
    module = __import__(f"tau2.domains.{domain}.environment", fromlist=["get_tasks"])
    worker = Worker(domain)
    opened = worker.ask("open", data="", protocol=2)
    same = plays = solved = 0
    for task in module.get_tasks():
        actions = task.evaluation_criteria.actions or []
        for count in sorted({0, len(actions) // 2, max(0, len(actions) - 1), len(actions)}):
            expected, got = theirs(module, task, actions[:count]), ours(worker, task, actions[:count])
            plays, same, solved = plays + 1, same + (expected == got), solved + (expected == 1)
            if expected != got:
                print(f"differs: {task.id}, {count} of {len(actions)} actions: tau2 {expected}, worker {got}")
    worker.child.stdin.close()
    print(f"tau2 {domain}: {same} of {plays} plays agree ({solved} of them solve their task), "
          f"{len(opened['user_tools'])} tools of the user")
    return same != plays or not 0 < solved < plays


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
