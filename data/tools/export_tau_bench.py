"""Exports tau-bench v1's tasks, tool schemas, policy and data to a directory that xsweep then uses alone.

Usage: python3 export_tau_bench.py CHECKOUT OUT. Run by `xsweep import tau-bench` with the user's own Python.
SPDX-License-Identifier: Apache-2.0
"""
import importlib
import json
import os
import shutil
import sys

TABLES = {"airline": ("flights", "reservations", "users"), "retail": ("orders", "products", "users")}


def load(name):
    try:
        return importlib.import_module(name)
    except ImportError as error:
        sys.exit(f"cannot import {name} ({error}); use a Python with tau-bench's requirements, or --python")


def plain(value):
    """A pydantic model, a dataclass-like object or a dict as plain JSON."""
    for method in ("model_dump", "dict"):
        if hasattr(value, method):
            return getattr(value, method)()
    return value if isinstance(value, dict) else dict(vars(value))


def task_of(index, task):
    task = plain(task)
    return {
        "task_index": index,
        "user_id": task["user_id"],
        "instruction": task["instruction"],
        "actions": [
            {"name": action["name"], "kwargs": action.get("kwargs", action.get("arguments", {}))}
            for action in map(plain, task["actions"])
        ],
        "outputs": list(task.get("outputs") or []),
    }


def write(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)


def tasks_of(package):
    module = load(package + ".tasks_test")
    for name in ("TASKS_TEST", "TASKS", "tasks"):
        if hasattr(module, name):
            return getattr(module, name)
    sys.exit(f"{package}.tasks_test has no list TASKS_TEST; is this tau-bench v1?")


def export(checkout, domain, out):
    package = f"tau_bench.envs.{domain}"
    folder = os.path.join(checkout, "tau_bench", "envs", domain)
    tasks = [task_of(index, task) for index, task in enumerate(tasks_of(package))]
    tools = [tool.get_info() for tool in load(package + ".tools").ALL_TOOLS]
    os.makedirs(out)
    write(os.path.join(out, "tasks_test.json"), tasks)
    write(os.path.join(out, "tools.json"), tools)
    for table in TABLES[domain]:
        shutil.copyfile(os.path.join(folder, "data", table + ".json"), os.path.join(out, table + ".json"))
    shutil.copyfile(os.path.join(folder, "wiki.md"), os.path.join(out, "wiki.md"))
    print(f"tau1/{domain}: {len(tasks)} tasks, {len(tools)} tools")


def main(checkout, out):
    if not os.path.isdir(os.path.join(checkout, "tau_bench")):
        sys.exit(f"{checkout} has no folder tau_bench; get it from github.com/sierra-research/tau-bench")
    sys.path.insert(0, checkout)
    domains = [name for name in TABLES if os.path.isdir(os.path.join(checkout, "tau_bench", "envs", name))]
    if not domains:
        sys.exit(f"{checkout} has neither tau_bench/envs/airline nor tau_bench/envs/retail")
    for domain in domains:
        export(checkout, domain, os.path.join(out, "tau1", domain))


if __name__ == "__main__":
    main(*sys.argv[1:3])
