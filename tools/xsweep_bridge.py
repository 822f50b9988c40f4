#!/usr/bin/env python3
"""A worker for xsweep's `python` environment: answers JSON lines with the user's own benchmark or module.

    environment: { name: python, command: [python3, tools/xsweep_bridge.py, tau2, telecom] }

    xsweep_bridge.py tau2 DOMAIN        a domain of the installed tau2-bench
    xsweep_bridge.py tau_bench DOMAIN   a domain of the installed tau-bench v1
    xsweep_bridge.py MODULE:CLASS       your own class with open(data), reset(task), call(name, arguments), hash() and
                                        reward(messages), which return what docs/environments.md says

Whatever the benchmark prints goes to stderr: stdout belongs to the protocol.
SPDX-License-Identifier: Apache-2.0
"""
import hashlib
import importlib
import json
import platform
import sys


def need(name):
    try:
        return importlib.import_module(name)
    except ImportError as error:
        sys.exit(f"cannot import {name} ({error}); run the worker with the Python that it is installed in")


def plain(value):
    """A pydantic model or an object with fields as plain JSON."""
    for method in ("model_dump", "dict"):
        if hasattr(value, method):
            return getattr(value, method)()
    return value if isinstance(value, dict) else dict(vars(value))


class Tau2:
    """One environment of tau2-bench. Reward: the database against a second environment that plays the reference."""

    def __init__(self, domain):
        self.domain = domain
        self.module = need(f"tau2.domains.{domain}.environment")

    def open(self, _data):
        self.tasks = {str(task.id): task for task in self.module.get_tasks()}
        self.reset(next(iter(self.tasks)))
        return {
            "name": f"tau2/{self.domain}",
            "version": f"Python {platform.python_version()}, tau2 {getattr(need('tau2'), '__version__', 'unknown version')}",
            "tasks": [self.describe(task) for task in self.tasks.values()],
            "tools": [tool.openai_schema for tool in self.environment.get_tools()],
            "policy": self.environment.get_policy(),
        }

    def describe(self, task):
        criteria = task.evaluation_criteria
        actions = [action for action in (criteria.actions or []) if action.requestor == "assistant"] if criteria else []
        basis = [getattr(part, "value", part) for part in (criteria.reward_basis if criteria else [])]
        return {
            "id": str(task.id),
            "instruction": str(task.user_scenario.instructions),
            "scenario": str(task.user_scenario),
            "reference_actions": [{"name": action.name, "arguments": action.arguments} for action in actions],
            "communicate": list((criteria.communicate_info if criteria else None) or []),
            "nl_assertions": list((criteria.nl_assertions if criteria else None) or []),
            "reward_basis": basis,
        }

    def fresh(self, task):
        environment = self.module.get_environment()
        if task.initial_state is not None:
            state = task.initial_state
            environment.set_state(state.initialization_data, state.initialization_actions, state.message_history or [])
        return environment

    def reset(self, task):
        self.task = self.tasks[task]
        self.environment = self.fresh(self.task)

    def call(self, name, arguments):
        message = need("tau2.data_model.message")
        reply = self.environment.get_response(
            message.ToolCall(id="call", name=name, arguments=arguments, requestor="assistant"))
        return {"content": reply.content, "error": bool(reply.error)}

    def hash(self):
        return self.environment.get_db_hash() or ""

    def reward(self, _messages):
        gold = self.fresh(self.task)
        for action in (self.task.evaluation_criteria.actions or []) if self.task.evaluation_criteria else []:
            try:
                gold.make_tool_call(tool_name=action.name, requestor=action.requestor, **action.arguments)
            except Exception:  # the reference passes over an action that fails
                pass
        same = gold.get_db_hash() == self.environment.get_db_hash()
        return {"database": same and gold.get_user_db_hash() == self.environment.get_user_db_hash()}


class TauBench:
    """One environment of tau-bench v1, its tools called directly: no user model is asked."""

    def __init__(self, domain):
        self.domain = domain
        self.package = f"tau_bench.envs.{domain}"

    def open(self, _data):
        tasks = need(self.package + ".tasks_test")
        self.tasks = [plain(task) for task in (getattr(tasks, "TASKS_TEST", None) or tasks.TASKS)]
        self.tools = {tool.get_info()["function"]["name"]: tool for tool in need(self.package + ".tools").ALL_TOOLS}
        self.load = need(self.package + ".data").load_data
        self.reset("0")
        return {
            "name": f"tau1/{self.domain}",
            "version": f"Python {platform.python_version()}, tau-bench v1",
            "tasks": [self.describe(place, task) for place, task in enumerate(self.tasks)],
            "tools": [tool.get_info() for tool in self.tools.values()],
            "policy": need(self.package + ".wiki").WIKI,
        }

    def actions(self, task):
        return [{"name": action["name"], "arguments": action["kwargs"]} for action in map(plain, task["actions"])]

    def describe(self, place, task):
        return {"id": str(place), "instruction": task["instruction"], "user_id": task["user_id"],
                "reference_actions": self.actions(task), "communicate": list(task.get("outputs") or []),
                "reward_basis": ["DB", "COMMUNICATE"]}

    def reset(self, task):
        self.task = self.tasks[int(task)]
        self.data = self.load()

    def invoke(self, data, name, arguments):
        if name not in self.tools:
            return f"Unknown action {name}"
        try:
            return self.tools[name].invoke(data=data, **arguments)
        except Exception as error:  # as its Env.step does
            return f"Error: {error}"

    def call(self, name, arguments):
        content = str(self.invoke(self.data, name, json.loads(json.dumps(arguments))))
        return {"content": content, "error": content.startswith(("Error", "Unknown action")),
                "done": name == "transfer_to_human_agents"}

    def digest(self, data):
        def nested(value):
            if isinstance(value, dict):
                return tuple((key, nested(part)) for key, part in sorted(value.items()))
            return tuple(map(nested, value)) if isinstance(value, (list, tuple)) else value
        return hashlib.sha256(str(nested(data)).encode()).hexdigest()

    def hash(self):
        return self.digest(self.data)

    def reward(self, _messages):
        gold = self.load()
        for action in self.actions(self.task):
            if action["name"] != "transfer_to_human_agents":
                self.invoke(gold, action["name"], json.loads(json.dumps(action["arguments"])))
        return {"database": self.digest(gold) == self.digest(self.data)}


def worker_of(words):
    if len(words) == 2 and words[0] in ("tau2", "tau_bench"):
        return (Tau2 if words[0] == "tau2" else TauBench)(words[1])
    if len(words) >= 1 and ":" in words[0]:
        module, name = words[0].split(":", 1)
        sys.path.insert(0, "")
        return getattr(need(module), name)(*words[1:])
    sys.exit(__doc__)


def answer(worker, request):
    what = request["do"]
    if what == "open":
        return worker.open(request.get("data", ""))
    if what == "reset":
        worker.reset(request["task"])
        return True
    if what == "call":
        return worker.call(request["name"], request["arguments"])
    if what == "hash":
        return worker.hash()
    if what == "reward":
        return worker.reward(request["messages"])
    raise ValueError(f"unknown request {what}")


def main(words):
    replies = sys.stdout
    sys.stdout = sys.stderr
    worker = worker_of(words)
    for line in sys.stdin:
        request = json.loads(line)
        if request.get("do") == "close":
            print(json.dumps({"ok": True}), file=replies, flush=True)
            return
        try:
            reply = {"ok": answer(worker, request)}
        except Exception as error:  # xsweep makes an episode error of it
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
