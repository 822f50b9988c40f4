"""Exports tau2-bench's data and the tool schemas that its Python shows to a model.

Usage: python3 export_tau2.py CHECKOUT OUT. Run by `xsweep import tau2` with the user's own Python.
SPDX-License-Identifier: Apache-2.0
"""
import importlib
import json
import os
import shutil
import sys

FILES = {"db.json": True, "tasks.json": True, "policy.md": True, "split_tasks.json": False}


def environment_of(domain):
    try:
        return importlib.import_module(f"tau2.domains.{domain}.environment").get_environment()
    except ImportError as error:
        sys.exit(f"cannot import tau2 ({error}); use the Python that tau2-bench is installed in, or --python")


def schema(tool):
    return getattr(tool, "openai_schema", tool)


def export(data, domain, out):
    tools = [schema(tool) for tool in environment_of(domain).get_tools()]
    os.makedirs(out)
    for name, needed in FILES.items():
        source = os.path.join(data, "domains", domain, name)
        if needed or os.path.exists(source):
            shutil.copyfile(source, os.path.join(out, name))
    with open(os.path.join(out, "tools.json"), "w", encoding="utf-8") as file:
        json.dump({"tools": tools}, file, indent=1)
    print(f"tau2/{domain}: {len(tools)} tools")


def main(checkout, out):
    data = os.path.join(checkout, "data", "tau2")
    if not os.path.isdir(os.path.join(data, "domains")):
        sys.exit(f"{checkout} has no data/tau2/domains; get it from github.com/sierra-research/tau2-bench")
    os.environ.setdefault("TAU2_DATA_DIR", os.path.join(checkout, "data"))
    sys.path.insert(0, os.path.join(checkout, "src"))
    domains = [name for name in ("airline", "retail") if os.path.exists(os.path.join(data, "domains", name, "db.json"))]
    if not domains:
        sys.exit(f"{data}/domains has neither airline nor retail")
    for domain in domains:
        export(data, domain, os.path.join(out, "tau2", domain))
    guidelines = os.path.join(data, "user_simulator", "simulation_guidelines.md")
    if os.path.exists(guidelines):
        os.makedirs(os.path.join(out, "tau2", "user_simulator"))
        shutil.copyfile(guidelines, os.path.join(out, "tau2", "user_simulator", "simulation_guidelines.md"))


if __name__ == "__main__":
    main(*sys.argv[1:3])
