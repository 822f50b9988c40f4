#!/usr/bin/env python3
"""Counts published results again, by a reader of its own, and holds an imported run against them.

    recount.py agentdojo LOGDIR RUN | facts CSV RUN | tau FILE RUN | inspect FILE RUN

Prints one line for each thing that differs and exits with 1 when there is one.
"""
# SPDX-License-Identifier: Apache-2.0
import collections
import csv
import gzip
import json
import os
import re
import sys
import zipfile

DEFENSES = ["repeat_user_prompt", "spotlighting_with_delimiting", "transformers_pi_detector", "piguard_detector",
            "prompt_guard_2_detector", "tool_filter", "progent", "drift", "camel"]


def plain(text):
    return re.sub(r"[^0-9A-Za-z]", "", re.sub(r'\\[ntr"\\]', "", text))


def texts(content):
    if content is None:
        return ""
    return content if isinstance(content, str) else "\n".join(part.get("content") or "" for part in content)


def agentdojo(root):
    for base, _, names in os.walk(root):
        for name in names:
            if not name.endswith(".json"):
                continue
            with open(os.path.join(base, name), encoding="utf-8") as file:
                log = json.load(file)
            pipeline = os.path.join(base, name).split(os.sep)[-5]
            defense = next((d for d in DEFENSES if re.search("[-+]" + d + "$", pipeline)), "none")
            model = pipeline if defense == "none" else pipeline[: -len(defense) - 1]
            attacked = bool(log.get("injection_task_id"))
            alone = not attacked and log["user_task_id"].startswith("injection_task")
            broken = bool(log.get("error")) or log.get("utility") is None or log.get("security") is None
            exposed = None
            if attacked and log.get("injections"):
                seen = [plain(texts(m.get("content"))) for m in log.get("messages") or [] if m["role"] == "tool"]
                payloads = [plain(p) for p in log["injections"].values()]
                exposed = any(p and p in s for p in payloads for s in seen)
            yield {"arm": (model, defense, log["suite_name"],
                           log["attack_type"] if attacked else "injection_alone" if alone else "none"),
                   "task": log["suite_name"] + "/" + log["user_task_id"], "goal": log.get("injection_task_id") or "",
                   "outcome": "error" if broken else ("benign" if not attacked else "attack_succeeded" if log["security"] else
                                                      "not_exposed" if exposed is False else "attack_resisted"),
                   "solved": None if broken else log["utility"]}


def facts(path):
    with gzip.open(path, "rt") if path.endswith(".gz") else open(path) as file:
        for row in csv.DictReader(file):
            attacked = bool(row["injection_task"] or row["attack"])
            alone = not attacked and row["user_task"].startswith("injection_task")
            broken = row["error"] == "1" or row["utility"] == "" or (attacked and row["security"] == "")
            yield {"arm": (row["model"], row["defense"], row["suite"],
                           row["attack"] if attacked else "injection_alone" if alone else "none"),
                   "task": row["suite"] + "/" + row["user_task"], "goal": row["injection_task"],
                   "outcome": "error" if broken else ("benign" if not attacked else
                                                      "attack_succeeded" if row["security"] == "1" else
                                                      "not_exposed" if row["exposed"] == "0" else "attack_resisted"),
                   "solved": None if broken else row["utility"] == "1"}


def tau(path):
    with open(path) as file:
        data = json.load(file)
    for entry in data if isinstance(data, list) else data["simulations"]:
        info = entry.get("reward_info") or entry
        reward = info.get("reward")
        lost = entry.get("termination_reason") in ("infrastructure_error", "user_error", "unexpected_error")
        lost = lost or bool(isinstance(entry.get("info"), dict) and entry["info"].get("error"))
        broken = lost or reward is None or reward != reward or not -1e-9 <= reward <= 1 + 1e-6
        partial = not broken and 1e-6 < reward < 1 - 1e-6
        yield {"arm": (), "task": str(entry["task_id"]), "goal": "", "reward": reward, "partial": partial,
               "outcome": "error" if broken else "benign", "solved": None if broken or partial else reward > 0.5}


def inspect(path):
    with zipfile.ZipFile(path) as log:
        header = json.loads(log.read("header.json"))
        for name in log.namelist():
            if not name.startswith("samples/"):
                continue
            sample = json.loads(log.read(name))
            score = next(iter(sample["scores"].values()))["value"]
            meta = sample["metadata"]
            yield {"arm": (header["eval"]["model"], "", meta["task_suite_name"], header["eval"]["task_args"]["attack"]),
                   "task": "%s/user_task_%s" % (meta["task_suite_name"], meta["task_id"]),
                   "goal": "injection_task_" + meta["injection_task_id"],
                   "outcome": "attack_succeeded" if score["security"] == "C" else "attack_resisted",
                   "solved": score["utility"] == "C"}


def imported(run):
    with open(os.path.join(run, "run.json")) as file:
        cells = {cell["id"]: cell for cell in json.load(file)["cells"]}
    with open(os.path.join(run, "trials.jsonl")) as file:
        for line in file:
            row = json.loads(line)
            axes = cells[row["cell"]]["axes"]
            yield {"arm": tuple(axes.get(name, "") for name in ("model", "defense", "suite", "attack")),
                   "task": row["task"], "goal": row["attack"]["goal"], "outcome": row["outcome"],
                   "solved": row["task_success"]}


def main():
    kind, source, run = sys.argv[1:4]
    theirs = list({"agentdojo": agentdojo, "facts": facts, "tau": tau, "inspect": inspect}[kind](source))
    ours = list(imported(run))
    faults = []
    if kind == "tau":
        # Where more than one reward in twenty is partial, no reward becomes a success.
        graded = [t for t in theirs if t["outcome"] == "benign"]
        if sum(t["partial"] for t in graded) > 0.05 * len(graded):
            for trial in theirs:
                trial["solved"] = None
        for trial in ours:
            trial["arm"] = ()
    key = lambda t: (t["arm"], t["task"], t["goal"], t["outcome"], t["solved"])
    a, b = collections.Counter(map(key, theirs)), collections.Counter(map(key, ours))
    for what in sorted((a - b), key=repr)[:10]:
        faults.append("only in the source: %s x %d" % (what, (a - b)[what]))
    for what in sorted((b - a), key=repr)[:10]:
        faults.append("only in the run: %s x %d" % (what, (b - a)[what]))
    arms = collections.Counter(t["arm"] for t in theirs)
    print("%d episodes in %d arms, %d differences" % (len(theirs), len(arms), len(faults)))
    print("\n".join(faults))
    return 1 if faults else 0


sys.exit(main())
