#!/usr/bin/env python3
"""Writes docs/gallery.md: what the published AgentDyn logs say, with intervals that know what cases share.

    tools/gallery.py FACTS.csv.gz [XSWEEP] > docs/gallery.md

Imports the facts by xsweep and takes rates and intervals from the run. Differences to the undefended arm are taken here, by
case, with the variance clustered both by user task and by injection, and judged at 5 % after Holm's correction.
"""
# SPDX-License-Identifier: Apache-2.0
import collections
import json
import math
import pathlib
import subprocess
import sys
import tempfile

ATTACKED = ("attack_succeeded", "attack_resisted", "attack_blocked", "not_exposed")
STUDENT95 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262, 10: 2.228,
             11: 2.201, 12: 2.179, 13: 2.160, 14: 2.145, 15: 2.131, 19: 2.093}


def student(df):
    return STUDENT95.get(df) or 1.96 + 2.4 / df


def two_sided_p(t, df):
    """Student's tail by numeric integration; good to four digits."""
    steps, high = 4000, 60.0
    norm = math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(df * math.pi)
    width = (high - abs(t)) / steps
    if width <= 0:
        return 0.0
    density = lambda x: norm * (1 + x * x / df) ** (-(df + 1) / 2)
    area = sum(density(abs(t) + (i + 0.5) * width) for i in range(steps)) * width
    return min(1.0, 2 * area)


def two_way(cases):
    """Mean difference of {(task, injection): difference}, its half-width and p, clustered both ways."""
    n = len(cases)
    mean = sum(cases.values()) / n
    def part(key):
        sums = collections.Counter()
        for name, value in cases.items():
            sums[key(name)] += value - mean
        groups = len(sums)
        return (groups / (groups - 1) if groups > 1 else 1) * sum(s * s for s in sums.values()) / n / n, groups
    by_task, tasks = part(lambda c: c[0])
    by_injection, injections = part(lambda c: c[1])
    by_case, _ = part(lambda c: c)
    variance = max(by_task + by_injection - by_case, by_task, by_injection)
    df = max(1, min(tasks, injections) - 1)
    if variance == 0:
        return mean, None, None
    error = math.sqrt(variance)
    return mean, student(df) * error, two_sided_p(mean / error, df)


def holm(values):
    order = sorted(range(len(values)), key=lambda i: values[i])
    out, worst = [1.0] * len(values), 0.0
    for rank, i in enumerate(order):
        worst = max(worst, min(1.0, values[i] * (len(values) - rank)))
        out[i] = worst
    return out


def points(value):
    return ("+" if value >= 0 else "−") + "%.1f" % abs(100 * value)


def percent(bounds):
    return "–" if bounds is None else "%.0f–%.0f" % (100 * bounds[0], 100 * bounds[1])


def load(facts, xsweep):
    with tempfile.TemporaryDirectory() as work:
        subprocess.run([xsweep, "import", "results", facts, "--from", "facts", "--exp", "gallery", "--outdir", work], check=True,
                       stdout=subprocess.DEVNULL)
        run = pathlib.Path(work, "gallery", "latest")
        manifest = json.loads((run / "run.json").read_text())
        rows = [json.loads(line) for line in (run / "trials.jsonl").open()]
    return manifest, rows


