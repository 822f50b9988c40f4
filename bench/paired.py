#!/usr/bin/env python3
# Runs the same commands with two builds in turn and prints the medians of both and what the newer one costs more.
# usage: bench/paired.py OLD NEW [--times 7] [--only WORD]     (directories of builds such as build/release)
#
# In turn, so that what else the machine does falls on both alike; CPU seconds of the command and of what it started,
# because they move least. A row that one of the builds cannot do (a benchmark that it lacks) says so and is left out.
# SPDX-License-Identifier: Apache-2.0
import argparse, os, resource, shutil, statistics, subprocess, sys, tempfile, time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ESCALATING = ROOT / "configs/airline_escalating_v1/run.yaml"
STATIC = ROOT / "configs/airline_static_v1/run.yaml"
REAL = """exp: real
mode: REAL
seeds: 1..{seeds}
environment: {{ name: airline }}
agent: {{ name: tool_agent }}
models: {{ agent: {{ provider: openai, base_url: "{url}/v1", model: m, api_key_env: "", max_in_flight: 2000 }} }}
attack: {{ name: sequence, turns: [a, b, c, d, e, f, g, h, i, j], goal: unearned_certificate, amount: [150, 369] }}
judge: {{ name: out_of_policy_refund, threshold: 100 }}
transcripts: all
"""


def episodes(build, name):
    """Microseconds of CPU and of wall for an episode, from the benchmark's own figures."""
    table = subprocess.run([build / "desks_bench", f"--benchmark_filter=Episodes/{name}_overlay", "--benchmark_format=csv",
                            "--benchmark_min_time=0.5"], cwd=ROOT, capture_output=True, text=True).stdout
    fields = next((line.split(",") for line in table.splitlines() if line.startswith('"Episodes')), None)
    return fields and (float(fields[3]) / 1e3, float(fields[2]) / 1e3)


def cost(command, directory):
    """CPU and wall seconds of a command; None where it fails."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run([str(word) for word in command], cwd=directory, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True)
    wall, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        print(f"  {' '.join(map(str, command))}: exit {done.returncode}: {done.stderr[-300:]}", file=sys.stderr)
        return None
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, wall


def rows(work, url):
    """label, how often more than once, command by build and an empty directory."""
    def run(config, *flags):
        return lambda build, out: [build / "xsweep", "run", config, "--quiet", "--outdir", out, *flags]

    yield "start-up, 20 times", lambda build, out: ["sh", "-c", f"for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do {build}/xsweep --help; done"]
    yield "demo, escalating", run(ESCALATING, "--seeds", "41,42", "--trials", "3")
    yield "demo, static", run(STATIC, "--seeds", "41,42", "--trials", "3")
    yield "SHIM, 60,800 trials, rows only", run(ESCALATING, "--seeds", "41,42", "--trials", "200", "--jobs", "2", "--set", "transcripts=none")
    yield "SHIM, 60,800 trials, transcripts kept", run(ESCALATING, "--seeds", "41,42", "--trials", "200", "--jobs", "2", "--set", "transcripts=all")
    for name in ("Tau2Airline", "Tau2Retail", "Tau1Airline", "Tau1Retail"):
        yield f"an episode of {name}, us", lambda build, out, name=name: episodes(build, name)
    yield "aggregate 1,000,000 rows", lambda build, out: [build / "aggregate_bench", "1000000", out / "rows.jsonl"]
    yield "compare two runs of 100,000 trials", lambda build, out: [
        "sh", "-c", f"export TMPDIR={out}; {build}/compare_bench write && {build}/compare_bench"]
    if url:
        (work / "real.yaml").write_text(REAL.format(url=url, seeds=50))
        yield "REAL, 19,000 calls at 100 ms", run(work / "real.yaml", "--jobs", "2000")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("old", type=Path)
    arguments.add_argument("new", type=Path)
    arguments.add_argument("--times", type=int, default=7)
    arguments.add_argument("--only", default="")
    given = arguments.parse_args()
    builds = [given.old.resolve(), given.new.resolve()]
    work = Path(tempfile.mkdtemp(prefix="xsweep_paired."))
    server = url = None
    if (builds[1] / "model_server").exists():
        (work / "rules.json").write_text('[{"latency_ms": 100, "text": "Your order is on its way."}]')
        server = subprocess.Popen([builds[1] / "model_server", work / "rules.json"], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        url = server.stdout.readline().strip()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; medians of {given.times}, in turn; CPU seconds, wall in brackets")
    try:
        for label, command in rows(work, url):
            if given.only not in label:
                continue
            taken = [[], []]
            for _ in range(given.times):
                for at, build in enumerate(builds):
                    out = work / "out"
                    shutil.rmtree(out, ignore_errors=True)
                    out.mkdir()
                    what = command(build, out)
                    taken[at].append(cost(what, ROOT if at else build.parent.parent) if isinstance(what, list) else what)
            if any(one is None for both in taken for one in both):
                print(f"{label:42} left out: a build cannot do it")
                continue
            cpu = [statistics.median(one[0] for one in both) for both in taken]
            wall = [statistics.median(one[1] for one in both) for both in taken]
            print(f"{label:42} {cpu[0]:7.3f} -> {cpu[1]:7.3f} {100 * (cpu[1] / cpu[0] - 1):+6.1f} %   "
                  f"({wall[0]:.3f} -> {wall[1]:.3f} {100 * (wall[1] / wall[0] - 1):+6.1f} %)", flush=True)
    finally:
        if server:
            server.stdin.close()
            server.wait()
        shutil.rmtree(work)


main()
