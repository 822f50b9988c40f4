#!/usr/bin/env python3
"""Runs a command and says what it took with all that it started: seconds, seconds of CPU, memory at its peak.

    measured.py MOST_CPU_SECONDS MOST_MEGABYTES COMMAND...     fails when the command does or when it took more

Memory is the sum of what its processes hold for themselves and their share of what they hold together (Pss).
SPDX-License-Identifier: Apache-2.0
"""
import os
import resource
import subprocess
import sys
import time


def below(root):
    """The processes under `root`, itself included."""
    parents = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as file:
                parents[int(name)] = int(file.read().rsplit(") ", 1)[1].split()[1])
        except OSError:
            pass  # it has ended
    found = {root}
    while grown := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= grown
    return found


def kilobytes(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    except OSError:
        return 0


def main(most_cpu, most_megabytes, *command):
    start, peak = time.monotonic(), 0
    with subprocess.Popen(command) as running:
        while running.poll() is None:
            peak = max(peak, sum(map(kilobytes, below(running.pid))) / 1000)
            time.sleep(0.25)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime
    print(f"{time.monotonic() - start:.1f} s, {cpu:.1f} s of CPU, {peak:.0f} MB at the peak")
    if cpu > float(most_cpu) or peak > float(most_megabytes):
        print(f"that is more than {most_cpu} s of CPU or {most_megabytes} MB")
        return 1
    return running.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