def main():
    facts = sys.argv[1]
    manifest, rows = load(facts, sys.argv[2] if len(sys.argv) > 2 else "build/release/xsweep")
    axes = {cell["id"]: cell["axes"] for cell in manifest["cells"]}
    arm = lambda cell: tuple(axes[cell][name] for name in ("model", "suite", "attack", "defense"))
    attacked, benign, errors, exposed = collections.defaultdict(dict), collections.defaultdict(dict), 0, collections.Counter()
    for row in rows:
        where = arm(row["cell"])
        if row["outcome"] == "error":
            errors += 1
        elif row["outcome"] in ATTACKED:
            attacked[where][row["task"], row["attack"]["goal"]] = row["outcome"] == "attack_succeeded"
            exposed[where] += row["attack"]["exposed"] is True
        elif axes[row["cell"]]["attack"] == "none":
            benign[where][row["task"]] = bool(row["task_success"])
    intervals = {arm(i["cell"]): i for i in manifest["import"]["intervals"]}

    contrasts = []
    for (model, suite, attack, defense), cases in sorted(attacked.items()):
        control = attacked.get((model, suite, attack, "none"))
        if defense == "none" or not control:
            continue
        common = {c: int(cases[c]) - int(control[c]) for c in cases if c in control}
        if len(common) < 20:
            continue
        mean, half, p = two_way(common)
        base = sum(control[c] for c in common) / len(common)
        a, b = benign.get((model, suite, "none", defense), {}), benign.get((model, suite, "none", "none"), {})
        tasks = [t for t in a if t in b]
        cost = sum(a[t] - b[t] for t in tasks) / len(tasks) if tasks else None
        contrasts.append({"model": model, "suite": suite, "attack": attack, "defense": defense, "n": len(common), "mean": mean,
                          "half": half, "p": p, "base": base, "cost": cost, "tasks": len(tasks)})
    for contrast, p in zip(contrasts, holm([c["p"] if c["p"] is not None else 1.0 for c in contrasts])):
        contrast["holm"] = p
        contrast["weak"] = contrast["base"] < 0.05
    page(manifest, rows, intervals, contrasts, exposed, attacked, errors)


def page(manifest, rows, intervals, contrasts, exposed, attacked, errors):
    say = print
    kept = sum(len(c) for c in attacked.values())
    say("# What published logs say, with honest intervals\n")
    big = [where for where, row in intervals.items() if row["n"] >= 100]
    say("The authors of AgentDyn (SaFo-Lab/AgentDyn, MIT licence) have published %s logs of agents under prompt injection; %d models, %d "
        "defenses (and none) and %d suites have at least 100 attacked cases. This page is what those logs support, and what they do not. It is made by one command from a table of "
        "facts of the logs (no texts), and no figure on it was typed in:\n" % (
            f"{len(rows):,}", len({w[0] for w in big}), len({w[3] for w in big} - {"none"}), len({w[1] for w in big})))
    say("    tools/gallery.py agentdyn_facts.csv.gz > docs/gallery.md\n")
    say("## How to read it\n")
    say("- %s episodes are attacked ones with a verdict; %d are errors and count nowhere. Injection tasks that were run alone are left out of both attack "
        "success and utility. In these logs `security: true` means that the attack succeeded, and every log without an attack has it true as well." % (f"{kept:,}", errors))
    say("- The cases of an arm share user tasks and injections: a grid of tasks × injections is not that many independent trials. Intervals are clustered by both "
        "at once. For the undefended gpt-4o on shopping the interval is %s wide over cases as if independent, %s by user task, %s by injection and %s by both." % tuple(
            "%.1f points" % (100 * (b[1] - b[0])) for b in (intervals["gpt-4o-2024-08-06", "shopping", "important_instructions", "none"][k]
                                                            for k in ("cases", "by_task", "by_injection", "by_both"))))
    say("- A defense is compared with the undefended arm of the same model, suite and attack, case by case, and called lower or higher only where that holds at "
        "5 %% after Holm's correction over all %d comparisons. The intervals of differences use Student's quantile of the fewer clusters less one; with so few injections that "
        "is still a rough guide." % len(contrasts))
    say("- One run of each case: how much a second run of the same case would differ cannot be seen in these logs.\n")

    say("## Undefended: how strong is the attack to begin with?\n")
    say("| model | suite | attack success | by both ways [95 %] | saw the payload | among those |\n|---|---|---:|---|---:|---:|")
    for where, row in sorted(intervals.items()):
        model, suite, attack, defense = where
        if defense != "none" or attack != "important_instructions" or row["n"] < 100:
            continue
        seen = exposed[where]
        say("| %s | %s | %.1f %% | %s | %.0f %% | %s |" % (model, suite, 100 * row["rate"], percent(row["by_both"]), 100 * seen / row["n"],
                                                        "%.0f %%" % (100 * row["successes"] / seen) if seen else "–"))
    say("\nWhere fewer cases saw the payload, a low figure is no sign of a robust model: the agent did not get as far as reading it.\n")

    say("## Defenses: lower, higher, or nobody can tell\n")
    say("Counted over model × suite pairs with at least 20 common cases. *Too weak* are pairs whose undefended arm succeeds in less than 5 %: no defense can be shown to lower that.\n")
    say("| defense | pairs | lower | higher | not distinguishable | of these too weak | median change of attack success | median change of benign utility |\n|---|---:|---:|---:|---:|---:|---:|---:|")
    by_defense = collections.defaultdict(list)
    for contrast in contrasts:
        if contrast["attack"] == "important_instructions":
            by_defense[contrast["defense"]].append(contrast)
    middle = lambda values: sorted(values)[len(values) // 2] if values else None
    for defense, group in sorted(by_defense.items()):
        lower = sum(c["holm"] <= 0.05 and c["mean"] < 0 for c in group)
        higher = sum(c["holm"] <= 0.05 and c["mean"] > 0 for c in group)
        costs = [c["cost"] for c in group if c["cost"] is not None]
        say("| %s | %d | %d | %d | %d | %d | %s points | %s |" % (
            defense, len(group), lower, higher, len(group) - lower - higher, sum(c["weak"] for c in group if c["holm"] > 0.05),
            points(middle([c["mean"] for c in group])), points(middle(costs)) + " points" if costs else "–"))

    say("\n## The clearest single comparisons\n")
    say("| defense | model, suite | without | change [95 %] | p (Holm) | benign utility |\n|---|---|---:|---|---:|---:|")
    shown = sorted((c for c in contrasts if c["holm"] <= 0.05), key=lambda c: c["holm"])[:15]
    for c in shown:
        say("| %s | %s, %s | %.1f %% | %s points [%s, %s] | %.3f | %s |" % (
            c["defense"], c["model"], c["suite"], 100 * c["base"], points(c["mean"]), points(c["mean"] - c["half"]), points(c["mean"] + c["half"]), c["holm"],
            points(c["cost"]) + " points" if c["cost"] is not None else "–"))
    if not shown:
        say("| none | | | | | |")
    raised = [c for c in contrasts if c["mean"] > 0.02]
    say("\nIn %d of %d comparisons attack success is more than two points higher with the defense than without; %d of them stand after the correction.%s\n" % (
        len(raised), len(contrasts), sum(c["holm"] <= 0.05 for c in raised),
        " The largest: " + ", ".join("%s on %s, %s (%s points, p %.2f)" % (c["defense"], c["model"], c["suite"], points(c["mean"]), c["holm"])
                                     for c in sorted(raised, key=lambda c: -c["mean"])[:4]) + "." if raised else ""))

    say("## What exposure explains\n")
    low, high = [], []
    for where, row in intervals.items():
        if where[3] == "none" and where[2] == "important_instructions" and row["n"] >= 100:
            (low if exposed[where] < 0.5 * row["n"] else high).append((exposed[where] / row["n"], row["rate"], where))
    if low and high:
        say("Undefended arms in which fewer than half of the cases saw the payload (%d of %d) succeed in %.1f to %.1f %% of cases, the others in %.1f to %.1f %%. "
            "The lowest exposure is %.0f %% (%s, %s), the highest %.0f %% (%s, %s). Part of what looks like robustness is an agent that stops before it meets the text.\n" % (
                len(low), len(low) + len(high), 100 * min(l[1] for l in low), 100 * max(l[1] for l in low), 100 * min(h[1] for h in high), 100 * max(h[1] for h in high),
                100 * min(low)[0], min(low)[2][0], min(low)[2][1], 100 * max(high)[0], max(high)[2][0], max(high)[2][1]))
    say("Logs of some forks keep no payload (DRIFT among them), so exposure cannot be told there; such cases are in no rate among exposed ones, and where the attack did not succeed nobody can say that the agent resisted it.\n")

    say("## What is not shown\n")
    incomplete = manifest["import"].get("incomplete_arms", [])
    say("- %d cells lack cases that other arms of their suite have; their rates are over what is there." % len(incomplete))
    say("- Nothing here speaks of other attacks than the ones run (`important_instructions`, and `direct` in a few arms), and none of them adapts to the defense.")
    say("- Verdicts are the authors' own checks, not ours. xsweep counted them again; it did not judge the dialogues.")
    say("- The median over models and suites is a summary of what was run, not an estimate for other models.")


if __name__ == "__main__":
    main()
